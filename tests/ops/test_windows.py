"""Convolution and pooling give what Keras on JAX gives: values, dtypes and gradients, over strides, dilations, groups,
paddings, data formats and dtypes."""

from __future__ import annotations

import itertools
import os
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
jax = pytest.importorskip("jax")
pytestmark = pytest.mark.filterwarnings("ignore")

import headwater as tf  # noqa: E402
from headwater import ops  # noqa: E402

_random = np.random.default_rng(5)
FORMATS = ("channels_last", "channels_first")


def floats(*shape: int) -> np.ndarray:
    return _random.normal(size=shape).astype(np.float32)


def images(sizes: tuple[int, ...], channels: int, data_format: str) -> np.ndarray:
    return floats(2, *sizes, channels) if data_format == "channels_last" else floats(2, channels, *sizes)


def convolutions() -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    found: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    for data_format, padding, (strides, dilation) in itertools.product(
        FORMATS, ("valid", "same"), ((1, 1), (2, 1), (1, 2))
    ):
        how = {"strides": strides, "padding": padding, "data_format": data_format, "dilation_rate": dilation}
        for sizes, window in (((9,), (3,)), ((8, 9), (3, 2))):
            x = images(sizes, 4, data_format)
            found.append(("conv", (x, floats(*window, 4, 6)), how))
            found.append(("conv", (x, floats(*window, 2, 6)), how))
            found.append(("depthwise_conv", (x, floats(*window, 4, 2)), how))
            found.append(("conv_transpose", (x, floats(*window, 5, 4)), how))
    x = images((8, 9), 4, "channels_last")
    volume = images((5, 6, 7), 3, "channels_last")
    return [
        *found,
        ("conv", (x, floats(3, 3, 4, 2)), {"strides": (2, 1), "padding": "same"}),
        ("conv", (volume, floats(2, 3, 2, 3, 4)), {"strides": 2, "padding": "same"}),
        ("conv_transpose", (volume, floats(2, 3, 2, 4, 3)), {"strides": 2, "padding": "same"}),
        ("conv_transpose", (x, floats(3, 3, 2, 4)), {"strides": 3, "padding": "same", "output_padding": 1}),
        ("conv_transpose", (x, floats(3, 4, 2, 4)), {"strides": (2, 3), "output_padding": (1, 2)}),
        ("conv_transpose", (x, floats(2, 2, 2, 4)), {"strides": 4}),
        ("separable_conv", (x, floats(3, 3, 4, 2), floats(1, 1, 8, 3)), {"padding": "same"}),
        ("separable_conv", (x, floats(3, 3, 4, 1), floats(1, 1, 4, 3)), {"strides": 2}),
    ]


def poolings() -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    found: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    ties = _random.integers(0, 3, (2, 7, 7, 3)).astype(np.float32)
    for data_format, padding, name in itertools.product(FORMATS, ("valid", "same"), ("max_pool", "average_pool")):
        for size, strides in ((2, 2), ((3, 2), (1, 2))):
            x = images((8, 9), 3, data_format)
            found.append((name, (x, size, strides), {"padding": padding, "data_format": data_format}))
    for name in ("adaptive_max_pool", "adaptive_average_pool"):
        found += [(name, (images((8, 9), 3, data_format), (3, 3), data_format), {}) for data_format in FORMATS]
        found.append((name, (images((8,), 3, "channels_last"), 2), {}))
        found.append((name, (images((5, 6, 7), 3, "channels_last"), (2, 6, 3)), {}))
    return [*found, ("max_pool", (ties, 2, 2), {}), ("max_pool", (ties, 3, 2), {"padding": "same"})]


CASES = [*convolutions(), *poolings()]


