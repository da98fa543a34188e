"""The verifier: run after tracing and after every pass, so that a pass that breaks a graph is named at once."""

from __future__ import annotations

from typing import Any

from headwater.errors import GraphError
from headwater.ir.graph import Graph, Node, Value, sub_graphs
from headwater.ir.spec import Spec, sizes_differ


class Checked:
    """What a verifier has seen and need not look at again, as long as one graph goes through its passes: nodes that a
    pass only copies keep their attributes, and sub-graphs are replaced, never changed."""

    def __init__(self) -> None:
        self._nodes: dict[int, tuple[Any, ...]] = {}  # by id of the attributes, which the entry keeps alive
        self._graphs: dict[int, Graph] = {}

    def is_new(self, node: Node) -> bool:
        """True unless this node, or one that it is a copy of, was asked for before."""
        attrs, specs = node.attrs, [value.spec for value in node.inputs]
        specs += [value.spec for value in node.outputs]
        entry = self._nodes.get(id(attrs))
        if entry is not None and entry[0] is node.primitive and entry[1] == specs:
            return False
        self._nodes[id(attrs)] = (node.primitive, specs, attrs)
        return True

    def is_new_graph(self, graph: Graph) -> bool:
        """True when asked for a sub-graph the first time."""
        if id(graph) in self._graphs:
            return False
        self._graphs[id(graph)] = graph
        return True


def verify(graph: Graph, what: str = "graph", checked: Checked | None = None, *, inferred: bool = False) -> Graph:
    """Check that each value is defined once and before its use, and that each node's specs are those its primitive
    infers.

    Args:
        graph: what to check.
        what: named in the error, e.g. the pass that made the graph.
        checked: what earlier calls saw, for a graph that is verified after every pass.
        inferred: the specs of its nodes were just inferred, as those of a trace are, and need no second look.
    Returns: the graph.
    Raises: GraphError, naming `what` and the node.
    """
    checked = Checked() if checked is None else checked
    defined: set[Value] = set(graph.inputs)
    for node in graph.nodes:
        for value in node.inputs:
            if value not in defined:
                raise GraphError(f"{what}: {node.primitive.name} uses a value that is not defined before it")
        if checked.is_new(node):
            if not inferred:
                _verify_specs(node, what)
            for inner in sub_graphs(node.attrs):
                if checked.is_new_graph(inner):
                    verify(inner, f"{what} > {node.primitive.name}", checked)
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
