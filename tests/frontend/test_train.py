"""Checkpoints: what is saved comes back, into objects that exist and into those that are made later."""

import os

import numpy as np
import pytest

import headwater as tf
from headwater import keras
from headwater.errors import DataLossError, NotFoundError, ShapeError


class Net(tf.Module):
    def __init__(self, value):
        super().__init__()
        self.w = tf.Variable([value, value])
        self.parts = [tf.Variable(value), {"inner": tf.Variable(value)}]


def model():
    made = keras.Sequential([keras.layers.Dense(4, activation="relu"), keras.layers.Dense(1)])
    made.compile(keras.optimizers.Adam(0.01), "mse")
    return made


def test_modules_come_back(tmp_path):
    saved = tf.train.Checkpoint(net=Net(3.0), step=tf.Variable(7), half=tf.Variable([1.5], dtype="bfloat16"))
    path = saved.save(tmp_path / "model")
    assert path.endswith("model-1") and tf.train.latest_checkpoint(tmp_path) == path
    fresh = tf.train.Checkpoint(net=Net(0.0), step=tf.Variable(0), half=tf.Variable([0.0], dtype="bfloat16"))
    fresh.restore(path).assert_consumed()
    assert [float(v.numpy().ravel()[0]) for v in fresh.net.variables] == [3.0] * 3
    assert int(fresh.step) == 7 and fresh.half.dtype == "bfloat16"
    assert ("net/w", [2]) in tf.train.list_variables(path)
    np.testing.assert_array_equal(tf.train.load_variable(tmp_path, "net/w/.ATTRIBUTES/VARIABLE_VALUE"), [3, 3])


def test_a_model_and_its_optimizer_go_on_as_if_nothing_had_happened(tmp_path):
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    y = x.sum(1, keepdims=True)
    first = model()
    first.fit(x, y, epochs=2, verbose=0)
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(model=first, optimizer=first.optimizer), tmp_path, 2)
    for _ in range(3):
        manager.save()
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "ckpt-2.index", "ckpt-3.index"]
    second = model()  # not built: its variables are restored when they are made
    status = tf.train.Checkpoint(model=second, optimizer=second.optimizer).restore(manager.latest_checkpoint)
    np.testing.assert_allclose(second(x), first(x), rtol=1e-6)
    first.fit(x, y, epochs=1, verbose=0, shuffle=False)
    second.fit(x, y, epochs=1, verbose=0, shuffle=False)
    np.testing.assert_allclose(second(x), first(x), rtol=1e-5)
    status.assert_existing_objects_matched()


def test_other_architectures_and_damaged_files_are_refused(tmp_path):
    path = tf.train.Checkpoint(v=tf.Variable([1.0, 2.0])).write(tmp_path / "c")
    with pytest.raises(ShapeError, match="v has shape"):
        tf.train.Checkpoint(v=tf.Variable([1.0])).restore(path)
    with pytest.raises(AssertionError):
        tf.train.Checkpoint(other=tf.Variable(1.0)).restore(path).assert_consumed()
    with pytest.raises(NotFoundError):
        tf.train.Checkpoint().restore(str(tmp_path / "nothing"))
    whole = (tmp_path / "c.index").read_bytes()
    for damaged in (whole[:-4], b"\xff" * 64, b""):
        (tmp_path / "c.index").write_bytes(damaged)
        with pytest.raises(DataLossError):
            tf.train.load_checkpoint(path)


def test_an_empty_directory_has_no_checkpoint(tmp_path):
    assert tf.train.latest_checkpoint(tmp_path) is None
    v = tf.Variable(1.0)
    tf.train.Checkpoint(v=v).restore(tf.train.latest_checkpoint(tmp_path))
    manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=v), tmp_path, 1, init_fn=lambda: v.assign(5.0))
    assert manager.restore_or_initialize() is None and float(v) == 5.0


def test_nothing_is_left_beside_the_file(tmp_path):
    tf.train.Checkpoint(v=tf.Variable(1.0)).write(tmp_path / "deep" / "c")
    assert os.listdir(tmp_path / "deep") == ["c.index"]
