"""Windows of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater import random as drawn
from headwater.errors import ArgumentError, ShapeError
from headwater.ops.convert import convert_to_tensor
from headwater.ops.operands import known


def _inner(values: Any, what: str) -> tuple[int, int]:
    """The two middle numbers of four, the others being 1."""
    found = [int(value) for value in known(values, "extract_patches", what).reshape(-1)]
    if len(found) != 4 or found[0] != 1 or found[3] != 1 or min(found) < 1:
        raise ArgumentError(f"extract_patches: {what}={found}.", fix=f"give [1, rows, columns, 1] as {what}.")
    return found[1], found[2]


def _windows(size: int, window: int, stride: int, rate: int, padding: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Where the elements of each window lie on an axis with a border, (windows, window); and that border."""
    reach = (window - 1) * rate + 1
    count = -(-size // stride) if padding == "SAME" else max(0, -(-(size - reach + 1) // stride))
    missing = max(0, (count - 1) * stride + reach - size) if padding == "SAME" else 0
    places = np.arange(count)[:, None] * stride + np.arange(window) * rate
    return places.astype("int32"), (missing // 2, missing - missing // 2)


def extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None) -> Any:
    """The windows of images, each as one vector.

    Args:
        images: (batch, height, width, channels), of any dtype.
        sizes: [1, rows, columns, 1] of a window.
        strides: [1, rows, columns, 1] from one window to the next.
        rates: [1, rows, columns, 1] from one pixel of a window to the next.
        padding: "VALID" (none) or "SAME" (zeros around the images).
    Returns: (batch, window rows, window columns, rows * columns * channels).
    Raises: ArgumentError for other arguments; ShapeError for other shapes.
    Example:
        >>> extract_patches(np.ones((1, 4, 6, 3)), [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID").shape
        TensorShape([1, 2, 3, 12])
    """
    images = convert_to_tensor(images)
    if len(images.shape) != 4:
        raise ShapeError(f"extract_patches: images of shape {tuple(images.shape)}.", fix="give a batch of images.")
    if padding not in ("SAME", "VALID"):
        raise ArgumentError(f"extract_patches: padding {padding!r}.", fix="use 'SAME' or 'VALID'.")
    given = zip(_inner(sizes, "sizes"), _inner(strides, "strides"), _inner(rates, "rates"))
    (rows, above), (columns, beside) = (
        _windows(size, *numbers, padding) for size, numbers in zip(images.shape[1:3], given)
    )
    if any((*above, *beside)):
        images = ops.pad(images, [(0, 0), above, beside, (0, 0)])
    batch, _, _, channels = images.shape
    found = ops.take(ops.take(images, rows, axis=1), columns, axis=3)  # batch, down, rows, across, columns, channels
    found = ops.transpose(found, (0, 1, 3, 2, 4, 5))
    return ops.reshape(found, (batch, len(rows), len(columns), rows.shape[1] * columns.shape[1] * channels))


def extract_glimpse(
    input: Any,
    size: Any,
    offsets: Any,
    centered: bool = True,
    normalized: bool = True,
    noise: str = "uniform",
    name: str | None = None,
) -> Any:
    """One window of each image, at a place of its own; what lies outside of the image is noise.

    Args:
        input: (batch, height, width, channels), float32.
        size: height and width of the windows.
        offsets: (batch, 2): y and x of the windows: of their middles if `centered` and `normalized`, else of their
            first pixels.
        centered: whether offsets are counted from the middle of the image (-1 and 1 are then its edges, if they are
            shares), or from its upper left corner.
        normalized: whether offsets are shares of the image, or pixels.
        noise: "uniform", "gaussian" or "zero".
    Returns: float32 (batch, height, width, channels).
    Raises: ShapeError for other shapes; ArgumentError for another noise.
    """
    images, offsets = ops.cast(input, "float32"), ops.cast(offsets, "float32")
    if len(images.shape) != 4 or tuple(offsets.shape) != (images.shape[0], 2):
        raise ShapeError(
            f"extract_glimpse: images of shape {tuple(images.shape)} and offsets of shape {tuple(offsets.shape)}.",
            fix="give a batch of images, and an offset (y, x) for each.",
        )
    tall, wide = (int(each) for each in known(size, "extract_glimpse", "size").reshape(-1))
    batch, height, width, channels = images.shape
    rows, in_rows = _glimpsed(offsets[:, 0], height, tall, centered, normalized)
    columns, in_columns = _glimpsed(offsets[:, 1], width, wide, centered, normalized)
    start = ops.reshape(np.arange(batch, dtype="int32") * (height * width), (-1, 1, 1))
    places = start + ops.expand_dims(rows, -1) * width + ops.expand_dims(columns, -2)
    found = ops.take(ops.reshape(images, (batch * height * width, channels)), places, axis=0)
    inside = ops.logical_and(ops.expand_dims(in_rows, -1), ops.expand_dims(in_columns, -2))
    return ops.where(ops.expand_dims(inside, -1), found, _noise(noise, (batch, tall, wide, channels), images))


def _glimpsed(offset: Any, size: int, count: int, centered: bool, normalized: bool) -> tuple[Any, Any]:
    """The places that a window covers along an axis, within it, and which of them lie in the image."""
    place = offset * size if normalized else offset
    if centered and normalized:
        place = place / 2.0 + (size - count) / 2.0
    elif centered:
        place = place + size / 2.0
    first = ops.cast(place, "int32")
    places = ops.expand_dims(first, -1) + np.arange(count, dtype="int32")
    return ops.clip(places, 0, size - 1), ops.logical_and(places >= 0, places < size)


def _noise(noise: str, shape: tuple[int, ...], images: Any) -> Any:
    if noise == "zero":
        return ops.zeros(shape, "float32")
    if noise == "uniform":  # over the values that the images have
        return drawn.uniform(shape, ops.min(images), ops.max(images))
    if noise == "gaussian":
        return drawn.normal(shape, ops.mean(images), ops.std(images))
    raise ArgumentError(f"extract_glimpse: noise {noise!r}.", fix="use 'uniform', 'gaussian' or 'zero'.")
