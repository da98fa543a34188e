"""The application tabular in its short form: scripts run, draw and save, and real Keras predicts the same."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headwater import datasets, keras

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "tabular"
SETS = {"diamonds": "diamonds", "letters": "letter_recognition", "demand": "taylor", "tune": "letter_recognition"}
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A function that runs a script once: the record that it prints last, and its folder."""
    output, records = tmp_path_factory.mktemp("tabular"), {}

    def run(script):
        card = datasets.card(SETS[script])
        if card.origin.find() is None:
            pytest.skip(f"{card.origin} is not here; `{card.command}` brings it")
        if script not in records:
            command = [sys.executable, EXAMPLES / f"{script}.py", "--short", "--output", output]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
            records[script] = json.loads(done.stdout.splitlines()[-1])
        return records[script], output / script

    return run


@pytest.mark.parametrize(
    ("script", "pictures"),
    [
        ("diamonds", {"prices.png", "curves.png", "model.svg"}),
        ("letters", {"confusions.png", "curves.png", "model.svg"}),
        ("demand", {"week.png", "curves.png", "model.svg"}),
    ],
)
def test_a_script_leaves_pictures_curves_a_model_and_no_backup(run, script, pictures):
    record, folder = run(script)
    assert record["application"] == f"tabular/{script}" and record["step_ms"] > 0
    assert all(np.isfinite(figure["value"]) for figure in record["figures"].values())
    assert {path.name for path in folder.iterdir()} == pictures | {"curves.csv", "model.keras"}


@pytest.mark.parametrize("script", ["letters", "demand"])
def test_real_keras_predicts_the_same(run, script):
    import keras as real_keras

    _, folder = run(script)
    ours = keras.models.load_model(folder / "model.keras", compile=False)
    theirs = real_keras.models.load_model(folder / "model.keras", compile=False)
    if script == "letters":
        inputs = RNG.integers(0, 16, (8, 16)).astype("float32")
    else:
        inputs = {
            "past": RNG.uniform(0.6, 1.3, (8, 672)).astype("float32"),
            "half_hour": np.arange(8, dtype="int32"),
            "weekday": np.arange(8, dtype="int32") % 7,
        }
    wanted = theirs.predict(inputs, verbose=0)
    np.testing.assert_allclose(ours.predict(inputs, verbose=0), wanted, atol=1e-4 * np.abs(wanted).max())


def test_a_forecast_is_of_quantiles_that_do_not_cross(run):
    _, folder = run("demand")
    model = keras.models.load_model(folder / "model.keras", compile=False)
    past = RNG.uniform(0.0, 3.0, (16, 672)).astype("float32")
    asked = {"past": past, "half_hour": np.arange(16), "weekday": np.arange(16) % 7}
    assert (np.diff(model.predict(asked, verbose=0), axis=-1) > 0).all()


def test_a_saved_model_takes_rows_of_the_table(run):
    """Real Keras on JAX has no tensors of text, so its network is given what its own lookups make of the words."""
    import keras as real_keras

    _, folder = run("diamonds")
    table = datasets.load("diamonds")["train"]
    rows = {name: column[:32, None] for name, column in table.items() if name != "price"}
    rows = {name: column if column.dtype == object else column.astype("float32") for name, column in rows.items()}
    model = keras.models.load_model(folder / "model.keras")
    found = model.predict(rows, verbose=0)
    assert found.shape == (32, 1) and np.isfinite(found).all()

    theirs = real_keras.models.load_model(folder / "model.keras")
    encoded = {name: np.asarray(theirs.get_layer(f"{name}_preprocessor")(column)) for name, column in rows.items()}
    wanted = theirs.get_layer("diamonds").predict(encoded, verbose=0)
    np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())


def test_a_search_ends_with_a_picture_and_its_best_model(run):
    pytest.importorskip("optuna", reason="it makes the search")
    record, folder = run("tune")
    assert record["figures"]["trials stopped early"]["value"] >= 0
    assert {path.name for path in folder.iterdir()} == {"search.png", "model.keras"}
    assert keras.models.load_model(folder / "model.keras").output_shape == (None, 26)
