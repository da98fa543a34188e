"""Schedules that fall by a power, a factor, in steps, or with the inverse of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import settings
from headwater.keras.optimizers.schedules.base import LearningRateSchedule, as_float, check_steps


class _Progress(LearningRateSchedule):
    """A schedule of step / decay_steps, perhaps in whole numbers."""

    arguments = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool, name: str
    ) -> None:
        check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def _progress(self, step: Any) -> Any:
        progress = ops.divide(as_float(step), self.decay_steps)
        return ops.floor(progress) if self.staircase else progress


class ExponentialDecay(_Progress):
    """initial_learning_rate * decay_rate ^ (step / decay_steps).

    Args:
        initial_learning_rate: rate at step 0.
        decay_steps: steps after which the rate has fallen by one factor of `decay_rate`.
        decay_rate: the factor.
        staircase: fall once every `decay_steps`, not a little at each step.
        name: name of the schedule.
    Example:
        >>> round(float(ExponentialDecay(0.1, 100, 0.5)(200)), 6)
        0.025
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: Any) -> Any:
        return ops.multiply(ops.power(float(self.decay_rate), self._progress(step)), self.initial_learning_rate)


class InverseTimeDecay(_Progress):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Args:
        initial_learning_rate: rate at step 0.
        decay_steps: unit of time.
        decay_rate: how fast the divisor grows.
        staircase: fall once every `decay_steps`, not a little at each step.
        name: name of the schedule.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: Any) -> Any:
        divisor = ops.add(ops.multiply(self._progress(step), float(self.decay_rate)), 1.0)
        return ops.divide(float(self.initial_learning_rate), divisor)


class PolynomialDecay(LearningRateSchedule):
    """From initial to end rate by (1 - step / decay_steps) ^ power.

    Args:
        initial_learning_rate: rate at step 0.
        decay_steps: step at which the end is reached.
        end_learning_rate: rate from then on.
        power: 1 for a straight line.
        cycle: instead of staying at the end, stretch `decay_steps` to the next multiple.
        name: name of the schedule.
    """

    arguments = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle, self.name = end_learning_rate, power, cycle, name

    def __call__(self, step: Any) -> Any:
        step = as_float(step)
        if self.cycle:
            cycles = ops.maximum(ops.ceil(ops.divide(step, self.decay_steps)), 1.0)
            progress = ops.divide(step, ops.multiply(cycles, self.decay_steps))
        else:
            progress = ops.divide(ops.minimum(step, float(self.decay_steps)), self.decay_steps)
        left = ops.power(ops.subtract(1.0, progress), float(self.power))
        return ops.add(ops.multiply(left, self.initial_learning_rate - self.end_learning_rate), self.end_learning_rate)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[0] up to and with boundaries[0], values[1] up to and with boundaries[1], and so on.

    Args:
        boundaries: steps in ascending order.
        values: rates, one more than boundaries.
        name: name of the schedule.
    Raises: ArgumentError if their numbers do not fit.
    """

    arguments = ("boundaries", "values", "name")

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ArgumentError(
                f"{len(boundaries)} boundaries can't lie between {len(values)} values.",
                fix="pass one value more than boundaries.",
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: Any) -> Any:
        step = ops.convert_to_tensor(step)
        rate = ops.convert_to_tensor(self.values[0], dtype=settings.floatx())
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = ops.where(ops.greater(step, ops.cast(boundary, step.dtype)), ops.cast(value, rate.dtype), rate)
        return rate
