"""Minimum: the smallest of the inputs, element by element."""

from __future__ import annotations

import functools
from typing import Any

from headwater import ops
from headwater.keras.layers.merging.merge import Merge, merge_function


class Minimum(Merge):
    """The smallest of the inputs, element by element.

    Example:
        >>> Minimum()([np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]])]).numpy()[0].tolist()
        [1.0, 2.0]
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return functools.reduce(ops.minimum, inputs)


minimum = merge_function(
    Minimum, "minimum", "The smallest of the inputs, element by element. The same as `Minimum(**kwargs)(inputs)`."
)
