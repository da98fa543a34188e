"""How the scripts of this folder train, and what they report."""

import csv
import json
import shutil
import time

import matplotlib
import numpy as np

from headwater import keras

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # after the choice of a backend that needs no screen


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


def train(model, data, validation, epochs, folder, batch):
    """Fit `model`, from where a killed run of the same command left off. Returns the curves and a `Stopwatch`.

    The backup is kept until `finished`: what comes after training may be killed, too.
    """
    backup, curves, watch = folder / "backup", folder / "curves.csv", Stopwatch()
    folder.mkdir(parents=True, exist_ok=True)
    callbacks = [
        keras.callbacks.CSVLogger(curves, append=backup.exists()),
        keras.callbacks.BackupAndRestore(backup, delete_checkpoint=False),
        watch,
    ]
    model.fit(*data, batch_size=batch, epochs=epochs, validation_data=validation, callbacks=callbacks, verbose=2)
    with open(curves, newline="") as file:
        rows = {row["epoch"]: row for row in csv.DictReader(file)}  # of an epoch that was done twice, the second
    return {name: [float(row[name]) for row in rows.values()] for name in next(iter(rows.values()))}, watch


def finished(folder):
    """Everything is saved: the next start is a new run."""
    shutil.rmtree(folder / "backup", ignore_errors=True)


def draw_curves(curves, path):
    """Loss by epoch, of what was learnt from and of what was not."""
    figure, panel = plt.subplots(figsize=(5.5, 3.4))
    for name, label in (("loss", "training"), ("val_loss", "validation")):
        panel.plot(np.arange(1, len(curves[name]) + 1), curves[name], "o-", markersize=3, label=label)
    panel.set(xlabel="epoch", ylabel="cross entropy of a piece")
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
