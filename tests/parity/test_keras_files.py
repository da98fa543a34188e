"""Files both ways: real Keras loads what we save with equal predictions, and we load what it saves."""

import json
import zipfile

import keras as theirs
import numpy as np
import pytest

from headwater import keras as ours

rng = np.random.default_rng(2)
X = rng.normal(size=(12, 6)).astype("float32")
Y = rng.normal(size=(12, 2)).astype("float32")


def sequential(keras):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(5, activation="relu", kernel_regularizer="l2"),
            layers.Dropout(0.3, seed=3),
            layers.BatchNormalization(),
            layers.Dense(2, name="out", bias_constraint="non_neg"),
        ]
    )
    model.compile("adam", "mse", metrics=["mae", keras.metrics.MeanSquaredError(name="q")])
    return model, X, Y


def functional(keras):
    layers, ops = keras.layers, keras.ops
    x, shared = keras.Input((6,), name="x"), layers.Dense(4, activation="tanh")
    a = shared(x)
    b = shared(ops.relu(x * 2.0 - 1.0))
    c = ops.concatenate([a[:, :2], ops.sum(b, axis=-1, keepdims=True)], axis=1)
    inner = keras.Sequential([layers.Dense(3), layers.LayerNormalization()], name="inner")
    outputs = [layers.Dense(2, name="p")(layers.Add()([inner(c), inner(c + 1.0)])), layers.Dense(1, name="q")(c)]
    model = keras.Model(x, outputs)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), {"p": "mse", "q": "mae"}, loss_weights={"p": 1.0, "q": 0.5})
    return model, X, [Y, Y[:, :1]]


def named_inputs(keras):
    layers = keras.layers
    words = keras.Input((4,), dtype="int32", name="words")
    size = keras.Input((1,), name="size")
    h = layers.GlobalAveragePooling1D()(layers.Embedding(9, 3, mask_zero=True)(words))
    model = keras.Model({"words": words, "size": size}, layers.Dense(2)(layers.Concatenate()([h, size])))
    model.compile("rmsprop", "mse")
    return model, {"words": rng.integers(1, 9, (12, 4)), "size": X[:, :1]}, Y


def augmented(keras):
    """With a layer that real Keras doesn't compile on JAX: it warns if a file says that it should."""
    layers = keras.layers
    steps = [layers.Reshape((2, 3, 1)), layers.RandomTranslation(0.1, 0.1), layers.Flatten(), layers.Dense(2)]
    model = keras.Sequential([keras.Input((6,)), *steps])
    model.compile("sgd", "mse")
    return model, X, Y


MODELS = {"sequential": sequential, "functional": functional, "named inputs": named_inputs, "augmented": augmented}


def close(a, b):
    a, b = (theirs.tree.flatten(value) for value in (a, b))
    for left, right in zip(a, b, strict=True):
        np.testing.assert_allclose(np.asarray(left), np.asarray(right), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("direction", ["ours to theirs", "theirs to ours", "ours to ours"])
def test_whole_models(name, direction, tmp_path):
    writer, reader = {"ours to theirs": (ours, theirs), "theirs to ours": (theirs, ours), "ours to ours": (ours, ours)}[
        direction
    ]
    model, x, y = MODELS[name](writer)
    model.fit(x, y, epochs=2, verbose=0)
    path = str(tmp_path / "model.keras")
    model.save(path)
    loaded = reader.models.load_model(path)
    close(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert int(np.asarray(loaded.optimizer.iterations)) == 2
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    if name not in ("sequential", "augmented"):  # whose random layers draw other numbers
        run = {"epochs": 2, "shuffle": False, "verbose": 0}
        found, wanted = loaded.fit(x, y, **run).history, model.fit(x, y, **run).history
        assert list(found) == list(wanted)
        for key in wanted:
            np.testing.assert_allclose(found[key], wanted[key], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("ours_writes", [True, False])
def test_weights(name, ours_writes, tmp_path):
    writer, reader = (ours, theirs) if ours_writes else (theirs, ours)
    (model, x, _), (other, _, _) = MODELS[name](writer), MODELS[name](reader)
    path = str(tmp_path / "m.weights.h5")
    model.save_weights(path)
    other.load_weights(path)
    close(other.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("ours_writes", [True, False])
@pytest.mark.filterwarnings("ignore")
def test_older_h5_files(ours_writes, tmp_path):
    writer, reader = (ours, theirs) if ours_writes else (theirs, ours)
    model, x, y = sequential(writer)
    model.fit(x, y, verbose=0)
    path = str(tmp_path / "m.h5")
    model.save(path)
    loaded = reader.models.load_model(path, compile=not ours_writes)
    close(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def make_classes(keras):
    class Block(keras.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.inner = keras.layers.Dense(units)
            self.more = [keras.layers.Dense(units), keras.layers.BatchNormalization()]
            self.named = {"b": keras.layers.Dense(2), "a": keras.layers.Dense(units)}

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(self.units,), initializer="ones", name="scale")

        def call(self, x):
            x = self.inner(x) * self.scale
            for layer in [*self.more, self.named["a"], self.named["b"]]:
                x = layer(x)
            return x

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    class Net(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.block = Block(3)
            self.extra = self.add_weight(shape=(2,), initializer="ones", name="extra")
            self.seen = keras.metrics.Mean(name="seen")

        def call(self, x):
            return self.block(x) + self.extra

        def get_config(self):
            return {"name": self.name}

    return {"Block": Block, "Net": Net}


@pytest.mark.parametrize("ours_writes", [True, False])
def test_subclasses(ours_writes, tmp_path):
    writer, reader = (ours, theirs) if ours_writes else (theirs, ours)
    model = make_classes(writer)["Net"]()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    path = str(tmp_path / "m.keras")
    model.save(path)
    loaded = reader.models.load_model(path, custom_objects=make_classes(reader))
    close(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    weights = str(tmp_path / "m.weights.h5")
    model.save_weights(weights)
    fresh = make_classes(reader)["Net"]()
    fresh.compile("adam", "mse")
    fresh.train_on_batch(X, Y)
    fresh.load_weights(weights)
    close(fresh.predict(X, verbose=0), model.predict(X, verbose=0))


def plain(config):
    """A config without what differs from run to run."""
    if isinstance(config, dict):
        return {key: plain(value) for key, value in config.items() if key not in ("shared_object_id", "jit_compile")}
    return [plain(value) for value in config] if isinstance(config, list) else config


@pytest.mark.parametrize("name", MODELS)
def test_config_json_equals_that_of_keras(name, tmp_path):
    texts = []
    for keras in (ours, theirs):
        keras.utils.clear_session()
        model, _, _ = MODELS[name](keras)
        path = str(tmp_path / f"{keras.__name__}.keras")
        model.save(path)
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
            texts.append(json.loads(archive.read("config.json")))
    assert plain(texts[0]) == plain(texts[1])
