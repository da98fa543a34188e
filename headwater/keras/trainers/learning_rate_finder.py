"""lr_find: at which learning rates a model learns, by a short run in which the rate grows from step to step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, UnsupportedError
from headwater.keras.callbacks.base import Callback

_MEMORY = 0.9  # of the running mean that smooths the losses
_DIVERGED = 4.0  # a smoothed loss of so many times the best ends the run


class LearningRates:
    """What `Model.lr_find` found.

    Attributes:
        rates: the learning rates that were tried, one a step, growing.
        losses: the smoothed loss of the batch at each.
        suggestion: the rate at which the loss fell most steeply per factor of the rate; None if it never fell.
    """

    def __init__(self, rates: list[float], losses: list[float]) -> None:
        self.rates = rates
        self.losses = losses
        self.suggestion = _steepest(rates, losses)

    def __repr__(self) -> str:
        return f"LearningRates(suggestion={self.suggestion}, steps={len(self.rates)})"

    def plot(self) -> Any:
        """A matplotlib figure of the losses over the rates, with a line at the suggestion.

        Raises: UnsupportedError without matplotlib.
        """
        from headwater.keras.visualization.figures import new_figure

        figure = new_figure(figsize=(6, 4))
        axes = figure.subplots()
        axes.plot(self.rates, self.losses)
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss (smoothed)")
        if self.suggestion is not None:
            axes.axvline(self.suggestion, color="grey", linestyle=":", label=f"suggestion: {self.suggestion:.1e}")
            axes.legend()
        return figure


def find_learning_rate(
    model: Any, fit: Callable[[Callback], Any], low: float = 1e-7, high: float = 10.0, steps: int = 100
) -> LearningRates:
    """Train with a learning rate that grows by the same factor at each step, and put everything back.

    Args:
        model: a compiled model, whose optimizer has a learning rate that can be set.
        fit: trains it with a callback until that stops it.
        low, high: the first and the last rate.
        steps: how many are tried.
    Raises: ArgumentError unless 0 < low < high and steps > 1; UnsupportedError if the rate follows a schedule.
    Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2017, section 3.3.
    """
    if not 0 < low < high or steps < 2:
        raise ArgumentError(
            f"low={low}, high={high}, steps={steps} give no growing rates.", fix="pass 0 < low < high and steps > 1."
        )
    try:
        model.optimizer.learning_rate = model.optimizer.learning_rate  # refused where a schedule gives it
    except TypeError:
        raise UnsupportedError(
            "the learning rate follows a schedule, so other rates can't be tried.",
            fix="compile with a number as the learning rate, find one, and make the schedule from it.",
        ) from None
    growing, history = _GrowingRate(low, high, steps), model.history
    try:
        fit(growing)
    finally:
        growing.put_back()
        model.history, model.stop_training = history, False
    return LearningRates(growing.rates, growing.losses)


class _GrowingRate(Callback):
    """Sets the rate before each batch and notes the loss after it; remembers what the model was."""

    def __init__(self, low: float, high: float, steps: int) -> None:
        super().__init__()
        self.planned = np.geomspace(low, high, steps).tolist()
        self.rates: list[float] = []
        self.losses: list[float] = []
        self._mean = 0.0
        self._before: list[tuple[Any, np.ndarray]] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        variables = [*self.model.variables, *self.model.optimizer.variables]
        self._before = [(variable, np.array(ops.convert_to_numpy(variable))) for variable in variables]

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.reset_metrics()  # so that the loss is this batch's
        self.rates.append(self.planned[len(self.rates)])
        self.model.optimizer.learning_rate = self.rates[-1]

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = float((logs or {}).get("loss", math.nan))
        self._mean = _MEMORY * self._mean + (1 - _MEMORY) * loss
        self.losses.append(self._mean / (1 - _MEMORY ** len(self.rates)))
        diverged = not self.losses[-1] < _DIVERGED * min(self.losses)  # so is a loss that is not a number
        if diverged or len(self.rates) == len(self.planned):
            self.model.stop_training = True

    def put_back(self) -> None:
        """Give all variables the values that they had before."""
        for variable, value in self._before:
            variable.assign(value)


def _steepest(rates: list[float], losses: list[float]) -> float | None:
    """The rate at the steepest fall of the loss over the logarithm of the rate."""
    known = np.isfinite(losses)
    if np.count_nonzero(known) < 3:
        return None
    slopes = np.gradient(np.asarray(losses)[known], np.log(np.asarray(rates)[known]))
    place = int(np.argmin(slopes))
    return float(np.asarray(rates)[known][place]) if slopes[place] < 0 else None
