"""Images as arrays, through Pillow, which is loaded when it is needed."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError
from headwater.keras import settings

_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}


def _pillow() -> Any:
    try:
        import PIL.Image
    except ImportError as error:
        raise ImportError("images need the package Pillow: pip install pillow") from error
    return PIL.Image


def _layout(data_format: str | None) -> str:
    found = settings.image_data_format() if data_format is None else data_format
    if found not in ("channels_last", "channels_first"):
        raise ArgumentError(f"{data_format!r} is no image layout.", fix="pass 'channels_last' or 'channels_first'.")
    return found


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array as a PIL image.

    Args:
        x: (height, width, channels), or (channels, height, width); 1, 3 or 4 channels.
        data_format: layout of `x`; that of the session by default.
        scale: spread the values over 0 to 255.
        dtype: dtype to compute in.
    Raises: ShapeError for what is no image.
    """
    x = np.asarray(x, dtype=dtype or settings.floatx())
    if x.ndim != 3:
        raise ShapeError(f"an array of shape {x.shape} is no image.", fix="give three axes.")
    if _layout(data_format) == "channels_first":
        x = x.transpose(1, 2, 0)
    if scale:
        x = x - x.min()
        x = x / (x.max() or 1) * 255
    channels = x.shape[2]
    if channels == 1:
        kind = "I" if x.max() > 255 else "L"
        return _pillow().fromarray(x[:, :, 0].astype("int32" if kind == "I" else "uint8"), kind)
    if channels not in (3, 4):
        raise ShapeError(f"an image has 1, 3 or 4 channels, not {channels}.", fix="check the layout, data_format.")
    return _pillow().fromarray(x.astype("uint8"), "RGB" if channels == 3 else "RGBA")


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """A PIL image as an array of three axes."""
    x = np.asarray(img, dtype=dtype or settings.floatx())
    if x.ndim == 2:
        x = x[:, :, None]
    if x.ndim != 3:
        raise ShapeError(f"an image of shape {x.shape}.", fix="give an image of two or three axes.")
    return x.transpose(2, 0, 1) if _layout(data_format) == "channels_first" else x


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: Any = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """An image file as a PIL image.

    Args:
        path: path, or an open binary file.
        color_mode: "grayscale", "rgb" or "rgba".
        target_size: (height, width) to resize to.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: cut a centred part of the target's proportions out first.
    """
    if color_mode not in _MODES:
        raise ArgumentError(f"{color_mode!r} is no colour mode.", fix=f"use one of {', '.join(_MODES)}.")
    image_module = _pillow()
    if isinstance(path, io.IOBase):
        image = image_module.open(path)
    else:
        with open(os.fspath(path), "rb") as file:
            image = image_module.open(io.BytesIO(file.read()))
    image = image if image.mode == _MODES[color_mode] else image.convert(_MODES[color_mode])
    if target_size is None or image.size == (target_size[1], target_size[0]):
        return image
    method = getattr(image_module.Resampling, interpolation.upper(), None)
    if method is None:
        raise ArgumentError(f"{interpolation!r} is no interpolation.", fix="use 'nearest', 'bilinear' or 'bicubic'.")
    box = _centred(image.size, target_size) if keep_aspect_ratio else None
    return image.resize((target_size[1], target_size[0]), method, box=box)


def _centred(size: tuple[int, int], target: Any) -> tuple[int, int, int, int]:
    """The largest centred part of the target's proportions."""
    width, height = size
    part_height = min(height, (width * target[0]) // target[1])
    part_width = min(width, (height * target[1]) // target[0])
    left, top = (width - part_width) // 2, (height - part_height) // 2
    return left, top, left + part_width, top + part_height


def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, scale: bool = True, **kwargs: Any
) -> None:
    """Write an array to an image file.

    Args:
        path: path, or an open binary file.
        x: the image.
        data_format: layout of `x`; that of the session by default.
        file_format: format; that of the ending by default.
        scale: spread the values over 0 to 255.
        kwargs: passed to Pillow's `save`.
    """
    image = array_to_img(x, data_format=data_format, scale=scale)
    if image.mode == "RGBA" and (file_format or str(path).rpartition(".")[2]).lower() in ("jpg", "jpeg"):
        image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)
