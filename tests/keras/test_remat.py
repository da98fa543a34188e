"""Rematerialization: the same numbers from less memory."""

import numpy as np
import pytest

import headwater as tf
from headwater import keras
from headwater.passes import optimize

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(256, 32)).astype("float32"), rng.normal(size=(256, 4)).astype("float32")


def network(scope, depth=8, dropout=0.0):
    """A deep perceptron whose hidden layers are made inside a scope."""
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((32,))
    for index in range(depth):
        with scope():
            x = keras.layers.Dense(32, activation="gelu", name=f"hidden_{index}", activity_regularizer="l2")(x)
            x = keras.layers.BatchNormalization()(x)
            x = keras.layers.Dropout(dropout, seed=index)(x)
    return keras.Model(inputs, keras.layers.Dense(4)(x))


SCOPES = {
    "full": lambda: keras.RematScope(),
    "activations": lambda: keras.RematScope("activations"),
    "larger_than": lambda: keras.RematScope("larger_than", output_size_threshold=100),
    "list_of_layers": lambda: keras.RematScope("list_of_layers", layer_names=["hidden_0", "hidden_3"]),
    "none": lambda: keras.RematScope(None),
}


@pytest.mark.parametrize("name", SCOPES)
def test_training_gives_the_same_numbers(name):
    results = []
    for scope in (lambda: keras.RematScope(None), SCOPES[name]):
        model = network(scope, depth=3, dropout=0.3)
        model.compile(keras.optimizers.SGD(0.05), "mse")
        history = model.fit(X, Y, 64, 2, shuffle=False, verbose=0).history["loss"]
        results.append((history, [w.numpy() for w in model.weights]))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-5)
    for a, b in zip(results[0][1], results[1][1]):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_eager_gradients_are_the_same():
    found = []
    for scope in (SCOPES["none"], SCOPES["full"]):
        model = network(scope, depth=2)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(X, training=True) ** 2)
        found.append([g.numpy() for g in tape.gradient(loss, model.trainable_variables)])
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def step_of(function):
    """The program of a step: a chain of `function`, and its gradients."""
    weights = [tf.Variable(rng.normal(size=(64, 64)).astype("float32") * 0.2) for _ in range(12)]

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            for weight in weights:
                x = function(x, weight)
            loss = tf.reduce_mean(x * x)
        return tape.gradient(loss, weights)

    return step.get_concrete_function(tf.TensorSpec((2048, 64), tf.float32))


def test_less_memory_is_needed():
    def block(x, weight):
        return tf.tanh(tf.sin(tf.tanh(x @ weight)))

    kept, again = step_of(block), step_of(keras.remat(block))
    arena = [concrete.executable()[0].program.arena_bytes for concrete in (kept, again)]
    assert arena[1] < 0.5 * arena[0]
    names = [node.primitive.name for node in optimize(again.graph, "cpu").nodes]
    assert "recompute" not in names
    assert names.count("barrier") == 12


def test_remat_of_a_function_in_a_layer():
    class Block(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(32)
            self.again = keras.remat(self.inner)

        def inner(self, x):
            return tf.tanh(self.dense(x) * 2.0)

        def call(self, x):
            return self.again(x)

    block = Block()
    block(X)
    model = keras.Sequential([block, keras.layers.Dense(4)])
    model.compile("adam", "mse")
    losses = model.fit(X, Y, 64, 4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_masks_pass_through():
    with keras.RematScope():
        masking, dense = keras.layers.Masking(), keras.layers.LayerNormalization()
    x = rng.normal(size=(2, 3, 4)).astype("float32")
    x[:, 2] = 0
    with tf.GradientTape():
        found = tf.function(lambda x: dense(masking(x))._keras_mask)(x)
    np.testing.assert_array_equal(found.numpy(), [[True, True, False]] * 2)


def test_unknown_mode_is_explained():
    with pytest.raises(ValueError, match="mode 'half' is unknown"):
        keras.RematScope("half")
