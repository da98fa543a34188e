"""Pictures of models: what they show, where it goes, and the files."""

import itertools
import sys

import numpy as np
import pytest

from headwater import keras
from headwater.errors import ArgumentError, UnsupportedError
from headwater.keras.models.drawing.diagram import Details, diagram_of
from headwater.keras.models.drawing.layout import Layout

layers = keras.layers


def autoencoder():
    encoder = keras.Sequential([keras.Input((8,)), layers.Dense(4, "relu"), layers.Dense(2)], name="encoder")
    inputs = keras.Input((8,), name="image")
    code = encoder(inputs)
    return keras.Model(inputs, layers.Concatenate(name="both")([layers.Dense(8, name="decoder")(code), inputs]))


def test_a_diagram_has_a_box_for_each_layer_and_an_arrow_for_each_tensor():
    diagram = diagram_of(autoencoder(), Details(names=True))
    titles = [box.title for box in diagram.boxes]
    assert titles == ["image (InputLayer)", "encoder (Sequential)", "decoder (Dense)", "both (Concatenate)"]
    arrows = [(titles.index(a.title), titles.index(b.title)) for a, b in diagram.arrows]
    assert sorted(arrows) == [(0, 1), (0, 3), (1, 2), (2, 3)]


def test_models_inside_are_drawn_in_frames():
    diagram = diagram_of(autoencoder(), Details(nested=True))
    assert [box.title for box in diagram.boxes] == ["InputLayer", "Dense", "Dense", "Dense", "Concatenate"]
    ((name, inner),) = diagram.frames
    assert name == "encoder" and inner == diagram.boxes[1:3]


def test_boxes_say_what_is_asked_for():
    model = autoencoder()
    model.get_layer("decoder").trainable = False
    box = diagram_of(model, Details(shapes=True, dtype=True, activations=True, trainable=True)).boxes[2]
    assert box.lines == [
        "activation: linear", "input: (None, 2)", "output: (None, 8)", "dtype: float32", "not trainable",
    ]  # fmt: skip


def test_a_layout_keeps_boxes_apart_and_leads_long_arrows_around_them():
    arrows = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d"), ("d", "e"), ("a", "e")]
    layout = Layout("abcde", arrows, dict.fromkeys("abcde", 2.0), gap=0.5)
    assert [sorted(item for item in rank if isinstance(item, str)) for rank in layout.ranks] == [
        ["a"], ["b", "c"], ["d"], ["e"],
    ]  # fmt: skip
    for rank in layout.ranks:
        for one, following in itertools.pairwise(rank):
            room = sum(2.0 for item in (one, following) if isinstance(item, str)) / 2
            assert layout.middle[following] - layout.middle[one] >= room + 0.5 - 1e-9
    assert [len(way) for way in layout.ways] == [2, 2, 2, 2, 3, 2, 4]


@pytest.mark.parametrize("direction", ["TB", "BT", "LR", "RL"])
def test_pictures_go_to_files(tmp_path, direction):
    path = tmp_path / "model.svg"
    keras.utils.plot_model(autoencoder(), path, show_shapes=True, expand_nested=True, rankdir=direction)
    text = path.read_text()
    assert text.startswith("<?xml") and len(text) > 5000


def test_a_subclassed_model_is_one_box(tmp_path):
    class Own(keras.Model):
        def call(self, x):
            return x * 2

    model = Own()
    with pytest.raises(ArgumentError, match="not built"):
        keras.utils.plot_model(model, tmp_path / "model.png")
    model(np.ones((2, 3)))
    keras.utils.plot_model(model, tmp_path / "model.png", dpi=40)
    assert (tmp_path / "model.png").read_bytes().startswith(b"\x89PNG")


def test_bad_arguments_and_a_missing_matplotlib_are_told(tmp_path, monkeypatch):
    with pytest.raises(ArgumentError, match="rankdir='up' is no direction"):
        keras.utils.plot_model(autoencoder(), tmp_path / "model.png", rankdir="up")
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(UnsupportedError, match="pip install matplotlib"):
        keras.utils.plot_model(autoencoder(), tmp_path / "model.png")
