"""CSVLogger: a line per epoch in a table."""

from __future__ import annotations

import csv
import os
from typing import Any

import numpy as np

from headwater.keras.callbacks.base import Callback


def _cell(value: Any) -> Any:
    if isinstance(value, str) or np.ndim(value) == 0:
        return value
    return f'"[{", ".join(map(str, value))}]"'


class CSVLogger(Callback):
    """Writes the logs of each epoch to a CSV file.

    Args:
        filename: the file.
        separator: between values.
        append: go on with a file that exists, instead of starting it anew.
    """

    leaves_traces = True

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.keys: list[str] | None = None
        self.csv_file: Any = None
        self.writer: csv.DictWriter | None = None
        self.append_header = True

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Open the file."""
        exists = os.path.exists(self.filename) and os.path.getsize(self.filename) > 0
        self.append_header = not (self.append and exists)
        self._close()
        self.csv_file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115 - closed at the end
        self.writer, self.keys = None, None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write a line."""
        logs = logs or {}
        if self.writer is None:
            self._start(logs)
        assert self.writer is not None and self.keys is not None
        self.writer.writerow({"epoch": epoch, **{key: _cell(logs.get(key, "NA")) for key in self.keys}})
        self.csv_file.flush()

    def _start(self, logs: dict[str, Any]) -> None:
        self.keys = sorted(logs)
        if not any(key.startswith("val_") for key in self.keys):  # a later epoch may have validation
            self.keys += [f"val_{key}" for key in self.keys]
        self.writer = csv.DictWriter(
            self.csv_file, fieldnames=["epoch", *self.keys], delimiter=self.sep, lineterminator="\n"
        )
        if self.append_header:
            self.writer.writeheader()

    def _close(self) -> None:
        if self.csv_file is not None and not self.csv_file.closed:
            self.csv_file.close()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the file."""
        self._close()
        self.writer = None
