"""With which word does this begin? A convolutional network hears 0.7 seconds of a caption that it has never heard.

    pip install soundfile
    python examples/speech/words.py [--epochs 50] [--short]

A word counts if at least 25 captions begin with it: eighteen words in eight languages, some 2,500 recordings. An eighth
of the captions is held back, all recordings of a text together. What is learnt from is varied: faster or slower, higher
or lower, moved, in noise, without some bands, as through another microphone.
"""

import time
from collections import Counter
from pathlib import Path

import numpy as np
from recordings import MELS, Variation, Varied, held_back, in_frame, load_captions, log_mel
from training import OUTPUT, draw_curves, plt, report, start, train

from headwater import keras
from headwater.keras import layers

LANGUAGES = {"es", "ca", "fr", "ro", "ru", "bg", "el", "da"}
FRAMES = 64
LEAST = 25  # recordings of a word
BATCH = 64
# No gaps in time, and little noise: a single short vowel makes "una" of "un".
HOW = Variation((0.88, 1.14), (0.95, 1.06), 6, (-3, -1.8), gaps=((1, 6),))


def build_words(words=18, units=128, steps=1_700):
    """A mel spectrogram (64, 40) to a score for each word."""
    inputs = keras.Input((FRAMES, MELS), name="mel")
    x = inputs
    for strides in (1, 2, 1, 2):
        x = layers.Conv1D(units, 5, strides=strides, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Dropout(0.1)(x)
    x = layers.Dropout(0.4)(layers.Flatten()(x))
    x = layers.Dropout(0.3)(layers.Dense(128, activation="relu")(x))
    model = keras.Model(inputs, layers.Dense(words, name="word")(x), name="words")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def first_words(texts, languages, least):
    """Words that at least so many recordings begin with, as (language, word), and the number of each one's, or -1."""
    begins = [(language, text.split(" ")[0]) for text, language in zip(texts, languages)]
    words = sorted(word for word, count in Counter(begins).items() if count >= least)
    return words, np.array([words.index(word) if word in words else -1 for word in begins], "int32")


def draw(asked, heard, labels, words, path):
    """Sixteen beginnings that were held back, with what was heard; those that were misheard come first."""
    wrong = heard != labels
    figure, panels = plt.subplots(2, 8, figsize=(12, 3.6))
    for panel, at in zip(panels.flat, [*np.flatnonzero(wrong)[:6], *np.flatnonzero(~wrong)[::17]]):
        panel.imshow(asked[at].T, origin="lower", aspect="auto", cmap="magma")
        (language, said), (_, understood) = words[labels[at]], words[heard[at]]
        title = f"{language}: {said}" + (f",\nheard: {understood}" if wrong[at] else "")
        panel.set_title(title, fontsize=8, color="C3" if wrong[at] else "black")
        panel.set(xticks=[], yticks=[])
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main(epochs=50, short=False, output=OUTPUT):
    """Train, listen to what was held back, draw, save. Returns the share of words that are known."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    sounds, texts, languages = load_captions(LANGUAGES, longest=1.85, count=150 if short else None)
    words, labels = first_words(texts, languages, 8 if short else LEAST)
    used = np.flatnonzero(labels >= 0)
    labels, sounds = labels[used], [sounds[at] for at in used]
    learnt, held = held_back([f"{languages[at]}: {texts[at]}" for at in used], 0.125)
    mels = [rows[: FRAMES + 12] for rows in log_mel(sounds)]
    asked = np.stack([in_frame(mels[at], FRAMES) for at in held])
    print(f"{len(words)} words, {len(learnt)} recordings to learn from, {len(held)} held back")

    epochs = 2 if short else epochs
    data = Varied([mels[at] for at in learnt], labels[learnt], FRAMES, BATCH, HOW)
    model = build_words(len(words), steps=epochs * len(data))
    model.summary()
    folder = Path(output) / "words"
    curves, watch = train(model, data, (asked, labels[held]), epochs, folder)

    scores = model.predict(asked, batch_size=BATCH, verbose=0)
    speaks = np.array([language for language, _ in words])
    own = np.where(speaks[labels[held]][:, None] == speaks, scores, -np.inf)  # whose language is known
    accuracy, known = np.mean(scores.argmax(axis=1) == labels[held]), np.mean(own.argmax(axis=1) == labels[held])
    print(f"{accuracy:.1%} of {len(held)} beginnings are heard right, {known:.1%} if the language is told")

    model.save(folder / "model.keras")
    keras.utils.plot_model(model, folder / "model.svg", show_shapes=True)
    draw_curves(curves, ["loss", "accuracy"], folder / "curves.png")
    draw(asked, own.argmax(axis=1), labels[held], words, folder / "heard.png")
    figures = {"word accuracy, held out": (known, ">= 0.95"), "word and language": (accuracy, None)}
    report("speech/words", figures, watch.step_ms, started)
    return known


if __name__ == "__main__":
    start(main)
