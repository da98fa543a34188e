"""Operations on the bits of integers and bool: no gradient."""

from __future__ import annotations

from typing import Any

from headwater.errors import DTypeError
from headwater.ops.operands import pair, tensor
from headwater.ops.symbolic import op
from headwater.primitives import elementwise


def _bits(x1: Any, x2: Any, what: str) -> Any:
    x1, x2 = pair(x1, x2)
    if x1.spec.dtype.is_inexact:
        raise DTypeError(
            f"{what}: dtype {x1.spec.dtype.name} has no bits to combine.", fix="cast both operands to an integer dtype."
        )
    return x1, x2


@op
def bitwise_and(x: Any, y: Any) -> Any:
    """Bits that are set in both operands.

    Args:
        x, y: tensors of integers or bool whose shapes broadcast.
    Returns: a tensor of the broadcast shape.
    Raises: DTypeError for floats.
    Example:
        >>> bitwise_and(6, 3).numpy().item()
        2

    Source: own.
    """
    return elementwise.bitwise_and(*_bits(x, y, "bitwise_and"))


@op
def bitwise_or(x: Any, y: Any) -> Any:
    """Bits that are set in one operand or both.

    Args:
        x, y: tensors of integers or bool whose shapes broadcast.
    Returns: a tensor of the broadcast shape.
    Raises: DTypeError for floats.
    Source: own.
    """
    return elementwise.bitwise_or(*_bits(x, y, "bitwise_or"))


@op
def bitwise_xor(x: Any, y: Any) -> Any:
    """Bits that are set in exactly one operand.

    Args:
        x, y: tensors of integers or bool whose shapes broadcast.
    Returns: a tensor of the broadcast shape.
    Raises: DTypeError for floats.
    Source: own.
    """
    return elementwise.bitwise_xor(*_bits(x, y, "bitwise_xor"))


@op
def bitwise_invert(x: Any) -> Any:
    """All bits inverted; for bool the logical not.

    Args:
        x: a tensor of integers or bool.
    Returns: a tensor like `x`.
    Source: own.
    """
    return elementwise.bitwise_not(tensor(x))


bitwise_not = bitwise_invert


@op
def bitwise_left_shift(x: Any, y: Any) -> Any:
    """Bits moved up by y places.

    Args:
        x: a tensor of integers.
        y: numbers of places; the two shapes broadcast.
    Returns: a tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.left_shift(*_bits(x, y, "bitwise_left_shift"))


left_shift = bitwise_left_shift


@op
def bitwise_right_shift(x: Any, y: Any) -> Any:
    """Bits moved down by y places, the sign kept for signed dtypes.

    Args:
        x: a tensor of integers.
        y: numbers of places; the two shapes broadcast.
    Returns: a tensor of the broadcast shape.
    Source: own.
    """
    return elementwise.right_shift(*_bits(x, y, "bitwise_right_shift"))


right_shift = bitwise_right_shift
