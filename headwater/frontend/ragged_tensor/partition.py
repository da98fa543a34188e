"""RowPartition: how values are cut into rows of different lengths. It lives on the host, as NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.ir.dispatch import Array


def host_integers(x: Any, what: str) -> np.ndarray:
    """Whole numbers of one axis, as an int64 array, or int32 where they come as such.

    Raises: NotTraceableError for a traced tensor, which has no values; ArgumentError for other values.
    """
    array = host_array(x, f"{what} of a ragged or sparse tensor")
    if array.dtype.kind not in "iu" and array.size:
        raise ArgumentError(f"{what} of dtype {array.dtype} are no whole numbers.", fix="pass int32 or int64.")
    if array.dtype == np.int32 and (isinstance(x, Array) or hasattr(x, "dtype")):
        return array
    return array.astype(np.int64)


def ranges(starts: np.ndarray, counts: np.ndarray, step: Any = 1) -> np.ndarray:
    """start, start + step, ... for each of the counts, one row after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    within = np.arange(total) - np.repeat(ends - counts, counts)
    return np.repeat(starts, counts) + within * (np.repeat(step, counts) if np.ndim(step) else step)


class RowPartition:
    """Values cut into rows: row i holds values splits[i] up to splits[i + 1].

    Args:
        splits: the bounds, from 0; int32 or int64, (rows + 1,).
        uniform: the length of each row, if it is one by design and not by chance.
    """

    __slots__ = ("splits", "uniform")

    def __init__(self, splits: np.ndarray, uniform: int | None = None) -> None:
        self.splits, self.uniform = splits, uniform

    @classmethod
    def from_splits(cls, splits: Any) -> RowPartition:
        """By the bounds of the rows.

        Raises: ShapeError unless they are one axis of numbers; ArgumentError if they do not rise from 0.
        """
        splits = host_integers(splits, "row_splits")
        if splits.ndim != 1 or not len(splits):
            raise ShapeError(
                f"row_splits have shape {splits.shape}.", fix="pass one axis of rows + 1 numbers, the first one 0."
            )
        if splits[0] != 0 or (np.diff(splits) < 0).any():
            raise ArgumentError("row_splits must rise, from 0.", fix="sort them, and let the first one be 0.")
        return cls(splits)

    @classmethod
    def from_lengths(cls, lengths: Any) -> RowPartition:
        """By the lengths of the rows.

        Raises: ArgumentError for a negative one.
        """
        lengths = host_integers(lengths, "row_lengths").reshape(-1)
        if (lengths < 0).any():
            raise ArgumentError("a row has a negative length.", fix="pass row_lengths of 0 and more.")
        return cls(np.concatenate([[0], np.cumsum(lengths)]).astype(lengths.dtype))

    @classmethod
    def from_rowids(cls, rowids: Any, nrows: Any = None) -> RowPartition:
        """By the row that each value belongs to; they must not fall.

        Raises: ArgumentError if they do, or do not fit `nrows`.
        """
        rowids = host_integers(rowids, "value_rowids").reshape(-1)
        least = int(rowids[-1]) + 1 if len(rowids) else 0
        rows = least if nrows is None else int(nrows)
        if (np.diff(rowids) < 0).any() or (len(rowids) and rowids[0] < 0):
            raise ArgumentError("value_rowids must not fall, nor be negative.", fix="sort values and row numbers.")
        if rows < least:
            raise ArgumentError(f"value_rowids name row {least - 1}, and nrows is {rows}.", fix="pass a larger nrows.")
        return cls.from_lengths(np.bincount(rowids, minlength=rows).astype(rowids.dtype))

    @classmethod
    def of_uniform(cls, rows: int, length: int, dtype: Any = np.int64) -> RowPartition:
        """Rows of one length."""
        return cls(np.arange(rows + 1, dtype=dtype) * dtype(length), length)

    @property
    def nrows(self) -> int:
        """Number of rows."""
        return len(self.splits) - 1

    @property
    def nvals(self) -> int:
        """Number of values."""
        return int(self.splits[-1])

    @property
    def lengths(self) -> np.ndarray:
        """Length of each row."""
        return np.diff(self.splits)

    @property
    def starts(self) -> np.ndarray:
        """Where each row begins."""
        return self.splits[:-1]

    @property
    def rowids(self) -> np.ndarray:
        """The row of each value."""
        return np.repeat(np.arange(self.nrows, dtype=self.splits.dtype), self.lengths)

    @property
    def columns(self) -> np.ndarray:
        """The place of each value in its row."""
        return np.arange(self.nvals, dtype=self.splits.dtype) - np.repeat(self.starts, self.lengths)

    @property
    def longest(self) -> int:
        """Length of the longest row; 0 without rows."""
        return int(self.lengths.max(initial=0))

    def with_dtype(self, dtype: Any) -> RowPartition:
        """The same with splits of int32 or int64."""
        return RowPartition(self.splits.astype(as_dtype(dtype).numpy), self.uniform)

    def of_rows(self, rows: np.ndarray) -> tuple[RowPartition, np.ndarray]:
        """The partition of these rows one after the other, and the places of their values."""
        counts = self.lengths[rows]
        splits = np.concatenate([[0], np.cumsum(counts)]).astype(self.splits.dtype)
        return RowPartition(splits, self.uniform), ranges(self.starts[rows], counts)

    def of_columns(self, columns: slice) -> tuple[RowPartition, np.ndarray]:
        """The partition of a slice of each row, and the places of what is left."""
        firsts, counts = np.zeros(self.nrows, np.int64), np.zeros(self.nrows, np.int64)
        lengths = self.lengths
        for length in np.unique(lengths):
            chosen = range(*columns.indices(int(length)))
            firsts[lengths == length], counts[lengths == length] = chosen.start, len(chosen)
        step = columns.step or 1
        splits = np.concatenate([[0], np.cumsum(counts)]).astype(self.splits.dtype)
        uniform = None if self.uniform is None else len(range(*columns.indices(self.uniform)))
        return RowPartition(splits, uniform), ranges(self.starts + firsts, counts, step)

    def equals(self, other: RowPartition) -> bool:
        """True if it cuts values in the same places."""
        return self is other or np.array_equal(self.splits, other.splits)
