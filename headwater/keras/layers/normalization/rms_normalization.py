"""RMSNormalization: each sample divided by the root of the mean of its squares."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.layer import Layer


class RMSNormalization(Layer):
    """x / sqrt(mean(x * x) + epsilon) * scale, with the mean along `axis` and a scale that is learned.

    Args:
        axis: axis or axes of the features.
        epsilon: added to the mean.
    Source: Zhang and Sennrich 2019, arXiv:1910.07467.
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_untracked(axis=axis if isinstance(axis, int) else list(axis))
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        self._set_untracked(axis=[self.axis] if isinstance(self.axis, int) else sorted(self.axis))
        sizes = tuple(input_shape[axis] for axis in self.axis)
        self.scale = self.add_weight(name="scale", shape=sizes, initializer="ones")

    def call(self, x: Any) -> Any:
        """The input, normalized."""
        return ops.rms_normalization(x, scale=self.scale, axis=self.axis, epsilon=self.epsilon)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
