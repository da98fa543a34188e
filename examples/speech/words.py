"""Which word was said? A network hears each word once, from one recording, and must know it when it is said again.

    pip install soundfile
    python examples/speech/words.py [--epochs 40] [--short]

In nine languages a few captions were read aloud twice, for two drawings. The first recordings are for learning, with
all captions that were read but once; the second ones are never heard in training. What makes it possible is variation:
played faster or slower, moved, in noise, with gaps, as through another microphone, one recording stands for many.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from recordings import MELS, SPEEDS, Varied, faster, in_frame, load_captions, log_mel
from training import OUTPUT, draw_curves, plt, report, train

from headwater import keras
from headwater.keras import layers

LANGUAGES = {"es", "ca", "fr", "ro", "ru", "bg", "be", "el", "da"}
FRAMES = 160
BATCH = 64


def build_words(words=1_000, units=128, steps=3_000):
    """A mel spectrogram (160, 40) to a score for each word."""
    inputs = keras.Input((FRAMES, MELS), name="mel")
    x = inputs
    for strides in (2, 2, 1):
        x = layers.Conv1D(units, 5, strides=strides, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Bidirectional(layers.GRU(units))(x)
    x = layers.Dropout(0.3)(x)
    model = keras.Model(inputs, layers.Dense(words, name="word")(x), name="words")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), loss, metrics=["accuracy"])
    return model


def split(texts, languages):
    """Numbers of words, and which recordings are a second one of a word that was recorded before."""
    names = list(zip(languages, texts))
    number = {name: place for place, name in enumerate(dict.fromkeys(names))}
    labels = np.array([number[name] for name in names], "int32")
    first = np.zeros(len(names), bool)
    first[np.unique(labels, return_index=True)[1]] = True
    return labels, list(number), np.flatnonzero(first), np.flatnonzero(~first)


def accuracy(scores, labels, spoken, languages):
    """The share of words that are known: among all words, and among those of the language that is spoken."""
    among_all = scores.argmax(axis=1) == labels
    own = np.where(spoken[:, None] == languages, scores, -np.inf)
    return np.mean(among_all), np.mean(own.argmax(axis=1) == labels)


def draw(asked, scores, labels, names, path):
    """Eight second recordings, what was said, and what was heard; words that were not known come first."""
    wrong = scores.argmax(axis=1) != labels
    figure, panels = plt.subplots(2, 4, figsize=(11, 4.6))
    for panel, at in zip(panels.flat, np.argsort(~wrong, kind="stable")[:: max(1, len(labels) // 24)]):
        heard = names[scores[at].argmax()]
        panel.imshow(asked[at].T, origin="lower", aspect="auto", cmap="magma")
        said = names[labels[at]]
        panel.set_title(
            f"{said[0]}: {said[1]}\nheard: {heard[0]}: {heard[1]}", fontsize=7, color="C3" if wrong[at] else "black"
        )
        panel.set(xticks=[], yticks=[])
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main(epochs=40, short=False, output=OUTPUT):
    """Train, listen to the second recordings, draw, save. Returns the share of words that are known."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    sounds, texts, spoken = load_captions(LANGUAGES, longest=1.85, count=150 if short else None)
    labels, names, first, second = split(texts, spoken)
    speeds, epochs = ((1.0,), 2) if short else (SPEEDS, epochs)
    spectrograms = [log_mel([faster(sounds[at], speed) for at in first]) for speed in speeds]
    second = second if len(second) else first[:8]
    asked = np.stack([in_frame(rows, FRAMES) for rows in log_mel([sounds[at] for at in second])])
    print(f"{len(first)} words, said once; {len(second)} second recordings to be known")

    data = Varied(spectrograms, labels[first], FRAMES, BATCH)
    model = build_words(len(names), steps=epochs * len(data))
    model.summary()
    folder = Path(output) / "words"
    curves, watch = train(model, data, (asked, labels[second]), epochs, folder)

    scores = model.predict(asked, batch_size=BATCH, verbose=0)
    languages = np.array([language for language, _ in names])
    among_all, among_own = accuracy(scores, labels[second], languages[labels[second]], languages)
    print(f"{among_all:.1%} are known among {len(names)} words, {among_own:.1%} if the language is told")

    model.save(folder / "model.keras")
    keras.utils.plot_model(model, folder / "model.svg", show_shapes=True)
    draw_curves(curves, ["loss", "accuracy"], folder / "curves.png")
    draw(asked, scores, labels[second], names, folder / "heard.png")
    figures = {"word accuracy, second recordings": (among_own, ">= 0.95"), f"among all {len(names)}": (among_all, None)}
    report("speech/words", figures, watch.step_ms, started)
    return among_own


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--short", action="store_true", help="150 recordings, two epochs: to see that all works")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    main(**vars(parser.parse_args()))
