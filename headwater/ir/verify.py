"""The verifier: run after tracing and after every pass, so that a pass that breaks a graph is named at once."""

from __future__ import annotations

from headwater.errors import GraphError
from headwater.ir.graph import Graph, Node, Value, sub_graphs
from headwater.ir.spec import Spec, sizes_differ


def verify(graph: Graph, what: str = "graph") -> Graph:
    """Check that each value is defined once and before its use, and that each node's specs are those its primitive
    infers.

    Returns: the graph.
    Raises: GraphError, naming `what` and the node.
    """
    defined: set[Value] = set(graph.inputs)
    for node in graph.nodes:
        for value in node.inputs:
            if value not in defined:
                raise GraphError(f"{what}: {node.primitive.name} uses a value that is not defined before it")
        _verify_specs(node, what)
        for inner in sub_graphs(node.attrs):
            verify(inner, f"{what} > {node.primitive.name}")
        for value in node.outputs:
            if value in defined or value.node is not node:
                raise GraphError(f"{what}: a result of {node.primitive.name} is defined twice")
            defined.add(value)
    for value in graph.outputs:
        if value not in defined:
            raise GraphError(f"{what}: an output is not defined")
    return graph


def _verify_specs(node: Node, what: str) -> None:
    inferred = node.primitive.infer_all([value.spec for value in node.inputs], node.attrs)
    stated = tuple(value.spec for value in node.outputs)
    if len(inferred) != len(stated) or not all(map(_agree, inferred, stated)):
        names = [", ".join(map(str, specs)) for specs in (stated, inferred)]
        raise GraphError(f"{what}: {node.primitive.name} is stated to give {names[0]}, and gives {names[1]}")


def _agree(a: Spec, b: Spec) -> bool:
    return a.dtype is b.dtype and a.ndim == b.ndim and not any(map(sizes_differ, a.shape, b.shape))
