"""RandomHue: colours turned on the wheel of hues."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.drawn_factor import DrawnFactor
from headwater.keras.layers.preprocessing.image.ranges import rescaled
from headwater.ops.image.colors import hue_of, planes_of, pure_colour


class RandomHue(DrawnFactor):
    """Turns the hues of images while training, each by an angle of its own.

    Args:
        factor: greatest angle in half turns, or two numbers between which it is drawn; the side is drawn too.
        value_range: the smallest and the largest value of pixels.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        seed: int that the angles follow from.
    """

    _USE_BASE_FACTOR = True
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None, seed: int | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def _drawn(self, count: int, seed: Any) -> Any:
        side = ops.where(random.uniform((count,), seed=seed) > 0.5, -1.0, 1.0)
        return side * random.uniform((count,), *self.factor, seed=seed) * 0.5

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        axis = self.channel_axis
        if images.shape[axis] != 3:
            raise ShapeError(f"RandomHue: images of shape {tuple(images.shape)}.", fix="give three channels.")
        images = rescaled(ops.cast(images, self.compute_dtype), self.value_range, (0, 1))
        angle = ops.reshape(ops.cast(transformation["factor"], images.dtype), (-1, 1, 1))
        hue, value, spread = hue_of(*planes_of(images, axis))
        least = value - spread
        found = [ops.clip(least + spread * part, 0, 1) for part in pure_colour(hue + angle)]
        found = ops.stack(found, axis=axis)
        return ops.cast(rescaled(found, (0, 1), self.value_range), self.compute_dtype)
