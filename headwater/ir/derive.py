"""Graphs made of Python functions, and of other graphs: bodies of control flow, decompositions, gradients."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from headwater.ir import dispatch
from headwater.ir.graph import Graph
from headwater.ir.spec import Spec


class Transforms:
    """What autodiff, a folder above this one, offers to primitives; it fills this in when it is imported."""

    graph_vjp: Callable[[Graph, Sequence[int]], Graph] | None = None
    vectorize: Callable[..., Any] | None = None


# Graphs made from graphs, kept as long as those: a gradient taken twice is traced once.


def per_graph(make: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: remember what `make(graph, *rest)` returns for each graph; `rest` must be hashable."""
    known: weakref.WeakKeyDictionary[Graph, dict[Any, Any]] = weakref.WeakKeyDictionary()

    @functools.wraps(make)
    def remembered(graph: Graph, *rest: Any) -> Any:
        found = known.setdefault(graph, {})
        if rest not in found:
            found[rest] = make(graph, *rest)
        return found[rest]

    return remembered


def trace_graph(name: str, specs: Sequence[Spec], function: Callable[..., Any]) -> Graph:
    """The graph of `function`, which takes an array for each spec and returns a sequence of arrays."""
    trace = dispatch.Trace(name)
    inputs = [trace.input(spec) for spec in specs]
    with dispatch.tracing(trace), dispatch.recording(()):
        trace.graph.outputs = [trace.lift(array) for array in function(*inputs)]
    return trace.graph


@per_graph
def gradient_graph(graph: Graph, wanted: tuple[int, ...]) -> Graph:
    """A graph: inputs of `graph`, then a cotangent of each inexact output -> cotangents of inputs `wanted`."""
    assert Transforms.graph_vjp is not None, "headwater.autodiff is not loaded"
    with dispatch.tracing(None), dispatch.recording(()):
        return Transforms.graph_vjp(graph, wanted)
