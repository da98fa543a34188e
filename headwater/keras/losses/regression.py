"""Losses of regression: how far numbers are from numbers."""

from __future__ import annotations

import math
from typing import Any

from headwater import ops
from headwater.keras import settings
from headwater.keras.losses.base import FunctionLoss, in_dtype_of_predictions


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """mean((y_true - y_pred)^2) over the last axis.

    Example:
        >>> mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]]).numpy()
        array([5.], dtype=float32)
    """
    y_true, y_pred = in_dtype_of_predictions(y_true, y_pred)
    return ops.mean(ops.square(ops.subtract(y_true, y_pred)), axis=-1)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """mean(|y_true - y_pred|) over the last axis."""
    y_true, y_pred = in_dtype_of_predictions(y_true, y_pred)
    return ops.mean(ops.absolute(ops.subtract(y_true, y_pred)), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """100 * mean(|y_true - y_pred| / |y_true|) over the last axis; the divisor is at least epsilon."""
    y_true, y_pred = in_dtype_of_predictions(y_true, y_pred)
    size = ops.maximum(ops.absolute(y_true), settings.epsilon())
    return ops.multiply(ops.mean(ops.absolute(ops.divide(ops.subtract(y_true, y_pred), size)), axis=-1), 100.0)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """mean((log(y_true + 1) - log(y_pred + 1))^2) over the last axis; values below epsilon count as epsilon."""
    y_true, y_pred = in_dtype_of_predictions(y_true, y_pred)
    log_true, log_pred = (ops.log(ops.add(ops.maximum(y, settings.epsilon()), 1.0)) for y in (y_true, y_pred))
    return ops.mean(ops.square(ops.subtract(log_true, log_pred)), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Mean over the last axis of error^2 / 2 where |error| <= delta, and of delta * |error| - delta^2 / 2 elsewhere."""
    y_true, y_pred = in_dtype_of_predictions(y_true, y_pred)
    error = ops.subtract(y_pred, y_true)
    size = ops.absolute(error)
    square = ops.multiply(ops.square(error), 0.5)
    line = ops.subtract(ops.multiply(size, delta), 0.5 * delta * delta)
    return ops.mean(ops.where(ops.less_equal(size, delta), square, line), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """mean(log(cosh(y_pred - y_true))) over the last axis, in a form that does not overflow."""
    y_true, y_pred = in_dtype_of_predictions(y_true, y_pred)
    error = ops.subtract(y_pred, y_true)
    return ops.mean(ops.subtract(ops.add(error, ops.softplus(ops.multiply(error, -2.0))), math.log(2.0)), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between targets and predictions along `axis`: -1 where they point the same way."""
    y_true, y_pred = in_dtype_of_predictions(y_true, y_pred)
    products = ops.multiply(ops.normalize(y_true, axis=axis), ops.normalize(y_pred, axis=axis))
    return ops.negative(ops.sum(products, axis=axis))


def poisson(y_true: Any, y_pred: Any) -> Any:
    """mean(y_pred - y_true * log(y_pred + epsilon)) over the last axis."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
    fit = ops.multiply(y_true, ops.log(ops.add(y_pred, settings.epsilon())))
    return ops.mean(ops.subtract(y_pred, fit), axis=-1)


class MeanSquaredError(FunctionLoss):
    """Mean squared error; see `mean_squared_error` and, for the arguments, `Loss`."""

    function = mean_squared_error

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanAbsoluteError(FunctionLoss):
    """Mean absolute error; see `mean_absolute_error` and, for the arguments, `Loss`."""

    function = mean_absolute_error

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanAbsolutePercentageError(FunctionLoss):
    """Mean absolute error in per cent of the target; see `mean_absolute_percentage_error` and, for the arguments,
    `Loss`."""

    function = mean_absolute_percentage_error

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)


class MeanSquaredLogarithmicError(FunctionLoss):
    """Mean squared error of logarithms; see `mean_squared_logarithmic_error` and, for the arguments, `Loss`."""

    function = mean_squared_logarithmic_error

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)


class Huber(FunctionLoss):
    """Squared for small errors, absolute for large ones; see `huber` and, for the other arguments, `Loss`.

    Args:
        delta: the error at which one turns into the other.
    """

    function = huber

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=delta)


class LogCosh(FunctionLoss):
    """Logarithm of the hyperbolic cosine of the error; see `log_cosh` and, for the arguments, `Loss`."""

    function = log_cosh

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)


class CosineSimilarity(FunctionLoss):
    """Minus the cosine between targets and predictions; see `cosine_similarity` and, for the other arguments, `Loss`.

    Args:
        axis: the axis that vectors lie along.
    """

    function = cosine_similarity

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=axis)


class Poisson(FunctionLoss):
    """Negative log-likelihood of counts; see `poisson` and, for the arguments, `Loss`."""

    function = poisson

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None
    ) -> None:
        super().__init__(reduction, name, dtype)
