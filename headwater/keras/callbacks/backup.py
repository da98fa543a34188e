"""BackupAndRestore: a training that was interrupted goes on where it was."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from typing import Any

from headwater.errors import ArgumentError, StateError
from headwater.keras.callbacks.base import Callback
from headwater.keras.callbacks.checkpoint import EveryFewBatches
from headwater.keras.saving.atomic import write_file


class BackupAndRestore(Callback):
    """Keeps weights and optimizer state in a directory; `fit` called again goes on from there.

    Args:
        backup_dir: the directory; one for each run.
        save_freq: "epoch", or a number of batches.
        double_checkpoint: keep the backup before the last one, too, in case writing is interrupted.
        delete_checkpoint: delete the directory when training ends.
    """

    leaves_traces = True

    def __init__(
        self,
        backup_dir: Any,
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ArgumentError("backup_dir is empty.", fix="pass a directory of its own for this run.")
        self.backup_dir, self.save_freq = os.fspath(backup_dir), save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._batches = EveryFewBatches(save_freq)
        self._epoch, self._batch = 0, 0
        self._weights = os.path.join(self.backup_dir, "latest.weights.h5")
        self._metadata = os.path.join(self.backup_dir, "training_metadata.json")

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Restore, if there is a backup."""
        if not self.model.built:
            raise StateError(
                f"model {self.model.name!r} has no weights yet, so none can be restored.",
                fix="give it an Input, or call it on a batch before fit.",
            )
        try:
            self._restore()
        except OSError:
            if not os.path.exists(f"{self._weights}.bkp"):
                raise
            for path in (self._weights, self._metadata):
                if os.path.exists(f"{path}.bkp"):
                    shutil.copy(f"{path}.bkp", path)
            self._restore()

    def _restore(self) -> None:
        # The metadata are written last and deleted first: weights without them are of a run that has begun to save
        # for the first time, or has ended.
        if not os.path.exists(self._metadata):
            return
        with open(self._metadata, encoding="utf-8") as file:
            epoch = json.load(file)["epoch"]
        optimizer = self.model.optimizer
        if optimizer is not None and not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        self.model.load_weights(self._weights)
        self.model._initial_epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Back up, if it is time."""
        self._batch = batch
        if self._batches.is_due(batch):
            self._save()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Back up, if epochs count."""
        self._epoch, self._batch = epoch + 1, 0
        if self.save_freq == "epoch":
            self._save()

    def _save(self) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint:
            for path in (self._weights, self._metadata):
                if os.path.exists(path):
                    shutil.copy(path, f"{path}.bkp")
        self.model.save_weights(self._weights, overwrite=True)
        text = json.dumps({"epoch": self._epoch, "batch": self._batch})
        write_file(self._metadata, lambda file: file.write(text.encode()))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Delete the backup."""
        if self.delete_checkpoint and os.path.isdir(self.backup_dir):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self._metadata)
            shutil.rmtree(self.backup_dir)
