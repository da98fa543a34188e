"""Conversion, dtypes and shapes: what is not arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ShapeError
from headwater.ops.convert import as_numpy, dtype_of, shape_of
from headwater.ops.convert import convert_to_tensor as _convert_to_tensor
from headwater.ops.convert import is_tensor as _is_tensor
from headwater.ops.elementary import view_as_complex, view_as_real
from headwater.ops.operands import BOOL, cut, reshape_to, tensor
from headwater.ops.operands import cast as _cast
from headwater.ops.symbolic import op
from headwater.primitives import elementwise
from headwater.primitives.constant import scalar


@op
def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    """A tensor with the values of `x`.

    Args:
        x: a tensor, variable, NumPy array, Python number, or a nested list of these.
        dtype: what to convert to. By default arrays keep theirs, Python floats become float32 and Python ints int32.
        sparse, ragged: allowed for Keras's sake; the result is dense.
    Returns: a tensor; `x` itself if it is one of that dtype.
    Raises: ShapeError for a ragged list; DTypeError for what is no number.
    Example:
        >>> convert_to_tensor([[1, 2], [3, 4]]).shape
        TensorShape([2, 2])

    Source: own.
    """
    return _convert_to_tensor(x, dtype)


@op
def convert_to_numpy(x: Any) -> np.ndarray:
    """The values of a tensor as a NumPy array.

    Args:
        x: a tensor, or what converts to one.
    Returns: a NumPy array, which may share memory with the tensor and is then read-only.
    Raises: StateError in a traced function, where a tensor has no values.
    Source: own.
    """
    return as_numpy(tensor(x)) if not isinstance(x, np.ndarray) else x


@op
def cast(x: Any, dtype: Any) -> Any:
    """`x` in another dtype: from float to integer towards zero, to bool whether it is not zero.

    Args:
        x: a tensor.
        dtype: the dtype.
    Returns: a tensor of the shape of `x`; itself if it has that dtype.
    Example:
        >>> cast([1.7, -1.7], "int32").numpy()
        array([ 1, -1], dtype=int32)

    Source: own.
    """
    return _cast(tensor(x), as_dtype(dtype))


@op
def saturate_cast(x: Any, dtype: Any) -> Any:
    """`x` in another dtype, with numbers beyond its limits held at them.

    Args:
        x: a tensor.
        dtype: the dtype.
    Returns: a tensor of the shape of `x`.
    Example:
        >>> saturate_cast([-5, 300], "uint8").numpy()
        array([  0, 255], dtype=uint8)

    Source: own.
    """
    x, target = tensor(x), as_dtype(dtype)
    source = x.spec.dtype
    if source is BOOL or target is BOOL or source.is_complex or target.is_complex:
        return _cast(x, target)
    low, high = _common_limits(source, target)
    if low is not None:
        x = elementwise.maximum(x, scalar(low, source))
    if high is not None:
        x = elementwise.minimum(x, scalar(high, source))
    return _cast(x, target)


def _common_limits(source: DType, target: DType) -> tuple[Any, Any]:
    """Limits of the target that numbers of the source can exceed, as numbers of the source; None where they can't."""
    low = target.min if float(target.min) > float(source.min) else None
    high = target.max if float(target.max) < float(source.max) else None
    if source.is_floating and target.is_integer and high is not None:
        kind = source.numpy.type
        inside = kind(high)
        high = (
            float(inside)
            if float(inside) <= high
            else float(np.nextafter(np.float64(high), 0))
            if source == "float64"
            else _below(high, source)
        )
    return (float(low) if source.is_floating and low is not None else low), (
        float(high) if source.is_floating and high is not None else high
    )


def _below(value: Any, dtype: DType) -> float:
    """The largest number of a float dtype that is not above `value`."""
    found = np.asarray(value, dtype.numpy)
    step = float(found) * dtype.eps
    return float(np.asarray(float(found) - step, dtype.numpy))


@op
def shape(x: Any) -> Any:
    """The shape of a tensor, as a tuple.

    Args:
        x: a tensor.
    Returns: a tuple of ints; a size that is not known yet is None.
    Source: own.
    """
    return tuple(shape_of(x))


@op
def ndim(x: Any) -> int:
    """The number of axes of a tensor.

    Args:
        x: a tensor.
    Returns: an int.
    Source: own.
    """
    return len(shape_of(x))


