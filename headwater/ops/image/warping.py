"""Images seen through a change of coordinates."""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, ShapeError
from headwater.ops import random as draws
from headwater.ops.image.batches import over_batch, require_images
from headwater.ops.image.filters import gaussian_blur
from headwater.ops.operands import inexact, tensor
from headwater.ops.symbolic import op

_ORDERS = {"nearest": 0, "bilinear": 1}


# Where to read for a place outside of an axis. Places are whole numbers in floats: remainders of integers are slow.


def _remainder(place: Any, period: int) -> Any:
    """`place` modulo a period. The quotient may be rounded to its neighbour, so the remainder is put right."""
    found = ops.subtract(place, ops.multiply(ops.floor(ops.multiply(place, 1.0 / period)), float(period)))
    found = ops.where(ops.less(found, 0.0), ops.add(found, float(period)), found)
    return ops.where(ops.greater_equal(found, float(period)), ops.subtract(found, float(period)), found)


def _mirrored(place: Any, size: int) -> Any:
    """Back and forth between the first and the last: ... 2 1 0 1 2 ..."""
    found = _remainder(place, max(2 * (size - 1), 1))
    return ops.minimum(found, ops.subtract(2.0 * (size - 1), found))


def _reflected(place: Any, size: int) -> Any:
    """Back and forth between the edges of the first and the last: ... 1 0 0 1 ..."""
    found = _remainder(place, 2 * size)
    return ops.minimum(found, ops.subtract(2.0 * size - 1.0, found))


_BORDERS: dict[str, Callable[[Any, int], Any]] = {
    "constant": lambda place, size: place,
    "nearest": lambda place, size: place,
    "wrap": _remainder,
    "mirror": _mirrored,
    "reflect": _reflected,
}


def _check(what: str, fill_mode: str, interpolation: str | None = None) -> None:
    if fill_mode not in _BORDERS:
        raise ArgumentError(f"{what}: fill_mode {fill_mode!r} is unknown.", fix=f"use one of {', '.join(_BORDERS)}.")
    if interpolation is not None and interpolation not in _ORDERS:
        raise ArgumentError(
            f"{what}: interpolation {interpolation!r} is unknown.", fix=f"use one of {', '.join(_ORDERS)}."
        )


def _rounded(x: Any) -> Any:
    """The nearest whole number, halves away from 0."""
    return ops.multiply(ops.sign(x), ops.floor(ops.add(ops.abs(x), 0.5)))


def _neighbours(coordinate: Any, size: int, order: int, fill_mode: str) -> list[tuple[Any, Any, Any]]:
    """The places beside a coordinate along one axis: index, whether it lies inside (None: always), weight."""
    if not coordinate.dtype.is_floating:
        found = [(ops.cast(coordinate, "float32"), None)]
    elif order == 0:
        found = [(_rounded(coordinate), None)]
    else:
        lower = ops.floor(coordinate)
        part = ops.subtract(coordinate, lower)
        found = [(lower, ops.subtract(1.0, part)), (ops.add(lower, 1.0), part)]
    return [
        (
            ops.cast(ops.clip(_BORDERS[fill_mode](place, size), 0.0, size - 1.0), "int32"),
            ops.logical_and(place >= 0.0, place < float(size)) if fill_mode == "constant" else None,
            weight,
        )
        for place, weight in found
    ]


