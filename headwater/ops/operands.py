"""What every op does to its arguments first: to a tensor, to one dtype, to axes counted from the front."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.ir import dispatch
from headwater.ir.dispatch import Array
from headwater.ir.spec import normalize_axis
from headwater.ops.convert import convert_to_tensor, promote
from headwater.ops.defaults import floatx
from headwater.primitives import elementwise, shape
from headwater.primitives.constant import scalar

INT32 = as_dtype("int32")
INT64 = as_dtype("int64")
FLOAT32 = as_dtype("float32")
BOOL = as_dtype("bool")


def tensor(x: Any) -> Any:
    """`x` as a tensor; itself if it is one."""
    return x if isinstance(x, Array) else convert_to_tensor(x)


def pair(x1: Any, x2: Any) -> Any:
    """Two operands as tensors of one dtype."""
    if isinstance(x1, Array):
        if isinstance(x2, Array):
            if x1.spec.dtype is x2.spec.dtype:
                return x1, x2
        elif _is_weak(x2, x1.spec.dtype):
            return x1, scalar(x2, x1.spec.dtype)
    elif isinstance(x2, Array) and _is_weak(x1, x2.spec.dtype):
        return scalar(x1, x2.spec.dtype), x2
    return promote(x1, x2)


def _is_weak(value: Any, dtype: DType) -> bool:
    """True for a Python number that takes the dtype of a tensor: the commonest case, decided quickly."""
    kind = type(value)
    if kind is float:
        return dtype.kind == "float"
    return kind is int and (dtype.kind in ("float", "int") and -128 <= value <= 127)


def cast(x: Any, dtype: DType) -> Any:
    """A tensor in another dtype; itself if it has that dtype."""
    return x if x.spec.dtype is dtype else elementwise.cast(x, dtype=dtype)


def inexact(x: Any) -> Any:
    """`x` as a tensor of floats or complex numbers: integers and bool become `floatx()`."""
    x = tensor(x)
    return x if x.spec.dtype.is_inexact else elementwise.cast(x, dtype=floatx())


def inexact_pair(x1: Any, x2: Any) -> Any:
    """Two operands as tensors of one float or complex dtype."""
    x1, x2 = pair(x1, x2)
    return (x1, x2) if x1.spec.dtype.is_inexact else (inexact(x1), inexact(x2))


def number(x: Any, fallback: DType = INT32) -> Any:
    """`x` as a tensor of numbers: bool becomes int32."""
    x = tensor(x)
    return cast(x, fallback) if x.spec.dtype is BOOL else x


def boolean(x: Any) -> Any:
    """`x` as a tensor of bool: True where it is not zero."""
    return cast(tensor(x), BOOL)


def const(value: complex, like: Any) -> Any:
    """A constant of no axes in the dtype of the tensor `like`."""
    return scalar(value, like.spec.dtype)


def wide(x: Any) -> Any:
    """A tensor in which sums are safe: 16-bit floats become float32."""
    return elementwise.cast(x, dtype=FLOAT32) if x.spec.dtype.is_floating and x.spec.dtype.size == 2 else x


def axes_of(axis: Any, ndim: int, what: str) -> tuple[int, ...]:
    """Distinct axes counted from the front, in ascending order; all of them if `axis` is None.

    Raises: ShapeError if one does not exist or is named twice.
    """
    if axis is None:
        return tuple(range(ndim))
    if not isinstance(axis, (tuple, list)):
        return (normalize_axis(operator.index(axis), ndim, what),)
    found = sorted(normalize_axis(operator.index(each), ndim, what) for each in axis)
    if len(set(found)) != len(found):
        raise ShapeError(f"{what}: axes {tuple(axis)} name an axis twice.", fix="name each axis once.")
    return tuple(found)


def axis_of(axis: Any, ndim: int, what: str) -> int:
    """One axis counted from the front."""
    return normalize_axis(operator.index(axis), ndim, what)


def is_known(x: Any) -> bool:
    """True if the values of `x` can be read now: it is not a tensor of a trace."""
    return not isinstance(x, Array) or x.buffer is not None


def known(x: Any, what: str, argument: str) -> np.ndarray:
    """The values of `x` on the host.

    Raises: ArgumentError if it is a tensor of a function that is being traced.
    """
    if isinstance(x, Array):
        if x.buffer is None:
            raise ArgumentError(
                f"{what}: the values of `{argument}` are needed to find the shape of the result, and a traced "
                "function has none yet.",
                fix="call it outside of the traced function, or give sizes that are known (a `size` argument, "
                "numbers, NumPy arrays).",
            )
        return dispatch.array_to_numpy(x)
    if not isinstance(x, (np.ndarray, list, tuple, int, float, complex, np.generic)):
        return known(tensor(x), what, argument)
    if isinstance(x, (list, tuple)) and any(isinstance(item, Array) for item in x):
        return np.asarray([known(item, what, argument) for item in x])
    return np.asarray(x)


def int_of(x: Any, what: str, argument: str) -> int:
    """A whole number on the host: from an int, a NumPy integer or an eager tensor."""
    if type(x) is int:
        return x
    try:
        return operator.index(x)
    except TypeError:
        pass
    values = known(x, what, argument)
    if values.size != 1 or values.dtype.kind not in "iu":
        raise DTypeError(f"{what}: `{argument}` is {x!r}, not a whole number.", fix="give an int.")
    return int(values.reshape(()))


def sizes_of(sizes: Any, what: str) -> tuple[int | None, ...]:
    """A shape as a tuple: from an int, a sequence of ints (None stays None), an array or an eager tensor."""
    if isinstance(sizes, (int, np.integer)):
        return (int(sizes),)
    if isinstance(sizes, (Array, np.ndarray)):
        return tuple(int(size) for size in known(sizes, what, "shape").reshape(-1))
    return tuple(None if size is None else int_of(size, what, "shape") for size in sizes)


def resized(sizes: Sequence[int | None], x: Any, what: str) -> tuple[int | None, ...]:
    """A shape for the elements of `x` in which one size may be -1 (or None) and is computed.

    Raises: ShapeError if several are, or if the numbers of elements differ.
    """
    open_places = [place for place, size in enumerate(sizes) if size is None or size == -1]
    if any(size is not None and size < -1 for size in sizes) or len([p for p in open_places if sizes[p] == -1]) > 1:
        raise ShapeError(
            f"{what}: {tuple(sizes)} is not a shape.", fix="give sizes of 0 or more; one of them may be -1."
        )
    if not open_places or not x.spec.is_static:
        return tuple(None if size == -1 else size for size in sizes)
    if len(open_places) > 1:
        raise ShapeError(f"{what}: {tuple(sizes)} leaves several sizes open.", fix="leave one size open at most.")
    rest = 1
    for place, size in enumerate(sizes):
        rest *= 1 if place in open_places else size  # type: ignore[operator]
    if (rest == 0 and x.spec.size) or (rest and x.spec.size % rest):
        raise ShapeError(
            f"{what}: the {x.spec.size} elements of shape {tuple(x.spec.shape)} do not fill {tuple(sizes)}.",
            fix=f"choose sizes whose product divides {x.spec.size}.",
        )
    missing = x.spec.size // rest if rest else 0
    return tuple(missing if place in open_places else size for place, size in enumerate(sizes))


def reshape_to(x: Any, sizes: Iterable[int | None]) -> Any:
    """A tensor in another shape; itself if it has that shape."""
    sizes = tuple(sizes)
    return x if x.spec.shape == sizes and None not in sizes else shape.reshape(x, shape=sizes)


def spread(x: Any, sizes: Iterable[int | None]) -> Any:
    """A tensor broadcast to a shape; itself if it has that shape."""
    sizes = tuple(sizes)
    return x if x.spec.shape == sizes else shape.broadcast_to(x, shape=sizes)


def permuted(x: Any, order: Iterable[int]) -> Any:
    """A tensor with its axes in another order; itself if they are in that order."""
    order = tuple(order)
    return x if order == tuple(range(len(order))) else shape.transpose(x, perm=order)


def kept(x: Any, axes: Sequence[int]) -> tuple[int | None, ...]:
    """The shape of `x` with the sizes of `axes` set to 1."""
    return tuple(1 if axis in axes else size for axis, size in enumerate(x.spec.shape))


def cut(x: Any, axis: int, start: int, limit: int, stride: int = 1) -> Any:
    """Elements start, start + stride, ... before limit along one axis."""
    size = x.spec.shape[axis]
    if start == 0 and limit == size and stride == 1:
        return x
    starts = tuple(start if i == axis else 0 for i in range(x.spec.ndim))
    limits = tuple(limit if i == axis else other for i, other in enumerate(x.spec.shape))
    strides = tuple(stride if i == axis else 1 for i in range(x.spec.ndim))
    return shape.slice_(x, starts=starts, limits=limits, strides=strides)


def counted(size: int, like_ndim: int, axis: int, dtype: DType) -> Any:
    """0, 1, 2, ... along `axis`, of size 1 along the other axes: it broadcasts."""
    return shape.iota(shape=tuple(size if i == axis else 1 for i in range(like_ndim)), axis=axis, dtype=dtype)
