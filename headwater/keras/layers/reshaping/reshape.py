"""Reshape: the same values in another shape."""

from __future__ import annotations

import math
from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.layer import Layer


class Reshape(Layer):
    """(batch, ...) to (batch, *target_shape).

    Args:
        target_shape: sizes without the batch; one may be -1 and is computed.
    Example:
        >>> Reshape((3, -1)).compute_output_shape((None, 12))
        (None, 3, 4)
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = (target_shape,) if isinstance(target_shape, int) else tuple(int(size) for size in target_shape)
        if sizes.count(-1) > 1:
            raise ShapeError(
                f"Reshape: target_shape {sizes} leaves several sizes open.", fix="leave one at -1 at most.", where=""
            )
        self.target_shape = sizes
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(batch, *target_shape), with -1 computed where the input's shape is known."""
        rest, wanted = tuple(input_shape[1:]), self.target_shape
        if None in rest:
            return (input_shape[0], *(None if size == -1 else size for size in wanted))
        total, known = math.prod(rest), math.prod(size for size in wanted if size != -1)
        if (-1 not in wanted and total != known) or (-1 in wanted and (known == 0 or total % known)):
            raise ShapeError(
                f"Reshape: the {total} values of a sample of shape {rest} do not fill {wanted}.",
                fix="choose a target_shape whose product is that number.",
            )
        return (input_shape[0], *(total // known if size == -1 else size for size in wanted))

    def compute_output_spec(self, inputs: Any) -> Any:
        """The shape, in the input's dtype."""
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)

    def call(self, inputs: Any) -> Any:
        """The input in another shape."""
        return ops.reshape(inputs, self.compute_output_shape(inputs.shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "target_shape": self.target_shape}
