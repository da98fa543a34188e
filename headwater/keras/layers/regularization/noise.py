"""Noise while training: Gaussian, added or multiplied, and dropout that keeps mean and variance."""

from __future__ import annotations

import math
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import random
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.regularization.dropout import checked_rate
from headwater.keras.random import SeedGenerator


class _Noise(Layer):
    """A layer that disturbs its input while training."""

    def __init__(self, seed: int | None, active: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self._set_untracked(_active=active)
        if active:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The input, disturbed while training."""
        return self._disturbed(inputs) if training and self._active else inputs

    def _disturbed(self, inputs: Any) -> Any:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape


class GaussianNoise(_Noise):
    """Adds normal noise of mean 0 while training.

    Args:
        stddev: its standard deviation.
        seed: int that the noise follows from.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        if not 0 <= stddev <= 1:
            raise ArgumentError(
                f"GaussianNoise: stddev={stddev} is not between 0 and 1.", fix="scale the input instead.", where=""
            )
        super().__init__(seed, stddev > 0, **kwargs)
        self.stddev = stddev

    def _disturbed(self, inputs: Any) -> Any:
        noise = random.normal(inputs.shape, 0.0, self.stddev, dtype=self.compute_dtype, seed=self.seed_generator)
        return ops.add(inputs, noise)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}


class GaussianDropout(_Noise):
    """Multiplies by normal noise of mean 1 while training; its variance is that of dropout.

    Args:
        rate: the rate of the dropout that it stands for: the standard deviation is sqrt(rate / (1 - rate)).
        seed: int that the noise follows from.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        checked_rate(rate, "GaussianDropout")
        super().__init__(seed, rate > 0, **kwargs)
        self.rate = rate

    def _disturbed(self, inputs: Any) -> Any:
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        noise = random.normal(inputs.shape, 1.0, stddev, dtype=self.compute_dtype, seed=self.seed_generator)
        return ops.multiply(inputs, noise)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class AlphaDropout(_Noise):
    """Dropout for SELU networks: sets values to SELU's lower bound, then scales and shifts, so that mean and variance
    stay.

    Args:
        rate: share of the values that is set.
        noise_shape: shape of the decisions, which broadcasts.
        seed: int that the decisions follow from.
    Source: Klambauer et al. 2017, arXiv:1706.02515, section "New dropout technique".
    """

    _LOWEST = -1.6732632423543772 * 1.0507009873554805  # of SELU

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        checked_rate(rate, "AlphaDropout")
        super().__init__(seed, rate > 0, **kwargs)
        self.rate = rate
        self._set_untracked(noise_shape=None if noise_shape is None else tuple(noise_shape))

    def _disturbed(self, inputs: Any) -> Any:
        shape = tuple(inputs.shape)
        if self.noise_shape is not None:
            shape = tuple(size if wanted is None else wanted for size, wanted in zip(inputs.shape, self.noise_shape))
        kept = ops.greater_equal(random.uniform(shape, seed=self.seed_generator), self.rate)
        kept = ops.cast(kept, inputs.dtype)
        lowest, rate = self._LOWEST, self.rate
        scale = ((1.0 - rate) * (1.0 + rate * lowest**2)) ** -0.5
        shift = -scale * lowest * rate
        x = ops.add(ops.multiply(inputs, kept), ops.multiply(lowest, ops.subtract(1.0, kept)))
        return ops.add(ops.multiply(scale, x), shift)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
