"""New tensors: filled, counted, identity matrices, windows."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from headwater import dtypes
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.ops.convert import convert_to_tensor, promote, promotion_kind
from headwater.ops.defaults import floatx
from headwater.ops.operands import (
    BOOL,
    INT32,
    axis_of,
    cast,
    const,
    inexact,
    int_of,
    is_known,
    known,
    reshape_to,
    sizes_of,
    spread,
    tensor,
)  # fmt: skip
from headwater.ops.symbolic import op
from headwater.primitives import elementwise
from headwater.primitives import shape as moves
from headwater.primitives.constant import scalar


def filled(shape: Any, value: complex, dtype: Any, what: str) -> Any:
    """A tensor of one number; `dtype` None means the default float dtype."""
    return spread(scalar(value, floatx() if dtype is None else as_dtype(dtype)), sizes_of(shape, what))


@op
def zeros(shape: Any, dtype: Any = None) -> Any:
    """A tensor of zeros.

    Args:
        shape: its sizes.
        dtype: its dtype; the default float dtype, if not given.
    Returns: a tensor of that shape.
    Example:
        >>> zeros((2, 2)).numpy()
        array([[0., 0.],
               [0., 0.]], dtype=float32)

    Source: own.
    """
    return filled(shape, 0, dtype, "zeros")


@op
def ones(shape: Any, dtype: Any = None) -> Any:
    """A tensor of ones.

    Args:
        shape: its sizes.
        dtype: its dtype; the default float dtype, if not given.
    Returns: a tensor of that shape.
    Source: own.
    """
    return filled(shape, 1, dtype, "ones")


@op
def empty(shape: Any, dtype: Any = None) -> Any:
    """A tensor to be filled later; it holds zeros, so that nothing depends on what was in memory.

    Args:
        shape: its sizes.
        dtype: its dtype; the default float dtype, if not given.
    Returns: a tensor of that shape.
    Source: own.
    """
    return filled(shape, 0, dtype, "empty")


@op
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """A tensor of one value.

    Args:
        shape: its sizes.
        fill_value: a number, or a tensor that broadcasts to the shape.
        dtype: its dtype; the default float dtype, if not given.
    Returns: a tensor of that shape.
    Source: own.
    """
    return spread(convert_to_tensor(fill_value, floatx() if dtype is None else dtype), sizes_of(shape, "full"))


def _like(x: Any, value: complex, dtype: Any) -> Any:
    x = tensor(x)
    return spread(scalar(value, x.spec.dtype if dtype is None else as_dtype(dtype)), x.spec.shape)


@op
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Zeros of the shape of a tensor.

    Args:
        x: a tensor.
        dtype: the dtype; that of `x`, if not given.
    Returns: a tensor of that shape.
    Source: own.
    """
    return _like(x, 0, dtype)


