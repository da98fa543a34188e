"""Graphs run by NumPy: nothing is compiled, nothing is fused, so that nothing can go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.backends.base import Backend, Cell
from headwater.ir.graph import Graph
from headwater.ir.replay import run_reference
from headwater.ir.spec import Spec


class NumpyCell:
    """Holds an array."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def get(self) -> np.ndarray:
        """The array."""
        return self._array

    def set(self, buffer: np.ndarray) -> None:
        """Another array."""
        self._array = buffer


class ReferenceExecutable:
    """A graph that NumPy runs."""

    def __init__(self, graph: Graph, num_cells: int, updates: Sequence[int]) -> None:
        self._graph, self._updates = graph, tuple(updates)

    def run(self, inputs: Sequence[Any], cells: Sequence[Cell]) -> list[Any]:
        """The results; updated cells are set."""
        if any(buffer is None for buffer in inputs):
            raise TypeError("an input has no values")
        outputs = run_reference(
            self._graph, [np.asarray(buffer) for buffer in (*inputs, *(cell.get() for cell in cells))]
        )
        count = len(outputs) - len(self._updates)
        for index, value in zip(self._updates, outputs[count:]):
            cells[index].set(value)
        return outputs[:count]


class ReferenceBackend(Backend):
    """NumPy as a backend."""

    name = "reference"

    def compile(self, graph: Graph, num_cells: int = 0, updates: Sequence[int] = ()) -> ReferenceExecutable:
        return ReferenceExecutable(graph, num_cells, updates)

    def from_numpy(self, array: np.ndarray) -> np.ndarray:
        return array

    def to_numpy(self, buffer: Any, spec: Spec) -> np.ndarray:
        view = np.asarray(buffer)
        view = view.view(spec.dtype.numpy) if view.dtype != spec.dtype.numpy else view.view()
        view.flags.writeable = False
        return view

    def new_cell(self, buffer: Any) -> NumpyCell:
        return NumpyCell(np.asarray(buffer))


def load() -> ReferenceBackend:
    """The backend."""
    return ReferenceBackend()
