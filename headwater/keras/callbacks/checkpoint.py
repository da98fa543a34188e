"""ModelCheckpoint: the model in a file, as training goes."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from headwater.errors import ArgumentError
from headwater.keras.callbacks.monitor import MonitorCallback
from headwater.keras.utils.io import print_msg


class EveryFewBatches:
    """Says at which batches a number of batches has gone by, over the ends of epochs."""

    def __init__(self, save_freq: Any) -> None:
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise ArgumentError(f"save_freq is {save_freq!r}.", fix="pass 'epoch', or a number of batches.")
        self.save_freq = save_freq
        self._seen = 0
        self._last_batch = -1

    def is_due(self, batch: int) -> bool:
        """Called at the end of each batch."""
        if self.save_freq == "epoch":
            return False
        self._seen += batch + 1 if batch <= self._last_batch else batch - self._last_batch
        self._last_batch = batch
        if self._seen < self.save_freq:
            return False
        self._seen = 0
        return True


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, after each epoch, after a number of batches, or when a number became better.

    Args:
        filepath: file, ending in ".keras" (".weights.h5" for weights alone); may contain {epoch} and names of logs.
        monitor: name of the number in the logs.
        verbose: 1 to tell of it.
        save_best_only: save only when the number became better.
        save_weights_only: save weights alone.
        mode: "min", "max" or "auto"; see `MonitorCallback`.
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: best value so far.
    Raises: ArgumentError if the ending does not fit.
    """

    leaves_traces = True

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.verbose = verbose
        self.filepath = os.fspath(filepath)
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.save_freq = save_freq
        self._batches = EveryFewBatches(save_freq)
        self._current_epoch = 0
        endings = (".weights.h5",) if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            what = "weights alone" if save_weights_only else "a model"
            raise ArgumentError(
                f"{self.filepath!r} is no name for {what}.", fix=f"let it end in {' or '.join(endings)}."
            )

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Remember the epoch."""
        self._current_epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Save, if it is time."""
        if self._batches.is_due(batch):
            self._save(self._current_epoch, batch, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save, if epochs count."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> None:
        path = self._path(epoch, batch, logs)
        if not self._should_save(epoch, logs, path):
            return
        if os.path.isdir(path):
            raise IsADirectoryError(f"ModelCheckpoint can't write the file {path}: a directory has that name")
        if os.path.dirname(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        self._tell(epoch, f"finished saving model to {path}")

    def _tell(self, epoch: int, message: str) -> None:
        if self.verbose > 0:
            print_msg(f"\nEpoch {epoch + 1}: {message}")

    def _should_save(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        if not self.save_best_only:
            self._tell(epoch, f"saving model to {path}")
            return True
        current = logs.get(self.monitor)
        if current is None or np.ndim(current) > 0:
            warnings.warn(
                f"ModelCheckpoint can't tell the best model: {self.monitor!r} is not a number in the logs "
                f"({', '.join(logs)}). The model is saved.",
                stacklevel=4,
            )
            return True
        if not self._sign:
            self._set_monitor_op()
        best = "None" if self.best is None else f"{self.best:.5f}"
        if not self._is_improvement(current, self.best):
            self._tell(epoch, f"{self.monitor} did not improve from {best}")
            return False
        self._tell(epoch, f"{self.monitor} improved from {best} to {current:.5f}, saving model to {path}")
        self.best = current
        return True

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        values = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **logs}
        try:
            return self.filepath.format(**values)
        except KeyError as error:
            raise KeyError(f"the file name {self.filepath!r} asks for {error}; there are {', '.join(values)}") from None
