"""What a backend is: something that turns a graph into an executable, and owns the buffers that it runs on."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from headwater.dtypes import string
from headwater.errors import UnsupportedError, index_error
from headwater.ir import dispatch
from headwater.ir.dispatch import Array
from headwater.ir.graph import Graph
from headwater.ir.primitive import Primitive
from headwater.ir.replay import run_reference
from headwater.ir.spec import Spec


class Cell(Protocol):
    """The place that a variable keeps its buffer in: an executable reads it, and writes it in place."""

    def get(self) -> Any:
        """The buffer."""

    def set(self, buffer: Any) -> None:
        """Another buffer, of the same shape and dtype."""


class Executable(Protocol):
    """A graph, ready to run."""

    def run(self, inputs: Sequence[Any], cells: Sequence[Cell]) -> list[Any]:
        """The results for these buffers; the cells that the graph updates hold their new values afterwards."""


class Instruction(NamedTuple):
    """What one instruction of an executable does.

    Attributes:
        name: the primitives that it computes, and the kernel where that says more.
        source: path of layers.
        flops: arithmetic that it does.
        traffic: bytes that it reads and writes at least.
    """

    name: str
    source: str
    flops: int
    traffic: int


class Placement(NamedTuple):
    """Memory that one temporary value of an executable takes.

    Attributes:
        source: path of the layers that it is made in.
        nbytes: its size.
        first, last: the instructions between which it lives.
    """

    source: str
    nbytes: int
    first: int
    last: int


class Report(NamedTuple):
    """What an executable is made of.

    Attributes:
        instructions: in the order in which they run.
        placements: its temporaries.
        arena_bytes: the memory that the temporaries share.
    """

    instructions: list[Instruction]
    placements: list[Placement]
    arena_bytes: int


class Backend(abc.ABC):
    """Base of the backends.

    A graph that is compiled has as inputs the arguments, then one for each cell; and as outputs the results, then the
    new value of
    each cell that `updates` names by its position among the cells.
    """

    name: ClassVar[str]
    CACHE_SIZE = 8192  # eager executables kept

    def __init__(self) -> None:
        self._eager: dict[Any, tuple[tuple[Spec, ...], Any]] = {}

    @abc.abstractmethod
    def compile(self, graph: Graph, num_cells: int = 0, updates: Sequence[int] = ()) -> Executable:
        """An executable of `graph`; every size in it must be known."""

    def report(self, graph: Graph, num_cells: int = 0, updates: Sequence[int] = ()) -> Report:
        """What the executable of `graph` is made of; its arguments are those of `compile`.

        Raises: UnsupportedError if the backend keeps that to itself.
        """
        raise UnsupportedError(
            f"the {self.name} backend does not say what its programs are made of.", fix="use the cpu backend for it."
        )

    @abc.abstractmethod
    def from_numpy(self, array: np.ndarray) -> Any:
        """A buffer with the values of `array`, without a copy where possible."""

    def adopt(self, array: np.ndarray) -> Any:
        """As `from_numpy`, for an array that nobody changes any more: on its own memory where possible."""
        return self.from_numpy(array)

    @abc.abstractmethod
    def to_numpy(self, buffer: Any, spec: Spec) -> np.ndarray:
        """The values of a buffer, read-only, without a copy where possible."""

    @abc.abstractmethod
    def new_cell(self, buffer: Any) -> Cell:
        """A cell that holds `buffer`."""

    def gather_rows(self, sources: Sequence[Any], indices: Any, start: int, count: int) -> list[Any]:
        """Rows indices[start : start + count] of each source buffer, as buffers: a minibatch. `indices` is an int64
        buffer."""
        rows = np.asarray(indices)[start : start + count]
        return [self.from_numpy(np.asarray(source)[rows]) for source in sources]

    def execute(
        self, primitive: Primitive, args: Sequence[Array], attrs: dict[str, Any]
    ) -> tuple[Sequence[Spec], Sequence[Any]]:
        """Run one primitive at once: a graph of one node, compiled once for each combination of specs and attributes.

        Returns: the specs of the results, and their buffers.
        """
        # Written out for the commonest counts: this is most of what an eager operation costs.
        if len(args) == 2:
            a, b = args
            key: tuple[Any, ...] = (primitive, a.spec, b.spec)
            buffers = [a.buffer, b.buffer]
        elif len(args) == 1:
            (a,) = args
            key, buffers = (primitive, a.spec), [a.buffer]
        else:
            key, buffers = (primitive, *[array.spec for array in args]), [array.buffer for array in args]
        if attrs:
            key = (*key, *attrs.items())
        entry = self._eager.get(key)
        if entry is None:
            entry = self._compile_one(key, primitive, [array.spec for array in args], attrs)
        try:
            return entry[0], entry[1](buffers, ())
        except TypeError:
            dispatch.require_values(args)
            raise
        except IndexError as error:
            raise index_error(error) from None

    def _on_host(self, graph: Graph) -> Callable[[Sequence[Any], Any], list[Any]]:
        """What runs a primitive that strings go into or come from: its NumPy rule, on the host's arrays."""
        given, wanted = [value.spec for value in graph.inputs], [value.spec for value in graph.outputs]

        def run(buffers: Sequence[Any], cells: Any) -> list[Any]:
            arrays = [
                buffer if spec.dtype is string else self.to_numpy(buffer, spec) for buffer, spec in zip(buffers, given)
            ]
            results = run_reference(graph, arrays)
            return [
                _without_gaps(result) if spec.dtype is string else self.from_numpy(result)
                for result, spec in zip(results, wanted)
            ]

        return run

    def _compile_one(
        self, key: Any, primitive: Primitive, specs: Sequence[Spec], attrs: dict[str, Any]
    ) -> tuple[tuple[Spec, ...], Any]:
        graph = Graph(primitive.name)
        inputs = [graph.add_input(spec) for spec in specs]
        graph.outputs = list(graph.add(primitive, inputs, attrs))
        specs = [value.spec for value in (*inputs, *graph.outputs)]
        run = self._on_host(graph) if any(spec.dtype is string for spec in specs) else self.compile(graph).run
        entry = (tuple(value.spec for value in graph.outputs), run)
        if len(self._eager) >= self.CACHE_SIZE:
            self._eager.clear()
        self._eager[key] = entry
        return entry


def _without_gaps(strings: Any) -> np.ndarray:
    """Strings as an array of bytes: the empty one where a NumPy rule filled in its zero."""
    array = np.asarray(strings, object)
    values = array.reshape(-1).tolist()
    if set(map(type, values)) <= {bytes}:
        return array
    result = np.empty(len(values), object)
    result[:] = [bytes(value) if isinstance(value, bytes) else b"" for value in values]
    return result.reshape(array.shape)
