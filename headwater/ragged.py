"""TensorFlow's `tf.ragged`: tensors whose rows have different lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype, result_type
from headwater.errors import ArgumentError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.ragged_tensor.construction import constant
from headwater.frontend.ragged_tensor.functions import map_flat_values
from headwater.frontend.ragged_tensor.indexing import take
from headwater.frontend.ragged_tensor.partition import RowPartition, host_integers
from headwater.frontend.ragged_tensor.rearrangement import boolean_mask
from headwater.frontend.ragged_tensor.rearrangement import stack as _stack
from headwater.ops.convert import convert_to_tensor

__all__ = [
    "boolean_mask", "constant", "cross", "cross_hashed", "map_flat_values", "range", "row_splits_to_segment_ids",
    "segment_ids_to_row_splits", "stack", "stack_dynamic_partitions",
]  # fmt: skip


def stack(values: Any, axis: int = 0, name: str | None = None) -> Any:
    """Tensors, ragged or not, along a new axis; their rows may differ in number.

    Example:
        >>> stack([[1, 2], [3]])
        <tf.RaggedTensor [[1, 2], [3]]>
    """
    return _stack(values if isinstance(values, (list, tuple)) else [values], axis)


def range(
    starts: Any,
    limits: Any = None,
    deltas: Any = 1,
    dtype: Any = None,
    name: str | None = None,
    row_splits_dtype: Any = "int64",
) -> RaggedTensor:
    """For each row the numbers from its start up to its limit, without it, in steps.

    Args:
        starts, limits, deltas: of each row; one number serves all rows. With one argument starts are 0.
        dtype: of the numbers; that which the arguments promote to by default.
        row_splits_dtype: int32 or int64.
    Raises: ArgumentError for a step of 0.
    Example:
        >>> range([3, 0, 2])
        <tf.RaggedTensor [[0, 1, 2], [], [0, 1]]>
    """
    if limits is None:
        starts, limits = 0, starts
    if dtype is None:
        dtype = result_type(*(convert_to_tensor(x).dtype for x in (starts, limits, deltas)))
    kind = as_dtype(dtype).numpy
    first, last, step = np.broadcast_arrays(
        *(np.atleast_1d(host_array(x)).astype(kind) for x in (starts, limits, deltas))
    )
    if (step == 0).any():
        raise ArgumentError("ragged.range: a step of 0 never arrives.", fix="give steps other than 0.")
    counts = np.maximum(0, np.ceil((last - first) / step)).astype(as_dtype(row_splits_dtype).numpy)
    partition = RowPartition.from_lengths(counts)
    values = (np.repeat(first, counts) + partition.columns.astype(kind) * np.repeat(step, counts)).astype(kind)
    return RaggedTensor(convert_to_tensor(values), partition)


def row_splits_to_segment_ids(splits: Any, name: str | None = None, out_type: Any = None) -> Any:
    """The row of each value, from the bounds of the rows."""
    partition = RowPartition.from_splits(splits)
    return convert_to_tensor(partition.rowids, as_dtype(out_type or partition.splits.dtype))


def segment_ids_to_row_splits(
    segment_ids: Any, num_segments: Any = None, out_type: Any = None, name: str | None = None
) -> Any:
    """The bounds of the rows, from the row of each value; values of one row stand together, in order."""
    partition = RowPartition.from_rowids(segment_ids, num_segments)
    return convert_to_tensor(partition.splits, as_dtype(out_type or partition.splits.dtype))


def stack_dynamic_partitions(data: Any, partitions: Any, num_partitions: Any, name: str | None = None) -> RaggedTensor:
    """The rows of `data` sorted into partitions by number, a row of the result each; their order is kept.

    Example:
        >>> stack_dynamic_partitions(["a", "b", "c"], [1, 0, 1], 2)
        <tf.RaggedTensor [[b'b'], [b'a', b'c']]>
    """
    numbers = partitions.flat_values if isinstance(partitions, RaggedTensor) else partitions
    flat = data.flat_values if isinstance(partitions, RaggedTensor) else data
    flat = flat if isinstance(flat, RaggedTensor) else convert_to_tensor(flat)
    numbers = host_integers(numbers, "partitions")
    if numbers.ndim > 1:
        flat = ops.reshape(flat, (numbers.size, *flat.spec.shape[numbers.ndim :]))
        numbers = numbers.reshape(-1)
    count = int(num_partitions)
    if numbers.size and (numbers.min() < 0 or numbers.max() >= count):
        raise ArgumentError(f"a partition's number lies outside of 0 to {count - 1}.", fix="raise num_partitions.")
    order = np.argsort(numbers, kind="stable")
    return RaggedTensor(take(flat, order), RowPartition.from_rowids(numbers[order].astype(np.int64), count))


def cross(inputs: Sequence[Any], name: str | None = None) -> RaggedTensor:
    """For each row all combinations of the values of its features, joined by "_X_": strings.

    Args:
        inputs: ragged tensors and tensors of two axes, of integers or strings, with as many rows each.
    Example:
        >>> cross([tf.ragged.constant([["a"], ["b", "c"]]), tf.ragged.constant([["d"], ["e"]])])
        <tf.RaggedTensor [[b'a_X_d'], [b'b_X_e', b'c_X_e']]>
    """
    from headwater.frontend.feature_crosses import joined, rows_of

    def joined_all(combinations: Sequence[Any]) -> Any:
        return convert_to_tensor([joined(combination, b"_X_") for combination in combinations], "string")

    return _crossed(inputs, rows_of, joined_all)


def cross_hashed(
    inputs: Sequence[Any], num_buckets: int = 0, hash_key: int | None = None, name: str | None = None
) -> Any:
    """For each row the hashes of all combinations of the values of its features: int64, below any `num_buckets`."""
    from headwater.frontend.feature_crosses import hashed_combinations, rows_of

    def hashed_all(combinations: Sequence[Any]) -> Any:
        return convert_to_tensor(hashed_combinations(combinations, num_buckets, hash_key))

    return _crossed(inputs, rows_of, hashed_all)


def _crossed(inputs: Sequence[Any], rows_of: Any, combine: Any) -> RaggedTensor:
    import itertools

    features = [rows_of(feature) for feature in inputs]
    if len({len(feature) for feature in features}) != 1:
        raise ArgumentError("cross: the features have different numbers of rows.", fix="give as many rows in each.")
    rows = [list(itertools.product(*row)) for row in zip(*features)]
    values = combine([combination for row in rows for combination in row])
    return RaggedTensor.from_row_lengths(values, np.array([len(row) for row in rows], np.int64))
