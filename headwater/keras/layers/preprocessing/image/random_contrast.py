"""RandomContrast: the distance of pixels from their mean stretched."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import ColourLayer


class RandomContrast(ColourLayer):
    """Raises or lowers the contrast of images while training, each by a factor of its own.

    Args:
        factor: two numbers l and u in [0, 1]: the factor is drawn between 1 - l and 1 + u. One number f: between 1 and
            1 + f, as in Keras 3.
        value_range: the smallest and the largest value of pixels; results are kept in it.
        seed: int that the factors follow from.
    """

    _FACTOR_BOUNDS = (0, 1)

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_factor(factor)
        self.value_range = tuple(value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The factor of each image."""
        shape = self._shape_of(data)
        sizes = (shape[0], 1, 1, 1) if len(shape) == 4 else (1, 1, 1)
        if not training:
            return {"contrast_factor": ops.zeros(sizes)}
        seed = self.generator if seed is None else seed
        low, high = 1.0 - self.factor[0], 1.0 + self.factor[1]
        return {"contrast_factor": random.uniform(sizes, low, high, seed=seed, dtype=self.compute_dtype)}

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        mean = ops.mean(images, axis=self.height_axis, keepdims=True)
        row = ops.broadcast_to(ops.mean(mean, axis=self.width_axis, keepdims=True), mean.shape)
        if self.data_format == "channels_last":  # rows as long as width * channels: no loop is as short as a pixel
            *front, height, width, channels = images.shape
            rows, row = (ops.reshape(x, (*front, -1, width * channels)) for x in (images, row))
            factor = ops.reshape(transformation["contrast_factor"], (-1, 1, 1))
            found = ops.clip((rows - row) * factor + row, *self.value_range)
            return ops.reshape(found, (*front, height, width, channels))
        return ops.clip((images - row) * transformation["contrast_factor"] + row, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **config}