@op
def size(x: Any) -> int:
    """The number of elements of a tensor.

    Args:
        x: a tensor.
    Returns: an int.
    Source: own.
    """
    return tensor(x).spec.size


@op
def dtype(x: Any) -> Any:
    """The dtype of a tensor.

    Args:
        x: a tensor, or what converts to one.
    Returns: a dtype, which is its name.
    Example:
        >>> dtype(1.5) == "float32"
        True

    Source: own.
    """
    return dtype_of(x)


@op
def is_tensor(x: Any) -> bool:
    """True for a tensor.

    Args:
        x: anything.
    Returns: a bool; False for NumPy arrays, numbers and symbolic inputs.
    Source: own.
    """
    return _is_tensor(x)


@op
def view(x: Any, dtype: Any = None) -> Any:
    """The bits of a tensor read as another dtype.

    Args:
        x: a tensor.
        dtype: the dtype; if its size differs, the last axis grows or shrinks.
    Returns: a tensor.
    Raises: ShapeError if the last axis does not hold a whole number of elements of that dtype.
    Example:
        >>> view(np.array([1.0], "float32"), "int32").numpy()
        array([1065353216], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    target = x.spec.dtype if dtype is None else as_dtype(dtype)
    source = x.spec.dtype
    if target.size == source.size:
        return x if target is source else elementwise.bitcast(x, dtype=target)
    if not x.spec.ndim or (x.spec.shape[-1] * source.size) % target.size:
        raise ShapeError(
            f"view: the last axis of shape {tuple(x.spec.shape)} in {source.name} does not fill elements of "
            f"{target.name}.",
            fix=f"give a last axis whose bytes are a multiple of {target.size}.",
        )
    if source.size == 16:
        return view(_pairs(x), target)
    if target.size == 16:
        parts = view(x, "float64")
        return view_as_complex(reshape_to(parts, (*parts.spec.shape[:-1], parts.spec.shape[-1] // 2, 2)))
    return _split_bits(x, target) if target.size < source.size else _joined_bits(x, target)


def _pairs(x: Any) -> Any:
    """Complex numbers as twice as many floats along the last axis: no unsigned dtype is as large as complex128."""
    return reshape_to(view_as_real(x), (*x.spec.shape[:-1], x.spec.shape[-1] * 2))


_UNSIGNED = {1: "uint8", 2: "uint16", 4: "uint32", 8: "uint64"}


def _split_bits(x: Any, target: DType) -> Any:
    """Each element taken apart into smaller ones, the lowest bits first."""
    whole, part = as_dtype(_UNSIGNED[x.spec.dtype.size]), as_dtype(_UNSIGNED[target.size])
    count = whole.size // part.size
    bits = elementwise.bitcast(x, dtype=whole)
    bits = reshape_to(bits, (*bits.spec.shape, 1))
    shifts = tensor((np.arange(count) * part.size * 8).astype(whole.numpy))
    mask = scalar(2 ** (8 * part.size) - 1, whole)
    pieces = elementwise.cast(elementwise.bitwise_and(elementwise.right_shift(bits, shifts), mask), dtype=part)
    pieces = reshape_to(pieces, (*x.spec.shape[:-1], x.spec.shape[-1] * count))
    return pieces if target is part else elementwise.bitcast(pieces, dtype=target)


def _joined_bits(x: Any, target: DType) -> Any:
    """Neighbours put together into larger elements, the lowest bits first."""
    part, whole = as_dtype(_UNSIGNED[x.spec.dtype.size]), as_dtype(_UNSIGNED[target.size])
    count = whole.size // part.size
    bits = elementwise.cast(elementwise.bitcast(x, dtype=part), dtype=whole)
    bits = reshape_to(bits, (*x.spec.shape[:-1], x.spec.shape[-1] // count, count))
    last = bits.spec.ndim - 1
    joined = None
    for place in range(count):
        piece = reshape_to(cut(bits, last, place, place + 1), bits.spec.shape[:-1])
        piece = elementwise.left_shift(piece, scalar(8 * part.size * place, whole)) if place else piece
        joined = piece if joined is None else elementwise.bitwise_or(joined, piece)
    return joined if target is whole else elementwise.bitcast(joined, dtype=target)
