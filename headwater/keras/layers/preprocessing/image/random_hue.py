"""RandomHue: colours turned on the wheel of hues."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.drawn_factor import DrawnFactor
from headwater.keras.layers.preprocessing.image.ranges import rescaled
from headwater.ops.image.colors import planes_of


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
        images = rescaled(ops.cast(images, self.compute_dtype), self.value_range, (0, 1))
        angle = ops.reshape(ops.cast(transformation["factor"], images.dtype), (-1, 1, 1))
        found = ops.image.rgb_to_hsv(images, data_format=self.data_format)
        hue, saturation, value = planes_of(found, self.channel_axis)
        hue = hue + angle
        hue = ops.where(hue > 1.0, hue - 1.0, hue)
        hue = ops.where(hue < 0.0, hue + 1.0, hue)
        found = ops.stack([hue, saturation, value], axis=self.channel_axis)
        found = ops.clip(ops.image.hsv_to_rgb(found, data_format=self.data_format), 0, 1)
        return ops.cast(rescaled(found, (0, 1), self.value_range), self.compute_dtype)
