"""Inlining: a call of a graph becomes the graph's own nodes, so that the other passes see through it."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.ir.graph import Graph, Rewriter, Value


def inline_calls(graph: Graph) -> Graph:
    """The graph without `call` nodes."""
    if not any(node.primitive.name == "call" for node in graph.nodes):
        return graph
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        if node.primitive.name != "call":
            rewriter.copy(node)
            continue
        results = append(
            rewriter.new,
            inline_calls(node.attrs["body"]),
            [rewriter.value_of(value) for value in node.inputs],
            node.source,
        )
        for old, new in zip(node.outputs, results):
            rewriter.replace(old, new)
    return rewriter.finish()


def append(target: Graph, body: Graph, args: Sequence[Value], source: str) -> list[Value]:
    """Add the nodes of `body`, applied to `args`, to a graph; return its results there."""
    values = dict(zip(body.inputs, args))
    for node in body.nodes:
        specs = [value.spec for value in node.outputs]
        outputs = target.add(
            node.primitive, [values[value] for value in node.inputs], node.attrs, specs, node.source or source
        )
        values.update(zip(node.outputs, outputs))
    return [values[value] for value in body.outputs]
