"""The constraints: functions from weights to the weights that are allowed."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import settings


class Constraint:
    """Base of the constraints; a subclass gives `__call__(w)`, which returns weights of the same shape."""

    def __call__(self, w: Any) -> Any:
        return w

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this constraint again."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """The constraint that `get_config` described."""
        return cls(**config)


def _norms(w: Any, axis: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


class NonNeg(Constraint):
    """No weight below 0."""

    def __call__(self, w: Any) -> Any:
        return ops.maximum(w, 0)


class UnitNorm(Constraint):
    """Each vector of weights has length 1.

    Args:
        axis: the axis, or axes, along which a vector lies: 0 for the inputs of each unit of a dense layer.
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        w = ops.convert_to_tensor(w)
        return ops.divide(w, ops.add(_norms(w, self.axis), settings.epsilon()))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this constraint again."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """The length of each vector of weights lies between two bounds.

    Args:
        min_value: shortest length.
        max_value: longest length.
        rate: how far a length is moved to its bound at a time; 1 is all the way.
        axis: the axis, or axes, along which a vector lies.
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        w = ops.convert_to_tensor(w)
        norms = _norms(w, self.axis)
        wanted = ops.clip(norms, self.min_value, self.max_value)
        if self.rate != 1.0:
            wanted = ops.add(ops.multiply(wanted, self.rate), ops.multiply(norms, 1.0 - self.rate))
        return ops.multiply(w, ops.divide(wanted, ops.add(norms, settings.epsilon())))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this constraint again."""
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


class MaxNorm(Constraint):
    """The length of each vector of weights is at most `max_value`.

    Args:
        max_value: longest length.
        axis: the axis, or axes, along which a vector lies.
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        return MinMaxNorm(0.0, self.max_value, axis=self.axis)(w)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this constraint again."""
        return {"max_value": self.max_value, "axis": self.axis}
