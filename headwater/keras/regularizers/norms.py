"""Penalties by the size of the weights."""

from __future__ import annotations

import math
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, UnsupportedError


class Regularizer:
    """Base of the regularizers: a callable from weights to a penalty (a scalar)."""

    def __call__(self, x: Any) -> Any:
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this regularizer again."""
        raise UnsupportedError(f"{type(self).__name__} can't be saved.", fix="define get_config(self).")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """The regularizer that `get_config` described."""
        return cls(**config)


def strength(value: Any, name: str) -> float:
    """`value` as a float, if it can be the weight of a penalty.

    Raises: ArgumentError for what is negative, infinite or no number.
    """
    if not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ArgumentError(f"{name} is {value!r}: a penalty has a finite weight of 0 or more.", fix="pass e.g. 0.01.")
    return float(value)


def _sum_of_magnitudes(x: Any, weight: float) -> Any:
    return ops.multiply(ops.sum(ops.absolute(x)), ops.cast(weight, x.dtype))


def _sum_of_squares(x: Any, weight: float) -> Any:
    return ops.multiply(ops.sum(ops.square(x)), ops.cast(weight, x.dtype))


class L1(Regularizer):
    """l1 * sum(|x|): drives weights to exactly 0.

    Args:
        l1: weight of the penalty.
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = strength(0.01 if l1 is None else l1, "l1")

    def __call__(self, x: Any) -> Any:
        return _sum_of_magnitudes(x, self.l1)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this regularizer again."""
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 * sum(x^2): keeps weights small.

    Args:
        l2: weight of the penalty.
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = strength(0.01 if l2 is None else l2, "l2")

    def __call__(self, x: Any) -> Any:
        return _sum_of_squares(x, self.l2)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this regularizer again."""
        return {"l2": self.l2}


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x^2).

    Args:
        l1: weight of the first term.
        l2: weight of the second.
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = strength(0.0 if l1 is None else l1, "l1")
        self.l2 = strength(0.0 if l2 is None else l2, "l2")

    def __call__(self, x: Any) -> Any:
        if self.l1 and self.l2:
            return ops.add(_sum_of_magnitudes(x, self.l1), _sum_of_squares(x, self.l2))
        if self.l1:
            return _sum_of_magnitudes(x, self.l1)
        return _sum_of_squares(x, self.l2) if self.l2 else ops.zeros((), dtype=x.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this regularizer again."""
        return {"l1": self.l1, "l2": self.l2}
