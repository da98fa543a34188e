"""Arithmetic of two operands, rounding and clipping. Operands promote to one dtype and broadcast by NumPy's rule."""

from __future__ import annotations

from typing import Any

from headwater.errors import ArgumentError, DTypeError
from headwater.ops.convert import promote
from headwater.ops.defaults import floatx
from headwater.ops.operands import BOOL, cast, const, inexact, inexact_pair, number, pair, spread, tensor
from headwater.ops.symbolic import op
from headwater.primitives import elementwise
from headwater.primitives.constant import scalar


def _numbers(x1: Any, x2: Any) -> Any:
    """Two operands of one dtype that is not bool."""
    x1, x2 = pair(x1, x2)
    return (number(x1), number(x2)) if x1.spec.dtype is BOOL else (x1, x2)


@op
def add(x1: Any, x2: Any) -> Any:
    """Sum of two operands, element by element; for bool the logical or.

    Args:
        x1: a tensor, array or number of any shape.
        x2: the same; the two shapes broadcast.
    Returns: a tensor of the broadcast shape, in the dtype that the two promote to.
    Raises: ShapeError if the shapes do not broadcast.
    Example:
        >>> add([1, 2], 0.5).numpy()
        array([1.5, 2.5], dtype=float32)

    Source: own.
    """
    return elementwise.add(*pair(x1, x2))


@op
def subtract(x1: Any, x2: Any) -> Any:
    """Difference of two operands, element by element.

    Args:
        x1, x2: tensors of any shapes that broadcast, of numbers.
    Returns: a tensor of the broadcast shape.
    Raises: DTypeError for bool; ShapeError if the shapes do not broadcast.
    Example:
        >>> subtract([5, 2], 1).numpy()
        array([4, 1], dtype=int32)

    Source: own.
    """
    x1, x2 = pair(x1, x2)
    if x1.spec.dtype is BOOL:
        raise DTypeError("subtract: bool has no difference.", fix="use logical_xor, or cast to a number first.")
    return elementwise.subtract(x1, x2)


@op
def multiply(x1: Any, x2: Any) -> Any:
    """Product of two operands, element by element; for bool the logical and.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a tensor of the broadcast shape.
    Example:
        >>> multiply([1.0, 2.0], [[3.0], [4.0]]).numpy()
        array([[3., 6.],
               [4., 8.]], dtype=float32)

    Source: own.
    """
    return elementwise.multiply(*pair(x1, x2))


@op
def divide(x1: Any, x2: Any) -> Any:
    """True quotient of two operands, element by element: always float or complex.

    Args:
        x1, x2: tensors of any shapes that broadcast; integers become the default float dtype.
    Returns: a tensor of the broadcast shape; a division by zero gives inf or NaN.
    Example:
        >>> divide(3, [2, 4]).numpy()
        array([1.5 , 0.75], dtype=float32)

    Source: own.
    """
    return elementwise.divide(*inexact_pair(x1, x2))


true_divide = divide


@op
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """True quotient of two operands, and 0 where the divisor is 0.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a tensor of the broadcast shape.
    Example:
        >>> divide_no_nan([1.0, 2.0], [0.0, 4.0]).numpy()
        array([0. , 0.5], dtype=float32)

    Source: own.
    """
    x1, x2 = inexact_pair(x1, x2)
    zero = const(0, x2)
    none = elementwise.equal(x2, zero)
    return elementwise.select(none, zero, elementwise.divide(x1, elementwise.select(none, const(1, x2), x2)))


@op
def floor_divide(x1: Any, x2: Any) -> Any:
    """Quotient of two operands, rounded towards minus infinity.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a tensor of the broadcast shape and of the dtype that the two promote to; 0 for an integer divided by zero.
    Example:
        >>> floor_divide([7, -7], 2).numpy()
        array([ 3, -4], dtype=int32)

    Source: own.
    """
    return elementwise.floor_divide(*_numbers(x1, x2))


@op
def mod(x1: Any, x2: Any) -> Any:
    """Remainder of the floored quotient: it has the sign of the divisor.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a tensor of the broadcast shape.
    Example:
        >>> mod([7, -7], 3).numpy()
        array([1, 2], dtype=int32)

    Source: own.
    """
    return elementwise.remainder(*_numbers(x1, x2))


