"""Variables: their values, their rows, copies, and what they refuse."""

import copy

import numpy as np
import pytest

import headwater as tf
from headwater.errors import DTypeError, ShapeError


def test_assignments_return_the_variable():
    v = tf.Variable([1.0, 2.0])
    assert v.assign([3.0, 4.0]) is v and v.assign_add([1.0, 1.0]) is v and v.assign_sub([2.0, 0.0]) is v
    np.testing.assert_array_equal(v.numpy(), [2, 5])


def test_values_read_before_do_not_change():
    v = tf.Variable([1.0, 2.0])
    before, array = v.value(), v.numpy()
    v.assign_add([5.0, 5.0])
    np.testing.assert_array_equal(before, [1, 2])
    np.testing.assert_array_equal(array, [1, 2])


@pytest.mark.parametrize(
    "index", [0, (1, 2), (slice(None), 1), (slice(0, 2), slice(None, None, 2)), ..., (..., -1)], ids=repr
)
def test_a_slice_is_assigned_in_place(index):
    wanted = np.arange(12, dtype=np.float32).reshape(3, 4)
    v = tf.Variable(wanted.copy())
    v[index].assign(np.full_like(wanted[index], 50))
    wanted[index] = 50
    np.testing.assert_array_equal(v, wanted)
    v[index].assign_add(np.ones_like(wanted[index]))
    wanted[index] += 1
    np.testing.assert_array_equal(v, wanted)


def test_a_slice_is_assigned_inside_a_function():
    v = tf.Variable([1.0, 2.0, 3.0])

    @tf.function
    def f(x):
        v[1].assign(x)
        return v * 2.0

    np.testing.assert_array_equal(f(tf.constant(9.0)), [2, 18, 6])


def test_a_slice_of_a_variable_has_a_gradient():
    v = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = v[1] ** 2
    np.testing.assert_array_equal(tape.gradient(y, v), [0, 4, 0])


def test_what_does_not_fit_is_refused():
    v = tf.Variable([1.0, 2.0], name="weights")
    with pytest.raises(ShapeError, match="weights"):
        v.assign([1.0, 2.0, 3.0])
    with pytest.raises(ShapeError):
        tf.Variable([1.0], shape=(2,))
    with pytest.raises(DTypeError):
        tf.Variable()
    with pytest.raises(TypeError):
        v[0] = 1.0


def test_copies_are_variables_of_their_own():
    v = tf.Variable([1.0], name="a")
    twin = copy.deepcopy(v)
    v.assign([5.0])
    assert float(twin[0]) == 1.0 and twin.name == "a:0"
    with tf.GradientTape() as tape:
        y = twin * 2.0
    assert tape.watched_variables() == (twin,) or tape.watched_variables()[0] is twin
    assert float(tape.gradient(y, twin)[0]) == 2.0


def test_every_row_of_a_scatter_counts():
    v = tf.Variable(tf.zeros((3, 2)))
    v.scatter_add(tf.IndexedSlices(tf.ones((3, 2)), tf.constant([0, 0, 2])))
    np.testing.assert_array_equal(v, [[2, 2], [0, 0], [1, 1]])


def test_updates_are_in_place_under_compilation():
    v = tf.Variable(tf.zeros((1000,)))

    @tf.function
    def step():
        v.assign_add(tf.ones((1000,)))

    for _ in range(5):
        step()
    assert float(v[0]) == 5.0
