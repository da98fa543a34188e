"""Schedules along a cosine: after a warm-up, or with restarts."""

from __future__ import annotations

import math
from typing import Any

from headwater import ops
from headwater.keras.optimizers.schedules.base import LearningRateSchedule, as_float, check_steps


def _half_wave(progress: Any) -> Any:
    """1 at progress 0, 0 at progress 1."""
    return ops.multiply(ops.add(ops.cos(ops.multiply(progress, math.pi)), 1.0), 0.5)


class CosineDecay(LearningRateSchedule):
    """Down along half a cosine, after rising in a straight line if there is a warm-up.

    Args:
        initial_learning_rate: rate at step 0.
        decay_steps: steps of the cosine.
        alpha: share of the rate that is left at its end.
        name: name of the schedule.
        warmup_target: rate that the warm-up rises to, and the cosine falls from; None for no warm-up.
        warmup_steps: steps of the warm-up.
    Source: Loshchilov and Hutter 2017, arXiv:1608.03983.
    """

    arguments = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        check_steps("decay_steps", decay_steps)
        self.initial_learning_rate, self.decay_steps, self.alpha = initial_learning_rate, decay_steps, alpha
        self.name, self.warmup_target, self.warmup_steps = name, warmup_target, warmup_steps

    def _decayed(self, step: Any, start: float) -> Any:
        share = ops.add(ops.multiply(_half_wave(ops.divide(step, self.decay_steps)), 1.0 - self.alpha), self.alpha)
        return ops.multiply(share, start)

    def __call__(self, step: Any) -> Any:
        if self.warmup_target is None:
            return self._decayed(ops.minimum(as_float(step), float(self.decay_steps)), self.initial_learning_rate)
        step = ops.minimum(as_float(step), float(self.decay_steps + self.warmup_steps))
        decayed = self._decayed(ops.subtract(step, float(self.warmup_steps)), self.warmup_target)
        if not self.warmup_steps:
            return decayed
        rise = (self.warmup_target - self.initial_learning_rate) / self.warmup_steps
        rising = ops.add(ops.multiply(step, rise), self.initial_learning_rate)
        return ops.where(ops.less(step, float(self.warmup_steps)), rising, decayed)


class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine down, then up again at once, and so on, each time longer and lower.

    Args:
        initial_learning_rate: rate at step 0.
        first_decay_steps: steps of the first wave.
        t_mul: how many times longer each wave is than the one before.
        m_mul: how many times higher each wave starts than the one before.
        alpha: share of the rate that is left at the end of a wave.
        name: name of the schedule.
    Source: Loshchilov and Hutter 2017, arXiv:1608.03983.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        check_steps("first_decay_steps", first_decay_steps)
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self._t_mul, self._m_mul, self.alpha, self.name = float(t_mul), float(m_mul), alpha, name

    def _wave(self, step: Any) -> tuple[Any, Any]:
        """Number of the wave, and how far it has come."""
        progress = ops.divide(as_float(step), self.first_decay_steps)
        if self._t_mul == 1.0:
            wave = ops.floor(progress)
            return wave, ops.subtract(progress, wave)
        growth = self._t_mul - 1.0
        wave = ops.floor(ops.divide(ops.log(ops.add(ops.multiply(progress, growth), 1.0)), math.log(self._t_mul)))
        length = ops.power(self._t_mul, wave)
        start = ops.divide(ops.subtract(length, 1.0), growth)
        return wave, ops.divide(ops.subtract(progress, start), length)

    def __call__(self, step: Any) -> Any:
        wave, progress = self._wave(step)
        height = ops.multiply(_half_wave(progress), ops.power(self._m_mul, wave))
        share = ops.add(ops.multiply(height, 1.0 - self.alpha), self.alpha)
        return ops.multiply(share, self.initial_learning_rate)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this schedule again."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self._t_mul,
            "m_mul": self._m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
