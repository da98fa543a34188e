"""Keras by `fit`: real Keras on the backend that KERAS_BACKEND names, or Headwater's with HEADWATER_WORKER=1.

The two run the same lines: only the import differs.
"""

import os
import time

import protocol
from keras_models import build
from measure import briefly

START = time.perf_counter()
if os.environ.get("HEADWATER_WORKER"):
    import headwater
    from headwater import keras

    VERSION = headwater.__version__
else:
    import keras

    VERSION = keras.__version__
keras.Sequential, keras.layers.Dense  # what is loaded on first use counts as import  # noqa: B018
IMPORT_SECONDS = time.perf_counter() - START


class KerasSystem:
    """The model of a workload, compiled with adam."""

    import_seconds = IMPORT_SECONDS
    version = VERSION

    def __init__(self, workload):
        self.batch = workload.batch
        self.model = build(keras, workload.name)
        self.call = self._compiled_call()

    def train(self, x, y):
        history = self.model.fit(x, y, batch_size=self.batch, epochs=1, shuffle=False, verbose=0)
        return history.history["loss"][-1]

    def predict(self, rows):
        return self.model.predict_on_batch(rows)

    def _compiled_call(self):
        """The model as a compiled function from array to array, as the backend's users write it."""
        model = self.model
        if os.environ.get("HEADWATER_WORKER"):
            function = headwater.function(lambda rows: model(rows, training=False))
            return lambda rows: function(rows).numpy()
        backend = keras.backend.backend()
        if backend == "tensorflow":
            import tensorflow

            function = tensorflow.function(lambda rows: model(rows, training=False))
            return lambda rows: function(rows).numpy()
        if backend == "jax":
            return _jitted(model)
        import torch

        def function(rows):
            with torch.no_grad():
                return model(rows, training=False).numpy()

        return function

    def product(self, operation):
        if not os.environ.get("HEADWATER_WORKER"):
            return None
        a, b = headwater.ones((operation.m, operation.k)), headwater.ones((operation.k, operation.n))
        return _native_seconds(headwater.matmul, a, b)

    def convolution(self, operation):
        if not os.environ.get("HEADWATER_WORKER"):
            return None
        tf, o = headwater, operation

        def forward(x, kernel):
            return tf.nn.conv2d(x, kernel, strides=o.strides, padding="SAME" if o.same else "VALID")

        def gradient(x, kernel, g):
            with tf.GradientTape() as tape:
                source = x if o.direction == "input" else kernel
                tape.watch(source)
                y = forward(x, kernel)
            return tape.gradient(y, source, output_gradients=g)

        x = tf.ones((o.batch, o.size, o.size, o.channels))
        kernel = tf.ones((o.kernel, o.kernel, o.channels, o.filters))
        if o.direction == "forward":
            return _native_seconds(forward, x, kernel)
        return _native_seconds(gradient, x, kernel, forward(x, kernel))


def _native_seconds(function, *args):
    """Seconds of the instructions of a function's program alone, without the call around them."""
    executable, _ = headwater.function(function).get_concrete_function(*args).executable()
    buffers = [arg.buffer for arg in args]
    nanoseconds = []
    briefly(lambda: nanoseconds.append(sum(executable.profile(buffers, ())[1])), 0.1)
    return min(nanoseconds) * 1e-9


def _jitted(model):
    """A jitted call of a Keras model on JAX; its weights are copied, since `fit` gives its own away."""
    import jax

    function = jax.jit(lambda trained, other, rows: model.stateless_call(trained, other, rows, training=False)[0])
    weights = []

    def call(rows):
        if not weights:
            for variables in (model.trainable_variables, model.non_trainable_variables):
                weights.append([jax.numpy.array(variable.value, copy=True) for variable in variables])
        return jax.device_get(function(*weights, rows))

    return call


if __name__ == "__main__":
    protocol.serve(KerasSystem)
