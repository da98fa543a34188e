"""Flatten: one axis in place of all but the batch."""

from __future__ import annotations

import math
from typing import Any

from headwater import ops
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer
from headwater.ops.defaults import data_format_of


class Flatten(Layer):
    """(batch, ...) to (batch, product of the rest).

    Args:
        data_format: "channels_last", or "channels_first" to move the channels last before.
    Example:
        >>> Flatten().compute_output_shape((None, 28, 28))
        (None, 784)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(data_format, type(self).__name__)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """The input in another shape."""
        shape = inputs.shape
        if self.data_format == "channels_first" and len(shape) > 1:
            inputs = ops.transpose(inputs, (0, *range(2, len(shape)), 1))
        return ops.reshape(inputs, (shape[0], math.prod(shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(batch, product of the rest); None if a size of the rest is not known."""
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))

    def compute_output_spec(self, inputs: Any) -> Any:
        """The shape, in the input's dtype."""
        from headwater.keras.keras_tensor import KerasTensor

        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "data_format": self.data_format}
