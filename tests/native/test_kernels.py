"""The kernels of the native runtime that move, find, order and draw elements, against NumPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.native.kernel_runner import (
    DTYPES,
    FLOATS,
    INTEGERS,
    KernelRunner,
    numpy_dtype,
    random_array,
    run_kernel,
    run_one,
)
from tests.native.runtime import native

SHAPES = [(), (1,), (0,), (7,), (3, 5), (4, 0, 3), (2, 3, 4), (17, 33), (1, 6, 1), (2, 3, 4, 5), (5, 1, 64, 3)]
ORDERED = ("bool", *INTEGERS, *FLOATS)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(params=[1, 2])
def threads(request):
    before = native.num_threads()
    native.set_num_threads(request.param)
    yield request.param
    native.set_num_threads(before)


def same(actual, expected):
    """Bits alike, any NaN equal to any other."""
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    if actual.dtype.name == "bfloat16":  # NumPy does not know its NaN
        actual, expected = actual.astype(np.float32), expected.astype(np.float32)
    np.testing.assert_array_equal(actual, expected)


# ---- movement --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_copy_keeps_all(rng, dtype, shape):
    x = random_array(rng, dtype, shape)
    same(run_one("copy", [x], dtype, shape), x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_transpose_agrees_for_every_permutation(rng, dtype):
    for shape in SHAPES:
        x = random_array(rng, dtype, shape)
        for perm in itertools.permutations(range(len(shape))):
            expected = x.transpose(perm)
            same(run_one("transpose", [x], dtype, expected.shape, perm=perm), expected)


@pytest.mark.parametrize("dtype", ["uint8", "bfloat16", "float32", "float64", "complex128"])
@pytest.mark.parametrize("shape", [(300, 301), (1000, 3), (3, 1000), (64, 64, 64), (9, 31, 33, 8), (2, 128, 128, 2)])
def test_transpose_of_large_arrays_agrees(rng, threads, dtype, shape):
    x = random_array(rng, dtype, shape)
    for perm in [
        tuple(reversed(range(len(shape)))),
        (len(shape) - 1, *range(len(shape) - 1)),
        (*range(1, len(shape)), 0),
    ]:
        same(run_one("transpose", [x], dtype, x.transpose(perm).shape, perm=perm), x.transpose(perm))


@pytest.mark.parametrize("dtype", DTYPES)
def test_broadcast_repeats_as_numpy(rng, dtype):
    cases = [
        ((), (3, 4)),
        ((1,), (0,)),
        ((4,), (3, 4)),
        ((3, 1), (3, 4)),
        ((2, 1, 3), (2, 5, 3)),
        ((1, 3, 1), (4, 2, 3, 300)),
    ]
    for source, target in cases:
        x = random_array(rng, dtype, source)
        same(run_one("broadcast", [x], dtype, target), np.broadcast_to(x, target))


def test_broadcast_of_large_arrays_agrees(rng, threads):
    for source, target in [((), (700, 701)), ((701,), (700, 701)), ((700, 1), (700, 701))]:
        x = random_array(rng, "float32", source)
        same(run_one("broadcast", [x], "float32", target), np.broadcast_to(x, target))


@pytest.mark.parametrize("dtype", DTYPES)
def test_slice_agrees_for_steps_of_both_signs(rng, dtype):
    x = random_array(rng, dtype, (7, 10, 9))
    cases = [
        ((0, 0, 0), (1, 1, 1), x[:, :, :]),
        ((2, 3, 1), (1, 1, 1), x[2:5, 3:9, 1:9]),
        ((1, 0, 8), (2, 3, -2), x[1::2, ::3, ::-2]),
        ((6, 9, 8), (-1, -1, -1), x[::-1, ::-1, ::-1]),
        ((3, 3, 3), (1, 1, 1), x[3:3, 3:5, 3:4]),
    ]
    for starts, strides, expected in cases:
        same(run_one("slice", [x], dtype, expected.shape, starts=starts, strides=strides), expected)


def test_slice_refuses_what_leaves_the_array(rng):
    x = np.zeros((4, 5), np.float32)
    for starts, strides, shape in [
        ((0, 0), (1, 1), (5, 5)),
        ((-1, 0), (1, 1), (1, 1)),
        ((0, 4), (1, 2), (1, 2)),
        ((0, 0), (-1, 1), (2, 1)),
        ((0,), (1,), (4, 5)),
        ((0, 1), (1, 2**62), (4, 4)),
    ]:
        with pytest.raises(ValueError, match="slice"):
            run_one("slice", [x], "float32", shape, starts=starts, strides=strides)


@pytest.mark.parametrize("dtype", DTYPES)
def test_reverse_turns_axes_round(rng, dtype):
    for shape in [(0,), (6,), (3, 5), (2, 3, 4), (40, 3, 50)]:
        x = random_array(rng, dtype, shape)
        for count in range(len(shape) + 1):
            for axes in itertools.combinations(range(len(shape)), count):
                same(run_one("reverse", [x], dtype, shape, axes=axes), np.flip(x, axes))


def spread(x, low, high, interior, value):
    """The reference of pad."""
    shape = [max(n - 1, 0) * (gap + 1) + (n > 0) + a + b for n, a, b, gap in zip(x.shape, low, high, interior)]
    result = np.full(shape, value, x.dtype)
    result[
        tuple(slice(a, a + max(n - 1, 0) * (gap + 1) + (n > 0), gap + 1) for n, a, gap in zip(x.shape, low, interior))
    ] = x
    return result


@pytest.mark.parametrize("dtype", DTYPES)
def test_pad_surrounds_and_spreads(rng, dtype):
    for shape, low, high, interior in [
        ((3, 4), (1, 0), (0, 2), (0, 0)),
        ((3, 4), (0, 0), (0, 0), (0, 0)),
        ((3, 4), (2, 3), (4, 5), (1, 2)),
        ((2, 5, 6, 3), (0, 1, 1, 0), (0, 1, 1, 0), (0, 0, 0, 0)),
        ((0, 2), (1, 1), (1, 1), (0, 0)),
        ((1,), (3,), (3,), (5,)),
        ((8, 40, 40, 3), (0, 1, 2, 0), (0, 2, 1, 0), (0, 0, 0, 0)),
    ]:
        x, value = random_array(rng, dtype, shape), random_array(rng, dtype, ())
        expected = spread(x, low, high, interior, value)
        same(run_one("pad", [x, value], dtype, expected.shape, low=low, high=high, interior=interior), expected)


def test_pad_refuses_negative_and_wrong_widths():
    x, value = np.zeros((3,), np.float32), np.zeros((), np.float32)
    for low, high, shape in [((-1,), (0,), (2,)), ((1,), (1,), (6,)), ((1, 1), (1,), (5,)), ((2**62,), (2**62,), (3,))]:
        with pytest.raises(ValueError, match="pad"):
            run_one("pad", [x, value], "float32", shape, low=low, high=high, interior=(0,))


@pytest.mark.parametrize("dtype", DTYPES)
def test_concatenate_joins_along_every_axis(rng, dtype):
    for axis in range(3):
        shapes = [[2, 3, 4] for _ in range(4)]
        for size, shape in zip((1, 0, 5, 2), shapes):
            shape[axis] = size
        parts = [random_array(rng, dtype, tuple(shape)) for shape in shapes]
        expected = np.concatenate(parts, axis)
        same(run_one("concatenate", parts, dtype, expected.shape, axis=axis), expected)


def test_concatenate_refuses_sizes_that_do_not_add_up():
    a, b = np.zeros((2, 3), np.float32), np.zeros((2, 4), np.float32)
    for shape, axis in [((4, 3), 0), ((2, 8), 1), ((2, 6), 1), ((2, 7), 2)]:
        with pytest.raises(ValueError, match="concatenate"):
            run_one("concatenate", [a, b], "float32", shape, axis=axis)
    with pytest.raises(TypeError, match="concatenate"):
        run_one("concatenate", [a, b.astype(np.float64)], "float32", (2, 7), axis=1)


@pytest.mark.parametrize("index", ["int32", "int64"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_dynamic_slice_and_update_clamp_their_start(rng, dtype, index):
    x, update = random_array(rng, dtype, (6, 7, 5)), random_array(rng, dtype, (2, 3, 5))
    for starts in [(0, 0, 0), (1, 2, 0), (100, -3, 2), (-(2**31), 2**31 - 1, 0)]:
        first, second = np.clip(starts[0], 0, 4), np.clip(starts[1], 0, 4)
        where = np.array(starts, index)
        same(run_one("dynamic_slice", [x, where], dtype, (2, 3, 5)), x[first : first + 2, second : second + 3])
        expected = x.copy()
        expected[first : first + 2, second : second + 3] = update
        same(run_one("update_slice", [x, update, where], dtype, x.shape), expected)


def test_transpose_refuses_what_is_no_permutation():
    x = np.zeros((2, 3), np.float32)
    for perm, shape in [((0, 0), (2, 2)), ((0, 2), (2, 3)), ((1,), (3, 2)), ((1, 0), (2, 3)), ((-1, 0), (3, 2))]:
        with pytest.raises(ValueError, match="transpose"):
            run_one("transpose", [x], "float32", shape, perm=perm)
    with pytest.raises(TypeError, match="transpose"):
        run_one("transpose", [x], "float64", (3, 2), perm=(1, 0))


# ---- indices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", ["int32", "int64"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_gather_takes_as_numpy(rng, dtype, index):
    x = random_array(rng, dtype, (5, 6, 7))
    for axis, shape in itertools.product(range(3), [(), (4,), (2, 3), (0,), (1, 0, 2)]):
        indices = rng.integers(-x.shape[axis], x.shape[axis], shape).astype(index)
        expected = np.take(x, indices, axis)
        same(run_one("gather", [x, indices], dtype, expected.shape, axis=axis, mode="raise"), expected)


def test_gather_of_many_rows_agrees(rng, threads):
    x, indices = random_array(rng, "float32", (500, 64)), rng.integers(0, 500, (40, 60)).astype(np.int32)
    same(run_one("gather", [x, indices], "float32", (40, 60, 64), axis=0), x[indices])


def test_gather_names_a_bad_index_and_its_bound(threads):
    x = np.arange(6.0).reshape(2, 3)
    for bad in (3, -4, 2**31 - 1):
        with pytest.raises(IndexError, match=f"index {bad} is out of bounds for axis 1 of size 3"):
            run_one("gather", [x, np.array([0, bad], np.int32)], "float64", (2, 2), axis=1, mode="raise")
    with pytest.raises(IndexError, match="of size 0"):
        run_one("gather", [np.zeros((0, 3)), np.array([0])], "float64", (1, 3), axis=0, mode="clip")


def test_gather_clips_and_fills():
    x = np.arange(1.0, 7.0).reshape(2, 3)
    indices = np.array([-5, -1, 0, 2, 3, 2**62])
    same(run_one("gather", [x, indices], "float64", (2, 6), axis=1, mode="clip"), x[:, [0, 0, 0, 2, 2, 2]])
    expected = np.zeros((2, 6))
    expected[:, 2:4] = x[:, [0, 2]]
    same(run_one("gather", [x, indices], "float64", (2, 6), axis=1, mode="fill"), expected)


def test_gather_refuses_wrong_specs():
    x, indices = np.zeros((2, 3)), np.zeros((4,), np.int32)
    with pytest.raises(ValueError, match="gather"):
        run_one("gather", [x, indices], "float64", (4, 2), axis=0)
    with pytest.raises(ValueError, match="mode"):
        run_one("gather", [x, indices], "float64", (4, 3), axis=0, mode="wrap")
    with pytest.raises(TypeError, match="indices"):
        run_one("gather", [x, indices.astype(np.float32)], "float64", (4, 3), axis=0)
    with pytest.raises(ValueError, match="axis"):
        run_one("gather", [x, indices], "float64", (4, 3), axis=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_gather_nd_reads_rows(rng, dtype, depth):
    x = random_array(rng, dtype, (4, 5, 6))
    indices = (
        np.stack([rng.integers(-n, n, (3, 2)) for n in x.shape[:depth]], -1) if depth else np.zeros((3, 2, 0), np.int64)
    )
    expected = x[tuple(np.moveaxis(indices, -1, 0))] if depth else np.broadcast_to(x, (3, 2, 4, 5, 6))
    same(run_one("gather_nd", [x, indices], dtype, expected.shape), expected)
    if depth:
        indices[1, 1, depth - 1] = 6
        with pytest.raises(IndexError, match=f"axis {depth - 1}"):
            run_one("gather_nd", [x, indices], dtype, expected.shape)


COMBINE = {
    "set": lambda a, b: b,
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "max": np.maximum,
    "min": np.minimum,
}


def scatter_reference(kind, x, indices, updates):
    result = x.copy()
    with np.errstate(all="ignore"):
        for position in np.ndindex(indices.shape[:-1]):
            row = tuple(indices[position])
            result[row] = COMBINE[kind](result[row], updates[position])
    return result


@pytest.mark.parametrize("kind", COMBINE)
@pytest.mark.parametrize("dtype", DTYPES)
def test_scatter_combines_in_order(rng, dtype, kind):
    if dtype.startswith("complex") and kind in ("max", "min"):
        pytest.skip("complex numbers have no order")
    for depth in (1, 2, 3):
        x = random_array(rng, dtype, (4, 5, 6))
        indices = np.stack([rng.integers(-n, n, (7, 2)) for n in x.shape[:depth]], -1)
        updates = random_array(rng, dtype, (7, 2, *x.shape[depth:]))
        expected = scatter_reference(kind, x, indices, updates)
        actual = run_one("scatter", [x, indices, updates], dtype, x.shape, kind=kind)
        if dtype.startswith("complex"):
            np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
        else:
            same(actual, expected)


@pytest.mark.parametrize("rows,width", [(1000, 128), (40000, 3), (37, 1)])
def test_scatter_add_of_many_rows_is_the_same_for_any_number_of_threads(rng, rows, width):
    x = np.zeros((rows, width), np.float32)
    indices = rng.integers(0, rows // 3, (20000, 1))
    updates = random_array(rng, "float32", (20000, width))
    expected = x.copy()
    np.add.at(expected, indices[:, 0], updates)
    before, results = native.num_threads(), []
    for threads in (1, 2, 3):
        native.set_num_threads(threads)
        results.append(run_one("scatter", [x, indices, updates], "float32", x.shape, kind="add"))
    native.set_num_threads(before)
    for result in results:
        same(result, expected)


def test_scatter_checks_all_indices_before_it_writes():
    x, updates = np.zeros((3, 2)), np.ones((2, 2))
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 0 of size 3"):
        run_one("scatter", [x, np.array([[0], [3]]), updates], "float64", (3, 2), kind="add", mode="raise")
    same(
        run_one("scatter", [x, np.array([[0], [3]]), updates], "float64", (3, 2), kind="add", mode="fill"),
        np.array([[1, 1], [0, 0], [0, 0.0]]),
    )
    same(
        run_one("scatter", [x, np.array([[0], [3]]), updates], "float64", (3, 2), kind="add", mode="clip"),
        np.array([[1, 1], [0, 0], [1, 1.0]]),
    )
    with pytest.raises(ValueError, match="updates"):
        run_one("scatter", [x, np.array([[0], [1]]), np.ones((2, 3))], "float64", (3, 2), kind="add")
    with pytest.raises(ValueError, match="kind"):
        run_one("scatter", [x, np.array([[0], [1]]), updates], "float64", (3, 2), kind="xor")
    with pytest.raises(ValueError, match="name more axes"):
        run_one("scatter", [x, np.zeros((2, 3), np.int64), updates], "float64", (3, 2), kind="add")


@pytest.mark.parametrize("dtype", DTYPES)
def test_take_and_put_along_axis_agree(rng, dtype):
    x = random_array(rng, dtype, (4, 5, 6))
    for axis in range(3):
        shape = list(x.shape)
        shape[axis] = 3
        indices = rng.integers(-x.shape[axis], x.shape[axis], shape)
        same(
            run_one("take_along_axis", [x, indices], dtype, tuple(shape), axis=axis),
            np.take_along_axis(x, indices, axis),
        )
        unique = np.argsort(rng.random(x.shape), axis).take(range(3), axis)
        values = random_array(rng, dtype, tuple(shape))
        expected = x.copy()
        np.put_along_axis(expected, unique, values, axis)
        same(run_one("put_along_axis", [x, unique, values], dtype, x.shape, axis=axis, kind="set"), expected)


def test_put_along_axis_adds_repeated_positions():
    x, indices, values = np.zeros((2, 3)), np.array([[0, 0, -1], [1, 1, 1]]), np.array([[1.0, 2, 4], [8, 16, 32]])
    same(
        run_one("put_along_axis", [x, indices, values], "float64", (2, 3), axis=1, kind="add"),
        np.array([[3, 0, 4], [0, 56, 0.0]]),
    )
    with pytest.raises(IndexError, match="axis 1 of size 3"):
        run_one("put_along_axis", [x, indices + 3, values], "float64", (2, 3), axis=1, kind="add")
    with pytest.raises(IndexError, match="axis 1 of size 3"):
        run_one("take_along_axis", [x, indices - 3], "float64", (2, 3), axis=1)


def test_take_along_axis_broadcasts_the_other_axes(rng):
    x, indices = random_array(rng, "float32", (4, 1, 6)), rng.integers(0, 6, (1, 5, 2))
    same(run_one("take_along_axis", [x, indices], "float32", (4, 5, 2), axis=2), np.take_along_axis(x, indices, 2))


# ---- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_iota_counts_along_an_axis(dtype):
    for shape in [(0,), (9,), (3, 4), (2, 3, 4), (100, 2)]:
        for axis in range(len(shape)):
            line = np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))])
            same(run_one("iota", [], dtype, shape, axis=axis), np.broadcast_to(line, shape).astype(numpy_dtype(dtype)))


def with_specials(rng, dtype, shape):
    """Random elements with ties, NaN, infinities and both zeros where the dtype has them."""
    x = random_array(rng, dtype, shape)
    if dtype in FLOATS and x.size:
        x = np.round(x.astype(np.float64) * 4).astype(x.dtype)
        specials = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, -np.nan], x.dtype)
        where = rng.random(shape) < 0.15
        x = np.where(where, rng.choice(specials, shape), x)
    elif dtype in INTEGERS:
        x = np.where(rng.random(shape) < 0.5, x, (x.astype(object) % 4).astype(x.dtype))
    return x


def wide(x):
    """The same values in a dtype whose NumPy routines know NaN."""
    return x.astype(np.float32) if x.dtype.name in ("float16", "bfloat16") else x


@pytest.mark.parametrize("dtype", ORDERED)
@pytest.mark.parametrize("shape", [(0,), (1,), (9,), (4, 5), (3, 0), (3, 500), (700, 2), (2, 400, 3)])
def test_sort_and_argsort_agree(rng, threads, dtype, shape):
    x = with_specials(rng, dtype, shape)
    for axis in range(len(shape)):
        order = np.argsort(wide(x), axis, kind="stable")
        for index in ("int32", "int64"):
            same(run_one("argsort", [x], index, shape, axis=axis, stable=1), order.astype(index))
        same(run_one("sort", [x], dtype, shape, axis=axis, stable=1), np.take_along_axis(x, order, axis))


@pytest.mark.parametrize("dtype", ORDERED)
@pytest.mark.parametrize("size", [0, 1, 10, 1000])
def test_descending_order_keeps_ties_in_order(rng, dtype, size):
    x = with_specials(rng, dtype, (size,))
    backward = size - 1 - np.argsort(wide(x)[::-1], kind="stable")
    expected = backward[::-1]
    same(run_one("argsort", [x], "int64", (size,), axis=0, descending=1), expected)
    same(run_one("sort", [x], dtype, (size,), axis=0, descending=1), x[expected])


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_sort_by_real_then_imaginary_part(rng, dtype):
    x = (rng.integers(-3, 4, 400) + 1j * rng.integers(-3, 4, 400)).astype(dtype)
    same(run_one("sort", [x], dtype, x.shape, axis=0), np.sort(x, kind="stable"))
    same(run_one("argsort", [x], "int64", x.shape, axis=0), np.argsort(x, kind="stable"))


@pytest.mark.parametrize("dtype", ORDERED)
@pytest.mark.parametrize("shape,k", [((1,), 1), ((10,), 3), ((4, 6), 6), ((3, 700), 5), ((3, 700), 0), ((0, 5), 2)])
def test_top_k_prefers_the_first_of_equals(rng, dtype, shape, k):
    x = with_specials(rng, dtype, shape)
    size = shape[-1]
    order = (size - 1 - np.argsort(wide(x)[..., ::-1], -1, kind="stable"))[..., ::-1][..., :k]
    values, indices = run_kernel("top_k", [x], [(dtype, (*shape[:-1], k)), ("int32", (*shape[:-1], k))], k=k)
    same(indices, order.astype(np.int32))
    same(values, np.take_along_axis(x, order, -1))


def test_order_kernels_refuse_bad_arguments():
    x = np.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="top_k: k = 4 of an axis of 3"):
        run_kernel("top_k", [x], [("float32", (2, 4)), ("int32", (2, 4))], k=4)
    with pytest.raises(ValueError, match="sort: axis 2"):
        run_one("sort", [x], "float32", (2, 3), axis=2)
    with pytest.raises(TypeError, match="argsort"):
        run_one("argsort", [x], "float32", (2, 3), axis=0)
    with pytest.raises(TypeError, match="no order"):
        run_one("argmax", [x.astype(np.complex64)], "int32", (2,), axis=1)
    with pytest.raises(ValueError, match="empty axis"):
        run_one("argmax", [np.zeros((2, 0), np.float32)], "int32", (2,), axis=1)
    with pytest.raises(ValueError, match="side"):
        run_one("searchsorted", [np.zeros(3), np.zeros(3)], "int32", (3,), side="middle")


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("dtype", ORDERED)
def test_searchsorted_agrees(rng, dtype, side):
    line = np.sort(wide(with_specials(rng, dtype, (50,)))).astype(numpy_dtype(dtype))
    values = with_specials(rng, dtype, (30, 4))
    expected = np.searchsorted(wide(line), wide(values), side)
    same(run_one("searchsorted", [line, values], "int64", (30, 4), side=side), expected)
    lines = np.stack([line, line[::-1][:1].repeat(50)])
    values = values[:2]
    expected = np.stack([np.searchsorted(wide(a), wide(b), side) for a, b in zip(lines, values)])
    same(run_one("searchsorted", [lines, values], "int32", (2, 4), side=side), expected.astype(np.int32))


@pytest.mark.parametrize("kernel,function", [("argmax", np.argmax), ("argmin", np.argmin)])
@pytest.mark.parametrize("dtype", ORDERED)
def test_arg_extremes_agree(rng, threads, dtype, kernel, function):
    for shape in [(1,), (5,), (40,), (3, 50), (200, 3), (2, 70, 300), (0, 4)]:
        x = with_specials(rng, dtype, shape)
        for axis in range(len(shape)):
            if shape[axis] == 0:
                continue
            expected = function(wide(x), axis)
            for index in ("int32", "int64"):
                same(run_one(kernel, [x], index, np.shape(expected), axis=axis), np.asarray(expected, index))
    if dtype in FLOATS:
        x = random_array(rng, dtype, (6, 90)) * 0 + random_array(rng, dtype, (6, 90))
        same(run_one(kernel, [x], "int64", (6,), axis=1), function(wide(x), 1))


CUMULATIVE = {
    "sum": np.cumsum,
    "prod": np.cumprod,
    "max": lambda x, axis: np.maximum.accumulate(x, axis),
    "min": lambda x, axis: np.minimum.accumulate(x, axis),
}
IDENTITY = {"sum": 0, "prod": 1, "max": -np.inf, "min": np.inf, "logsumexp": -np.inf}


@pytest.mark.parametrize("kind", CUMULATIVE)
@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_cumulative_agrees(rng, dtype, kind):
    if dtype.startswith("complex") and kind in ("max", "min"):
        pytest.skip("complex numbers have no order")
    for shape in [(0,), (1,), (9,), (3, 4), (5, 100), (3, 4, 5), (2, 0)]:
        x = random_array(rng, dtype, shape)
        exact = (
            x.astype(np.float64) if dtype in FLOATS else x.astype(np.complex128) if dtype.startswith("complex") else x
        )
        for axis in range(len(shape)):
            kwargs = {"dtype": x.dtype} if dtype in INTEGERS and kind in ("sum", "prod") else {}
            expected = CUMULATIVE[kind](exact, axis, **kwargs)
            actual = run_one("cumulative", [x], dtype, shape, kind=kind, axis=axis)
            if dtype in INTEGERS:
                same(actual, expected)
            else:
                np.testing.assert_allclose(
                    actual.astype(exact.dtype),
                    expected.astype(x.dtype).astype(exact.dtype),
                    rtol=1e-2 if "16" in dtype else 1e-6,
                    atol=1e-7,
                )
            turned = run_one("cumulative", [np.flip(x, axis)], dtype, shape, kind=kind, axis=axis, reverse=1)
            same(np.flip(turned, axis), actual)
            if dtype in FLOATS and shape[axis]:
                shifted = run_one("cumulative", [x], dtype, shape, kind=kind, axis=axis, exclusive=1)
                first, rest = np.split(shifted, [1], axis)
                assert (first == IDENTITY[kind]).all()
                same(rest, actual.take(range(shape[axis] - 1), axis))


@pytest.mark.parametrize("dtype", FLOATS)
def test_cumulative_logsumexp_is_stable(rng, dtype):
    x = np.array([-np.inf, 3, 1000, 999, -np.inf, 5, 1001, 0], numpy_dtype(dtype))
    expected = np.logaddexp.accumulate(x.astype(np.float64)).astype(x.dtype)
    np.testing.assert_allclose(
        run_one("cumulative", [x], dtype, x.shape, kind="logsumexp", axis=0).astype(np.float64),
        expected.astype(np.float64),
        rtol=1e-6,
    )
    special = np.array([-np.inf, -np.inf, np.inf, 1, np.nan], np.float64)
    same(
        run_one("cumulative", [special], "float64", (5,), kind="logsumexp", axis=0),
        np.array([-np.inf, -np.inf, np.inf, np.inf, np.nan]),
    )
    with pytest.raises(TypeError, match="logsumexp"):
        run_one("cumulative", [np.ones(3, np.int32)], "int32", (3,), kind="logsumexp", axis=0)


def test_cumulative_sums_do_not_drift():
    x = np.full(1_000_000, 0.1, np.float32)
    total = run_one("cumulative", [x], "float32", x.shape, kind="sum", axis=0)[-1]
    assert abs(float(total) - float(np.float32(0.1)) * 1e6) < 0.01
    x = np.array([1e16, 1.0, 1.0, -1e16])
    assert run_one("cumulative", [x], "float64", (4,), kind="sum", axis=0)[-1] == 2.0


# ---- random bits -----------------------------------------------------------------------------------------------------


def philox(key, blocks):
    """Philox4x32-10 in NumPy: (blocks, 4) words."""
    x = [np.arange(blocks, dtype=np.uint64), np.zeros(blocks, np.uint64)] + [
        np.full(blocks, word, np.uint64) for word in key[2:]
    ]
    k0, k1 = int(key[0]), int(key[1])
    mask = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * x[0], np.uint64(0xCD9E8D57) * x[2]
        x = [
            (p1 >> np.uint64(32)) ^ x[1] ^ np.uint64(k0),
            p1 & mask,
            (p0 >> np.uint64(32)) ^ x[3] ^ np.uint64(k1),
            p0 & mask,
        ]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack(x, -1).astype(np.uint32)


@pytest.mark.parametrize("isa", ["baseline", "avx2", "avx512"])
def test_random_bits_are_philox(isa):
    best = native.isa()
    order = ["baseline", "avx2", "avx512"]
    if order.index(isa) > order.index(best):
        pytest.skip(f"this machine has no {isa}")
    native.set_isa(isa)
    try:
        key = np.array([0xDEADBEEF, 17, 0xFFFFFFFF, 3], np.uint32)
        words = philox(key, 3000).reshape(-1)
        for size in (0, 1, 3, 4, 5, 31, 64, 65, 12000):
            same(run_one("random_bits", [key], "uint32", (size,)), words[:size])
            same(run_one("random_bits", [key], "uint64", (size // 2,)), words[: size // 2 * 2].view(np.uint64))
    finally:
        native.set_isa(best)


def test_philox_gives_the_published_values():
    # The known answers that come with the paper: all zeros, and all ones.
    zeros = run_one("random_bits", [np.zeros(4, np.uint32)], "uint32", (4,))
    assert [hex(word) for word in zeros] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]


def test_random_bits_do_not_depend_on_shape_or_threads(threads):
    key = np.array([1, 2, 3, 4], np.uint32)
    whole = run_one("random_bits", [key], "uint32", (100_003,))
    same(run_one("random_bits", [key], "uint32", (7, 14286)).reshape(-1), whole[:100_002])
    assert abs(whole.astype(np.float64).mean() / 2**32 - 0.5) < 0.005
    with pytest.raises(ValueError, match="key"):
        run_one("random_bits", [key[:2]], "uint32", (4,))
    with pytest.raises(ValueError, match="uint32 or uint64"):
        run_one("random_bits", [key], "float32", (4,))


def test_kernels_refuse_wrong_numbers_of_operands():
    for kernel in (
        "copy",
        "transpose",
        "gather",
        "scatter",
        "sort",
        "top_k",
        "iota",
        "cumulative",
        "random_bits",
        "pad",
    ):
        with pytest.raises(ValueError, match=kernel):
            KernelRunner(kernel, [("float32", (2,))] * 5, [("float32", (2,))], axis=0)
