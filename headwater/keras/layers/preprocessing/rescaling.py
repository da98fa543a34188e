"""Rescaling: x * scale + offset."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.keras.layers.layer import Layer


class Rescaling(Layer):
    """x * scale + offset: 1/255 brings pixels to 0..1; 1/127.5 and -1 bring them to -1..1.

    Args:
        scale: number, or one for each entry of the last axis.
        offset: likewise.
    Example:
        >>> Rescaling(2.0, offset=1.0)([1.0, 2.0]).numpy().tolist()
        [3.0, 5.0]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_untracked(scale=_plain(scale), offset=_plain(offset))
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        """x * scale + offset."""
        dtype = self.compute_dtype
        scale, offset = ops.convert_to_tensor(self.scale, dtype), ops.convert_to_tensor(self.offset, dtype)
        return ops.add(ops.multiply(ops.cast(inputs, dtype), scale), offset)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        from headwater.keras.saving import deserialize_keras_object

        value = deserialize_keras_object(value)
    return np.asarray(value).tolist() if not isinstance(value, (int, float)) else value
