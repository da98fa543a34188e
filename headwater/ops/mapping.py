"""Functions of functions: `vectorize` as NumPy has it, and `jvp`."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

from headwater import tree
from headwater.errors import ArgumentError, ShapeError
from headwater.ir import dispatch
from headwater.ir.derive import gradient_graph
from headwater.ir.replay import replay, zeros
from headwater.ir.spec import broadcast_shapes
from headwater.ops.operands import cast, reshape_to, spread, tensor
from headwater.primitives import control

_CORE = re.compile(r"\(([^()]*)\)")


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """A function that applies `pyfunc` along the leading axes of its arguments, which broadcast.

    Args:
        pyfunc: a function of tensors, without side effects.
        excluded: positions and names of arguments that are passed on as they are.
        signature: the axes that `pyfunc` itself takes and gives, as "(m,n),(n)->(m)"; numbers, if not given.
    Returns: a function.
    Raises: ArgumentError for a signature that is not understood.
    Example:
        >>> from headwater import ops
        >>> ops.vectorize(lambda a, b: a * b, signature="(n),()->(n)")([[1, 2], [3, 4]], [10, 100]).numpy()
        array([[ 10,  20],
               [300, 400]], dtype=int32)

    Source: numpy.org, "Generalized universal function API".
    """
    kept_as_given = set(excluded or ())
    inputs, outputs = (None, None) if signature is None else _parsed(signature)

    @functools.wraps(pyfunc)
    def vectorized(*args: Any, **kwargs: Any) -> Any:
        places = [place for place in range(len(args)) if place not in kept_as_given]
        if inputs is not None and len(inputs) != len(places):
            raise ArgumentError(
                f"vectorize: {len(places)} arguments for signature {signature!r}.",
                fix=f"give {len(inputs)}, or name others in `excluded`.",
            )
        given = [tensor(args[place]) for place in places]
        names = [name for name in kwargs if name not in kept_as_given]
        given += [tensor(kwargs[name]) for name in names]
        counts = [len(core) for core in inputs] if inputs is not None else [0] * len(given)
        counts += [0] * (len(given) - len(counts))
        return _applied(pyfunc, args, kwargs, places, names, given, counts, outputs)

    return vectorized


def _parsed(signature: str) -> tuple[list[list[str]], list[list[str]]]:
    """The names of the axes of each argument and of each result."""
    left, arrow, right = signature.replace(" ", "").partition("->")
    sides = [_CORE.findall(side) for side in (left, right)]
    if not arrow or _CORE.sub("", left).strip(",") or _CORE.sub("", right).strip(","):
        raise ArgumentError(
            f"vectorize: signature {signature!r} is not understood.", fix='write it like "(m,n),(n)->(m)".'
        )
    found = [[[name for name in core.split(",") if name] for core in side] for side in sides]
    return found[0], found[1]


def _applied(
    pyfunc: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], places: Sequence[int], names:
        Sequence[str], given: list[Any],
    counts: Sequence[int], outputs: list[list[str]] | None,
) -> Any:  # fmt: skip
    """`pyfunc` for each point of the leading axes, all at once."""
    from headwater.ops.control import vectorized_map

    loops = [each.spec.shape[: each.spec.ndim - count] for each, count in zip(given, counts)]
    if any(each.spec.ndim < count for each, count in zip(given, counts)):
        raise ShapeError(
            f"vectorize: shapes {', '.join(str(tuple(e.spec.shape)) for e in given)} have fewer axes than the "
            "signature names.",
            fix="give more axes.",
        )
    loop = broadcast_shapes(*loops, what="vectorize") if loops else ()
    total = 1
    for size in loop:
        total *= size
    rows = [
        reshape_to(
            spread(each, (*loop, *each.spec.shape[each.spec.ndim - count :])),
            (total, *each.spec.shape[each.spec.ndim - count :]),
        )
        for each, count in zip(given, counts)
    ]

    def of_row(row: Sequence[Any]) -> Any:
        positional, named = list(args), dict(kwargs)
        for place, value in zip(places, row):
            positional[place] = value
        named.update(zip(names, row[len(places) :]))
        return pyfunc(*positional, **named)

    found = vectorized_map(of_row, rows)
    if outputs is not None and len(outputs) > 1 and not isinstance(found, (tuple, list)):
        raise ArgumentError(f"vectorize: {len(outputs)} results in the signature and one given.", fix="return a tuple.")
    return tree.map_structure(lambda each: reshape_to(each, (*loop, *each.spec.shape[1:])), found)


def jvp(fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> Any:
    """The results of a function, and how they move when its arguments move along tangents.

    Args:
        fun: a function of tensors, without side effects.
        primals: its arguments.
        tangents: directions, of the structure and shapes of `primals`.
        has_aux: whether `fun` returns a pair, the second of which is passed on as it is.
    Returns: a pair (results, their derivatives along the tangents); with `has_aux` a triple with the second part at
        the end.
    Raises: ShapeError if a tangent has not the shape of its primal.
    Example:
        >>> from headwater import ops
        >>> y, moved = ops.jvp(lambda x: x * x, (3.0,), (1.0,))
        >>> float(y), float(moved)
        (9.0, 6.0)

    Source: Townsend 2017, "A new trick for calculating Jacobian vector products": the gradient of a gradient.
    """
    leaves, form = tree.flatten(tuple(primals))
    points = [tensor(leaf) for leaf in leaves]
    ways = [cast(tensor(leaf), point.spec.dtype) for leaf, point in zip(tree.leaves(tuple(tangents)), points)]
    for point, way in zip(points, ways):
        if point.spec.shape != way.spec.shape:
            raise ShapeError(
                f"jvp: a tangent of shape {tuple(way.spec.shape)} for a primal of shape {tuple(point.spec.shape)}.",
                fix="give tangents of the shapes of the primals.",
            )
    trace = control.SubTrace("jvp", capture_scalars=True)
    arguments = [trace.input(point.spec) for point in points]
    with dispatch.tracing(trace), dispatch.recording(()):
        returned = fun(*form.unflatten(arguments))
        result, aux = returned if has_aux else (returned, None)
        outputs, result_form = tree.flatten(result)
        extras, aux_form = tree.flatten(aux) if has_aux else ([], None)
        trace.graph.outputs = [trace.lift(tensor(value)) for value in (*outputs, *extras)]
    inputs = [*points, *trace.captures]
    results = replay(trace.graph, inputs)
    moved = _pushed(trace.graph, inputs, points, ways, len(outputs))
    answer = (result_form.unflatten(results[: len(outputs)]), result_form.unflatten(moved))
    return (*answer, aux_form.unflatten(results[len(outputs) :])) if aux_form is not None else answer


def _pushed(graph: Any, inputs: Sequence[Any], points: Sequence[Any], ways: Sequence[Any], count: int) -> list[Any]:
    """Derivatives of the first `count` outputs along the tangents."""
    movable = tuple(place for place, point in enumerate(points) if point.spec.dtype.is_inexact)
    specs = [value.spec for value in graph.outputs]
    inexact_outputs = [place for place, spec in enumerate(specs) if spec.dtype.is_inexact]
    if not movable or not inexact_outputs:
        return [zeros(spec) for spec in specs[:count]]
    backward = gradient_graph(graph, movable)
    first = len(graph.inputs)
    cotangents = tuple(range(first, first + len(inexact_outputs)))
    forward = gradient_graph(backward, cotangents)
    zero_cotangents = [zeros(specs[place]) for place in inexact_outputs]
    found = replay(forward, [*inputs, *zero_cotangents, *(ways[place] for place in movable)])
    by_place = dict(zip(inexact_outputs, found))
    return [by_place[place] if place in by_place else zeros(specs[place]) for place in range(count)]
