"""The examples run as a reader runs them, and reach what their pages promise."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def load(name, monkeypatch):
    """An example as a module, its `main` not yet run; its neighbours importable, as when it runs as a script."""
    monkeypatch.syspath_prepend(EXAMPLES)
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_quickstart_reads_held_back_digits_and_leaves_picture_and_model(tmp_path, monkeypatch):
    quickstart = load("quickstart", monkeypatch)
    monkeypatch.setattr(quickstart, "OUTPUT", tmp_path)
    assert quickstart.main(more_epochs=25) >= 0.95
    assert (tmp_path / "quickstart.png").read_bytes().startswith(b"\x89PNG")

    from headwater import keras

    model = keras.models.load_model(tmp_path / "digits.keras")
    probabilities = model.predict(np.zeros((3, 32), np.float32), verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)


def test_principal_components_are_those_of_numpy(monkeypatch):
    digits = load("digits", monkeypatch)
    images, _ = digits.load_clean_digits()
    mean, scale, directions, explained = digits.principal_components(images, 32)
    standardised = (images - np.asarray(mean)) / np.asarray(scale)
    singular = np.linalg.svd(standardised.astype("float64"), compute_uv=False)
    np.testing.assert_allclose(explained, (singular[:32] ** 2).sum() / (singular**2).sum(), rtol=1e-4)
    np.testing.assert_allclose(np.asarray(directions).T @ np.asarray(directions), np.eye(32), atol=1e-4)


def test_the_network_by_hand_learns_as_well():
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / "by_hand.py"), "--epochs", "20"], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    accuracy = float(result.stdout.splitlines()[-1].split()[2].rstrip("%"))
    assert accuracy >= 93.0, result.stdout
