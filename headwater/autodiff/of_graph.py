"""The gradient of a graph, as a graph: what the gradients of control flow are made of."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.autodiff.backward import Records, backward
from headwater.ir import dispatch
from headwater.ir.graph import Graph
from headwater.ir.replay import replay, zeros


def graph_vjp(graph: Graph, wanted: Sequence[int]) -> Graph:
    """A graph that computes cotangents of inputs of `graph`.

    Args:
        graph: what to differentiate. Its forward part is computed again inside the result.
        wanted: positions of the inputs to differentiate with respect to; they must be floats or complex numbers.
    Returns: a graph whose inputs are those of `graph`, then a cotangent for each of its outputs of float or complex
    dtype, and whose
        outputs are the cotangents of the wanted inputs, zeros where no output depends on one.
    """
    trace = dispatch.Trace(f"{graph.name}_vjp", parent=dispatch.current_trace())
    inputs = [trace.input(value.spec) for value in graph.inputs]
    differentiable = [index for index, value in enumerate(graph.outputs) if value.spec.dtype.is_inexact]
    cotangents = [trace.input(graph.outputs[index].spec) for index in differentiable]
    records = Records()
    with dispatch.tracing(trace):
        with dispatch.recording((records,)):
            outputs = replay(_without_effects(graph), inputs)
        with dispatch.recording(()):
            sources = [inputs[index] for index in wanted]
            found = backward(records, [outputs[index] for index in differentiable], cotangents, sources)
            results = [
                zeros(source.spec) if cotangent is None else cotangent for source, cotangent in zip(sources, found)
            ]
            trace.graph.outputs = [trace.lift(result) for result in results]
    return trace.graph


def _without_effects(graph: Graph) -> Graph:
    """The graph without what it only does, such as printing: that is done when it runs, not when it is
    differentiated."""
    quiet = Graph(graph.name)
    quiet.inputs, quiet.outputs = graph.inputs, graph.outputs
    quiet.nodes = [node for node in graph.nodes if node.outputs]
    return quiet
