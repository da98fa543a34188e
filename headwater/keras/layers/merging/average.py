"""Average: the mean of the inputs."""

from __future__ import annotations

import functools
from typing import Any

from headwater import ops
from headwater.keras.layers.merging.merge import Merge, merge_function


class Average(Merge):
    """The mean of the inputs.

    Example:
        >>> Average()([np.array([[1.0, 2.0]]), np.array([[3.0, 2.0]])]).numpy()[0].tolist()
        [2.0, 2.0]
    """

    def _merge(self, inputs: list[Any]) -> Any:
        return ops.divide(functools.reduce(ops.add, inputs), len(inputs))


average = merge_function(Average, "average", "The mean of the inputs. The same as `Average(**kwargs)(inputs)`.")
