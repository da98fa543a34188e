"""Add: the sum of the inputs."""

from __future__ import annotations

import functools
from typing import Any

from headwater import ops
from headwater.keras.layers.merging.merge import Merge, merge_function


class Add(Merge):
    """The sum of the inputs.

    Example:
        >>> Add()([np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]])]).numpy()[0].tolist()
        [4.0, 4.0]
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return functools.reduce(ops.add, inputs)


add = merge_function(Add, "add", "The sum of the inputs. The same as `Add(**kwargs)(inputs)`.")
