"""Colours in other systems, and changed."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.image.batches import at_least_image
from headwater.image.dtypes import convert_image_dtype, in_floats
from headwater.image.repeated import compiled_when_repeated
from headwater.ops.convert import convert_to_tensor
from headwater.ops.image.colors import hue_of, planes_of, pure_colour, resaturated
from headwater.ops.operands import is_known, known

_TO_YIQ = ((0.299, 0.59590059, 0.2115), (0.587, -0.27455667, -0.52273617), (0.114, -0.32134392, 0.31119955))
_FROM_YIQ = ((1, 1, 1), (0.95598634, -0.27201283, -1.10674021), (0.6208248, -0.64720424, 1.70423049))
_TO_YUV = ((0.299, -0.14714119, 0.61497538), (0.587, -0.28886916, -0.51496512), (0.114, 0.43601035, -0.10001026))
_FROM_YUV = ((1, 1, 1), (0, -0.394642334, 2.03206185), (1.13988303, -0.58062185, 0))


def _mixed(images: Any, matrix: tuple[tuple[float, ...], ...], what: str) -> Any:
    images = convert_to_tensor(images)
    if not images.shape or images.shape[-1] != 3:
        raise ShapeError(f"{what}: images of shape {tuple(images.shape)}.", fix="give three channels.")
    return ops.matmul(images, ops.cast(np.array(matrix, "float64"), images.dtype))


def rgb_to_yiq(images: Any) -> Any:
    """Brightness and two colour differences (YIQ) of images of red, green and blue."""
    return _mixed(images, _TO_YIQ, "rgb_to_yiq")


def yiq_to_rgb(images: Any) -> Any:
    """Red, green and blue of images in YIQ."""
    return _mixed(images, _FROM_YIQ, "yiq_to_rgb")


def rgb_to_yuv(images: Any) -> Any:
    """Brightness and two colour differences (YUV) of images of red, green and blue."""
    return _mixed(images, _TO_YUV, "rgb_to_yuv")


def yuv_to_rgb(images: Any) -> Any:
    """Red, green and blue of images in YUV."""
    return _mixed(images, _FROM_YUV, "yuv_to_rgb")


def _as_one_image(images: Any, change: Any) -> Any:
    """`change` of the pixels as one image: it works pixel by pixel."""
    images = convert_to_tensor(images)
    return ops.reshape(change(ops.reshape(images, (-1, 1, images.shape[-1]))), images.shape)


@compiled_when_repeated
def rgb_to_hsv(images: Any, name: str | None = None) -> Any:
    """Hue, saturation and value of images of red, green and blue, floats from 0 to 1."""
    return _as_one_image(images, lambda x: ops.image.rgb_to_hsv(x, data_format="channels_last"))


@compiled_when_repeated
def hsv_to_rgb(images: Any, name: str | None = None) -> Any:
    """Red, green and blue of images of hue, saturation and value, floats from 0 to 1."""
    return _as_one_image(images, lambda x: ops.image.hsv_to_rgb(x, data_format="channels_last"))


def rgb_to_grayscale(images: Any, name: str | None = None) -> Any:
    """Images of one channel: 0.2989 red + 0.587 green + 0.114 blue, in the dtype of the images."""
    images = convert_to_tensor(images)
    floats = convert_image_dtype(images, "float32")
    weights = ops.convert_to_tensor(np.array([[0.2989], [0.587], [0.114]], "float32"))
    if floats.shape[-1] != 3:
        raise ShapeError(f"rgb_to_grayscale: images of shape {tuple(images.shape)}.", fix="give three channels.")
    return convert_image_dtype(ops.matmul(floats, weights), images.dtype)


def adjust_brightness(image: Any, delta: Any) -> Any:
    """An image with a number added to all pixels.

    Args:
        image: floats, or integers, which count as 0..1 of their range; results outside of it become its ends.
        delta: the number, as a share of the range.
    """
    return in_floats(image, lambda floats: floats + ops.cast(delta, floats.dtype))


@compiled_when_repeated
def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """Images whose pixels lie `contrast_factor` times as far from the mean of their channel.

    Args:
        images: (..., height, width, channels).
        contrast_factor: a number.
    """

    def change(floats: Any) -> Any:
        *front, height, width, channels = floats.shape
        rows = ops.reshape(ops.cast(floats, "float32"), (*front, height, width * channels))
        mean = ops.mean(ops.reshape(ops.mean(rows, axis=-2), (*front, width, channels)), axis=-2, keepdims=True)
        mean = ops.reshape(ops.broadcast_to(mean, (*front, width, channels)), (*front, 1, width * channels))
        found = (rows - mean) * ops.cast(contrast_factor, "float32") + mean
        return ops.cast(ops.reshape(found, (*front, height, width, channels)), floats.dtype)

    return in_floats(at_least_image(images, "adjust_contrast"), change)


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Any:
    """gain * image ** gamma.

    Raises: ArgumentError for a gamma below 0.
    """
    if is_known(gamma) and (known(gamma, "adjust_gamma", "gamma") < 0).any():
        raise ArgumentError(f"adjust_gamma: gamma={gamma}.", fix="give a number of 0 or more.")
    return in_floats(image, lambda floats: ops.cast(gain, floats.dtype) * floats ** ops.cast(gamma, floats.dtype))


@compiled_when_repeated
def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Any:
    """An image whose hues are turned.

    Args:
        image: (..., 3), red, green and blue.
        delta: by how much, in turns; from -1 to 1.
    Raises: ArgumentError for a greater turn; ShapeError for another number of channels.
    """
    if is_known(delta) and (abs(known(delta, "adjust_hue", "delta")) > 1).any():
        raise ArgumentError(f"adjust_hue: delta={delta}.", fix="give a number from -1 to 1.")
    image = convert_to_tensor(image)
    if image.shape[-1] != 3:
        raise ShapeError(f"adjust_hue: an image of shape {tuple(image.shape)}.", fix="give three channels.")

    def change(floats: Any) -> Any:
        planes = planes_of(ops.cast(floats, "float32"), -1)
        hue, value, spread = hue_of(*planes)
        least = value - spread
        found = [least + spread * part for part in pure_colour(hue + ops.cast(delta, "float32"))]
        return ops.cast(ops.stack(found, axis=-1), floats.dtype)

    return in_floats(image, change, saturate=False)


@compiled_when_repeated
def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Any:
    """An image whose saturation is multiplied.

    Args:
        image: (..., 3), red, green and blue.
        saturation_factor: a number of 0 or more.
    Raises: ShapeError for another number of channels.
    """
    image = convert_to_tensor(image)
    if not image.shape or image.shape[-1] != 3:
        raise ShapeError(f"adjust_saturation: an image of shape {tuple(image.shape)}.", fix="give three channels.")

    def change(floats: Any) -> Any:
        factor = ops.cast(saturation_factor, "float32")
        planes = planes_of(ops.cast(floats, "float32"), -1)
        found = resaturated(planes, lambda saturation: ops.clip(saturation * factor, 0.0, 1.0))
        return ops.cast(ops.stack(found, axis=-1), floats.dtype)

    return in_floats(image, change, saturate=False)


@compiled_when_repeated
def per_image_standardization(image: Any) -> Any:
    """Images with mean 0 and deviation 1 each, in float32; the deviation counts for at least 1 / sqrt(pixels).

    Args:
        image: (..., height, width, channels).
    """
    image = ops.cast(at_least_image(image, "per_image_standardization"), "float32")
    axes, pixels = (-3, -2, -1), int(np.prod(image.shape[-3:]))
    mean, deviation = ops.mean(image, axis=axes, keepdims=True), ops.std(image, axis=axes, keepdims=True)
    return (image - mean) / ops.maximum(deviation, 1.0 / np.sqrt(np.float32(pixels)))
