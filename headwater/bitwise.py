"""TensorFlow's `tf.bitwise`: logic on the bits of integers."""

from __future__ import annotations

from typing import Any

from headwater import ops


def bitwise_and(x: Any, y: Any, name: str | None = None) -> Any:
    """The bits that both have."""
    return ops.bitwise_and(x, y)


def bitwise_or(x: Any, y: Any, name: str | None = None) -> Any:
    """The bits that one or both have."""
    return ops.bitwise_or(x, y)


def bitwise_xor(x: Any, y: Any, name: str | None = None) -> Any:
    """The bits that one of the two has."""
    return ops.bitwise_xor(x, y)


def invert(x: Any, name: str | None = None) -> Any:
    """Every bit turned."""
    return ops.bitwise_not(x)


def left_shift(x: Any, y: Any, name: str | None = None) -> Any:
    """The bits of x moved up by y places."""
    return ops.left_shift(x, y)


def right_shift(x: Any, y: Any, name: str | None = None) -> Any:
    """The bits of x moved down by y places; the sign stays."""
    return ops.right_shift(x, y)
