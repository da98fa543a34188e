"""RandomBrightness: the same number added to all pixels of an image."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import ColourLayer
from headwater.keras.layers.preprocessing.image.ranges import value_pair


class RandomBrightness(ColourLayer):
    """Makes images brighter or darker while training, each by an amount of its own.

    Args:
        factor: greatest amount as a share of the range of values, as -f to f, or two numbers; within -1 and 1.
        value_range: the smallest and the largest value of pixels; results are kept in it.
        seed: int that the amounts follow from.
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(factor=factor, **kwargs)
        self._set_seed(seed)
        self.value_range = value_pair(value_range)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What is added to each image."""
        shape = self._shape_of(data)
        sizes = (shape[0], 1, 1, 1) if len(shape) == 4 else (1, 1, 1)
        if not training:
            return {"rgb_delta": ops.zeros(sizes)}
        drawn = random.uniform(sizes, *self.factor, seed=self.generator if seed is None else seed)
        return {"rgb_delta": drawn * (self.value_range[1] - self.value_range[0])}

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        images = ops.convert_to_tensor(images)
        if not images.dtype.is_floating:  # integers would lose the fraction, and wrap around
            images = ops.cast(images, self.compute_dtype)
        return ops.clip(images + ops.cast(transformation["rgb_delta"], images.dtype), *self.value_range)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **config}
