"""Segments: groups of rows that one number each names."""

from __future__ import annotations

from typing import Any

from headwater.errors import ShapeError
from headwater.ops.operands import known, reshape_to, spread, tensor
from headwater.ops.symbolic import op
from headwater.primitives import index
from headwater.primitives.constant import scalar


def _segments(data: Any, segment_ids: Any, num_segments: int | None, kind: str, start: Any, what: str) -> Any:
    from headwater.ops.indexing import positions

    data, ids = tensor(data), positions(segment_ids, what)
    if ids.spec.ndim != 1 or not data.spec.ndim or ids.spec.shape[0] != data.spec.shape[0]:
        raise ShapeError(
            f"{what}: segment ids of shape {tuple(ids.spec.shape)} for data of shape {tuple(data.spec.shape)}.",
            fix="give one id for each row of the data.",
        )
    if num_segments is None:
        values = known(ids, what, "segment_ids")
        num_segments = int(values.max()) + 1 if values.size else 0
    groups = spread(scalar(start(data.spec.dtype), data.spec.dtype), (num_segments, *data.spec.shape[1:]))
    return index.scatter(groups, reshape_to(ids, (*ids.spec.shape, 1)), data, kind=kind, mode="fill")


@op
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Sums of the rows of each segment.

    Args:
        data: rows, a tensor (n, ...).
        segment_ids: the segment of each row, integers (n,); rows with ids outside of 0 to num_segments - 1 are left
            out.
        num_segments: how many segments; the largest id + 1, if not given, which must then be known.
        sorted: allowed for Keras's sake; it changes nothing.
    Returns: a tensor (num_segments, ...); 0 for a segment without rows.
    Raises: ShapeError if there is not one id for each row.
    Example:
        >>> segment_sum([1, 2, 3], [0, 0, 1]).numpy()
        array([3, 3], dtype=int32)

    Source: own.
    """
    return _segments(data, segment_ids, num_segments, "add", lambda dtype: 0, "segment_sum")


@op
def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Products of the rows of each segment.

    Args:
        data, segment_ids, num_segments, sorted: as for `segment_sum`.
    Returns: a tensor (num_segments, ...); 1 for a segment without rows.
    Source: own.
    """
    return _segments(data, segment_ids, num_segments, "mul", lambda dtype: 1, "segment_prod")


@op
def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Largest elements among the rows of each segment.

    Args:
        data, segment_ids, num_segments, sorted: as for `segment_sum`.
    Returns: a tensor (num_segments, ...); -inf, or the least integer, for a segment without rows.
    Source: own.
    """
    return _segments(
        data,
        segment_ids,
        num_segments,
        "max",
        lambda dtype: float("-inf") if dtype.is_floating else dtype.min,
        "segment_max",
    )


@op
def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Smallest elements among the rows of each segment.

    Args:
        data, segment_ids, num_segments, sorted: as for `segment_sum`.
    Returns: a tensor (num_segments, ...); inf, or the greatest integer, for a segment without rows.
    Source: own.
    """
    return _segments(
        data,
        segment_ids,
        num_segments,
        "min",
        lambda dtype: float("inf") if dtype.is_floating else dtype.max,
        "segment_min",
    )
