"""Keras by `fit`: real Keras on the backend that KERAS_BACKEND names, or Headwater's with HEADWATER_WORKER=1.

The two run the same lines: only the import differs.
"""

import itertools
import os
import time

import protocol

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
    """The perceptron of a workload, compiled with adam, cross-entropy and accuracy."""

    import_seconds = IMPORT_SECONDS
    version = VERSION

    def __init__(self, workload):
        sizes = workload["sizes"]
        self.batch = workload["batch"]
        hidden = [keras.layers.Dense(units, activation="relu") for units in sizes[1:-1]]
        output = keras.layers.Dense(sizes[-1], activation="softmax")
        self.model = keras.Sequential([keras.Input((sizes[0],)), *hidden, output])
        self.model.set_weights(protocol.starting_weights(workload))
        self.model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    def train(self, x, y):
        history = self.model.fit(x, y, batch_size=self.batch, epochs=1, shuffle=False, verbose=0)
        return history.history["loss"][-1]

    def predict_row(self, row):
        return self.model.predict_on_batch(row)

    def floor(self, workload):
        """Seconds of what a step cannot do without: its matrix products alone, and its weights at copy speed."""
        import numpy as np  # only one system is asked for the floor

        sizes, batch = workload["sizes"], workload["batch"]
        rng = np.random.default_rng(0)
        total = 0.0
        for layer, (inputs, units) in enumerate(itertools.pairwise(sizes)):
            x, w, g = (
                rng.standard_normal(shape, dtype=np.float32)
                for shape in ((batch, inputs), (inputs, units), (batch, units))
            )
            products = [(x, w), (x.T, g)] + ([(g, w.T)] if layer else [])  # the input needs no gradient
            total += sum(fastest_product(a, b) for a, b in products)
            # adam reads and writes the weight and two moments, and reads the gradient
            target = np.empty_like(w)
            total += 3.5 * protocol.median_of(lambda target=target, w=w: np.copyto(target, w), 20)
        return total


def fastest_product(a, b):
    """Seconds of one matrix product: the better of Headwater's and NumPy's."""
    import numpy as np

    import headwater as tf

    left, right = tf.convert_to_tensor(np.ascontiguousarray(a)), tf.convert_to_tensor(np.ascontiguousarray(b))
    out = np.empty((a.shape[0], b.shape[1]), np.float32)
    return min(
        protocol.median_of(lambda: left @ right, 20),
        protocol.median_of(lambda: np.matmul(a, b, out=out), 20),
    )


if __name__ == "__main__":
    protocol.serve(KerasSystem)
