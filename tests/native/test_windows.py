"""The convolution and pooling instructions of the native runtime against float64 NumPy, on each instruction set and for
random sizes, and their bits for each number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from headwater.primitives import conv, pool
from headwater.primitives.windows import output_sizes
from headwater.testing import assert_close
from tests.native.kernel_runner import KernelRunner, run_kernel
from tests.native.runtime import native


@pytest.fixture
def restore_threads():
    before = native.num_threads()
    yield
    native.set_num_threads(before)


@pytest.fixture(params=["baseline", "avx2", "avx512"])
def isa(request):
    best, order = native.isa(), ["baseline", "avx2", "avx512"]
    if order.index(request.param) > order.index(best):
        pytest.skip(f"this machine has no {request.param}")
    native.set_isa(request.param)
    yield request.param
    native.set_isa(best)


def run(primitive: Any, *args: np.ndarray, shape: tuple[int, ...], **attrs: Any) -> np.ndarray:
    """The result of a primitive's kernel."""
    pooling = {name: attrs[name] for name in ("window", "strides") if primitive.name in POOLS and name in attrs}
    given = pooling or {name: attrs[name] for name in ("strides", "dilation", "groups")}
    low = tuple(low for low, _ in attrs["padding"])
    (result,) = run_kernel(primitive.name, args, [(args[0].dtype.name, shape)], **given, low=low)
    return result


POOLS = ("max_pool", "max_pool_gradient", "max_pool_take", "average_pool", "average_pool_gradient")


def draw_convolution(rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], dict]:
    """Shapes of x, kernel and y, and attributes, that fit together."""
    while True:
        rank = int(rng.integers(1, 4))
        groups = int(rng.choice([1, 1, 1, 2, 5]))
        inner = int(rng.choice([1, 2, 3, 4, 7, 16, 33]))
        filters = groups * int(rng.choice([1, 2, 8, 13, 16, 40]))
        if rng.random() < 0.2:
            groups, inner = int(rng.choice([3, 8, 21])), 1
            filters = groups
        sizes = tuple(int(n) for n in rng.integers(1, 60 if rank == 1 else 17 if rank == 2 else 9, rank))
        window = tuple(int(n) for n in rng.integers(1, 5, rank))
        attrs = {
            "strides": tuple(int(n) for n in rng.integers(1, 4, rank)),
            "padding": tuple((int(a), int(b)) for a, b in rng.integers(-1, 4, (rank, 2))),
            "dilation": tuple(int(n) for n in rng.integers(1, 3, rank)),
            "groups": groups,
        }
        counts = [
            (size + sum(pair) - (length - 1) * step - 1) // stride + 1
            for size, length, stride, pair, step in zip(
                sizes, window, attrs["strides"], attrs["padding"], attrs["dilation"]
            )
        ]
        if min(counts) >= 1:
            batch = int(rng.choice([1, 2, 5, 40]))
            shapes = (batch, *sizes, groups * inner), (*window, inner, filters), (batch, *counts, filters)
            return (*shapes, attrs)


@pytest.mark.parametrize("seed", range(40))
def test_convolution_and_gradients_of_random_sizes(isa, seed):
    rng = np.random.default_rng([11, seed])
    check_convolution(rng, *draw_convolution(rng), dtype="float64" if seed % 5 == 4 else "float32")


def check_convolution(
    rng: np.random.Generator,
    x_shape: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    y_shape: tuple[int, ...],
    attrs: dict[str, Any],
    dtype: str,
) -> None:
    """Compare a convolution and both gradients with float64 NumPy."""
    x, kernel, g = (rng.normal(size=shape).astype(dtype) for shape in (x_shape, kernel_shape, y_shape))
    wide = [array.astype(np.float64) for array in (x, kernel, g)]
    cases = [
        (conv.convolution, (0, 1), y_shape, {}),
        (conv.convolution_input_gradient, (2, 1), x_shape, {"sizes": x_shape[1:-1]}),
        (conv.convolution_kernel_gradient, (0, 2), kernel_shape, {"window": kernel_shape[:-2]}),
    ]
    arrays = (x, kernel, g)
    for primitive, places, shape, more in cases:
        wanted = primitive.reference(*(wide[place] for place in places), **attrs, **more)
        found = run(primitive, *(arrays[place] for place in places), shape=shape, **attrs)
        rtol = 1e-5 if dtype == "float32" else 1e-12
        assert_close(found, wanted.astype(dtype), rtol=rtol, what=f"{primitive.name} {x_shape} {kernel_shape} {attrs}")


