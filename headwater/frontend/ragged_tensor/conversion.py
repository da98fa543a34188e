"""Ragged tensors from and to other forms: padded tensors, sparse tensors, fewer axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor.partition import RowPartition, host_integers, ranges
from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.frontend.tensor_shape import TensorShape
from headwater.ir.dispatch import Array
from headwater.ops.convert import convert_to_tensor
from headwater.primitives.constant import scalar


def from_tensor(tensor: Any, lengths: Any, padding: Any, ragged_rank: int, row_splits_dtype: Any) -> Any:
    """The rows of a tensor; see `RaggedTensor.from_tensor`.

    Raises: ArgumentError if both lengths and padding are given, or the tensor has too few axes.
    """
    tensor = convert_to_tensor(tensor)
    kind = as_dtype(row_splits_dtype).numpy.type
    if lengths is not None and padding is not None:
        raise ArgumentError("from_tensor is given lengths and padding.", fix="pass one of them.")
    if isinstance(lengths, (list, tuple)) and lengths and not isinstance(lengths[0], (int, np.integer)):
        partitions = [RowPartition.from_lengths(length).with_dtype(kind) for length in lengths]
        return _within(tensor, partitions)
    if not 0 < ragged_rank < len(tensor.spec.shape):
        raise ArgumentError(
            f"from_tensor: a tensor of shape {tuple(tensor.spec.shape)} has no {ragged_rank} ragged axes.",
            fix="pass a ragged_rank above 0 and below its number of axes.",
        )
    if lengths is None and padding is None:
        return uniform(tensor, ragged_rank, kind)
    sizes = tensor.spec.shape
    rows = ops.reshape(tensor, (int(np.prod(sizes[:ragged_rank])), *sizes[ragged_rank:]))
    if padding is not None:
        lengths = _without_padding(rows, padding)
    counts = np.clip(host_integers(lengths, "lengths").reshape(-1), 0, sizes[ragged_rank])
    if len(counts) != rows.spec.shape[0]:
        raise ShapeError(
            f"from_tensor: {len(counts)} lengths for {rows.spec.shape[0]} rows.", fix="give one for each row."
        )
    found: Any = _cut(rows, RowPartition.from_lengths(counts.astype(kind)))
    return nested_uniform(found, sizes[:ragged_rank], kind)


def _cut(rows: Any, partition: RowPartition) -> RaggedTensor:
    """The first elements of each row of a tensor."""
    width = rows.spec.shape[1]
    flat = ops.reshape(rows, (rows.spec.shape[0] * width, *rows.spec.shape[2:]))
    places = ranges(np.arange(partition.nrows) * width, partition.lengths)
    return RaggedTensor(ops.take(flat, places, axis=0), partition)


def _within(tensor: Any, partitions: list[RowPartition]) -> RaggedTensor:
    """The elements of a padded tensor that partitions, from the outermost inwards, leave."""
    coordinates = places_of(partitions)
    values = tensor[tuple(coordinates)]
    for partition in reversed(partitions):
        values = RaggedTensor(values, partition)
    return values


def _without_padding(rows: Any, padding: Any) -> np.ndarray:
    """Lengths of rows without the padding at their ends."""
    values = host_array(rows, "the padding of a ragged tensor")
    kept = values != host_array(convert_to_tensor(padding, rows.spec.dtype))
    kept = kept.reshape(*values.shape[:2], -1).any(-1)
    return np.where(kept.any(1), kept.shape[1] - np.argmax(kept[:, ::-1], axis=1), 0)


def uniform(tensor: Any, ragged_rank: int, kind: Any = np.int64) -> Any:
    """A tensor as a ragged one, all rows of one length."""
    sizes = tensor.spec.shape
    flat = ops.reshape(tensor, (int(np.prod(sizes[: ragged_rank + 1])), *sizes[ragged_rank + 1 :]))
    return nested_uniform(flat, sizes[: ragged_rank + 1], kind)


def nested_uniform(values: Any, sizes: Any, kind: Any = np.int64) -> Any:
    """Values in rows of the last of these sizes, those in rows of the one before, and so on up to the second."""
    for axis in range(len(sizes) - 1, 0, -1):
        values = RaggedTensor(values, RowPartition.of_uniform(int(np.prod(sizes[:axis])), sizes[axis], kind))
    return values


def places_of(partitions: list[RowPartition]) -> list[np.ndarray]:
    """Where each flat value stands: its place along each axis, from the first to the innermost ragged one."""
    rows = np.arange(partitions[-1].nvals)
    places = []
    for partition in reversed(partitions):
        places.append(partition.columns[rows])
        rows = partition.rowids[rows]
    return [rows, *reversed(places)]


def to_tensor(ragged: RaggedTensor, default_value: Any, shape: Any) -> Any:
    """A padded tensor; see `RaggedTensor.to_tensor`."""
    partitions, flat = ragged.partitions, ragged.flat_values
    inner = flat.spec.shape[1:]
    sizes = [partitions[0].nrows, *(_width(partition) for partition in partitions)]
    if shape is not None:
        asked = _asked_sizes(shape, len(sizes) + len(inner))
        sizes = [size if wanted is None else wanted for size, wanted in zip(sizes, asked)]
        _require_inner(inner, asked[len(sizes) :])
    places = places_of(partitions)
    fits = np.ones(len(places[0]), bool)
    for place, size in zip(places, sizes):
        fits &= place < size
    chosen = np.full(sizes, flat.spec.shape[0], np.int64)
    chosen[tuple(place[fits] for place in places)] = np.flatnonzero(fits)
    return ops.take(ops.concatenate([flat, _default_row(flat, default_value)], axis=0), chosen, axis=0)


def _width(partition: RowPartition) -> int:
    return partition.longest if partition.uniform is None else partition.uniform


def _asked_sizes(shape: Any, ndim: int) -> list[int | None]:
    given = host_array(shape).tolist() if isinstance(shape, (Array, np.ndarray)) else shape
    sizes = [None if size is None or int(size) == -1 else int(size) for size in TensorShape(given)]
    if len(sizes) > ndim:
        raise ShapeError(f"to_tensor: shape {tuple(given)} for {ndim} axes.", fix="name each axis once.")
    return sizes + [None] * (ndim - len(sizes))


def _require_inner(inner: Any, asked: list[int | None]) -> None:
    if any(wanted is not None and wanted != size for size, wanted in zip(inner, asked)):
        raise ShapeError(
            f"to_tensor: the axes inside have sizes {tuple(inner)}, not {tuple(asked)}.",
            fix="pad or cut ragged axes only; leave None for the others.",
        )


def _default_row(flat: Any, default_value: Any) -> Any:
    if default_value is None:
        row = scalar(0, flat.spec.dtype)
    else:
        row = convert_to_tensor(default_value, None if isinstance(default_value, Array) else flat.spec.dtype)
        if row.spec.dtype is not flat.spec.dtype:
            raise ArgumentError(
                f"a default of {row.spec.dtype.name} for values of {flat.spec.dtype.name}.", fix="cast one of them."
            )
    return ops.broadcast_to(row, (1, *flat.spec.shape[1:]))


def to_sparse(ragged: RaggedTensor) -> Any:
    """A SparseTensor with each value at its place."""
    from headwater.frontend.sparse_tensor import SparseTensor

    flat = ragged.flat_values
    inner = flat.spec.shape[1:]
    places = places_of(ragged.partitions)
    count = int(np.prod(inner))
    inner_places = np.indices(inner).reshape(len(inner), count)
    columns = [np.repeat(place, count) for place in places] + [np.tile(axis, len(places[0])) for axis in inner_places]
    sizes = [ragged.nrows_static, *(partition.longest for partition in ragged.partitions), *inner]
    return SparseTensor(np.stack(columns, 1).astype(np.int64), ops.reshape(flat, (-1,)), sizes)


def from_sparse(sparse: Any, row_splits_dtype: Any) -> RaggedTensor:
    """The values of each row of a sparse matrix; see `RaggedTensor.from_sparse`."""
    indices = host_integers(sparse.indices, "indices")
    if indices.shape[1] != 2:
        raise ShapeError(f"from_sparse: a sparse tensor of {indices.shape[1]} axes.", fix="pass one of two axes.")
    rows = int(sparse.static_shape[0])
    partition = RowPartition.from_rowids(indices[:, 0], rows).with_dtype(row_splits_dtype)
    if not np.array_equal(indices[:, 1], partition.columns):
        raise ArgumentError(
            "from_sparse: a row does not begin with its values, or they are not in order.",
            fix="use tf.sparse.reorder first; rows with gaps can't be ragged ones.",
        )
    return RaggedTensor(sparse.values, partition)


def merge_dims(ragged: Any, outer_axis: int, inner_axis: int) -> Any:
    """The axes from one to another as one."""
    ndim = ragged.ndim
    outer, inner = (axis + ndim if axis < 0 else axis for axis in (int(outer_axis), int(inner_axis)))
    if not 0 <= outer <= inner < ndim:
        raise ArgumentError(
            f"merge_dims: axes {outer_axis} to {inner_axis} of {ndim}.", fix="pass axes in order, that exist."
        )
    return _merged(ragged, outer, inner)


def _merged(x: Any, outer: int, inner: int) -> Any:
    if outer == inner:
        return x
    if not isinstance(x, RaggedTensor):
        sizes = x.spec.shape
        return ops.reshape(x, (*sizes[:outer], int(np.prod(sizes[outer : inner + 1])), *sizes[inner + 1 :]))
    if outer > 1:
        return x.with_values(_merged(x.values, outer - 1, inner - 1))
    if outer == 0:
        return _merged(x.values, 0, inner - 1)
    values = x.values
    if not isinstance(values, RaggedTensor):
        width = int(np.prod(values.spec.shape[1:inner]))
        return RaggedTensor(_merged(values, 0, inner - 1), RowPartition.from_lengths(x.partition.lengths * width))
    splits = values.partition.splits[x.partition.splits]
    return _merged(RaggedTensor(values.values, RowPartition(splits)), 1, inner - 1)
