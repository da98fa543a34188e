"""The application image_recognition in its short form: it runs, draws, saves, and real Keras reads what it saved."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headwater import datasets, keras

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "image_recognition"
PICTURES = {"curves.png", "misread.png", "activation_maps.png", "model.svg"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where all three scripts, run one after the other, have left their results."""
    for name in ("fashion_mnist", "mnist_5k"):
        card = datasets.card(name)
        if card.origin.find() is None:
            pytest.skip(f"{card.origin} is not here; `{card.command}` brings it")
    return tmp_path_factory.mktemp("image_recognition") / "short"


def run(script, folder, *arguments):
    """The last line that a script prints, which is a record."""
    command = [sys.executable, EXAMPLES / script, "--short", "--output", folder.parent, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def assert_real_keras_predicts_the_same(file):
    import keras as real_keras

    images = datasets.load("fashion_mnist")["test"]["image"][:16, ..., None]
    ours = keras.models.load_model(file).predict(images, verbose=0)
    theirs = real_keras.models.load_model(file).predict(images, verbose=0)
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())


@pytest.mark.parametrize(("name", "target"), [("cnn", ">= 0.93"), ("resnet", None)])
def test_a_network_learns_draws_and_is_saved(name, target, folder):
    record = run(f"{name}.py", folder)
    assert record["application"] == f"image_recognition/{name}" and record["step_ms"] > 0
    assert record["figures"]["test accuracy"]["target"] == target
    assert {path.name for path in (folder / name).iterdir()} == PICTURES | {"curves.csv", "model.keras"}
    assert_real_keras_predicts_the_same(folder / name / "model.keras")


def test_what_was_learned_on_clothes_serves_digits(folder):
    if not (folder / "cnn" / "model.keras").exists():
        pytest.skip("it stands on the network that the test above trains")
    figures = run("transfer.py", folder, "--labelled", "100")["figures"]
    assert set(figures) == {f"test accuracy, {name}" for name in ("from nothing", "frozen", "tuned")}
    file = folder / "transfer" / "model.keras"
    digits = datasets.load("mnist_5k")["test"]
    read = keras.models.load_model(file).predict(digits["image"][..., None], verbose=0).argmax(axis=1)
    assert figures["test accuracy, tuned"]["value"] == pytest.approx(np.mean(read == digits["label"]), abs=1e-4)
    assert_real_keras_predicts_the_same(file)
