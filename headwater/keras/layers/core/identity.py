"""Identity: what comes in goes out."""

from __future__ import annotations

from typing import Any

from headwater import tree
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.layer import Layer


class Identity(Layer):
    """The input, unchanged; a placeholder for another layer.

    Example:
        >>> Identity()([1.0, 2.0]).numpy().tolist()
        [1.0, 2.0]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def compute_output_spec(self, inputs: Any) -> Any:
        """The input's shape and dtype."""
        return tree.map_structure(lambda x: KerasTensor(x.shape, x.dtype), inputs)
