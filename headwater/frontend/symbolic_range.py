"""SymbolicRange: the numbers of a range whose bounds are known only when the program runs. A loop can run over it."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.ops.convert import convert_to_tensor, promote


class SymbolicRange:
    """start, start + step, ... up to limit, without it; any of them may be a traced tensor.

    It is not a tensor, because the size of a tensor is known when a function is traced; `for` under autograph takes it.
    """

    def __init__(self, start: Any, limit: Any = None, step: Any = 1) -> None:
        if limit is None:
            start, limit = 0, start
        self._start, self._limit, self._step = promote(*map(convert_to_tensor, (start, limit, step)))

    def size(self) -> Any:
        """How many numbers it has: an int32 tensor."""
        span = ops.add(ops.subtract(self._limit, self._start), ops.subtract(self._step, ops.sign(self._step)))
        return ops.cast(ops.maximum(ops.floor_divide(span, self._step), ops.zeros_like(span)), "int32")

    def known_size(self) -> None:
        """None: the size is not known while tracing."""
        return

    def at(self, index: Any) -> Any:
        """The number at a position."""
        return ops.add(self._start, ops.multiply(ops.cast(index, self._step.spec.dtype), self._step))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ShapeError(
            f"a range whose size depends on a traced tensor is used as a tensor ({name}).",
            fix="loop over it with `for` in a tf.function, or give it bounds that are known.",
        )
