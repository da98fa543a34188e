"""Crosses of features: for each row all combinations of their values, joined as strings or hashed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.errors import ShapeError
from headwater.frontend.fingerprints import concatenated, fingerprint64
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.ops.convert import convert_to_tensor

DEFAULT_KEY = 0xDECAFCAFFE  # where a cross begins unless a key is given


def rows_of(feature: Any) -> list[list[Any]]:
    """The values of each row of a feature: a tensor of two axes, a ragged or a sparse one.

    Raises: ShapeError for another number of axes.
    """
    if isinstance(feature, SparseTensor):
        rows: list[list[Any]] = [[] for _ in range(feature.static_shape[0])]
        for (row, *_), value in zip(feature.host_indices().tolist(), host_array(feature.values).tolist()):
            rows[row].append(value)
        return rows
    if isinstance(feature, RaggedTensor):
        return feature.to_list()
    array = host_array(convert_to_tensor(feature))
    if array.ndim != 2:
        raise ShapeError(f"a feature of shape {array.shape} is crossed.", fix="give it two axes: (rows, values).")
    return array.tolist()


def joined(combination: Sequence[Any], separator: bytes) -> bytes:
    """The values of a combination as one string."""
    return separator.join(value if isinstance(value, bytes) else str(value).encode() for value in combination)


def hashed(columns: Sequence[np.ndarray], num_buckets: int, key: int | None = None) -> np.ndarray:
    """The hashes of combinations, int64: below `num_buckets`, if that is not 0.

    Args:
        columns: the values of each feature, all of one length: objects (bytes) or whole numbers.
        num_buckets: how many buckets there are; 0 for no bound.
        key: where a cross begins.
    """
    state = np.full(len(columns[0]), key or DEFAULT_KEY, np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            texts = column.dtype == object
            numbers = fingerprint64(column.tolist()) if texts else column.astype(np.int64).view(np.uint64)
            state = concatenated(state, numbers)
    return (state % np.uint64(num_buckets or 2**63 - 1)).astype(np.int64)


def hashed_combinations(combinations: Sequence[Sequence[Any]], num_buckets: int, key: int | None) -> np.ndarray:
    """The hash of each combination of values, as `hashed` has it."""
    columns = [
        np.fromiter(column, object if isinstance(column[0], bytes) else np.int64, len(column))
        for column in zip(*combinations)
    ]
    return hashed(columns, num_buckets, key) if columns else np.zeros(0, np.int64)
