"""Fashion-MNIST as the scripts of this folder use it, and the way in which they train on it."""

import csv
import json
import time
from pathlib import Path

import numpy as np

from headwater import datasets, keras

CLASSES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "trainer", "bag", "ankle boot")
HELD_OUT = 5_000  # training pictures that are kept for validation
BATCH = 128
OUTPUT = Path(__file__).resolve().parents[1] / "output" / "image_recognition"


def place(output, short):
    """The folder of a run's results: short runs have one of their own, for they would spoil those of whole ones."""
    return Path(output) / "short" if short else Path(output)


def load_clothes(short=False):
    """Pictures (count, 28, 28, 1) of 0..255 and their classes, as three pairs: training, validation, test."""
    data = datasets.load("fashion_mnist")
    images, labels = data["train"]["image"][..., None], data["train"]["label"].astype("int32")
    train, validation = (images[:-HELD_OUT], labels[:-HELD_OUT]), (images[-HELD_OUT:], labels[-HELD_OUT:])
    test = data["test"]["image"][..., None], data["test"]["label"].astype("int32")
    if short:
        return tuple((x[:count], y[:count]) for (x, y), count in ((train, 768), (validation, 256), (test, 512)))
    return train, validation, test


class Stopwatch(keras.callbacks.Callback):
    """Measures what a training step takes: of each epoch the time before its validation, divided by its steps."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.started, self.stopped = time.perf_counter(), None

    def on_test_begin(self, logs=None):
        self.stopped = self.stopped or time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        took = (self.stopped or time.perf_counter()) - self.started
        self.epochs.append(1000 * took / self.params["steps"])

    @property
    def step_ms(self):
        """Milliseconds of a step in the fastest epoch: the first, which prepares the model, seldom is."""
        return round(min(self.epochs), 2) if self.epochs else None


def train(model, data, validation, epochs, folder, batch=BATCH):
    """Fit `model`, from where a killed run of the same command left off. Returns the curves and a `Stopwatch`."""
    backup, curves, watch = folder / "backup", folder / "curves.csv", Stopwatch()
    folder.mkdir(parents=True, exist_ok=True)
    callbacks = [
        keras.callbacks.CSVLogger(curves, append=backup.exists()),
        keras.callbacks.BackupAndRestore(backup),  # gone once training ends: the next start is a new run
        watch,
    ]
    model.fit(*data, batch_size=batch, epochs=epochs, validation_data=validation, callbacks=callbacks, verbose=2)
    with open(curves, newline="") as file:
        rows = {row["epoch"]: row for row in csv.DictReader(file)}  # of an epoch that was done twice, the second
    columns = {name: [row[name] for row in rows.values()] for name in next(iter(rows.values()))}
    return {name: np.asarray(column, "float32") for name, column in columns.items() if "NA" not in column}, watch


def report(application, figures, step_ms, started):
    """Print the last line: what was reached, what should have been, and the time that it took."""
    figures = {name: {"value": round(float(value), 4), "target": target} for name, (value, target) in figures.items()}
    seconds = round(time.perf_counter() - started, 1)
    print(json.dumps({"application": application, "figures": figures, "step_ms": step_ms, "seconds": seconds}))
