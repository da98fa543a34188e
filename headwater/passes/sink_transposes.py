"""Transposes that bring channels to the front sink below what is done element by element, to where the next one that
brings them back meets them: so layers with channels first compute with channels last throughout."""

from __future__ import annotations

from headwater.ir.graph import Graph, Node, Rewriter, Value
from headwater.ir.registry import REGISTRY

_REDUCTIONS = {"reduce_sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_any", "reduce_all"}


def sink_transposes(graph: Graph) -> Graph:
    """The graph with each element-wise node, and each reduction to one axis, of such transposes done before them."""
    if not any(node.primitive.name == "transpose" for node in graph.nodes):
        return graph
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        inputs = [rewriter.value_of(value) for value in node.inputs]
        found = _sunk(rewriter, node, inputs)
        if found is None:
            rewriter.copy(node)
        else:
            rewriter.replace(node.outputs[0], found)
    return rewriter.finish()


def _to_front(ndim: int) -> tuple[int, ...]:
    """The order of axes that brings the last one behind the first."""
    return (0, ndim - 1, *range(1, ndim - 1))


def _before(value: Value, ndim: int) -> Value | None:
    """What was transposed, if channels were brought to the front."""
    node = value.node
    is_such = node is not None and node.primitive.name == "transpose" and node.attrs["perm"] == _to_front(ndim)
    return node.inputs[0] if is_such and ndim > 2 else None  # type: ignore[union-attr]


def _sunk(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    if not all(value.spec.is_static for value in inputs):
        return None
    if node.primitive.name in _REDUCTIONS:
        return _reduced(rewriter, node, inputs[0])
    if not node.primitive.elementwise or len(node.outputs) != 1:
        return None
    shape = node.outputs[0].spec.shape
    ndim = len(shape)
    if all(_before(value, ndim) is None for value in inputs):
        return None
    moved = []
    for value in inputs:
        before = _before(value, ndim) or _turned(rewriter, node, value, ndim)
        if before is None:
            return None
        moved.append(before)
    perm = _to_front(ndim)
    (found,) = rewriter.new.add(node.primitive, moved, node.attrs, None, node.source)
    if tuple(found.spec.shape[axis] for axis in perm) != shape:
        return None  # a transpose of what is broadcast here
    return rewriter.new.add(REGISTRY["transpose"], [found], {"perm": perm}, None, node.source)[0]


def _turned(rewriter: Rewriter, node: Node, value: Value, ndim: int) -> Value | None:
    """A value with channels last, if that costs nothing: it has at most one axis that is longer than 1."""
    if value.spec.size == 1 and value.spec.ndim <= 1:
        return value
    shape = (*(1,) * (ndim - value.spec.ndim), *value.spec.shape)
    if sum(size != 1 for size in shape) > 1:
        return None
    target = (shape[0], *shape[2:], shape[1])
    return rewriter.new.add(REGISTRY["reshape"], [value], {"shape": target}, None, node.source)[0]


def _reduced(rewriter: Rewriter, node: Node, x: Value) -> Value | None:
    ndim = x.spec.ndim
    before, axes = _before(x, ndim), node.attrs["axes"]
    if before is None or ndim - len(axes) > 1:
        return None
    perm = _to_front(ndim)
    return rewriter.new.add(
        node.primitive, [before], {**node.attrs, "axes": tuple(sorted(perm[axis] for axis in axes))}, None, node.source
    )[0]
