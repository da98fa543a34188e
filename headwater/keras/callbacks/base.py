"""Callback: methods that training calls at its marks."""

from __future__ import annotations

from typing import Any


class Callback:
    """Base of the callbacks. A subclass overrides the methods of the marks that it is interested in.

    `self.model` is the model that trains, `self.params` a dict with "verbose", "epochs" and "steps". `logs` hold the
    loss and the metrics; what a callback adds to them at the end of an epoch is seen by the callbacks after it, and by
    the history.

    Example:
        >>> class Shout(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         print(f"epoch {epoch} is over: {logs}")
        >>> Shout().on_epoch_end(0, {"loss": 1.0})
        epoch 0 is over: {'loss': 1.0}
    """

    leaves_traces = False  # whether it writes files or tells others; `fit(fast_dev_run=...)` leaves such ones out

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        """The model that trains."""
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        """Called before the first mark, with what training knows of itself."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Called before the first mark, with the model."""
        self._model = model

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Called as `fit` begins."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Called as `fit` ends, with the logs of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Called as an epoch begins; epochs count from 0."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Called as an epoch ends, with the means over its batches, and over the validation data under "val_..."."""

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """The older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """The older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called before a batch of training; batches count from 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called after a batch of training, with the means so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Called as `evaluate`, or a validation, begins."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Called as `evaluate`, or a validation, ends."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called before a batch of evaluation."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called after a batch of evaluation, with the means so far."""

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Called as `predict` begins."""

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """Called as `predict` ends."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called before a batch of prediction."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called after a batch of prediction, with {"outputs": its result}."""


_OLDER_NAMES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


def listens(callback: Any, mark: str) -> bool:
    """True if a callback does anything at a mark: its class, or the object itself, overrides the method."""
    for name in (mark, _OLDER_NAMES.get(mark)):
        if name is None:
            continue
        method = getattr(callback, name, None)
        if method is not None and getattr(method, "__func__", method) is not getattr(Callback, name):
            return True
    return False
