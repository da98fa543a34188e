"""Losses of segmentation: how little two sets overlap."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import settings
from headwater.keras.losses.base import FunctionLoss


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred)) over `axis`; over all axes by default."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    shared = ops.sum(ops.multiply(y_true, y_pred), axis=axis)
    both = ops.add(ops.sum(y_true, axis=axis), ops.sum(y_pred, axis=axis))
    return ops.subtract(1.0, ops.divide(ops.multiply(shared, 2.0), ops.add(both, settings.epsilon())))


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """1 - shared / (shared + alpha * missed + beta * added), with sums over `axis`; over all axes by default.

    Args:
        y_true: what belongs to the set, 0 to 1.
        y_pred: what was said to belong to it.
        alpha: weight of what belongs and was missed.
        beta: weight of what was added and does not belong.
        axis: axes that are summed over.
    Source: Salehi, Erdogmus and Gholipour 2017, arXiv:1706.05721.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    shared = ops.sum(ops.multiply(y_true, y_pred), axis=axis)
    missed = ops.sum(ops.multiply(ops.subtract(1.0, y_pred), y_true), axis=axis)
    added = ops.sum(ops.multiply(y_pred, ops.subtract(1.0, y_true)), axis=axis)
    weighed = ops.add(ops.multiply(missed, alpha), ops.multiply(added, beta))
    return ops.subtract(1.0, ops.divide(shared, ops.add(ops.add(shared, weighed), settings.epsilon())))


class Dice(FunctionLoss):
    """Dice; see `dice` and, for reduction, name and dtype, `Loss`."""

    function = dice
    saved = ("axis",)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


class Tversky(FunctionLoss):
    """Tversky; see `tversky` and, for reduction, name and dtype, `Loss`."""

    function = tversky
    saved = ("alpha", "beta", "axis")

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)