def _sampled(
    rows: Any, start: Any, sizes: Sequence[int], coordinates: Sequence[Any], order: int, fill_mode: str, fill: Any,
    finite: bool = False,
) -> Any:  # fmt: skip
    """The values at coordinates, of an array that is given as one row for each of its places.

    Args:
        rows: (places, ...), the places in the order of an array of `sizes`, or of several of them.
        start: the first place of the array that each coordinate lies in.
        coordinates: for each axis of the array, tensors of one shape.
        finite: whether all values are: then those outside may count for 0 times what lies at the border, which costs
            less than to replace them.
    Returns: a tensor of the shape of a coordinate, and of a row.
    """
    total, covered = None, None
    choices = [_neighbours(each, size, order, fill_mode) for each, size in zip(coordinates, sizes, strict=True)]
    for corner in itertools.product(*choices):
        place: Any = 0
        for (index, _, _), size in zip(corner, sizes):
            place = ops.add(ops.multiply(place, size), index)
        values = ops.take(rows, ops.add(place, start), axis=0)
        extra = len(values.shape) - len(place.shape)
        insides = [inside for _, inside, _ in corner if inside is not None]
        weights = [weight for _, _, weight in corner if weight is not None]
        if insides and weights and finite:
            weight = ops.where(functools.reduce(ops.logical_and, insides), functools.reduce(ops.multiply, weights), 0.0)
            covered = weight if covered is None else ops.add(covered, weight)
            weights = [weight]
        elif insides:
            values = ops.where(_wide(functools.reduce(ops.logical_and, insides), extra), values, fill)
        if weights:
            values = ops.multiply(values, _wide(functools.reduce(ops.multiply, weights), extra))
        total = values if total is None else ops.add(total, values)
    if covered is not None:
        total = ops.add(total, ops.multiply(fill, _wide(ops.subtract(1.0, covered), extra)))
    return total


def _wide(x: Any, extra: int) -> Any:
    """With axes of size 1 at the end."""
    return ops.reshape(x, (*x.shape, *(1,) * extra)) if extra else x


def _as(found: Any, dtype: Any) -> Any:
    """In the dtype of the images; whole numbers are rounded."""
    if dtype.is_floating or found.dtype is dtype:
        return ops.cast(found, dtype)
    return ops.cast(_rounded(found), dtype)


@op
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> Any:
    """The values of an array at coordinates between its places.

    Args:
        inputs: a tensor of n axes.
        coordinates: a tensor (n, ...): for each axis, where along it.
        order: 0 for the value at the nearest place, 1 for a weighted mean of those around.
        fill_mode: what lies outside: "constant" (`fill_value`), "nearest", "wrap", "mirror" (without the edge twice) or
            "reflect".
        fill_value: a number.
    Returns: a tensor of the shape of the coordinates without their first axis, of the dtype of the inputs.
    Raises: ShapeError if there is not one row of coordinates for each axis; ArgumentError for an unknown mode or order.
    Example:
        >>> tf.ops.image.map_coordinates(np.array([0.0, 10.0], "float32"), [[0.25, 5.0]], 1, "nearest").numpy()
        array([ 2.5, 10. ], dtype=float32)

    Source: own.
    """
    inputs, coordinates = tensor(inputs), tensor(coordinates)
    if coordinates.spec.ndim < 2 or coordinates.spec.shape[0] != inputs.spec.ndim:
        raise ShapeError(
            f"map_coordinates: coordinates of shape {tuple(coordinates.spec.shape)} for an input of shape "
            f"{tuple(inputs.spec.shape)}.",
            fix=f"give ({inputs.spec.ndim}, ...): a coordinate for each axis.",
        )
    _check("map_coordinates", fill_mode)
    if order not in (0, 1):
        raise ArgumentError(f"map_coordinates: order {order!r}.", fix="use 0 (nearest) or 1 (linear).")
    each = [coordinates[axis] for axis in range(inputs.spec.ndim)]
    fill = ops.cast(fill_value, inputs.dtype)
    found = _sampled(ops.reshape(inputs, (-1,)), 0, inputs.spec.shape, each, order, fill_mode, fill)
    return _as(found, inputs.spec.dtype)


def _warped(batch: Any, rows: Any, columns: Any, interpolation: str, fill_mode: str, fill_value: Any) -> Any:
    """Images whose pixels come from other places: rows and columns (batch, height, width)."""
    count, height, width, channels = batch.spec.shape
    start = ops.reshape(np.arange(count, dtype="int32") * (height * width), (count, 1, 1))
    flat = ops.reshape(batch, (count * height * width, channels))
    fill = ops.cast(fill_value, batch.dtype)
    order = _ORDERS[interpolation]
    return _as(
        _sampled(flat, start, (height, width), (rows, columns), order, fill_mode, fill, finite=True), batch.spec.dtype
    )


