"""RandomSaturation: colours stronger or weaker."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras import random, settings
from headwater.keras.layers.preprocessing.image.drawn_factor import DrawnFactor
from headwater.ops.image.colors import planes_of, resaturated


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
        axis = self.channel_axis
        if images.shape[axis] != 3 or not images.dtype.is_floating:
            raise ShapeError(
                f"RandomSaturation: images of shape {tuple(images.shape)} and dtype {images.dtype}.",
                fix="give three channels, of floats.",
            )
        found = resaturated(planes_of(images, axis), lambda part: ops.clip(part * factor, *self.value_range))
        return ops.stack(found, axis=axis)
