"""Elementary and special functions of one operand. Integers and bool become the default float dtype first."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from headwater.ops.operands import const, inexact, inexact_pair, tensor
from headwater.ops.symbolic import op
from headwater.primitives import elementwise


@op
def sqrt(x: Any) -> Any:
    """Square root of each element; NaN for a negative real number.

    Args:
        x: a tensor.
    Returns: a float or complex tensor of the shape of `x`.
    Example:
        >>> sqrt([4, 9]).numpy()
        array([2., 3.], dtype=float32)

    Source: own.
    """
    return elementwise.sqrt(inexact(x))


@op
def rsqrt(x: Any) -> Any:
    """1 / sqrt(x), element by element.

    Args:
        x: a tensor.
    Returns: a float or complex tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.rsqrt(inexact(x))


@op
def cbrt(x: Any) -> Any:
    """Cube root of each element, real for negative numbers too.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.cbrt(inexact(x))


@op
def exp(x: Any) -> Any:
    """e to the power of each element.

    Args:
        x: a tensor.
    Returns: a float or complex tensor of the shape of `x`.
    Example:
        >>> exp([0, 1]).numpy().round(3)
        array([1.   , 2.718], dtype=float32)

    Source: own.
    """
    return elementwise.exp(inexact(x))


@op
def exp2(x: Any) -> Any:
    """2 to the power of each element.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.exp2(inexact(x))


@op
def expm1(x: Any) -> Any:
    """exp(x) - 1, accurate near 0.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.expm1(inexact(x))


@op
def log(x: Any) -> Any:
    """Natural logarithm of each element: -inf at 0, NaN below.

    Args:
        x: a tensor.
    Returns: a float or complex tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.log(inexact(x))


@op
def log2(x: Any) -> Any:
    """Logarithm to the base 2 of each element.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.log2(inexact(x))


@op
def log10(x: Any) -> Any:
    """Logarithm to the base 10 of each element.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.log10(inexact(x))


@op
def log1p(x: Any) -> Any:
    """log(1 + x), accurate near 0.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.log1p(inexact(x))


@op
def sin(x: Any) -> Any:
    """Sine of each angle, in radians.

    Args:
        x: a tensor.
    Returns: a float or complex tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.sin(inexact(x))


@op
def cos(x: Any) -> Any:
    """Cosine of each angle, in radians.

    Args:
        x: a tensor.
    Returns: a float or complex tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.cos(inexact(x))


@op
def tan(x: Any) -> Any:
    """Tangent of each angle, in radians.

    Args:
        x: a tensor.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.tan(inexact(x))


@op
def arcsin(x: Any) -> Any:
    """Angle whose sine is x, in radians from -pi/2 to pi/2; NaN outside of -1 to 1.

    Args:
        x: a tensor.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.asin(inexact(x))


@op
def arccos(x: Any) -> Any:
    """Angle whose cosine is x, in radians from 0 to pi; NaN outside of -1 to 1.

    Args:
        x: a tensor.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.acos(inexact(x))


@op
def arctan(x: Any) -> Any:
    """Angle whose tangent is x, in radians from -pi/2 to pi/2.

    Args:
        x: a tensor.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.atan(inexact(x))


@op
def sinh(x: Any) -> Any:
    """Hyperbolic sine of each element.

    Args:
        x: a tensor.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.sinh(inexact(x))


@op
def cosh(x: Any) -> Any:
    """Hyperbolic cosine of each element.

    Args:
        x: a tensor.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.cosh(inexact(x))


@op
def tanh(x: Any) -> Any:
    """Hyperbolic tangent of each element, from -1 to 1.

    Args:
        x: a tensor.
    Returns: a float or complex tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.tanh(inexact(x))


@op
def arcsinh(x: Any) -> Any:
    """Inverse hyperbolic sine of each element.

    Args:
        x: a tensor.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.asinh(inexact(x))


@op
def arccosh(x: Any) -> Any:
    """Inverse hyperbolic cosine of each element; NaN below 1.

    Args:
        x: a tensor.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.acosh(inexact(x))


@op
def arctanh(x: Any) -> Any:
    """Inverse hyperbolic tangent of each element; NaN outside of -1 to 1.

    Args:
        x: a tensor.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.atanh(inexact(x))


@op
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), element by element: from 0 to 1.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Example:
        >>> sigmoid([-6.0, 0.0, 6.0]).numpy().round(4)
        array([0.0025, 0.5   , 0.9975], dtype=float32)

    Source: own.
    """
    return elementwise.sigmoid(inexact(x))


@op
def erf(x: Any) -> Any:
    """Error function of each element: 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: Abramowitz and Stegun 1964, 7.1.1.
    """
    return elementwise.erf(inexact(x))


@op
def erfc(x: Any) -> Any:
    """1 - erf(x), accurate for large x.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: Abramowitz and Stegun 1964, 7.1.2.
    """
    return elementwise.erfc(inexact(x))


@op
def erfinv(x: Any) -> Any:
    """The number whose error function is x; infinite at -1 and 1, NaN beyond.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.erfinv(inexact(x))


@op
def deg2rad(x: Any) -> Any:
    """Angles in radians from angles in degrees.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    x = inexact(x)
    return elementwise.multiply(x, const(math.pi / 180, x))