@op
def fmod(x1: Any, x2: Any) -> Any:
    """Remainder of the truncated quotient: it has the sign of the dividend.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a tensor of the broadcast shape.
    Example:
        >>> fmod([7, -7], 3).numpy()
        array([ 1, -1], dtype=int32)

    Source: own.
    """
    return elementwise.fmod(*_numbers(x1, x2))


@op
def power(x1: Any, x2: Any) -> Any:
    """First operand to the power of the second.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a tensor of the broadcast shape and of the dtype that the two promote to. A negative power of an integer
        is 0, but for the bases 1 and -1.
    Example:
        >>> power([2.0, 3.0], 2).numpy()
        array([4., 9.], dtype=float32)

    Source: own.
    """
    if type(x2) in (int, float):
        x1 = tensor(x1)
        if x1.spec.dtype.is_floating or (x1.spec.dtype.is_integer and type(x2) is int):
            if x2 == 2:
                return elementwise.square(x1)
            if x2 == 1:
                return x1
    return elementwise.power(*_numbers(x1, x2))


@op
def maximum(x1: Any, x2: Any) -> Any:
    """The larger of two operands, element by element; NaN where one is NaN.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a tensor of the broadcast shape. Where the two are equal, each gets half of the gradient.
    Example:
        >>> maximum([1, 5], [3, 2]).numpy()
        array([3, 5], dtype=int32)

    Source: own.
    """
    return elementwise.maximum(*pair(x1, x2))


@op
def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of two operands, element by element; NaN where one is NaN.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a tensor of the broadcast shape. Where the two are equal, each gets half of the gradient.
    Example:
        >>> minimum([1, 5], [3, 2]).numpy()
        array([1, 2], dtype=int32)

    Source: own.
    """
    return elementwise.minimum(*pair(x1, x2))


@op
def fmax(x1: Any, x2: Any) -> Any:
    """The larger of two operands, element by element; a NaN gives way to the other operand.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a tensor of the broadcast shape; NaN only where both are.
    Source: IEEE 754-2008, maxNum.
    """
    return _ignoring_nan(elementwise.maximum, x1, x2)


@op
def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of two operands, element by element; a NaN gives way to the other operand.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a tensor of the broadcast shape; NaN only where both are.
    Source: IEEE 754-2008, minNum.
    """
    return _ignoring_nan(elementwise.minimum, x1, x2)


def _ignoring_nan(choice: Any, x1: Any, x2: Any) -> Any:
    x1, x2 = pair(x1, x2)
    if not x1.spec.dtype.is_floating:
        return choice(x1, x2)
    first = elementwise.select(elementwise.isnan(x1), x2, x1)
    second = elementwise.select(elementwise.isnan(x2), x1, x2)
    return choice(first, second)


@op
def negative(x: Any) -> Any:
    """-x, element by element.

    Args:
        x: a tensor of numbers.
    Returns: a tensor like `x`.
    Source: own.
    """
    return elementwise.negative(number(x))


@op
def absolute(x: Any) -> Any:
    """Magnitude of each element.

    Args:
        x: a tensor.
    Returns: a tensor of the shape of `x`: real for complex input, else of its dtype. The gradient at 0 is 0.
    Example:
        >>> absolute([-1.5, 2.0]).numpy()
        array([1.5, 2. ], dtype=float32)

    Source: own.
    """
    x = tensor(x)
    return x if x.spec.dtype.kind in ("bool", "uint") else elementwise.abs_(x)


abs = absolute


@op
def fabs(x: Any) -> Any:
    """Magnitude of each element as a float.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.abs_(inexact(x))


@op
def sign(x: Any) -> Any:
    """-1, 0 or 1 for each element; x / |x| for a complex number.

    Args:
        x: a tensor of numbers.
    Returns: a tensor like `x`.
    Example:
        >>> sign([-3, 0, 2]).numpy()
        array([-1,  0,  1], dtype=int32)

    Source: own.
    """
    return elementwise.sign(number(x))


@op
def signbit(x: Any) -> Any:
    """True where an element is negative, -0.0 included.

    Args:
        x: a tensor of real numbers.
    Returns: a bool tensor of the shape of `x`.
    Source: own.
    """
    x = tensor(x)
    if x.spec.dtype.is_floating:
        return elementwise.signbit(x)
    x = number(x)
    return elementwise.less(x, const(0, x))


@op
def square(x: Any) -> Any:
    """x * x, element by element.

    Args:
        x: a tensor of numbers.
    Returns: a tensor like `x`.
    Source: own.
    """
    return elementwise.square(number(x))


@op
def reciprocal(x: Any) -> Any:
    """1 / x, element by element.

    Args:
        x: a tensor.
    Returns: a float or complex tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.reciprocal(inexact(x))


