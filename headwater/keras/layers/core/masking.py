"""Masking: which time steps later layers leave out."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.layer import Layer
from headwater.keras.saving import deserialize_keras_object


class Masking(Layer):
    """Marks the time steps all of whose features equal `mask_value`, and sets them to 0.

    Args:
        mask_value: what padding consists of.
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        if isinstance(mask_value, dict):
            mask_value = deserialize_keras_object(mask_value)
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True
        self.built = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True for the steps that count."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        """The input, 0 in the steps that do not count."""
        counts = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        outputs = ops.where(counts, inputs, 0)
        outputs._keras_mask = ops.squeeze(counts, axis=-1)
        return outputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "mask_value": self.mask_value}
