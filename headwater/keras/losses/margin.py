"""Losses of classification by margin."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.losses.base import FunctionLoss


def _as_signs(y_true: Any) -> Any:
    """Labels of 0 and 1 as -1 and 1; others stay as they are."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    return ops.where(binary, ops.subtract(ops.multiply(y_true, 2.0), 1.0), y_true)


def _margins(y_true: Any, y_pred: Any) -> Any:
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = _as_signs(ops.cast(y_true, y_pred.dtype))
    return ops.maximum(ops.subtract(1.0, ops.multiply(y_true, y_pred)), 0.0)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true * y_pred, 0)) over the last axis; labels are -1 and 1, or 0 and 1.

    Example:
        >>> hinge([[-1.0, 1.0]], [[0.5, 0.5]]).numpy()
        array([1.], dtype=float32)
    """
    return ops.mean(_margins(y_true, y_pred), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """mean(max(1 - y_true * y_pred, 0)^2) over the last axis; labels are -1 and 1, or 0 and 1."""
    return ops.mean(ops.square(_margins(y_true, y_pred)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """max(the highest score of a wrong class - the score of the right one + 1, 0); labels are one-hot."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    right = ops.sum(ops.multiply(y_true, y_pred), axis=-1)
    wrong = ops.max(ops.multiply(ops.subtract(1.0, y_true), y_pred), axis=-1)
    return ops.maximum(ops.add(ops.subtract(wrong, right), 1.0), 0.0)


class Hinge(FunctionLoss):
    """Hinge; see `hinge` and, for the arguments, `Loss`."""

    function = hinge

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class SquaredHinge(FunctionLoss):
    """Squared hinge; see `squared_hinge` and, for the arguments, `Loss`."""

    function = squared_hinge

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class CategoricalHinge(FunctionLoss):
    """Hinge of several classes; see `categorical_hinge` and, for the arguments, `Loss`."""

    function = categorical_hinge

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)
