"""The application recommender in its short form: scripts run, draw and save, and real Keras predicts the same."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headwater import datasets, keras

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "recommender"
RNG = np.random.default_rng(0)


def run(script, output):
    """Run a script; give the record that it prints last."""
    card = datasets.card("movielens_100k")
    if card.origin.find() is None:
        pytest.skip(f"{card.origin} is not here; `{card.command}` brings it")
    command = [sys.executable, EXAMPLES / f"{script}.py", "--short", "--output", output]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    record = json.loads(done.stdout.splitlines()[-1])
    assert record["application"] == f"recommender/{script}" and record["step_ms"] > 0
    return record["figures"]


def inputs_of(model):
    """Columns of numbers that are small enough for every table of vectors; a batch of eight."""
    return {
        name: RNG.random((8, *tensor.shape[1:])).astype("float32")
        if tensor.dtype == "float32"
        else RNG.integers(0, 3, (8, *tensor.shape[1:])).astype("int32")
        for name, tensor in model.input.items()
    }


def compare(path):
    """Ours and real Keras's predictions of a saved model agree."""
    import keras as real_keras

    ours = keras.models.load_model(path, compile=False)
    theirs = real_keras.models.load_model(path, compile=False)
    inputs = inputs_of(ours)
    wanted = theirs.predict(inputs, verbose=0)
    np.testing.assert_allclose(ours.predict(inputs, verbose=0), wanted, atol=1e-4 * np.abs(wanted).max())


def test_ranking_predicts_stars(tmp_path):
    figures = run("ranking", tmp_path)
    assert 0.5 < figures["RMSE"]["value"] < 1.3
    found = {path.name for path in (tmp_path / "ranking").iterdir()}
    assert found == {"curves.csv", "curves.png", "model.keras", "model.svg", "stars.png"}
    compare(tmp_path / "ranking" / "model.keras")


def test_retrieval_shows_films_and_saves_both_towers(tmp_path):
    figures = run("retrieval", tmp_path)
    assert 0 < figures["recall@20 of popularity"]["value"] < 1
    found = {path.name for path in (tmp_path / "retrieval").iterdir()}
    assert found == {"curves.csv", "curves.png", "people.keras", "films.keras", "model.svg", "map.png"}
    for tower in ("people", "films"):
        compare(tmp_path / "retrieval" / f"{tower}.keras")
