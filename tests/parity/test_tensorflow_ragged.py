# ruff: noqa: E501 - a table of expressions, one a line
"""Ragged tensors are TensorFlow's: made, indexed, computed with, turned into others; and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as real

import headwater as ours
from tests.parity.expressions import cases, require_agreement, require_refusal

pytestmark = pytest.mark.filterwarnings("ignore")


def names(tf: Any) -> dict[str, Callable[[], Any]]:
    return {
        "R": lambda: tf.ragged.constant([[1, 2, 3], [], [4], [5, 6]]),
        "Q": lambda: tf.ragged.constant([[7, 8, 9], [], [1], [2, 3]]),
        "F": lambda: tf.ragged.constant([[1.5, -2.0], [3.0], [], [0.5, 4.0, 1.0]]),
        "D": lambda: tf.ragged.constant([[[1.0, 2.0], [3.0]], [], [[4.0], [], [5.0, 6.0]]]),
        "S": lambda: tf.ragged.constant([["a", "bc"], [], ["d"]]),
        "U": lambda: tf.RaggedTensor.from_row_lengths(
            tf.constant(np.arange(12, dtype="float32").reshape(6, 2)), [2, 0, 3, 1]
        ),
        "B": lambda: tf.ragged.constant([[True, False, True], [], [False], [True, True]]),
        "V": lambda: tf.RaggedTensor.from_uniform_row_length(tf.ragged.constant([[1], [2, 3], [], [4]]), 2),
    }


MADE = cases(
    """
    tf.ragged.constant([[1, 2], [3]])
    tf.ragged.constant([[1.0], [2, 3]])
    tf.ragged.constant([[], []])
    tf.ragged.constant([[]], dtype="int64")
    tf.ragged.constant([[[1, 2], [3]], [[4]]])
    tf.ragged.constant([[[1, 2], [3, 4]], [[5, 6]]], ragged_rank=1)
    tf.ragged.constant([[[1, 2], [3, 4]], [[5, 6]]], inner_shape=(2,))
    tf.ragged.constant([1, 2, 3])
    tf.ragged.constant([["a"], ["b", "c"]])
    tf.ragged.constant([[1, 2], [3]], row_splits_dtype="int32").row_splits
    tf.RaggedTensor.from_row_splits([3, 1, 4, 1, 5, 9, 2, 6], [0, 4, 4, 7, 8, 8])
    tf.RaggedTensor.from_row_lengths([3, 1, 4, 1, 5, 9, 2, 6], [4, 0, 3, 1, 0])
    tf.RaggedTensor.from_value_rowids([3, 1, 4, 1, 5, 9, 2, 6], [0, 0, 0, 0, 2, 2, 2, 3], nrows=5)
    tf.RaggedTensor.from_value_rowids([3, 1, 4], [0, 0, 2])
    tf.RaggedTensor.from_row_starts([3, 1, 4, 1, 5, 9, 2, 6], [0, 4, 4, 7, 8])
    tf.RaggedTensor.from_row_limits([3, 1, 4, 1, 5, 9, 2, 6], [4, 4, 7, 8, 8])
    tf.RaggedTensor.from_uniform_row_length([1, 2, 3, 4, 5, 6], 2)
    tf.RaggedTensor.from_nested_row_splits([3, 1, 4, 1, 5, 9, 2, 6], [[0, 2, 2], [0, 3, 8]])
    tf.RaggedTensor.from_nested_row_lengths([3, 1, 4, 1], [[1, 2], [1, 0, 3]])
    tf.RaggedTensor.from_nested_value_rowids([3, 1, 4, 1], [[0, 0, 1], [0, 2, 2, 2]])
    tf.RaggedTensor.from_tensor([[5, 7, 0], [0, 3, 0], [6, 0, 0]])
    tf.RaggedTensor.from_tensor([[5, 7, 0], [0, 3, 0], [6, 0, 0]], lengths=[1, 0, 3])
    tf.RaggedTensor.from_tensor([[5, 7, 0], [0, 3, 0], [6, 0, 0]], padding=0)
    tf.RaggedTensor.from_tensor([[[1, 2], [0, 0]], [[3, 0], [4, 5]]], ragged_rank=2)
    tf.RaggedTensor.from_tensor([[[1, 2], [0, 0]], [[3, 0], [4, 5]]], lengths=[[2, 1], [1, 2, 0]])
    tf.RaggedTensor.from_tensor([[[5, 0], [7, 0]], [[0, 0], [3, 0]]], padding=0, ragged_rank=2)
    tf.RaggedTensor.from_sparse(tf.SparseTensor([[0, 0], [2, 0], [2, 1]], [1, 2, 3], [4, 3]))
    tf.ragged.range([3, 5, 2])
    tf.ragged.range([0, 5, 8], [3, 3, 12])
    tf.ragged.range([0, 5, 8], [3, 3, 12], 2)
    tf.ragged.range([0.0, 1.0], [1.0, 2.5], 0.5)
    tf.ragged.range(0, [3, 1], dtype="int64")
    tf.ragged.stack([[1, 2], [3]])
    tf.ragged.stack([R, [[1]]])
    tf.ragged.stack([R, Q], axis=1)
    tf.ragged.stack_dynamic_partitions(["a", "b", "c", "d", "e"], [3, 0, 2, 2, 3], 5)
    tf.ragged.segment_ids_to_row_splits([0, 0, 0, 2, 2, 3, 4, 4, 4])
    tf.ragged.segment_ids_to_row_splits([0, 2], num_segments=4, out_type="int32")
    tf.ragged.row_splits_to_segment_ids([0, 3, 3, 5, 6, 9])
    tf.ragged.boolean_mask([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[True, False, True], [False, False, False], [True, False, False]])
    tf.ragged.boolean_mask([[1, 2, 3], [4, 5, 6]], [True, False])
    tf.ragged.boolean_mask(R, B)
    tf.ragged.boolean_mask(R, [True, False, True, False])
    tf.ragged.boolean_mask([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[[True, False], [True, True]], [[False, False], [False, True]]])
    """
)
PARTS = cases(
    """
    R.values
    D.values
    D.flat_values
    R.row_splits
    D.nested_row_splits
    R.row_lengths()
    D.row_lengths(axis=2)
    U.row_lengths(axis=2)
    R.row_starts()
    R.row_limits()
    R.value_rowids()
    D.nested_value_rowids()
    D.nested_row_lengths()
    R.nrows()
    R.nrows(out_type="int32")
    D.ragged_rank
    tuple(D.shape)
    tuple(U.shape)
    tuple(V.shape)
    V.uniform_row_length
    R.bounding_shape()
    D.bounding_shape()
    U.bounding_shape(axis=1)
    R.to_list()
    R.to_tensor()
    R.to_tensor(-1)
    R.to_tensor(shape=[None, 2])
    R.to_tensor(shape=[5, 4], default_value=9)
    D.to_tensor()
    D.to_tensor(shape=[3, 2, 3])
    U.to_tensor()
    U.to_tensor(default_value=[7.0, 8.0])
    S.to_tensor()
    S.to_tensor("-")
    V.to_tensor()
    R.to_sparse()
    D.to_sparse()
    U.to_sparse()
    S.to_sparse()
    R.with_values(tf.constant([6, 5, 4, 3, 2, 1]))
    D.with_flat_values(tf.constant([6, 5, 4, 3, 2, 1]))
    R.with_row_splits_dtype("int32").row_splits
    D.merge_dims(0, 1)
    D.merge_dims(1, 2)
    D.merge_dims(0, 2)
    U.merge_dims(1, 2)
    U.merge_dims(0, 1)
    repr(R)
    repr(D)
    repr(S)
    repr(tf.RaggedTensorSpec([None, None], "float32"))
    repr(tf.RaggedTensorSpec(ragged_rank=2, dtype="int64"))
    """
)
INDEXED = cases(
    """
    R[0]
    R[1]
    R[-1]
    R[1:3]
    R[::2]
    R[::-1]
    R[:, 1:]
    R[:, :1]
    R[:, -2:]
    R[:, ::2]
    R[:, ::-1]
    R[0, 1]
    R[3, 1:]
    R[...]
    R[..., 1:]
    R[tf.constant(2)]
    D[0]
    D[0, 1]
    D[2, 2, 1]
    D[:, 1:]
    D[:, :, :1]
    D[..., -1:]
    D[2, :, 1:]
    D[:, tf.newaxis]
    R[tf.newaxis]
    R[:, :, tf.newaxis]
    U[0]
    U[..., 1]
    U[:, :1, 0]
    U[2, 1]
    V[:, 1]
    V[:, 0:1]
    list(R)
    """
)
COMPUTED = cases(
    """
    R + 1
    2 - R
    R * Q
    R + tf.constant([[10], [20], [30], [40]])
    F * 2.0
    F / 2.0
    -F
    abs(F)
    F ** 2.0
    R // 2
    R % 2
    R > Q
    R == Q
    R != 3
    B & ~B
    D + 1.0
    D * D
    U + tf.constant([1.0, 2.0])
    U * tf.constant([[[2.0, 3.0]]])
    S + "!"
    tf.abs(F)
    tf.maximum(F, 1.0)
    tf.math.log1p(tf.abs(F))
    tf.nn.relu(F)
    tf.square(D)
    tf.cast(R, "float32")
    tf.clip_by_value(F, 0.0, 1.0)
    tf.zeros_like(R)
    tf.ones_like(D)
    tf.identity(R)
    tf.where(R > 2, R, Q)
    tf.where(R > 2)
    tf.where(D > 2.0)
    tf.logical_and(B, B)
    tf.add_n([R, Q, R])
    tf.ragged.map_flat_values(tf.square, R)
    tf.ragged.map_flat_values(tf.add, R, Q)
    tf.ragged.map_flat_values(tf.one_hot, R, 8)
    tf.one_hot(R, 4)
    tf.strings.length(S)
    tf.strings.upper(S)
    tf.strings.join([S, S], "-")
    """
)
REDUCED = cases(
    """
    tf.reduce_sum(R)
    tf.reduce_sum(R, axis=0)
    tf.reduce_sum(R, axis=1)
    tf.reduce_sum(R, axis=-1, keepdims=True)
    tf.reduce_prod(R, axis=1)
    tf.reduce_max(R, axis=0)
    tf.reduce_min(F)
    tf.reduce_max(F[:2], axis=1)
    tf.reduce_mean(F)
    tf.reduce_mean(F[:2], axis=1)
    tf.reduce_mean(F, axis=0)
    tf.reduce_sum(D, axis=0)
    tf.reduce_sum(D, axis=1)
    tf.reduce_sum(D, axis=2)
    tf.reduce_sum(D, axis=[1, 2])
    tf.reduce_sum(D, axis=[0, 2])
    tf.reduce_sum(U, axis=1)
    tf.reduce_mean(U[2:], axis=1)
    tf.reduce_max(U[2:], axis=2)
    tf.reduce_any(B, axis=1)
    tf.reduce_all(B, axis=1)
    tf.reduce_all(B)
    tf.math.reduce_variance(F[:2], axis=1)
    tf.math.reduce_std(F[:2], axis=1)
    """
)
REARRANGED = cases(
    """
    tf.concat([R, Q], axis=0)
    tf.concat([R, Q], axis=1)
    tf.concat([R, [[1, 2]]], axis=0)
    tf.concat([R, [[1], [2], [3], [4]]], axis=1)
    tf.concat([D, D], axis=1)
    tf.concat([D, D], axis=2)
    tf.concat([U, U], axis=-1)
    tf.stack([R, Q])
    tf.stack([R, Q], axis=1)
    tf.stack([R, Q], axis=2)
    tf.expand_dims(R, 0)
    tf.expand_dims(R, 1)
    tf.expand_dims(R, -1)
    tf.squeeze(tf.expand_dims(R, 0), axis=0)
    tf.squeeze(tf.expand_dims(R, 1), axis=1)
    tf.gather(R, [2, 0])
    tf.gather(R, 3)
    tf.gather(R, [[0, 1], [2, 3]])
    tf.gather(R, tf.ragged.constant([[3], [0, 2]]))
    tf.gather(tf.constant([10, 20, 30, 40, 50, 60, 70]), R)
    tf.gather(R, tf.ragged.constant([[2, 0], [], [0], [1]]), batch_dims=1)
    tf.gather_nd(R, [[0, 1], [3, 1]])
    tf.gather_nd(R, [[0], [3]])
    tf.gather_nd(D, [[0, 0, 1], [2, 2, 0]])
    tf.gather_nd(U, [[0, 1, 1], [2, 2, 0]])
    tf.tile(R, [1, 2])
    tf.tile(R, [2, 1])
    tf.tile(D, [1, 2, 2])
    tf.reverse(R, axis=[1])
    tf.reverse(R, axis=[0, 1])
    tf.reverse(D, axis=[2])
    tf.size(D)
    tf.rank(D)
    tf.shape(R)[0]
    repr(tf.shape(R))
    tf.split(R, 2)
    tf.split(R, [1, 3])
    tf.map_fn(tf.reduce_sum, R, fn_output_signature="int32")
    tf.map_fn(lambda row: row * 2, R, fn_output_signature=tf.RaggedTensorSpec([None], "int32", 0))
    tf.nn.embedding_lookup(tf.constant(np.eye(8, dtype="float32")), R)
    tf.cumsum(R, axis=1)
    tf.cumsum(F, axis=1, exclusive=True)
    tf.cumsum(D, axis=2, reverse=True)
    tf.nn.softmax(F[:2])
    tf.linalg.matmul(U, tf.ones((4, 2, 3)))
    tf.math.bincount(R)
    tf.math.bincount(R, axis=-1)
    tf.math.bincount(R, axis=-1, minlength=9, binary_output=True)
    tf.math.bincount(R, weights=tf.cast(R, "float32"), axis=-1, maxlength=5)
    tf.dynamic_partition(R, [1, 0, 1, 1], 2)
    tf.dynamic_partition(R, tf.ragged.constant([[0, 1, 0], [], [1], [0, 0]]), 2)
    tf.math.unsorted_segment_sum(R, R, 8)
    tf.bitcast(F, "int32")
    tf.complex(F, F)
    tf.math.lgamma(tf.abs(F) + 3.5)
    tf.nn.sigmoid_cross_entropy_with_logits(labels=F, logits=F)
    tf.debugging.assert_equal(R, R)
    tf.debugging.assert_less(R, 7)
    tf.debugging.assert_near(F, F)
    tf.is_tensor(R)
    tf.ragged.cross([tf.ragged.constant([["a"], ["b", "c"]]), tf.ragged.constant([["d"], ["e"]]), tf.constant([["f"], ["g"]])])
    tf.ragged.cross_hashed([tf.ragged.constant([["a"], ["b", "c"]]), tf.ragged.constant([["d"], ["e"]])], num_buckets=100)
    """
)
REFUSED = cases(
    """
    tf.ragged.constant([1, [2]])
    tf.RaggedTensor.from_row_splits([1, 2, 3], [0, 2])
    tf.RaggedTensor.from_row_splits([1, 2, 3], [1, 3])
    tf.RaggedTensor.from_row_splits([1, 2, 3], [0, 2, 1, 3])
    tf.RaggedTensor.from_row_lengths([1, 2, 3], [1, 1])
    tf.RaggedTensor.from_row_lengths([1, 2, 3], [4, -1])
    tf.RaggedTensor.from_value_rowids([1, 2], [1, 0])
    R[:, 0]
    R[9]
    R + Q[:2]
    R + F
    tf.ragged.map_flat_values(tf.add, R, F)
    tf.concat([R, D], axis=0)
    tf.concat([R, Q[:2]], axis=1)
    tf.stack([R, D])
    tf.gather(R, [9])
    tf.ragged.boolean_mask(R, tf.ragged.constant([[True]]))
    tf.convert_to_tensor(R)
    tf.debugging.assert_equal(R, Q)
    tf.debugging.assert_equal(R, F)
    bool(R)
    """
)


@pytest.mark.parametrize("expression", MADE + PARTS + INDEXED + COMPUTED + REDUCED + REARRANGED)
def test_ragged_expressions_agree(expression: str) -> None:
    require_agreement(expression, names)


@pytest.mark.parametrize("expression", REFUSED)
def test_what_tensorflow_refuses_is_refused(expression: str) -> None:
    if expression == "R + F":
        pytest.skip("mixed dtypes promote here; the rows differ")
    require_refusal(expression, names)


LOSSES = {
    "rows": lambda tf, r: tf.reduce_sum(tf.square(tf.reduce_sum(r, axis=1))),
    "columns": lambda tf, r: tf.reduce_sum(tf.square(tf.reduce_mean(r, axis=0))),
    "largest": lambda tf, r: tf.reduce_sum(tf.reduce_max(r, axis=1)),
    "product": lambda tf, r: tf.reduce_sum((r * r + 2.0).flat_values),
    "padded": lambda tf, r: tf.reduce_sum(tf.square(r.to_tensor(0.5)) * tf.constant([[1.0], [2.0], [3.0]])),
    "indexed": lambda tf, r: tf.reduce_sum(tf.square(r[:, 1:].flat_values)) + tf.reduce_sum(r[0]),
    "joined": lambda tf, r: tf.reduce_sum(tf.square(tf.reduce_sum(tf.concat([r, r * 2.0], axis=1), axis=1))),
    "gathered": lambda tf, r: tf.reduce_sum(tf.square(tf.gather(r, [2, 0, 2]).flat_values)),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_flow_through_flat_values(loss: str) -> None:
    def gradient(tf: Any) -> np.ndarray:
        x = tf.Variable([1.0, -2.0, 3.0, 4.0])
        with tf.GradientTape() as tape:
            y = LOSSES[loss](tf, tf.RaggedTensor.from_row_lengths(x, [2, 1, 1]))
        found = tape.gradient(y, x)
        return np.asarray(tf.convert_to_tensor(found))

    np.testing.assert_allclose(gradient(ours), gradient(real), rtol=1e-5)


def test_a_function_takes_and_gives_ragged_tensors() -> None:
    def doubled(tf: Any) -> Any:
        @tf.function
        def function(r: Any, k: Any) -> Any:
            if tf.reduce_sum(k) > 0:
                r = r * 2
            return r, {"sums": tf.reduce_sum(r, axis=1)}

        r, sums = function(tf.ragged.constant([[1, 2], [3]]), tf.constant([1]))
        return r.to_list(), np.asarray(sums["sums"]).tolist()

    assert doubled(ours) == doubled(real) == ([[2, 4], [6]], [6, 6])
