"""Costs: what each layer of a model computes and gives, for its summary."""

from __future__ import annotations

import contextlib
import math
from typing import Any

from headwater.dtypes import as_dtype
from headwater.errors import HeadwaterError
from headwater.keras.utils.sizes import readable_size

_UNKNOWN = "?"


class Costs:
    """The arithmetic and the results of a model's layers for a batch of one row; "?" where shapes are not known."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._flops: dict[str, int] | None = None
        with contextlib.suppress(HeadwaterError, TypeError, ValueError):  # a model that does not say what it takes
            self._flops = model.flops_by_layer()

    def flops_text(self, operation: Any) -> str:
        """What a layer computes, with the layers inside it, e.g. "1.2 M"."""
        if self._flops is None:
            return _UNKNOWN
        name = f"'{operation.name}'"
        return readable_count(sum(count for path, count in self._flops.items() if name in path))

    def activations_text(self, operation: Any) -> str:
        """The bytes that a layer gives, e.g. "4.00 KB"."""
        if not operation._inbound_nodes:
            return _UNKNOWN
        tensors = operation._inbound_nodes[-1].output_tensors
        shapes = [(1, *tensor.shape[1:]) for tensor in tensors]
        if any(size is None for shape in shapes for size in shape):
            return _UNKNOWN
        sizes = [math.prod(shape) * as_dtype(tensor.dtype).size for shape, tensor in zip(shapes, tensors)]
        return readable_size(sum(sizes))

    def totals(self) -> list[str]:
        """Lines below the table: the arithmetic of a row, and the memory of a training step, if it can be planned."""
        lines = []
        if self._flops is not None:
            lines.append(f" Arithmetic: {readable_count(sum(self._flops.values()))} FLOPs for a row")
        try:
            plan = self._model.memory_plan(32)
        except (HeadwaterError, TypeError, ValueError):
            return lines
        return [*lines, f" Memory of a training step: {readable_size(plan.peak)} for a batch of 32"]


def readable_count(count: int) -> str:
    """A number with three digits and a letter for its thousands.

    Example:
        >>> readable_count(950), readable_count(1_234_567)
        ('950', '1.23 M')
    """
    for letter, unit in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= unit:
            return f"{count / unit:.3g} {letter}"
    return str(count)
