"""Solarization: bright pixels inverted."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import ColourLayer
from headwater.keras.layers.preprocessing.image.ranges import factor_range, rescaled, value_pair


class Solarization(ColourLayer):
    """Adds a number to all pixels of an image, then inverts those above a threshold, while training; both are drawn
    for each image.

    Args:
        addition_factor: greatest number, as a share of the range of values, or two numbers in [0, 1].
        threshold_factor: greatest threshold likewise.
        value_range: the smallest and the largest value of pixels.
        seed: int that the draws follow from.
    """

    _USE_BASE_FACTOR = False
    _CASTS_AT_REST = True

    def __init__(
        self, addition_factor: Any = 0.0, threshold_factor: Any = 0.0, value_range: Any = (0, 255),
        seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self._set_seed(seed)
        self.addition_factor = factor_range(addition_factor, "addition_factor", (0, 1))
        self.threshold_factor = factor_range(threshold_factor, "threshold_factor", (0, 1))
        self.value_range = value_pair(value_range)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The number that is added and the threshold, of each image, in a range of 0 to 255."""
        if not training:
            return None
        shape = self._shape_of(data)
        sizes = (shape[0], 1, 1, 1) if len(shape) == 4 else (1, 1, 1)
        seed = self.generator if seed is None else seed

        def drawn(factor: tuple[float, float]) -> Any:
            return random.uniform(sizes, factor[0], factor[1] * 255, seed=seed, dtype=self.compute_dtype)

        return {"additions": drawn(self.addition_factor), "thresholds": drawn(self.threshold_factor)}

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        images = ops.cast(images, self.compute_dtype)
        if transformation is None:
            return images
        images = rescaled(images, self.value_range, (0, 255), self.compute_dtype)
        found = ops.clip(images + transformation["additions"], 0, 255)
        found = ops.where(found < transformation["thresholds"], found, 255 - found)
        return rescaled(found, (0, 255), self.value_range, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        names = ("value_range", "addition_factor", "threshold_factor", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