@op
def rad2deg(x: Any) -> Any:
    """Angles in degrees from angles in radians.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    x = inexact(x)
    return elementwise.multiply(x, const(180 / math.pi, x))


@op
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    x = inexact(x)
    at_zero = elementwise.equal(x, const(0, x))
    angle = elementwise.multiply(elementwise.select(at_zero, const(1, x), x), const(math.pi, x))
    return elementwise.select(at_zero, const(1, x), elementwise.divide(elementwise.sin(angle), angle))


_SPLIT = 8.0  # i0: a series in x below, in 1 / x above


@functools.cache
def _i0_coefficients() -> tuple[list[float], list[float]]:
    """Chebyshev coefficients of exp(-x) I0(x) on [0, 8], and of exp(-x) sqrt(x) I0(x) as a function of 16 / x -
    1 above.
    """
    chebyshev = np.polynomial.chebyshev
    nodes = np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    small = (nodes + 1) * _SPLIT / 2
    near = chebyshev.chebfit(nodes, np.exp(-small) * np.i0(small), 28)
    large = np.minimum(2 * _SPLIT / (nodes + 1), 600.0)
    far = chebyshev.chebfit(2 * _SPLIT / large - 1, np.exp(-large) * np.sqrt(large) * np.i0(large), 24)
    return near.tolist(), far.tolist()


def _chebyshev(coefficients: list[float], x: Any) -> Any:
    """Clenshaw's sum of a Chebyshev series at x."""
    twice = elementwise.multiply(x, const(2, x))
    later, last = const(0, x), const(0, x)
    for coefficient in reversed(coefficients[1:]):
        now = elementwise.add(elementwise.subtract(elementwise.multiply(twice, later), last), const(coefficient, x))
        later, last = now, later
    return elementwise.add(elementwise.subtract(elementwise.multiply(x, later), last), const(coefficients[0], x))


@op
def i0(x: Any) -> Any:
    """Modified Bessel function of the first kind, of order 0, of each element.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: Clenshaw 1955, "A note on the summation of Chebyshev series"; coefficients fitted here.
    """
    x = elementwise.abs_(inexact(x))
    split = const(_SPLIT, x)
    near, far = _i0_coefficients()
    low, high = elementwise.minimum(x, split), elementwise.maximum(x, split)
    below = _chebyshev(near, elementwise.subtract(elementwise.multiply(low, const(2 / _SPLIT, x)), const(1, x)))
    beyond = _chebyshev(far, elementwise.subtract(elementwise.divide(const(2 * _SPLIT, x), high), const(1, x)))
    scaled = elementwise.select(
        elementwise.less(x, split), below, elementwise.multiply(beyond, elementwise.rsqrt(high))
    )
    return elementwise.multiply(elementwise.exp(x), scaled)


# Complex numbers


@op
def real(x: Any) -> Any:
    """Real part of each element; `x` itself if it is real.

    Args:
        x: a tensor.
    Returns: a real tensor of the shape of `x`.
    Source: own.
    """
    x = tensor(x)
    return elementwise.real(x) if x.spec.dtype.is_complex else x


@op
def imag(x: Any) -> Any:
    """Imaginary part of each element; zeros if `x` is real.

    Args:
        x: a tensor.
    Returns: a real tensor of the shape of `x`.
    Source: own.
    """
    x = tensor(x)
    if x.spec.dtype.is_complex:
        return elementwise.imag(x)
    from headwater.ops.creation import zeros_like

    return zeros_like(x)


@op
def conjugate(x: Any) -> Any:
    """Complex conjugate of each element; `x` itself if it is real.

    Args:
        x: a tensor.
    Returns: a tensor like `x`.
    Source: own.
    """
    x = tensor(x)
    return elementwise.conj(x) if x.spec.dtype.is_complex else x


conj = conjugate


@op
def angle(x: Any) -> Any:
    """Argument of each complex number, in radians; 0 or pi for a real one.

    Args:
        x: a tensor.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    x = inexact(x)
    if x.spec.dtype.is_complex:
        return elementwise.atan2(elementwise.imag(x), elementwise.real(x))
    flat = elementwise.select(elementwise.less(x, const(0, x)), const(math.pi, x), const(0, x))
    return elementwise.select(elementwise.isnan(x), x, flat)


@op
def polar(abs_: Any, angle: Any) -> Any:
    """Complex number of a magnitude and an angle.

    Args:
        abs_: magnitudes, a float tensor.
        angle: angles in radians; the two shapes broadcast.
    Returns: a complex tensor of the broadcast shape.
    Source: own.
    """
    size, turn = inexact_pair(abs_, angle)
    return elementwise.to_complex(
        elementwise.multiply(size, elementwise.cos(turn)), elementwise.multiply(size, elementwise.sin(turn))
    )


@op
def view_as_complex(x: Any) -> Any:
    """Complex numbers from pairs of real and imaginary part along the last axis.

    Args:
        x: a float tensor of shape (..., 2).
    Returns: a complex tensor of shape (...).
    Raises: ShapeError if the last axis has not two elements.
    Source: own.
    """
    from headwater.errors import ShapeError
    from headwater.ops.operands import cut, reshape_to

    x = inexact(x)
    if x.spec.ndim < 1 or x.spec.shape[-1] != 2:
        raise ShapeError(
            f"view_as_complex: the last axis of shape {tuple(x.spec.shape)} must have 2 elements.",
            fix="stack the real and the imaginary part along the last axis.",
        )
    last = x.spec.ndim - 1
    parts = [reshape_to(cut(x, last, place, place + 1), x.spec.shape[:-1]) for place in (0, 1)]
    return elementwise.to_complex(*parts)


@op
def view_as_real(x: Any) -> Any:
    """Real and imaginary part along a new last axis.

    Args:
        x: a complex tensor of shape (...).
    Returns: a float tensor of shape (..., 2).
    Source: own.
    """
    from headwater.ops.operands import reshape_to
    from headwater.primitives.shape import concatenate

    parts = (real(x), imag(x))
    return concatenate(*[reshape_to(part, (*part.spec.shape, 1)) for part in parts], axis=parts[0].spec.ndim)
