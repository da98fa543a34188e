"""Vectorisation: one call for a whole batch of inputs, from the `batch` rules of the primitives.

A rule is `batch(size, mapped, *args, **attrs)`. `args` are the inputs, of which those that `mapped` marks have one
more axis, of `size`, in front; at least one of them has. It returns the result and whether it carries that axis too: a
flag, or for a primitive with several results a tuple of results and a tuple of flags (or one flag for all). A rule
that does not cover a case returns NotImplemented; that case, and a primitive without a rule, goes through a scan over
the axis, which is right for all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater import tree
from headwater.errors import ShapeError
from headwater.ir import dispatch
from headwater.ir.derive import trace_graph
from headwater.ir.dispatch import Array
from headwater.ir.graph import Graph, Value
from headwater.ir.primitive import Primitive
from headwater.ir.spec import normalize_axis
from headwater.primitives.control import SubTrace, scan
from headwater.primitives.index import move_axis
from headwater.primitives.shape import broadcast_to


def batch_primitive(
    primitive: Primitive, size: int, mapped: Sequence[bool], args: Sequence[Any], attrs: dict[str, Any]
) -> tuple[tuple[Any, ...], tuple[bool, ...]]:
    """The results of a primitive for inputs with a leading axis where `mapped`, and which results have that axis."""
    if not any(mapped):
        results = primitive(*args, **attrs)
        results = results if primitive.multiple else (results,)
        return tuple(results), (False,) * len(results)
    found: Any = NotImplemented
    if primitive.batch is not None:
        found = primitive.batch(size, tuple(mapped), *args, **attrs)
    if found is NotImplemented:
        results = _by_scan(primitive, size, mapped, args, attrs)
        return results, (True,) * len(results)
    results, flags = found
    if not primitive.multiple:
        return (results,), (bool(flags),)
    return tuple(results), (bool(flags),) * len(results) if isinstance(flags, bool) else tuple(flags)


def _by_scan(
    primitive: Primitive, size: int, mapped: Sequence[bool], args: Sequence[Any], attrs: dict[str, Any]
) -> tuple[Any, ...]:
    rows = [arg for arg, is_mapped in zip(args, mapped) if is_mapped]
    constants = [arg for arg, is_mapped in zip(args, mapped) if not is_mapped]
    specs = [row.spec.with_shape(row.spec.shape[1:]) for row in rows] + [constant.spec for constant in constants]

    def step(*inner: Any) -> Sequence[Any]:
        of_rows, of_constants = iter(inner[: len(rows)]), iter(inner[len(rows) :])
        results = primitive(*[next(of_rows) if is_mapped else next(of_constants) for is_mapped in mapped], **attrs)
        return results if primitive.multiple else (results,)

    body = trace_graph(f"{primitive.name}_rows", specs, step)
    return scan(*rows, *constants, body=body, num_carried=0, num_scanned=len(rows), length=size, reverse=False)


def batch_graph(graph: Graph, size: int, mapped: Sequence[bool], args: Sequence[Any]) -> tuple[list[Any], list[bool]]:
    """The outputs of a graph for inputs with a leading axis where `mapped`, and which outputs have that axis."""
    known: dict[Value, tuple[Any, bool]] = dict(zip(graph.inputs, zip(args, mapped)))
    for node in graph.nodes:
        inputs = [known[value] for value in node.inputs]
        arrays, flags = [array for array, _ in inputs], [flag for _, flag in inputs]
        known.update(zip(node.outputs, zip(*batch_primitive(node.primitive, size, flags, arrays, node.attrs))))
    outputs = [known[value] for value in graph.outputs]
    return [array for array, _ in outputs], [flag for _, flag in outputs]


def vectorize(function: Callable[..., Any], in_axes: Any = 0, out_axes: int = 0) -> Callable[..., Any]:
    """A function that applies `function` along an axis of its inputs, as one computation.

    Args:
        function: of nested structures of tensors; it is traced on inputs that lack the axis.
        in_axes: the axis of each argument to go along: an int, None for an argument that is the same for all, or a
            sequence of these, one for each argument.
        out_axes: where the axis lies in the results.
    Returns: a function of the same structures. Results that do not depend on the axis are repeated along it.
    Raises: ShapeError if the axis has different sizes, or no argument has it.
    Example:
        >>> from headwater import ops
        >>> vectorize(lambda x, y: ops.sum(x * y), in_axes=(0, None))(ops.ones((3, 2)), ops.ones(2)).numpy()
        array([2., 2., 2.], dtype=float32)
    """

    def vectorized(*args: Any) -> Any:
        axes = in_axes if isinstance(in_axes, (tuple, list)) else (in_axes,) * len(args)
        leaves: list[Any] = []
        flags: list[bool] = []
        forms = []
        for argument, axis in zip(args, axes):
            values, form = tree.flatten(argument)
            forms.append((form, len(values)))
            for value in values:
                array = _as_array(value)
                leaves.append(array if axis is None else move_axis(array, _place(array, axis), 0))
                flags.append(axis is not None)
        size = _common_size(leaves, flags)
        graph, captures, structure = _traced(function, leaves, flags, forms)
        results, mapped = batch_graph(graph, size, [*flags, *(False for _ in captures)], [*leaves, *captures])
        spread = [
            result if is_mapped else broadcast_to(result, shape=(size, *result.spec.shape))
            for result, is_mapped in zip(results, mapped)
        ]
        return structure.unflatten([move_axis(result, 0, out_axes % result.spec.ndim) for result in spread])

    return vectorized


def _as_array(value: Any) -> Array:
    if isinstance(value, Array):
        return value
    to_tensor = getattr(value, "__headwater_tensor__", None)
    return to_tensor() if to_tensor is not None else dispatch.array_from_numpy(np.asarray(value))


def _place(array: Any, axis: int) -> int:
    return normalize_axis(axis, array.spec.ndim, "vectorize")


def _common_size(leaves: Sequence[Any], flags: Sequence[bool]) -> int:
    sizes = {leaf.spec.shape[0] for leaf, flag in zip(leaves, flags) if flag}
    if len(sizes) != 1:
        raise ShapeError(
            f"vectorize: the axis to go along has sizes {sorted(sizes)}."
            if sizes
            else "vectorize: no argument has an axis to go along.",
            fix="give arguments with one size along that axis; None in in_axes leaves an argument whole.",
        )
    return sizes.pop()


def _traced(
    function: Callable[..., Any], leaves: Sequence[Any], flags: Sequence[bool], forms: Sequence[Any]
) -> tuple[Graph, list[Any], Any]:
    """The graph of `function` on inputs without the axis, what it uses from outside, and its structure."""
    trace = SubTrace("vectorized", capture_scalars=True)
    inputs = [
        trace.input(leaf.spec.with_shape(leaf.spec.shape[1:]) if flag else leaf.spec)
        for leaf, flag in zip(leaves, flags)
    ]
    args, start = [], 0
    for form, count in forms:
        args.append(form.unflatten(inputs[start : start + count]))
        start += count
    with dispatch.tracing(trace), dispatch.recording(()):
        results, structure = tree.flatten(function(*args))
        trace.graph.outputs = [trace.lift(_as_array(result)) for result in results]
    return trace.graph, trace.captures, structure
