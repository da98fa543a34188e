"""Where a primitive goes when it is applied: to the backend at once (eager), or into the graph being traced.

The state is per thread. Recorders (gradient tapes) see every application in both cases, which is why one rule of
differentiation serves eager code, compiled functions and the bodies of loops.
"""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from headwater.dtypes import as_dtype, string
from headwater.errors import NotTraceableError, StateError, layer_path
from headwater.ir.graph import Graph, Literal, Value
from headwater.ir.registry import REGISTRY
from headwater.ir.spec import Spec

if TYPE_CHECKING:
    from headwater.ir.primitive import Primitive


class Array:
    """What primitives take and give: values in a buffer of the backend (eager), or a Value of the graph being
    traced."""

    __slots__ = ("spec", "buffer", "value", "__weakref__")

    def __init__(self, spec: Spec, buffer: Any = None, value: Value | None = None) -> None:
        self.spec, self.buffer, self.value = spec, buffer, value


class Executor(Protocol):
    """What eager execution needs of a backend."""

    def execute(
        self, primitive: Primitive, args: Sequence[Array], attrs: dict[str, Any]
    ) -> tuple[Sequence[Spec], Sequence[Any]]:
        """The results of a primitive on eager arrays: their specs, and their buffers."""
        ...

    def to_numpy(self, buffer: Any, spec: Spec) -> np.ndarray:
        """The values of a buffer; read-only, without a copy where possible."""
        ...

    def from_numpy(self, array: np.ndarray) -> Any:
        """A buffer with the values of an array; without a copy where possible."""

    def adopt(self, array: np.ndarray) -> Any:
        """The same for an array that nobody changes any more: on its own memory where possible."""


class Recorder(Protocol):
    """Sees each application of a primitive: a gradient tape."""

    def record(
        self, primitive: Primitive, args: Sequence[Array], attrs: dict[str, Any], outputs: Sequence[Array]
    ) -> None:
        """Called after each application."""


class StateCell(Protocol):
    """A variable, as a trace sees it: it has a spec, can be read into a trace and is written back after a run."""

    spec: Spec


class _ThreadState(threading.local):
    trace: Trace | None = None
    recorders: tuple[Recorder, ...] = ()


class _FirstUse:
    """Stands for the executor until the front end is loaded, which sets it and the type of results: a module of the
    lower layers may be the first one that a program imports."""

    def __getattr__(self, name: str) -> Any:
        importlib.import_module("headwater.frontend.tensor")
        return getattr(_executor, name)


_state = _ThreadState()
_result_type: type[Array] = Array
_executor: Any = _FirstUse()


def set_result_type(kind: type[Array]) -> None:
    """Make applications return `kind` (the front end's Tensor) instead of a plain Array."""
    global _result_type
    _result_type = kind


def set_executor(executor: Executor) -> None:
    """Make `executor` run what is applied eagerly."""
    global _executor
    _executor = executor


def executor() -> Executor:
    """The backend that runs what is applied eagerly."""
    return _executor


def current_trace() -> Trace | None:
    """The innermost trace of this thread, None when execution is eager."""
    return _state.trace


def new_array(spec: Spec, buffer: Any = None, value: Value | None = None) -> Any:
    """An array of the type that users hold."""
    return _result_type(spec, buffer, value)


def array_from_numpy(array: np.ndarray) -> Any:
    """An eager array with the values of a NumPy array, which must not be changed afterwards. Strings (an object array
    of bytes) stay on the host: the array itself is their buffer, whatever the backend."""
    if array.dtype.hasobject and _result_type is Array:  # a string is the first tensor of the program
        importlib.import_module("headwater.frontend.tensor")
    buffer = array if array.dtype.hasobject else _executor.from_numpy(array)
    return _result_type(Spec(array.shape, as_dtype(array.dtype)), buffer)


def adopted_array(array: np.ndarray) -> Any:
    """As `array_from_numpy`, for an array of numbers that nobody else holds: on its own memory where possible."""
    buffer = _executor.adopt(array)
    return _result_type(Spec(array.shape, as_dtype(array.dtype)), buffer)


def array_to_numpy(array: Array) -> np.ndarray:
    """The values of an eager array; read-only."""
    if array.buffer is None:
        if current_trace() is None:
            require_values((array,))
        raise StateError(
            f"a tensor of shape {array.spec.shape} has no values yet: its function is being traced.",
            fix="read it outside of the traced function, print it with tf.print, or call the function eagerly.",
        )
    return host_values(array.buffer) if array.spec.dtype is string else executor().to_numpy(array.buffer, array.spec)


