"""CallbackList: all callbacks of a run as one, which knows at which marks somebody listens.

Logs may be given as a function that makes them. It is called when a callback wants them, and once for all callbacks of
a mark; so numbers are read back from the device only where somebody looks at them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import tree
from headwater.keras.callbacks.base import Callback, listens
from headwater.keras.callbacks.history import History
from headwater.keras.callbacks.progress import ProgbarLogger

Logs = dict[str, Any] | Callable[[], dict[str, Any]] | None

_BATCH_MARKS = (
    "on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin",
    "on_test_batch_end", "on_predict_batch_begin", "on_predict_batch_end",
)  # fmt: skip


def numbers(logs: Logs) -> dict[str, Any]:
    """Logs with Python floats in place of tensors and NumPy scalars; values that are no numbers stay."""
    if callable(logs):
        logs = logs()
    return {name: _number(value) for name, value in (logs or {}).items()}


def _number(value: Any) -> Any:
    if isinstance(value, (float, int, str, list, tuple, type(None))):
        return value
    if isinstance(value, dict):
        return {name: _number(each) for name, each in value.items()}
    if hasattr(value, "numpy"):
        value = value.numpy()
    return float(value) if isinstance(value, (np.ndarray, np.generic)) and np.size(value) == 1 else value


class CallbackList(Callback):
    """Passes marks on to callbacks, in their order.

    Args:
        callbacks: callbacks, a nested list of them, or one.
        add_history: add a `History` if there is none.
        add_progbar: add a `ProgbarLogger` if there is none.
        model: the model that trains.
        params: what callbacks are told of the run: verbose, epochs, steps.
    Example:
        >>> from headwater.keras.callbacks import LambdaCallback
        >>> ended = CallbackList([LambdaCallback(on_train_batch_end=lambda batch, logs: print(batch, logs))])
        >>> ended.needs_train_batch_end, ended.needs_train_batch_begin
        (True, False)
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = tree.leaves(callbacks) if callbacks else []
        self._history = next((c for c in self.callbacks if isinstance(c, History)), None)
        self._progbar = next((c for c in self.callbacks if isinstance(c, ProgbarLogger)), None)
        if self._history is None and add_history:
            self._history = History()
            self.callbacks.append(self._history)
        if self._progbar is None and add_progbar:
            self._progbar = ProgbarLogger()
            self.callbacks.append(self._progbar)
        self.set_model(model)
        self.set_params(params)
        self._find_listeners()

    def _find_listeners(self) -> None:
        """Who listens at the marks of each batch. The bar is asked apart: it wants logs only when it is due."""
        self._listeners = {
            mark: [c for c in self.callbacks if c is not self._progbar and listens(c, mark)] for mark in _BATCH_MARKS
        }
        bar = self._progbar is not None and self._progbar.counts_batches
        self.needs_train_batch_begin = bool(self._listeners["on_train_batch_begin"])
        self.needs_test_batch_begin = bool(self._listeners["on_test_batch_begin"])
        self.needs_predict_batch_begin = bool(self._listeners["on_predict_batch_begin"])
        self.needs_train_batch_end = bar or bool(self._listeners["on_train_batch_end"])
        self.needs_test_batch_end = bar or bool(self._listeners["on_test_batch_end"])
        self.needs_predict_batch_end = bar or bool(self._listeners["on_predict_batch_end"])

    def listens_to_every_batch(self, kind: str) -> bool:
        """True if somebody other than the bar wants each batch of `kind` ("train", "test", "predict")."""
        return bool(self._listeners[f"on_{kind}_batch_begin"] or self._listeners[f"on_{kind}_batch_end"])

    def progbar_due(self) -> bool:
        """True if the bar would be drawn anew now; it is not more than ten times a second."""
        return self._progbar is not None and self._progbar.due()

    def append(self, callback: Any) -> None:
        """Add a callback."""
        self.callbacks.append(callback)
        if self._model is not None:
            callback.set_model(self._model)
        callback.set_params(self.params)
        self._find_listeners()

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell all callbacks of the run."""
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Give all callbacks the model."""
        if model is None:
            return
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def _batch_begin(self, mark: str, batch: int, logs: Logs) -> None:
        listeners = self._listeners[mark]
        if listeners:
            values = numbers(logs)
            for callback in listeners:
                getattr(callback, mark)(batch, logs=values)

    def _batch_end(self, mark: str, batch: int, logs: Logs) -> None:
        listeners = self._listeners[mark]
        due = self.progbar_due()
        if listeners or due:
            values = numbers(logs)
            for callback in listeners:
                getattr(callback, mark)(batch, logs=values)
        if due:
            getattr(self._progbar, mark)(batch, logs=values)
        elif self._progbar is not None:
            self._progbar.note(batch)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Pass on."""
        self._batch_begin("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Pass on; the bar is drawn if it is due."""
        self._batch_end("on_train_batch_end", batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Pass on."""
        self._batch_begin("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Pass on; the bar is drawn if it is due."""
        self._batch_end("on_test_batch_end", batch, logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Pass on."""
        self._batch_begin("on_predict_batch_begin", batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Pass on; the bar is drawn if it is due. The logs hold outputs, not numbers, and are passed as they are."""
        listeners = self._listeners["on_predict_batch_end"]
        values = logs() if callable(logs) and listeners else logs
        for callback in listeners:
            callback.on_predict_batch_end(batch, logs=values)
        if self.progbar_due():
            self._progbar.on_predict_batch_end(batch)  # type: ignore[union-attr]
        elif self._progbar is not None:
            self._progbar.note(batch)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """The older name of `on_train_batch_begin`."""
        self.on_train_batch_begin(batch, logs)

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """The older name of `on_train_batch_end`."""
        self.on_train_batch_end(batch, logs)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Pass on."""
        values = numbers(logs)
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, values)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Pass on; all callbacks see one dict, to which they may add."""
        values = numbers(logs)
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, values)

    def _pass_on(self, mark: str, logs: Logs) -> None:
        values = numbers(logs)
        for callback in self.callbacks:
            getattr(callback, mark)(values)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Pass on."""
        self._pass_on("on_train_begin", logs)

    def on_train_end(self, logs: Logs = None) -> None:
        """Pass on."""
        self._pass_on("on_train_end", logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """Pass on."""
        self._pass_on("on_test_begin", logs)

    def on_test_end(self, logs: Logs = None) -> None:
        """Pass on."""
        self._pass_on("on_test_end", logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Pass on."""
        self._pass_on("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs = None) -> None:
        """Pass on."""
        self._pass_on("on_predict_end", logs)
