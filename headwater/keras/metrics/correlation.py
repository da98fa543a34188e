"""Correlations between targets and predictions."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import settings
from headwater.keras.losses.base import in_dtype_of_predictions
from headwater.keras.metrics.mean import FunctionMetric


def _standardised(x: Any, axis: int) -> Any:
    centred = ops.subtract(x, ops.mean(x, axis=axis, keepdims=True))
    return ops.divide(centred, ops.std(centred, axis=axis, keepdims=True))


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Covariance over the product of the standard deviations, along `axis`: 1 for a rising line, -1 for a falling
    one."""
    y_true, y_pred = in_dtype_of_predictions(y_true, y_pred)
    return ops.mean(ops.multiply(_standardised(y_true, axis), _standardised(y_pred, axis)), axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Pearson's correlation times how well means and spreads agree: 1 only where predictions equal targets.

    Source: Lin 1989, "A concordance correlation coefficient to evaluate reproducibility".
    """
    y_true, y_pred = in_dtype_of_predictions(y_true, y_pred)
    mean_true, mean_pred = (ops.mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred))
    spread = ops.add(ops.var(y_true, axis=axis, keepdims=True), ops.var(y_pred, axis=axis, keepdims=True))
    apart = ops.square(ops.subtract(mean_true, mean_pred))
    # The mean of y_pred in both factors is Keras's choice; the sum over the axis is the covariance's all the same.
    products = ops.multiply(ops.subtract(y_true, mean_pred), ops.subtract(y_pred, mean_pred))
    return ops.mean(
        ops.divide(ops.multiply(products, 2.0), ops.add(ops.add(spread, apart), settings.epsilon())), axis=axis
    )


class PearsonCorrelation(FunctionMetric):
    """Mean of `pearson_correlation` over samples.

    Args:
        name: name of the metric.
        dtype: dtype to compute in.
        axis: the axis that values of one sample lie along.
    """

    function = pearson_correlation
    saved = ("axis",)
    direction = "up"

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype, axis=axis)


class ConcordanceCorrelation(FunctionMetric):
    """Mean of `concordance_correlation` over samples.

    Args:
        name: name of the metric.
        dtype: dtype to compute in.
        axis: the axis that values of one sample lie along.
    """

    function = concordance_correlation
    saved = ("axis",)
    direction = "up"

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype, axis=axis)
