"""The losses as metrics: their mean over all samples, weighed by the sum of the weights."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.losses import crossentropy, margin, regression
from headwater.keras.losses.base import in_dtype_of_predictions, match_ranks
from headwater.keras.metrics.mean import FunctionMetric, Mean


class MeanSquaredError(FunctionMetric):
    """Mean of (y_true - y_pred)^2."""

    function = regression.mean_squared_error

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class RootMeanSquaredError(Mean):
    """Square root of the mean of (y_true - y_pred)^2 over all samples."""

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self._direction = "down"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        y_true, y_pred = (ops.convert_to_tensor(y, dtype=self.dtype) for y in (y_true, y_pred))
        y_true, y_pred = match_ranks(y_true, y_pred)
        super().update_state(ops.square(ops.subtract(y_pred, y_true)), sample_weight=sample_weight)

    def result(self) -> Any:
        """The root of the mean."""
        return ops.sqrt(super().result())


class MeanAbsoluteError(FunctionMetric):
    """Mean of |y_true - y_pred|."""

    function = regression.mean_absolute_error

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class MeanAbsolutePercentageError(FunctionMetric):
    """Mean of 100 * |y_true - y_pred| / |y_true|."""

    function = regression.mean_absolute_percentage_error

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class MeanSquaredLogarithmicError(FunctionMetric):
    """Mean of (log(y_true + 1) - log(y_pred + 1))^2."""

    function = regression.mean_squared_logarithmic_error

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class LogCoshError(FunctionMetric):
    """Mean of log(cosh(y_pred - y_true))."""

    function = regression.log_cosh

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(name, dtype)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between targets and predictions along `axis`: 1 where they point the same way."""
    y_true, y_pred = in_dtype_of_predictions(y_true, y_pred)
    return ops.sum(ops.multiply(ops.normalize(y_true, axis=axis), ops.normalize(y_pred, axis=axis)), axis=axis)


class CosineSimilarity(FunctionMetric):
    """Mean cosine between targets and predictions (the loss of this name is minus that).

    Args:
        name: name of the metric.
        dtype: dtype to compute in.
        axis: the axis that vectors lie along.
    """

    function = cosine_similarity
    direction = "up"

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype, axis=axis)


class Hinge(FunctionMetric):
    """Mean of max(1 - y_true * y_pred, 0)."""

    function = margin.hinge

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class SquaredHinge(FunctionMetric):
    """Mean of max(1 - y_true * y_pred, 0)^2."""

    function = margin.squared_hinge

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class CategoricalHinge(FunctionMetric):
    """Mean of max(the highest score of a wrong class - the score of the right one + 1, 0)."""

    function = margin.categorical_hinge

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class KLDivergence(FunctionMetric):
    """Mean of sum(y_true * log(y_true / y_pred))."""

    function = crossentropy.kl_divergence

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class Poisson(FunctionMetric):
    """Mean of y_pred - y_true * log(y_pred)."""

    function = regression.poisson

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(name, dtype)


class BinaryCrossentropy(FunctionMetric):
    """Mean cross-entropy of yes and no; for the arguments see `keras.losses.binary_crossentropy`."""

    function = crossentropy.binary_crossentropy
    saved = ("from_logits", "label_smoothing")

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(FunctionMetric):
    """Mean cross-entropy of one-hot classes; for the arguments see `keras.losses.categorical_crossentropy`."""

    function = crossentropy.categorical_crossentropy
    saved = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(FunctionMetric):
    """Mean cross-entropy of integer classes; for the arguments see `keras.losses.sparse_categorical_crossentropy`."""

    function = crossentropy.sparse_categorical_crossentropy
    saved = ("from_logits", "ignore_class", "axis")

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)
