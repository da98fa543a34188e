"""Colours in other systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import DTypeError, ShapeError
from headwater.ops.image.batches import channel_axis, require_images
from headwater.ops.operands import inexact
from headwater.ops.symbolic import op

_EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}


def _planes(images: Any, data_format: str | None, what: str) -> tuple[Any, Any, Any, int]:
    """Three channels of floats, without their axis, and that axis.

    Raises: ShapeError unless there are three; DTypeError unless they are floats.
    """
    images, axis = require_images(images, what), channel_axis(data_format, what)
    if images.spec.shape[axis] not in (3, None):
        raise ShapeError(
            f"{what}: images of shape {tuple(images.spec.shape)} have {images.spec.shape[axis]} channels.",
            fix="give images of three channels.",
        )
    if not images.spec.dtype.is_floating:
        raise DTypeError(f"{what}: images of dtype {images.spec.dtype.name}.", fix="cast them to floats from 0 to 1.")
    return (*planes_of(images, axis), axis)


def planes_of(images: Any, axis: int) -> tuple[Any, Any, Any]:
    """The first three channels, without their axis: -1, or -3."""
    rest = (slice(None),) * (-1 - axis)
    return images[(..., 0, *rest)], images[(..., 1, *rest)], images[(..., 2, *rest)]


@op
def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """The brightness of colours: 0.2989 red + 0.587 green + 0.114 blue.

    Args:
        images: a tensor (batch, height, width, 3), or without the first axis; with one channel it is returned as it is.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor of one channel, of the dtype of the images.
    Raises: ShapeError for another number of channels.
    Example:
        >>> tf.ops.image.rgb_to_grayscale(np.ones((1, 1, 3), "float32")).numpy().round(3).ravel()
        array([1.], dtype=float32)

    Source: ITU-R BT.601.
    """
    images, axis = require_images(images, "rgb_to_grayscale"), channel_axis(data_format, "rgb_to_grayscale")
    channels, dtype = images.spec.shape[axis], images.spec.dtype
    if channels == 1:
        return images
    if channels != 3:
        raise ShapeError(
            f"rgb_to_grayscale: images of shape {tuple(images.spec.shape)} have {channels} channels.",
            fix="give images of three channels, or of one.",
        )
    values = inexact(images)
    weights = np.array([0.2989, 0.587, 0.114], "float32").reshape((3,) + (1,) * (-1 - axis))
    total = ops.sum(ops.multiply(values, ops.cast(weights, values.dtype)), axis=axis, keepdims=True)
    return ops.cast(total, dtype)


def hue_of(red: Any, green: Any, blue: Any) -> tuple[Any, Any, Any]:
    """The hue of colours in turns, 0 for grey; the greatest of the three, and by how much it exceeds the least."""
    value = ops.maximum(ops.maximum(red, green), blue)
    spread = ops.subtract(value, ops.minimum(ops.minimum(red, green), blue))
    coloured = ops.greater(spread, 0)
    sixth = ops.divide(1.0, ops.multiply(6.0, ops.where(coloured, spread, 1.0)))
    of_green = ops.add(ops.multiply(sixth, ops.subtract(blue, red)), 2 / 6)
    of_blue = ops.add(ops.multiply(sixth, ops.subtract(red, green)), 4 / 6)
    hue = ops.where(ops.equal(value, green), of_green, of_blue)
    hue = ops.where(ops.equal(value, red), ops.multiply(sixth, ops.subtract(green, blue)), hue)
    return ops.add(ops.where(coloured, hue, 0.0), ops.cast(ops.less(hue, 0), hue.dtype)), value, spread


def pure_colour(hue: Any) -> tuple[Any, Any, Any]:
    """Red, green and blue, from 0 to 1, of the strongest colour of a hue in turns."""
    angle = ops.multiply(ops.subtract(hue, ops.floor(hue)), 6.0)
    ramps = (
        ops.subtract(ops.abs(ops.subtract(angle, 3.0)), 1.0),
        ops.subtract(2.0, ops.abs(ops.subtract(angle, 2.0))),
        ops.subtract(2.0, ops.abs(ops.subtract(angle, 4.0))),
    )
    return tuple(ops.clip(ramp, 0.0, 1.0) for ramp in ramps)  # type: ignore[return-value]


def resaturated(planes: Sequence[Any], change: Callable[[Any], Any]) -> list[Any]:
    """Red, green and blue of colours whose saturation is what `change` makes of it."""
    hue, value, spread = hue_of(*planes)
    bright = ops.greater(value, 0)
    saturation = change(ops.where(bright, ops.divide(spread, ops.where(bright, value, 1.0)), 0.0))
    white = ops.subtract(1.0, saturation)
    return [ops.multiply(value, ops.add(white, ops.multiply(saturation, part))) for part in pure_colour(hue)]


@op
def rgb_to_hsv(images: Any, data_format: str | None = None) -> Any:
    """Hue, saturation and value of colours, all from 0 to 1.

    Args:
        images: floats from 0 to 1 (batch, height, width, 3), or without the first axis.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor of the shape and dtype of the images.
    Raises: ShapeError unless there are three channels; DTypeError unless they are floats.
    Example:
        >>> tf.ops.image.rgb_to_hsv(np.array([[[0.0, 0.5, 0.0]]], "float32")).numpy().round(3).ravel()
        array([0.333, 1.   , 0.5  ], dtype=float32)

    Source: Smith 1978, "Color gamut transform pairs".
    """
    red, green, blue, axis = _planes(images, data_format, "rgb_to_hsv")
    least = _EPSILON[str(red.dtype)]
    red, green, blue = (ops.where(ops.less(ops.abs(x), least), 0.0, x) for x in (red, green, blue))
    hue, value, spread = hue_of(red, green, blue)
    bright = ops.greater(value, 0)
    saturation = ops.where(bright, ops.divide(spread, ops.where(bright, value, 1.0)), 0.0)
    return ops.stack([hue, saturation, value], axis=axis)


@op
def hsv_to_rgb(images: Any, data_format: str | None = None) -> Any:
    """Red, green and blue of colours that are given by hue, saturation and value.

    Args:
        images: floats (batch, height, width, 3), or without the first axis; hues are taken modulo 1.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor of the shape and dtype of the images.
    Raises: ShapeError unless there are three channels; DTypeError unless they are floats.
    Example:
        >>> tf.ops.image.hsv_to_rgb(np.array([[[1 / 3, 1.0, 0.5]]], "float32")).numpy().round(3).ravel()
        array([0. , 0.5, 0. ], dtype=float32)

    Source: Smith 1978, "Color gamut transform pairs".
    """
    hue, saturation, value, axis = _planes(images, data_format, "hsv_to_rgb")
    white = ops.subtract(1.0, saturation)
    found = [ops.multiply(value, ops.add(white, ops.multiply(saturation, part))) for part in pure_colour(hue)]
    return ops.stack(found, axis=axis)
