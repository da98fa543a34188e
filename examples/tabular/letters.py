"""Which letter is this? 20,000 letters of 20 typefaces, each told by 16 whole numbers from 0 to 15.

    python examples/tabular/letters.py [--epochs 30] [--short]

The first 16,000 are for learning and the last 4,000 for the test, as has been usual with this table since 1991. Beside
the network stands scikit-learn's gradient boosting.
"""

import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from training import OUTPUT, draw_curves, plt, report, start, train

import headwater as tf
from headwater import datasets, keras
from headwater.keras import layers

BATCH = 128
HELD_OUT = 1_000  # of the training letters, to watch


def load_letters(short=False):
    """Features (count, 16) and classes 0..25, as three pairs: training, validation, test."""
    table = datasets.load("letter_recognition")["train"]
    features = np.stack([column for name, column in table.items() if name != "lettr"], axis=1).astype("float32")
    labels = np.array([ord(letter) - ord("A") for letter in table["lettr"]], "int32")
    if short:
        features, labels = features[::8], labels[::8]
    test = len(labels) // 5
    watch = HELD_OUT // 8 if short else HELD_OUT
    cuts = [len(labels) - test - watch, len(labels) - test]
    return list(zip(np.split(features, cuts), np.split(labels, cuts)))


def build_letters(units=320, dropout=0.2, rate=3e-3, steps=5_000):
    """Sixteen numbers to 26 scores: each number by a vector of its own for each value, then a perceptron."""
    inputs = keras.Input((16,), name="features")
    place = layers.Rescaling(1.0, offset=list(range(0, 256, 16)), name="place")(inputs)
    vectors = layers.Embedding(256, 8, name="vectors")(place)
    x = layers.Concatenate()([layers.Flatten()(vectors), layers.Rescaling(1 / 7.5, offset=-1.0)(inputs)])
    for _ in range(2):
        x = layers.Dense(units, activation="relu")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Dropout(dropout)(x)
    model = keras.Model(inputs, layers.Dense(26, name="letter")(x), name="letters")
    optimizer = keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(rate, steps), weight_decay=1e-3)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"])
    return model


def pipelines(training, validation):
    """The two as batches, the first in another order each time."""
    learnt, watched = (tf.data.Dataset.from_tensor_slices(pair) for pair in (training, validation))
    return learnt.shuffle(len(training[1]), seed=0).batch(BATCH).prefetch(2), watched.batch(1_024)


def draw_confusions(labels, predicted, path, shown=12):
    """The pairs of letters that are taken for one another most often."""
    pairs = np.zeros((26, 26), int)
    np.add.at(pairs, (labels, predicted), 1)
    np.fill_diagonal(pairs, 0)
    order = np.argsort(-pairs, axis=None)[:shown]
    names = [f"{chr(65 + at // 26)} read as {chr(65 + at % 26)}" for at in order]
    figure, panel = plt.subplots(figsize=(4.6, 3.4))
    panel.barh(names[::-1], pairs.ravel()[order][::-1])
    panel.set(xlabel="times", title=f"{pairs.sum()} of {len(labels):,} letters misread")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def main(epochs=30, short=False, output=OUTPUT):
    """Train, compare, draw, save. Returns the accuracy on the test letters."""
    started = time.perf_counter()
    keras.utils.set_random_seed(0)
    training, validation, test = load_letters(short)
    epochs = 2 if short else epochs
    model = build_letters(steps=epochs * -(-len(training[1]) // BATCH))
    model.summary()
    folder = Path(output) / "letters"
    curves, watch = train(model, *pipelines(training, validation), epochs, folder)

    predicted = model.predict(test[0], batch_size=1_024, verbose=0).argmax(axis=1)
    accuracy = np.mean(predicted == test[1])
    trees = HistGradientBoostingClassifier(max_iter=5 if short else 100, random_state=0)
    baseline = trees.fit(*map(np.concatenate, zip(training, validation))).score(*test)
    print(f"{accuracy:.2%} of {len(test[1]):,} test letters are named right; by gradient boosting {baseline:.2%}")

    model.save(folder / "model.keras")
    keras.utils.plot_model(model, folder / "model.svg", show_shapes=True)
    draw_curves(curves, ["loss", "accuracy"], folder / "curves.png")
    draw_confusions(test[1], predicted, folder / "confusions.png")
    figures = {
        "test accuracy": (accuracy, ">= 0.96"),
        "by gradient boosting": (baseline, None),
        "better than gradient boosting by": (accuracy - baseline, ">= 0"),
    }
    report("tabular/letters", figures, watch.step_ms, started)
    return accuracy


if __name__ == "__main__":
    start(main)
