"""LambdaCallback: a callback of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.keras.callbacks.base import Callback


class LambdaCallback(Callback):
    """Calls functions at marks.

    Args:
        on_epoch_begin, on_epoch_end: functions of epoch and logs.
        on_train_begin, on_train_end: functions of logs.
        on_train_batch_begin, on_train_batch_end: functions of batch and logs.
        kwargs: functions for other marks.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in given.items():
            if function is not None:
                setattr(self, name, function)
