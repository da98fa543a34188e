"""Graph: a list of nodes in the order of their execution, with typed inputs and outputs.

A graph is closed: what it uses it computes, holds as a constant, or takes as an input. Sub-graphs (the branches of a
    `cond`, the
body of a `scan`) are attributes of a node and get what they use from outside as inputs, so a pass never has to look
outwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.ir.spec import Spec

if TYPE_CHECKING:
    from headwater.ir.primitive import Primitive


class Value:
    """One array in a graph: an input of it, or the `index`-th result of a node."""

    __slots__ = ("graph", "node", "index", "spec")

    def __init__(self, graph: Graph, node: Node | None, index: int, spec: Spec) -> None:
        self.graph, self.node, self.index, self.spec = graph, node, index, spec

    def __repr__(self) -> str:
        source = self.node.primitive.name if self.node else "input"
        return f"<Value {self.spec} of {source}>"


class Node:
    """An operation in a graph: a primitive with its inputs, attributes and results, and the layers it came from."""

    __slots__ = ("primitive", "inputs", "attrs", "outputs", "source")

    def __init__(self, primitive: Primitive, inputs: tuple[Value, ...], attrs: dict[str, Any], source: str) -> None:
        self.primitive, self.inputs, self.attrs, self.source = primitive, inputs, attrs, source
        self.outputs: tuple[Value, ...] = ()

    def __repr__(self) -> str:
        return f"<Node {self.primitive.name}>"


class Graph:
    """Nodes between inputs and outputs.

    Attributes:
        inputs: Values that the caller gives.
        nodes: in an order in which they can run.
        outputs: Values that the caller gets.
        name: for people.
    """

    def __init__(self, name: str = "main") -> None:
        self.name = name
        self.inputs: list[Value] = []
        self.nodes: list[Node] = []
        self.outputs: list[Value] = []

    def add_input(self, spec: Spec) -> Value:
        """A new input."""
        value = Value(self, None, len(self.inputs), spec)
        self.inputs.append(value)
        return value

    def add(
        self,
        primitive: Primitive,
        inputs: Sequence[Value],
        attrs: dict[str, Any],
        specs: Sequence[Spec] | None = None,
        source: str = "",
    ) -> tuple[Value, ...]:
        """A new node at the end; its results. Their specs follow from `primitive.infer` unless they are given."""
        node = Node(primitive, tuple(inputs), attrs, source)
        if specs is None:
            specs = primitive.infer_all([value.spec for value in inputs], attrs)
        if len(specs) == 1:  # nearly always
            node.outputs = (Value(self, node, 0, specs[0]),)
        else:
            node.outputs = tuple([Value(self, node, index, spec) for index, spec in enumerate(specs)])
        self.nodes.append(node)
        return node.outputs

    def uses(self) -> dict[Value, int]:
        """How often each value is used, by nodes and as an output."""
        counts: dict[Value, int] = {}
        for node in self.nodes:
            for value in node.inputs:
                counts[value] = counts.get(value, 0) + 1
        for value in self.outputs:
            counts[value] = counts.get(value, 0) + 1
        return counts

    def __str__(self) -> str:
        from headwater.ir.text import print_graph

        return print_graph(self)

    def __repr__(self) -> str:
        return f"<Graph {self.name}: {len(self.inputs)} inputs, {len(self.nodes)} nodes, {len(self.outputs)} outputs>"


def sub_graphs(attrs: dict[str, Any]) -> Iterator[Graph]:
    """The graphs among the attributes of a node."""
    for value in attrs.values():
        if isinstance(value, Graph):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Graph))


def has_effects(node: Node) -> bool:
    """True for a node that does more than give results (prints, calls Python), or that holds a sub-graph with such a
    node."""
    if not node.primitive.pure:
        return True
    return bool(node.attrs) and any(has_effects(inner) for graph in sub_graphs(node.attrs) for inner in graph.nodes)


def map_sub_graphs(attrs: dict[str, Any], function: Callable[[Graph], Graph]) -> dict[str, Any]:
    """The attributes with each graph among them replaced by what `function` makes of it; the same dict without any."""
    if next(sub_graphs(attrs), None) is None:
        return attrs

    def replaced(value: Any) -> Any:
        if isinstance(value, Graph):
            return function(value)
        if isinstance(value, tuple) and any(isinstance(item, Graph) for item in value):
            return tuple(replaced(item) for item in value)
        return value

    return {name: replaced(value) for name, value in attrs.items()}


class Rewriter:
    """Builds a new graph from an old one, node by node: what every pass does.

    `value_of` maps a value of the old graph to the new one; `copy` takes a node over; `replace` says that a result of
    an old
    node is now another value.
    """

    def __init__(self, old: Graph) -> None:
        self.old = old
        self.new = Graph(old.name)
        self._map: dict[Value, Value] = {value: self.new.add_input(value.spec) for value in old.inputs}

    def value_of(self, value: Value) -> Value:
        """The new value that stands for an old one."""
        return self._map[value]

    def knows(self, value: Value) -> bool:
        """True once an old value has a new one."""
        return value in self._map

    def replace(self, old: Value, new: Value) -> None:
        """Let `new` stand for `old`."""
        self._map[old] = new

    def copy(self, node: Node, attrs: dict[str, Any] | None = None) -> tuple[Value, ...]:
        """Take a node over, with its inputs mapped."""
        outputs = self.new.add(
            node.primitive,
            [self._map[value] for value in node.inputs],
            node.attrs if attrs is None else attrs,
            [value.spec for value in node.outputs],
            node.source,
        )
        for old, new in zip(node.outputs, outputs):
            self._map[old] = new
        return outputs

    def finish(self) -> Graph:
        """The new graph, with its outputs set."""
        self.new.outputs = [self._map[value] for value in self.old.outputs]
        return self.new


class Literal:
    """A constant array as an attribute: equal to another if small and of equal bytes, or if it is the same array."""

    __slots__ = ("array", "spec", "_key")

    KEYED_BYTES = 256  # constants up to this size are compared by value, larger ones by identity

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.spec = Spec(array.shape, as_dtype(array.dtype))
        self._key = (self.spec, array.tobytes()) if array.nbytes <= self.KEYED_BYTES else id(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Literal({self.spec})"
