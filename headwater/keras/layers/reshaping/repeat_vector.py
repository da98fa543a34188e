"""RepeatVector: one vector as each step of a sequence."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer


class RepeatVector(Layer):
    """(batch, features) to (batch, n, features).

    Args:
        n: number of steps.
    Example:
        >>> RepeatVector(3).compute_output_shape((None, 2))
        (None, 3, 2)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(n, int):
            raise ArgumentError(
                f"RepeatVector: n={n!r} is not a whole number.", fix="pass the number of steps.", where=""
            )
        self.n = n
        self.input_spec = InputSpec(ndim=2)
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(batch, n, features)."""
        return (input_shape[0], self.n, input_shape[1])

    def call(self, inputs: Any) -> Any:
        """The vector, n times."""
        batch, features = inputs.shape
        return ops.broadcast_to(ops.expand_dims(inputs, axis=1), (batch, self.n, features))

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "n": self.n}
