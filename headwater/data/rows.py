"""Pipelines over arrays in memory, run on the numbers of their rows: a batch is then one gather.

`from_tensor_slices(...)` followed by stages that don't look at what their elements hold (shuffle, repeat, take, skip,
shard, ...) is the same stages over the numbers 0, 1, ..., and only the numbers that come out are looked up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import backends
from headwater.data import specs
from headwater.data.sources import Counted, Slices
from headwater.data.stage import Cursor, Run, Stage
from headwater.data.structure import Element
from headwater.frontend.tensor import Tensor
from headwater.ir.spec import Spec


class RowNumbers(Stage):
    """0, 1, ..., size - 1."""

    label = "rows"

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.signature = specs.single(specs.TensorSpec((), "int64"))  # type: ignore[misc]

    def cardinality(self) -> int:
        return self.size

    def open(self, run: Run) -> Cursor:
        return _RowNumbersCursor(self.size)


class _RowNumbersCursor(Counted):
    def __init__(self, size: int) -> None:
        self.size = size

    def __next__(self) -> Element:
        if self.position >= self.size:
            raise StopIteration
        self.position += 1
        return (np.int64(self.position - 1),)

    def take(self, count: int) -> Any:
        start, self.position = self.position, min(self.size, self.position + count)
        return np.arange(start, self.position)


def over_rows(stage: Stage) -> tuple[Slices, Stage] | None:
    """The arrays that a pipeline takes rows of, and the same pipeline over their numbers; None if it is no such
    pipeline."""
    if isinstance(stage, Slices):
        dense = all(isinstance(component, (Tensor, np.ndarray)) for component in stage.components)
        return (stage, RowNumbers(stage.size)) if dense else None
    if len(stage.inputs) != 1:
        return None
    below = over_rows(stage.inputs[0])
    if below is None:
        return None
    rebuilt = stage.over_rows([below[1]])
    return None if rebuilt is None else (below[0], rebuilt)


class Gather:
    """Rows of arrays by their numbers: the native gather for what the backend holds, NumPy's for the rest."""

    def __init__(self, source: Slices) -> None:
        self.backend = backends.current()
        self.components = source.components
        self.native = [place for place, component in enumerate(self.components) if _is_native(component)]
        self.sources = [self.components[place].buffer for place in self.native]
        self.specs = [self.components[place].spec for place in self.native]

    def __call__(self, rows: np.ndarray) -> Element:
        """The components of a batch."""
        found: list[Any] = [None] * len(self.components)
        if self.native:
            buffers = self.backend.gather_rows(self.sources, self.backend.from_numpy(rows), 0, len(rows))
            for place, spec, buffer in zip(self.native, self.specs, buffers):
                found[place] = Tensor(Spec((len(rows), *spec.shape[1:]), spec.dtype), buffer)
        for place, component in enumerate(self.components):
            if found[place] is None:
                found[place] = np.asarray(component)[rows]
        return tuple(found)


def _is_native(component: Any) -> bool:
    return isinstance(component, Tensor) and component.spec.dtype != "string"


class RowsCursor(Cursor):
    """Batches of rows.

    Args:
        source: the arrays.
        numbers: the pipeline over their rows' numbers.
        batch_size: rows in a batch.
        drop_remainder: whether a smaller last batch is left out.
    """

    def __init__(self, source: Slices, numbers: Stage, batch_size: int, drop_remainder: bool, run: Run) -> None:
        self.gather = Gather(source)
        self.upstream = run.open(numbers)
        self.batch_size, self.drop_remainder = batch_size, drop_remainder

    def rows(self) -> np.ndarray:
        """The numbers of the next batch's rows."""
        found = self.upstream.take(self.batch_size)
        if not len(found) or (self.drop_remainder and len(found) < self.batch_size):
            raise StopIteration
        if not isinstance(found, np.ndarray):
            found = np.array([row for (row,) in found])
        return np.ascontiguousarray(found, np.int64)

    def __next__(self) -> Element:
        return self.gather(self.rows())

    def state(self) -> dict[str, Any]:
        return {"input": self.upstream.state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.upstream.restore(state["input"])
