"""Reductions of ragged tensors, along ragged axes and others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import ops
from headwater.frontend.ragged_tensor.indexing import expanded
from headwater.frontend.ragged_tensor.partition import RowPartition
from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.ir.spec import normalize_axis

SEGMENTS = {"sum": ops.segment_sum, "prod": ops.segment_prod, "max": ops.segment_max, "min": ops.segment_min}


def aggregate(kind: str, values: Any, segments: np.ndarray, count: int) -> Any:
    """The rows of each segment combined, "sum", "prod", "max" or "min"; shorter rows end earlier.

    Args:
        kind: how.
        values: a tensor or a ragged one.
        segments: the number of each row's segment.
        count: how many segments there are.
    """
    if not isinstance(values, RaggedTensor):
        return SEGMENTS[kind](values, segments, num_segments=count)
    lengths = np.zeros(count, values.partition.splits.dtype)
    np.maximum.at(lengths, segments, values.partition.lengths)
    rows = RowPartition.from_lengths(lengths)
    inner = np.repeat(rows.starts[segments], values.partition.lengths) + values.partition.columns
    return RaggedTensor(aggregate(kind, values.values, inner, rows.nvals), rows)


def _along(kind: str, x: Any, axis: int) -> Any:
    if not isinstance(x, RaggedTensor):
        return getattr(ops, kind)(x, axis=axis)
    partition = x.partition
    if axis == 0:
        return aggregate(kind, x.values, partition.columns, partition.longest)
    if axis == 1:
        return aggregate(kind, x.values, partition.rowids, partition.nrows)
    return x.with_values(_along(kind, x.values, axis - 1))


def _plain(kind: str) -> Callable[..., Any]:
    def reduce(x: RaggedTensor, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
        axes = _axes(x, axis)
        if axes is None:
            found = getattr(ops, kind)(x.flat_values)
            axes = list(range(x.ndim)) if keepdims else []
        else:
            found = x
            for place in sorted(axes, reverse=True):
                found = _along(kind, found, place)
        for place in sorted(axes) if keepdims else ():
            found = expanded(found, place)
        return found

    return reduce


def _axes(x: RaggedTensor, axis: Any) -> list[int] | None:
    if axis is None:
        return None
    return sorted({normalize_axis(int(place), x.ndim, "a reduction") for place in np.atleast_1d(np.asarray(axis))})


_sum, _prod, _max, _min = map(_plain, ("sum", "prod", "max", "min"))


def _mean(x: RaggedTensor, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
    if axis is None and not keepdims:
        return ops.mean(x.flat_values)
    total = _sum(x, axis, keepdims)
    ones = x.with_flat_values(ops.ones_like(x.flat_values))
    return ops.true_divide(total, _sum(ones, axis, keepdims))


def _variance(x: RaggedTensor, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
    mean = _mean(x, axis, keepdims)
    return ops.subtract(_mean(ops.square(x), axis, keepdims), ops.square(mean))


def _deviation(x: RaggedTensor, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
    return ops.sqrt(ops.maximum(_variance(x, axis, keepdims), 0))


def _all(x: RaggedTensor, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
    return ops.greater(_min(ops.cast(x, "int32"), axis, keepdims), 0)


def _any(x: RaggedTensor, axis: Any = None, keepdims: bool = False, **options: Any) -> Any:
    return ops.greater(_max(ops.cast(x, "int32"), axis, keepdims), 0)


REDUCTIONS = {
    "sum": _sum, "prod": _prod, "max": _max, "min": _min, "amax": _max, "amin": _min, "mean": _mean,
    "var": _variance, "std": _deviation, "all": _all, "any": _any,
}  # fmt: skip
