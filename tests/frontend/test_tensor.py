"""Tensors: what they show, how they are indexed, what they refuse, and how they meet NumPy, torch and pickle."""

import copy
import pickle

import numpy as np
import pytest

import headwater as tf
from headwater.errors import IndexRangeError, ShapeError, StateError

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
INDICES = [
    0, -1, slice(1, None), slice(None, None, -1), Ellipsis, None, (0, 1), (slice(None), 1), (..., 2), (..., None),
    (0, ..., slice(0, 4, 2)), (slice(None), None, 1), (slice(None), [0, 2]), ([0, 1], [2, 0]), X > 5, (0, X[0] > 3),
    (1, slice(None), np.array([True, False, True, False])), np.int64(1), (slice(5, 1, -2),),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indexing_is_that_of_numpy(index):
    np.testing.assert_array_equal(tf.constant(X)[index], X[index])


def test_an_index_may_be_a_tensor():
    t = tf.constant(X)
    np.testing.assert_array_equal(t[tf.constant(1)], X[1])
    np.testing.assert_array_equal(t[tf.constant(0) : tf.constant(1)], X[:1])
    np.testing.assert_array_equal(t[t > 5.0], X[X > 5])


@pytest.mark.parametrize("index", [2, -3, (0, 3), (0, 0, 0, 0), "x", 1.5])
def test_an_index_outside_is_refused(index):
    with pytest.raises((IndexError, TypeError, ValueError)):
        tf.constant(X)[index]


def test_items_are_not_assigned():
    t = tf.constant([1.0, 2.0])
    with pytest.raises(TypeError, match="tensor_scatter_nd_update"):
        t[0] = 3.0
    assert not hasattr(t, "assign")
    with pytest.raises(AttributeError, match="immutable"):
        t.assign([3.0, 4.0])


def test_text_is_that_of_tensorflow():
    assert repr(tf.constant(3)) == "<tf.Tensor: shape=(), dtype=int32, numpy=3>"
    assert repr(tf.constant(2.5)) == "<tf.Tensor: shape=(), dtype=float32, numpy=2.5>"
    assert repr(tf.constant([1, 2])) == "<tf.Tensor: shape=(2,), dtype=int32, numpy=array([1, 2], dtype=int32)>"
    assert repr(tf.constant([[1], [2]])) == (
        "<tf.Tensor: shape=(2, 1), dtype=int32, numpy=\narray([[1],\n       [2]], dtype=int32)>"
    )
    assert str(tf.constant([1.5, 2.0])) == "tf.Tensor([1.5 2. ], shape=(2,), dtype=float32)"
    assert f"{tf.constant(2.5):.2f} {tf.constant(3)}" == "2.50 3"


def test_numpy_functions_take_its_values():
    t = tf.constant([1, 2])
    for result in (np.add(t, 1), np.sqrt(t), np.concatenate([t, t]), np.sum(t), np.maximum(t, 1), np.asarray(t)):
        assert isinstance(result, (np.ndarray, np.generic))
    np.testing.assert_array_equal(np.add(t, 1), [2, 3])


@pytest.mark.parametrize("left", [np.array([1.0, 2.0], np.float32), np.float32(3.0), 2.0, [1.0, 2.0]], ids=repr)
@pytest.mark.parametrize("right", [tf.constant([4.0, 5.0]), tf.Variable([4.0, 5.0])], ids=["tensor", "variable"])
def test_arrays_on_the_left_leave_the_operator_to_the_tensor(left, right):
    a, b = np.asarray(left), np.array([4.0, 5.0])
    for result, wanted in (
        (left + right, a + b),
        (left * right, a * b),
        (left - right, a - b),
        (left / right, a / b),
        (left < right, a < b),
    ):
        assert tf.is_tensor(result)
        np.testing.assert_allclose(result, wanted, rtol=1e-6)


def test_arrays_share_memory_and_are_read_only():
    array = tf.constant([1.0, 2.0]).numpy()
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 5.0
    source = np.array([1.0, 2.0], np.float32)
    t = tf.constant(source) + 0.0
    source[0] = 9.0
    assert float(t[0]) == 1.0


def test_copies_and_pickles_keep_values():
    t = tf.constant([[1.5, 2.5]])
    assert copy.copy(t) is t and copy.deepcopy([t])[0] is t
    for item in (t, tf.constant(3), tf.cast(t, "bfloat16")):
        back = pickle.loads(pickle.dumps(item))
        assert back.dtype == item.dtype
        np.testing.assert_array_equal(back.numpy(), item.numpy())


def test_dlpack_goes_to_numpy_and_back():
    t = tf.constant([1.0, 2.0])
    np.testing.assert_array_equal(np.from_dlpack(t), [1, 2])
    np.testing.assert_array_equal(tf.experimental.dlpack.from_dlpack(np.array([3.0, 4.0])), [3, 4])


def test_dlpack_goes_to_torch_and_back():
    torch = pytest.importorskip("torch")
    assert torch.from_dlpack(tf.constant([1.0, 2.0])).tolist() == [1, 2]
    np.testing.assert_array_equal(tf.experimental.dlpack.from_dlpack(torch.tensor([3.0, 4.0])), [3, 4])


def test_as_a_number():
    assert int(tf.constant(3)) == 3 and float(tf.constant([2.5])) == 2.5 and complex(tf.constant(1.0)) == 1
    assert [10, 20][tf.constant(1)] == 20 and bool(tf.constant([True])) and len(tf.zeros((3, 2))) == 3
    assert [int(x) for x in tf.constant([1, 2])] == [1, 2] and 2 in tf.constant([1, 2])
    for wrong in (lambda: bool(tf.constant([1, 2])), lambda: int(tf.constant([1, 2]))):
        with pytest.raises(ShapeError):
            wrong()
    for wrong in (lambda: len(tf.constant(1)), lambda: iter(tf.constant(1)), lambda: [0][tf.constant(0.5)]):
        with pytest.raises(TypeError):
            wrong()


def test_hashing_points_to_ref():
    t = tf.constant([1.0])
    with pytest.raises(TypeError, match=r"ref\(\)"):
        hash(t)
    assert {t.ref(): 1}[t.ref()] == 1 and t.ref().deref() is t and t.ref() != tf.constant([1.0]).ref()
    assert (t == None) is False and (t != "x") is True  # noqa: E711


def test_shapes_compare_with_lists_and_tuples():
    shape = tf.zeros((2, 3)).shape
    assert shape == [2, 3] and shape == (2, 3) and shape != [3, 2] and shape.as_list() == [2, 3]
    assert shape[0] == 2 and shape[1:] == tf.TensorShape([3]) and shape.rank == 2 and hash(shape) == hash((2, 3))
    with pytest.raises(ShapeError):
        tf.zeros((2, 3)).set_shape([2, 4])


def test_a_traced_tensor_has_no_values():
    shown = []

    @tf.function
    def f(x):
        shown.append(repr(x))
        x.numpy()

    with pytest.raises(StateError, match="traced"):
        f(tf.constant([1.0]))
    assert shown == ["<tf.Tensor: shape=(1,), dtype=float32>"]


def test_a_number_outside_of_an_axis_says_where():
    with pytest.raises(IndexRangeError, match="axis 0"):
        tf.constant([1, 2])[5]
