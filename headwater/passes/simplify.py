"""Simplification: nodes that do nothing, or that a cheaper node does as well, one local rule at a time.

A rule takes the rewriter, a node and its new inputs, and returns the value that stands for the node's result, or None
if it has
nothing to say. Rules are exact: they keep every bit of the result, NaN and infinities included; only the order in which
a sum is taken may change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.ir.graph import Graph, Literal, Node, Rewriter, Value
from headwater.ir.registry import REGISTRY
from headwater.ir.spec import broadcast_shapes

Rule = Callable[[Rewriter, Node, "list[Value]"], "Value | None"]
_RULES: dict[str, list[Rule]] = {}


def _rule(*names: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        for name in names:
            _RULES.setdefault(name, []).append(rule)
        return rule

    return register


def simplify(graph: Graph) -> Graph:
    """The graph with every rule applied wherever it fits, in one sweep from inputs to outputs."""
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        inputs = [rewriter.value_of(value) for value in node.inputs]
        if node.primitive.elementwise:
            found = _before_broadcasts(rewriter, node, inputs)
        else:
            found = _apply_rules(rewriter, node, inputs)
        if found is not None and found.spec == node.outputs[0].spec:
            rewriter.replace(node.outputs[0], found)
            continue
        outputs = rewriter.new.add(
            node.primitive, inputs, node.attrs, [value.spec for value in node.outputs], node.source
        )
        for old, new in zip(node.outputs, outputs):
            rewriter.replace(old, new)
    return rewriter.finish()


def _apply_rules(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    for rule in _RULES.get(node.primitive.name, ()):
        found = rule(rewriter, node, inputs)
        if found is not None and found.spec == node.outputs[0].spec:
            return found
    return None


def _before_broadcasts(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value:
    """An element-wise node on what its inputs were before they were broadcast, which it does by itself; broadcast
    afterwards if that
    made it smaller."""
    shape = node.outputs[0].spec.shape
    before = [
        value.node.inputs[0] if value.node is not None and value.node.primitive.name == "broadcast_to" else value
        for value in inputs
    ]
    smaller = shape if before == inputs else broadcast_shapes(*[value.spec.shape for value in before])
    if len(smaller) < len(shape) and smaller:
        smaller = (*(1,) * (len(shape) - len(smaller)), *smaller)
        before = [_with_rank(rewriter, node, value, len(shape)) for value in before]
    spec = node.outputs[0].spec if smaller == shape else node.outputs[0].spec.with_shape(smaller)
    stand_in = Node(node.primitive, (), node.attrs, node.source)
    stand_in.outputs = (Value(rewriter.new, stand_in, 0, spec),)
    found = _apply_rules(rewriter, stand_in, before)
    if found is None:
        (found,) = rewriter.new.add(node.primitive, before, node.attrs, (spec,), node.source)
    return found if smaller == shape else _add(rewriter, node, "broadcast_to", [found], {"shape": shape})


def _with_rank(rewriter: Rewriter, node: Node, value: Value, ndim: int) -> Value:
    """A value with axes of size 1 in front, so that a result of it alone has `ndim` axes; numbers broadcast as they
    are."""
    missing = ndim - value.spec.ndim
    if not missing or not value.spec.shape:
        return value
    return _add(rewriter, node, "reshape", [value], {"shape": (*(1,) * missing, *value.spec.shape)})


def _add(
    rewriter: Rewriter, node: Node, name: str, inputs: Sequence[Value], attrs: dict[str, Any] | None = None
) -> Value:
    return rewriter.new.add(REGISTRY[name], inputs, attrs or {}, None, node.source)[0]


def _number(value: Value) -> complex | None:
    """The number that every element of a constant is; None for anything else."""
    if value.node is None or value.node.primitive.name != "constant":
        return None
    array = value.node.attrs["value"].array
    return array.reshape(()).item() if array.size == 1 else None


def _producer(value: Value, name: str) -> Node | None:
    return value.node if value.node is not None and value.node.primitive.name == name else None


def _is_real(value: Value) -> bool:
    return value.spec.dtype.is_floating or value.spec.dtype.is_integer


@_rule("multiply")
def _multiply_by_one(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    a, b = inputs
    if not _is_real(a):
        return None
    if _number(b) == 1 and a.spec == node.outputs[0].spec:
        return a
    if _number(a) == 1 and b.spec == node.outputs[0].spec:
        return b
    for x, factor in ((a, b), (b, a)):
        if _number(factor) == -1 and x.spec == node.outputs[0].spec and x.spec.dtype.is_floating:
            return _add(rewriter, node, "negative", [x])
    return None


@_rule("divide")
def _divide_by_constant(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    a, b = inputs
    number = _number(b)
    if number is None or not a.spec.dtype.is_floating or a.spec != node.outputs[0].spec:
        return None
    if number == 1:
        return a
    if (
        isinstance(number, float)
        and number
        and np.frexp(number)[0] in (0.5, -0.5)
        and 2.0**-100 < abs(number) < 2.0**100
    ):
        inverse = Literal(np.asarray(1 / number, b.spec.dtype.numpy).reshape(b.spec.shape))
        (reciprocal,) = rewriter.new.add(REGISTRY["constant"], (), {"value": inverse})
        return _add(rewriter, node, "multiply", [a, reciprocal])  # a power of two: exact
    return None


@_rule("subtract")
def _subtract_zero(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    a, b = inputs
    return (
        a if _is_real(a) and _number(b) == 0 and a.spec == node.outputs[0].spec and not _is_negative_zero(b) else None
    )


@_rule("add")
def _add_zero(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    a, b = inputs
    if not a.spec.dtype.is_integer:
        return _add_negative(rewriter, node, a, b)  # -0.0 + 0.0 is 0.0: not exact for floats
    if _number(b) == 0 and a.spec == node.outputs[0].spec:
        return a
    return b if _number(a) == 0 and b.spec == node.outputs[0].spec else None


def _add_negative(rewriter: Rewriter, node: Node, a: Value, b: Value) -> Value | None:
    for x, y in ((a, b), (b, a)):
        negative = _producer(y, "negative")
        if negative is not None and x.spec.dtype.is_floating:
            return _add(rewriter, node, "subtract", [x, negative.inputs[0]])
    return None


def _is_negative_zero(value: Value) -> bool:
    return str(_number(value)).startswith("-")


@_rule("power")
def _power_of_constant(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    a, b = inputs
    if a.spec != node.outputs[0].spec or not a.spec.dtype.is_floating:
        return None
    number = _number(b)
    if number == 1:
        return a
    return _add(rewriter, node, "square", [a]) if number == 2 else None


@_rule("negative")
def _negative_twice(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    inner = _producer(inputs[0], "negative")
    return None if inner is None else inner.inputs[0]


@_rule("stop_gradient")
def _stop_gradient(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    return inputs[0]  # passes run after differentiation


@_rule("reassigned")
def _reassigned(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    return inputs[1]  # likewise


@_rule("cast")
def _cast_to_same(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    return inputs[0] if inputs[0].spec.dtype is node.attrs["dtype"] else None


@_rule("reshape")
def _reshape(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    (x,) = inputs
    if x.spec.shape == node.outputs[0].spec.shape:
        return x
    spread = _producer(x, "broadcast_to")
    if spread is not None and spread.inputs[0].spec.size == 1:
        return _spread_number(rewriter, node, spread.inputs[0])
    inner = _producer(x, "reshape")
    return None if inner is None else _add(rewriter, node, "reshape", [inner.inputs[0]], node.attrs)


def _spread_number(rewriter: Rewriter, node: Node, number: Value) -> Value:
    """One number, broadcast to the shape of the node's result."""
    bare = number if not number.spec.shape else _add(rewriter, node, "reshape", [number], {"shape": ()})
    return _add(rewriter, node, "broadcast_to", [bare], {"shape": node.outputs[0].spec.shape})


