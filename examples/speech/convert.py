"""One voice made into another, by way of mel spectrograms and Griffin-Lim, written as WAV files to listen to.

    pip install soundfile
    python examples/speech/convert.py [--source ca --target fr] [--epochs 10] [--short]

A mel spectrogram has lost most of a sound: its phase, and all but 80 numbers of 513 in each frame. A network that knows
one voice fills in the spectrum, and Griffin and Lim's iteration finds a phase that goes with it. Played with the other
speaker's pitch and tone, the words of one person come out in the other's voice. What is written is re-synthesised, not
recorded.
"""

import time
from pathlib import Path

import numpy as np
from recordings import RATE, faster, load_captions, stretched
from training import OUTPUT, draw_curves, plt, report, start, train
from voices import BINS, HOP, MELS, griffin_lim, logarithm, mel_matrix, pitch, spectrum

import headwater as tf
from headwater import keras
from headwater.keras import layers

CROP = 64  # frames of a training example


def build_voice(units=192, steps=560):
    """Logarithmic mel spectra (frames, 80) to logarithmic spectra (frames, 513)."""
    inputs = keras.Input((None, MELS), name="mel")
    x = layers.Conv1D(units, 5, padding="same", activation="relu")(inputs)
    for _ in range(2):
        x = x + layers.Conv1D(units, 3, padding="same", activation="relu")(x)
    spectrum = layers.Dense(BINS, name="spectrum")(layers.Concatenate()([x, inputs]))
    model = keras.Model(inputs, spectrum, name="voice")
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)), "mae")
    return model


def crops(mels, spectra, count, seed=0):
    """`count` pieces of 64 frames of each recording: mel spectra and spectra."""
    random = np.random.default_rng(seed)
    places = [(at, random.integers(0, len(rows) - CROP)) for at, rows in enumerate(mels) if len(rows) > CROP]
    places = [(at, random.integers(0, len(mels[at]) - CROP)) for at, _ in places for _ in range(count)]
    return tuple(np.stack([rows[at][start : start + CROP] for at, start in places]) for rows in (mels, spectra))


def write(sound, path):
    """Save a sound as WAV."""
    sound = (0.9 * sound / np.abs(sound).max()).astype("float32")
    Path(path).write_bytes(tf.audio.encode_wav(sound[:, None], RATE).numpy())


def draw(pictures, path):
    """Spectrograms one above the other, by what they are of."""
    figure, panels = plt.subplots(len(pictures), 1, figsize=(8, 2 * len(pictures)))
    for panel, (name, rows) in zip(panels, pictures.items()):
        panel.imshow(rows.T[:300], origin="lower", aspect="auto", cmap="magma", vmin=-6, vmax=4)
        panel.set(title=name, ylabel="bin (21.5 Hz)")
    figure.tight_layout()
    figure.savefig(path, dpi=75)
    plt.close(figure)


def main(source="ca", target="fr", epochs=10, short=False, output=OUTPUT):
    """Train the voice of the target, give it the words of the source. Returns the errors of both ways."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    sounds, _, _ = load_captions({target}, count=60 if short else 500)
    others, texts, _ = load_captions({source}, count=30 if short else 120)
    matrix, epochs = mel_matrix(), 2 if short else epochs
    spectra = [spectrum(sound) for sound in sounds]
    mels, logs = [logarithm(rows @ matrix) for rows in spectra], [logarithm(rows) for rows in spectra]
    held = len(sounds) // 10
    learnt, watched = crops(mels[held:], logs[held:], 4), crops(mels[:held], logs[:held], 4)
    folder = Path(output) / "convert"
    model = build_voice(steps=epochs * -(-len(learnt[0]) // 32))
    model.summary()
    data = tf.data.Dataset.from_tensor_slices(learnt).shuffle(len(learnt[0]), seed=0).batch(32).prefetch(2)
    watched = tf.data.Dataset.from_tensor_slices(watched).batch(64)
    curves, watch = train(model, data, watched, epochs, folder)

    def voiced(mel):
        return np.exp(model.predict(mel[None], verbose=0)[0])

    pseudo = np.linalg.pinv(matrix)
    decibels = 20 / np.log(10)
    error = decibels * np.mean([np.abs(logarithm(voiced(mels[at])) - logs[at]).mean() for at in range(held)])
    plain = [logarithm(np.maximum(np.exp(mels[at]) @ pseudo, 0)) - logs[at] for at in range(held)]
    baseline = decibels * np.mean([np.abs(rows).mean() for rows in plain])

    own = int(np.argmax([len(sound) for sound in sounds[:held]]))
    guest = int(np.argmax([len(sound) for sound in others]))
    ratio = pitch(sounds) / pitch(others)
    foreign = [logarithm(spectrum(faster(sound, ratio)) @ matrix) for sound in others]
    there, here = np.concatenate(foreign), np.concatenate(mels)
    moved = (foreign[guest] - there.mean(axis=0)) / there.std(axis=0) * here.std(axis=0) + here.mean(axis=0)
    converted = griffin_lim(voiced(stretched(moved, 1 + len(others[guest]) // HOP)))
    heights = pitch(others), pitch([converted]), pitch(sounds)
    print("pitch: {:.0f} Hz, converted {:.0f} Hz; the target speaks at {:.0f} Hz".format(*heights))
    print(f"error of spectra: {error:.2f} dB; by the pseudo-inverse {baseline:.2f} dB; converted: “{texts[guest]}”")

    model.save(folder / "model.keras")
    rebuilt = griffin_lim(voiced(mels[own]))
    for name, sound in {
        "target_recorded": sounds[own],
        "target_resynthesised": rebuilt,
        "source_recorded": others[guest],
        "source_in_the_voice_of_target": converted,
    }.items():
        write(sound, folder / f"{name}.wav")
    keras.utils.plot_model(model, folder / "model.svg", show_shapes=True)
    draw_curves(curves, ["loss"], folder / "curves.png")
    draw(
        {
            "source, recorded": logarithm(spectrum(others[guest])),
            "the same words in the voice of the target, re-synthesised": logarithm(spectrum(converted)),
            "target, recorded": logs[own],
            "target, re-synthesised from its mel spectrogram": logarithm(spectrum(rebuilt)),
        },
        folder / "spectrograms.png",
    )
    figures = {
        "error of spectra, dB": (error, f"< {baseline:.2f}"),
        "by the pseudo-inverse, dB": (baseline, None),
        "pitch of target over converted": (heights[2] / heights[1], None),
    }
    report("speech/convert", figures, watch.step_ms, started)
    return error, baseline


if __name__ == "__main__":
    start(main, source="the language of who speaks", target="the language of whose voice is to be heard")
