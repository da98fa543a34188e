"""The application language_model in its short form: it learns, writes, saves; cache and real Keras agree."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headwater import datasets, keras

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "language_model"
PARTS = ("corpus", "gpt", "sampling", "training")


@pytest.fixture(scope="module")
def parts():
    """The modules of the folder by name; other folders have some of the same names, so they are forgotten after."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(EXAMPLES)
    for name in PARTS:
        patch.delitem(sys.modules, name, raising=False)
    yield {name: importlib.import_module(name) for name in PARTS}
    for name in PARTS:
        sys.modules.pop(name, None)
    patch.undo()


# Real Keras must know the layer `Block`, so it runs in a process in which the names are turned round.
ON_KERAS = """
import sys
import numpy as np
from benchmarks.on_keras import serve_peers
serve_peers("jax")
sys.path.insert(0, "examples/language_model")
import gpt
from headwater import keras
import jax
assert keras.backend.backend() == "jax"
model = keras.models.load_model(sys.argv[1])
np.save(sys.argv[3], model.predict(np.load(sys.argv[2]), verbose=0))
"""


def test_a_language_model_learns_and_real_keras_predicts_the_same(parts, tmp_path):
    card = datasets.card("brown")
    if card.origin.find() is None:
        pytest.skip(f"{card.origin} is not here; `{card.command}` brings it")
    command = [sys.executable, EXAMPLES / "train.py", "--short", "--output", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    lines = done.stdout.splitlines()
    record = json.loads(lines[-1])
    assert record["application"] == "language_model/train" and record["step_ms"] > 0
    assert 1 < record["figures"]["perplexity of a piece"]["value"] < 4_000
    assert all(figure["value"] > 0 for figure in record["figures"].values())
    assert "with the cache and without, the likeliest text is the same" in lines
    output = tmp_path / "short"
    names = {"curves.csv", "curves.png", "gpt.keras", "model.svg", "samples.txt", "subwords.model"}
    assert {path.name for path in output.iterdir()} == names

    pieces = np.random.default_rng(0).integers(4, 4_000, (2, 128)).astype("int32")
    np.save(tmp_path / "pieces.npy", pieces)
    files = [output / "gpt.keras", tmp_path / "pieces.npy", tmp_path / "logits.npy"]
    done = subprocess.run(
        [sys.executable, "-c", ON_KERAS, *files], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-4000:]
    theirs = np.load(tmp_path / "logits.npy")
    ours = keras.models.load_model(output / "gpt.keras").predict(pieces, verbose=0)
    np.testing.assert_allclose(ours, theirs, atol=2e-4 * np.abs(theirs).max())


def test_one_piece_at_a_time_gives_the_logits_of_all_at_once(parts):
    keras.utils.set_random_seed(0)
    model = parts["gpt"].build_gpt(width=32, blocks=2)
    pieces = np.random.default_rng(0).integers(4, 4_000, (3, parts["corpus"].CONTEXT)).astype("int32")
    wanted = np.asarray(model.predict_on_batch(pieces))
    writer = parts["sampling"].Writer(model, batch=3)
    for place in range(40):
        logits = writer.read(pieces[:, place])
        np.testing.assert_allclose(logits, wanted[:, place], atol=1e-4 * np.abs(wanted).max())


def test_writing_goes_on_when_the_context_is_full(parts):
    keras.utils.set_random_seed(0)
    writer = parts["sampling"].Writer(parts["gpt"].build_gpt(width=16, heads=2, blocks=1), batch=2)
    written = writer.write([2, 7, 8], 150, np.random.default_rng(0), temperature=0.8, top_k=10)
    assert written.shape == (2, 153) and (written[:, :3] == [2, 7, 8]).all() and (written[:, 1:] > 3).all()
    assert writer.place < parts["corpus"].CONTEXT


@pytest.mark.parametrize(
    ("how", "allowed"),
    [
        ({"temperature": 0}, {4}),
        ({"top_k": 2}, {4, 5}),
        ({"top_p": 0.85}, {4, 5}),
        ({"top_p": 0.1}, {4}),
        ({}, {4, 5, 6}),
    ],
)
def test_only_what_is_likely_enough_is_drawn_and_as_often_as_it_should(parts, how, allowed):
    likely = np.array([1e-9, 1e-9, 0.3, 1e-9, 0.6, 0.28, 0.12])  # the first four are no text, however likely
    rows = np.tile(np.log(likely), (4_000, 1))
    drawn = parts["sampling"].choose(rows, np.random.default_rng(0), **how)
    assert set(drawn) == allowed
    places = sorted(allowed)
    shares = likely[places] / likely[places].sum()
    np.testing.assert_allclose([np.mean(drawn == place) for place in places], shares, atol=0.03)


def test_a_low_temperature_sharpens(parts):
    rows = np.tile(np.log([1e-9] * 4 + [0.6, 0.4]), (4_000, 1))
    drawn = parts["sampling"].choose(rows, np.random.default_rng(0), temperature=0.5)
    np.testing.assert_allclose(np.mean(drawn == 4), 0.36 / 0.52, atol=0.03)


def test_sentences_are_written_as_on_paper(parts):
    as_printed = parts["corpus"].as_printed
    assert as_printed("`` No '' , he said ( twice ) .") == "“No”, he said (twice)."
    assert as_printed("Who ? ? Nobody -- at all ; ;") == "Who? Nobody — at all;"
