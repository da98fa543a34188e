"""Expansion: what is only a composition becomes its nodes, so that the other passes see through it."""

from __future__ import annotations

from headwater.ir.fused import Fused
from headwater.ir.graph import Graph, Node, Rewriter
from headwater.passes.inline import append


def expand_composites(graph: Graph) -> Graph:
    """The graph without fused primitives that have no kernel of their own, and without what has done its work once a
    graph was differentiated: custom gradients, and what is computed again for a gradient.
    """
    bodies = {node: body for node in graph.nodes if (body := _body_of(node)) is not None}
    if not bodies:
        return graph
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        if node not in bodies:
            rewriter.copy(node)
            continue
        inputs = [rewriter.value_of(value) for value in node.inputs]
        results = append(rewriter.new, expand_composites(bodies[node]), inputs, node.source)
        for old, new in zip(node.outputs, results):
            rewriter.replace(old, new)
    return rewriter.finish()


def _body_of(node: Node) -> Graph | None:
    """What the node stands for; None if it stands for itself."""
    primitive = node.primitive
    if primitive.name in ("custom_gradient", "recompute"):
        return node.attrs["body"]
    if isinstance(primitive, Fused) and type(primitive).cpu is Fused.cpu:
        return primitive.decomposition([value.spec for value in node.inputs], node.attrs)
    return None
