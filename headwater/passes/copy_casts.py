"""Casts made where they are used: an array of 16-bit floats is kept in 16 bits, however often it is read in 32."""

from __future__ import annotations

from headwater.ir.graph import Graph, Node, Rewriter, Value

LEAST_SIZE = 1 << 12  # elements; smaller arrays may well be kept


def copy_casts(graph: Graph) -> Graph:
    """The graph with a cast of its own for each element-wise node or reduction that reads 16-bit floats in more bits.

    A cast costs next to nothing inside of a region. One for all would be stored: written once, twice as large as what
    it comes from, and read by every region that needs it.
    """
    users: dict[Value, int] = {}
    for node in graph.nodes:
        for value in node.inputs:
            if _widens(value.node):
                users[value] = users.get(value, 0) + 1
    if not any(count > 1 for count in users.values()):
        return graph
    rewriter = Rewriter(graph)
    taken: set[Value] = set()  # the first user takes the cast that is there
    for node in graph.nodes:
        casts = [value for value in node.inputs if users.get(value, 0) > 1]
        if casts and node.primitive.name == "slice":
            _slice_before(rewriter, node)
            continue
        if _fuses(node) and any(value in taken for value in casts):
            inputs = [_again(rewriter, value) if value in taken else rewriter.value_of(value) for value in node.inputs]
            specs = [value.spec for value in node.outputs]
            outputs = rewriter.new.add(node.primitive, inputs, node.attrs, specs, node.source)
            for old, new in zip(node.outputs, outputs):
                rewriter.replace(old, new)
        else:
            rewriter.copy(node)
        taken.update(casts)
    return rewriter.finish()


def _widens(node: Node | None) -> bool:
    """True for a cast from 16-bit floats to more bits."""
    if node is None or node.primitive.name != "cast":
        return False
    source, result = node.inputs[0].spec, node.outputs[0].spec
    narrow = source.dtype.is_floating and source.dtype.size == 2 and result.dtype.size > 2
    return narrow and (result.size or 0) >= LEAST_SIZE


def _fuses(node: Node) -> bool:
    return node.primitive.elementwise or node.primitive.name.startswith("reduce_")


def _again(rewriter: Rewriter, value: Value) -> Value:
    """The cast once more."""
    node = value.node
    assert node is not None, "a cast that no node makes"
    (made,) = rewriter.new.add(
        node.primitive, [rewriter.value_of(node.inputs[0])], node.attrs, [value.spec], node.source
    )
    return made


def _slice_before(rewriter: Rewriter, node: Node) -> None:
    """Cast what is sliced, instead of slicing what was cast."""
    value, result = node.inputs[0], node.outputs[0]
    cast = value.node
    assert cast is not None, "a cast that no node makes"
    narrow = cast.inputs[0]
    spec = narrow.spec.with_shape(result.spec.shape)
    (part,) = rewriter.new.add(node.primitive, [rewriter.value_of(narrow)], node.attrs, [spec], node.source)
    (made,) = rewriter.new.add(cast.primitive, [part], cast.attrs, [result.spec], cast.source)
    rewriter.replace(result, made)
