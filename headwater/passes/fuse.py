"""Fusion: chains of element-wise nodes, with the reductions they feed, become one instruction each; so does a matrix
product with
what is done to its result.

Nodes are gathered into regions from inputs to outputs. A region has an iteration space; inside it a value is full (one
number for
each point), a row (one for each row of the last axis, from a reduction over it), or reduced (a result that leaves). A
node joins
the regions that its inputs come from if its shape fits, and if no value would then be needed before it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headwater.ir.graph import Graph, Node, Value, has_effects
from headwater.ir.spec import Shape
from headwater.primitives.fused import FUSED_PRODUCTS, fused_elementwise
from headwater.primitives.shape import reshape

MAX_NODES, MAX_INPUTS = 96, 32
MAX_ROW = 1 << 16  # longer rows are reduced in a pass of their own
_ROW_REDUCTIONS = {"reduce_sum", "reduce_max", "reduce_min", "reduce_prod"}
_REDUCTIONS = _ROW_REDUCTIONS | {"reduce_any", "reduce_all"}
FULL, ROW, REDUCED = "full", "row", "reduced"


class Region:
    """Nodes that will run as one instruction.

    Attributes:
        shape: the iteration space.
        nodes: in the order of the graph.
        kinds: what each value made inside is: full, row or reduced.
        externals: what it uses from outside, but constants that are one number.
    """

    def __init__(self, shape: Shape, position: int) -> None:
        self.shape = shape
        self.nodes: list[Node] = []
        self.kinds: dict[Value, str] = {}
        self.externals: dict[Value, None] = {}
        self.first = self.last = position

    def add(self, node: Node, kind: str, position: int) -> None:
        """Take a node in."""
        if position < self.last and self.nodes:  # a test, placed with its user: it comes before that
            self.nodes.insert(len(self.nodes) - 1, node)
        else:
            self.nodes.append(node)
        self.kinds[node.outputs[0]] = kind
        self.last = max(self.last, position)
        self.externals.pop(node.outputs[0], None)
        for value in node.inputs:
            if value not in self.kinds and not is_number(value):
                self.externals[value] = None

    def take(self, other: Region, order: Callable[[Node], int]) -> None:
        """Take in the nodes of another region, in the order of the graph."""
        self.nodes = sorted([*self.nodes, *other.nodes], key=order)
        self.kinds.update(other.kinds)
        together = {**self.externals, **other.externals}
        self.externals = {value: None for value in together if value not in self.kinds}
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)


def is_number(value: Value) -> bool:
    """True for a constant of one element: it becomes a part of the code."""
    return value.node is not None and value.node.primitive.name == "constant" and value.spec.size == 1


def _row_shapes(shape: Shape) -> tuple[Shape, Shape]:
    return (*shape[:-1], 1), shape[:-1]


class Fusion:
    """The regions of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.position = {node: index for index, node in enumerate(graph.nodes)}
        self.region_of: dict[Node, Region] = {}
        self.users: dict[Value, list[Node]] = {}
        for node in graph.nodes:
            for value in node.inputs:
                self.users.setdefault(value, []).append(node)
        self.waiting: dict[Node, None] = {}
        for node in graph.nodes:
            if self._waits(node):
                self.waiting[node] = None
                continue
            asked = [value.node for value in node.inputs if value.node in self.waiting]
            self._place(node)
            for test in dict.fromkeys(asked):
                self._place_test(test, node)
        for test in list(self.waiting):
            self._place_test(test, None)

    # Gathering

    def _waits(self, node: Node) -> bool:
        """True for a test of one array, as the gradient of a relu needs: it is made where it is used, not kept from
        where it could be
        made first."""
        arrays = [value for value in node.inputs if not is_number(value)]
        if len(arrays) != 1 or arrays[0].node in self.waiting or not node.primitive.elementwise:
            return False
        return (
            node.outputs[0].spec.dtype.is_bool
            and arrays[0].spec.dtype.is_floating
            and node.outputs[0].spec.shape == arrays[0].spec.shape
        )

    def _place_test(self, test: Node, user: Node | None) -> None:
        del self.waiting[test]
        region = self.region_of.get(user) if user is not None else None
        if region is not None and self._kind_in(test, region) == FULL and self._may_join(test, region):
            region.add(test, FULL, self.position[test])
            region.first = min(region.first, self.position[test])
            self.region_of[test] = region
        else:
            self._place(test)

    def _place(self, node: Node) -> None:
        candidates = self._candidates(node)
        position = self.position[node]
        chosen: Region | None = None
        for region in candidates:
            if self._kind_in(node, region) is None or not self._may_join(node, region):
                continue
            if chosen is None:
                chosen = region
            elif chosen.shape == region.shape and self._may_merge(chosen, region):
                self._merge(chosen, region)
        if chosen is not None:
            # A merge may have brought in what the node uses: its kind is decided by the region as it is now.
            kind = self._kind_in(node, chosen)
            if kind is not None and self._may_join(node, chosen):
                chosen.add(node, kind, position)
                self.region_of[node] = chosen
                return
        self._start(node, position)

    def _candidates(self, node: Node) -> list[Region]:
        """Regions that the inputs come from, latest first."""
        found: dict[Region, None] = {}
        for value in node.inputs:
            region = self.region_of.get(value.node) if value.node is not None else None
            if region is not None and region.kinds[value] != REDUCED:
                found[region] = None
        if not found and node.primitive.name in _REDUCTIONS:
            # What else reads the value that is reduced: one pass over it is enough.
            for user in self.users[node.inputs[0]]:
                region = self.region_of.get(user)
                if region is not None and region.shape == node.inputs[0].spec.shape:
                    found[region] = None
        return sorted(found, key=lambda region: -region.last)

    def _start(self, node: Node, position: int) -> None:
        if not node.outputs:
            return
        shape = node.outputs[0].spec.shape
        name = node.primitive.name
        if name in _REDUCTIONS and node.attrs["axes"]:
            region = Region(node.inputs[0].spec.shape, position)
            region.add(node, self._reduction_kind(node, region), position)
        elif node.primitive.elementwise or (name == "iota" and shape):
            region = Region(shape, position)
            region.add(node, FULL, position)
        else:
            return
        self.region_of[node] = region

    @staticmethod
    def _reduction_kind(node: Node, region: Region) -> str:
        shape = region.shape
        by_row = len(shape) > 1 and node.attrs["axes"] == (len(shape) - 1,) and 1 < shape[-1] <= MAX_ROW  # type: ignore[operator]
        return ROW if by_row and node.primitive.name in _ROW_REDUCTIONS else REDUCED

    def _kind_in(self, node: Node, region: Region) -> str | None:
        """What the node's result would be inside a region; None if the node does not fit in."""
        name, shape = node.primitive.name, node.outputs[0].spec.shape
        inside = {value: region.kinds[value] for value in node.inputs if value in region.kinds}
        if REDUCED in inside.values():
            return None
        if name in _REDUCTIONS:
            fits = (
                node.attrs["axes"]
                and node.inputs[0].spec.shape == region.shape
                and (not inside or FULL in inside.values())
            )
            return self._reduction_kind(node, region) if fits else None
        rows = _row_shapes(region.shape)
        if name == "reshape":
            return ROW if ROW in inside.values() and shape in rows else None
        if not node.primitive.elementwise and name != "broadcast_to":
            return None
        if shape == region.shape:
            kept = all(kind == FULL or value.spec.shape == rows[0] for value, kind in inside.items())
            return FULL if kept else None
        if name == "broadcast_to" or shape not in rows or not inside or set(inside.values()) != {ROW}:
            return None
        return ROW if all(value.spec.shape == shape or value.spec.size == 1 for value in node.inputs) else None

    # What may be together

    def _may_join(self, node: Node, region: Region) -> bool:
        if len(region.nodes) >= MAX_NODES:
            return False
        outside = [value for value in self._through_waiting(node.inputs) if value not in region.kinds]
        if len(region.externals) + len(outside) > MAX_INPUTS:
            return False
        return not self._reaches(outside, region)

    def _through_waiting(self, values: Sequence[Value]) -> list[Value]:
        """The values, with what waiting tests use in place of the tests."""
        found: list[Value] = []
        for value in values:
            found.extend(value.node.inputs if value.node in self.waiting else (value,))  # type: ignore[union-attr]
        return found

    def _may_merge(self, a: Region, b: Region) -> bool:
        if len(a.nodes) + len(b.nodes) >= MAX_NODES:
            return False
        of_a, of_b = a.externals, b.externals
        if len(of_a) + len(of_b) > MAX_INPUTS:
            return False
        return not self._reaches([v for v in of_a if v not in b.kinds], b) and not self._reaches(
            [v for v in of_b if v not in a.kinds], a
        )

    def _reaches(self, values: list[Value], region: Region) -> bool:
        """True if one of `values` is computed from something that the region makes."""
        pending = [value.node for value in values if value.node is not None]
        seen: set[Any] = set()
        while pending:
            node = pending.pop()
            unit = self.region_of.get(node, node)
            if unit is region:
                return True
            if unit in seen:
                continue
            seen.add(unit)
            if isinstance(unit, Region):
                if unit.last > region.first:
                    pending.extend(value.node for value in unit.externals if value.node is not None)
            elif self.position[unit] > region.first:
                pending.extend(value.node for value in unit.inputs if value.node is not None)
        return False

    def _merge(self, a: Region, b: Region) -> None:
        for node in b.nodes:
            self.region_of[node] = a
        a.take(b, self.position.__getitem__)


