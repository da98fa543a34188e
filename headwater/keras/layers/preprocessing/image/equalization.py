"""Equalization: every value about equally frequent."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.keras.layers.preprocessing.image.layer import ColourLayer
from headwater.keras.layers.preprocessing.image.ranges import rescaled, value_pair


class Equalization(ColourLayer):
    """Spreads the values of each channel so that all are about equally frequent, while training. As in Keras 3, the
    frequencies are those of the whole batch.

    Args:
        value_range: the smallest and the largest value of pixels.
        bins: how many values are told apart.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Source: Gonzalez and Woods 2008, "Digital image processing", section 3.3.
    """

    def __init__(
        self, value_range: Any = (0, 255), bins: int = 256, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.bins = bins
        self.value_range = value_pair(value_range)

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        images = rescaled(ops.cast(images, self.compute_dtype), self.value_range, (0, 255), self.compute_dtype)
        channels = [
            self._equalized(ops.take(images, place, axis=self.channel_axis))
            for place in range(images.shape[self.channel_axis])
        ]
        found = ops.cast(ops.stack(channels, axis=self.channel_axis), self.compute_dtype)
        return rescaled(found, (0, 255), self.value_range, self.compute_dtype)

    def _equalized(self, channel: Any) -> Any:
        last = self.bins - 1
        values = ops.cast(channel, "float32")
        counted = ops.reshape(ops.clip(ops.cast(values * last / 255.0, "int32"), 0, last), (-1,))
        ones = ops.ones((int(np.prod(channel.shape)),), "int32")
        frequency = ops.segment_sum(ones, counted, num_segments=self.bins)
        reached = ops.cumsum(frequency)
        least = ops.min(ops.where(reached > 0, reached, reached[-1]))
        spread = reached[-1] - least
        table = ops.cast(reached - least, "float32") * 255 / ops.cast(ops.maximum(spread, 1), "float32")
        table = ops.clip(ops.round(table), 0, 255)
        places = ops.cast(ops.clip(values / 255.0 * last, 0, last), "int32")
        return ops.where(spread == 0, values, ops.take(table, places))

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "bins": self.bins, "value_range": self.value_range}
