"""What the applications have in common: a training that survives being killed, its curves, and the last line.

The scripts of a folder find this module through `training.py` there; `headwater examples NAME` copies it along.
"""

import argparse
import csv
import inspect
import json
import shutil
import sys
import time
from pathlib import Path

import matplotlib
import numpy as np

from headwater import keras

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # after the choice of a backend that needs no screen


def output_of(folder):
    """Where the results of a folder's scripts go."""
    return Path(__file__).parent / "output" / folder


def start(main, **helps):
    """Call `main` with what the command line says: it has an option for each argument of `main`, with its default.

    Args:
        main: whose arguments are numbers, texts, paths, and `short`, which is False by default.
        helps: what is to be said of an argument, by its name.
    """
    known = {"short": "a slice of the data and little training, to see that all works", "output": "folder of results"}
    parser = argparse.ArgumentParser(description=sys.modules[main.__module__].__doc__.splitlines()[0])
    for name, parameter in inspect.signature(main).parameters.items():
        kind, about = type(parameter.default), {**known, **helps}.get(name)
        if kind is bool:
            parser.add_argument(f"--{name}", action="store_true", help=about)
        else:
            kind = Path if issubclass(kind, Path) else kind
            parser.add_argument(f"--{name}", type=kind, default=parameter.default, help=about)
    main(**vars(parser.parse_args()))


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


def train(model, data, validation, epochs, folder, batch=None, keep_backup=False):
    """Fit `model`, from where a killed run of the same command left off.

    Args:
        model: compiled.
        data: a data set, or a tuple of what `fit` takes: inputs, and targets if there are any.
        validation: the same for validation, or None.
        epochs: how many.
        folder: for the backup and the table of the curves.
        batch: rows of a step, where data are arrays.
        keep_backup: until `finished` is called, for what comes after training may be killed, too.
    Returns: the curves, {name: list of a number for each epoch}, and a `Stopwatch`.
    """
    backup, table, watch = folder / "backup", folder / "curves.csv", Stopwatch()
    folder.mkdir(parents=True, exist_ok=True)
    callbacks = [
        keras.callbacks.CSVLogger(table, append=backup.exists()),
        keras.callbacks.BackupAndRestore(backup, delete_checkpoint=not keep_backup),
        watch,
    ]
    arguments = data if isinstance(data, tuple) else (data,)
    model.fit(*arguments, batch_size=batch, epochs=epochs, validation_data=validation, callbacks=callbacks, verbose=2)
    with open(table, newline="") as file:
        rows = {row["epoch"]: row for row in csv.DictReader(file)}  # of an epoch that was done twice, the second
    columns = {name: [row[name] for row in rows.values()] for name in next(iter(rows.values()))}
    return {name: list(map(float, column)) for name, column in columns.items() if "NA" not in column}, watch


def finished(folder):
    """Everything is saved: the next start is a new run."""
    shutil.rmtree(folder / "backup", ignore_errors=True)


def place(output, short):
    """The folder of a run's results: short runs have one of their own, for they would spoil those of whole ones."""
    return Path(output) / "short" if short else Path(output)


def draw_curves(curves, names, path):
    """A panel for each of `names`, training beside validation."""
    figure, panels = plt.subplots(1, len(names), figsize=(max(5.5, 4.6 * len(names)), 3.2), squeeze=False)
    for panel, name in zip(panels[0], names):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if key in curves:
                panel.plot(np.arange(1, len(curves[key]) + 1), curves[key], "o-", markersize=2.5, label=label)
        panel.set(xlabel="epoch", ylabel=name.replace("_", " "))
        panel.grid(alpha=0.3)
        panel.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    plt.close(figure)


def report(application, figures, step_ms, started):
    """Print the last line: what was reached, what should have been, and the time that it took.

    Args:
        application: folder and script.
        figures: {name: (value, target)}, a target such as ">= 0.93", or None.
        step_ms: milliseconds of a training step.
        started: what `time.perf_counter` gave at the start.
    """
    figures = {name: {"value": round(float(value), 4), "target": target} for name, (value, target) in figures.items()}
    seconds = round(time.perf_counter() - started, 1)
    print(json.dumps({"application": application, "figures": figures, "step_ms": step_ms, "seconds": seconds}))
