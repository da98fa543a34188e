"""The application image_recognition in its short form: it runs, draws, saves, and real Keras reads what it saved."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headwater import datasets, keras

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "image_recognition"


def run(script, output, *arguments):
    """The last line that a script prints, which is a record."""
    command = [sys.executable, EXAMPLES / script, "--short", "--output", output, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """The folder of what a short training of the convolutional network leaves."""
    for name in ("fashion_mnist", "mnist_5k"):
        card = datasets.card(name)
        if card.origin.find() is None:
            pytest.skip(f"{card.origin} is not here; `{card.command}` brings it")
    folder = tmp_path_factory.mktemp("image_recognition")
    record = run("train.py", folder)
    assert record["application"] == "image_recognition/cnn" and record["step_ms"] > 0
    assert record["figures"]["test accuracy"]["target"] == ">= 0.93"
    return folder


def test_training_leaves_pictures_curves_and_no_backup(output):
    found = {path.name for path in (output / "cnn").iterdir()}
    pictures = {"curves.png", "misread.png", "activation_maps.png", "model.svg"}
    assert found == pictures | {"curves.csv", "model.keras"}


def test_what_was_learned_serves_digits(output):
    record = run("transfer.py", output, "--labelled", "100")
    names = {"test accuracy, from nothing", "test accuracy, frozen", "test accuracy, tuned"}
    assert set(record["figures"]) == names
    assert record["figures"]["test accuracy, frozen"]["value"] > 0.1


@pytest.mark.parametrize("kind", ["cnn", "transfer"])
def test_real_keras_predicts_the_same(output, kind):
    import keras as real_keras

    if kind == "transfer" and not (output / "transfer" / "model.keras").exists():
        run("transfer.py", output, "--labelled", "100")
    images = datasets.load("fashion_mnist")["test"]["image"][:16, ..., None]
    ours = keras.models.load_model(output / kind / "model.keras").predict(images, verbose=0)
    theirs = real_keras.models.load_model(output / kind / "model.keras").predict(images, verbose=0)
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())
