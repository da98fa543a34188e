"""Minibatches of arrays in memory: the backend gathers the rows of all of them in one call, without Python in
between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from headwater import backends
from headwater.errors import ShapeError
from headwater.ir.spec import Spec


class BatchGatherer:
    """Rows of several tensors, in an order that may change from epoch to epoch.

    Args:
        tensors: eager tensors of equal first size.
        batch_size: rows in a batch; the last one may be smaller.
    Raises: ShapeError if the first sizes differ.
    """

    def __init__(self, tensors: Sequence[Any], batch_size: int) -> None:
        sizes = {tensor.spec.shape[0] for tensor in tensors}
        if len(sizes) != 1:
            raise ShapeError(
                f"arrays of {' and '.join(map(str, sorted(sizes)))} rows can't be batched together.",
                fix="give arrays of equal length.",
            )
        (self.size,) = sizes
        self.batch_size = batch_size
        self._tensors = list(tensors)
        self._backend = backends.current()
        self._sources = [tensor.buffer for tensor in tensors]
        self._order = self._backend.from_numpy(np.arange(self.size, dtype=np.int64))
        self._strings = [place for place, tensor in enumerate(tensors) if tensor.spec.dtype.kind == "string"]

    def __len__(self) -> int:
        return -(-self.size // self.batch_size)

    def specs(self, count: int | None = None) -> list[Spec]:
        """Shape and dtype of a batch of `count` rows: a full one by default."""
        rows = min(self.batch_size, self.size) if count is None else count
        return [Spec((rows, *tensor.spec.shape[1:]), tensor.spec.dtype) for tensor in self._tensors]

    def set_order(self, order: np.ndarray) -> None:
        """The order of the rows from now on: a permutation of their numbers."""
        self._order = self._backend.from_numpy(np.ascontiguousarray(order, np.int64))

    def count(self, step: int) -> int:
        """How many rows batch `step` has."""
        return min(self.batch_size, self.size - step * self.batch_size)

    def buffers(self, step: int) -> list[Any]:
        """The buffers of batch `step`, one for each tensor: what `ConcreteFunction.run` takes."""
        start = step * self.batch_size
        count = min(self.batch_size, self.size - start)
        if self._strings:
            return self._with_strings(start, count)
        return self._backend.gather_rows(self._sources, self._order, start, count)

    def _with_strings(self, start: int, count: int) -> list[Any]:
        """The same where some tensors hold strings, which no backend gathers."""
        rows = np.asarray(self._order)[start : start + count]
        numbers = [source for place, source in enumerate(self._sources) if place not in self._strings]
        gathered = iter(self._backend.gather_rows(numbers, self._order, start, count) if numbers else ())
        return [
            source[rows] if place in self._strings else next(gathered) for place, source in enumerate(self._sources)
        ]

    def __iter__(self) -> Iterator[list[Any]]:
        return (self.buffers(step) for step in range(len(self)))
