"""What the callbacks that watch one number have in common: which way is better, and by how much."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.callbacks.base import Callback


class MonitorCallback(Callback):
    """Base of the callbacks that watch a loss or metric.

    Args:
        monitor: name of the number in the logs.
        mode: "min" (less is better), "max", or "auto" (the metric says).
        baseline: best value so far.
        min_delta: how much better a value must be to count as better.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(f"{type(self).__name__}: mode {mode!r} is unknown; 'auto' is used.", stacklevel=3)
            mode = "auto"
        self.monitor, self.mode = monitor, mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self._sign = 0  # 1 if more is better, -1 if less is

    def _set_monitor_op(self) -> None:
        """Find which way is better.

        Raises: ArgumentError if neither the mode nor a metric of the model says.
        """
        if self.mode != "auto":
            self._sign = 1 if self.mode == "max" else -1
            return
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            self._sign = -1
            return
        for metric in _metrics_of(self.model):
            if metric.name == name and hasattr(metric, "_direction"):
                self._sign = 1 if metric._direction == "up" else -1
                return
        raise ArgumentError(
            f"{type(self).__name__} watches {self.monitor!r}, and nothing says whether more of it is better.",
            fix="pass mode='max' or mode='min'.",
        )

    @property
    def _less_is_better(self) -> bool:
        return self._sign < 0

    def _is_improvement(self, value: Any, reference: Any) -> bool:
        """True if `value` is better than `reference` by `min_delta`; anything is better than None."""
        if reference is None:
            return True
        return bool(self._sign * (float(value) - float(reference)) > self.min_delta)


def _metrics_of(model: Any) -> Iterator[Any]:
    """The metrics of a model, also those inside of others."""
    pending = list(getattr(model, "metrics", None) or ())
    while pending:
        metric = pending.pop(0)
        yield metric
        inner = getattr(metric, "metrics", None)
        pending.extend(inner if isinstance(inner, (list, tuple)) else ())
