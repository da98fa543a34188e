"""Tapes: the errors and corners that the comparison with TensorFlow does not reach."""

import gc
import weakref

import numpy as np
import pytest

import headwater as tf
from headwater.errors import DTypeError, StateError


def test_a_used_up_tape_says_what_to_do():
    x = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(StateError, match="persistent=True"):
        tape.gradient(y, x)


def test_watching_integers_is_refused():
    with tf.GradientTape() as tape, pytest.raises(DTypeError, match="float"):
        tape.watch(tf.constant(3))


def test_stop_recording_outside_of_the_block_is_refused():
    with pytest.raises(StateError), tf.GradientTape().stop_recording():
        pass


def test_a_used_tape_lets_go_of_what_it_recorded():
    x = tf.Variable(tf.zeros((10,)))
    with tf.GradientTape() as tape:
        y = tf.exp(x)
        kept = weakref.ref(y)
        z = tf.reduce_sum(y * y)
    del y
    tape.gradient(z, x)
    gc.collect()
    assert kept() is None


def test_gradients_outside_of_a_function_point_to_the_tape():
    with pytest.raises(StateError, match="GradientTape"):
        tf.gradients(tf.constant(1.0), tf.constant(1.0))


def test_gradients_stop_where_told():
    @tf.function
    def f(x):
        y = x * x
        return tf.gradients(y * x, x, stop_gradients=[y])[0]

    assert float(f(tf.constant(3.0))) == 9.0


def test_hessian_vector_product_three_ways():
    x, v = tf.Variable([0.5, -1.0, 2.0]), tf.constant([1.0, 2.0, 3.0])

    def f():
        return tf.reduce_sum(tf.sin(x) * tf.reverse(x, [0]) ** 2)

    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = f()
        gradient = inner.gradient(y, x)
    back_over_back = outer.gradient(gradient, x, output_gradients=v)
    with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
        with tf.GradientTape() as tape:
            y = f()
        gradient = tape.gradient(y, x)
    forward_over_back = accumulator.jvp(gradient)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = f()
        gradient = inner.gradient(y, x)
    by_hessian = tf.linalg.matvec(outer.jacobian(gradient, x), v)
    np.testing.assert_allclose(back_over_back, forward_over_back, rtol=1e-5)
    np.testing.assert_allclose(back_over_back, by_hessian, rtol=1e-5)
