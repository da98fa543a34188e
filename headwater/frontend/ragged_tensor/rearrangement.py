"""What joins, repeats, picks and turns rows of ragged tensors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, IndexRangeError, ShapeError, UnsupportedError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor.conversion import nested_uniform, places_of, uniform
from headwater.frontend.ragged_tensor.indexing import expanded, take, take_rows
from headwater.frontend.ragged_tensor.partition import RowPartition, host_integers, ranges
from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.ir.spec import normalize_axis
from headwater.ops.convert import convert_to_tensor


def as_ragged(x: Any, ragged_rank: int) -> RaggedTensor:
    """x with at least this many ragged axes."""
    if not isinstance(x, RaggedTensor):
        return uniform(convert_to_tensor(x), ragged_rank)
    missing = ragged_rank - x.ragged_rank
    return x if missing <= 0 else x.with_flat_values(uniform(x.flat_values, missing))


def rank(x: Any) -> int:
    """Number of axes."""
    return x.ndim if isinstance(x, RaggedTensor) else len(x.spec.shape)


def concatenate(xs: Any, axis: int = 0, name: str | None = None) -> Any:
    """Ragged tensors joined along an axis; tensors among them count as ragged ones.

    Raises: ShapeError if they do not have as many axes, or as many rows, each.
    """
    xs = [x if isinstance(x, RaggedTensor) else convert_to_tensor(x) for x in xs]
    if len({rank(x) for x in xs}) > 1:
        raise ShapeError(
            f"concat: tensors of {' and '.join(str(rank(x)) for x in xs)} axes.", fix="expand_dims those of fewer."
        )
    return _joined(xs, normalize_axis(int(axis), rank(xs[0]), "concat"))


def _joined(xs: Sequence[Any], axis: int) -> Any:
    if not any(isinstance(x, RaggedTensor) for x in xs):
        return ops.concatenate(xs, axis=axis)
    depth = max(x.ragged_rank for x in xs if isinstance(x, RaggedTensor))
    ragged = [as_ragged(x, min(depth, rank(x) - 1)) for x in xs]
    if axis == 0:
        lengths = np.concatenate([x.partition.lengths for x in ragged])
        uniforms = {x.partition.uniform for x in ragged}
        partition = RowPartition.from_lengths(lengths)
        partition.uniform = uniforms.pop() if len(uniforms) == 1 else None
        return RaggedTensor(_joined([x.values for x in ragged], 0), partition)
    rows = {x.nrows_static for x in ragged}
    if len(rows) > 1:
        raise ShapeError(f"concat: {' and '.join(map(str, sorted(rows)))} rows.", fix="give as many rows in each.")
    if axis == 1:
        order = np.arange(len(ragged) * rows.pop()).reshape(len(ragged), -1).T.reshape(-1)
        together = take_rows(_joined(ragged, 0), order)
        return RaggedTensor(together.values, RowPartition(together.partition.splits[:: len(ragged)]))
    if not all(x.partition.equals(ragged[0].partition) for x in ragged):
        raise ShapeError("concat: rows of different lengths.", fix="join along the ragged axis, or make rows equal.")
    return ragged[0].with_values(_joined([x.values for x in ragged], axis - 1))


def stack(xs: Any, axis: int = 0, name: str | None = None) -> Any:
    """Ragged tensors along a new axis; the rows of each may differ in number."""
    xs = [x if isinstance(x, RaggedTensor) else convert_to_tensor(x) for x in xs]
    if len({rank(x) for x in xs}) > 1:
        raise ShapeError("stack: tensors of different numbers of axes.", fix="give each as many axes.")
    place = normalize_axis(int(axis), rank(xs[0]) + 1, "stack")
    if rank(xs[0]) == 0:
        return ops.stack(xs, axis=0)
    return _joined([as_ragged(expanded(x, place), 1) for x in xs], place)


def expand_dims(x: Any, axis: int) -> Any:
    """A new axis of size 1."""
    return expanded(x, normalize_axis(int(axis), rank(x) + 1, "expand_dims"))


def squeeze(x: RaggedTensor, axis: Any = None) -> Any:
    """Without axes of size 1; which must be named.

    Raises: ArgumentError if one is not of size 1.
    """
    if axis is None:
        raise ArgumentError("squeeze of a ragged tensor needs to know which axes.", fix="pass axis.")
    found: Any = x
    for place in sorted((normalize_axis(int(a), x.ndim, "squeeze") for a in np.atleast_1d(axis)), reverse=True):
        found = _squeezed(found, place)
    return found


def _squeezed(x: Any, axis: int) -> Any:
    if not isinstance(x, RaggedTensor):
        return ops.squeeze(x, axis=axis)
    if axis > 1:
        return x.with_values(_squeezed(x.values, axis - 1))
    if (axis == 0 and x.nrows_static == 1) or (axis == 1 and (x.partition.lengths == 1).all()):
        return x.values
    raise ArgumentError(f"squeeze: axis {axis} has not the size 1.", fix="name axes of size 1.")


def tile(x: RaggedTensor, multiples: Any) -> Any:
    """Repeated along each axis."""
    counts = host_integers(multiples, "multiples").tolist()
    if len(counts) != x.ndim:
        raise ShapeError(f"tile: {len(counts)} multiples for {x.ndim} axes.", fix="give one for each axis.")
    return _tiled(x, counts)


def _tiled(x: Any, counts: list[int]) -> Any:
    if all(count == 1 for count in counts):
        return x
    if not isinstance(x, RaggedTensor):
        return ops.tile(x, counts)
    values, partition = _tiled(x.values, [1, *counts[2:]]), x.partition
    if counts[1] != 1:
        places = ranges(np.repeat(partition.starts, counts[1]), np.repeat(partition.lengths, counts[1]))
        uniform_length = None if partition.uniform is None else partition.uniform * counts[1]
        partition = RowPartition(partition.splits * partition.splits.dtype.type(counts[1]), uniform_length)
        values = take(values, places)
    found = RaggedTensor(values, partition)
    return found if counts[0] == 1 else take_rows(found, np.tile(np.arange(found.nrows_static), counts[0]))


def reverse(x: Any, axis: Any) -> Any:
    """The order of the elements along axes reversed, row by row."""
    for place in (normalize_axis(int(a), rank(x), "reverse") for a in np.atleast_1d(host_array(axis))):
        x = _reversed(x, place)
    return x


def _reversed(x: Any, axis: int) -> Any:
    if not isinstance(x, RaggedTensor):
        return ops.flip(x, axis=axis)
    if axis == 0:
        return take_rows(x, np.arange(x.nrows_static)[::-1])
    if axis > 1:
        return x.with_values(_reversed(x.values, axis - 1))
    return x.with_values(take(x.values, ranges(x.partition.splits[1:] - 1, x.partition.lengths, -1)))


def gather(params: Any, indices: Any, axis: Any = None, batch_dims: int = 0) -> Any:
    """Rows by number, where the numbers, or the rows, are ragged.

    Raises: UnsupportedError for an axis other than the first after the batch axes.
    """
    batch_dims = int(batch_dims)
    place = batch_dims if axis is None else int(axis)
    if place < 0:
        place += rank(params if isinstance(params, RaggedTensor) else convert_to_tensor(params))
    if place != batch_dims:
        if isinstance(params, RaggedTensor) and place > 1 and not batch_dims:
            return params.with_values(gather(params.values, indices, place - 1))
        raise UnsupportedError(
            f"gather along axis {place} of a ragged tensor with batch_dims={batch_dims}.",
            fix="gather along the first axis after the batch axes.",
        )
    return _gathered(params, indices, batch_dims)


def _gathered(params: Any, indices: Any, batch_dims: int) -> Any:
    if batch_dims:
        return _gathered_by_batch(params, indices, batch_dims)
    if isinstance(indices, RaggedTensor):
        return indices.with_values(_gathered(params, indices.values, 0))
    if not isinstance(params, RaggedTensor):
        return ops.take(convert_to_tensor(params), indices, axis=0)
    numbers = host_integers(indices, "indices")
    _require_inside(numbers, np.array(params.nrows_static))
    found = take_rows(params, numbers.reshape(-1))
    if numbers.ndim == 0:
        return found[0]
    return nested_uniform(found, numbers.shape, params.partition.splits.dtype.type)


def _gathered_by_batch(params: Any, indices: Any, batch_dims: int) -> Any:
    params, indices = as_ragged(params, batch_dims), as_ragged(indices, batch_dims)
    if batch_dims > 1:
        return indices.with_values(_gathered_by_batch(params.values, indices.values, batch_dims - 1))
    if params.nrows_static != indices.nrows_static:
        raise ShapeError(
            f"gather: {params.nrows_static} and {indices.nrows_static} rows.", fix="give as many rows in each."
        )
    flat = indices
    depth = [indices.partition.rowids]
    while isinstance(flat.values, RaggedTensor):
        flat = flat.values
        depth.append(flat.partition.rowids)
    rows = depth[-1]
    for rowids in reversed(depth[:-1]):
        rows = rowids[rows]
    numbers = host_integers(indices.flat_values, "indices")
    spread = rows.reshape(-1, *(1,) * (numbers.ndim - 1))
    _require_inside(numbers, params.partition.lengths[spread])
    places = numbers + params.partition.starts[spread]
    found = take(params.values, places.reshape(-1))
    return indices.with_flat_values(nested_uniform(found, places.shape, params.partition.splits.dtype.type))


def _require_inside(numbers: np.ndarray, sizes: np.ndarray) -> None:
    if numbers.size and ((numbers < 0) | (numbers >= sizes)).any():
        wrong = numbers[((numbers < 0) | (numbers >= sizes))].reshape(-1)[0]
        raise IndexRangeError(f"gather: row {wrong} is not there.", fix="use rows from 0 on that are there.")


def gather_nd(params: Any, indices: Any, batch_dims: int = 0) -> Any:
    """Elements or rows by their full places."""
    if batch_dims:
        raise UnsupportedError("gather_nd of ragged tensors with batch_dims.", fix="loop over the batch.")
    if isinstance(indices, RaggedTensor):
        return indices.with_flat_values(gather_nd(params, indices.flat_values))
    if not isinstance(params, RaggedTensor):
        return ops.get_item(params, tuple(ops.unstack(indices, axis=-1)))
    numbers = host_integers(indices, "indices")
    columns = np.moveaxis(numbers, -1, 0)
    lead = numbers.shape[:-1]
    found = _at_places(params, [column.reshape(-1) for column in columns])
    if not isinstance(found, RaggedTensor):
        return ops.reshape(found, (*lead, *found.spec.shape[1:]))
    return nested_uniform(found, lead, params.partition.splits.dtype.type) if lead else found[0]


def _at_places(x: Any, columns: list[np.ndarray]) -> Any:
    """The elements or rows at places, given by their number along each axis."""
    _require_inside(columns[0], np.array(x.nrows_static))
    places, rest = columns[0], columns[1:]
    while rest and isinstance(x, RaggedTensor):
        _require_inside(rest[0], x.partition.lengths[places])
        places, x, rest = x.partition.starts[places] + rest[0], x.values, rest[1:]
    return ops.get_item(x, (places, *rest)) if rest else take(x, places)


def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """The elements where a mask holds, each in its row: a ragged tensor, unless the mask has one axis.

    Args:
        data: a tensor, ragged or not.
        mask: bool, of the leading axes of `data`.
    Raises: ShapeError if the mask is one value, or its rows are not those of the data.
    Example:
        >>> boolean_mask([[1, 2, 3], [4, 5, 6]], [[True, False, True], [False, False, False]])
        <tf.RaggedTensor [[1, 3], []]>
    """
    mask = mask if isinstance(mask, RaggedTensor) else convert_to_tensor(mask, "bool")
    data = data if isinstance(data, RaggedTensor) else convert_to_tensor(data)
    if not rank(mask):
        raise ShapeError("boolean_mask: a mask of no axes.", fix="give it the leading axes of the data.")
    if rank(mask) == 1:
        kept = np.flatnonzero(_known(mask))
        _require_equal(mask.spec.shape[0], data.nrows_static if isinstance(data, RaggedTensor) else data.spec.shape[0])
        return take(data, kept)
    mask, data = as_ragged(mask, 1), as_ragged(data, 1)
    if not mask.partition.equals(data.partition):
        raise ShapeError("boolean_mask: the rows of mask and data differ.", fix="give a mask for each element.")
    values = boolean_mask(data.values, mask.values)
    if rank(mask) > 2:
        return data.with_values(values)
    kept = np.concatenate([[0], np.cumsum(_known(mask.values))])
    splits = kept[data.partition.splits].astype(data.partition.splits.dtype)
    return RaggedTensor(values, RowPartition(splits))


def _known(mask: Any) -> np.ndarray:
    return host_integers(ops.cast(mask, "int64"), "a mask").astype(bool)


def _require_equal(masked: int, there: int) -> None:
    if masked != there:
        raise ShapeError(f"boolean_mask: a mask for {masked} rows of {there}.", fix="give a mask for each row.")


def places_where(condition: RaggedTensor) -> Any:
    """The places where it holds: int64, (count, axes)."""
    flat = host_array(condition.flat_values).astype(bool)
    kept = np.nonzero(flat)
    places = [place[kept[0]] for place in places_of(condition.partitions)]
    return convert_to_tensor(np.stack([*places, *kept[1:]], 1).astype(np.int64))


def split(value: RaggedTensor, num_or_size_splits: Any, axis: int = 0) -> list[Any]:
    """Rows in so many equal parts, or parts of these numbers of rows."""
    if int(axis) != 0:
        raise UnsupportedError(
            f"split along axis {axis} of a ragged tensor.", fix="split along axis 0, or to_tensor()."
        )
    if isinstance(num_or_size_splits, (int, np.integer)):
        parts = int(num_or_size_splits)
        if parts < 1 or len(value) % parts:
            raise ArgumentError(f"split: {len(value)} rows in {parts} parts.", fix="choose a number that divides them.")
        sizes = np.full(parts, len(value) // parts)
    else:
        sizes = host_integers(num_or_size_splits, "sizes")
        if sizes.sum() != len(value):
            raise ArgumentError(f"split: sizes {sizes.tolist()} for {len(value)} rows.", fix="give sizes that add up.")
    bounds = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    return [value[start:end] for start, end in itertools.pairwise(bounds)]