@op
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Ones of the shape of a tensor.

    Args:
        x: a tensor.
        dtype: the dtype; that of `x`, if not given.
    Returns: a tensor of that shape.
    Source: own.
    """
    return _like(x, 1, dtype)


@op
def empty_like(x: Any, dtype: Any = None) -> Any:
    """A tensor of the shape of another, to be filled later; it holds zeros.

    Args:
        x: a tensor.
        dtype: the dtype; that of `x`, if not given.
    Returns: a tensor of that shape.
    Source: own.
    """
    return _like(x, 0, dtype)


@op
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """One value in the shape of a tensor.

    Args:
        x: a tensor.
        fill_value: a number, or a tensor that broadcasts to the shape.
        dtype: the dtype; that of `x`, if not given.
    Returns: a tensor of that shape.
    Source: own.
    """
    x = tensor(x)
    value = convert_to_tensor(fill_value)
    return spread(cast(value, x.spec.dtype if dtype is None else as_dtype(dtype)), x.spec.shape)


@op
def array(x: Any, dtype: Any = None) -> Any:
    """A tensor with the values of `x`.

    Args:
        x: a tensor, array, number, or nested list of numbers.
        dtype: what to convert to.
    Returns: a tensor.
    Source: own.
    """
    return convert_to_tensor(x, dtype)


@op
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """Numbers from `start` up to `stop`, which is left out, in steps.

    Args:
        start: the first number; the end, if it is alone, and the start is 0.
        stop: the end.
        step: the distance; 1, if not given.
        dtype: the dtype; what the arguments promote to, if not given.
    Returns: a tensor of one axis.
    Raises: ArgumentError if the bounds are tensors of a traced function, whose length is not known.
    Example:
        >>> arange(1, 7, 2).numpy()
        array([1, 3, 5], dtype=int32)

    Source: own.
    """
    given = [each for each in (start, stop, step) if each is not None]
    kind = dtypes.result_type(*[promotion_kind(each) for each in given]) if dtype is None else as_dtype(dtype)
    low, high = (0, start) if stop is None else (start, stop)
    low, high, stride = (
        known(each, "arange", "start, stop, step").reshape(()).item()
        for each in (low, high, 1 if step is None else step)
    )
    if stride == 0:
        raise ArgumentError("arange: a step of 0 never arrives.", fix="give a positive or a negative step.")
    count = builtins.max(0, math.ceil((high - low) / stride))
    if count == 0:
        return spread(scalar(0, kind), (0,))
    if kind is BOOL:
        return cast(tensor(np.arange(low, high, stride)), kind)
    line = moves.iota(shape=(count,), axis=0, dtype=kind)
    if stride != 1:
        line = elementwise.multiply(line, const(stride, line))
    return line if low == 0 else elementwise.add(line, const(low, line))


@op
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """Numbers at equal distances from `start` to `stop`.

    Args:
        start, stop: the ends, numbers or tensors whose shapes broadcast.
        num: how many numbers.
        endpoint: whether `stop` is one of them.
        retstep: whether to give the distance too.
        dtype: the dtype; a float dtype, if not given.
        axis: where the new axis stands in the result.
    Returns: a tensor with a new axis of `num` elements; with `retstep` a pair (tensor, distance).
    Example:
        >>> linspace(0.0, 1.0, 5).numpy()
        array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)

    Source: own.
    """
    count = int_of(num, "linspace", "num")
    if count < 0:
        raise ArgumentError(f"linspace: {count} numbers can't be made.", fix="give `num` of 0 or more.")
    low, high = promote(start, stop, to=lambda kind: kind if kind.is_inexact else floatx())
    divisor = count - 1 if endpoint else count
    step = elementwise.divide(elementwise.subtract(high, low), const(divisor if divisor > 0 else math.nan, low))
    found = _between(low, high, count, divisor, endpoint)
    place = axis_of(axis, found.spec.ndim, "linspace")
    if place:
        order = [*range(1, place + 1), 0, *range(place + 1, found.spec.ndim)]
        found = moves.transpose(found, perm=tuple(order))
    if dtype is not None and as_dtype(dtype) is not found.spec.dtype:
        kind = as_dtype(dtype)
        found = cast(elementwise.floor(found) if kind.is_integer else found, kind)
    return (found, step) if retstep else found


def _between(low: Any, high: Any, count: int, divisor: int, endpoint: bool) -> Any:
    """The numbers along a new first axis; the last one is exactly `high`."""
    sizes = elementwise.subtract(high, low).spec.shape
    real = low.spec.dtype.real_dtype
    parts = np.arange(count) / (divisor if divisor > 0 else 1)
    weight = reshape_to(cast(tensor(parts.astype(real.numpy)), low.spec.dtype), (count, *(1,) * len(sizes)))
    inverse = reshape_to(cast(tensor((1 - parts).astype(real.numpy)), low.spec.dtype), (count, *(1,) * len(sizes)))
    found = elementwise.add(elementwise.multiply(low, inverse), elementwise.multiply(high, weight))
    return found if found.spec.shape == (count, *sizes) else spread(found, (count, *sizes))


@op
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10, dtype: Any = None, axis: int = 0
) -> Any:
    """Numbers at equal ratios, from base**start to base**stop.

    Args:
        start, stop: exponents of the ends, numbers or tensors whose shapes broadcast.
        num: how many numbers.
        endpoint: whether the last end is one of them.
        base: the base of the powers.
        dtype: the dtype; a float dtype, if not given.
        axis: where the new axis stands in the result.
    Returns: a tensor with a new axis of `num` elements.
    Source: own.
    """
    exponents = linspace(start, stop, num, endpoint, False, None, axis)
    found = elementwise.power(*promote(base, exponents))
    return found if dtype is None else cast(found, as_dtype(dtype))


@op
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """Numbers at equal ratios, from `start` to `stop`.

    Args:
        start, stop: the ends, numbers or tensors of one sign, whose shapes broadcast.
        num: how many numbers.
        endpoint: whether `stop` is one of them.
        dtype: the dtype; a float dtype, if not given.
        axis: where the new axis stands in the result.
    Returns: a tensor with a new axis of `num` elements.
    Source: own.
    """
    low, high = promote(start, stop, to=lambda kind: kind if kind.is_inexact else floatx())
    turn = elementwise.sign(low)
    exponents = linspace(
        elementwise.log(elementwise.multiply(low, turn)),
        elementwise.log(elementwise.multiply(high, turn)),
        num,
        endpoint,
        False,
        None,
        axis,
    )
    if turn.spec.ndim:
        place = axis_of(axis, exponents.spec.ndim, "geomspace")
        turn = reshape_to(turn, (*turn.spec.shape[:place], 1, *turn.spec.shape[place:]))
    found = elementwise.multiply(elementwise.exp(exponents), turn)
    return found if dtype is None else cast(found, as_dtype(dtype))


def _counts(rows: Any, columns: Any, what: str) -> tuple[int, int]:
    height = int_of(rows, what, "N")
    return height, height if columns is None else int_of(columns, what, "M")


@op
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix with ones on a diagonal and zeros elsewhere.

    Args:
        N: number of rows.
        M: number of columns; N, if not given.
        k: which diagonal: above the main one if positive, below if negative.
        dtype: its dtype; the default float dtype, if not given.
    Returns: a tensor of shape (N, M).
    Example:
        >>> eye(2).numpy()
        array([[1., 0.],
               [0., 1.]], dtype=float32)

    Source: own.
    """
    rows, columns = _counts(N, M, "eye")
    row = moves.iota(shape=(rows, 1), axis=0, dtype=INT32)
    column = moves.iota(shape=(1, columns), axis=1, dtype=INT32)
    hits = elementwise.equal(elementwise.add(row, scalar(int_of(k, "eye", "k"), INT32)), column)
    return cast(hits, floatx() if dtype is None else as_dtype(dtype))


