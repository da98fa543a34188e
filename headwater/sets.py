"""TensorFlow's `tf.sets`: the last axis of a tensor as sets of values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.ops.convert import convert_to_tensor


def _rows(x: Any) -> tuple[tuple[int, ...], dict[tuple[int, ...], set[Any]], Any]:
    """The shape without the last axis, the set of each place there, and the dtype."""
    if isinstance(x, SparseTensor):
        found: dict[tuple[int, ...], set[Any]] = {}
        for place, value in zip(x.host_indices().tolist(), host_array(x.values).tolist()):
            found.setdefault(tuple(place[:-1]), set()).add(value)
        return x.static_shape[:-1], found, x.dtype
    tensor = convert_to_tensor(x)
    array = host_array(tensor)
    if array.ndim < 2:
        raise ShapeError(f"sets of shape {array.shape}.", fix="give at least two axes, the last one the sets.")
    lead = array.shape[:-1]
    return lead, {place: set(array[place].tolist()) for place in np.ndindex(lead)}, tensor.spec.dtype


def _combined(a: Any, b: Any, combine: Callable[[set[Any], set[Any]], set[Any]]) -> SparseTensor:
    if isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        raise ArgumentError("sets: a is sparse and b is not.", fix="make both sparse, or a the dense one.")
    lead, left, dtype = _rows(a)
    other, right, other_dtype = _rows(b)
    if dtype is not other_dtype:
        raise DTypeError(f"sets of {dtype.name} and {other_dtype.name}.", fix="cast one of them.")
    if lead != other:
        raise ShapeError(f"sets of shapes {lead} and {other}.", fix="give as many sets in each.")
    places, values, most = [], [], 0
    for place in sorted({*left, *right}):
        found = sorted(combine(left.get(place, set()), right.get(place, set())))
        places += [(*place, number) for number in range(len(found))]
        values += found
        most = max(most, len(found))
    indices = np.array(places, np.int64).reshape(-1, len(lead) + 1)
    kind = np.array(values, dtype.numpy) if dtype.kind != "string" else values
    return SparseTensor(indices, convert_to_tensor(kind, dtype), (*lead, most))


def union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """The values of either set, in order.

    Args:
        a, b: tensors or sparse ones, equal in shape but for the last axis, which holds the sets.
        validate_indices: accepted for TensorFlow's sake.
    Returns: a SparseTensor; its last axis has the size of the largest set.
    Example:
        >>> union([[1, 2]], [[2, 3]]).values.numpy()
        array([1, 2, 3], dtype=int32)
    """
    return _combined(a, b, set.union)


def intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """The values of both sets, in order. Its arguments are those of `union`."""
    return _combined(a, b, set.intersection)


def difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """The values of the first set that are not in the second, in order; the other way round if not `aminusb`."""
    return _combined(a, b, set.difference if aminusb else lambda left, right: right - left)


def size(a: SparseTensor, validate_indices: bool = True) -> Any:
    """How many different values each set has: int32."""
    if not isinstance(a, SparseTensor):
        raise ArgumentError("sets.size of a tensor that is not sparse.", fix="use tf.sparse.from_dense first.")
    lead, rows, _ = _rows(a)
    found = np.zeros(lead, np.int32)
    for place, values in rows.items():
        found[place] = len(values)
    return convert_to_tensor(found)
