"""Pipelines over arrays in memory, run on the numbers of their rows: a batch is then one gather.

`from_tensor_slices(...)` followed by stages that don't look at what their elements hold (shuffle, repeat, take, skip,
shard, ...) is the same stages over the numbers 0, 1, ..., and only the numbers that come out are looked up. What a map
computes element by element is computed of the batches then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from headwater import backends
from headwater.data import specs
from headwater.data.mapping import Map
from headwater.data.sources import Counted, Range, Slices
from headwater.data.stage import Cursor, Run, Stage
from headwater.data.structure import Element
from headwater.data.vectorizing import OnBatches
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


class RowPipeline(NamedTuple):
    """A pipeline over rows: how rows are looked up by their numbers, the stages over the numbers, and what is made of
    the rows."""

    gather: Callable[[np.ndarray], Element]
    numbers: Stage
    functions: tuple[OnBatches, ...]


def over_rows(stage: Stage) -> RowPipeline | None:
    """A pipeline as one over numbers of rows; None if it is no such pipeline."""
    if isinstance(stage, Slices):
        dense = all(isinstance(component, (Tensor, np.ndarray)) for component in stage.components)
        return RowPipeline(Gather(stage), RowNumbers(stage.size), ()) if dense else None
    if isinstance(stage, Range) and stage.size is not None:
        return RowPipeline(stage.values, RowNumbers(stage.size), ())
    if len(stage.inputs) != 1:
        return None
    below = over_rows(stage.inputs[0])
    if below is None:
        return None
    if isinstance(stage, Map):
        found = stage.on_batches()
        return None if found is None else below._replace(functions=(*below.functions, found))
    rebuilt = stage.over_rows([below.numbers])
    return None if rebuilt is None else below._replace(numbers=rebuilt)


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
        rows: the pipeline.
        batch_size: rows in a batch.
        drop_remainder: whether a smaller last batch is left out.
    """

    def __init__(self, rows: RowPipeline, batch_size: int, drop_remainder: bool, run: Run) -> None:
        self.gather, self.functions = rows.gather, rows.functions
        self.upstream = run.open(rows.numbers)
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
        batch = self.gather(self.rows())
        for function in self.functions:
            batch = function(batch)
        return batch

    def state(self) -> dict[str, Any]:
        return {"input": self.upstream.state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.upstream.restore(state["input"])
