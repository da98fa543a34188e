# ruff: noqa: E501 - a table of expressions, one a line
"""`tf.sparse`, `tf.sets` and sparse tensors in other functions are TensorFlow's; and their gradients."""

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
        "S": lambda: tf.SparseTensor([[0, 1], [1, 0], [1, 2]], [1.0, 2.0, 3.0], [3, 4]),
        "T": lambda: tf.SparseTensor([[0, 1], [2, 2]], [5.0, -3.0], [3, 4]),
        "I": lambda: tf.SparseTensor([[0, 0], [1, 0], [1, 1]], tf.constant([1, 0, 2], "int64"), [2, 3]),
        "W": lambda: tf.SparseTensor([[1, 1], [0, 1]], [1, 2], [2, 2]),
        "C": lambda: tf.SparseTensor([[0, 1, 0], [0, 1, 1], [1, 0, 0]], [1.0, 2.0, 3.0], [2, 2, 2]),
        "N": lambda: tf.SparseTensor([[0, 0], [1, 0], [1, 1]], ["a", "b", "c"], [2, 2]),
        "O": lambda: tf.SparseTensor([[0, 0], [1, 0]], ["d", "e"], [2, 1]),
        "A": lambda: tf.constant([[1, 2], [3, 4]]),
        "B": lambda: tf.constant([[2, 5], [3, 3]]),
        "X": lambda: tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    }


