"""Complex gradients follow TensorFlow's convention: the transforms' gradients equal those of tf.signal."""

import numpy as np
import pytest
import tensorflow as tf

from headwater import backends
from headwater.frontend import tensor as _tensor  # noqa: F401 - results are Tensors
from headwater.ir import dispatch
from headwater.primitives.fft import fft, ifft, irfft, rfft


def complex_values(rng, *shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


CASES = {
    "fft": (lambda x: fft(x, axes=(1,)), tf.signal.fft, lambda rng: complex_values(rng, 3, 6)),
    "fft2d": (lambda x: fft(x, axes=(0, 1)), tf.signal.fft2d, lambda rng: complex_values(rng, 3, 6)),
    "ifft": (lambda x: ifft(x, axes=(1,)), tf.signal.ifft, lambda rng: complex_values(rng, 3, 5)),
    "rfft even": (lambda x: rfft(x, axis=1), tf.signal.rfft, lambda rng: rng.normal(size=(3, 6))),
    "irfft even": (lambda x: irfft(x, axis=1, size=6), tf.signal.irfft, lambda rng: complex_values(rng, 3, 4)),
    "rfft odd": (lambda x: rfft(x, axis=1), tf.signal.rfft, lambda rng: rng.normal(size=(3, 7))),
}


@pytest.mark.parametrize("case", CASES)
def test_gradient_of_a_transform_equals_that_of_tf_signal(case):
    ours, theirs, draw = CASES[case]
    rng = np.random.default_rng(3)
    x = draw(rng)
    tensor = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        y = theirs(tensor)
    cotangent = complex_values(rng, *y.shape) if y.dtype.is_complex else rng.normal(size=y.shape)
    expected = tape.gradient(y, tensor, output_gradients=tf.constant(cotangent))
    with backends.using("reference"):
        from headwater.frontend.tape import GradientTape

        array = dispatch.array_from_numpy(x)
        with GradientTape() as own:
            own.watch(array)
            result = ours(array)
        found = own.gradient(result, array, output_gradients=dispatch.array_from_numpy(cotangent))
        np.testing.assert_allclose(np.asarray(result), y.numpy(), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(np.asarray(found), expected.numpy(), rtol=1e-10, atol=1e-10)
