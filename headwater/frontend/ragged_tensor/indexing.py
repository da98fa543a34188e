"""Indexing of ragged tensors: rows by number, slices of rows, and of what is in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, IndexRangeError
from headwater.frontend.ragged_tensor.partition import RowPartition, host_integers
from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.ir.dispatch import Array


def getitem(ragged: RaggedTensor, key: Any) -> Any:
    """Rows and parts of them, by ints, slices, `...` and None.

    Raises: ArgumentError for a number inside a ragged axis, where rows may be shorter; IndexRangeError for a row that
        is not there.
    """
    items = list(key) if isinstance(key, tuple) else [key]
    return _outer(ragged, _spelled_out(ragged, [_plain(item) for item in items]))


def _plain(item: Any) -> Any:
    if item is None or item is Ellipsis:
        return item
    if isinstance(item, slice):
        return slice(*[None if bound is None else int(bound) for bound in (item.start, item.stop, item.step)])
    if isinstance(item, (Array, np.ndarray)) and not item.shape and not isinstance(item, np.generic):
        item = host_integers(item, "an index").item()
    if isinstance(item, (int, np.integer)) and not isinstance(item, bool):
        return int(item)
    raise ArgumentError(
        f"{item!r} does not index a ragged tensor.",
        fix="use ints, slices, None and `...`; tf.gather or tf.ragged.boolean_mask for lists of rows and masks.",
    )


def _spelled_out(ragged: RaggedTensor, items: list[Any]) -> list[Any]:
    """The items with full slices for an `...`."""
    missing = ragged.ndim - sum(item is not None and item is not Ellipsis for item in items)
    if missing < 0 or sum(item is Ellipsis for item in items) > 1:
        raise ArgumentError(f"{len(items)} indices for {ragged.ndim} axes.", fix="give at most one for each axis.")
    if Ellipsis in items:
        place = items.index(Ellipsis)
        items[place : place + 1] = [slice(None)] * missing
    return items


def _outer(x: Any, items: list[Any]) -> Any:
    """x indexed from its first axis on."""
    if not items:
        return x
    if not isinstance(x, RaggedTensor):
        return x[tuple(items)]
    first, rest = items[0], items[1:]
    if first is None:
        return expanded(_outer(x, rest), 0)
    if isinstance(first, int):
        return _outer(_row(x, first), rest)
    rows = x if first == slice(None) else take_rows(x, np.arange(x.nrows_static)[first])
    return _inner(rows, rest)


def _row(x: RaggedTensor, row: int) -> Any:
    count = x.nrows_static
    if not -count <= row < count:
        raise IndexRangeError(f"row {row} of a ragged tensor of {count} rows.", fix="use a row that is there.")
    start, end = x.partition.splits[row % count : row % count + 2].tolist()
    return _outer(x.values, [slice(start, end)])


def _inner(x: Any, items: list[Any]) -> Any:
    """x indexed from its second axis on, row by row."""
    if not items or all(item == slice(None) for item in items):
        return x
    if not isinstance(x, RaggedTensor):
        return x[(slice(None), *items)]
    first, rest = items[0], items[1:]
    if first is None:
        return RaggedTensor(_inner(x, rest), RowPartition.of_uniform(x.nrows_static, 1, x.partition.splits.dtype.type))
    if isinstance(first, int):
        return _inner(_column(x, first), rest)
    if first == slice(None):
        return x.with_values(_inner(x.values, rest))
    partition, places = x.partition.of_columns(first)
    return RaggedTensor(_inner(take(x.values, places), rest), partition)


def _column(x: RaggedTensor, column: int) -> Any:
    width = x.partition.uniform
    if width is None:
        raise ArgumentError(
            f"{column} indexes an axis that is ragged: shorter rows have no such element.",
            fix="slice the rows, x[:, 0:1], or make them equally long with to_tensor().",
        )
    if not -width <= column < width:
        raise IndexRangeError(f"index {column} of rows of length {width}.", fix="use one that is there.")
    return take(x.values, x.partition.starts + column % width)


def take(x: Any, places: np.ndarray) -> Any:
    """The rows of a tensor or a ragged tensor at these places."""
    return take_rows(x, places) if isinstance(x, RaggedTensor) else ops.take(x, places, axis=0)


def take_rows(x: RaggedTensor, rows: np.ndarray) -> RaggedTensor:
    """These rows of a ragged tensor, in this order."""
    partition, places = x.partition.of_rows(np.asarray(rows, np.int64))
    return RaggedTensor(take(x.values, places), partition)


def expanded(x: Any, axis: int) -> Any:
    """x with a new axis of size 1."""
    if not isinstance(x, RaggedTensor):
        return ops.expand_dims(x, axis)
    kind = x.partition.splits.dtype.type
    if axis == 0:
        return RaggedTensor(x, RowPartition.of_uniform(1, x.nrows_static, kind))
    if axis == 1:
        return RaggedTensor(x, RowPartition.of_uniform(x.nrows_static, 1, kind))
    return x.with_values(expanded(x.values, axis - 1))