AGREE = cases(
    """
    S
    repr(S)
    repr(tf.SparseTensorSpec([None, 3], "int32"))
    tuple(S.shape)
    S.dense_shape
    S.with_values([4.0, 5.0, 6.0])
    tf.sparse.from_dense([[1, 0], [0, 3]])
    tf.sparse.from_dense([["a", ""], ["", "b"]])
    tf.sparse.to_dense(S)
    tf.sparse.to_dense(S, default_value=-1.0)
    tf.sparse.to_dense(N)
    tf.sparse.to_dense(C)
    tf.sparse.to_dense(W, validate_indices=False)
    tf.sparse.to_indicator(I, 4)
    tf.sparse.eye(2, 3)
    tf.sparse.eye(2, dtype="int32")
    tf.sparse.add(S, T)
    tf.sparse.add(S, tf.SparseTensor([[0, 1]], [-1.0], [3, 4]))
    tf.sparse.add(S, tf.SparseTensor([[0, 1]], [-0.9], [3, 4]), threshold=0.2)
    tf.sparse.add(S, tf.ones((3, 4)))
    tf.sparse.add(tf.ones((3, 4)), S)
    tf.sparse.maximum(S, T)
    tf.sparse.minimum(S, T)
    tf.sparse.map_values(tf.add, S, 1.0)
    tf.sparse.map_values(tf.add, S, S)
    tf.sparse.reduce_sum(S)
    tf.sparse.reduce_sum(S, 1)
    tf.sparse.reduce_sum(S, 1, keepdims=True)
    tf.sparse.reduce_sum(S, [0, 1])
    tf.sparse.reduce_sum(C, [0, 2])
    tf.sparse.reduce_sum(S, 0, output_is_sparse=True)
    tf.sparse.reduce_max(S)
    tf.sparse.reduce_max(S, 1)
    tf.sparse.reduce_max(T, 1)
    tf.sparse.reduce_max(C, -1)
    tf.sparse.softmax(S)
    tf.sparse.softmax(C)
    tf.sparse.sparse_dense_matmul(S, tf.ones((4, 2)))
    tf.sparse.sparse_dense_matmul(tf.ones((2, 3)), S)
    tf.sparse.sparse_dense_matmul(S, tf.transpose(X), adjoint_a=True, adjoint_b=True)
    tf.sparse.sparse_dense_matmul(S, X, adjoint_a=True)
    tf.sparse.sampled_addmm(tf.constant([[0, 1], [1, 0]]), tf.constant([1.0, 2.0]), tf.constant([2, 2]), tf.ones((2, 3)), X, beta=2.0, alpha=0.5)
    tf.sparse.segment_sum(X, [0, 2], [0, 1])
    tf.sparse.segment_mean(X, [0, 2], [0, 0], num_segments=3)
    tf.sparse.segment_sqrt_n(X, [0, 2, 1], [0, 0, 2])
    tf.sparse.reorder(W)
    tf.sparse.transpose(S)
    tf.sparse.transpose(C, [1, 2, 0])
    tf.sparse.reshape(S, [2, 6])
    tf.sparse.reshape(S, [-1, 2])
    tf.sparse.reshape(C, [8])
    tf.sparse.expand_dims(S, 1)
    tf.sparse.expand_dims(S)
    tf.sparse.expand_dims(S, 0)
    tf.sparse.concat(0, [S, T])
    tf.sparse.concat(1, [S, T])
    tf.sparse.concat(-1, [S, T])
    tf.sparse.concat(0, [S, tf.SparseTensor([[0, 1]], [5.0], [1, 6])], expand_nonconcat_dims=True)
    tf.sparse.slice(S, [0, 1], [2, 2])
    tf.sparse.slice(S, [1, 0], [5, 5])
    tf.sparse.split(sp_input=S, num_split=2, axis=1)
    tf.sparse.split(sp_input=S, num_split=2, axis=0)
    tf.sparse.split(sp_input=S, num_split=3, axis=-1)
    tf.sparse.retain(S, [True, False, True])
    tf.sparse.reset_shape(S)
    tf.sparse.reset_shape(S, [4, 5])
    tf.sparse.fill_empty_rows(S, -1.0)
    tf.sparse.bincount([1, 1, 3])
    tf.sparse.bincount([[1, 1, 3], [0, 2, 2]], axis=-1)
    tf.sparse.bincount([[1, 1, 3], [0, 2, 2]], axis=-1, binary_output=True)
    tf.sparse.bincount([[1, 1, 3], [0, 2, 2]], weights=[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], axis=-1, minlength=6)
    tf.sparse.bincount(tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1, 1, 2], [2, 2]), axis=-1)
    tf.sparse.bincount(tf.ragged.constant([[1, 1], [], [2]]), axis=-1, maxlength=2)
    tf.sparse.cross([N, O])
    tf.sparse.cross([N, O], separator="-")
    tf.sparse.cross([N, tf.constant([[1], [2]], "int64")])
    tf.sparse.cross_hashed([N, O], num_buckets=100)
    tf.sparse.cross_hashed([N, O])
    tf.sparse.cross_hashed([N, O], num_buckets=1000, hash_key=77)
    S * tf.constant([[1.0], [2.0], [3.0]])
    S / 2.0
    S * 2.0
    tf.abs(T)
    tf.square(S)
    tf.cast(S, "int32")
    tf.shape(S)
    tf.size(S)
    tf.rank(S)
    tf.RaggedTensor.from_sparse(I)
    tf.sets.union(A, B)
    tf.sets.intersection(A, B)
    tf.sets.difference(A, B)
    tf.sets.difference(A, B, aminusb=False)
    tf.sets.union(I, I)
    tf.sets.union(tf.constant([["a", "b"]]), tf.constant([["b", "c"]]))
    tf.sets.size(tf.sets.union(A, B))
    tf.nn.embedding_lookup_sparse(X, tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [0, 1, 2], [2, 2]), None, combiner="sum")
    tf.nn.embedding_lookup_sparse(X, tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [0, 1, 2], [2, 2]), tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1.0, 3.0, 2.0], [2, 2]), combiner="mean")
    tf.nn.embedding_lookup_sparse(X, tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [0, 1, 2], [2, 2]), tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [1.0, 3.0, 2.0], [2, 2]), combiner="sqrtn")
    tf.nn.safe_embedding_lookup_sparse(X, tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [0, 1, 2], [3, 2]))
    """
)
REFUSED = cases(
    """
    tf.SparseTensor([[0, 1]], [1.0, 2.0], [3, 4])
    tf.SparseTensor([[0, 1]], [1.0], [3])
    tf.sparse.to_dense(tf.SparseTensor([[0, 1], [0, 1]], [1, 2], [2, 2]))
    tf.sparse.to_dense(W)
    tf.sparse.to_dense(tf.SparseTensor([[0, 5]], [1], [2, 2]))
    tf.sparse.add(S, C)
    tf.sparse.maximum(S, C)
    tf.sparse.sparse_dense_matmul(S, X)
    tf.sparse.reshape(S, [5])
    tf.sparse.concat(0, [S, tf.SparseTensor([[0, 1]], [5.0], [1, 6])])
    tf.sparse.reset_shape(S, [1, 1])
    tf.sparse.map_values(tf.add, S, T)
    tf.sparse.split(sp_input=S, num_split=9, axis=0)
    tf.sparse.bincount([-1])
    tf.convert_to_tensor(S)
    S[0]
    tf.sets.union(A, tf.constant([[1]]))
    tf.sets.union(tf.constant([1]), tf.constant([1]))
    """
)


