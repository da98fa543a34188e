"""Element-wise functions of ragged tensors: of their flat values, once all have the same rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ShapeError
from headwater.frontend.ragged_tensor.conversion import uniform
from headwater.frontend.ragged_tensor.indexing import expanded
from headwater.frontend.ragged_tensor.partition import RowPartition, ranges
from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.ir.dispatch import Array
from headwater.ops.convert import convert_to_tensor


def elementwise(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What an element-wise function gives for arguments of which at least one is ragged: tensors among them broadcast,
    numbers and strings are passed on."""
    operands = [value for value in (*args, *kwargs.values()) if _broadcasts(value)]
    flat, wrap = broadcast_flat(operands)
    given = iter(flat)
    flat_args = [next(given) if _broadcasts(value) else value for value in args]
    flat_kwargs = {key: next(given) if _broadcasts(value) else value for key, value in kwargs.items()}
    return wrap(function(*flat_args, **flat_kwargs))


def _broadcasts(value: Any) -> bool:
    if isinstance(value, RaggedTensor):
        return True
    if isinstance(value, (list, Array, np.ndarray)) or hasattr(value, "__headwater_tensor__"):
        return len(convert_to_tensor(value).spec.shape) > 0
    return False


def broadcast_flat(operands: Sequence[Any]) -> tuple[list[Any], Callable[[Any], Any]]:
    """The flat values of operands, repeated where they broadcast; and what gives new flat values their common rows.

    Raises: ShapeError if their rows do not fit together.
    """
    xs = [x if isinstance(x, RaggedTensor) else convert_to_tensor(x) for x in operands]
    first = next(x for x in xs if isinstance(x, RaggedTensor))
    if all(isinstance(x, RaggedTensor) and _same_rows(first, x) for x in xs):
        return [x.flat_values for x in xs], first.with_flat_values
    depth = max(x.ragged_rank + _rank(first) - _rank(x) for x in xs if isinstance(x, RaggedTensor))
    rank = max(map(_rank, xs))
    depth += rank - _rank(first)
    ragged = [_deepened(x, rank, depth) for x in xs]
    partitions, places = _common([x.partitions for x in ragged])
    flat = [
        x.flat_values if place is None else ops.take(x.flat_values, place, axis=0) for x, place in zip(ragged, places)
    ]

    def wrap(values: Any) -> Any:
        for partition in reversed(partitions):
            values = RaggedTensor(values, partition)
        return values

    return flat, wrap


def _rank(x: Any) -> int:
    return x.ndim if isinstance(x, RaggedTensor) else len(x.spec.shape)


def _same_rows(a: RaggedTensor, b: RaggedTensor) -> bool:
    """True if flat values of equal places stand at equal places; also where b has the splits of another dtype."""
    mine, theirs = a.partitions, b.partitions
    return len(mine) == len(theirs) and a.ndim == b.ndim and all(p.equals(q) for p, q in zip(mine, theirs))


def _deepened(x: Any, rank: int, depth: int) -> RaggedTensor:
    """x with axes of size 1 in front up to `rank`, and its first `depth` axes after the first one as ragged ones."""
    while _rank(x) < rank:
        x = expanded(x, 0)
    if not isinstance(x, RaggedTensor):
        return uniform(x, depth)
    return x.with_flat_values(uniform(x.flat_values, depth - x.ragged_rank)) if x.ragged_rank < depth else x


def _common(nested: list[list[RowPartition]]) -> tuple[list[RowPartition], list[Any]]:
    """The partitions that all broadcast to, and for each operand the places of its flat values (None: as they are)."""
    counts = {partitions[0].nrows for partitions in nested} - {1}
    if len(counts) > 1:
        raise _mismatch(counts)
    rows = counts.pop() if counts else 1
    kind = np.result_type(*[partitions[0].splits.dtype for partitions in nested]).type
    places = [np.zeros(rows, np.int64) if p[0].nrows == 1 != rows else np.arange(rows) for p in nested]
    common = []
    for level in zip(*nested):
        partition, places = _common_level(level, places, kind)
        common.append(partition)
    unmoved = [np.array_equal(place, np.arange(p[-1].nvals)) for place, p in zip(places, nested)]
    return common, [None if same else place for same, place in zip(unmoved, places)]


def _common_level(level: Sequence[RowPartition], rows: list[Any], kind: Any) -> tuple[RowPartition, list[Any]]:
    lengths = [partition.lengths[row] for partition, row in zip(level, rows)]
    spreads = [bool(len(length)) and bool((length == 1).all()) for length in lengths]
    wide = [length for length, spread in zip(lengths, spreads) if not spread] or [lengths[0]]
    if any(not np.array_equal(length, wide[0]) for length in wide):
        raise _mismatch({tuple(length.tolist()) for length in wide})
    counts = wide[0]
    places = []
    for partition, row, spread in zip(level, rows, spreads):
        starts = partition.starts[row]
        places.append(np.repeat(starts, counts) if spread else ranges(starts, counts))
    uniforms = {partition.uniform for partition, spread in zip(level, spreads) if not spread} or {1}
    known = uniforms - {None}
    splits = np.concatenate([[0], np.cumsum(counts)]).astype(kind)
    return RowPartition(splits, known.pop() if len(known) == 1 and len(uniforms) == 1 else None), places


def _mismatch(lengths: Any) -> ShapeError:
    shown = " and ".join(str(length)[:60] for length in sorted(lengths))
    return ShapeError(
        f"ragged tensors do not broadcast: their rows have lengths {shown}.",
        fix="let their rows be equally long, or of length 1 where they should spread.",
    )
