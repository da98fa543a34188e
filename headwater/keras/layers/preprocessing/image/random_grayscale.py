"""RandomGrayscale: some images without colour."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import ColourLayer, each


class RandomGrayscale(ColourLayer):
    """Makes some images grey while training; they keep three channels.

    Args:
        factor: probability, from 0 to 1.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        seed: int that the decisions follow from.
    """

    def __init__(
        self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        if not 0 <= factor <= 1:
            raise ArgumentError(f"RandomGrayscale: factor={factor}.", fix="pass a number in [0, 1].", where="")
        self.factor = factor
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images become grey, (batch, 1, 1, 1)."""
        count = self._count(data)
        if not training:
            return None
        return each(random.uniform((count,), seed=self.generator if seed is None else seed) < self.factor)

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        if transformation is None:
            transformation = self.get_random_transformation(images)
        grey = ops.image.rgb_to_grayscale(images, data_format=self.data_format)
        return ops.where(transformation, grey, images)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "factor": self.factor}
