"""Initializers that draw from one distribution whatever the shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.keras import random
from headwater.keras.initializers.base import RandomInitializer


class RandomNormal(RandomInitializer):
    """A normal distribution.

    Args:
        mean: its mean.
        stddev: its standard deviation.
        seed: see `RandomInitializer`.
    """

    arguments = ("mean", "stddev")

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        return random.normal(shape, mean=self.mean, stddev=self.stddev, dtype=dtype, seed=self.seed)


class TruncatedNormal(RandomNormal):
    """A normal distribution whose values beyond two standard deviations are drawn again.

    Args:
        mean: mean before truncation.
        stddev: standard deviation before truncation.
        seed: see `RandomInitializer`.
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        return random.truncated_normal(shape, mean=self.mean, stddev=self.stddev, dtype=dtype, seed=self.seed)


class RandomUniform(RandomInitializer):
    """A uniform distribution over [minval, maxval).

    Args:
        minval: lower bound.
        maxval: upper bound.
        seed: see `RandomInitializer`.
    """

    arguments = ("minval", "maxval")

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        return random.uniform(shape, minval=self.minval, maxval=self.maxval, dtype=dtype, seed=self.seed)
