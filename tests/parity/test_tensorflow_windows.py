"""Convolution and pooling under `tf.nn` give what TensorFlow gives: values and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as real

pytestmark = pytest.mark.filterwarnings("ignore")

import headwater as tf  # noqa: E402

_random = np.random.default_rng(7)


def floats(*shape: int) -> np.ndarray:
    return _random.normal(size=shape).astype(np.float32)


IMAGES, SEQUENCES, VOLUMES = floats(2, 8, 9, 4), floats(2, 11, 4), floats(2, 5, 6, 5, 4)
FILTERS, DEPTHWISE, POINTWISE = floats(3, 2, 4, 6), floats(3, 2, 4, 2), floats(1, 1, 8, 5)
TIES = _random.integers(0, 3, (2, 6, 6, 3)).astype(np.float32)
PAIRS = [[0, 0], [1, 2], [0, 1], [0, 0]]

CASES: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    *[("conv2d", (IMAGES, FILTERS, s, p), {}) for s in (1, 2, [1, 2, 1, 1], [2, 3]) for p in ("SAME", "VALID", PAIRS)],
    *[("conv2d", (IMAGES, FILTERS, 1, p), {"dilations": [2, 3]}) for p in ("SAME", "VALID")],
    ("conv1d", (SEQUENCES, floats(3, 4, 5), 2, "SAME"), {}),
    ("conv1d", (SEQUENCES, floats(3, 4, 5), 1, "VALID"), {"dilations": 2}),
    ("conv3d", (VOLUMES, floats(2, 3, 2, 4, 3), [1, 2, 1, 2, 1], "SAME"), {}),
    ("convolution", (IMAGES, FILTERS), {"padding": "SAME"}),
    ("convolution", (SEQUENCES, floats(3, 4, 5)), {"dilations": [2]}),
    ("atrous_conv2d", (IMAGES, FILTERS, 2, "SAME"), {}),
    ("conv2d_transpose", (IMAGES, floats(3, 3, 5, 4), [2, 16, 18, 5], 2), {}),
    ("conv2d_transpose", (IMAGES, floats(3, 3, 5, 4), [2, 15, 17, 5], 2), {}),
    ("conv2d_transpose", (IMAGES, floats(3, 2, 5, 4), [2, 17, 18, 5], [2, 2], "VALID"), {}),
    ("conv2d_transpose", (IMAGES, floats(1, 1, 5, 4), [2, 16, 18, 5], 2, "VALID"), {}),
    ("conv1d_transpose", (SEQUENCES, floats(3, 5, 4), [2, 22, 5], 2), {}),
    ("conv3d_transpose", (VOLUMES, floats(2, 3, 2, 3, 4), [2, 10, 12, 10, 3], 2), {}),
    ("conv_transpose", (IMAGES, floats(3, 3, 5, 4), [2, 16, 18, 5], 2), {}),
    ("depthwise_conv2d", (IMAGES, DEPTHWISE, [1, 1, 1, 1], "SAME"), {}),
    ("depthwise_conv2d", (IMAGES, floats(3, 3, 4, 1), [1, 2, 2, 1], "VALID"), {}),
    ("depthwise_conv2d", (IMAGES, DEPTHWISE, [1, 1, 1, 1], "VALID"), {"dilations": [2, 2]}),
    ("separable_conv2d", (IMAGES, DEPTHWISE, POINTWISE, [1, 1, 1, 1], "SAME"), {}),
    ("depthwise_conv2d_backprop_input", ([2, 8, 9, 4], DEPTHWISE, floats(2, 8, 9, 8), [1, 1, 1, 1], "SAME"), {}),
    ("depthwise_conv2d_backprop_filter", (IMAGES, [3, 2, 4, 2], floats(2, 8, 9, 8), [1, 1, 1, 1], "SAME"), {}),
    ("dilation2d", (IMAGES, floats(3, 2, 4), [1, 2, 1, 1], "SAME", "NHWC", [1, 1, 2, 1]), {}),
    ("erosion2d", (IMAGES, floats(3, 2, 4), [1, 1, 1, 1], "VALID", "NHWC", [1, 1, 1, 1]), {}),
    *[
        (f"{kind}_pool2d", (IMAGES, k, s, p), {})
        for kind in ("max", "avg")
        for k, s in ((2, 2), ([2, 3], 1), ([1, 3, 2, 1], [1, 2, 2, 1]))
        for p in ("SAME", "VALID")
    ],
    *[(f"{kind}_pool1d", (SEQUENCES, 3, 2, "SAME"), {}) for kind in ("max", "avg")],
    *[(f"{kind}_pool3d", (VOLUMES, 2, 2, "SAME"), {}) for kind in ("max", "avg")],
    *[(f"{kind}_pool", (IMAGES, 2, 1, "VALID"), {}) for kind in ("max", "avg")],
    ("max_pool2d", (TIES, 2, 2, "VALID"), {}),
    ("max_pool2d", (TIES, 3, 2, "SAME"), {}),
    ("max_pool2d", (IMAGES, 3, 2, PAIRS), {}),
    ("pool", (IMAGES, [2, 3], "MAX"), {"strides": [2, 1], "padding": "SAME"}),
    ("pool", (SEQUENCES, [3], "AVG"), {}),
    ("max_pool_with_argmax", (IMAGES, 2, 2, "SAME"), {}),
    ("max_pool_with_argmax", (IMAGES, 3, 1, "VALID"), {"include_batch_in_index": True, "output_dtype": "int32"}),
]  # fmt: skip


def run(module: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The results of a call, and the gradients of the sum of their squares by each array."""
    kwargs = {key: module.as_dtype(value) if key == "output_dtype" else value for key, value in kwargs.items()}
    args = tuple(module.constant(arg) if isinstance(arg, np.ndarray) else arg for arg in args)
    watched = [arg for arg in args if isinstance(arg, module.Tensor)]
    with module.GradientTape() as tape:
        for arg in watched:
            tape.watch(arg)
        results = getattr(module.nn, name)(*args, **kwargs)
        results = results if isinstance(results, tuple) else (results,)
        total = module.reduce_sum(module.square(results[0]))
    try:
        gradients = tape.gradient(total, watched)
    except real.errors.OpError:  # TensorFlow cannot differentiate it on a CPU
        gradients = []
    return [np.asarray(result) for result in results], [None if g is None else np.asarray(g) for g in gradients]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{i} {case[0]}" for i, case in enumerate(CASES)])