class _Builder:
    """The new graph: a node for each region, the others copied, in an order in which all can run."""

    def __init__(self, fusion: Fusion) -> None:
        self.fusion, self.old = fusion, fusion.graph
        self.new = Graph(self.old.name)
        self.values: dict[Value, Value] = {value: self.new.add_input(value.spec) for value in self.old.inputs}
        self.users = fusion.users
        self.outputs = set(self.old.outputs)
        self.products = self._products()
        self.early = self._early()
        self.done: set[Any] = set()

    def build(self) -> Graph:
        """The new graph."""
        previous: Node | None = None
        for position, node in enumerate(self.old.nodes):
            if has_effects(node):
                self._emit(previous) if previous is not None else None
                previous = node
            region = self.fusion.region_of.get(node)
            if region.last == position if region is not None else node not in self.products:
                self._emit(node)
            for early in self.early.get(position, ()):
                self._emit(early)
        self.new.outputs = [self._value(value) for value in self.old.outputs]
        return self.new

    def _products(self) -> dict[Node, Region]:
        """Products (of matrices, convolutions) that a region finishes: all their uses lie in it, and its results are
        full, and as many as the kernel can write."""
        found: dict[Node, Region] = {}
        for region in dict.fromkeys(self.fusion.region_of.values()):
            if any(kind != FULL for kind in region.kinds.values()):
                continue
            several = len(self._results(region)) > 1
            for value in reversed(list(region.externals)):
                node = value.node
                if (
                    node is None
                    or node.primitive.name not in FUSED_PRODUCTS
                    or value in self.outputs
                    or value.spec.shape != region.shape
                    or (several and not FUSED_PRODUCTS[node.primitive.name].several_results)
                ):
                    continue
                if all(self.fusion.region_of.get(user) is region for user in self.users[value]):
                    found[node] = region
                    break
        return found

    def _early(self) -> dict[int, list[Node]]:
        """The products that regions finish, by the node that they follow: as soon as all that they need is there.

        The gradient of a weight is finished by the step of its optimizer, traced after all gradients: waiting for that
        would keep what the gradient is made of. It follows whatever else reads the arrays that come from outside,
        since it may be written over one of them.
        """
        ready = self._ready_positions()
        found: dict[int, list[Node]] = {}
        for product, region in self.products.items():
            values = [*product.inputs, *(value for value in region.externals if value.node is not product)]
            at = max((ready.get(value, 0) for value in values), default=0)
            for value in region.externals:
                if value.node is None and value.spec.shape == region.shape:
                    others = (user for user in self.users[value] if self.fusion.region_of.get(user) is not region)
                    at = max([at, *(self._made_at(user) for user in others)])
            if at < region.last:
                found.setdefault(at, []).append(product)
        return found

    def _made_at(self, node: Node) -> int:
        region = self.fusion.region_of.get(node)
        return self.fusion.position[node] if region is None else region.last

    def _ready_positions(self) -> dict[Value, int]:
        """The node after which each value can be had: the one that makes it; for a single number, the last one of what
        it is made from."""
        ready: dict[Value, int] = {}
        for node in self.old.nodes:
            needed = max((ready.get(value, 0) for value in node.inputs), default=0)
            alone = all(value.spec.size == 1 for value in node.outputs) and not has_effects(node)
            region = self.fusion.region_of.get(node)
            alone = alone and (region is None or not region.shape)
            ready.update(dict.fromkeys(node.outputs, needed if alone else self._made_at(node)))
        return ready

    def _results(self, region: Region) -> list[Value]:
        return [
            value
            for value in region.kinds
            if value in self.outputs
            or any(self.fusion.region_of.get(user) is not region for user in self.users.get(value, ()))
        ]

    def _emit(self, node: Node) -> None:
        """Emit what makes a node, and before it what that uses. An explicit stack: graphs may be deeper than
        Python's."""
        pending: list[tuple[Any, bool]] = [(self._unit(node), False)]
        while pending:
            unit, ready = pending.pop()
            if unit in self.done:
                continue
            if ready:
                self.done.add(unit)
                self._region(unit) if isinstance(unit, Region) else self._copy(unit)
                continue
            pending.append((unit, True))
            needs = self._needs(unit)
            pending.extend((self._unit(value.node), False) for value in reversed(needs) if value.node is not None)

    def _unit(self, node: Node) -> Any:
        return self.products.get(node) or self.fusion.region_of.get(node) or node

    def _needs(self, unit: Any) -> list[Value]:
        if not isinstance(unit, Region):
            return list(unit.inputs)
        needs = []
        for value in unit.externals:
            product = value.node if value.node is not None and self.products.get(value.node) is unit else None
            needs.extend(product.inputs if product is not None else (value,))
        return needs

    def _value(self, old: Value) -> Value:
        if old not in self.values and old.node is not None:
            self._emit(old.node)
        return self.values[old]

    def _copy(self, node: Node) -> None:
        inputs = [self._value(value) for value in node.inputs]
        outputs = self.new.add(node.primitive, inputs, node.attrs, [value.spec for value in node.outputs], node.source)
        self.values.update(zip(node.outputs, outputs))

    def _region(self, region: Region) -> None:
        results = self._results(region)
        if not results:
            return
        product = next((node for node, owner in self.products.items() if owner is region), None)
        if len(region.nodes) == 1 and product is None:
            self._copy(region.nodes[0])
            return
        externals = list(region.externals)
        if product is not None:
            externals.remove(product.outputs[0])
            externals.insert(0, product.outputs[0])
        inputs, body = self._body(region, externals, results)
        source = region.nodes[-1].source
        specs = [value.spec for value in results]
        if product is None:
            outputs = self.new.add(fused_elementwise, inputs, {"body": body, "shape": region.shape}, specs, source)
        else:
            operands = [*(self._value(value) for value in product.inputs), *inputs[1:]]
            fused = FUSED_PRODUCTS[product.primitive.name]
            outputs = self.new.add(fused, operands, {"body": body, **product.attrs}, specs, source)
        self.values.update(zip(results, outputs))

    def _body(self, region: Region, externals: list[Value], results: list[Value]) -> tuple[list[Any], Graph]:
        body = Graph("body")
        inside: dict[Value, Value] = {}
        inputs: list[Any] = []
        rows = _row_shapes(region.shape)
        for value in externals:
            if value.node is not None and self.products.get(value.node) is region:
                inputs.append(None)
                inside[value] = body.add_input(value.spec)
            elif self._is_bare_row(value, region):
                kept = self.new.add(reshape, [self._value(value)], {"shape": rows[0]})[0]
                inputs.append(kept)
                (inside[value],) = body.add(
                    reshape, [body.add_input(kept.spec)], {"shape": value.spec.shape}, (value.spec,)
                )
            else:
                inputs.append(self._value(value))
                inside[value] = body.add_input(value.spec)
        casts: dict[Any, Any] = {}  # those that `copy_casts` made, if they met here again: one will do
        for node in region.nodes:
            for value in node.inputs:
                if value not in inside:
                    (inside[value],) = body.add(value.node.primitive, (), value.node.attrs, (value.spec,))  # type: ignore[union-attr]
            key = (inside[node.inputs[0]], node.attrs["dtype"]) if node.primitive.name == "cast" else None
            outputs = None if key is None else casts.get(key)
            if outputs is None:
                outputs = casts[key] = body.add(
                    node.primitive,
                    [inside[value] for value in node.inputs],
                    node.attrs,
                    [value.spec for value in node.outputs],
                    node.source,
                )
            inside.update(zip(node.outputs, outputs))
        body.outputs = [inside[value] for value in results]
        return inputs, body

    @staticmethod
    def _is_bare_row(value: Value, region: Region) -> bool:
        """True for an input with one number a row and no last axis, used where rows are: it is loaded with an axis of
        size 1."""
        users = [node for node in region.nodes if value in node.inputs]
        return (
            bool(region.shape)
            and value.spec.shape == region.shape[:-1]
            and value.spec.size != 1
            and any(region.kinds[node.outputs[0]] == ROW and node.primitive.name not in _REDUCTIONS for node in users)
        )


def fuse(graph: Graph) -> Graph:
    """The graph with its regions fused."""
    return _Builder(Fusion(graph)).build()
