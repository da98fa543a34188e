"""RandomColorDegeneration: colours nearer to grey."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.drawn_factor import DrawnFactor


class RandomColorDegeneration(DrawnFactor):
    """Takes colour out of images while training, each by a share of its own.

    Args:
        factor: greatest share, as -f to f, or two numbers; 1 makes images grey, below 0 colours grow stronger.
        value_range: the smallest and the largest value of pixels; results are kept in it.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        seed: int that the shares follow from.
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None, seed: int | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def _drawn(self, count: int, seed: Any) -> Any:
        return random.uniform((count, 1, 1, 1), *self.factor, seed=seed)

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        images = ops.cast(images, self.compute_dtype)
        grey = ops.image.rgb_to_grayscale(images, data_format=self.data_format)
        share = ops.cast(transformation["factor"], self.compute_dtype)
        return ops.clip(images + share * (grey - images), *self.value_range)

    def _output_shape(self, shape: Any) -> Any:
        if len(shape) not in (3, 4) or shape[self.channel_axis] not in (None, 3):
            raise ShapeError(
                f"RandomColorDegeneration: images of shape {tuple(shape)}.",
                fix="give images of three channels, one or a batch.",
            )
        return shape
