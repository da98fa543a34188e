"""Training against real Keras on JAX: the same weights, data and settings give the same histories, names, and files."""

import keras as theirs
import numpy as np
import pytest

from headwater import keras as ours

rng = np.random.default_rng(1)
X = rng.normal(size=(50, 6)).astype("float32")
Y = np.tanh(X @ rng.normal(size=(6, 2))).astype("float32")
LABELS = (X[:, 0] > 0).astype("int64") + (X[:, 1] > 0.5)
BINARY = (X[:, :1] > 0).astype("float32")
WEIGHTS = rng.uniform(0.5, 2.0, size=50).astype("float32")


def classifier(keras, units=3, activation="softmax"):
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(units, activation=activation)]
    )


def two_heads(keras):
    x = keras.Input((6,), name="features")
    h = keras.layers.Dense(8, activation="tanh", kernel_regularizer="l2")(x)
    a = keras.layers.Dense(2, name="a")(h)
    b = keras.layers.Dense(3, activation="softmax", name="b")(keras.layers.Concatenate()([h, a]))
    return keras.Model(x, [a, b])


def dict_heads(keras):
    x = keras.Input((6,), name="features")
    h = keras.layers.Dense(8, activation="tanh")(x)
    return keras.Model(x, {"p": keras.layers.Dense(2, name="p")(h), "q": keras.layers.Dense(1, name="q")(h)})


def one(keras):
    return classifier(keras, 2, None)


SETTINGS = {
    "regression by string": (
        one,
        {"optimizer": "sgd", "loss": "mse", "metrics": ["mae", "mean_squared_error"]},
        {},
        (X, Y),
    ),
    "sparse labels": (
        classifier,
        {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]},
        {},
        (X, LABELS),
    ),
    "short name of accuracy, chosen loss": (
        classifier,
        {"optimizer": "rmsprop", "loss": "crossentropy", "metrics": ["acc"]},
        {},
        (X, LABELS),
    ),
    "one hot": (
        classifier,
        {"optimizer": "adam", "loss": "categorical_crossentropy", "metrics": ["accuracy"]},
        {},
        (X, np.eye(3, dtype="float32")[LABELS]),
    ),
    "binary": (
        lambda k: classifier(k, 1, "sigmoid"),
        {"optimizer": "adam", "loss": "binary_crossentropy", "metrics": ["accuracy", "AUC"]},
        {},
        (X, BINARY),
    ),
    "binary, flat targets": (
        lambda k: classifier(k, 1, "sigmoid"),
        {"optimizer": "adam", "loss": "binary_crossentropy"},
        {},
        (X, BINARY[:, 0]),
    ),
    "sample weights": (
        one,
        {"optimizer": "sgd", "loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mae", "mse"]},
        {"sample_weight": WEIGHTS},
        (X, Y),
    ),
    "class weights": (
        classifier,
        {"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", "weighted_metrics": ["accuracy"]},
        {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
        (X, LABELS),
    ),
    "validation split": (
        one,
        {"optimizer": "adamw", "loss": "mae", "metrics": ["mse"]},
        {"validation_split": 0.3},
        (X, Y),
    ),
    "validation data every second epoch": (
        one,
        {"optimizer": "adam", "loss": "huber"},
        {"validation_data": (X[:9], Y[:9]), "validation_freq": 2},
        (X, Y),
    ),
    "steps per epoch": (one, {"optimizer": "sgd", "loss": "mse"}, {"steps_per_epoch": 2}, (X, Y)),
    "two heads, one loss": (
        two_heads,
        {"optimizer": "sgd", "loss": "mse"},
        {},
        (X, [Y, np.eye(3, dtype="float32")[LABELS]]),
    ),
    "two heads, lists": (
        two_heads,
        {
            "optimizer": "adam",
            "loss": ["mse", "sparse_categorical_crossentropy"],
            "loss_weights": [1.0, 0.5],
            "metrics": [["mae"], ["accuracy"]],
        },
        {},
        (X, [Y, LABELS]),
    ),
    "two heads, dicts by name": (
        two_heads,
        {
            "optimizer": "adam",
            "loss": {"a": "mse", "b": "sparse_categorical_crossentropy"},
            "loss_weights": {"a": 2.0, "b": 0.5},
            "metrics": {"b": ["accuracy", "sparse_categorical_crossentropy"], "a": "mae"},
        },
        {},
        (X, {"a": Y, "b": LABELS}),
    ),
    "two heads, a loss for one": (two_heads, {"optimizer": "sgd", "loss": ["mse", None]}, {}, (X, [Y, LABELS])),
    "dict outputs": (
        dict_heads,
        {"optimizer": "sgd", "loss": {"p": "mse", "q": "mae"}, "metrics": {"p": ["mae"], "q": ["mse", "mae"]}},
        {},
        (X, {"p": Y, "q": BINARY}),
    ),
    "metric twice": (one, {"optimizer": "sgd", "loss": "mse", "metrics": ["mae", "mae"]}, {}, (X, Y)),
    "clipped": (
        one,
        {"optimizer": ("SGD", {"learning_rate": 0.5, "momentum": 0.9, "clipnorm": 0.1}), "loss": "mse"},
        {},
        (X, Y),
    ),
    "functions": (one, {"optimizer": "sgd", "loss": "functions", "metrics": "functions"}, {}, (X, Y)),
}