def _grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The row and the column of each pixel."""
    rows, columns = np.meshgrid(np.arange(height, dtype="float32"), np.arange(width, dtype="float32"), indexing="ij")
    return rows, columns


@op
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Images turned, stretched, sheared and moved.

    Args:
        images: a tensor (batch, height, width, channels), or without the first axis.
        transform: a tensor (batch, 8), or (8,) for all: the pixel at (x, y) comes from (a0 x + a1 y + a2,
            b0 x + b1 y + b2) where transform is (a0, a1, a2, b0, b1, b2, 0, 0).
        interpolation: "bilinear" or "nearest".
        fill_mode: what lies outside: "constant" (`fill_value`), "nearest", "wrap", "mirror" or "reflect".
        fill_value: a number.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor of the shape and dtype of the images.
    Raises: ShapeError if the transform has another shape; ArgumentError for an unknown mode.
    Example:
        >>> image = np.arange(3.0, dtype="float32").reshape(1, 3, 1)
        >>> shifted = tf.ops.image.affine_transform(image, [1.0, 0, 1, 0, 1, 0, 0, 0])
        >>> shifted.numpy().ravel()
        array([1., 2., 0.], dtype=float32)

    Source: own.
    """
    _check("affine_transform", fill_mode, interpolation)
    images, transform = require_images(images, "affine_transform"), inexact(transform)
    if transform.spec.ndim not in (1, 2) or transform.spec.shape[-1] != 8:
        raise ShapeError(
            f"affine_transform: a transform of shape {tuple(transform.spec.shape)}.", fix="give (batch, 8), or (8,)."
        )
    numbers = ops.reshape(transform, (-1, 8))

    def warp(batch: Any) -> Any:
        rows, columns = _grid(*batch.spec.shape[1:3])
        a0, a1, a2, b0, b1, b2 = (ops.reshape(numbers[:, place], (-1, 1, 1)) for place in range(6))
        x = ops.add(ops.add(ops.multiply(columns, a0), ops.multiply(rows, a1)), a2)
        y = ops.add(ops.add(ops.multiply(columns, b0), ops.multiply(rows, b1)), b2)
        return _warped(batch, *_for_each(batch, y, x), interpolation, fill_mode, fill_value)

    return over_batch(images, data_format, "affine_transform", warp)


def _for_each(batch: Any, *coordinates: Any) -> list[Any]:
    """Coordinates for each image of a batch."""
    shape = tuple(batch.spec.shape[:3])
    return [each if tuple(each.shape) == shape else ops.broadcast_to(each, shape) for each in coordinates]


def homography(start: Any, end: Any) -> Any:
    """The eight numbers of the perspective that takes the four points `end` to the four points `start`.

    Args:
        start, end: (batch, 4, 2), floats.
    Returns: (batch, 8).
    """
    x, y, u, v = start[..., 0], start[..., 1], end[..., 0], end[..., 1]
    zero, one = ops.zeros_like(u), ops.ones_like(u)

    def row(*entries: Any) -> Any:
        return ops.stack(entries, axis=-1)

    of_x = row(u, v, one, zero, zero, zero, ops.negative(ops.multiply(x, u)), ops.negative(ops.multiply(x, v)))
    of_y = row(zero, zero, zero, u, v, one, ops.negative(ops.multiply(y, u)), ops.negative(ops.multiply(y, v)))
    matrix = ops.concatenate([of_x, of_y], axis=1)
    target = ops.expand_dims(ops.concatenate([x, y], axis=-1), axis=-1)
    return ops.squeeze(ops.linalg.solve(matrix, target), axis=-1)


def projected(numbers: Sequence[Any], x: Any, y: Any) -> tuple[Any, Any]:
    """Where a perspective takes points.

    Args:
        numbers: the eight numbers of `homography`, each in a shape that broadcasts to that of the points.
        x, y: the points.
    """

    def along(first: Any, second: Any, third: Any) -> Any:
        return ops.add(ops.add(ops.multiply(x, first), ops.multiply(y, second)), third)

    below = along(numbers[6], numbers[7], 1.0)
    return ops.divide(along(*numbers[0:3]), below), ops.divide(along(*numbers[3:6]), below)


