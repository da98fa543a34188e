"""Multiply: the product of the inputs, element by element."""

from __future__ import annotations

import functools
from typing import Any

from headwater import ops
from headwater.keras.layers.merging.merge import Merge, merge_function


class Multiply(Merge):
    """The product of the inputs, element by element.

    Example:
        >>> Multiply()([np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]])]).numpy()[0].tolist()
        [3.0, 4.0]
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return functools.reduce(ops.multiply, inputs)


multiply = merge_function(
    Multiply, "multiply", "The product of the inputs, element by element. The same as `Multiply(**kwargs)(inputs)`."
)
