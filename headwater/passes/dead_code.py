"""Dead code: nodes whose results nobody uses are dropped, those with effects excepted."""

from __future__ import annotations

from headwater.ir.graph import Graph, Value, has_effects


def remove_dead_code(graph: Graph) -> Graph:
    """The graph without nodes that do not contribute to an output."""
    needed: set[Value] = set(graph.outputs)
    kept = []
    for node in reversed(graph.nodes):
        if has_effects(node) or any(value in needed for value in node.outputs):
            needed.update(node.inputs)
            kept.append(node)
    graph.nodes = kept[::-1]
    return graph
