"""tf.summary: event files that TensorBoard's own reader understands."""

import glob
import io
import os

import numpy as np
import PIL.Image
import pytest

import headwater as tf
from headwater import keras
from headwater.errors import ArgumentError, NotFoundError, ShapeError, StateError
from headwater.io.records import read_records
from headwater.summary.graphs import nodes_of
from headwater.summary.kinds import histogram_table


def events_of(folder):
    """What TensorFlow's messages make of the records of all files of a folder."""
    from tensorflow.core.util import event_pb2

    files = sorted(glob.glob(os.path.join(folder, "events.out.tfevents.*")))
    return [event_pb2.Event.FromString(record) for file in files for record in read_records(file)]


def values_of(folder):
    """Step, tag, plugin and tensor of each summary."""
    import tensorflow

    return [
        (event.step, value.tag, value.metadata.plugin_data.plugin_name, tensorflow.make_ndarray(value.tensor))
        for event in events_of(folder)
        for value in event.summary.value
    ]


def test_scalars_have_their_step_and_the_file_its_version(tmp_path):
    with tf.summary.create_file_writer(tmp_path).as_default():
        for step in range(3):
            assert bool(tf.summary.scalar("loss", 0.5 * step, step=step))
    assert events_of(tmp_path)[0].file_version == "brain.Event:2"
    found = values_of(tmp_path)
    assert [(step, tag, plugin, float(value)) for step, tag, plugin, value in found] == [
        (step, "loss", "scalars", 0.5 * step) for step in range(3)
    ]


def test_tensorboard_reads_every_kind(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    pixels = np.linspace(0, 1, 2 * 4 * 5 * 3).reshape(2, 4, 5, 3).astype("float32")
    with tf.summary.create_file_writer(tmp_path).as_default(step=7):
        tf.summary.scalar("a", 1.5, description="what it is")
        tf.summary.histogram("b", np.arange(10.0), buckets=5)
        tf.summary.image("c", pixels, max_outputs=1)
        tf.summary.audio("d", np.zeros((1, 100, 1), "float32"), 8000)
        tf.summary.text("e", ["**bold**", "plain"])
        tf.summary.write("f", np.eye(2))
    reader = EventAccumulator(str(tmp_path))
    reader.Reload()
    assert sorted(reader.Tags()["tensors"]) == ["a", "b", "c", "d", "e", "f"]
    assert all(reader.Tensors(tag)[0].step == 7 for tag in "abcdef")
    metadata = reader.SummaryMetadata("a")
    assert (metadata.summary_description, metadata.data_class) == ("what it is", 1)
    found = {tag: value for _, tag, _, value in values_of(tmp_path)}
    np.testing.assert_allclose(found["b"][:, 2], [2, 2, 2, 2, 2])
    width, height, picture = found["c"]
    assert (int(width), int(height)) == (5, 4)
    shown = np.asarray(PIL.Image.open(io.BytesIO(picture)))
    np.testing.assert_allclose(shown, np.round(pixels[0] * 255), atol=1)
    assert found["d"].shape == (1, 2) and found["d"][0, 0].startswith(b"RIFF")
    assert list(found["e"]) == [b"**bold**", b"plain"]


def test_histograms_are_those_of_tensorflow(tmp_path):
    import tensorflow

    rng = np.random.default_rng(0)
    cases = [rng.normal(size=100), np.full(4, 2.5), np.zeros(0), np.array([1.0, 2.0])]
    with tensorflow.summary.create_file_writer(str(tmp_path)).as_default():
        for place, values in enumerate(cases):
            tensorflow.summary.histogram(str(place), values, step=0)
    theirs = {tag: value for _, tag, _, value in values_of(tmp_path)}
    for place, values in enumerate(cases):
        np.testing.assert_allclose(histogram_table(values, 30), theirs[str(place)], rtol=1e-6, err_msg=str(place))


def test_summaries_of_a_traced_function_are_written_when_it_runs(tmp_path):
    step = tf.Variable(0, dtype="int64")
    writer = tf.summary.create_file_writer(tmp_path)

    @tf.function
    def train(x):
        with writer.as_default():
            tf.summary.scalar("sum", tf.reduce_sum(x), step=step)
        step.assign_add(1)

    for value in (1.0, 2.0, 3.0):
        train(tf.fill([4], value))
    assert [(step, float(value)) for step, _, _, value in values_of(tmp_path)] == [(0, 4), (1, 8), (2, 12)]


def test_default_steps_and_conditions(tmp_path):
    with tf.summary.create_file_writer(tmp_path).as_default():
        with pytest.raises(ArgumentError, match="has no step"):
            tf.summary.scalar("a", 1.0)
        tf.summary.experimental.set_step(5)
        try:
            for number in range(4):
                with tf.summary.record_if(number % 2 == 0):
                    assert bool(tf.summary.scalar("a", number)) == (number % 2 == 0)
        finally:
            tf.summary.experimental.set_step(None)
    assert [(step, float(value)) for step, _, _, value in values_of(tmp_path)] == [(5, 0), (5, 2)]
    assert not bool(tf.summary.scalar("nobody listens", 1.0, step=0))
    with tf.summary.create_noop_writer().as_default():
        tf.summary.scalar("nothing", 1.0, step=0)


def test_what_can_not_be_written_is_told(tmp_path):
    writer = tf.summary.create_file_writer(tmp_path)
    with writer.as_default(step=0):
        with pytest.raises(ShapeError, match="is given shape"):
            tf.summary.scalar("a", [1.0, 2.0])
        with pytest.raises(ShapeError, match="height, width, channels"):
            tf.summary.image("b", np.zeros((4, 4)))
        writer.init()
        writer.close()
        with pytest.raises(StateError, match="is closed"):
            tf.summary.scalar("c", 1.0)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotFoundError, match="can't be made"):
        tf.summary.create_file_writer(tmp_path / "file" / "logs").init()


def test_graphs_group_nodes_by_layer(tmp_path):
    from tensorflow.core.framework import graph_pb2

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "relu", name="hidden")], name="net")
    function = tf.function(lambda x: model(x))
    tf.summary.trace_on(graph=True)
    function(np.ones((4, 3), "float32"))
    with tf.summary.create_file_writer(tmp_path).as_default():
        tf.summary.trace_export("forward", step=0)
    with pytest.raises(StateError, match="without trace_on"):
        tf.summary.trace_export("again")
    (content,) = [event.graph_def for event in events_of(tmp_path) if event.graph_def]
    graph = graph_pb2.GraphDef.FromString(content)
    names = {node.name for node in graph.node}
    assert any(name.startswith("net/hidden/matmul") for name in names), names
    assert all(source in names for node in graph.node for source in node.input)
    assert nodes_of(function.get_concrete_function(np.ones((4, 3), "float32")).graph)[0].kind == "Placeholder"
