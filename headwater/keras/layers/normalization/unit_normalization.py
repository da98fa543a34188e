"""UnitNormalization: each sample brought to length 1 along axes of its features."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import DTypeError
from headwater.keras.layers.layer import Layer


class UnitNormalization(Layer):
    """x divided by the square root of the sum of its squares along `axis`.

    Args:
        axis: axis or axes of the features.
    Raises: DTypeError if `axis` is neither an int nor several.
    Example:
        >>> UnitNormalization()([[3.0, 4.0]]).numpy().round(3).tolist()
        [[0.6000000238418579, 0.800000011920929]]
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axis, (int, list, tuple)):
            raise DTypeError(f"UnitNormalization: axis is {axis!r}.", fix="pass an int, or a list of ints.")
        self._set_untracked(axis=axis if isinstance(axis, int) else list(axis))
        self.supports_masking = True
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The input, normalized."""
        return ops.normalize(inputs, axis=self.axis, order=2, epsilon=1e-12)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "axis": self.axis}
