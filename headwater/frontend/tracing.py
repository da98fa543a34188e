"""Tracing: running a Python function on stand-ins, to find the graph of what it computes or the specs of what it
returns."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from headwater import tree
from headwater.errors import StateError
from headwater.ir import dispatch
from headwater.ir.dispatch import Array
from headwater.ir.graph import Graph, Node, Value
from headwater.ir.replay import replay
from headwater.ir.spec import Spec
from headwater.primitives import constant as _constant  # noqa: F401 - registers a primitive that every trace needs
from headwater.primitives import custom as _custom  # noqa: F401 - registers what marks variables read anew


def is_tracing() -> bool:
    """True inside a function that is being traced."""
    return dispatch.current_trace() is not None


def is_plain() -> bool:
    """True where code simply runs: no function is being traced, no tape records."""
    return dispatch.current_trace() is None and not dispatch.recorders()


def init_scope() -> contextlib.AbstractContextManager[None]:
    """Leave the functions being traced: what is computed inside is computed at once, and not recorded by tapes."""
    return dispatch.Outside()


def trace_aside(function: Callable[[], Any]) -> Any:
    """What `function` returns when it is traced for a look only: nothing that it does becomes part of the graph."""
    with dispatch.tracing(dispatch.Trace("aside", parent=dispatch.current_trace())), dispatch.recording(()):
        return function()


def output_specs(
    function: Callable[..., Any], *args: Any, _begin: Callable[[Any], None] | None = None, **kwargs: Any
) -> Any:
    """What `function` would return, as Specs, found by tracing it without computing anything.

    Args:
        function: called with stand-ins for tensors.
        args, kwargs: its arguments; each Spec or Tensor in them (nested, too) is replaced by a stand-in of its shape
            and dtype.
        _begin: called with the trace before it is used.
    Returns: the structure that it returns, with a Spec for each tensor and other values as they are.
    """
    trace = dispatch.Trace("output_specs", parent=dispatch.current_trace())
    if _begin is not None:
        _begin(trace)

    def stand_in(value: Any) -> Any:
        if isinstance(value, Spec):
            return trace.input(value)
        return trace.input(value.spec) if isinstance(value, Array) and value.buffer is not None else value

    with dispatch.tracing(trace), dispatch.recording(()):
        args, kwargs = map_leaves(stand_in, (args, kwargs))
        result = function(*args, **kwargs)
    return map_leaves(
        lambda value: value.spec if hasattr(value, "spec") and isinstance(value.spec, Spec) else value, result
    )


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """`tree.map_structure`, with a Spec (a named tuple) as a leaf."""
    if isinstance(structure, Spec):
        return function(structure)
    if type(structure) in (list, tuple):
        return type(structure)(map_leaves(function, item) for item in structure)
    if type(structure) is dict:
        return {key: map_leaves(function, item) for key, item in structure.items()}
    return tree.map_structure(function, structure)


def constant_value(tensor: Array) -> Any:
    """The eager value of a traced tensor that depends on no input of the trace.

    Raises: StateError if it depends on one.
    """
    return _evaluated(tensor, lambda value: None)


def value_when_called(tensor: Array) -> Any:
    """The eager value that a tensor will have in the call that it is traced for; variables have the values of now.

    Raises: StateError if the trace is for no call in particular, or the tensor hangs on what a loop carries.
    """
    traces: dict[Graph, dispatch.Trace] = {}
    trace = dispatch.current_trace()
    while trace is not None:
        traces[trace.graph], trace = trace, trace.parent

    def known(value: Value) -> Any:
        trace = traces.get(value.graph)
        if trace is None or value in trace.examples:
            return None if trace is None else trace.examples[value]
        if value.node is not None:
            return None
        for state, array in trace.state_inputs.items():
            if array.value is value:
                return state.read()  # type: ignore[attr-defined]
        place = trace.graph.inputs.index(value) - len(trace.graph.inputs) + len(trace.captures)
        return evaluated(trace.captures[place]) if place >= 0 else None  # a sub-trace takes what it captures last

    def evaluated(tensor: Array) -> Any:
        return tensor if tensor.buffer is not None else _evaluated(tensor, known)

    with init_scope():
        return evaluated(tensor)


def note_example(tensor: Array, array: Any) -> None:
    """Let `value_when_called` know the value that a result of the innermost trace will have."""
    trace = dispatch.current_trace()
    assert trace is not None and tensor.value is not None
    trace.examples[tensor.value] = dispatch.array_from_numpy(array)


def _evaluated(tensor: Array, known: Callable[[Value], Any]) -> Any:
    """The eager value of a traced tensor: what of its graph leads to it, run on the values that are `known`."""
    assert tensor.value is not None
    graph, given = ancestry(tensor.value, known)
    with init_scope():
        return replay(graph, list(given.values()))[0]


def ancestry(value: Value, known: Callable[[Value], Any]) -> tuple[Graph, dict[Value, Any]]:
    """The part of a graph that leads to a value, from what is known; and what that is, in the order of its inputs.

    Args:
        value: a value of a graph that is being traced.
        known: gives what is known of a value, None if it is to be computed.
    Raises: StateError if it hangs on an input of which nothing is known.
    """
    needed, given = _ancestors(value, known)
    graph = Graph("evaluated")
    graph.inputs = list(given)
    graph.nodes = [node for node in value.graph.nodes if node in needed]
    graph.outputs = [value]
    return graph, given


def _ancestors(value: Value, known: Callable[[Value], Any]) -> tuple[dict[Node, None], dict[Value, Any]]:
    """The nodes that a value hangs on, and the values at which the search for them ended because they are known."""
    needed: dict[Node, None] = {}
    given: dict[Value, Any] = {}
    pending = [value]
    while pending:
        value = pending.pop()
        if value in given or value.node in needed:
            continue
        found = known(value)
        if found is not None:
            given[value] = found
        elif value.node is not None:
            needed[value.node] = None
            pending.extend(value.node.inputs)
        else:
            raise StateError(
                "a value that depends on the arguments of a traced function is needed before the function runs.",
                fix="compute it outside of the function, or from constants alone.",
            )
    return needed, given