def test_values_and_gradients_are_those_of_tensorflow(number: int) -> None:
    name, args, kwargs = CASES[number]
    mine, theirs = run(tf, name, args, kwargs), run(real, name, args, kwargs)
    gradients = mine[1] if theirs[1] else []
    for found, wanted in zip([*mine[0], *gradients], [*theirs[0], *theirs[1]], strict=True):
        assert found is not None and wanted is not None
        assert found.shape == wanted.shape
        assert found.dtype == wanted.dtype
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d", "avg_pool2d"])
def test_channels_may_come_first(name: str) -> None:
    first = np.ascontiguousarray(IMAGES.transpose(0, 3, 1, 2))
    args = (FILTERS, [1, 1, 2, 2], "SAME") if name == "conv2d" else ([1, 1, 2, 2], [1, 1, 2, 2], "SAME")
    moved = (FILTERS, [1, 2, 2, 1], "SAME") if name == "conv2d" else ([1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    found = getattr(tf.nn, name)(first, *args, data_format="NCHW").numpy()
    wanted = getattr(real.nn, name)(IMAGES, *moved).numpy()
    np.testing.assert_allclose(found, wanted.transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: tf.nn.conv2d(IMAGES, FILTERS, [2, 1, 1, 1], "SAME"), tf.errors.UnsupportedError, "along the batch"),
        (lambda: tf.nn.conv2d(IMAGES, FILTERS, [1, 1, 1], "SAME"), ValueError, "2 spatial axes"),
        (lambda: tf.nn.conv2d(IMAGES, FILTERS, 1, "FULL"), ValueError, "unknown"),
        (lambda: tf.nn.conv2d(SEQUENCES, FILTERS, 1, "SAME"), ValueError, "2 spatial axes"),
        (lambda: tf.nn.conv2d(IMAGES, floats(3, 3, 3, 2), 1, "SAME"), ValueError, "channels"),
        (lambda: tf.nn.conv2d_transpose(IMAGES, floats(3, 3, 5, 4), [2, 9, 9, 5], 2), ValueError, "comes from"),
        (lambda: tf.nn.pool(IMAGES, [2, 2], "SUM"), ValueError, "pooling_type"),
        (lambda: tf.nn.max_pool2d(IMAGES, 10, 1, "VALID"), ValueError, "does not fit"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
