"""Common sub-expressions: of equal nodes one stays."""

from __future__ import annotations

from typing import Any

from headwater.ir.graph import Graph, Rewriter, has_effects


def merge_common(graph: Graph) -> Graph:
    """The graph with one node for each distinct (primitive, inputs, attributes); nodes with effects are left alone."""
    rewriter = Rewriter(graph)
    seen: dict[Any, Any] = {}
    for node in graph.nodes:
        if has_effects(node):
            rewriter.copy(node)
            continue
        key = (node.primitive, tuple([rewriter.value_of(value) for value in node.inputs]), tuple(node.attrs.items()))
        found = seen.get(key)
        if found is None:
            seen[key] = rewriter.copy(node)
            continue
        for old, new in zip(node.outputs, found):
            rewriter.replace(old, new)
    return rewriter.finish()
