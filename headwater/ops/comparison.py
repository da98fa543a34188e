"""Comparisons, logic and tests of elements: the results are bool and have no gradient."""

from __future__ import annotations

from typing import Any

from headwater.ops.operands import BOOL, boolean, const, inexact_pair, pair, reshape_to, spread, tensor
from headwater.ops.symbolic import op
from headwater.primitives import elementwise
from headwater.primitives.constant import scalar
from headwater.primitives.reduce import reduce_all, reduce_any


@op
def equal(x1: Any, x2: Any) -> Any:
    """True where two operands are equal.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a bool tensor of the broadcast shape.
    Example:
        >>> equal([1, 2], [1.0, 3.0]).numpy()
        array([ True, False])

    Source: own.
    """
    return elementwise.equal(*pair(x1, x2))


@op
def not_equal(x1: Any, x2: Any) -> Any:
    """True where two operands differ.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a bool tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.not_equal(*pair(x1, x2))


@op
def less(x1: Any, x2: Any) -> Any:
    """True where x1 < x2.

    Args:
        x1, x2: tensors of real numbers whose shapes broadcast.
    Returns: a bool tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.less(*pair(x1, x2))


@op
def less_equal(x1: Any, x2: Any) -> Any:
    """True where x1 <= x2.

    Args:
        x1, x2: tensors of real numbers whose shapes broadcast.
    Returns: a bool tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.less_equal(*pair(x1, x2))


@op
def greater(x1: Any, x2: Any) -> Any:
    """True where x1 > x2.

    Args:
        x1, x2: tensors of real numbers whose shapes broadcast.
    Returns: a bool tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.greater(*pair(x1, x2))


@op
def greater_equal(x1: Any, x2: Any) -> Any:
    """True where x1 >= x2.

    Args:
        x1, x2: tensors of real numbers whose shapes broadcast.
    Returns: a bool tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.greater_equal(*pair(x1, x2))


@op
def logical_and(x1: Any, x2: Any) -> Any:
    """True where both operands are true, that is, not zero.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a bool tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.bitwise_and(boolean(x1), boolean(x2))


@op
def logical_or(x1: Any, x2: Any) -> Any:
    """True where one operand or both are true, that is, not zero.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a bool tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.bitwise_or(boolean(x1), boolean(x2))


@op
def logical_xor(x1: Any, x2: Any) -> Any:
    """True where exactly one operand is true, that is, not zero.

    Args:
        x1, x2: tensors of any shapes that broadcast.
    Returns: a bool tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.bitwise_xor(boolean(x1), boolean(x2))


@op
def logical_not(x: Any) -> Any:
    """True where an element is zero.

    Args:
        x: a tensor.
    Returns: a bool tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.bitwise_not(boolean(x))


def _test(primitive: Any, x: Any, otherwise: bool) -> Any:
    """A test of floats; integers and bool have the answer `otherwise`."""
    x = tensor(x)
    if x.spec.dtype.is_complex:
        parts = primitive(elementwise.real(x)), primitive(elementwise.imag(x))
        return elementwise.bitwise_and(*parts) if otherwise else elementwise.bitwise_or(*parts)
    return primitive(x) if x.spec.dtype.is_floating else spread(scalar(otherwise, BOOL), x.spec.shape)


@op
def isnan(x: Any) -> Any:
    """True where an element is not a number.

    Args:
        x: a tensor.
    Returns: a bool tensor of the shape of `x`.
    Source: own.
    """
    return _test(elementwise.isnan, x, False)


@op
def isinf(x: Any) -> Any:
    """True where an element is infinite.

    Args:
        x: a tensor.
    Returns: a bool tensor of the shape of `x`.
    Source: own.
    """
    return _test(elementwise.isinf, x, False)


@op
def isfinite(x: Any) -> Any:
    """True where an element is neither infinite nor NaN.

    Args:
        x: a tensor.
    Returns: a bool tensor of the shape of `x`.
    Source: own.
    """
    return _test(elementwise.isfinite, x, True)


@op
def isposinf(x: Any) -> Any:
    """True where an element is plus infinity.

    Args:
        x: a tensor of real numbers.
    Returns: a bool tensor of the shape of `x`.
    Source: own.
    """
    return _test(lambda y: elementwise.equal(y, const(float("inf"), y)), x, False)


@op
def isneginf(x: Any) -> Any:
    """True where an element is minus infinity.

    Args:
        x: a tensor of real numbers.
    Returns: a bool tensor of the shape of `x`.
    Source: own.
    """
    return _test(lambda y: elementwise.equal(y, const(float("-inf"), y)), x, False)


@op
def isreal(x: Any) -> Any:
    """True where an element has no imaginary part.

    Args:
        x: a tensor.
    Returns: a bool tensor of the shape of `x`.
    Source: own.
    """
    x = tensor(x)
    if not x.spec.dtype.is_complex:
        return spread(scalar(True, BOOL), x.spec.shape)
    part = elementwise.imag(x)
    return elementwise.equal(part, const(0, part))


@op
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """True where two operands are equal within a tolerance: |x1 - x2| <= atol + rtol * |x2|.

    Args:
        x1, x2: tensors of any shapes that broadcast.
        rtol: allowed error relative to x2.
        atol: allowed error.
        equal_nan: whether NaN is close to NaN.
    Returns: a bool tensor of the broadcast shape.
    Example:
        >>> isclose([1.0, 2.0], [1.0, 2.1]).numpy()
        array([ True, False])

    Source: own.
    """
    x1, x2 = inexact_pair(x1, x2)
    distance = elementwise.abs_(elementwise.subtract(x1, x2))
    size = elementwise.abs_(x2)
    allowed = elementwise.add(elementwise.multiply(size, const(rtol, size)), const(atol, size))
    near = elementwise.bitwise_and(elementwise.less_equal(distance, allowed), elementwise.isfinite(allowed))
    found = elementwise.bitwise_or(near, elementwise.equal(x1, x2))
    if not equal_nan:
        return found
    return elementwise.bitwise_or(found, elementwise.bitwise_and(isnan(x1), isnan(x2)))


@op
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """True if two operands are equal within a tolerance everywhere.

    Args:
        x1, x2, rtol, atol, equal_nan: as for `isclose`.
    Returns: a bool tensor of no axes.
    Source: own.
    """
    found = isclose(x1, x2, rtol, atol, equal_nan)
    return reduce_all(found, axes=tuple(range(found.spec.ndim)))


@op
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """True where an element of x1 is among the elements of x2.

    Args:
        x1: a tensor of any shape.
        x2: a tensor of any shape.
        assume_unique: allowed for NumPy's sake; it changes nothing.
        invert: whether to say where an element is not among them.
    Returns: a bool tensor of the shape of `x1`.
    Example:
        >>> isin([1, 2, 3], [3, 1]).numpy()
        array([ True, False,  True])

    Source: own.
    """
    x1, x2 = pair(x1, x2)
    ndim = x1.spec.ndim
    pairs = elementwise.equal(reshape_to(x1, (*x1.spec.shape, 1)), reshape_to(x2, (*(1,) * ndim, x2.spec.size)))
    found = reduce_any(pairs, axes=(ndim,))
    return elementwise.bitwise_not(found) if invert else found
