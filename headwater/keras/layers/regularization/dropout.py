"""Dropout: values set to 0 at random while training."""

from __future__ import annotations

from typing import Any

from headwater.errors import ArgumentError
from headwater.keras import random
from headwater.keras.layers.layer import Layer
from headwater.keras.random import SeedGenerator


def checked_rate(rate: Any, what: str) -> float:
    """`rate`, if it is a share between 0 and 1.

    Raises: ArgumentError if it is not.
    """
    if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
        raise ArgumentError(
            f"{what}: rate={rate!r} is not a number from 0 to 1.", fix="pass the share to drop, such as 0.5."
        )
    return rate


class Dropout(Layer):
    """While training, sets a share of the values to 0 and scales the others by 1 / (1 - rate); otherwise changes
    nothing.

    Args:
        rate: share of the values that is set to 0.
        noise_shape: shape of the decisions, which broadcasts: 1 where all positions share one.
        seed: int that the decisions follow from.
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = checked_rate(rate, type(self).__name__)
        self.seed = seed
        self._set_untracked(noise_shape=None if noise_shape is None else tuple(noise_shape))
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The input, thinned out while training."""
        if training and self.rate > 0:
            return random.dropout(
                inputs, rate=self.rate, noise_shape=self._noise_shape(inputs), seed=self.seed_generator
            )
        return inputs

    def _noise_shape(self, inputs: Any) -> Any:
        return self.noise_shape

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}
