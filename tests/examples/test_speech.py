"""The application speech in its short form: scripts run, draw and save, and real Keras predicts the same."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headwater import datasets, keras

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "speech"
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("script", "left", "shape"),
    [
        ("words", {"heard.png"}, (4, 64, 40)),
        ("captions", {"alignment.png"}, (4, 232, 40)),
        (
            "convert",
            {
                "spectrograms.png",
                "target_recorded.wav",
                "target_resynthesised.wav",
                "source_recorded.wav",
                "source_in_the_voice_of_target.wav",
            },
            (4, 50, 80),
        ),
    ],
)
def test_a_script_hears_draws_and_saves_what_real_keras_loads(script, left, shape, tmp_path):
    import keras as real_keras

    card = datasets.card("tuxpaint_speech")
    if card.origin.find() is None:
        pytest.skip(f"{card.origin} is not here; `{card.command}` brings it")
    command = [sys.executable, EXAMPLES / f"{script}.py", "--short", "--output", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    record = json.loads(done.stdout.splitlines()[-1])
    assert record["application"] == f"speech/{script}" and record["step_ms"] > 0
    assert all(np.isfinite(figure["value"]) for figure in record["figures"].values())

    folder = tmp_path / script
    found = {path.name for path in folder.iterdir()}
    assert found == left | {"curves.csv", "curves.png", "model.keras", "model.svg"}
    inputs = RNG.normal(size=shape).astype("float32")
    ours = keras.models.load_model(folder / "model.keras", compile=False).predict(inputs, verbose=0)
    theirs = real_keras.models.load_model(folder / "model.keras", compile=False).predict(inputs, verbose=0)
    np.testing.assert_allclose(ours, theirs, atol=2e-4 * np.abs(theirs).max())


@pytest.fixture
def speech(monkeypatch):
    """A script of the folder as a module."""
    pytest.importorskip("soundfile", reason="it reads the recordings")
    monkeypatch.syspath_prepend(EXAMPLES)

    def load(name):
        spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    for name in ("recordings", "training", "voices"):
        sys.modules.pop(name, None)


def test_a_text_is_held_back_with_all_its_recordings(speech):
    texts = [f"text {number % 40}" for number in range(100)]
    learnt, held = speech("recordings").held_back(texts, 0.1)
    assert len(learnt) + len(held) == 100
    assert not {texts[at] for at in learnt} & {texts[at] for at in held}


def test_errors_are_counted_as_levenshtein_does(speech):
    captions = speech("captions")
    assert captions.distance("kitten", "sitting") == 3
    assert captions.distance("", "abc") == 3 and captions.distance("abc", "abc") == 0
    assert captions.error_rate(["una flor", "un pez"], ["una for", "un pez"]) == 1 / 14


def test_a_word_counts_if_enough_captions_begin_with_it(speech):
    texts, languages = ["un gat", "un pez", "un pez", "una flor"], ["ca", "es", "es", "es"]
    words, labels = speech("words").first_words(texts, languages, least=2)
    assert words == [("es", "un")] and labels.tolist() == [-1, 0, 0, -1]


def test_griffin_lim_gives_back_a_sound_with_the_spectrum_asked_for(speech):
    voices = speech("voices")
    time = np.arange(16_384) / voices.RATE
    sound = (0.5 * np.sin(2 * np.pi * 440 * time) + 0.3 * np.sin(2 * np.pi * 1_320 * time)).astype("float32")
    asked = voices.spectrum(sound)
    found = voices.spectrum(voices.griffin_lim(asked, rounds=30))[: len(asked)]
    assert np.linalg.norm(found - asked[: len(found)]) < 0.15 * np.linalg.norm(asked)


def test_the_pitch_of_a_voice_is_its_fundamental(speech):
    voices = speech("voices")
    time = np.arange(2 * voices.RATE) / voices.RATE
    voice = sum(np.sin(2 * np.pi * 150 * overtone * time) / overtone for overtone in range(1, 8))
    assert abs(voices.pitch([voice.astype("float32")]) - 150) < 3
