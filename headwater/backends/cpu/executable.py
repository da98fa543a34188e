"""The backend object, and its executables: native programs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.backends.base import Backend, Cell, Report
from headwater.backends.cpu import memory, native
from headwater.backends.cpu.lower import lower, lower_graph
from headwater.backends.cpu.report import report
from headwater.ir.graph import Graph
from headwater.ir.spec import Spec


class CpuExecutable:
    """A graph as a native program.

    Attributes:
        program: the native program; `arena_bytes` is the memory that its temporaries take.
    """

    __slots__ = ("program", "run")

    def __init__(self, graph: Graph, num_cells: int, updates: Sequence[int]) -> None:
        self.program = lower_graph(graph, num_cells, updates)
        memory.require(graph.name, self.program.arena_bytes)
        self.run = self.program.run

    def profile(self, inputs: Sequence[Any], cells: Sequence[Cell]) -> Any:
        """The results, and the nanoseconds that each instruction took."""
        return self.program.profile(inputs, cells)


class CpuBackend(Backend):
    """The native runtime as a backend."""

    name = "cpu"

    def compile(self, graph: Graph, num_cells: int = 0, updates: Sequence[int] = ()) -> CpuExecutable:
        return CpuExecutable(graph, num_cells, updates)

    def report(self, graph: Graph, num_cells: int = 0, updates: Sequence[int] = ()) -> Report:
        return report(lower(graph, num_cells, updates))

    def from_numpy(self, array: np.ndarray) -> Any:
        return native.from_numpy(array)

    def adopt(self, array: np.ndarray) -> Any:
        return native.from_numpy(array, share=True)

    def to_numpy(self, buffer: Any, spec: Spec) -> np.ndarray:
        return native.to_numpy(buffer, spec.dtype)

    def gather_rows(self, sources: Sequence[Any], indices: Any, start: int, count: int) -> list[Any]:
        return native.gather_rows(sources, indices, start, count)

    def new_cell(self, buffer: Any) -> Any:
        return native.Cell(buffer)

    def num_threads(self) -> int:
        """How many threads work on one instruction."""
        return native.num_threads()

    def set_num_threads(self, count: int) -> None:
        """Let at most so many threads work on one instruction; 0 for as many as the machine gives."""
        native.set_num_threads(count or len(os.sched_getaffinity(0)))


def load() -> CpuBackend:
    """The backend."""
    return CpuBackend()
