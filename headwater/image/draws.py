"""Images changed at random: from the global stream, or stateless from a seed of two numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater import random as drawn
from headwater.errors import ArgumentError
from headwater.image import colours, frames
from headwater.image.batches import image_tensor
from headwater.image.encoding import adjust_jpeg_quality


def _number(low: Any, high: Any, seed: Any, stateless: bool, dtype: str = "float32") -> Any:
    if stateless:
        return drawn.stateless_uniform((), seed, low, high, dtype)
    return drawn.uniform((), low, high, dtype, seed=seed)


def _checked_delta(max_delta: float, most: float | None = None) -> float:
    if max_delta < 0 or (most is not None and max_delta > most):
        limit = "of 0 or more" if most is None else f"from 0 to {most}"
        raise ArgumentError(f"max_delta={max_delta}.", fix=f"give a number {limit}.")
    return max_delta


def _checked_bounds(lower: float, upper: float) -> tuple[float, float]:
    if upper <= lower or lower < 0:
        raise ArgumentError(f"factors from {lower} to {upper}.", fix="give 0 <= lower < upper.")
    return lower, upper


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """`adjust_brightness` by a number drawn from [-max_delta, max_delta)."""
    _checked_delta(max_delta)
    return colours.adjust_brightness(image, _number(-max_delta, max_delta, seed, False))


def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> Any:
    """`random_brightness` for a seed of two numbers."""
    _checked_delta(max_delta)
    return colours.adjust_brightness(image, _number(-max_delta, max_delta, seed, True))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """`adjust_contrast` by a factor drawn from [lower, upper)."""
    return colours.adjust_contrast(image, _number(*_checked_bounds(lower, upper), seed, False))


def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> Any:
    """`random_contrast` for a seed of two numbers."""
    return colours.adjust_contrast(image, _number(*_checked_bounds(lower, upper), seed, True))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """`adjust_saturation` by a factor drawn from [lower, upper)."""
    return colours.adjust_saturation(image, _number(*_checked_bounds(lower, upper), seed, False))


def stateless_random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """`random_saturation` for a seed of two numbers."""
    return colours.adjust_saturation(image, _number(*_checked_bounds(lower, upper), seed, True))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """`adjust_hue` by a turn drawn from [-max_delta, max_delta); at most half a turn."""
    _checked_delta(max_delta, 0.5)
    return colours.adjust_hue(image, _number(-max_delta, max_delta, seed, False))


def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> Any:
    """`random_hue` for a seed of two numbers."""
    _checked_delta(max_delta, 0.5)
    return colours.adjust_hue(image, _number(-max_delta, max_delta, seed, True))


def _checked_quality(least: int, most: int) -> tuple[int, int]:
    if not 0 <= least < most <= 100:
        raise ArgumentError(f"a JPEG quality from {least} to {most}.", fix="give 0 <= least < most <= 100.")
    return least, most


def random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None) -> Any:
    """`adjust_jpeg_quality` to a quality drawn from [min_jpeg_quality, max_jpeg_quality)."""
    bounds = _checked_quality(min_jpeg_quality, max_jpeg_quality)
    return adjust_jpeg_quality(image, _number(*bounds, seed, False, "int32"))


def stateless_random_jpeg_quality(image: Any, min_jpeg_quality: int, max_jpeg_quality: int, seed: Any) -> Any:
    """`random_jpeg_quality` for a seed of two numbers."""
    bounds = _checked_quality(min_jpeg_quality, max_jpeg_quality)
    return adjust_jpeg_quality(image, _number(*bounds, seed, True, "int32"))


def _flipped(image: Any, axis: int, seed: Any, stateless: bool, what: str) -> Any:
    image = image_tensor(image, what)
    shape = (image.shape[0], 1, 1, 1) if len(image.shape) == 4 else ()
    draw = drawn.stateless_uniform(shape, seed) if stateless else drawn.uniform(shape, seed=seed)
    if not shape and image.shape[axis] is not None:  # one pass over the image, whichever way round
        places = np.arange(image.shape[axis], dtype="int32")
        return ops.take(image, ops.where(draw < 0.5, places[::-1].copy(), places), axis=axis)
    return ops.where(draw < 0.5, ops.flip(image, axis=axis), image)


def random_flip_left_right(image: Any, seed: int | None = None) -> Any:
    """An image, or each of a batch, with left and right swapped in half of the cases."""
    return _flipped(image, -2, seed, False, "random_flip_left_right")


def random_flip_up_down(image: Any, seed: int | None = None) -> Any:
    """An image, or each of a batch, with top and bottom swapped in half of the cases."""
    return _flipped(image, -3, seed, False, "random_flip_up_down")


def stateless_random_flip_left_right(image: Any, seed: Any) -> Any:
    """`random_flip_left_right` for a seed of two numbers."""
    return _flipped(image, -2, seed, True, "stateless_random_flip_left_right")


def stateless_random_flip_up_down(image: Any, seed: Any) -> Any:
    """`random_flip_up_down` for a seed of two numbers."""
    return _flipped(image, -3, seed, True, "stateless_random_flip_up_down")


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Any:
    """A block of a tensor at a place that is drawn.

    Args:
        value: a tensor of any rank.
        size: of the block, a number for each axis; -1 for all of it.
        seed: for a stream of its own.
    Raises: ShapeError if the block is larger than the tensor.
    """

    def starts(room: Any) -> Any:
        return drawn.uniform(tuple(room.shape), 0, np.iinfo(np.int32).max, "int32", seed=seed) % room

    return frames.block_at(value, starts, size, "random_crop")


def stateless_random_crop(value: Any, size: Any, seed: Any, name: str | None = None) -> Any:
    """`random_crop` for a seed of two numbers."""

    def starts(room: Any) -> Any:
        return drawn.stateless_uniform(tuple(room.shape), seed, 0, np.iinfo(np.int32).max, "int32") % room

    return frames.block_at(value, starts, size, "stateless_random_crop")
