"""F-scores: the weighed harmonic mean of precision and recall."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras import settings
from headwater.keras.metrics.base import Metric

_AVERAGES = (None, "micro", "macro", "weighted")
_COUNTS = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")


class FBetaScore(Metric):
    """(1 + beta^2) * precision * recall / (beta^2 * precision + recall).

    Args:
        average: None for the score of each class; "micro" (counts of all classes together), "macro" (mean of the
            scores) or "weighted" (mean weighed by how many samples a class has).
        beta: how much more recall counts than precision.
        threshold: predictions above it mean yes; None for the largest of each row.
        name: name of the metric.
        dtype: dtype to compute in.
    Raises: ArgumentError for arguments out of range.
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._direction = "up"
        if average not in _AVERAGES:
            raise ArgumentError(
                f"{average!r} is no way to average.", fix=f"use one of {', '.join(map(repr, _AVERAGES))}."
            )
        if not isinstance(beta, float) or beta <= 0.0:
            raise ArgumentError(f"beta is {beta!r}.", fix="pass a float above 0.")
        if threshold is not None and not (isinstance(threshold, float) and 0.0 < threshold <= 1.0):
            raise ArgumentError(f"threshold is {threshold!r}.", fix="pass a float above 0, at most 1.")
        self.average, self.beta, self.threshold = average, beta, threshold
        self._built = False

    def _build(self, y_true: Any, y_pred: Any) -> None:
        if len(y_true.shape) != 2 or len(y_pred.shape) != 2:
            raise ShapeError(
                f"targets {tuple(y_true.shape)} and predictions {tuple(y_pred.shape)} are not (batch, classes).",
                fix="reshape them to two axes; one-hot for several classes.",
            )
        shape = () if self.average == "micro" else (y_pred.shape[-1],)
        for name in _COUNTS:
            setattr(self, name, self.add_variable(shape, "zeros", dtype=self.dtype, name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets (one-hot) and predictions."""
        y_true, y_pred = (ops.convert_to_tensor(y, dtype=self.dtype) for y in (y_true, y_pred))
        if not self._built:
            self._build(y_true, y_pred)
        if self.threshold is None:
            largest = ops.max(y_pred, axis=-1, keepdims=True)
            says_yes = ops.logical_and(ops.greater_equal(y_pred, largest), ops.greater(ops.absolute(y_pred), 1e-9))
        else:
            says_yes = ops.greater(y_pred, self.threshold)
        said = ops.cast(says_yes, self.dtype)
        weight = None if sample_weight is None else ops.expand_dims(ops.cast(sample_weight, self.dtype), axis=1)
        axis = None if self.average == "micro" else 0
        parts = (
            ops.multiply(said, y_true),
            ops.multiply(said, ops.subtract(1.0, y_true)),
            ops.multiply(ops.subtract(1.0, said), y_true),
            y_true,
        )
        for name, part in zip(_COUNTS, parts, strict=True):
            weighed = part if weight is None else ops.multiply(part, weight)
            getattr(self, name).assign_add(ops.sum(weighed, axis=axis))

    def result(self) -> Any:
        """The score."""
        tp, fp, fn, samples = (ops.convert_to_tensor(getattr(self, name)) for name in _COUNTS)
        tiny, factor = settings.epsilon(), self.beta**2
        precision = ops.divide(tp, ops.add(ops.add(tp, fp), tiny))
        recall = ops.divide(tp, ops.add(ops.add(tp, fn), tiny))
        below = ops.add(ops.add(ops.multiply(precision, factor), recall), tiny)
        score = ops.multiply(ops.divide(ops.multiply(precision, recall), below), 1.0 + factor)
        if self.average == "weighted":
            return ops.sum(ops.multiply(score, ops.divide(samples, ops.add(ops.sum(samples), tiny))))
        return score if self.average is None else ops.mean(score)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **own}


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall; for the arguments see `FBetaScore`."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        config = super().get_config()
        del config["beta"]
        return config
