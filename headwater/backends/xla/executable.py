"""The backend object, and its executables: jitted functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.backends.base import Backend, Cell
from headwater.backends.xla.lower import lower_graph, namespace, x64
from headwater.ir.graph import Graph
from headwater.ir.spec import Spec


class XlaCell:
    """Holds a jax array."""

    __slots__ = ("_array",)

    def __init__(self, array: Any) -> None:
        self._array = array

    def get(self) -> Any:
        """The array."""
        return self._array

    def set(self, buffer: Any) -> None:
        """Another array."""
        self._array = buffer


class XlaExecutable:
    """A graph that XLA has compiled, or will when it first runs."""

    __slots__ = ("_function", "_updates")

    def __init__(self, graph: Graph, updates: Sequence[int]) -> None:
        self._function, self._updates = lower_graph(graph), tuple(updates)

    def run(self, inputs: Sequence[Any], cells: Sequence[Cell]) -> list[Any]:
        """The results; updated cells are set."""
        with x64():
            outputs = self._function(*inputs, *[cell.get() for cell in cells])
        count = len(outputs) - len(self._updates)
        for index, value in zip(self._updates, outputs[count:]):
            cells[index].set(value)
        return list(outputs[:count])


class XlaBackend(Backend):
    """XLA as a backend: buffers are jax arrays on the default device."""

    name = "xla"

    def __init__(self) -> None:
        super().__init__()
        namespace()

    def compile(self, graph: Graph, num_cells: int = 0, updates: Sequence[int] = ()) -> XlaExecutable:
        return XlaExecutable(graph, updates)

    def from_numpy(self, array: np.ndarray) -> Any:
        with x64():
            return namespace().numpy.asarray(array)

    def to_numpy(self, buffer: Any, spec: Spec) -> np.ndarray:
        view = np.asarray(buffer).view()
        view.flags.writeable = False
        return view

    def new_cell(self, buffer: Any) -> XlaCell:
        return XlaCell(buffer)


def load() -> XlaBackend:
    """The backend.

    Raises: UnsupportedError if jax is not installed.
    """
    return XlaBackend()
