"""Elements of sparse tensors moved, joined, cut and left out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor.partition import host_integers
from headwater.frontend.sparse_functions import picked, reordered, strides_of
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.ir.spec import normalize_axis
from headwater.ops.convert import convert_to_tensor


def reorder(sp_input: SparseTensor, name: str | None = None) -> SparseTensor:
    """The elements in row-major order of their places, which most functions want.

    Example:
        >>> reorder(SparseTensor([[1, 0], [0, 1]], [1, 2], [2, 2])).values.numpy()
        array([2, 1], dtype=int32)
    """
    return reordered(sp_input)


def transpose(sp_input: SparseTensor, perm: Any = None, name: str | None = None) -> SparseTensor:
    """Axes in another order, reversed by default."""
    count = sp_input.ndim
    order = list(range(count))[::-1] if perm is None else host_integers(perm, "perm").tolist()
    if sorted(order) != list(range(count)):
        raise ShapeError(f"transpose: perm {order} for {count} axes.", fix="name each axis once.")
    shape = tuple(sp_input.static_shape[axis] for axis in order)
    return reordered(SparseTensor(sp_input.host_indices()[:, order], sp_input.values, shape))


def reshape(sp_input: SparseTensor, shape: Any, name: str | None = None) -> SparseTensor:
    """The same elements in another shape; one size may be -1."""
    sizes = host_integers(shape, "a shape").tolist()
    total = math.prod(sp_input.static_shape)
    if sizes.count(-1) == 1:
        known = math.prod(size for size in sizes if size != -1)
        sizes[sizes.index(-1)] = total // known if known else 0
    if math.prod(sizes) != total or min(sizes, default=0) < 0:
        raise ShapeError(
            f"reshape: a sparse tensor of shape {sp_input.static_shape} to {tuple(sizes)}.",
            fix="choose a shape with as many elements.",
        )
    numbers = sp_input.host_indices() @ np.array(strides_of(sp_input.static_shape), np.int64).reshape(-1)
    places = np.stack(np.unravel_index(numbers, sizes), 1) if sizes else np.zeros((len(numbers), 0))
    return SparseTensor(places.astype(np.int64), sp_input.values, sizes)


def expand_dims(sp_input: SparseTensor, axis: Any = None, name: str | None = None) -> SparseTensor:
    """A new axis of size 1; the last one by default."""
    place = normalize_axis(-1 if axis is None else int(axis), sp_input.ndim + 1, "expand_dims")
    shape = list(sp_input.static_shape)
    shape.insert(place, 1)
    return SparseTensor(np.insert(sp_input.host_indices(), place, 0, axis=1), sp_input.values, shape)


def concat(
    axis: int, sp_inputs: Sequence[SparseTensor], expand_nonconcat_dims: bool = False, name: str | None = None
) -> SparseTensor:
    """Sparse tensors joined along an axis.

    Args:
        axis: which.
        sp_inputs: sparse tensors of as many axes each.
        expand_nonconcat_dims: let other axes have different sizes; the largest is that of the result.
    Raises: ShapeError if other sizes differ without that.
    """
    place = normalize_axis(int(axis), sp_inputs[0].ndim, "concat")
    shapes = np.array([item.static_shape for item in sp_inputs])
    others = np.delete(shapes, place, axis=1)
    if not expand_nonconcat_dims and (others != others[0]).any():
        raise ShapeError(
            f"concat: sparse tensors of shapes {' and '.join(map(str, map(tuple, shapes.tolist())))}.",
            fix="make other sizes equal, or pass expand_nonconcat_dims=True.",
        )
    shape = shapes.max(0)
    shape[place] = shapes[:, place].sum()
    indices = []
    for item, before in zip(sp_inputs, np.cumsum(shapes[:, place]) - shapes[:, place]):
        moved = item.host_indices().copy()
        moved[:, place] += before
        indices.append(moved)
    values = ops.concatenate([item.values for item in sp_inputs], axis=0)
    return reordered(SparseTensor(np.concatenate(indices), values, shape.tolist()))


def slice(sp_input: SparseTensor, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """A block, from `start`, of at most `size`."""
    first, sizes = host_integers(start, "start"), host_integers(size, "size")
    shape = np.array(sp_input.static_shape)
    if len(first) != len(shape) or len(sizes) != len(shape):
        raise ShapeError(f"slice: {len(first)} numbers for {len(shape)} axes.", fix="give one for each axis.")
    sizes = np.clip(np.minimum(sizes, shape - first), 0, None)
    indices = sp_input.host_indices()
    chosen = np.flatnonzero(((indices >= first) & (indices < first + sizes)).all(1))
    return picked(sp_input, chosen, indices[chosen] - first, sizes.tolist())


def split(
    sp_input: SparseTensor | None = None, num_split: int | None = None, axis: int | None = None, name: str | None = None
) -> list[SparseTensor]:
    """So many parts along an axis; the first ones have one more where the number does not divide its size."""
    if sp_input is None or num_split is None or axis is None:
        raise ArgumentError("split needs sp_input, num_split and axis.", fix="pass all three.")
    place, count = normalize_axis(int(axis), sp_input.ndim, "split"), int(num_split)
    total = sp_input.static_shape[place]
    if not 1 <= count <= total:
        raise ArgumentError(f"split: {count} parts of an axis of size {total}.", fix="choose 1 to that size.")
    parts, start = [], [0] * sp_input.ndim
    for part in range(count):
        size = list(sp_input.static_shape)
        size[place] = total // count + (part < total % count)
        parts.append(slice(sp_input, np.array(start), np.array(size)))
        start[place] += size[place]
    return parts


def retain(sp_input: SparseTensor, to_retain: Any) -> SparseTensor:
    """The elements for which `to_retain` is true."""
    kept = host_array(convert_to_tensor(to_retain))
    if kept.shape != (len(sp_input.host_indices()),):
        raise ShapeError(
            f"retain: {kept.shape} answers for {len(sp_input.host_indices())} elements.", fix="give one for each."
        )
    return picked(sp_input, np.flatnonzero(kept))


def reset_shape(sp_input: SparseTensor, new_shape: Any = None) -> SparseTensor:
    """The same elements in a whole of another shape: the smallest that holds them by default.

    Raises: ShapeError for one that is smaller than the shape now.
    """
    indices = sp_input.host_indices()
    if new_shape is None:
        shape = (indices.max(0) + 1 if len(indices) else np.zeros(sp_input.ndim, int)).tolist()
    else:
        shape = host_integers(new_shape, "a shape").tolist()
        if len(shape) != sp_input.ndim or any(a < b for a, b in zip(shape, sp_input.static_shape)):
            raise ShapeError(
                f"reset_shape: {tuple(shape)} for a sparse tensor of shape {sp_input.static_shape}.",
                fix="give as many axes, and sizes that are no smaller.",
            )
    return SparseTensor(indices, sp_input.values, shape)


def fill_empty_rows(sp_input: SparseTensor, default_value: Any, name: str | None = None) -> tuple[SparseTensor, Any]:
    """A sparse matrix with an element at the beginning of each row that has none; and which rows these were: bool.

    Args:
        sp_input: of two axes.
        default_value: the element.
    """
    indices, rows = sp_input.host_indices(), sp_input.static_shape[0]
    empty = np.bincount(indices[:, 0], minlength=rows) == 0
    added = np.flatnonzero(empty)
    places = np.concatenate([indices, np.stack([added, np.zeros_like(added)], 1)])
    fill = ops.broadcast_to(convert_to_tensor(default_value, sp_input.dtype), (len(added),))
    values = ops.concatenate([sp_input.values, fill], axis=0)
    return reordered(SparseTensor(places, values, sp_input.static_shape)), convert_to_tensor(empty)
