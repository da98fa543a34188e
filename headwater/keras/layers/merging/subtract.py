"""Subtract: the first input less the second."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.layers.merging.merge import Merge, merge_function


class Subtract(Merge):
    """The first of two inputs less the second."""

    def build(self, input_shape: Any) -> None:
        """Check that there are two inputs."""
        super().build(input_shape)
        if len(input_shape) != 2:
            raise ArgumentError(f"Subtract takes two inputs, not {len(input_shape)}.", fix="call it on [x, y].")

    def _merge(self, inputs: list[Any]) -> Any:
        if len(inputs) != 2:
            raise ArgumentError(f"Subtract takes two inputs, not {len(inputs)}.", fix="call it on [x, y].")
        return ops.subtract(inputs[0], inputs[1])


subtract = merge_function(
    Subtract, "subtract", "The first input less the second. The same as `Subtract(**kwargs)(inputs)`."
)
