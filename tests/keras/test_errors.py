"""A user's mistakes: the message says what is wrong, where (as a path of layers) and what to do."""

import numpy as np
import pytest

import headwater as tf
from headwater import keras
from headwater.errors import HeadwaterError
from headwater.keras import layers

X, Y = np.ones((8, 4), "float32"), np.zeros(8, "int64")


def classifier():
    head = keras.Sequential([keras.Input((6,)), layers.Dense(3, name="logits")], name="head")
    model = keras.Sequential([keras.Input((4,)), layers.Dense(6, name="first"), head], name="classifier")
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


class FiveRows(layers.Layer):
    def call(self, x):
        return tf.matmul(x, tf.ops.ones((5, 2)))


def broken():
    model = keras.Sequential([layers.Dense(4), FiveRows(name="bad")], name="outer")
    model.compile("sgd", "mse")
    return model


UNCOMPILED = "is not compiled"
MISTAKES = {
    "wrong number of features": (
        lambda: classifier().fit(X[:, :3], Y, verbose=0),
        ValueError,
        ["to have value 4", "(8, 3)", "Sequential 'classifier' > Dense 'first'"],
    ),
    "wrong number of axes": (
        lambda: layers.Dense(3, name="d")(np.ones(3)),
        ValueError,
        ["min_ndim=2", "Dense 'd'", "x[None]"],
    ),
    "x and y of different length": (lambda: classifier().fit(X, Y[:5]), ValueError, ["'x' has 8", "'y' has 5"]),
    "empty data": (lambda: classifier().fit(X[:0], Y[:0]), ValueError, ["0 samples"]),
    "no data": (lambda: classifier().fit(), ValueError, ["x is None"]),
    "empty generator": (lambda: classifier().fit(iter([]), verbose=0), ValueError, ["gave no batch"]),
    "no targets": (lambda: classifier().fit(X, verbose=0), ValueError, ["y is None"]),
    "labels out of range": (
        lambda: classifier().fit(X, Y + 3, verbose=0),
        ValueError,
        ["label 3 is no class", "4 units"],
    ),
    "labels out of range, one batch": (lambda: classifier().train_on_batch(X, Y - 1), ValueError, ["label -1"]),
    "strings": (lambda: classifier().fit(np.full((8, 4), "a"), Y), TypeError, ["string does not become float32"]),
    "unknown optimizer": (lambda: classifier().compile("adamm", "mse"), ValueError, ["'adamm'", "'adam'"]),
    "unknown loss": (lambda: classifier().compile("adam", "msse"), ValueError, ["'msse'", "'mse'"]),
    "unknown metric": (lambda: classifier().compile("adam", "mse", metrics=["acuracy"]), ValueError, ["'accuracy'"]),
    "metrics as a string": (
        lambda: classifier().compile("adam", "mse", metrics="mae"),
        ValueError,
        ["metrics=['mae']"],
    ),
    "not compiled": (lambda: keras.Sequential([layers.Dense(1)]).fit(X, Y), ValueError, [UNCOMPILED, "model.compile"]),
    "units below 1": (lambda: layers.Dense(0), ValueError, ["units=0"]),
    "misspelt argument": (lambda: layers.Dense(3, unit=3), ValueError, ["unit"]),
    "not a layer": (lambda: keras.Sequential([3]), ValueError, ["3 of type int"]),
    "index without a row": (
        lambda: layers.Embedding(3, 2, name="e")([[5]]),
        IndexError,
        ["rows 0 to 2", "Embedding 'e'"],
    ),
    "mistake inside a layer": (
        lambda: broken().fit(X, np.ones((8, 2)), verbose=0),
        ValueError,
        ["(None, 4) @ (5, 2)", "Sequential 'outer' > Bad 'bad'".replace("Bad", "FiveRows")],
    ),
    "shapes that do not join": (
        lambda: layers.Concatenate(name="c")([np.ones((2, 3)), np.ones((3, 3, 3))]),
        ValueError,
        ["(2, 3)", "(3, 3, 3)"],
    ),
    "input left out": (
        lambda: keras.Model(keras.Input((2,)), layers.Dense(2)(keras.Input((2,), name="lost"))),
        ValueError,
        ["'lost'"],
    ),
    "two layers of one name": (
        lambda: keras.Sequential([layers.Dense(1, name="n"), layers.Dense(1, name="n")]),
        ValueError,
        ["'n'"],
    ),
    "no such file": (lambda: keras.models.load_model("nowhere.keras"), FileNotFoundError, ["nowhere.keras"]),
    "no such layer": (lambda: classifier().get_layer("lost"), ValueError, ["lost", "'first'"]),
    "batch of no samples": (lambda: classifier().fit(X, Y, batch_size=0), ValueError, ["batch_size=0"]),
    "nothing left to train on": (lambda: classifier().fit(X, Y, validation_split=0.99), ValueError, ["empty"]),
    "weights of another shape": (
        lambda: classifier().set_weights([np.ones((2, 2))] * 4),
        ValueError,
        ["(4, 6)", "(2, 2)"],
    ),
    "super().__init__ forgotten": (
        lambda: type("L", (layers.Layer,), {"__init__": lambda self: None, "call": lambda self, x: x})()(X),
        RuntimeError,
        ["super().__init__()"],
    ),
    "condition on a KerasTensor": (lambda: bool(keras.Input((2,))), RuntimeError, ["without values"]),
    "values of a KerasTensor": (lambda: np.asarray(keras.Input((2,))), RuntimeError, ["without values"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_explained(name):
    make, kind, parts = MISTAKES[name]
    with pytest.raises(HeadwaterError) as caught:
        make()
    assert isinstance(caught.value, kind)
    text = str(caught.value)
    assert "\n  fix  " in text
    for part in parts:
        assert part in text


def test_terminate_on_nan_ends_training_and_the_model_stays_usable():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e30), "mse")
    history = model.fit(X * 1e10, np.ones((8, 1)), epochs=5, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert len(history.history["loss"]) < 5
    assert model.predict(X, verbose=0).shape == (8, 1)


def test_an_error_in_fit_leaves_the_model_usable():
    model = classifier()
    with pytest.raises(ValueError):
        model.fit(X[:, :3], Y, verbose=0)
    model.fit(X, Y, verbose=0)
    assert np.isfinite(model.predict(X, verbose=0)).all()
