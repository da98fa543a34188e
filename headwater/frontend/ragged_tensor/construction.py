"""Ragged tensors of nested lists: `tf.ragged.constant`."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.frontend.ragged_tensor.partition import RowPartition
from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.ops.convert import convert_to_tensor


def constant(
    pylist: Any,
    dtype: Any = None,
    ragged_rank: int | None = None,
    inner_shape: Any = None,
    name: str | None = None,
    row_splits_dtype: Any = "int64",
) -> Any:
    """A RaggedTensor with the values of a nested list.

    Args:
        pylist: lists of lists of numbers or strings; rows of one axis may have different lengths.
        dtype: of the values.
        ragged_rank: how many axes may be ragged; by default all but the first, less those of `inner_shape`.
        inner_shape: sizes of the axes inside the ragged ones.
        row_splits_dtype: int32 or int64.
    Returns: a RaggedTensor; a tensor if no axis may be ragged.
    Raises: ArgumentError for lists that do not nest equally deep, or not as `ragged_rank` says.
    Example:
        >>> tf.ragged.constant([[1, 2], [], [3]]).to_tensor().numpy()
        array([[1, 2],
               [0, 0],
               [3, 0]], dtype=int32)
    """
    pylist = _as_list(pylist)
    kind = as_dtype(row_splits_dtype).numpy.type
    if not isinstance(pylist, list):
        if ragged_rank:
            raise ArgumentError(f"{pylist!r} is one value, and ragged_rank is {ragged_rank}.", fix="pass nested lists.")
        return convert_to_tensor(pylist, dtype)
    depth, has_values = _depth(pylist)
    inner = None if inner_shape is None else tuple(np.atleast_1d(np.asarray(inner_shape, np.int64)).tolist())
    if ragged_rank is None:
        ragged_rank = max(depth - 1, 0) if inner is None else max(0, depth - 1 - len(inner))
    if ragged_rank == 0 and depth < 2:
        return convert_to_tensor(pylist, dtype)
    if ragged_rank >= depth and has_values:
        raise ArgumentError(
            f"lists nested {depth} deep have no {ragged_rank} ragged axes.", fix="pass a smaller ragged_rank."
        )
    values, partitions = pylist, []
    for _ in range(ragged_rank):
        partitions.append(RowPartition.from_lengths(np.array([len(row) for row in values], np.int64).astype(kind)))
        values = [value for row in values for value in _as_list(row)]
    found = _flat(values, dtype, inner)
    for partition in reversed(partitions):
        found = RaggedTensor(found, partition)
    return found


def _flat(values: list[Any], dtype: Any, inner: tuple[int, ...] | None) -> Any:
    values = _bare(values)
    if values:
        tensor = convert_to_tensor(values, dtype)
        if inner is not None and tuple(tensor.spec.shape[1:]) != inner:
            raise ArgumentError(
                f"the values inside have shape {tuple(tensor.spec.shape[1:])}, not {inner}.",
                fix="pass that inner_shape.",
            )
        return tensor
    return convert_to_tensor(np.zeros((0, *(inner or ())), as_dtype(dtype or "float32").numpy), dtype)


def _bare(value: Any) -> Any:
    """Arrays inside lists as lists, so that Python numbers among them decide the dtype."""
    return [_bare(item) for item in value] if isinstance(value, list) else value


def _as_list(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, np.ndarray):
        return list(value) if value.ndim else value.item()
    return value.to_list() if isinstance(value, RaggedTensor) else value


def _depth(value: Any) -> tuple[int, bool]:
    """How deep lists nest, and whether there are values at the bottom.

    Raises: ArgumentError if values stand at different depths.
    """
    value = _as_list(value)
    if not isinstance(value, list):
        return 0, True
    found = [_depth(item) for item in value]
    with_values = {depth for depth, has_values in found if has_values}
    deepest = max((depth for depth, _ in found), default=0)
    if len(with_values) > 1 or (with_values and deepest > min(with_values)):
        raise ArgumentError("values stand at different depths of the lists.", fix="nest all of them equally deep.")
    return deepest + 1, bool(with_values)
