"""From what users pass to arrays: conversion, and the promotion of several to one dtype."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import dtypes
from headwater.dtypes import DType, as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.ir import dispatch
from headwater.ir.dispatch import Array
from headwater.ops.strings import first_leaf, string_array
from headwater.primitives.constant import scalar
from headwater.primitives.elementwise import cast as _cast

_DEFAULTS = {bool: dtypes.bool_, int: dtypes.int32, float: dtypes.float32, complex: dtypes.complex64}


def is_tensor(x: Any) -> bool:
    """True for a Tensor, eager or traced."""
    return isinstance(x, Array)


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """A Tensor with the values of `x`.

    Args:
        x: a Tensor, Variable, NumPy array, Python number, str, bytes, (nested) list of these, or whatever has
            `__array__` or DLPack. Strings become a tensor of dtype `tf.string`: a str as its UTF-8 bytes.
        dtype: what to convert to. By default arrays keep theirs, Python floats become float32 and Python ints int32.
    Returns: a Tensor; `x` itself if it is one of that dtype.
    Raises: ShapeError for a ragged list; DTypeError for what has no dtype.
    Example:
        >>> convert_to_tensor([[1, 2], [3, 4]]).shape
        TensorShape([2, 2])
    """
    if not isinstance(x, Array):
        x = _convert(x, None if dtype is None else as_dtype(dtype))
    if dtype is None or x.spec.dtype == dtype:
        return x
    return _cast(x, dtype=as_dtype(dtype))


def _convert(x: Any, dtype: DType | None) -> Any:
    kind = type(x)
    # By far the commonest, and every call of a compiled function comes this way: no question is asked twice.
    if kind is np.ndarray and dtype is None and x.dtype.kind in "biufc" and x.dtype.isnative:
        return dispatch.array_from_numpy(x)
    if kind in _DEFAULTS:
        return scalar(x, _scalar_dtype(x, kind, dtype))
    if kind is not list and kind is not tuple:
        to_tensor = getattr(x, "__headwater_tensor__", None)
        if to_tensor is not None:
            return to_tensor()
        if hasattr(kind, "__headwater_function__"):
            raise DTypeError(
                f"a {kind.__name__} is taken where a tensor must stand.",
                fix="make a tensor of it first: to_tensor() of a ragged one, tf.sparse.to_dense of a sparse one.",
            )
    if isinstance(x, (list, tuple)) and _holds_arrays(x):
        return _stack([convert_to_tensor(item, dtype) for item in x])
    return dispatch.array_from_numpy(as_numpy(x, dtype))


def _scalar_dtype(x: Any, kind: type, dtype: DType | None) -> DType:
    if dtype is not None and (dtype.is_inexact or kind is bool or (kind is int and dtype.is_integer)):
        if dtype.is_integer and not dtype.min <= x <= dtype.max:
            raise DTypeError(f"{x} does not fit into {dtype.name}.", fix="choose a wider dtype.")
        return dtype
    if kind is int and not -(2**31) <= x < 2**31:
        return dtypes.int64 if -(2**63) <= x < 2**63 else dtypes.uint64
    return _DEFAULTS[kind]


def _holds_arrays(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(_holds_arrays(item) for item in x)
    return isinstance(x, Array) or hasattr(x, "__headwater_tensor__")


def _stack(items: Sequence[Any]) -> Any:
    from headwater.primitives.shape import concatenate, reshape

    items = promote(*items)
    shapes = {item.spec.shape for item in items}
    if len(shapes) > 1:
        raise ShapeError(
            f"the items of a list have shapes {', '.join(map(str, sorted(shapes)))}.", fix="give items of one shape."
        )
    return concatenate(*[reshape(item, shape=(1, *item.spec.shape)) for item in items], axis=0)


def as_numpy(x: Any, dtype: DType | None = None) -> np.ndarray:
    """`x` as a C-contiguous NumPy array of a dtype that tensors can have; not a copy if it is one already, of numbers.

    Raises: ShapeError for a ragged list; DTypeError if the values are neither numbers nor strings.
    """
    if isinstance(x, Array):
        return dispatch.array_to_numpy(x)
    leaf = first_leaf(x) if isinstance(x, (list, tuple)) else x
    if isinstance(leaf, (str, bytes)) or (dtype is dtypes.string and isinstance(leaf, (list, tuple))):
        return string_array(x)
    if not isinstance(x, np.ndarray) and hasattr(x, "detach"):  # a torch tensor
        x = x.detach().cpu()
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ShapeError(
            f"a nested list is ragged: {error}.", fix="give rows of one length, or use tf.ragged.constant."
        ) from None
    if array.dtype.kind in "OSUT":
        if array.dtype.kind in "SU" and isinstance(first_leaf(x), (bool, int, float, complex, np.number)):
            raise DTypeError("a list holds numbers and strings.", fix="convert all of them to one kind first.")
        return string_array(array)
    if not isinstance(x, (np.ndarray, np.generic)) and dtype is None and not hasattr(x, "dtype"):
        array = _with_python_defaults(x, array)
    if dtype is not None and array.dtype != dtype.numpy and dtype.code <= dtypes.complex128.code:
        array = array.astype(dtype.numpy)
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("="))
    return np.ascontiguousarray(array).reshape(array.shape)


def _leaf_type(x: Any) -> type:
    return type(first_leaf(x))


def _with_python_defaults(x: Any, array: np.ndarray) -> np.ndarray:
    """A list of Python numbers: floats become float32, ints int32 where they fit."""
    if issubclass(_leaf_type(x), np.generic):
        return array
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype == np.complex128:
        return array.astype(np.complex64)
    if array.dtype == np.int64 and (array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31)):
        return array.astype(np.float32 if array.size == 0 else np.int32)
    return array


def dtype_of(x: Any) -> DType:
    """The dtype that `x` has, or would have as a Tensor."""
    if isinstance(x, Array):
        return x.spec.dtype
    found = getattr(x, "dtype", None)
    return as_dtype(found) if found is not None else _DEFAULTS.get(type(x)) or convert_to_tensor(x).spec.dtype


def promotion_kind(x: Any) -> Any:
    """What `dtypes.result_type` takes for `x`: a Python number's type, which is weak, or a dtype."""
    return type(x) if type(x) in _DEFAULTS else dtype_of(x)


def promote(*xs: Any, to: Any = None) -> list[Any]:
    """Tensors of one dtype: the one that those of `xs` promote to, Python numbers being weak.

    Args:
        xs: whatever `convert_to_tensor` takes.
        to: applied to the common dtype, e.g. `dtypes.floating`.
    """
    if to is None and all(isinstance(x, Array) for x in xs):
        first = xs[0].spec.dtype
        if all(x.spec.dtype is first for x in xs):
            return list(xs)
    arrays = [x if isinstance(x, Array) or type(x) in _DEFAULTS else convert_to_tensor(x) for x in xs]
    common = dtypes.result_type(*[promotion_kind(x) for x in arrays])
    if to is not None:
        common = to(common)
    return [convert_to_tensor(x, common) for x in arrays]


def shape_of(x: Any) -> tuple[int | None, ...]:
    """The shape that `x` has, or would have as a Tensor."""
    return x.spec.shape if isinstance(x, Array) else tuple(np.shape(x)) if not hasattr(x, "shape") else tuple(x.shape)
