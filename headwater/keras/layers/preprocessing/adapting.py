"""Data that layers adapt to: an array at once, or a stream of batches, one at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.layers.preprocessing import composite


def is_stream(data: Any) -> bool:
    """True for an iterable of batches: a Dataset, a generator; False for an array, a tensor, a table, a list."""
    if isinstance(data, (list, tuple, np.ndarray, str, bytes)) or composite.is_composite(data) or ops.is_tensor(data):
        return False
    if hasattr(data, "__array__") or hasattr(data, "__headwater_tensor__"):
        return False
    return hasattr(data, "__iter__") or (hasattr(data, "__getitem__") and hasattr(data, "__len__"))


def batches_of(data: Any, steps: int | None = None, first_only: bool = False) -> Iterator[Any]:
    """The batches of a stream, or the array itself.

    Args:
        data: an array or a stream.
        steps: how many batches to take; None for all.
        first_only: whether of a batch (x, y) the first part is meant.
    Raises: ArgumentError if an item of a stream has several parts.
    """
    if not is_stream(data):
        yield data
        return
    items = data if hasattr(data, "__iter__") else (data[index] for index in range(len(data)))
    for batch in itertools.islice(items, steps):
        if first_only and isinstance(batch, (tuple, list)) and len(batch) and hasattr(batch[0], "shape"):
            batch = batch[0]
        if isinstance(batch, (tuple, dict)) and not hasattr(batch, "shape"):
            raise ArgumentError(
                f"adapt was given batches of {len(batch)} parts, and a layer adapts to one.",
                fix="choose the part: dataset.map(lambda x, y: x).",
            )
        yield batch
