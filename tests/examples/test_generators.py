"""The application generators in its short form: each runs, draws, saves, and real Keras reads what it saved."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headwater import datasets, keras

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "generators"


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    card = datasets.card("fashion_mnist")
    if card.origin.find() is None:
        pytest.skip(f"{card.origin} is not here; `{card.command}` brings it")
    return tmp_path_factory.mktemp("generators") / "short"


def inputs_of(network, rng):
    """Random inputs, a batch of four; of a network with a single one no list."""
    inputs = [
        rng.integers(0, 10, 4).astype("int32") if tensor.dtype == "int32" else rng.normal(size=(4, *tensor.shape[1:]))
        for tensor in network.inputs
    ]
    return inputs[0] if len(inputs) == 1 else inputs


@pytest.mark.parametrize(
    ("script", "saved"),
    [("vae", "decoder"), ("dcgan", "generator"), ("wgan_gp", "generator"), ("diffusion", "network")],
)
def test_a_generator_draws_and_real_keras_draws_the_same(script, saved, output):
    import keras as real_keras

    command = [sys.executable, EXAMPLES / f"{script}.py", "--short", "--output", output.parent]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    record = json.loads(done.stdout.splitlines()[-1])
    assert record["application"] == f"generators/{script}" and record["step_ms"] > 0
    figures = record["figures"]
    assert np.isfinite(figures["distance"]["value"])
    assert figures["distance"]["value"] > figures["distance of real pictures"]["value"] > 0

    folder = output / script
    found = {path.name for path in folder.iterdir()}
    assert {"samples.png", "curves.png", "curves.csv", f"{saved}.keras"} <= found and "backup" not in found
    ours = keras.models.load_model(folder / f"{saved}.keras")
    theirs = real_keras.models.load_model(folder / f"{saved}.keras")
    inputs = inputs_of(ours, np.random.default_rng(0))
    wanted = theirs.predict(inputs, verbose=0)
    np.testing.assert_allclose(ours.predict(inputs, verbose=0), wanted, atol=1e-4 * np.abs(wanted).max())
