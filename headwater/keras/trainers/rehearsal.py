"""Rehearsals: a run of a few batches, to see that a program works before hours are spent on it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from headwater import tree
from headwater.errors import ArgumentError
from headwater.keras.trainers.batches import ArrayBatches, StreamBatches


def count_of_batches(value: Any, name: str) -> int:
    """How many batches an argument of `fit` asks for: 0 for False, 1 for True.

    Raises: ArgumentError if it is no such number.
    """
    if isinstance(value, int) and value >= 0:
        return int(value)
    raise ArgumentError(f"{name}={value!r} is not a number of batches.", fix="pass 1 or more, or 0 for a real run.")


class KeptBatches:
    """Some batches, held in memory and given anew in each epoch."""

    def __init__(self, batches: list[Any]) -> None:
        self._batches = batches

    def __iter__(self) -> Iterator[Any]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)


def kept_batches(batches: ArrayBatches | StreamBatches, count: int) -> KeptBatches:
    """The first of some batches; their order is drawn once, if it is drawn."""
    kept = [structure.unflatten(leaves) for leaves, structure in itertools.islice(iter(batches), count)]
    batches.close()
    return KeptBatches(kept)


def without_traces(callbacks: Any) -> list[Any]:
    """Those of some callbacks that leave no file and no message to others behind."""
    found = tree.leaves(callbacks) if callbacks else []
    return [callback for callback in found if not getattr(callback, "leaves_traces", False)]
