"""What the colour layers share that draw one factor for each image."""

from __future__ import annotations

from typing import Any

from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import ColourLayer
from headwater.keras.layers.preprocessing.image.ranges import value_pair


class DrawnFactor(ColourLayer):
    """A colour layer with a factor for each image, which a subclass applies in `_recoloured`.

    Args:
        factor: greatest factor, or two numbers between which it is drawn.
        value_range: the smallest and the largest value of pixels.
        seed: int that the factors follow from.
    """

    _USE_BASE_FACTOR = False

    def __init__(self, factor: Any, value_range: Any, data_format: str | None, seed: int | None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = value_pair(value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The factor of each image."""
        count = self._count(data)
        return {"factor": self._drawn(count, self.generator if seed is None else seed)} if training else None

    def _drawn(self, count: int, seed: Any) -> Any:
        return random.uniform((count,), *self.factor, seed=seed)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **config}
