"""What a graph costs, counted from the rules of its primitives."""

from __future__ import annotations

from headwater.ir.graph import Graph


def flops_of(graph: Graph) -> int:
    """How many additions, multiplications and the like one run of a graph takes; every size must be known."""
    return sum(node.primitive.flops(*[value.spec for value in node.inputs], **node.attrs) for node in graph.nodes)
