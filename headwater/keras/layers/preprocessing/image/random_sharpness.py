"""RandomSharpness: images blurred or sharpened."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.keras.layers.preprocessing.image.drawn_factor import DrawnFactor

_SMOOTHING = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], "float32") / np.float32(13)


class RandomSharpness(DrawnFactor):
    """Blurs or sharpens images while training, each by a factor of its own.

    Args:
        factor: a number in [0, 1], or two: 0.5 changes nothing, 0 blurs, 1 sharpens.
        value_range: the smallest and the largest value of pixels; results are kept in it.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        seed: int that the factors follow from.
    """

    _FACTOR_BOUNDS = (0, 1)
    _CASTS_AT_REST = True

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None, seed: int | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(factor, value_range, data_format, seed, **kwargs)

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        images = ops.cast(images, self.compute_dtype)
        channels = images.shape[self.channel_axis]
        kernel = ops.cast(np.tile(_SMOOTHING[:, :, None, None], (1, 1, channels, 1)), self.compute_dtype)
        smooth = ops.nn.depthwise_conv(images, kernel, strides=1, padding="same", data_format=self.data_format)
        factor = ops.reshape(ops.cast(transformation["factor"] * 2, self.compute_dtype), (-1, 1, 1, 1))
        return ops.clip(images + (1.0 - factor) * (smooth - images), *self.value_range)
