"""Images of other sizes, and arrays stretched along their axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, ShapeError
from headwater.ops.defaults import data_format_of
from headwater.ops.image.batches import require_images
from headwater.ops.operands import axis_of, inexact, permuted, tensor
from headwater.ops.symbolic import op
from headwater.primitives import resampling

_RESIZE = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic")
_UINT8 = as_dtype("uint8")


def resampled(images: Any, size: tuple[int, int], method: str, antialias: bool, channels_first: bool = False) -> Any:
    """Images of another size, as floats.

    Args:
        images: (..., height, width, channels), one image or a batch; bytes become float32, other integers `floatx()`.
        size: the new height and width.
        method: one of `resampling.METHODS`.
        antialias: whether every pixel counts where images become smaller.
        channels_first: whether images are (..., channels, height, width).
    """
    images = images if images.spec.dtype is _UINT8 else inexact(images)
    front, image = list(images.spec.shape[:-3]), list(images.spec.shape[-3:])
    if channels_first:
        flat = ops.reshape(images, (-1, *image[1:], 1))
    else:
        flat = images if len(front) == 1 else ops.reshape(images, (-1, *image))
    found = resampling.resample(flat, sizes=size, method=method, antialias=antialias)
    if channels_first:
        return ops.reshape(found, (*_open(front), image[0], *size))
    return found if len(front) == 1 else ops.reshape(found, (*front, *size, image[2]))


def _open(sizes: Sequence[int | None]) -> list[int]:
    return [-1 if size is None else size for size in sizes]


def _mixed(x: Any, axis: int, weights: Any) -> Any:
    """Each entry along an axis a weighted sum of all: a product with a matrix (count, size)."""
    order = [place for place in range(x.spec.ndim) if place != axis]
    weights = ops.cast(weights, x.dtype)
    if axis == x.spec.ndim - 1:
        return ops.matmul(x, ops.transpose(weights))
    rows = permuted(x, (*order, axis))
    back = [*range(axis), x.spec.ndim - 1, *range(axis, x.spec.ndim - 1)]
    return permuted(ops.matmul(rows, ops.transpose(weights)), tuple(back))


def _nearest(x: Any, axis: int, count: int) -> Any:
    """The nearest pixels along an axis; for a whole factor, each of them several times."""
    size = x.spec.shape[axis]
    if count % size == 0:
        shape = list(x.spec.shape)
        wide = [*shape[: axis + 1], count // size, *shape[axis + 1 :]]
        spread = ops.broadcast_to(ops.expand_dims(x, axis + 1), wide)
        return ops.reshape(spread, [*shape[:axis], count, *shape[axis + 1 :]])
    places = np.floor((np.arange(count, dtype="float32") + np.float32(0.5)) * np.float32(size) / np.float32(count))
    return ops.take(x, places.astype("int32"), axis=axis)


def _fitted(height: int, width: int, tall: int, wide: int, crop: bool) -> tuple[int, int]:
    """The height and width of the largest part with the ratio tall : wide; of the smallest frame, unless `crop`."""
    fit_height, fit_width = int(float(width * tall) / wide), int(float(height * wide) / tall)
    if crop:
        return max(min(height, fit_height), 1), max(min(width, fit_width), 1)
    return max(height, fit_height), max(width, fit_width)


def _cropped(images: Any, axes: tuple[int, int], size: tuple[int, int]) -> Any:
    height, width = (images.spec.shape[axis] for axis in axes)
    places = [slice(None)] * images.spec.ndim
    for axis, whole, kept in zip(axes, (height, width), _fitted(height, width, *size, True)):
        start = int(float(whole - kept) / 2)
        places[axis] = slice(start, start + kept)
    return images[tuple(places)]


def _framed(images: Any, axes: tuple[int, int], size: tuple[int, int], fill_value: float) -> Any:
    height, width = (images.spec.shape[axis] for axis in axes)
    widths = [(0, 0)] * images.spec.ndim
    for axis, inner, outer in zip(axes, (height, width), _fitted(height, width, *size, False)):
        border = int(float(outer - inner) / 2)
        if border > 0:
            widths[axis] = (border, border)
            break
    return ops.pad(images, widths, constant_values=fill_value)


def _check_resize(interpolation: str, size: Any, crop: bool, frame: bool, fill_mode: str) -> tuple[int, int]:
    """The height and width asked for.

    Raises: ArgumentError for arguments that do not go together.
    """
    if interpolation not in _RESIZE:
        raise ArgumentError(
            f"resize: interpolation {interpolation!r} is unknown.", fix=f"use one of {', '.join(_RESIZE)}."
        )
    if len(size) != 2 or any(int(each) <= 0 for each in size):
        raise ArgumentError(f"resize: size is {tuple(size)}.", fix="give a height and a width, both of 1 or more.")
    if crop and frame:
        raise ArgumentError("resize: images can't be both cropped and padded to the ratio.", fix="choose one of them.")
    if fill_mode != "constant":
        raise ArgumentError(f"resize: fill_mode {fill_mode!r} is unknown.", fix='use "constant".')
    return int(size[0]), int(size[1])


@op
def resize(
    images: Any,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Any:
    """Images of another size.

    Args:
        images: a tensor (batch, height, width, channels), or without the first axis.
        size: the new height and width.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        antialias: whether every pixel counts where images become smaller, not only those near a new pixel's centre.
        crop_to_aspect_ratio: whether to cut off what does not fit the new ratio of height to width.
        pad_to_aspect_ratio: whether to put a border around images whose ratio does not fit.
        fill_mode: only "constant".
        fill_value: the border's value.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: images of the same dtype; integers are rounded.
    Raises: ArgumentError for arguments that are unknown or do not go together.
    Example:
        >>> tf.ops.image.resize(np.array([[[0.0], [1.0]]], "float32"), (1, 4)).numpy().ravel()
        array([0.  , 0.25, 0.75, 1.  ], dtype=float32)

    Source: Keys 1981, "Cubic convolution interpolation for digital image processing"; Duchon 1979, "Lanczos filtering
    in one and two dimensions".
    """
    images = require_images(images, "resize")
    target = _check_resize(interpolation, size, crop_to_aspect_ratio, pad_to_aspect_ratio, fill_mode)
    channels_first = data_format_of(data_format, "resize") == "channels_first"
    last = images.spec.ndim - (1 if channels_first else 2)
    axes, dtype = (last - 1, last), images.spec.dtype
    if 0 in (images.spec.shape[axis] for axis in axes):
        raise ShapeError(f"resize: images of shape {tuple(images.spec.shape)} have no pixels.", fix="leave them out.")
    if crop_to_aspect_ratio:
        images = _cropped(images, axes, target)
    elif pad_to_aspect_ratio:
        images = _framed(images, axes, target, fill_value)
    if interpolation == "nearest":
        for axis, count in zip(axes, target):
            images = images if images.spec.shape[axis] == count else _nearest(images, axis, count)
        return images
    found = resampled(images, target, interpolation, antialias, channels_first)
    return found if dtype.is_floating else ops.saturate_cast(ops.round(found), dtype)


@op
def scale_and_translate(
    images: Any,
    output_shape: Sequence[int],
    scale: Any,
    translation: Any,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Any:
    """Arrays stretched and moved along some of their axes.

    Args:
        images: a tensor.
        output_shape: the shape of the result.
        scale: by how much to stretch, a number for each of `spatial_dims`.
        translation: by how much to move, in pixels of the result, a number for each of `spatial_dims`.
        spatial_dims: the axes to stretch; the others keep their sizes.
        method: "linear", "bilinear", "trilinear", "cubic", "bicubic", "tricubic", "lanczos3" or "lanczos5".
        antialias: whether every pixel counts where images become smaller.
    Returns: a tensor of `output_shape`; 0 where nothing of the images lies.
    Raises: ArgumentError for an unknown method.
    Example:
        >>> x = np.array([1.0, 2.0], "float32")
        >>> tf.ops.image.scale_and_translate(x, (4,), [1.0], [1.0], (0,), "linear").numpy()
        array([0., 1., 2., 0.], dtype=float32)

    Source: own.
    """
    if method not in resampling.KERNELS:
        raise ArgumentError(
            f"scale_and_translate: method {method!r} is unknown.", fix=f"use one of {', '.join(resampling.KERNELS)}."
        )
    images, scale, translation = inexact(images), tensor(scale), tensor(translation)
    for place, axis in enumerate(spatial_dims):
        axis = axis_of(axis, images.spec.ndim, "scale_and_translate")
        factor, shift = ops.cast(scale[place], "float32"), ops.cast(translation[place], "float32")
        count = int(output_shape[axis])
        images = _mixed(
            images,
            axis,
            resampling.mixing_weights(ops, images.spec.shape[axis], count, factor, shift, method, antialias),
        )
    return images
