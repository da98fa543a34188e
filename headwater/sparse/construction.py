"""Sparse tensors from dense ones, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError
from headwater.frontend.host_values import host_array
from headwater.frontend.indexed_slices import IndexedSlices
from headwater.frontend.sparse_functions import from_dense as _from_dense
from headwater.frontend.sparse_functions import to_dense as _to_dense
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.ops.convert import convert_to_tensor


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements of a tensor that are not zero, or not empty.

    Example:
        >>> from_dense([[1, 0], [0, 3]]).indices.numpy()
        array([[0, 0],
               [1, 1]])
    """
    return _from_dense(tensor)


def to_dense(
    sp_input: SparseTensor, default_value: Any = None, validate_indices: bool = True, name: str | None = None
) -> Any:
    """The whole tensor.

    Args:
        sp_input: a sparse tensor.
        default_value: what stands where there is no element: 0, or the empty string, by default.
        validate_indices: refuse places that are repeated or out of order.
    Raises: ArgumentError for a place outside of the shape, repeated or out of order.
    Example:
        >>> to_dense(SparseTensor([[1]], [5], [3]), default_value=-1).numpy()
        array([-1,  5, -1], dtype=int32)
    """
    return _to_dense(sp_input, default_value, validate_indices)


def to_indicator(sp_input: SparseTensor, vocab_size: int, name: str | None = None) -> Any:
    """Whether each number below `vocab_size` is among the elements of each row: bool.

    The last axis of the sparse tensor gives way to one of `vocab_size`.
    """
    numbers = host_array(sp_input.values).astype(np.int64)
    if numbers.size and (numbers.min() < 0 or numbers.max() >= vocab_size):
        raise ArgumentError(f"to_indicator: a number outside of 0 to {vocab_size - 1}.", fix="raise vocab_size.")
    shape = (*sp_input.static_shape[:-1], int(vocab_size))
    found = np.zeros(shape, bool)
    found[(*sp_input.host_indices()[:, :-1].T, numbers)] = True
    return convert_to_tensor(found)


def eye(num_rows: int, num_columns: int | None = None, dtype: Any = "float32", name: str | None = None) -> SparseTensor:
    """The identity matrix."""
    height = int(num_rows)
    width = height if num_columns is None else int(num_columns)
    diagonal = np.arange(min(height, width), dtype=np.int64)
    return SparseTensor(np.stack([diagonal, diagonal], 1), ops.ones((len(diagonal),), dtype), (height, width))


def mask(a: IndexedSlices, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """IndexedSlices without the slices of these numbers."""
    numbers = host_array(a.indices)
    kept = np.flatnonzero(~np.isin(numbers, host_array(mask_indices)))
    return IndexedSlices(ops.take(a.values, kept, axis=0), numbers[kept], a.dense_shape)
