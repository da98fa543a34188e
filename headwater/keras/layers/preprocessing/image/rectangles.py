"""Upright rectangles in images, drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.keras import random


def drawn_span(length: int, share: Any, seed: Any, dtype: Any) -> tuple[Any, Any]:
    """Where a span of an axis begins and ends, for each image.

    Args:
        length: of the axis.
        share: how much of it the span takes, (batch,).
    """
    size = ops.cast(share * length, dtype)
    start = random.uniform(share.shape, 0.0, 1.0, dtype=dtype, seed=seed) * (length - size)
    return start, start + size


def inside(size: tuple[int, int], columns: tuple[Any, Any], rows: tuple[Any, Any], channels: int, axis: int) -> Any:
    """Which pixels lie in a rectangle of each image: bool (batch, height, width, channels), or channels first.

    Args:
        size: height and width of the images.
        columns, rows: first and last, as `drawn_span` returns them.
        channels: how many channels there are.
        axis: -1 or -3: where they lie.
    """

    def within(place: np.ndarray, span: tuple[Any, Any], shape: tuple[int, int]) -> Any:
        first, last = (ops.reshape(edge, (-1, 1, 1)) for edge in span)
        places = ops.cast(place.reshape(shape), first.dtype)
        return ops.logical_and(places >= first, places < last)

    of_row = within(np.arange(size[0], dtype="float32"), rows, (-1, 1))
    of_column = within(np.arange(size[1], dtype="float32"), columns, (1, -1))
    found = ops.expand_dims(ops.logical_and(of_row, of_column), axis)
    shape = list(found.shape)
    shape[axis] = channels
    return ops.broadcast_to(found, shape)
