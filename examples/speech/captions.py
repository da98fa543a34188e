"""What is being said? A network writes spoken Spanish captions down, letter by letter, trained with CTC.

    pip install soundfile
    python examples/speech/captions.py [--language es] [--epochs 60] [--short]

There are twenty minutes of one speaker and nothing else: a tenth of the captions is held back, with texts that occur
nowhere else. Errors are counted in letters and words. A second figure is that of a listener who knows all captions, and
has only to say which one it was.
"""

import time
from pathlib import Path

import numpy as np
from recordings import MELS, RATE, Variation, Varied, held_back, in_frame, load_captions, log_mel
from training import OUTPUT, draw_curves, plt, report, start, train

from headwater import keras
from headwater.keras import layers, ops

FRAMES = 232
HOW = Variation((0.85, 1.18), (0.93, 1.08), 12, (-3, -1.1), gaps=((0, 13), (1, 6), (1, 6)))
BATCH = 16
LETTERS = 40  # outputs of the model; 0 is CTC's blank


def build_captions(units=128, steps=3_000):
    """A mel spectrogram (232, 40) to scores of letters for every fourth frame."""
    inputs = keras.Input((FRAMES, MELS), name="mel")
    x = inputs
    for strides in (2, 2):
        x = layers.Conv1D(units, 5, strides=strides, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Dropout(0.15)(x)
    for _ in range(2):
        x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(x)
        x = layers.Dropout(0.3)(x)
    model = keras.Model(inputs, layers.Dense(LETTERS, name="letters")(x), name="captions")
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), keras.losses.CTC())
    return model


def spelled(texts, alphabet, length):
    """Texts as rows of numbers, filled up with 0."""
    rows = np.zeros((len(texts), length), "int32")
    for row, text in zip(rows, texts):
        row[: len(text)] = [alphabet.index(letter) + 1 for letter in text]
    return rows


def written(scores, alphabet):
    """The best text by CTC: repeated letters are one, blanks are none."""
    lengths = np.full(len(scores), scores.shape[1], "int32")
    rows, _ = ops.ctc_decode(scores, lengths, strategy="beam_search", beam_width=20, top_paths=1)
    return ["".join(alphabet[number - 1] for number in row if number > 0) for row in np.asarray(rows)[0]]


def distance(one, other):
    """How many insertions, deletions and replacements lead from one sequence to the other (Levenshtein)."""
    row = np.arange(len(other) + 1)
    for place, item in enumerate(one, 1):
        previous, row[0] = row.copy(), place
        for at, target in enumerate(other, 1):
            row[at] = min(previous[at] + 1, row[at - 1] + 1, previous[at - 1] + (item != target))
    return row[-1]


def error_rate(texts, found):
    """Errors for each letter, or word, that should have been written."""
    return sum(map(distance, texts, found)) / sum(map(len, texts))


def recognise(scores, rows):
    """For each recording, which of the known texts `rows` is likeliest by CTC."""
    lengths, best = (rows > 0).sum(axis=1).astype("int32"), []
    for recording in scores:
        repeated = np.repeat(recording[None], len(rows), axis=0)
        frames = np.full(len(rows), len(recording), "int32")
        best.append(int(np.argmin(np.asarray(ops.ctc_loss(rows, repeated, lengths, frames)))))
    return best


def draw(rows, scores, text, alphabet, path):
    """A recording above, and when the network hears which letter below."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 5), sharex=True)
    above.imshow(rows.T, origin="lower", aspect="auto", extent=(0, len(rows), 0, MELS), cmap="magma")
    above.set(ylabel="mel band", title=f"“{text}”")
    chances = np.asarray(ops.softmax(scores))
    for number in np.unique(chances.argmax(axis=1)):
        name = alphabet[number - 1] if number else "blank"
        style = {"color": "lightgrey"} if number == 0 else {}
        below.plot(4 * np.arange(len(chances)), chances[:, number], label=name.replace(" ", "space"), **style)
    below.set(xlabel="frame (11.6 ms)", ylabel="probability")
    below.legend(ncols=2, fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))
    figure.tight_layout()
    figure.savefig(path, dpi=90, bbox_inches="tight")
    plt.close(figure)


def main(language="es", epochs=60, short=False, output=OUTPUT):
    """Train, write down what was held back, draw, save. Returns the share of wrong letters."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    sounds, texts, _ = load_captions({language}, count=80 if short else None)
    alphabet = "".join(sorted(set("".join(texts))))
    learnt, held = held_back(texts, 0.1)
    whole = [len(texts[at]) < 25 * len(sounds[at]) / RATE for at in learnt]  # a few recordings say less than their text
    learnt = learnt[whole]
    epochs = 2 if short else epochs
    spectrograms = log_mel([sounds[at] for at in learnt])
    asked = np.stack([in_frame(rows, FRAMES) for rows in log_mel([sounds[at] for at in held])])
    longest = max(map(len, texts))
    print(f"{len(learnt)} captions to learn from, {len(held)} held back; {len(alphabet)} letters: {alphabet}")

    rows = spelled(texts, alphabet, longest)
    data = Varied(spectrograms, rows[learnt], FRAMES, BATCH, HOW)
    model = build_captions(steps=epochs * len(data))
    model.summary()
    folder = Path(output) / "captions"
    curves, watch = train(model, data, (asked, rows[held]), epochs, folder)

    scores = model.predict(asked, batch_size=BATCH, verbose=0)
    wanted, found = [texts[at] for at in held], written(scores, alphabet)
    letters = error_rate(wanted, found)
    words = error_rate([text.split() for text in wanted], [text.split() for text in found])
    known = sorted(set(wanted) if short else set(texts))
    best = recognise(scores, spelled(known, alphabet, longest))
    right = np.mean([known[place] == text for place, text in zip(best, wanted)])
    for text, heard in list(zip(wanted, found))[:12]:
        print(f"    said: {text:32} written: {heard}")
    print(f"{letters:.1%} of letters, {words:.1%} of words are wrong; {right:.1%} are known among {len(known)} texts")

    model.save(folder / "model.keras")
    keras.utils.plot_model(model, folder / "model.svg", show_shapes=True)
    draw_curves(curves, ["loss"], folder / "curves.png")
    draw(asked[0], scores[0], wanted[0], alphabet, folder / "alignment.png")
    figures = {
        "letter error rate, held out": (letters, None),
        "word error rate, held out": (words, None),
        "CTC loss, held out": (curves["val_loss"][-1], None),
        f"right among {len(known)} captions": (right, None),
    }
    report("speech/captions", figures, watch.step_ms, started)
    return letters


if __name__ == "__main__":
    start(main, language="es, fr, ca, ro, ru, bg, be, el or da")
