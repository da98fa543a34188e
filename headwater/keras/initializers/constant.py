"""Initializers that draw nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras.backend.standard import standardize_dtype
from headwater.keras.initializers.base import Initializer


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        return ops.zeros(shape, dtype=standardize_dtype(dtype))


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        return ops.ones(shape, dtype=standardize_dtype(dtype))


class Constant(Initializer):
    """One value everywhere, or an array that broadcasts to the shape.

    Args:
        value: number or array.
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        return ops.broadcast_to(ops.cast(self.value, standardize_dtype(dtype)), tuple(shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this initializer again."""
        from headwater.keras.saving import serialize_keras_object

        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        """The initializer that `get_config` described."""
        from headwater.keras.saving import deserialize_keras_object

        return cls(deserialize_keras_object(config["value"]))


class Identity(Initializer):
    """`gain` on the diagonal of a matrix, zeros elsewhere.

    Args:
        gain: the value on the diagonal.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        if len(shape) != 2:
            raise ShapeError(
                f"an identity of shape {tuple(shape)} is not a matrix.", fix="use it for a shape of two sizes."
            )
        dtype = standardize_dtype(dtype)
        return ops.multiply(ops.eye(*shape, dtype=dtype), ops.cast(self.gain, dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this initializer again."""
        return {"gain": self.gain}
