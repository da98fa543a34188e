"""Functions: signatures, what is refused, and arrays carried through loops."""

import numpy as np
import pytest

import headwater as tf
from headwater.errors import ArgumentError, ShapeError, StateError


def test_a_leaked_tensor_is_refused_wherever_it_goes():
    leaked = []

    @tf.function
    def f(x):
        leaked.append(x * 2.0)
        return x

    f(tf.constant(1.0))
    for use in (lambda: leaked[0] + 1.0, lambda: leaked[0].numpy(), lambda: tf.function(lambda y: y + leaked[0])(1.0)):
        with pytest.raises(StateError):
            use()


def test_a_variable_made_on_each_call_is_refused():
    with pytest.raises(ArgumentError, match="first"):
        tf.function(lambda x: tf.Variable(1.0) * x)(tf.constant(1.0))


def test_a_signature_with_structures():
    spec = {"a": tf.TensorSpec([None], tf.float32), "b": [tf.TensorSpec([], tf.int32)]}

    @tf.function(input_signature=[spec])
    def f(inputs):
        return tf.reduce_sum(inputs["a"]) * tf.cast(inputs["b"][0], tf.float32)

    assert float(f({"a": [1.0, 2.0], "b": [3]})) == 9.0
    with pytest.raises(ShapeError, match="input_signature"):
        f({"a": tf.zeros((2, 2)), "b": [3]})


def test_defaults_that_are_arrays():
    default = np.array([1.0, 2.0], np.float32)

    @tf.function
    def f(x, table=default):
        return table * x

    np.testing.assert_array_equal(f(tf.constant(2.0)), [2, 4])


def test_an_array_without_its_size_is_refused_in_a_loop():
    @tf.function
    def grow(n):
        array = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        for i in tf.range(n):
            array = array.write(i, 1.0)
        return array.stack()

    with pytest.raises(ArgumentError, match="final size"):
        grow(tf.constant(3))

    @tf.function
    def unknown(n):
        return tf.TensorArray(tf.float32, size=n).size()

    with pytest.raises(ArgumentError, match="size of a TensorArray"):
        unknown(tf.constant(3))


def test_an_array_grows_where_numbers_are_known():
    @tf.function
    def f(x):
        array = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        for i in range(3):
            array = array.write(i, x * i)
        return array.stack()

    np.testing.assert_array_equal(f(tf.constant(2.0)), [0, 2, 4])


def test_elements_of_an_array_have_one_shape_and_dtype():
    array = tf.TensorArray(tf.float32, size=2).write(0, [1.0, 2.0])
    with pytest.raises(ShapeError):
        array.write(1, [1.0])
    with pytest.raises(ArgumentError):
        array.write(1, tf.constant([1, 2]))
    with pytest.raises(IndexError):
        array.write(2, [1.0, 2.0])
