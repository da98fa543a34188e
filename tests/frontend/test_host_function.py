"""Python functions in programs: how often they are called, on what, and what is refused."""

import numpy as np
import pytest

import headwater as tf
from headwater.errors import ArgumentError, ShapeError


class Called:
    """A function that remembers what it was called with."""

    def __init__(self, function):
        self.function, self.calls = function, []

    def __call__(self, *args):
        self.calls.append([np.asarray(arg).tolist() for arg in args])
        return self.function(*args)


@pytest.mark.parametrize("door", [tf.py_function, tf.numpy_function])
def test_it_is_called_once_a_run_and_on_real_values_alone(door):
    table = tf.Variable([1.0, 2.0, 3.0])
    inner, outer = Called(lambda x: x[1:] * 2), Called(lambda x: x + 1)

    @tf.function
    def f(x):
        y = door(inner, [table * x], tf.float32)
        return door(outer, [y - 1.0], tf.float32) * 10.0

    for scale in (1.0, 2.0, 2.0):
        np.testing.assert_allclose(f(scale), np.array([4.0, 6.0]) * scale * 10)
    assert inner.calls == [[[1.0, 2.0, 3.0]], [[2.0, 4.0, 6.0]], [[2.0, 4.0, 6.0]]]
    assert outer.calls == [[[3.0, 5.0]], [[7.0, 11.0]], [[7.0, 11.0]]]


def test_its_gradient_does_not_call_it_again():
    host = Called(lambda x: x * x)

    @tf.function
    def inside(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.py_function(host, [x], tf.float32)
        return tape.gradient(y, x)

    for value in (1.0, 2.0, 3.0):
        assert float(inside(tf.constant(value))) == 2 * value
    assert host.calls == [[1.0], [2.0], [3.0]]


def test_its_second_derivative():
    def third_power(x):
        return tf.py_function(lambda x: x**3, [x], tf.float32)

    for f in (third_power, tf.function(third_power)):
        x = tf.constant(2.0)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            slope = tape.gradient(y, x)
        assert float(slope) == 12.0
        assert float(outer.gradient(slope, x)) == 12.0


def test_its_gradient_in_a_branch_and_from_outside():
    @tf.function
    def f(x):
        if tf.reduce_sum(x) > 0:
            y = tf.py_function(lambda x: x * x, [x], tf.float32)
        else:
            y = x
        return tf.reduce_sum(y)

    for value, slope in (([1.0, 2.0], [2.0, 4.0]), ([-1.0, -2.0], [1.0, 1.0])):
        x = tf.constant(value)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        np.testing.assert_array_equal(tape.gradient(y, x), slope)


def test_a_loop_must_be_told_the_shape():
    def summed(output_type):
        @tf.function
        def f(x):
            for _ in tf.range(3):
                x = x + tf.py_function(lambda x: x * 2, [x], output_type)
            return x

        return f(tf.constant(1.0))

    assert float(summed(tf.TensorSpec((), tf.float32))) == 27.0
    with pytest.raises(ArgumentError, match=r"not known(.|\n)*TensorSpec"):
        summed(tf.float32)


def test_a_trace_for_no_call_in_particular_must_be_told_the_shape():
    f = tf.function(lambda x: tf.py_function(lambda x: x, [x], tf.float32))
    with pytest.raises(ArgumentError, match="TensorSpec"):
        f.get_concrete_function(tf.TensorSpec((2,), tf.float32))
    np.testing.assert_array_equal(f(tf.constant([1.0, 2.0])), [1, 2])


def test_another_shape_than_at_first_is_refused():
    f = tf.function(lambda x: tf.py_function(lambda x: x[: int(x[0])], [x], tf.float32))
    np.testing.assert_array_equal(f(tf.constant([2.0, 5.0, 6.0])), [2, 5])
    with pytest.raises(ShapeError, match=r"returned shape \(1,\), not \(2,\)"):
        f(tf.constant([1.0, 5.0, 6.0]))


def test_printing_is_not_differentiated(capsys):
    @tf.function
    def f(x):
        tf.print("x is", x, output_stream="stdout")
        return x * x

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert float(tape.gradient(y, x)) == 6.0
    assert capsys.readouterr().out == "x is 3.0\n"
