"""Callbacks that set the learning rate."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from headwater.errors import ArgumentError
from headwater.keras.callbacks.base import Callback
from headwater.keras.callbacks.monitor import MonitorCallback
from headwater.keras.utils.io import print_msg


def _optimizers(model: Any) -> Iterator[tuple[Any, str]]:
    """The optimizers of a model, each with what its name adds to messages and logs: nothing if there is one."""
    inner = getattr(model.optimizer, "optimizers", None)
    if inner is None:
        yield model.optimizer, ""
    else:
        yield from ((optimizer, optimizer.name) for optimizer in inner)


def _rate(optimizer: Any) -> float:
    return float(np.asarray(optimizer.learning_rate))


def _log_rates(model: Any, logs: dict[str, Any] | None) -> None:
    if logs is not None:
        for optimizer, name in _optimizers(model):
            logs[f"learning_rate_{name}" if name else "learning_rate"] = _rate(optimizer)


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch.

    Args:
        schedule: function of the epoch (from 0) and the present rate, or of the epoch alone, that returns a float.
        verbose: 1 to tell of it.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the rate."""
        for optimizer, name in _optimizers(self.model):
            try:
                rate = self.schedule(epoch, _rate(optimizer))
            except TypeError:  # a function of the epoch alone
                rate = self.schedule(epoch)
            if not isinstance(rate, (float, np.floating)):
                raise ArgumentError(f"the schedule gave {rate!r} for epoch {epoch}.", fix="let it return a float.")
            optimizer.learning_rate = rate
            if self.verbose > 0:
                whose = f"{name} " if name else ""
                print_msg(f"\nEpoch {epoch + 1}: LearningRateScheduler setting {whose}learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the rate to the logs."""
        _log_rates(self.model, logs)


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` after `patience` epochs in which a number has not become better.

    Args:
        monitor: name of the number in the logs.
        factor: below 1.
        patience: epochs without improvement that are borne.
        verbose: 1 to tell of it.
        mode: "min", "max" or "auto"; see `MonitorCallback`.
        min_delta: how much better a value must be to count as better.
        cooldown: epochs after a reduction that do not count.
        min_lr: lowest rate.
    Raises: ArgumentError if the factor is 1 or more.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ArgumentError(f"a factor of {factor} reduces nothing.", fix="pass a factor below 1.")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start over."""
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def in_cooldown(self) -> bool:
        """True while epochs do not count."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare, and perhaps reduce."""
        if not self._sign:
            self._set_monitor_op()
        logs = {} if logs is None else logs
        _log_rates(self.model, logs)
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"ReduceLROnPlateau watches {self.monitor!r}, which is not there; there are {', '.join(logs)}.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._reduce(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def _reduce(self, epoch: int) -> bool:
        reduced = False
        for optimizer, name in _optimizers(self.model):
            rate = _rate(optimizer)
            if rate <= np.float32(self.min_lr):
                continue
            rate = max(rate * self.factor, self.min_lr)
            optimizer.learning_rate = rate
            reduced = True
            if self.verbose > 0:
                whose = f" {name}" if name else ""
                print_msg(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing{whose} learning rate to {rate}.")
        return reduced
