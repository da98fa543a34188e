"""What the scripts of this folder have in common: a training that survives being killed, curves, and the last line."""

import csv
import json
import time
from pathlib import Path

import matplotlib
import numpy as np

from headwater import keras

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # after the choice of a backend that needs no screen

OUTPUT = Path(__file__).resolve().parents[1] / "output" / Path(__file__).parent.name


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
        """Milliseconds of a step in the fastest epoch: the first one, which prepares the model, seldom counts."""
        return round(min(self.epochs), 2) if self.epochs else None


def train(model, data, validation, epochs, folder, callbacks=()):
    """Fit `model`, from where a killed run of the same command left off. Returns the curves and a `Stopwatch`."""
    backup, curves, watch = folder / "backup", folder / "curves.csv", Stopwatch()
    folder.mkdir(parents=True, exist_ok=True)
    callbacks = [
        watch,
        *callbacks,
        keras.callbacks.CSVLogger(curves, append=backup.exists()),
        keras.callbacks.BackupAndRestore(backup),  # gone once training ends: the next start is a new run
    ]
    model.fit(data, epochs=epochs, validation_data=validation, callbacks=callbacks, verbose=2)
    with open(curves, newline="") as file:
        rows = {row["epoch"]: row for row in csv.DictReader(file)}  # of an epoch that was done twice, the second
    columns = {name: [row[name] for row in rows.values()] for name in next(iter(rows.values()))}
    return {name: list(map(float, column)) for name, column in columns.items() if "NA" not in column}, watch


def draw_curves(curves, names, path):
    """A panel for each of `names`, training beside validation."""
    figure, panels = plt.subplots(1, len(names), figsize=(4.6 * len(names), 3.2), squeeze=False)
    for panel, name in zip(panels[0], names):
        epochs = np.arange(1, len(curves[name]) + 1)
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if key in curves:
                panel.plot(epochs, curves[key], "o-", markersize=2.5, label=label)
        panel.set(xlabel="epoch", ylabel=name.replace("_", " "))
        panel.grid(alpha=0.3)
        panel.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def report(application, figures, step_ms, started):
    """Print the last line: what was reached, what should have been, and the time that it took."""
    figures = {name: {"value": round(float(value), 4), "target": target} for name, (value, target) in figures.items()}
    seconds = round(time.perf_counter() - started, 1)
    print(json.dumps({"application": application, "figures": figures, "step_ms": step_ms, "seconds": seconds}))
