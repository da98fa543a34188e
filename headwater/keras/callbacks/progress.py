"""ProgbarLogger: the bar of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

from typing import Any

from headwater.keras.callbacks.base import Callback
from headwater.keras.utils.io import print_msg
from headwater.keras.utils.progbar import Progbar


class ProgbarLogger(Callback):
    """Shows how far a run is, with its loss and metrics.

    With verbose=1 (or "auto") a bar on a terminal or in a notebook, and one plain line per epoch in a pipe or file;
    with verbose=2 one line per epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.verbose: Any = 1
        self.epochs = 1
        self.target: int | None = None
        self.seen = 0
        self.progbar: Progbar | None = None
        self._in_fit = False
        self._shown = False

    def set_params(self, params: dict[str, Any]) -> None:
        """Take verbose, epochs and steps."""
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs") or 1
        self.target = params.get("steps")
        self._shown = self.verbose == 1 and Progbar(None).is_dynamic

    @property
    def counts_batches(self) -> bool:
        """True if batches must be told: a bar moves with them, or their number is known only when they are over."""
        return self._shown or (self.target is None and bool(self.verbose))

    def due(self) -> bool:
        """True if the bar would be drawn anew now."""
        return self._shown and self.progbar is not None and self.progbar.due()

    def note(self, batch: int) -> None:
        """Remember how far the run is, without drawing."""
        self.seen = batch + 1
        if self.progbar is not None:
            self.progbar.note(self.seen)

    def _start(self) -> None:
        self.seen = 0
        self.progbar = Progbar(target=self.target, verbose=self.verbose, unit_name="step", stateless_metrics=())

    def _advance(self, batch: int, logs: dict[str, Any] | None) -> None:
        self.seen = batch + 1
        if self._shown:
            if self.progbar is None:
                self._start()
                self.seen = batch + 1
            assert self.progbar is not None
            self.progbar.update(self.seen, list((logs or {}).items()), finalize=False)

    def _finish(self, logs: dict[str, Any] | None) -> None:
        if self.progbar is None:
            return
        if self.target is None:
            self.target = self.progbar.target = self.seen
        self.progbar.update(self.target, list((logs or {}).items()), finalize=True)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """From here on validations are part of an epoch's line."""
        self._in_fit = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """A later evaluation has its own line."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start a bar."""
        self._start()
        if self.verbose and self.epochs > 1:
            print_msg(f"Epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar."""
        self._advance(batch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Finish the line."""
        self._finish(logs)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start a bar, unless it is a validation."""
        if not self._in_fit:
            self._start()

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar, unless it is a validation."""
        if not self._in_fit:
            self._advance(batch, logs)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Finish the line, unless it is a validation."""
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start a bar."""
        self._start()

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move the bar."""
        self._advance(batch, None)

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """Finish the line."""
        self._finish(None)