def of_keras(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return getattr(keras.ops, name)(*args, **kwargs)


def same(mine: np.ndarray, theirs: np.ndarray) -> None:
    assert mine.shape == theirs.shape
    assert mine.dtype == theirs.dtype
    np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{i} {case[0]}" for i, case in enumerate(CASES)])
def test_values_are_those_of_keras(number: int) -> None:
    name, args, kwargs = CASES[number]
    same(getattr(ops, name)(*args, **kwargs).numpy(), np.asarray(of_keras(name, args, kwargs)))


# A few: JAX compiles each for a second or two.
@pytest.mark.parametrize("number", range(0, len(CASES), 9))
def test_gradients_are_those_of_keras(number: int) -> None:
    name, args, kwargs = CASES[number]
    places = [i for i, arg in enumerate(args) if isinstance(arg, np.ndarray)]

    def total(*arrays: Any) -> Any:
        given = dict(zip(places, arrays))
        return (of_keras(name, tuple(given.get(i, arg) for i, arg in enumerate(args)), kwargs) ** 2).sum()

    wanted = jax.grad(total, argnums=tuple(range(len(places))))(*(args[i] for i in places))
    args = tuple(tf.constant(arg) if isinstance(arg, np.ndarray) else arg for arg in args)
    watched = [args[i] for i in places]
    with tf.GradientTape() as tape:
        tape.watch(watched)
        found = ops.sum(ops.square(getattr(ops, name)(*args, **kwargs)))
    for mine, theirs in zip(tape.gradient(found, watched), wanted, strict=True):
        same(mine.numpy(), np.asarray(theirs))


@pytest.mark.parametrize(
    ("inputs", "kernel"),
    [
        ("float16", "float16"),
        ("bfloat16", "bfloat16"),
        ("uint8", "float32"),
        ("int32", "int32"),
        ("float64", "float64"),
    ],
)
def test_dtypes_of_convolutions_are_those_of_keras(inputs: str, kernel: str) -> None:
    x, w = (_random.integers(-3, 4, shape) % 5 for shape in ((2, 6, 6, 3), (3, 3, 3, 4)))
    mine = ops.conv(ops.cast(x, inputs), ops.cast(w, kernel))
    theirs = keras.ops.conv(keras.ops.cast(x, inputs), keras.ops.cast(w, kernel))
    assert mine.dtype == (keras.backend.standardize_dtype(theirs.dtype) if inputs != "float64" else "float64")
    np.testing.assert_array_equal(ops.cast(mine, "float32").numpy(), keras.ops.cast(theirs, "float32"))


def test_causal_padding_sees_the_past_alone() -> None:
    x, kernel = floats(1, 8, 2), floats(3, 2, 4)
    whole = ops.conv(x, kernel, padding="causal", dilation_rate=2).numpy()
    changed = x.copy()
    changed[:, 5:] = 0
    part = ops.conv(changed, kernel, padding="causal", dilation_rate=2).numpy()
    assert whole.shape == (1, 8, 4)
    np.testing.assert_array_equal(whole[:, :5], part[:, :5])
    padded = np.pad(x, ((0, 0), (4, 0), (0, 0)))
    np.testing.assert_allclose(whole, ops.conv(padded, kernel, dilation_rate=2).numpy(), rtol=1e-5, atol=1e-5)


def test_second_derivatives_exist() -> None:
    x, kernel = tf.constant(floats(1, 5, 5, 2)), tf.constant(floats(3, 3, 2, 2))
    with tf.GradientTape() as outer:
        outer.watch((x, kernel))
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = ops.sum(ops.max_pool(ops.conv(x, kernel, padding="same"), 2) ** 3)
        total = ops.sum(ops.square(inner.gradient(y, x)))
    assert all(g is not None and np.isfinite(g.numpy()).all() for g in outer.gradient(total, (x, kernel)))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: ops.conv(floats(1, 5, 5, 3), floats(3, 3, 2, 4)), "channels"),
        (lambda: ops.conv(floats(1, 5, 5, 3), floats(6, 3, 3, 4)), "does not fit"),
        (lambda: ops.conv(floats(1, 5, 5, 3), floats(3, 3, 3, 4), padding="full"), "unknown"),
        (lambda: ops.conv(floats(1, 5, 5, 3), floats(3, 3, 3, 4), padding="causal"), "unknown"),
        (lambda: ops.conv(floats(1, 5, 5, 3), floats(3, 3, 3, 4), strides=(1, 2, 3)), "2 spatial axes"),
        (lambda: ops.conv(floats(5, 3), floats(3, 3)), "one to three spatial axes"),
        (lambda: ops.conv_transpose(floats(1, 5, 5, 3), floats(3, 3, 4, 2)), "filters"),
        (lambda: ops.max_pool(floats(1, 3, 3, 1), 4), "does not fit"),
        (lambda: ops.average_pool(floats(3, 3), 2), "one to three spatial axes"),
        (lambda: ops.adaptive_max_pool(floats(1, 3, 3, 1), 0), "1 or more"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
