"""The application text_classification in its short form: it learns, draws, saves, answers, and real Keras reads it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headwater import datasets, keras

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "text_classification"


def run(script, *arguments):
    """What a script prints, as lines."""
    command = [sys.executable, EXAMPLES / script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """The folder of what a short training leaves."""
    card = datasets.card("newsgroups")
    if card.origin.find() is None:
        pytest.skip(f"{card.origin} is not here; `{card.command}` brings it")
    folder = tmp_path_factory.mktemp("text_classification")
    record = json.loads(run("train.py", "--short", "--output", folder)[-1])
    assert record["application"] == "text_classification/train"
    assert all(taken > 0 for taken in record["step_ms"].values())
    accuracies = {name: figure["value"] for name, figure in record["figures"].items()}
    assert len(accuracies) == 3 and all(0.05 < value <= 1 for value in accuracies.values())
    return folder / "short"


@pytest.mark.parametrize("name", ["convolution", "transformer"])
def test_what_is_kept_reads_texts_and_real_keras_predicts_the_same_of_their_numbers(output, name):
    import keras as real_keras

    found = {path.name for path in (output / name).iterdir()}
    assert found == {"curves.csv", "model.svg", "numbers.keras", "reader.keras"}
    texts = np.array(["the engine of my car", "windows does not start"], object)
    reader = keras.models.load_model(output / name / "reader.keras")
    numbers = np.asarray(next(layer for layer in reader.layers if "vectorization" in layer.name)(texts)).astype("int32")
    assert numbers.shape == (2, 400) and (numbers[:, :4] > 0).all()
    ours = keras.models.load_model(output / name / "numbers.keras").predict(numbers, verbose=0)
    theirs = real_keras.models.load_model(output / name / "numbers.keras").predict(numbers, verbose=0)
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())
    np.testing.assert_allclose(reader.predict(texts, verbose=0), ours, atol=1e-5 * np.abs(ours).max())


def test_a_trained_reader_names_groups_for_a_text(output):
    (line,) = run("ask.py", "The goalie stopped 30 shots!", "--output", output)
    shares = [int(part.rstrip("%,")) for part in line.split() if part.rstrip(",").endswith("%")]
    assert line.startswith("The goalie stopped 30 shots!: ") and len(shares) == 3
    assert shares == sorted(shares, reverse=True)
    assert all(word in (output / "groups.txt").read_text() for word in line.split(": ")[1].split()[::2])


def test_empty_and_repeated_posts_are_left_out(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    for name in ("posts",):
        monkeypatch.delitem(sys.modules, name, raising=False)
    from posts import cleaned

    columns = {"text": np.array(["a", " ", "b", "a"], object), "label": np.array(list("wxyz"), object)}
    seen = {"b"}
    texts, labels = cleaned(columns, seen)
    assert texts.tolist() == ["a"] and labels.tolist() == ["w"] and seen == {"a", "b"}
    monkeypatch.delitem(sys.modules, "posts")
