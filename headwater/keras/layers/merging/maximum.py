"""Maximum: the largest of the inputs, element by element."""

from __future__ import annotations

import functools
from typing import Any

from headwater import ops
from headwater.keras.layers.merging.merge import Merge, merge_function


class Maximum(Merge):
    """The largest of the inputs, element by element.

    Example:
        >>> Maximum()([np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]])]).numpy()[0].tolist()
        [3.0, 2.0]
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return functools.reduce(ops.maximum, inputs)


maximum = merge_function(
    Maximum, "maximum", "The largest of the inputs, element by element. The same as `Maximum(**kwargs)(inputs)`."
)
