"""What a graph costs, counted from the rules of its primitives."""

from __future__ import annotations

from headwater.ir.graph import Graph, Node


def flops_of(graph: Graph) -> int:
    """How many additions, multiplications and the like one run of a graph takes; every size must be known."""
    return sum(_flops(node) for node in graph.nodes)


def flops_by_source(graph: Graph) -> dict[str, int]:
    """The same, by what of the user's code asked for it: paths of layers, as nodes carry them."""
    found: dict[str, int] = {}
    for node in graph.nodes:
        found[node.source] = found.get(node.source, 0) + _flops(node)
    return found


def _flops(node: Node) -> int:
    return node.primitive.flops(*[value.spec for value in node.inputs], **node.attrs)
