"""Values that the host needs while a function runs: of tensors that have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.errors import NotTraceableError
from headwater.ir.dispatch import Array
from headwater.ops.convert import as_numpy


def host_array(x: Any, what: str = "what is worked on by the host") -> np.ndarray:
    """The values of a tensor, a variable, or whatever makes one.

    Args:
        x: the tensor.
        what: what it is, for the error.
    Raises: NotTraceableError for a traced tensor, which has none; `tf.function` then runs its function op by op.
    """
    x = x.__headwater_tensor__() if hasattr(x, "__headwater_tensor__") else x
    if isinstance(x, Array) and x.buffer is None:
        raise NotTraceableError(
            f"{what} depends on the arguments of a function that is being traced, and its values are needed.",
            fix="compute it outside of the function, or let tf.function run it op by op.",
        )
    return np.asarray(as_numpy(x))
