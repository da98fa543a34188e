"""Shortening gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops


def _squared_norm(gradient: Any) -> Any:
    return ops.sum(ops.square(gradient))


def by_norm(gradient: Any, limit: float) -> Any:
    """A gradient whose length is at most `limit`."""
    norm = ops.sqrt(_squared_norm(gradient))
    return ops.multiply(gradient, ops.divide(limit, ops.maximum(norm, limit)))


def global_norm(gradients: Sequence[Any]) -> Any:
    """The length of all gradients together."""
    total = ops.cast(_squared_norm(gradients[0]), "float32")
    for gradient in gradients[1:]:
        total = ops.add(total, ops.cast(_squared_norm(gradient), "float32"))
    return ops.sqrt(total)


def by_global_norm(gradients: Sequence[Any], limit: float) -> list[Any]:
    """Gradients whose length together is at most `limit`; NaN throughout if it is not finite, so that it is noticed."""
    norm = global_norm(gradients)
    factor = ops.where(ops.isfinite(norm), ops.divide(limit, ops.maximum(norm, limit)), float("nan"))
    return [ops.multiply(gradient, ops.cast(factor, gradient.dtype)) for gradient in gradients]
