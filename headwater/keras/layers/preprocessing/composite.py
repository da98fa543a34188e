"""Ragged and sparse tensors, as preprocessing layers look into them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import headwater as tf


class Rows(NamedTuple):
    """Rows of different lengths, on the host: a RaggedTensor that need not be one yet.

    Attributes:
        values: those of all rows, in one line; tokens may be Spans.
        lengths: how many each row has, int64.
    """

    values: Any
    lengths: np.ndarray


def _is_ragged(x: Any) -> bool:
    return hasattr(x, "nested_row_splits")


def _is_sparse(x: Any) -> bool:
    return hasattr(x, "dense_shape") and hasattr(x, "indices")


def is_composite(x: Any) -> bool:
    """True for a RaggedTensor and a SparseTensor."""
    return _is_ragged(x) or _is_sparse(x)


def map_values(function: Callable[[Any], Any], x: Any) -> Any:
    """`x` with `function` applied to its values: those of a tensor, or those inside of a ragged or sparse one."""
    if _is_ragged(x):
        return x.with_flat_values(function(x.flat_values))
    if _is_sparse(x):
        return tf.SparseTensor(x.indices, function(x.values), x.dense_shape)
    return function(x)


def values_and_rows(x: Any) -> tuple[Any, np.ndarray, int]:
    """The values, the number of the row (of the first axis) that each is in, and how many rows there are."""
    if _is_sparse(x):
        return x.values, np.asarray(x.indices)[:, 0].astype(np.int64), int(np.asarray(x.dense_shape)[0])
    lengths = row_sizes(x)
    return flat_values(x), np.repeat(np.arange(len(lengths), dtype=np.int64), lengths), len(lengths)


def flat_values(x: Any) -> Any:
    """The values of a RaggedTensor, in one line."""
    from headwater import ops

    return ops.reshape(x.flat_values, (-1,))


def row_sizes(x: Any) -> np.ndarray:
    """How many values each row of the first axis of a RaggedTensor has, all its axes together."""
    splits = np.asarray(x.nested_row_splits[0], np.int64)
    for inner in x.nested_row_splits[1:]:
        splits = np.asarray(inner, np.int64)[splits]
    inner_size = int(np.prod(tuple(x.flat_values.shape)[1:], dtype=np.int64))
    return np.diff(splits) * inner_size


def sparse_tensor(places: np.ndarray, values: np.ndarray, shape: tuple[int, ...], dtype: str) -> Any:
    """A SparseTensor of NumPy arrays."""
    from headwater import ops

    return tf.SparseTensor(
        places.astype(np.int64), ops.cast(ops.convert_to_tensor(values), dtype), np.array(shape, np.int64)
    )


def ragged_rows(values: Any, lengths: np.ndarray) -> Any:
    """A RaggedTensor of rows of these lengths."""
    return tf.RaggedTensor.from_row_lengths(values, np.asarray(lengths, np.int64))


def map_rows(function: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]], x: Any) -> Any:
    """A RaggedTensor with other rows along its last axis.

    Args:
        function: from the values of all rows, in one line, and how many each has, to others of these.
        x: a RaggedTensor of values without further axes.
    """
    splits = x.nested_row_splits
    values, lengths = function(np.asarray(x.flat_values), np.diff(np.asarray(splits[-1], np.int64)))
    rows = ragged_rows(values, lengths)
    for outer in reversed(splits[:-1]):
        rows = tf.RaggedTensor.from_row_splits(rows, outer)
    return rows
