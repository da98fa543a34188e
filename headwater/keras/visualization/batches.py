"""Batches of images, as drawing wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import settings


def channels_last(images: Any, data_format: str | None = None) -> np.ndarray:
    """Images as an array of shape (batch, height, width, channels).

    Args:
        images: of four axes.
        data_format: theirs; by default the one of `keras.config`.
    Raises: ArgumentError for other than four axes.
    """
    array = np.asarray(ops.convert_to_numpy(images))
    if array.ndim != 4:
        raise ArgumentError(
            f"images of shape {array.shape} are no batch.", fix="pass (batch, height, width, channels)."
        )
    first = (data_format or settings.image_data_format()) == "channels_first"
    return array.transpose(0, 2, 3, 1) if first else array