@pytest.mark.parametrize("seed", range(16))
def test_windows_of_three_columns(isa, seed):
    """What minimal filtering serves: many windows of three columns, one step apart, of enough channels and filters."""
    rng = np.random.default_rng([13, seed])
    rows, channels, filters = (int(rng.choice(sizes)) for sizes in ((1, 3, 3, 5), (8, 9, 17, 40), (16, 19, 33, 64)))
    height, width = (int(n) for n in rng.integers(6, 40, 2))
    pads = tuple((int(a), int(b)) for a, b in rng.integers(-1, 3, (2, 2)))
    counts = (height + sum(pads[0]) - rows + 1, width + sum(pads[1]) - 2)
    batch = -(-560 // (counts[0] * counts[1])) if seed % 4 else 19
    if seed % 8 == 7:  # blocks of some tiles of some rows
        channels, width, counts, batch = 300, 90, (counts[0], 90 + sum(pads[1]) - 2), 1
    sizes, lead = ((height, width), ()) if seed % 3 else ((2, height, width), (1,))
    depth = (2,) if lead else ()
    attrs = {"strides": (1,) * len(sizes), "padding": (((0, 0),) if lead else ()) + pads,
             "dilation": (1,) * len(sizes), "groups": 1}  # fmt: skip
    shapes = (batch, *sizes, channels), (*lead, rows, 3, channels, filters), (batch, *depth, *counts, filters)
    check_convolution(rng, *shapes, attrs, "float32")


@pytest.mark.parametrize(
    ("x_shape", "window", "filters", "strides", "groups"),
    [
        ((7, 19, 23, 16), (3, 3), 24, (1, 1), 1),
        ((64, 8, 8, 8), (3, 3), 8, (1, 1), 1),
        ((64, 8, 8, 20), (3, 3), 32, (1, 1), 1),
        ((2, 90, 91, 32), (5, 5), 40, (2, 1), 1),
        ((3, 60, 61, 48), (3, 3), 48, (1, 1), 48),
        ((4, 9, 9, 9, 8), (3, 3, 3), 16, (1, 1, 1), 1),
        ((3, 3000, 6), (5,), 16, (1,), 1),
    ],
)
def test_bits_do_not_depend_on_the_number_of_threads(restore_threads, x_shape, window, filters, strides, groups):
    rng = np.random.default_rng(3)
    attrs = {"strides": strides, "padding": ((1, 1),) * len(window), "dilation": (1,) * len(window)}
    y_shape = (x_shape[0], *output_sizes("", x_shape[1:-1], window, **attrs), filters)
    kernel_shape = (*window, x_shape[-1] // groups, filters)
    x, kernel, g = (rng.normal(size=shape).astype(np.float32) for shape in (x_shape, kernel_shape, y_shape))
    found = []
    for threads in (1, 2, 5):
        native.set_num_threads(threads)
        found.append(
            [
                run(conv.convolution, x, kernel, shape=y_shape, groups=groups, **attrs).tobytes(),
                run(conv.convolution_input_gradient, g, kernel, shape=x_shape, groups=groups, **attrs).tobytes(),
                run(conv.convolution_kernel_gradient, x, g, shape=kernel_shape, groups=groups, **attrs).tobytes(),
            ]
        )
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("seed", range(30))
def test_pooling_of_random_sizes(isa, seed):
    rng = np.random.default_rng([12, seed])
    rank, dtype = int(rng.integers(1, 4)), "float64" if seed % 5 == 4 else "float32"
    while True:
        sizes = tuple(int(n) for n in rng.integers(1, 40 if rank == 1 else 14 if rank == 2 else 8, rank))
        window = tuple(int(n) for n in rng.integers(1, 5, rank))
        attrs: dict[str, Any] = {
            "window": window,
            "strides": tuple(int(n) for n in rng.integers(1, 4, rank)),
            "padding": tuple((int(rng.integers(0, n)), int(rng.integers(0, n))) for n in window),
        }
        counts = [
            (size + sum(pair) - length) // stride + 1
            for size, length, stride, pair in zip(sizes, window, attrs["strides"], attrs["padding"])
        ]
        if min(counts) >= 1:
            break
    x_shape = (int(rng.choice([1, 3, 20])), *sizes, int(rng.choice([1, 5, 8, 19, 300])))
    y_shape = (x_shape[0], *counts, x_shape[-1])
    # Few distinct numbers, so that there are ties.
    x = rng.integers(-3, 4, x_shape).astype(dtype)
    h, g = (rng.normal(size=shape).astype(dtype) for shape in (x_shape, y_shape))
    cases = [
        (pool.max_pool, (x,), y_shape, {}),
        (pool.max_pool_gradient, (x, g), x_shape, {}),
        (pool.max_pool_take, (x, h), y_shape, {}),
        (pool.average_pool, (h,), y_shape, {}),
        (pool.average_pool_gradient, (g,), x_shape, {"sizes": sizes}),
    ]
    for primitive, arrays, shape, more in cases:
        wanted = primitive.reference(*arrays, **attrs, **more)
        found = run(primitive, *arrays, shape=shape, **attrs)
        assert_close(found, wanted, rtol=1e-5, what=f"{primitive.name} {x_shape} {attrs}")


def test_nan_wins_and_gets_the_gradient(isa):
    x = np.zeros((1, 4, 4, 20), np.float32)
    x[0, 1, 1, 3] = x[0, 3, 2, 3] = x[0, 3, 3, 3] = np.nan
    attrs: Any = {"window": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0))}
    y = run(pool.max_pool, x, shape=(1, 2, 2, 20), **attrs)
    assert np.isnan(y[0, :, :, 3]).tolist() == [[True, False], [False, True]]
    assert not np.isnan(np.delete(y, 3, axis=3)).any()
    g = np.ones((1, 2, 2, 20), np.float32)
    spread = run(pool.max_pool_gradient, x, g, shape=x.shape, **attrs)
    assert spread[0, :, :, 3].tolist() == [[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]]


