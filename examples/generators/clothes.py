"""What the four generators have in common: the pictures, a training that survives being killed, and a contact sheet."""

import csv
import json
import time
from pathlib import Path

import matplotlib
import numpy as np

from headwater import datasets, keras

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # after the choice of a backend that needs no screen

CLASSES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "trainer", "bag", "ankle boot")
OUTPUT = Path(__file__).resolve().parents[1] / "output" / "generators"
SHORT = 512  # pictures of a run that is to show only that all works


def place(output, short):
    """The folder of a run's results: short runs have one of their own, for they would spoil those of whole ones."""
    return Path(output) / "short" if short else Path(output)


def load_clothes(split="train", low=0.0, short=False):
    """Pictures of Fashion-MNIST, (count, 28, 28, 1), float32 from `low` to 1, and their classes."""
    columns = datasets.load("fashion_mnist")[split]
    count = SHORT if short else None
    images, labels = columns["image"][:count, ..., None], columns["label"][:count].astype("int32")
    return (low + images * ((1 - low) / 255)).astype("float32"), labels


class Stopwatch(keras.callbacks.Callback):
    """Measures what a training step takes: the time of each epoch, divided by its steps."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(1000 * (time.perf_counter() - self.started) / self.params["steps"])

    @property
    def step_ms(self):
        """Milliseconds of a step in the fastest epoch: the first, which prepares the model, seldom is."""
        return round(min(self.epochs), 2) if self.epochs else None


def train(model, x, y=None, *, epochs, folder, batch=128, callbacks=()):
    """Fit `model`, from where a killed run of the same command left off. Returns the curves and a `Stopwatch`."""
    backup, curves, watch = folder / "backup", folder / "curves.csv", Stopwatch()
    folder.mkdir(parents=True, exist_ok=True)
    callbacks = [
        watch,
        *callbacks,
        keras.callbacks.CSVLogger(curves, append=backup.exists()),
        keras.callbacks.BackupAndRestore(backup),  # gone once training ends: the next start is a new run
    ]
    model.fit(x, y, batch_size=batch, epochs=epochs, callbacks=callbacks, verbose=2)
    with open(curves, newline="") as file:
        rows = {row["epoch"]: row for row in csv.DictReader(file)}  # of an epoch that was done twice, the second
    columns = {name: [row[name] for row in rows.values()] for name in next(iter(rows.values()))}
    return {name: np.asarray(column, "float32") for name, column in columns.items() if "NA" not in column}, watch


def contact_sheet(images, path, columns=16, low=0.0, scale=2):
    """Save pictures side by side as one grey picture, dark on white, as clothes are seen in a catalogue."""
    rows = len(images) // columns
    grey = np.clip((np.asarray(images[: rows * columns])[..., 0] - low) / (1 - low), 0, 1)
    framed = np.pad(grey, ((0, 0), (2, 2), (2, 2))).reshape(rows, columns, 32, 32).transpose(0, 2, 1, 3)
    sheet = framed.reshape(rows * 32, columns * 32).repeat(scale, 0).repeat(scale, 1)
    plt.imsave(path, 1 - sheet, cmap="gray", vmin=0, vmax=1)


def draw_curves(curves, path):
    """One panel, a line for each value that was logged."""
    figure, panel = plt.subplots(figsize=(6, 3.4))
    for name, values in curves.items():
        if name != "epoch":
            panel.plot(np.arange(1, len(values) + 1), values, "o-", markersize=3, label=name.replace("_", " "))
    panel.set(xlabel="epoch", title=f"Training of the {Path(path).parent.name} generator")
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
