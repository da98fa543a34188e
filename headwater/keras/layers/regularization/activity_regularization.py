"""ActivityRegularization: a loss of what passes through."""

from __future__ import annotations

from typing import Any

from headwater.keras import regularizers
from headwater.keras.layers.layer import Layer


class ActivityRegularization(Layer):
    """Passes its input on, and adds l1 * sum|x| + l2 * sum x^2 to the loss.

    Args:
        l1, l2: the factors.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The input."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return {**config, "l1": self.l1, "l2": self.l2}
