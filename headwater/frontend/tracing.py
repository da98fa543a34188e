"""Tracing: running a Python function on stand-ins, to find the graph of what it computes or the specs of what it
returns."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
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


@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """Leave the functions being traced: what is computed inside is computed at once, and not recorded by tapes."""
    with dispatch.tracing(None), dispatch.recording(()):
        yield


def trace_aside(function: Callable[[], Any]) -> Any:
    """What `function` returns when it is traced for a look only: nothing that it does becomes part of the graph."""
    with dispatch.tracing(dispatch.Trace("aside", parent=dispatch.current_trace())), dispatch.recording(()):
        return function()


def output_specs(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `function` would return, as Specs, found by tracing it without computing anything.

    Args:
        function: called with stand-ins for tensors.
        args, kwargs: its arguments; each Spec or Tensor in them (nested, too) is replaced by a stand-in of its shape
            and dtype.
    Returns: the structure that it returns, with a Spec for each tensor and other values as they are.
    """
    trace = dispatch.Trace("output_specs", parent=dispatch.current_trace())

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
    value = tensor.value
    assert value is not None
    needed: dict[Node, None] = {}
    _collect(value, needed)
    graph = Graph("constant")
    graph.nodes = [node for node in value.graph.nodes if node in needed]
    graph.outputs = [value]
    with init_scope():
        return replay(graph, ())[0]


def _collect(value: Value, needed: dict[Node, None]) -> None:
    pending = [value]
    while pending:
        node = pending.pop().node
        if node is None:
            raise StateError(
                "a value that depends on the arguments of a traced function is needed before the function runs.",
                fix="compute it outside of the function, or from constants alone.",
            )
        if node not in needed:
            needed[node] = None
            pending.extend(node.inputs)