@op
def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Images seen from another point of view.

    Args:
        images: a tensor (batch, height, width, channels), or without the first axis.
        start_points: four points (x, y) of each image, (batch, 4, 2), or (4, 2) for all.
        end_points: where these points come to lie.
        interpolation: "bilinear" or "nearest".
        fill_value: what lies outside of the images.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor of the shape and dtype of the images.
    Raises: ShapeError if the points have another shape; ArgumentError for an unknown interpolation.
    Source: Hartley and Zisserman 2004, "Multiple view geometry in computer vision", section 4.1.
    """
    _check("perspective_transform", "constant", interpolation)
    images = require_images(images, "perspective_transform")
    start, end = (ops.cast(tensor(points), "float32") for points in (start_points, end_points))
    if start.spec.shape != end.spec.shape or start.spec.ndim not in (2, 3) or tuple(start.spec.shape[-2:]) != (4, 2):
        raise ShapeError(
            f"perspective_transform: points of shapes {tuple(start.spec.shape)} and {tuple(end.spec.shape)}.",
            fix="give both as (batch, 4, 2), or (4, 2).",
        )
    numbers = homography(ops.reshape(start, (-1, 4, 2)), ops.reshape(end, (-1, 4, 2)))

    def warp(batch: Any) -> Any:
        rows, columns = _grid(*batch.spec.shape[1:3])
        x, y = projected([ops.reshape(numbers[:, place], (-1, 1, 1)) for place in range(8)], columns, rows)
        return _warped(batch, *_for_each(batch, y, x), interpolation, "constant", fill_value)

    return over_batch(images, data_format, "perspective_transform", warp)


def _key_of(seed: Any) -> Any:
    """The key of one draw: from an int, from a generator of seeds, or from Python's generator."""
    if hasattr(seed, "next"):
        return ops.pad(seed.next(), [[0, 2]])
    return draws.make_key(random.getrandbits(32) if seed is None else seed)


@op
def elastic_transform(
    images: Any,
    alpha: Any = 20.0,
    sigma: Any = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> Any:
    """Images bent at random, as if printed on rubber.

    Args:
        images: floats (batch, height, width, channels), or without the first axis.
        alpha: how far pixels move.
        sigma: over how many pixels the movement varies.
        interpolation: "bilinear" or "nearest".
        fill_mode: what lies outside: "constant" (`fill_value`), "nearest", "wrap", "mirror" or "reflect".
        fill_value: a number.
        seed: an int (always the same movement), a `keras.random.SeedGenerator`, or None.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor of the shape and dtype of the images.
    Raises: ArgumentError for an unknown mode.
    Example:
        >>> tf.ops.image.elastic_transform(np.ones((2, 8, 8, 3), "float32"), seed=1).shape
        TensorShape([2, 8, 8, 3])

    Source: Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied to visual
    document analysis".
    """
    size = int(6 * float(sigma)) | 1
    return bent(images, alpha, sigma, size, _key_of(seed), interpolation, fill_mode, fill_value, data_format)


def bent(
    images: Any, alpha: Any, sigma: Any, size: int, key: Any, interpolation: str, fill_mode: str, fill_value: float,
    data_format: str | None,
) -> Any:  # fmt: skip
    """`elastic_transform`, also for an `alpha` and `sigma` that are known only later.

    Args:
        size: of the window that smooths the movement, in pixels: six times the largest `sigma`, and odd.
        key: four uint32: equal ones give equal movements.
    """
    _check("elastic_transform", fill_mode, interpolation)
    images = require_images(images, "elastic_transform")

    def warp(batch: Any) -> Any:
        rows, columns = _grid(*batch.spec.shape[1:3])
        shape = (*batch.spec.shape[:3], 2)
        noise = ops.multiply(draws.normal(key, shape, dtype=as_dtype("float32")), sigma)
        noise = gaussian_blur(noise, (size, size), ops.stack([sigma, sigma]), data_format="channels_last")
        y, x = (ops.add(grid, ops.multiply(noise[..., place], alpha)) for place, grid in ((0, rows), (1, columns)))
        return _warped(batch, y, x, interpolation, fill_mode, fill_value)

    return over_batch(images, data_format, "elastic_transform", warp)
