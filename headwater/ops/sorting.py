"""Order: sort, search, the largest few, the different ones. NaN counts as the largest value."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError
from headwater.ops.operands import INT32, axis_of, cast, int_of, is_known, known, number, pair, reshape_to, tensor
from headwater.ops.symbolic import op
from headwater.primitives import elementwise
from headwater.primitives import sort as order
from headwater.primitives.constant import scalar
from headwater.primitives.reduce import reduce_sum


@op
def sort(x: Any, axis: int | None = -1) -> Any:
    """The elements of each line along an axis, in ascending order.

    Args:
        x: a tensor of real numbers or bool.
        axis: the axis; None sorts all elements in one line.
    Returns: a tensor of the shape of `x`, or of one axis.
    Example:
        >>> sort([3, 1, 2]).numpy()
        array([1, 2, 3], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    if axis is None:
        x, axis = reshape_to(x, (x.spec.size,)), 0
    return order.sort(x, axis=axis_of(axis, x.spec.ndim, "sort"), descending=False)


@op
def argsort(x: Any, axis: int | None = -1) -> Any:
    """Where the elements of the sorted line come from; equal elements keep their order.

    Args:
        x: a tensor of real numbers or bool.
        axis: the axis; None sorts all elements in one line.
    Returns: an int32 tensor of the shape of `x`, or of one axis.
    Example:
        >>> argsort([3, 1, 2]).numpy()
        array([1, 2, 0], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    if axis is None or x.spec.ndim == 0:
        x, axis = reshape_to(x, (x.spec.size,)), 0
    return order.argsort(x, axis=axis_of(axis, x.spec.ndim, "argsort"), descending=False, dtype=INT32)


@op
def argpartition(x: Any, kth: int, axis: int | None = -1) -> Any:
    """Places of the elements of each line, arranged about the `kth` smallest.

    Args:
        x: a tensor of real numbers.
        kth: which element stands in its sorted place: no larger ones before it, no smaller ones after it.
        axis: the axis; None arranges all elements in one line.
    Returns: an int32 tensor of the shape of `x`, or of one axis.
    Raises: ArgumentError if there is no `kth` element.
    Source: own: a full sort, which is one of the allowed arrangements.
    """
    found = argsort(x, axis)
    size = found.spec.shape[0 if axis is None else axis]
    if not -size <= int_of(kth, "argpartition", "kth") < size:
        raise ArgumentError(
            f"argpartition: no element {kth} in a line of {size}.", fix=f"use kth from {-size} to {size - 1}."
        )
    return found


@op
def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """The k largest elements along the last axis, and where they are.

    Args:
        x: a tensor of real numbers, of one axis or more.
        k: how many.
        sorted: allowed for Keras's sake; they always come in descending order.
    Returns: a pair (values, int32 indices) of shape (..., k); of equal elements the first comes first.
    Raises: ShapeError if the axis has fewer than k elements.
    Example:
        >>> values, indices = top_k([1, 5, 3], 2)
        >>> values.numpy().tolist(), indices.numpy().tolist()
        ([5, 3], [1, 2])

    Source: own.
    """
    x = tensor(x)
    k = int_of(k, "top_k", "k")
    if x.spec.ndim < 1 or (x.spec.shape[-1] is not None and not 0 <= k <= x.spec.shape[-1]):
        raise ShapeError(
            f"top_k: no {k} largest along the last axis of shape {tuple(x.spec.shape)}.",
            fix="choose k up to the size of that axis.",
        )
    return order.top_k(x, k=k)


@op
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """True where the prediction for the right class is among the k largest.

    Args:
        targets: right classes, integers (batch,).
        predictions: scores, floats (batch, classes).
        k: how many count.
    Returns: a bool tensor (batch,); ties at the border count as inside, a NaN does not.
    Raises: ShapeError if the shapes do not fit.
    Example:
        >>> in_top_k([1, 0], [[0.1, 0.9], [0.3, 0.7]], 1).numpy()
        array([ True, False])

    Source: own.
    """
    from headwater.ops.indexing import take_along_axis

    targets, predictions = tensor(targets), tensor(predictions)
    if targets.spec.ndim != predictions.spec.ndim - 1:
        raise ShapeError(
            f"in_top_k: targets of shape {tuple(targets.spec.shape)} for predictions of shape "
            f"{tuple(predictions.spec.shape)}.",
            fix="give one class for each row of predictions.",
        )
    mine = take_along_axis(predictions, reshape_to(targets, (*targets.spec.shape, 1)), axis=-1)
    if mine.spec.dtype.is_floating:
        mine = elementwise.select(elementwise.isnan(mine), scalar(float("-inf"), mine.spec.dtype), mine)
    above = elementwise.cast(elementwise.greater(predictions, mine), dtype=INT32)
    return elementwise.less(
        reduce_sum(above, axes=(predictions.spec.ndim - 1,)), scalar(int_of(k, "in_top_k", "k"), INT32)
    )


@op
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where values would have to stand in a sorted line.

    Args:
        sorted_sequence: numbers in ascending order, a tensor of one axis.
        values: a tensor of any shape.
        side: "left" puts a value before equal ones, "right" after them.
    Returns: an int32 tensor of the shape of `values`, from 0 to the length of the line.
    Raises: ShapeError if the line has not one axis; ArgumentError for another side.
    Example:
        >>> searchsorted([1, 3, 5], [3, 4]).numpy()
        array([1, 2], dtype=int32)

    Source: own.
    """
    line, values = pair(sorted_sequence, values)
    if line.spec.ndim != 1:
        raise ShapeError(
            f"searchsorted: a line of shape {tuple(line.spec.shape)}.",
            fix="give one axis, or map over the others with vectorized_map.",
        )
    if side not in ("left", "right"):
        raise ArgumentError(f"searchsorted: side {side!r} is unknown.", fix='use "left" or "right".')
    flat = reshape_to(values, (values.spec.size,))
    return reshape_to(order.searchsorted(line, flat, side=side, dtype=INT32), values.spec.shape)


@op
def digitize(x: Any, bins: Any) -> Any:
    """The number of the bin that each element falls into.

    Args:
        x: a tensor.
        bins: the edges, in ascending or descending order: a tensor of one axis.
    Returns: an int32 tensor of the shape of `x`: i where bins[i - 1] <= x < bins[i].
    Example:
        >>> digitize([0.5, 1.5, 9.0], [1.0, 2.0]).numpy()
        array([0, 1, 2], dtype=int32)

    Source: own.
    """
    edges = number(bins)
    size = edges.spec.shape[0] if edges.spec.ndim else 0
    if is_known(edges) and size > 1:
        values = known(edges, "digitize", "bins")
        if values[0] > values[-1]:
            ascending = tensor(values[::-1].copy())
            return elementwise.subtract(scalar(size, INT32), searchsorted(ascending, x, side="left"))
    return searchsorted(edges, x, side="right")


@op
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements of a tensor, or its different slices along an axis, in ascending order.

    Args:
        x: a tensor whose values are known.
        sorted: allowed for NumPy's sake; the result is always in order.
        return_index: whether to say where each stands first.
        return_inverse: whether to say, for each element of `x`, which of the different ones it is.
        return_counts: whether to say how often each occurs.
        axis: the axis of the slices; None means single elements.
        size: how many to return: more are left out, and if there are fewer `fill_value` takes their places.
        fill_value: what fills up; the smallest element, if not given.
    Returns: a tensor, or a tuple of it and the int32 tensors asked for.
    Raises: ArgumentError in a traced function: how many there are is not known there.
    Example:
        >>> unique([3, 1, 3]).numpy()
        array([1, 3], dtype=int32)

    Source: own.
    """
    values = known(x, "unique", "x")
    found, first, inverse, counts = np.unique(
        values, return_index=True, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    inverse = inverse.reshape(values.shape if axis is None else values.shape[axis])
    if size is not None:
        found, first, counts = _resized(found, first, counts, axis or 0, size, fill_value)
        inverse = np.minimum(inverse, max(size - 1, 0))
    extras = [(return_index, first), (return_inverse, inverse), (return_counts, counts)]
    wanted = [tensor(np.ascontiguousarray(array).astype(np.int32)) for asked, array in extras if asked]
    result = cast(tensor(found), tensor(x).spec.dtype)
    return (result, *wanted) if wanted else result


def _resized(found: Any, first: Any, counts: Any, axis: int, size: int, fill_value: Any) -> tuple[Any, Any, Any]:
    """The different elements cut or filled up to `size`."""
    found = np.moveaxis(found, axis, 0)[:size]
    missing = size - len(found)
    if missing:
        value = fill_value if fill_value is not None else found[0] if len(found) else 0
        filler = np.broadcast_to(np.asarray(value, found.dtype), (missing, *found.shape[1:]))
        found = np.concatenate([found, filler])
        first = np.concatenate([first, np.full(missing, first[0] if len(first) else 0)])
        counts = np.concatenate([counts, np.zeros(missing, counts.dtype)])
    return np.moveaxis(found, 0, axis), first[:size], counts[:size]
