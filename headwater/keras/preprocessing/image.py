"""`keras.preprocessing.image`: images as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras.utils.images import array_to_img, img_to_array, load_img, save_img

__all__ = ["array_to_img", "img_to_array", "load_img", "save_img", "smart_resize"]


def smart_resize(
    x: Any, size: Any, interpolation: str = "bilinear", data_format: str = "channels_last", **kwargs: Any
) -> Any:
    """Images resized without distortion: a centred part of the target's proportions is cut out first.

    Args:
        x: (height, width, channels), or a batch of them; channels before the sizes for "channels_first".
        size: (height, width) of the result.
        interpolation: "bilinear", "nearest", "bicubic" and others; see `keras.ops.image.resize`.
        data_format: layout of `x`.
    Returns: a NumPy array if `x` is one, else a tensor.
    Raises: ShapeError if the size is no pair, or `x` no image.
    """
    kwargs.pop("backend_module", None)
    if len(size) != 2:
        raise ShapeError(f"a size of {tuple(size)} is not (height, width).", fix="pass two numbers.")
    rank = len(x.shape)
    if rank not in (3, 4):
        raise ShapeError(f"images of shape {tuple(x.shape)}.", fix="give three axes, or four for a batch.")
    first = (1 if data_format == "channels_first" else 0) + rank - 3
    height, width = x.shape[first], x.shape[first + 1]
    cut_height = min(height, int(width * size[0] / size[1]))
    cut_width = min(width, int(height * size[1] / size[0]))
    top, left = (height - cut_height) // 2, (width - cut_width) // 2
    place = [slice(None)] * rank
    place[first : first + 2] = [slice(top, top + cut_height), slice(left, left + cut_width)]
    part = ops.convert_to_tensor(x)[tuple(place)]
    resized = ops.image.resize(part, tuple(size), interpolation=interpolation, data_format=data_format)
    return resized.numpy() if isinstance(x, np.ndarray) else resized
