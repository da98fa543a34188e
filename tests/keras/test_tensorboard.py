"""The TensorBoard callback against Keras's: the same names at the same steps, with the same numbers."""

import numpy as np
import pytest

from headwater import keras
from headwater.errors import ArgumentError
from headwater.keras.callbacks.tensorboard import weight_picture
from tests.summary.test_summary import events_of, values_of

x = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)


def trained(which, folder, **options):
    model = which.Sequential([which.Input((4,)), which.layers.Dense(3, name="a"), which.layers.Dense(1, name="b")])
    for place, weight in enumerate(model.weights):
        weight.assign(np.random.default_rng(place).normal(size=weight.shape).astype("float32"))
    model.compile(which.optimizers.SGD(0.01), "mse", metrics=["mae"])
    callback = which.callbacks.TensorBoard(str(folder), **options)
    model.fit(
        x, y, batch_size=8, epochs=2, shuffle=False, verbose=0, validation_data=(x[:8], y[:8]), callbacks=[callback]
    )
    return model


@pytest.mark.parametrize("options", [{}, {"update_freq": 1}, {"histogram_freq": 1, "write_images": True}])
def test_numbers_are_those_of_keras(tmp_path, options):
    import keras as real

    trained(keras, tmp_path / "ours", **options)
    trained(real, tmp_path / "theirs", **options)
    for part in ("train", "validation"):
        ours = {(tag, step): value for step, tag, plugin, value in values_of(tmp_path / "ours" / part)}
        theirs = {
            (tag, step): value for step, tag, plugin, value in values_of(tmp_path / "theirs" / part) if tag != "keras"
        }
        scalars = [key for key in theirs if theirs[key].dtype.kind == "f" and theirs[key].ndim == 0]
        assert scalars and {key for key in ours if ours[key].ndim == 0} == set(scalars)
        for key in scalars:
            np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-5, err_msg=str(key))
        others = [key for key in theirs if key not in scalars]
        assert len(others) == len(ours) - len(scalars)


def test_the_graph_shows_how_layers_are_connected(tmp_path):
    from tensorflow.core.framework import graph_pb2

    trained(keras, tmp_path)
    (content,) = [event.graph_def for event in events_of(tmp_path / "train") if event.graph_def]
    nodes = {node.name: node for node in graph_pb2.GraphDef.FromString(content).node}
    assert nodes["b"].op == "Dense" and list(nodes["b"].input) == ["a"]


def test_steps_per_second_and_later_evaluations_are_written(tmp_path):
    model = trained(keras, tmp_path, write_steps_per_second=True)
    tags = {tag for _, tag, _, _ in values_of(tmp_path / "train")}
    assert "epoch_steps_per_second" in tags
    model.evaluate(x, y, verbose=0, callbacks=[keras.callbacks.TensorBoard(str(tmp_path / "later"))])
    found = values_of(tmp_path / "later" / "validation")
    assert {(step, tag) for step, tag, _, _ in found} == {
        (6, "evaluation_loss_vs_iterations"), (6, "evaluation_mae_vs_iterations"),
    }  # fmt: skip


def test_embeddings_go_to_the_projector(tmp_path):
    model = keras.Sequential([keras.layers.Embedding(5, 2, name="words"), keras.layers.Flatten()])
    model.compile("sgd", "mse")
    callback = keras.callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata="names.tsv")
    model.fit(np.array([[1], [2]]), np.zeros((2, 2)), verbose=0, callbacks=[callback])
    config = (tmp_path / "projector_config.pbtxt").read_text()
    assert 'tensor_path: "words-0.tsv"' in config and 'metadata_path: "names.tsv"' in config
    rows = np.loadtxt(tmp_path / "words-0.tsv")
    np.testing.assert_allclose(rows, np.asarray(model.layers[0].embeddings), rtol=1e-5)
    with pytest.raises(ArgumentError, match="no embeddings of the model"):
        keras.callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"x": "y"}).set_model(model)


def test_only_batches_that_are_asked_for_cost_time(tmp_path):
    from headwater.keras.callbacks import CallbackList

    assert not CallbackList(keras.callbacks.TensorBoard(tmp_path)).needs_train_batch_end
    assert CallbackList(keras.callbacks.TensorBoard(tmp_path, update_freq=5)).needs_train_batch_end
    with pytest.raises(ArgumentError, match="update_freq"):
        keras.callbacks.TensorBoard(tmp_path, update_freq="hourly")


def test_pictures_of_weights():
    assert weight_picture(np.arange(6.0)).shape == (1, 6, 1, 1)
    assert weight_picture(np.zeros((5, 2))).shape == (1, 2, 5, 1)
    assert weight_picture(np.zeros((3, 3, 1, 8))).shape == (8, 3, 3, 1)
    assert weight_picture(np.zeros((3, 3, 2, 8))) is None
