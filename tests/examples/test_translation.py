"""The application translation in its short form: both models learn, translate, draw, save; real Keras reads them."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headwater import datasets, keras

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "translation"
PARTS = ("pairs", "search", "translator", "training", "program", "recurrent", "transformer")


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    card = datasets.card("translation_en_it")
    if card.origin.find() is None:
        pytest.skip(f"{card.origin} is not here; `{card.command}` brings it")
    return tmp_path_factory.mktemp("translation")


@pytest.fixture
def parts(monkeypatch):
    """The modules of the folder by name; other folders have some of the same names, so they are forgotten after."""
    monkeypatch.syspath_prepend(EXAMPLES)
    for name in PARTS:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield {name: importlib.import_module(name) for name in PARTS}
    for name in PARTS:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["recurrent", "transformer"])
def test_a_translator_learns_and_real_keras_predicts_the_same(output, name):
    import keras as real_keras

    command = [sys.executable, EXAMPLES / f"{name}.py", "--short", "--output", output]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    record = json.loads(done.stdout.splitlines()[-1])
    assert record["application"] == f"translation/{name}" and record["step_ms"] > 0
    assert 0 < record["figures"]["validation loss"]["value"] < np.log(4_000)  # better than any piece by chance
    assert {"BLEU", "BLEU, beam of 4"} < set(record["figures"])
    folder = output / "short" / name
    pictures = {"attention.png", "curves.png", "model.svg"}
    texts = {"curves.csv", "translations.txt", "subwords.model", "translator.keras"}
    assert {path.name for path in folder.iterdir()} == pictures | texts
    assert len((folder / "translations.txt").read_text(encoding="utf-8").splitlines()) == 100
    rng = np.random.default_rng(0)
    inputs = [rng.integers(4, 900, (3, length)).astype("int32") for length in (20, 19)]
    inputs[0][:, 10:] = 0
    ours = keras.models.load_model(folder / "translator.keras").predict(inputs, verbose=0)
    theirs = real_keras.models.load_model(folder / "translator.keras").predict(inputs, verbose=0)
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())


@pytest.mark.parametrize("name", ["recurrent", "transformer"])
def test_a_wide_beam_finds_what_looking_at_every_translation_finds(parts, name, monkeypatch):
    """Of seven pieces three are written: 343 translations, and each is tried."""
    pairs, search = parts["pairs"], parts["search"]
    for module in (pairs, search, parts["translator"], parts[name]):
        monkeypatch.setattr(module, "LENGTH", 4)
    monkeypatch.setattr(search, "STRIDE", 4)
    for module in (parts["translator"], parts[name]):
        monkeypatch.setattr(module, "VOCABULARY", 7)
    keras.utils.set_random_seed(1)
    model = getattr(parts[name], f"build_{name}")(width=16)
    for variable in model.trainable_variables:
        variable.assign(3.0 * np.asarray(variable))  # far from uniform
    source = np.array([[2, 5, 6, 3], [2, 4, 3, 0]], "int32")
    found = search.translate_batch(model, source, width=7 * 7, length_power=0.0)
    greedy = search.translate_batch(model, source, width=1, length_power=0.0)

    def score(row, written):
        """The logarithm of the probability of what is written, up to its end."""
        logits = model.predict_on_batch([source[row : row + 1], np.asarray([written[:3]], "int32")])[0]
        total = 0.0
        for step, piece in enumerate(written[1:]):
            total += np.asarray(keras.ops.log_softmax(logits[step]))[piece]
            if piece in (pairs.END, pairs.PADDING):
                break
        return total

    every = [(2, a, b, c) for a in range(7) for b in range(7) for c in range(7)]
    for row in range(2):
        best = max(score(row, written) for written in every)
        reached = score(row, [*found[row], *[0] * (4 - len(found[row]))])
        np.testing.assert_allclose(reached, best, rtol=1e-4)
        assert score(row, [*greedy[row], *[0] * (4 - len(greedy[row]))]) <= best + 1e-5


@pytest.mark.parametrize("name", ["recurrent", "transformer"])
def test_a_translation_that_never_ends_is_cut_at_the_longest_length(parts, name):
    pairs, search = parts["pairs"], parts["search"]
    model = getattr(parts[name], f"build_{name}")(width=16)
    bias = np.where(np.isin(np.arange(pairs.VOCABULARY), (pairs.END, pairs.PADDING)), -1e4, 0.0)
    kernel, _ = model.get_layer("words").get_weights()
    model.get_layer("words").set_weights([kernel, bias])
    source = np.array([[pairs.START, 7, 8, pairs.END, *[pairs.PADDING] * (pairs.LENGTH - 4)]], "int32")
    assert search.translate_batch(model, source, width=2, length_power=0.0).shape == (1, pairs.LENGTH)


def test_subwords_come_back_as_the_text_they_were_made_of(parts, tmp_path):
    texts = ["the cat sat on the mat", "il gatto sul tappeto"] * 30
    parts["pairs"].learn_subwords(texts, tmp_path / "subwords.model")
    subwords = parts["pairs"].Subwords(tmp_path / "subwords.model")
    numbers = subwords.numbers([*texts[:2], " ".join(["cat"] * 60)])
    assert numbers.shape == (3, parts["pairs"].LENGTH) and (numbers[:, 0] == parts["pairs"].START).all()
    assert [subwords.text(row[1:]) for row in numbers[:2]] == texts[:2]
    assert parts["pairs"].END in numbers[0] and parts["pairs"].END not in numbers[2]  # the last was cut