@op
def floor(x: Any) -> Any:
    """Each element rounded down, as a float.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.floor(inexact(x))


@op
def ceil(x: Any) -> Any:
    """Each element rounded up, as a float.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.ceil(inexact(x))


@op
def trunc(x: Any) -> Any:
    """Each element rounded towards zero.

    Args:
        x: a tensor of real numbers.
    Returns: a tensor like `x`.
    Source: own.
    """
    x = tensor(x)
    return elementwise.trunc(x) if x.spec.dtype.is_floating else x


@op
def round(x: Any, decimals: int = 0) -> Any:
    """Each element rounded to `decimals` places, ties to the even digit.

    Args:
        x: a tensor of real numbers.
        decimals: number of places after the point; negative for tens, hundreds, ...
    Returns: a tensor like `x`.
    Example:
        >>> round([0.5, 1.5, 2.25], decimals=1).numpy()
        array([0.5, 1.5, 2.2], dtype=float32)

    Source: own.
    """
    x = tensor(x)
    dtype = x.spec.dtype
    if not dtype.is_floating:
        if decimals >= 0:
            return x
        return cast(_rounded(cast(x, floatx()), decimals), dtype)
    return _rounded(x, decimals)


def _rounded(x: Any, decimals: int) -> Any:
    if decimals == 0:
        return elementwise.round_(x)
    factor = const(10.0 ** (decimals if decimals > 0 else -decimals), x)
    there, back = (
        (elementwise.multiply, elementwise.divide) if decimals > 0 else (elementwise.divide, elementwise.multiply)
    )
    return back(elementwise.round_(there(x, factor)), factor)


@op
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Each element, held between two bounds.

    Args:
        x: a tensor of real numbers.
        x_min: the lower bound, a number or a tensor that broadcasts with `x`; None for no bound.
        x_max: the upper bound, likewise.
    Returns: a tensor of the broadcast shape.
    Example:
        >>> clip([-2, 0, 9], -1, 3).numpy()
        array([-1,  0,  3], dtype=int32)

    Source: own.
    """
    x = number(x)
    if x_min is None and x_max is None:
        return x
    if x_max is None:
        return elementwise.maximum(*pair(x, x_min))
    if x_min is None:
        return elementwise.minimum(*pair(x, x_max))
    return elementwise.clamp(*promote(x, x_min, x_max))


@op
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """`x` with NaN and infinities replaced by numbers.

    Args:
        x: a tensor.
        nan: what replaces NaN.
        posinf: what replaces +inf; None means the largest number of the dtype.
        neginf: what replaces -inf; None means the smallest number of the dtype.
    Returns: a tensor like `x`.
    Example:
        >>> nan_to_num([float("nan"), 1.0], nan=-1.0).numpy()
        array([-1.,  1.], dtype=float32)

    Source: own.
    """
    x = tensor(x)
    dtype = x.spec.dtype
    if dtype.is_complex:
        parts = [nan_to_num(part, nan, posinf, neginf) for part in (elementwise.real(x), elementwise.imag(x))]
        return elementwise.to_complex(*parts)
    if not dtype.is_floating:
        return x
    high = scalar(float(dtype.max) if posinf is None else posinf, dtype)
    low = scalar(float(dtype.min) if neginf is None else neginf, dtype)
    infinite = elementwise.select(elementwise.less(x, const(0, x)), low, high)
    finite = elementwise.select(elementwise.isinf(x), infinite, x)
    return elementwise.select(elementwise.isnan(x), scalar(nan, dtype), finite)


@op
def heaviside(x1: Any, x2: Any) -> Any:
    """0 where x1 < 0, 1 where x1 > 0, and x2 where x1 is 0.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a float tensor of the broadcast shape; NaN where x1 is.
    Source: own.
    """
    x1, x2 = inexact_pair(x1, x2)
    zero = const(0, x1)
    step = elementwise.select(
        elementwise.greater(x1, zero), const(1, x1), elementwise.select(elementwise.less(x1, zero), zero, x2)
    )
    return elementwise.select(elementwise.isnan(x1), x1, step)


@op
def hypot(x1: Any, x2: Any) -> Any:
    """Length of the vector (x1, x2), without overflow on the way.

    Args:
        x1, x2: tensors of real numbers whose shapes broadcast.
    Returns: a float tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.hypot(*inexact_pair(x1, x2))