@op
def identity(n: int, dtype: Any = None) -> Any:
    """The square identity matrix.

    Args:
        n: number of rows and columns.
        dtype: its dtype; the default float dtype, if not given.
    Returns: a tensor of shape (n, n).
    Source: own.
    """
    return eye(n, dtype=dtype)


@op
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """A matrix with ones on a diagonal and below it, zeros above.

    Args:
        N: number of rows.
        M: number of columns; N, if not given.
        k: which diagonal: above the main one if positive, below if negative.
        dtype: its dtype; the default float dtype, if not given.
    Returns: a tensor of shape (N, M).
    Source: own.
    """
    from headwater.ops.layout import below_diagonal

    rows, columns = _counts(N, M, "tri")
    return cast(below_diagonal(rows, columns, int_of(k, "tri", "k")), floatx() if dtype is None else as_dtype(dtype))


# Windows: symmetric, for a length known beforehand


def _window(values: np.ndarray) -> Any:
    return tensor(values.astype(floatx().numpy))


@op
def bartlett(x: Any) -> Any:
    """The Bartlett window, a triangle that is 0 at both ends.

    Args:
        x: its length.
    Returns: a float tensor of one axis.
    Source: Bartlett 1950, "Periodogram analysis and continuous spectra".
    """
    return _window(np.bartlett(int_of(x, "bartlett", "x")))


@op
def blackman(x: Any) -> Any:
    """The Blackman window, a sum of two cosines.

    Args:
        x: its length.
    Returns: a float tensor of one axis.
    Source: Blackman and Tukey 1958, "The measurement of power spectra".
    """
    return _window(np.blackman(int_of(x, "blackman", "x")))


@op
def hamming(x: Any) -> Any:
    """The Hamming window, a raised cosine that is 0.08 at both ends.

    Args:
        x: its length.
    Returns: a float tensor of one axis.
    Source: Blackman and Tukey 1958, "The measurement of power spectra".
    """
    return _window(np.hamming(int_of(x, "hamming", "x")))


@op
def hanning(x: Any) -> Any:
    """The Hann window, a raised cosine that is 0 at both ends.

    Args:
        x: its length.
    Returns: a float tensor of one axis.
    Source: Blackman and Tukey 1958, "The measurement of power spectra".
    """
    return _window(np.hanning(int_of(x, "hanning", "x")))


@op
def kaiser(x: Any, beta: Any) -> Any:
    """The Kaiser window.

    Args:
        x: its length.
        beta: how narrow it is; 0 gives a rectangle.
    Returns: a float tensor of one axis.
    Source: Kaiser 1966, "Digital filters".
    """
    length = int_of(x, "kaiser", "x")
    if is_known(beta):
        return _window(np.kaiser(length, float(known(beta, "kaiser", "beta"))))
    from headwater.ops.elementary import i0

    place = tensor((2 * np.arange(length) / builtins.max(length - 1, 1) - 1).astype(floatx().numpy))
    width = cast(inexact(beta), place.spec.dtype)
    height = elementwise.sqrt(elementwise.subtract(const(1, place), elementwise.square(place)))
    return elementwise.divide(i0(elementwise.multiply(width, height)), i0(width))