@pytest.mark.parametrize("expression", AGREE)
def test_sparse_expressions_agree(expression: str) -> None:
    require_agreement(expression, names)


@pytest.mark.parametrize("expression", REFUSED)
def test_what_tensorflow_refuses_is_refused(expression: str) -> None:
    require_refusal(expression, names)


LOSSES = {
    "dense": lambda tf, s: tf.reduce_sum(tf.square(tf.sparse.to_dense(s))),
    "product": lambda tf, s: tf.reduce_sum(
        tf.square(tf.sparse.sparse_dense_matmul(s, tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])))
    ),
    "sum": lambda tf, s: tf.reduce_sum(tf.square(tf.sparse.reduce_sum(s, 1))),
    "softmax": lambda tf, s: tf.reduce_sum(tf.square(tf.sparse.softmax(s).values)),
    "added": lambda tf, s: tf.reduce_sum(tf.square(tf.sparse.add(s, s).values)),
    "scaled": lambda tf, s: tf.reduce_sum(tf.square((s * tf.constant([[2.0], [3.0]])).values)),
    "moved": lambda tf, s: tf.reduce_sum(
        tf.square(tf.sparse.to_dense(tf.sparse.transpose(s))) * tf.constant([[1.0, 2.0]])
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_flow_through_the_values(loss: str) -> None:
    def gradient(tf: Any) -> np.ndarray:
        x = tf.Variable([1.0, -2.0, 3.0])
        with tf.GradientTape() as tape:
            y = LOSSES[loss](tf, tf.SparseTensor([[0, 1], [1, 0], [1, 2]], tf.identity(x), [2, 3]))
        return np.asarray(tf.convert_to_tensor(tape.gradient(y, x)))

    np.testing.assert_allclose(gradient(ours), gradient(real), rtol=1e-4)


def test_the_gradient_of_a_product_reaches_the_dense_factor() -> None:
    def gradient(tf: Any) -> np.ndarray:
        s = tf.SparseTensor([[0, 1], [1, 0], [1, 2]], [1.0, -2.0, 3.0], [2, 3])
        w = tf.Variable([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.square(tf.sparse.sparse_dense_matmul(s, w)))
        return np.asarray(tf.convert_to_tensor(tape.gradient(y, w)))

    np.testing.assert_allclose(gradient(ours), gradient(real), rtol=1e-5)


def test_functions_compile_products_of_sparse_arguments() -> None:
    @ours.function
    def product(s: Any, x: Any) -> Any:
        return ours.sparse.sparse_dense_matmul(s, x), s * 2.0

    s = ours.SparseTensor([[0, 1], [1, 0]], [1.0, 2.0], [2, 2])
    x = ours.constant([[1.0], [2.0]])
    found, doubled = product(s, x)
    assert np.asarray(found).tolist() == [[2.0], [2.0]] and np.asarray(doubled.values).tolist() == [2.0, 4.0]
    assert product.get_concrete_function(s, x).graph.nodes

    @ours.function
    def sorted_sum(s: Any) -> Any:
        return ours.sparse.add(s, s)

    assert np.asarray(sorted_sum(s).values).tolist() == [2.0, 4.0]


def test_layers_and_fit_take_sparse_tensors() -> None:
    from headwater import keras

    x = np.eye(6, 4, dtype="float32")
    sparse = ours.sparse.from_dense(x)
    inputs = keras.Input((4,), sparse=True)
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    assert inputs.sparse
    np.testing.assert_allclose(model(sparse), model(x), rtol=1e-6)
    np.testing.assert_allclose(
        keras.layers.Dense(2, kernel_initializer="ones")(sparse), x.sum(1, keepdims=True) * [1, 1]
    )
    model.compile("sgd", "mse")
    np.testing.assert_allclose(model.predict(sparse, verbose=0), model.predict(x, verbose=0), rtol=1e-6)
    model.fit(sparse, np.zeros((6, 2)), verbose=0)


def test_embedding_takes_ragged_numbers() -> None:
    from headwater import keras

    found = keras.layers.Embedding(5, 2)(ours.ragged.constant([[1, 2], [], [3]]))
    assert found.row_lengths().numpy().tolist() == [2, 0, 1] and found.shape[2] == 2