def test_what_does_not_belong_together_is_refused():
    def convolution(x: tuple[int, ...], kernel: tuple[int, ...], y: tuple[int, ...], **attrs: Any) -> None:
        KernelRunner("convolution", [("float32", x), ("float32", kernel)], [("float32", y)], **attrs)

    convolution((1, 5, 5, 4), (3, 3, 4, 2), (1, 3, 3, 2))
    for wrong in (
        lambda: convolution((1, 5, 5, 4), (3, 3, 3, 2), (1, 3, 3, 2)),
        lambda: convolution((1, 5, 5, 4), (3, 3, 4, 2), (2, 3, 3, 2)),
        lambda: convolution((1, 5, 4), (3, 3, 4, 2), (1, 3, 3, 2)),
        lambda: convolution((1, 5, 5, 4), (3, 3, 4, 2), (1, 3, 3, 2), strides=(0, 1)),
        lambda: convolution((1, 5, 5, 4), (3, 3, 4, 2), (1, 3, 3, 2), strides=(1,)),
        lambda: convolution((1, 5, 5, 4), (3, 3, 2, 2), (1, 3, 3, 2), groups=0),
        lambda: KernelRunner("max_pool", [("float32", (1, 4, 4, 2))], [("float32", (1, 2, 2, 2))], window=(2, 2)),
        lambda: KernelRunner(
            "max_pool", [("float32", (1, 4, 4, 2))], [("float32", (1, 9, 9, 2))], window=(2, 2), strides=(1, 1)
        ),
    ):
        with pytest.raises((ValueError, TypeError)):
            wrong()
