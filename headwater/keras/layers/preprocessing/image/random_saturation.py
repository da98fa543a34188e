"""RandomSaturation: colours stronger or weaker."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random, settings
from headwater.keras.layers.preprocessing.image.drawn_factor import DrawnFactor
from headwater.ops.image.colors import planes_of


class RandomSaturation(DrawnFactor):
    """Multiplies the saturation of images while training, each by a factor of its own.

    Args:
        factor: a number f in [0, 1], or two: 0.5 changes nothing, 0 makes images grey, towards 1 the factor
            f / (1 - f) grows without bound.
        value_range: the range in which the saturation is kept, as in Keras 3: (0, 1) for pixels from 0 to 1.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        seed: int that the factors follow from.
    """

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None, seed: int | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def _drawn(self, count: int, seed: Any) -> Any:
        share = random.uniform((count,), *self.factor, seed=seed)
        return share / (1 - share + settings.epsilon())

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        factor = ops.reshape(ops.cast(transformation["factor"], self.compute_dtype), (-1, 1, 1))
        found = ops.image.rgb_to_hsv(images, data_format=self.data_format)
        hue, saturation, value = planes_of(found, self.channel_axis)
        saturation = ops.clip(saturation * factor, *self.value_range)
        found = ops.stack([hue, saturation, value], axis=self.channel_axis)
        return ops.image.hsv_to_rgb(found, data_format=self.data_format)
