"""R2Score: how much of the spread of the targets the predictions explain."""

from __future__ import annotations

import warnings
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras.losses.base import match_ranks
from headwater.keras.metrics.base import Metric

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """1 - squared error / spread of the targets: 1 is perfect, 0 is as good as the mean.

    Args:
        class_aggregation: None for the score of each column of the targets, "uniform_average" for their mean, or
            "variance_weighted_average".
        num_regressors: number of independent variables, for the adjusted score; 0 for the plain one.
        name: name of the metric.
        dtype: dtype to compute in.
    """

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._direction = "up"
        if class_aggregation not in _AGGREGATIONS:
            raise ArgumentError(
                f"{class_aggregation!r} is no way to aggregate.",
                fix=f"use one of {', '.join(map(repr, _AGGREGATIONS))}.",
            )
        if num_regressors < 0:
            raise ArgumentError(f"num_regressors is {num_regressors}.", fix="pass 0 or more.")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _build(self, y_true: Any, y_pred: Any) -> None:
        if len(y_true.shape) != 2 or len(y_pred.shape) != 2:
            raise ShapeError(
                f"targets {tuple(y_true.shape)} and predictions {tuple(y_pred.shape)} are not (batch, columns).",
                fix="reshape them to two axes.",
            )
        columns = (y_pred.shape[-1],)
        self.squared_sum = self.add_variable(columns, "zeros", name="squared_sum")
        self.sum = self.add_variable(columns, "zeros", name="sum")
        self.total_mse = self.add_variable(columns, "zeros", name="residual")
        self.count = self.add_variable(columns, "zeros", name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        y_true, y_pred = (ops.convert_to_tensor(y, dtype=self.dtype) for y in (y_true, y_pred))
        y_true, y_pred = match_ranks(y_true, y_pred)
        if not self._built:
            self._build(y_true, y_pred)
        weight = ops.cast(1.0 if sample_weight is None else sample_weight, self.dtype)
        weight = ops.expand_dims(weight, axis=1) if len(weight.shape) == 1 else weight
        weight = ops.broadcast_to(weight, y_true.shape)
        weighed = ops.multiply(y_true, weight)
        self.sum.assign_add(ops.sum(weighed, axis=0))
        self.squared_sum.assign_add(ops.sum(ops.multiply(y_true, weighed), axis=0))
        error = ops.multiply(ops.square(ops.subtract(y_true, y_pred)), weight)
        self.total_mse.assign_add(ops.sum(error, axis=0))
        self.count.assign_add(ops.sum(weight, axis=0))
        self.num_samples.assign_add(y_true.size)

    def result(self) -> Any:
        """The score."""
        total, squares = ops.convert_to_tensor(self.sum), ops.convert_to_tensor(self.squared_sum)
        spread = ops.subtract(squares, ops.multiply(total, ops.divide(total, self.count)))
        scores = ops.subtract(1.0, ops.divide(self.total_mse, spread))
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.divide(ops.sum(ops.multiply(spread, scores)), ops.sum(spread))
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, score: Any) -> Any:
        freedom = float(self.num_samples) - self.num_regressors - 1.0
        if freedom <= 0:
            warnings.warn(
                f"the adjusted R2 score of {self.num_regressors} variables needs more than "
                f"{self.num_regressors + 1} samples; the plain score is given.",
                stacklevel=3,
            )
            return score
        ratio = (float(self.num_samples) - 1.0) / freedom
        return ops.subtract(1.0, ops.multiply(ops.subtract(1.0, score), ratio))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        own = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **own}