@op
def arctan2(x1: Any, x2: Any) -> Any:
    """Angle of the point (x2, x1), in radians from -pi to pi.

    Args:
        x1: ordinates, a tensor of real numbers.
        x2: abscissas; the two shapes broadcast.
    Returns: a float tensor of the broadcast shape.
    Example:
        >>> arctan2([1.0, -1.0], [1.0, 0.0]).numpy().round(4)
        array([ 0.7854, -1.5708], dtype=float32)

    Source: own.
    """
    return elementwise.atan2(*inexact_pair(x1, x2))


@op
def logaddexp(x1: Any, x2: Any) -> Any:
    """log(exp(x1) + exp(x2)), without overflow.

    Args:
        x1, x2: tensors of real numbers whose shapes broadcast.
    Returns: a float tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.logaddexp(*inexact_pair(x1, x2))


_LOG_2 = 0.6931471805599453


@op
def logaddexp2(x1: Any, x2: Any) -> Any:
    """log2(2**x1 + 2**x2), without overflow.

    Args:
        x1, x2: tensors of real numbers whose shapes broadcast.
    Returns: a float tensor of the broadcast shape.
    Source: own.
    """
    x1, x2 = inexact_pair(x1, x2)
    unit = const(_LOG_2, x1)
    natural = elementwise.logaddexp(elementwise.multiply(x1, unit), elementwise.multiply(x2, unit))
    return elementwise.multiply(natural, const(1 / _LOG_2, x1))


@op
def ldexp(x1: Any, x2: Any) -> Any:
    """x1 times 2 to the power x2.

    Args:
        x1: a tensor of real numbers.
        x2: a tensor of integers; the two shapes broadcast.
    Returns: a float tensor of the broadcast shape.
    Raises: DTypeError if x2 does not hold integers.
    Source: own.
    """
    x1, x2 = inexact(x1), tensor(x2)
    if not x2.spec.dtype.is_integer:
        raise DTypeError(f"ldexp: the exponent has dtype {x2.spec.dtype.name}.", fix="cast it to int32.")
    return elementwise.ldexp(x1, cast(x2, x1.spec.dtype))


@op
def gcd(x1: Any, x2: Any) -> Any:
    """Greatest common divisor of two operands.

    Args:
        x1, x2: tensors of integers whose shapes broadcast.
    Returns: a tensor of the broadcast shape.
    Example:
        >>> gcd([12, 9], 6).numpy()
        array([6, 3], dtype=int32)

    Source: own.
    """
    return elementwise.gcd(*pair(x1, x2))


@op
def lcm(x1: Any, x2: Any) -> Any:
    """Least common multiple of two operands.

    Args:
        x1, x2: tensors of integers whose shapes broadcast.
    Returns: a tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.lcm(*pair(x1, x2))


@op
def nextafter(x1: Any, x2: Any) -> Any:
    """The next number after x1 in the direction of x2.

    Args:
        x1, x2: float tensors whose shapes broadcast.
    Returns: a float tensor of the broadcast shape.
    Source: IEEE 754-2019, section 5.3.1.
    """
    return elementwise.nextafter(*inexact_pair(x1, x2))


@op
def psnr(x1: Any, x2: Any, max_val: float) -> Any:
    """Peak signal-to-noise ratio of two images, in decibels.

    Args:
        x1, x2: tensors of one shape.
        max_val: the largest value that a pixel can have.
    Returns: a float tensor of no axes: 20 log10(max_val) - 10 log10(mean squared error).
    Raises: ArgumentError if the shapes differ.
    Source: own.
    """
    from headwater.ops.reduction import mean

    x1, x2 = pair(x1, x2)
    if x1.spec.shape != x2.spec.shape:
        raise ArgumentError(
            f"psnr: shapes {tuple(x1.spec.shape)} and {tuple(x2.spec.shape)} differ.",
            fix="give two images of one shape.",
        )
    error = inexact(mean(elementwise.square(elementwise.subtract(x1, x2))))
    ten = const(10, error)
    signal = elementwise.multiply(
        elementwise.log10(spread(cast(tensor(max_val), error.spec.dtype), ())), const(20, error)
    )
    return elementwise.subtract(signal, elementwise.multiply(ten, elementwise.log10(error)))
