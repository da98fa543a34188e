"""Images with other borders, and cut into patches."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.ops.convolution import convolve, per_axis
from headwater.ops.defaults import data_format_of
from headwater.ops.image.batches import require_images
from headwater.ops.operands import reshape_to, tensor
from headwater.ops.symbolic import op


def _check(what: str, first: str, last: str, target: str, values: tuple[Any, Any, Any]) -> None:
    """Raise unless two of three sizes are given, and none is below 0."""
    if sum(value is None for value in values) != 1:
        raise ArgumentError(
            f"{what}: {first}={values[0]}, {last}={values[1]}, {target}={values[2]}.", fix="give two of the three."
        )
    if any(value is not None and value < 0 for value in values):
        raise ArgumentError(
            f"{what}: {first}={values[0]}, {last}={values[1]}, {target}={values[2]}: one is below 0.",
            fix="give numbers of 0 or more.",
        )


def _frame(images: Any, data_format: str | None, what: str) -> tuple[Any, tuple[int, int]]:
    """The images, and the axes of their rows and columns."""
    images, data_format = require_images(images, what), data_format_of(data_format, what)
    last = images.spec.ndim - (2 if data_format == "channels_last" else 1)
    return images, (last - 1, last)


@op
def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Images with zeros around them.

    Args:
        images: a tensor (batch, height, width, channels), or without the first axis.
        top_padding, bottom_padding, target_height: rows of zeros, and rows of the result: two of these three.
        left_padding, right_padding, target_width: columns likewise.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: larger images.
    Raises: ArgumentError unless two of three are given, or if the images are larger than the target.
    Example:
        >>> tf.ops.image.pad_images(np.ones((2, 2, 1)), 1, 0, target_height=4, target_width=3).shape
        TensorShape([4, 3, 1])

    Source: own.
    """
    images, axes = _frame(images, data_format, "pad_images")
    _check("pad_images", "top_padding", "bottom_padding", "target_height", (top_padding, bottom_padding, target_height))
    _check("pad_images", "left_padding", "right_padding", "target_width", (left_padding, right_padding, target_width))
    widths = [(0, 0)] * images.spec.ndim
    sides = ((top_padding, bottom_padding, target_height), (left_padding, right_padding, target_width))
    for axis, (before, after, target) in zip(axes, sides):
        size = images.spec.shape[axis]
        before = target - after - size if before is None else before
        after = target - before - size if after is None else after
        if before < 0 or after < 0:
            raise ArgumentError(
                f"pad_images: an axis of {size} is padded by {before} and {after}.",
                fix="choose a larger target, or use crop_images.",
            )
        widths[axis] = (before, after)
    return ops.pad(images, widths)


@op
def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Images without some rows and columns at their borders.

    Args:
        images: a tensor (batch, height, width, channels), or without the first axis.
        top_cropping, bottom_cropping, target_height: rows to cut off, and rows of the result: two of these three.
        left_cropping, right_cropping, target_width: columns likewise.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: smaller images.
    Raises: ArgumentError unless two of three are given, or if the images are smaller than the target.
    Example:
        >>> tf.ops.image.crop_images(np.ones((5, 5, 1)), 1, 0, target_height=3, target_width=2).shape
        TensorShape([3, 2, 1])

    Source: own.
    """
    images, axes = _frame(images, data_format, "crop_images")
    _check(
        "crop_images",
        "top_cropping",
        "bottom_cropping",
        "target_height",
        (top_cropping, bottom_cropping, target_height),
    )
    _check(
        "crop_images", "left_cropping", "right_cropping", "target_width", (left_cropping, right_cropping, target_width)
    )
    places = [slice(None)] * images.spec.ndim
    sides = ((top_cropping, bottom_cropping, target_height), (left_cropping, right_cropping, target_width))
    for axis, (before, after, target) in zip(axes, sides):
        size = images.spec.shape[axis]
        before = size - target - after if before is None else before
        target = size - after - before if target is None else target
        if before < 0 or target < 0 or before + target > size:
            raise ArgumentError(
                f"crop_images: {target} of an axis of {size}, from {before} on.", fix="choose a smaller target."
            )
        places[axis] = slice(before, before + target)
    return images[tuple(places)]


def _patches(
    images: Any, sizes: tuple[int, ...], strides: Any, dilation_rate: Any, padding: str, data_format: str | None
) -> Any:
    """Windows as vectors: a convolution with a kernel that copies each element of the window to a channel."""
    what, rank = "extract_patches", len(sizes)
    images, data_format = tensor(images), data_format_of(data_format, what)
    if images.spec.ndim not in (rank + 1, rank + 2):
        raise ShapeError(
            f"{what}: an input of shape {tuple(images.spec.shape)} for patches of {sizes}.",
            fix=f"give (batch, {rank} spatial axes, channels), or the same without the batch.",
        )
    single = images.spec.ndim == rank + 1
    batch = reshape_to(images, (1, *images.spec.shape)) if single else images
    channels = batch.spec.shape[-1 if data_format == "channels_last" else 1]
    count = int(np.prod(sizes)) * channels
    kernel = tensor(np.eye(count, dtype="float32").reshape(*sizes, channels, count))
    kernel = ops.cast(kernel, images.spec.dtype)
    found = convolve(batch, kernel, strides or sizes, padding, data_format, dilation_rate, what)
    return reshape_to(found, found.spec.shape[1:]) if single else found


@op
def extract_patches(
    images: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: str | None = None,
) -> Any:  # fmt: skip
    """The windows of images, each as one vector.

    Args:
        images: a tensor (batch, height, width, channels), or without the first axis; volumes, if `size` has three.
        size: height and width of a patch, one int or two; three for volumes.
        strides: step of the patches; their size if None.
        dilation_rate: distance of the pixels of a patch.
        padding: "valid" (none) or "same".
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor (batch, rows, columns, height * width * channels of a patch).
    Raises: DTypeError or ArgumentError if `size` is something else.
    Example:
        >>> tf.ops.image.extract_patches(np.ones((2, 8, 8, 3), "float32"), 4).shape
        TensorShape([2, 2, 2, 48])

    Source: own.
    """
    if not isinstance(size, (int, tuple, list)):
        raise DTypeError(f"extract_patches: size is {size!r}.", fix="pass an int, or a tuple of two or three.")
    if not isinstance(size, int) and len(size) not in (2, 3):
        raise ArgumentError(f"extract_patches: size is {size!r}.", fix="pass an int, or a tuple of two or three.")
    sizes = (size, size) if isinstance(size, int) else tuple(int(each) for each in size)
    return _patches(images, sizes, strides, dilation_rate, padding, data_format)


@op
def extract_patches_3d(
    volumes: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: str | None = None,
) -> Any:  # fmt: skip
    """The windows of volumes, each as one vector.

    Args:
        volumes: a tensor (batch, depth, height, width, channels), or without the first axis.
        size: depth, height and width of a patch, one int or three.
        strides, dilation_rate, padding, data_format: as for `extract_patches`.
    Returns: a tensor (batch, *patches, size of a patch * channels).
    Raises: ArgumentError if `size` is something else.
    Source: own.
    """
    sizes = per_axis(size, 3, "extract_patches_3d", "size")
    return _patches(volumes, sizes, strides, dilation_rate, padding, data_format)
