"""Permute: axes in another order."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer


class Permute(Layer):
    """The axes of a sample in another order.

    Args:
        dims: the axes, counted from 1, in their new order: (2, 1) swaps two.
    Example:
        >>> Permute((2, 1)).compute_output_shape((None, 3, 4))
        (None, 4, 3)
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ArgumentError(
                f"Permute: dims={self.dims} are not the axes 1 to {len(self.dims)} in some order.",
                fix="name each axis once, from 1.", where="",
            )  # fmt: skip
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The sizes in their new order."""
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def compute_output_spec(self, inputs: Any) -> Any:
        """The shape, in the input's dtype."""
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def call(self, inputs: Any) -> Any:
        """The input with its axes in another order."""
        return ops.transpose(inputs, (0, *self.dims))

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "dims": self.dims}