def compiled(keras, make, settings):
    settings = dict(settings)
    if isinstance(settings["optimizer"], tuple):
        name, arguments = settings["optimizer"]
        settings["optimizer"] = getattr(keras.optimizers, name)(**arguments)
    if settings["loss"] == "functions":

        def squared(y, p):
            return keras.ops.mean(keras.ops.square(y - p), axis=-1)

        def worst(y, p):
            return keras.ops.max(keras.ops.abs(y - p), axis=-1)

        settings.update(
            loss=squared,
            metrics=[worst, keras.metrics.MeanSquaredError(name="named"), keras.losses.mean_absolute_error],
        )
    model = make(keras)
    model.compile(**settings)
    return model


@pytest.mark.filterwarnings("ignore:the loss does not depend")
@pytest.mark.filterwarnings("ignore:Gradients do not exist")
@pytest.mark.parametrize("name", SETTINGS)
def test_history_equals_that_of_keras(name):
    make, settings, arguments, (x, y) = SETTINGS[name]
    mine, other = compiled(ours, make, settings), compiled(theirs, make, settings)
    mine.set_weights(other.get_weights())
    run = {"epochs": 3, "batch_size": 16, "shuffle": False, "verbose": 0, **arguments}
    found, wanted = mine.fit(x, y, **run).history, other.fit(x, y, **run).history
    assert list(found) == list(wanted)
    for key in wanted:
        np.testing.assert_allclose(found[key], wanted[key], rtol=2e-3, atol=2e-5, err_msg=key)
    for a, b in zip(mine.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=5e-3, atol=5e-5)
    assert mine.metrics_names == other.metrics_names
    arguments = {"sample_weight": WEIGHTS} if "sample_weight" in arguments else {}
    found, wanted = mine.evaluate(x, y, verbose=0, **arguments), other.evaluate(x, y, verbose=0, **arguments)
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize("name", ["sparse labels", "two heads, lists", "dict outputs"])
def test_single_batches_equal_those_of_keras(name):
    make, settings, _, (x, y) = SETTINGS[name]
    mine, other = compiled(ours, make, settings), compiled(theirs, make, settings)
    mine.set_weights(other.get_weights())
    for _ in range(3):
        found, wanted = mine.train_on_batch(x, y, return_dict=True), other.train_on_batch(x, y, return_dict=True)
        assert list(found) == list(wanted)
        np.testing.assert_allclose(list(found.values()), [float(v) for v in wanted.values()], rtol=2e-3, atol=2e-5)
    mine.reset_metrics(), other.reset_metrics()
    found, wanted = mine.test_on_batch(x, y), other.test_on_batch(x, y)
    np.testing.assert_allclose(found, [float(v) for v in wanted], rtol=2e-3, atol=2e-5)
    found, wanted = mine.predict_on_batch(x), other.predict_on_batch(x)
    for a, b in zip(ours.tree.flatten(found), theirs.tree.flatten(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4)


def with_loss_layer(keras):
    class Weighed(keras.layers.Layer):
        def call(self, x):
            self.add_loss(0.01 * keras.ops.sum(keras.ops.square(x)))
            return x

    x = keras.Input((6,))
    h = keras.layers.Dense(4, activity_regularizer="l1")(x)
    return keras.Model(x, keras.layers.Dense(2)(Weighed()(h)))


def test_losses_of_layers_equal_those_of_keras():
    mine, other = with_loss_layer(ours), with_loss_layer(theirs)
    for model in (mine, other):
        model.compile("sgd", "mse")
    mine.set_weights(other.get_weights())
    run = {"epochs": 2, "batch_size": 20, "shuffle": False, "verbose": 0}
    np.testing.assert_allclose(mine.fit(X, Y, **run).history["loss"], other.fit(X, Y, **run).history["loss"], rtol=1e-4)


def test_masks_weigh_the_loss_as_in_keras():
    ids = np.array([[1, 2, 0, 0], [3, 1, 2, 0], [4, 4, 4, 4]])
    targets = rng.normal(size=(3, 4, 1)).astype("float32")

    def make(keras):
        model = keras.Sequential(
            [keras.Input((4,), dtype="int32"), keras.layers.Embedding(5, 3, mask_zero=True), keras.layers.Dense(1)]
        )
        model.compile("sgd", "mse")
        return model

    mine, other = make(ours), make(theirs)
    mine.set_weights(other.get_weights())
    run = {"epochs": 2, "batch_size": 2, "shuffle": False, "verbose": 0}
    found, wanted = mine.fit(ids, targets, **run).history, other.fit(ids, targets, **run).history
    for key in wanted:
        np.testing.assert_allclose(found[key], wanted[key], rtol=1e-4, err_msg=key)


def test_custom_train_step_equals_the_same_step_of_keras_by_hand():
    import headwater as tf

    class Doubled(ours.Model):
        def __init__(self):
            super().__init__()
            self.dense = ours.layers.Dense(2, kernel_initializer="ones")
            self.tracker = ours.metrics.Mean(name="twice")

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
            self.tracker.update_state(2 * loss)
            return {"twice": self.tracker.result(), "last": loss}

    model = Doubled()
    model.compile(ours.optimizers.SGD(0.1), "mse")
    history = model.fit(X, Y, batch_size=25, epochs=2, shuffle=False, verbose=0).history
    kernel, bias, expected = np.ones((6, 2)), np.zeros(2), []
    for _ in range(2):
        for rows in (slice(0, 25), slice(25, 50)):
            error = X[rows] @ kernel + bias - Y[rows]
            expected.append((error**2).mean())
            kernel, bias = kernel - 0.1 * X[rows].T @ error / 25, bias - 0.1 * error.mean(axis=0)
    np.testing.assert_allclose(history["last"], expected[1::2], rtol=1e-4)
    np.testing.assert_allclose(history["twice"], [expected[0] + expected[1], expected[2] + expected[3]], rtol=1e-4)