def host_values(buffer: np.ndarray) -> np.ndarray:
    """The values of a buffer of strings; read-only."""
    view = buffer.view()
    view.flags.writeable = False
    return view


def require_values(arrays: Sequence[Array]) -> None:
    """Raise StateError if an array has left the traced function in which it has a meaning."""
    for array in arrays:
        if array.buffer is None:
            raise StateError(
                f"a tensor of shape {array.spec.shape} is used outside of the function in which it was traced.",
                fix="return it from that function, or keep it in a tf.Variable.",
            )


def bind(primitive: Primitive, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Apply a primitive to arrays: the result, or a tuple of results if the primitive is `multiple`."""
    trace, recorders = _state.trace, _state.recorders
    if trace is None:
        specs, buffers = _executor.execute(primitive, args, attrs)
        if len(specs) == 1:
            outputs = (_result_type(specs[0], buffers[0]),)
        else:
            outputs = tuple(map(_result_type, specs, buffers))
    else:
        outputs = trace.emit(primitive, args, attrs)
    for recorder in recorders:
        recorder.record(primitive, args, attrs, outputs)
    return outputs if primitive.multiple else outputs[0]


class Trace:
    """A graph under construction.

    A trace inside another (a branch, a loop body) takes arrays of the outer one as additional inputs, in the order of
    their
    first use: `captures`. Variables read inside become inputs of the outermost trace; a variable written inside is a
        state whose
    last value the owner of the trace must carry out.
    """

    def __init__(self, name: str = "main", parent: Trace | None = None) -> None:
        self.graph = Graph(name)
        self.parent = parent
        self.captures: list[Array] = []
        self.states: dict[StateCell, Array] = {}  # current value of each variable read or written here
        self.written: dict[StateCell, None] = {}  # in the order of the first write
        self.state_inputs: dict[StateCell, Array] = {}  # outermost trace: the input that a variable is read from
        self.examples: dict[Value, Array] = {}  # what values will be in the call that this is traced for, if known
        self._unread: set[StateCell] = set()  # have a value that came from a write and was not read since
        self.created_variables: list[Any] = []  # outermost trace: the variables made while it ran
        self.prelude: Any = None  # takes what is done with strings, which no graph holds (frontend/prelude.py)
        self._lifted: dict[int, tuple[Array, Value]] = {}  # by id of the array, which is kept alive

    def input(self, spec: Spec) -> Any:
        """A new input, as an array."""
        return new_array(spec, value=self.graph.add_input(spec))

    def lift(self, array: Array) -> Value:
        """The value that stands for an array in this graph: itself, a constant, or a captured input."""
        value = array.value
        if value is not None and value.graph is self.graph:
            return value
        found = self._lifted.get(id(array))
        if found is not None:
            return found[1]
        lifted = self._constant(array) if value is None else self._capture(array, value)
        self._lifted[id(array)] = (array, lifted)
        return lifted

    def _constant(self, array: Array) -> Value:
        if array.spec.dtype is string:
            raise strings_are_traced(array.spec)
        literal = Literal(executor().to_numpy(array.buffer, array.spec))
        return self.graph.add(REGISTRY["constant"], (), {"value": literal}, (array.spec,))[0]

    def _capture(self, array: Array, value: Value) -> Value:
        outer = self.parent
        while outer is not None and value.graph is not outer.graph:
            outer = outer.parent
        if outer is None:
            raise StateError(
                f"a tensor of shape {array.spec.shape} is used outside of the function in which it was traced.",
                fix="return it from that function, or keep it in a tf.Variable.",
            )
        self.captures.append(array)
        return self.graph.add_input(array.spec)

    def emit(self, primitive: Primitive, args: Sequence[Array], attrs: dict[str, Any]) -> tuple[Any, ...]:
        """Add a node; its results as arrays. Strings never become part of a graph: what is applied to those that have
        values is computed at once.

        Raises: NotTraceableError for strings that have none yet.
        """
        if any(array.spec.dtype is string for array in args):
            return self._computed_now(primitive, args, attrs)
        values = [self.lift(array) for array in args]
        specs = primitive.infer_all([value.spec for value in values], attrs)
        return tuple(
            [
                new_array(value.spec, value=value)
                for value in self.graph.add(primitive, values, attrs, specs, layer_path())
            ]
        )

    def _computed_now(self, primitive: Primitive, args: Sequence[Array], attrs: dict[str, Any]) -> tuple[Any, ...]:
        unknown = [array for array in args if array.buffer is None]
        if not unknown:
            return tuple(map(new_array, *_executor.execute(primitive, args, attrs)))
        prelude = self.nearest_prelude
        if prelude is None:
            raise strings_are_traced(unknown[0].spec)
        return prelude.applied(primitive, args, attrs)

    @property
    def nearest_prelude(self) -> Any:
        """The prelude of this trace, or of the next one around it that has any."""
        return self.prelude if self.prelude is not None or self.parent is None else self.parent.nearest_prelude

    def read_state(self, state: StateCell) -> Any:
        """The current value of a variable in this trace, as a new beginning of gradients if it was written here."""
        found = self.current_state(state)
        if state in self._unread:
            self._unread.discard(state)
            found = self.states[state] = self._begun_anew(state, found)
        return found

    def current_state(self, state: StateCell) -> Any:
        """The current value of a variable in this trace, for whoever carries it on."""
        found = self.states.get(state)
        if found is None:
            found = self.states[state] = (
                self.parent.read_state(state) if self.parent is not None else self.state_input(state)
            )
        return found

    def state_input(self, state: StateCell) -> Any:
        """Outermost trace: the input that stands for a variable."""
        found = self.state_inputs.get(state)
        if found is None:
            if state.spec.dtype is string:
                raise strings_are_traced(state.spec)
            found = self.state_inputs[state] = self.input(state.spec)
            self.states.setdefault(state, found)
        return found

    def write_state(self, state: StateCell, array: Array) -> None:
        """Give a variable a new value in this trace."""
        if self.parent is None:
            self.state_input(state)
        self.carry_state(state, array)
        self.written[state] = None

    def carry_state(self, state: StateCell, array: Array) -> None:
        """Let a variable have a value that another trip of a loop may have written."""
        self.states[state] = array
        self._unread.add(state)

    def _begun_anew(self, state: StateCell, array: Array) -> Any:
        """What was written into a variable, as that variable: its gradient is the variable's, not that of what was
        written."""
        root = self
        while root.parent is not None:
            root = root.parent
        if not state.spec.dtype.is_inexact or state not in root.state_inputs:
            return array
        variable = root.state_inputs[state]
        self._note_read(state, variable)
        return self.emit(REGISTRY["reassigned"], (variable, array), {})[0]

    def _note_read(self, state: StateCell, variable: Array) -> None:
        """Called when a variable's input is used to begin anew; a trace inside a recorded one tells the recorders."""


def strings_are_traced(spec: Spec) -> NotTraceableError:
    """What to raise where a graph would have to hold strings."""
    return NotTraceableError(
        f"strings of shape {tuple(spec.shape)} are worked on while a function is traced: no program holds strings.",
        fix="work on strings outside of it, in a Dataset.map, or in a tf.function, which then runs op by op.",
    )


@contextlib.contextmanager
def tracing(trace: Trace | None) -> Iterator[None]:
    """Make `trace` the innermost one; None makes execution eager again."""
    previous, _state.trace = _state.trace, trace
    try:
        yield
    finally:
        _state.trace = previous


def add_recorder(recorder: Recorder) -> None:
    """Let `recorder` see what this thread applies from now on."""
    _state.recorders = (*_state.recorders, recorder)


def remove_recorder(recorder: Recorder) -> None:
    """Stop `recorder`."""
    _state.recorders = tuple(other for other in _state.recorders if other is not recorder)


def recorders() -> tuple[Recorder, ...]:
    """The recorders of this thread."""
    return _state.recorders


class Outside(contextlib.ContextDecorator):
    """Leaves all traces for a while, and hides from all recorders: what is applied inside is computed at once."""

    def __enter__(self) -> None:
        self._outer = _state.trace, _state.recorders
        _state.trace, _state.recorders = None, ()

    def __exit__(self, *error: object) -> None:
        _state.trace, _state.recorders = self._outer

    def _recreate_cm(self) -> Outside:  # each call of a function that it decorates has its own
        return Outside()


@contextlib.contextmanager
def recording(active: tuple[Recorder, ...]) -> Iterator[None]:
    """Let exactly these recorders see what is applied; an empty tuple pauses all."""
    previous, _state.recorders = _state.recorders, active
    try:
        yield
    finally:
        _state.recorders = previous
