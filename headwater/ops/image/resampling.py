"""Images of other sizes: each pixel of the result is a weighted mean of pixels along each axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.ops.defaults import data_format_of
from headwater.ops.image.batches import require_images
from headwater.ops.operands import axis_of, inexact, permuted, tensor
from headwater.ops.symbolic import op

# Weights of a pixel by its distance; `lib` is NumPy, or `headwater.ops` where distances are tensors.


def _triangle(lib: Any, x: Any) -> Any:
    return lib.maximum(1.0 - x, 0.0)


def _cubic(lib: Any, x: Any) -> Any:
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return lib.where(x >= 2.0, 0.0, lib.where(x >= 1.0, far, near))


def _mitchell(lib: Any, x: Any) -> Any:
    near = (7.0 / 6.0 * x - 2.0) * x * x + 8.0 / 9.0
    far = ((-7.0 / 18.0 * x + 2.0) * x - 10.0 / 3.0) * x + 16.0 / 9.0
    return lib.where(x >= 2.0, 0.0, lib.where(x >= 1.0, far, near))


def _gaussian(lib: Any, x: Any) -> Any:
    return lib.where(x >= 1.5, 0.0, lib.exp(-2.0 * x * x))


def _lanczos(radius: float) -> Callable[[Any, Any], Any]:
    def kernel(lib: Any, x: Any) -> Any:
        waves = radius * lib.sin(math.pi * x) * lib.sin(math.pi * x / radius)
        found = lib.where(x > 1e-3, waves / lib.where(x != 0, math.pi**2 * x * x, 1.0), 1.0)
        return lib.where(x > radius, 0.0, found)

    return kernel


_KERNELS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("linear", "bilinear", "trilinear"), _triangle),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _cubic),
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}
_FURTHER = {"gaussian": _gaussian, "mitchellcubic": _mitchell}  # of `tf.image.resize` alone
_RESIZE = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic")
_SHORT = 64
_DENSE = 16  # entries that a product takes in the time in which one is gathered
_LEAST = 1000 * 2.0**-23  # weights with a smaller sum are taken for none


def _weights(lib: Any, size: int, count: int, scale: Any, shift: Any, method: str, antialias: bool) -> Any:
    """How much of each of `size` pixels is in each of `count` pixels of the result: (count, size)."""
    step = 1.0 / scale
    wide = lib.maximum(step, 1.0) if antialias else 1.0
    centres = (np.arange(count, dtype="float32") + 0.5) * step - shift * step
    pixels = np.arange(size, dtype="float32")[None, :] + 0.5
    distances = lib.abs(pixels - centres[:, None]) * (1.0 / wide)
    weights = (_KERNELS | _FURTHER)[method](lib, distances)
    total = lib.sum(weights, axis=1, keepdims=True)
    weights = lib.where(lib.abs(total) > _LEAST, weights / lib.where(total != 0, total, 1.0), 0.0)
    inside = lib.logical_and(centres >= 0, centres <= size)
    return lib.where(inside[:, None], weights, 0.0)


def weights_of(size: int, count: int, method: str, antialias: bool) -> np.ndarray:
    """How much of each of `size` pixels is in each of `count` pixels of an axis of another length: (count, size)."""
    scale = np.float32(count) / np.float32(size)  # in float32 throughout, as the libraries do that we are held to
    return _weights(np, size, count, scale, np.float32(0), method, antialias).astype("float32")


def _band(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pixels that each pixel of the result comes from, and their weights, both (terms, count): few where images are
    not made much smaller."""
    first = np.argmax(weights != 0, axis=1)
    last = weights.shape[1] - 1 - np.argmax(weights[:, ::-1] != 0, axis=1)
    terms = int((last - first).max()) + 1
    start = np.minimum(first, weights.shape[1] - terms)
    places = start + np.arange(terms)[:, None]
    return places.astype("int32"), weights[np.arange(len(weights)), places]


def mixed(x: Any, axis: int, weights: np.ndarray) -> Any:
    """Each entry along an axis a weighted sum of those of another length.

    Where few of many entries have a weight, they are gathered; otherwise it is a product with the matrix.

    Args:
        x: a tensor; integers become `floatx()`.
        axis: which axis, from the front.
        weights: (count, size of the axis), known now.
    """
    places, parts = _band(weights)
    if len(places) * _DENSE > weights.shape[1]:
        return _mixed(inexact(x), axis, tensor(weights))
    shape, count = x.spec.shape, len(weights)
    front, rest = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    rows = ops.reshape(x, (front, shape[axis], rest))
    flat = (front, count * rest) if rest < _SHORT else (front, count, rest)  # so that no loop is as short as a pixel
    total = None
    for place, part in zip(places, parts):
        term = inexact(ops.reshape(ops.take(rows, place, axis=1), flat))
        factor = np.repeat(part, rest) if rest < _SHORT else part[:, None]
        term = ops.multiply(term, ops.cast(factor, term.dtype))
        total = term if total is None else ops.add(total, term)
    return ops.reshape(total, (*shape[:axis], count, *shape[axis + 1 :]))


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
    last = images.spec.ndim - (2 if data_format_of(data_format, "resize") == "channels_last" else 1)
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
    pairs = list(zip(axes, target))
    images = images if dtype.is_floating else inexact(images)
    for axis, count in pairs if target[0] < images.spec.shape[axes[0]] else pairs[::-1]:  # columns cost more
        length = images.spec.shape[axis]
        if length != count:
            images = mixed(images, axis, weights_of(length, count, interpolation, antialias))
    if dtype.is_floating:
        return images
    return ops.saturate_cast(ops.round(images), dtype)


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
    if method not in _KERNELS:
        raise ArgumentError(
            f"scale_and_translate: method {method!r} is unknown.", fix=f"use one of {', '.join(_KERNELS)}."
        )
    images, scale, translation = inexact(images), tensor(scale), tensor(translation)
    for place, axis in enumerate(spatial_dims):
        axis = axis_of(axis, images.spec.ndim, "scale_and_translate")
        factor, shift = ops.cast(scale[place], "float32"), ops.cast(translation[place], "float32")
        count = int(output_shape[axis])
        images = _mixed(images, axis, _weights(ops, images.spec.shape[axis], count, factor, shift, method, antialias))
    return images