@_rule("transpose")
def _transpose(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    (x,) = inputs
    perm = node.attrs["perm"]
    inner = _producer(x, "transpose")
    if inner is not None:
        x, perm = inner.inputs[0], tuple(inner.attrs["perm"][axis] for axis in perm)
    if perm == tuple(range(len(perm))):
        return x
    return None if inner is None else _add(rewriter, node, "transpose", [x], {"perm": perm})


@_rule("broadcast_to")
def _broadcast_to_same(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    (x,) = inputs
    if x.spec == node.outputs[0].spec:
        return x
    inner = _producer(x, "broadcast_to")
    return None if inner is None else _add(rewriter, node, "broadcast_to", [inner.inputs[0]], node.attrs)


@_rule("reduce_sum", "reduce_prod", "reduce_max", "reduce_min")
def _reduce_nothing(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    (x,) = inputs
    if all(x.spec.shape[axis] == 1 for axis in node.attrs["axes"]):
        return _add(rewriter, node, "reshape", [x], {"shape": node.outputs[0].spec.shape}) if node.attrs["axes"] else x
    return None


@_rule("reduce_sum", "reduce_prod", "reduce_max", "reduce_min")
def _reduce_before_leading_axes_are_joined(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    """A reduction of whole leading axes does not care that they were joined; what made the value can then do it."""
    joined = _producer(inputs[0], "reshape")
    if joined is None:
        return None
    before, shape = joined.inputs[0], inputs[0].spec.shape
    axes, count = node.attrs["axes"], len(node.attrs["axes"])
    if None in shape or None in before.spec.shape or axes != tuple(range(count)) or not 0 < count < len(shape):
        return None
    size = math.prod(shape[:count])
    lead = next((n for n in range(before.spec.ndim) if math.prod(before.spec.shape[:n]) == size), None)
    if lead is None or lead <= count or lead == before.spec.ndim:
        return None
    found = _add(rewriter, node, node.primitive.name, [before], {"axes": tuple(range(lead))})
    return (
        found
        if found.spec.shape == shape[count:]
        else _add(rewriter, node, "reshape", [found], {"shape": shape[count:]})
    )


@_rule("slice")
def _slice_of_all(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    return inputs[0]  # taken only if the specs are equal: then every element is taken


@_rule("pad", "concatenate")
def _add_nothing(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    return inputs[0] if node.primitive.name == "pad" or len(inputs) == 1 else None


@_rule("matmul")
def _transposed_operand(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    """A transposition of the two last axes is a flag of the product."""
    attrs, changed = dict(node.attrs), False
    operands = list(inputs)
    for index, flag in enumerate(("transpose_a", "transpose_b")):
        inner = _producer(operands[index], "transpose")
        if inner is None:
            continue
        perm = inner.attrs["perm"]
        if perm == (*range(len(perm) - 2), len(perm) - 1, len(perm) - 2):
            operands[index], attrs[flag], changed = inner.inputs[0], not attrs.get(flag, False), True
    return _add(rewriter, node, "matmul", operands, attrs) if changed else None


_TESTS = {"greater", "greater_equal", "less", "less_equal"}


@_rule("select")
def _select_before_max_pool_gradient(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    """A test of the elements that won is one of what was pooled, of which there are fewer: the gradient of a relu is
    taken there."""
    chosen, value, other = inputs
    gradient = _producer(value, "max_pool_gradient")
    test = chosen.node
    if gradient is None or test is None or test.primitive.name not in _TESTS or _number(other) != 0:
        return None
    (x, g), (tested, bound) = gradient.inputs, test.inputs
    if tested is not x or _number(bound) is None or _is_negative_zero(other):
        return None
    pooled = _add(rewriter, node, "max_pool", [x], gradient.attrs)
    kept = _add(rewriter, node, "select", [_add(rewriter, node, test.primitive.name, [pooled, bound]), g, other])
    return _add(rewriter, node, "max_pool_gradient", [x, kept], gradient.attrs)


@_rule("reduce_sum")
def _sum_of_max_pool_gradient(rewriter: Rewriter, node: Node, inputs: list[Value]) -> Value | None:
    """All that the gradient spreads over the spatial axes is what it was given, and zeros."""
    gradient = _producer(inputs[0], "max_pool_gradient")
    if gradient is None or not set(range(1, inputs[0].spec.ndim - 1)) <= set(node.attrs["axes"]):
        return None
    if any(stride < size for stride, size in zip(gradient.attrs["strides"], gradient.attrs["window"])):
        return None  # windows overlap: sums of sums
    return _add(rewriter, node, "reduce_sum", [gradient.inputs[1]], node.attrs)
