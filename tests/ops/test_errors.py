"""What is refused says what is wrong, with both shapes, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import headwater as tf
from headwater import ops
from headwater.errors import HeadwaterError, layer_scope

ONES = np.ones((2, 3), "float32")
INDEFINITE = np.array([[1, 2], [2, 1]], "float32")
SINGULAR = np.ones((2, 2), "float32")

CASES: list[tuple[str, Callable[[], Any], type[Exception]]] = [
    (
        r"matmul: \(2, 3\) @ \(2, 3\) would contract an axis of 3 with an axis of 2",
        lambda: ops.matmul(ONES, ONES),
        ValueError,
    ),
    (r"matmul: \(2, 2, 3\) @ \(2, 3\) would contract", lambda: ops.matmul(np.stack([ONES, ONES]), ONES), ValueError),
    (r"shapes \(2, 3\) and \(4,\) do not broadcast", lambda: ops.add(ONES, np.ones(4, "float32")), ValueError),
    (
        r"reshape: the 6 elements of shape \(2, 3\) do not fill \(4, -1\)",
        lambda: ops.reshape(ONES, (4, -1)),
        ValueError,
    ),
    (r"reshape: \(2, 3\) has 6 elements and \(5,\) has 5", lambda: ops.reshape(ONES, (5,)), ValueError),
    (r"sum: axis 2 does not exist", lambda: ops.sum(ONES, axis=2), ValueError),
    (r"sum: axes \(0, 0\) name an axis twice", lambda: ops.sum(ONES, axis=(0, 0)), ValueError),
    (r"squeeze: axis 0 of shape \(2, 3\) has size 2, not 1", lambda: ops.squeeze(ONES, 0), ValueError),
    (r"concatenate: shapes \(2, 3\) and \(2, 2\) differ", lambda: ops.concatenate([ONES, ONES[:, :2]]), ValueError),
    (r"stack: shapes \(2, 3\) and \(2, 2\) differ", lambda: ops.stack([ONES, ONES[:, :2]]), ValueError),
    (
        r"split: axis 1 of shape \(2, 3\) does not divide into 2 equal parts",
        lambda: ops.split(ONES, 2, axis=1),
        ValueError,
    ),
    (r"subtract: bool has no difference", lambda: ops.subtract([True], [False]), TypeError),
    (r"bitwise_and: dtype float32", lambda: ops.bitwise_and(1.5, 2.5), TypeError),
    (r"ldexp: the exponent has dtype float32", lambda: ops.ldexp(1.0, 2.0), TypeError),
    (r"take: the indices have dtype float32", lambda: ops.take(ONES, [0.5]), TypeError),
    (r"where: one of x1 and x2 is missing", lambda: ops.where(ONES, ONES), ValueError),
    (
        r"scatter_update: reduction 'sum' is unknown",
        lambda: ops.scatter_update(ONES, [[0, 0]], [1.0], reduction="sum"),
        ValueError,
    ),
    (r"pad: mode 'mirror' is unknown", lambda: ops.pad(ONES, 1, mode="mirror"), ValueError),
    (r"pad: constant_values with mode 'edge'", lambda: ops.pad(ONES, 1, mode="edge", constant_values=1), ValueError),
    (r"einsum: 'ij,jk->ik' names 2 operands", lambda: ops.einsum("ij,jk->ik", ONES), ValueError),
    (r"einsum: 'j' in 'ij,jk->ik' has sizes 3 and 2", lambda: ops.einsum("ij,jk->ik", ONES, ONES), ValueError),
    (r"einsum: 'ijk' in 'ijk->i' names 3 axes", lambda: ops.einsum("ijk->i", ONES), ValueError),
    (r"quantile: method 'best' is unknown", lambda: ops.quantile(ONES, 0.5, method="best"), ValueError),
    (r"top_k: no 4 largest", lambda: ops.top_k(ONES, 4), ValueError),
    (
        r"categorical_crossentropy: a target of shape \(2, 3\) and an output of shape \(2, 2\)",
        lambda: ops.categorical_crossentropy(ONES, ONES[:, :2]),
        ValueError,
    ),
    (
        r"sparse_categorical_crossentropy: a target of shape \(3,\) and an output of shape \(2, 3\)",
        lambda: ops.sparse_categorical_crossentropy([0, 1, 2], ONES),
        ValueError,
    ),
    (r"cholesky: shape \(2, 3\) is not a square matrix", lambda: ops.cholesky(ONES), ValueError),
    (r"solve: a right side of shape \(2, 3\)", lambda: ops.solve(np.eye(3, dtype="float32"), ONES), ValueError),
    (
        r"fft: a real part of shape \(2, 3\) and an imaginary part of shape \(2, 2\)",
        lambda: ops.fft((ONES, ONES[:, :2])),
        ValueError,
    ),
    (r"segment_sum: segment ids of shape \(3,\)", lambda: ops.segment_sum(ONES, [0, 0, 1]), ValueError),
    (
        r"batch_normalization: mean of shape \(2,\)",
        lambda: ops.batch_normalization(ONES, [0.0, 0.0], [1.0, 1.0, 1.0], -1),
        ValueError,
    ),
    (r"rearrange: the sides of 'a b -> a c'", lambda: ops.rearrange(ONES, "a b -> a c"), ValueError),
    (r"one_hot: there can't be -1 classes", lambda: ops.one_hot([1, 2], -1), ValueError),
    (r"broadcast_to: \(-1, 2\) is not a shape", lambda: ops.zeros((-1, 2)), ValueError),
    (r"an index of dtype float64 is no position", lambda: ops.add(ONES, 0)[1.5], TypeError),
    (r"'a' is not an index", lambda: ops.add(ONES, 0)["a"], TypeError),
    (r"cholesky: a matrix is not positive definite", lambda: ops.cholesky(INDEFINITE), ValueError),
    (r"inverse: a matrix is singular", lambda: ops.inv(SINGULAR), ValueError),
    (r"solve: a matrix is singular", lambda: ops.solve(SINGULAR, ONES[0, :2]), ValueError),
    (r"svd: a matrix has no decomposition", lambda: ops.svd(SINGULAR * np.nan), ValueError),
    (r"eig: a matrix holds NaN or infinity", lambda: ops.eig(SINGULAR * np.nan), ValueError),
    (r"arange: a step of 0", lambda: ops.arange(0, 5, 0), ValueError),
    (
        r"max: nothing to reduce|reduce_max: nothing to reduce",
        lambda: ops.max(np.zeros((0, 3), "float32"), axis=0),
        ValueError,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "call", "kind"), CASES, ids=[pattern[:40] for pattern, _, _ in CASES])
def test_refusal_names_function_shapes_and_fix(pattern: str, call: Callable[[], Any], kind: type[Exception]) -> None:
    with pytest.raises(kind, match=pattern) as caught:
        call()
    assert isinstance(caught.value, HeadwaterError)
    assert "\n  fix  " in str(caught.value)


def test_error_inside_a_layer_names_the_layer() -> None:
    with layer_scope("Dense 'logits'"), pytest.raises(ValueError, match=r"\n  in   Dense 'logits'\n  fix  "):
        ops.matmul(ONES, ONES)


def test_an_error_of_a_running_program_names_the_layer() -> None:
    @tf.function
    def factor(x):
        with layer_scope("Whitening 'white'"):
            return ops.cholesky(x)

    factor(np.eye(2, dtype="float32"))
    with pytest.raises(ValueError, match=r"positive definite.*\n  in   Whitening 'white'\n  fix  "):
        factor(INDEFINITE)
