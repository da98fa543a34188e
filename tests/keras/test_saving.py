"""Files are read as data: under limits, by a closed table of names, and written whole or not at all."""

import contextlib
import io
import json
import os
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from headwater import keras
from headwater.errors import HeadwaterError
from headwater.keras import layers
from headwater.keras.saving import atomic, hdf5, strict_json

X = np.linspace(-1, 1, 24, dtype="float32").reshape(6, 4)


def small():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(2)])
    model.compile("adam", "mse")
    return model


@pytest.fixture
def path(tmp_path):
    name = str(tmp_path / "m.keras")
    small().save(name)
    return name


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path, **changes):
    parts = members(path)
    parts.update({key.replace("__", "."): value for key, value in changes.items()})
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def with_config(path, edit):
    config = json.loads(members(path)["config.json"])
    edit(config)
    return rewritten(path, config__json=json.dumps(config))


def test_a_class_that_is_not_in_the_table_is_refused(path):
    with_config(
        path, lambda c: c["config"]["layers"][1].update(module="os", class_name="system", registered_name="system")
    )
    with pytest.raises(HeadwaterError, match="neither built in nor a custom object"):
        keras.models.load_model(path)


def test_a_module_in_a_file_is_never_imported(path):
    def edit(config):
        config["config"]["layers"][1].update(
            module="headwater_no_such_module", class_name="Dense2", registered_name=None
        )

    with pytest.raises(HeadwaterError):
        keras.models.load_model(with_config(path, edit))


def test_code_of_a_lambda_in_a_file_is_never_run(path):
    def edit(config):
        value = {"class_name": "__lambda__", "config": {"value": ["4wAAAA==", None, None]}}
        config["config"]["layers"].append(
            {
                "module": "keras.layers",
                "class_name": "Lambda",
                "config": {"name": "l", "function": value},
                "registered_name": None,
            }
        )

    with_config(path, edit)
    with pytest.raises(HeadwaterError, match="Lambda"):
        keras.models.load_model(path)
    with pytest.raises(HeadwaterError, match="never run"):
        keras.models.load_model(path, safe_mode=False)


def test_a_lambda_layer_loads_with_safe_mode_off_and_its_function_given(tmp_path):
    def double(x):
        return x * 2

    model = keras.Sequential([keras.Input((4,)), layers.Lambda(double)])
    name = str(tmp_path / "m.keras")
    model.save(name)
    with pytest.raises(HeadwaterError, match="safe_mode=False"):
        keras.models.load_model(name, custom_objects={"double": double})
    loaded = keras.models.load_model(name, custom_objects={"double": double}, safe_mode=False)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), 2 * X)


def test_deep_json_is_refused():
    with pytest.raises(HeadwaterError, match="nested deeper"):
        strict_json.parse("[" * 2000 + "]" * 2000, "text")


def test_a_member_that_declares_more_than_it_stores_is_refused(path):
    config = members(path)["config.json"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", config)
        archive.writestr("model.weights.h5", b"\0" * 50_000_000)
    data = bytearray(Path(path).read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        assert archive.getinfo("model.weights.h5").file_size == 50_000_000
    with pytest.raises(HeadwaterError):
        keras.models.load_model(path)


def test_links_and_external_data_in_hdf5_are_refused(tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["values"] = np.ones(3)
    evil = str(tmp_path / "evil.h5")
    with h5py.File(evil, "w") as file:
        file["external"] = h5py.ExternalLink(str(secret), "values")
        file["soft"] = h5py.SoftLink("/plain")
        file["plain"] = np.ones(3)
        file.create_dataset("outside", shape=(3,), dtype="f4", external=[(str(tmp_path / "raw.bin"), 0, 12)])
        file.create_dataset("huge", shape=(1 << 40,), dtype="f8", chunks=(1024,))
        file.create_dataset("text", data="words")
    with hdf5.Reader(evil, "evil") as reader:
        np.testing.assert_array_equal(reader.array("plain"), np.ones(3))
        for name in ("external", "soft", "outside", "huge", "text", "missing"):
            with pytest.raises(HeadwaterError):
                reader.array(name)


@pytest.mark.parametrize("cut", [0, 10, 100, 1000])
def test_a_file_that_is_cut_short_is_refused(path, cut):
    data = Path(path).read_bytes()
    with open(path, "wb") as file:
        file.write(data[: len(data) - 1 - cut])
    with pytest.raises(HeadwaterError):
        keras.models.load_model(path)


def test_flipped_bits_raise_or_load_and_never_crash(path, tmp_path):
    rng = np.random.default_rng(0)
    data = Path(path).read_bytes()
    for _ in range(60):
        changed = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            changed[place] ^= 1 << int(rng.integers(0, 8))
        with open(path, "wb") as file:
            file.write(changed)
        with contextlib.suppress(HeadwaterError, ValueError, TypeError, KeyError):
            keras.models.load_model(path)


def test_weights_of_another_architecture_name_the_layer(tmp_path, path):
    other = keras.Sequential([keras.Input((4,)), layers.Dense(5, name="wide"), layers.Dense(2)])
    before = other.get_weights()
    with pytest.raises(HeadwaterError, match="'wide'"):
        other.load_weights(path)
    with pytest.warns(UserWarning, match="wide|dense"):
        other.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(other.get_weights()[0], before[0])


def test_a_failing_write_leaves_the_old_file(path, monkeypatch):
    before = Path(path).read_bytes()

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(atomic.os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        small().save(path)
    assert Path(path).read_bytes() == before
    assert os.listdir(os.path.dirname(path)) == ["m.keras"]


def test_overwrite_false_keeps_the_file(path):
    with pytest.raises(HeadwaterError, match="overwrite"):
        small().save(path, overwrite=False)


def test_registered_classes_load_by_themselves(tmp_path):
    @keras.saving.register_keras_serializable(package="tests")
    class Shift(layers.Layer):
        def __init__(self, by=1.0, **kwargs):
            super().__init__(**kwargs)
            self.by = by

        def call(self, x):
            return x + self.by

    @keras.saving.register_keras_serializable(package="tests")
    def squash(x):
        return keras.ops.tanh(x)

    model = keras.Sequential([keras.Input((4,)), Shift(2.0), layers.Dense(2, activation=squash)])
    name = str(tmp_path / "m.keras")
    model.save(name)
    loaded = keras.models.load_model(name)
    np.testing.assert_allclose(loaded.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)
    assert loaded.layers[0].by == 2.0


def test_json_and_clones_have_the_same_architecture_and_new_weights():
    model = small()
    again = keras.models.model_from_json(model.to_json())
    copy = keras.models.clone_model(model)
    for other in (again, copy):
        assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
        assert not np.array_equal(other.get_weights()[0], model.get_weights()[0])


def test_pickle_and_deepcopy_keep_weights():
    import copy
    import pickle

    model = small()
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_allclose(other.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)


def test_bfloat16_weights_survive(tmp_path):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, dtype="bfloat16")])
    name = str(tmp_path / "m.weights.h5")
    model.save_weights(name)
    other = keras.Sequential([keras.Input((4,)), layers.Dense(2, dtype="bfloat16")])
    other.load_weights(name)
    np.testing.assert_array_equal(other.get_weights()[0].astype("float32"), model.get_weights()[0].astype("float32"))
