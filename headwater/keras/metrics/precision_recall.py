"""Counts of right and wrong decisions, and the ratios made of them."""

from __future__ import annotations

from typing import Any, ClassVar

from headwater import ops
from headwater.errors import ArgumentError, RangeError
from headwater.keras.metrics import confusion
from headwater.keras.metrics.base import Metric
from headwater.keras.variable import Variable


class DecisionMetric(Metric):
    """Base of the metrics that keep some of the four counts at one or more thresholds."""

    counts: ClassVar[tuple[str, ...]]  # names of fields of `confusion.Counts`, each a variable
    top_k: int | None = None
    class_id: int | None = None
    thresholds: list[float]

    def _make_counts(self) -> None:
        self._even = confusion.are_even(self.thresholds)
        for name in self.counts:
            setattr(self, name, self.add_variable((len(self.thresholds),), "zeros", name=name))

    def _count(self, name: str) -> Variable:
        return getattr(self, name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        found = confusion.count(
            y_true,
            y_pred,
            self.thresholds,
            dtype=self._count(self.counts[0]).dtype,
            even=self._even,
            top_k=self.top_k,
            class_id=self.class_id,
            sample_weight=sample_weight,
        )
        for name in self.counts:
            self._count(name).assign_add(getattr(found, name))

    def _share(self, part: str, other: str) -> Any:
        part_count, other_count = (ops.convert_to_tensor(self._count(name)) for name in (part, other))
        return ops.divide_no_nan(part_count, ops.add(part_count, other_count))

    def _one_or_all(self, values: Any) -> Any:
        return values[0] if len(self.thresholds) == 1 else values


class _OneCount(DecisionMetric):
    counts = ("accumulator",)
    field: ClassVar[str]

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = confusion.thresholds_from(thresholds, 0.5)
        self._make_counts()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        total = self._count("accumulator")
        found = confusion.count(
            y_true, y_pred, self.thresholds, dtype=total.dtype, even=self._even, sample_weight=sample_weight
        )
        total.assign_add(getattr(found, self.field))

    def result(self) -> Any:
        """The count, at each threshold if there are several."""
        return self._one_or_all(ops.convert_to_tensor(self._count("accumulator")))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_OneCount):
    """How often "yes" was right.

    Args:
        thresholds: predictions above it mean yes; a number or several, 0.5 by default.
        name: name of the metric.
        dtype: dtype to compute in.
    """

    field = "true_positives"


class TrueNegatives(_OneCount):
    """How often "no" was right; for the arguments see `TruePositives`."""

    field = "true_negatives"


class FalsePositives(_OneCount):
    """How often "yes" was wrong; for the arguments see `TruePositives`."""

    field = "false_positives"


class FalseNegatives(_OneCount):
    """How often "no" was wrong; for the arguments see `TruePositives`."""

    field = "false_negatives"


class _TwoCounts(DecisionMetric):
    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._direction = "up"
        self.init_thresholds = thresholds
        self.top_k, self.class_id = top_k, class_id
        self.thresholds = confusion.thresholds_from(thresholds, 0.5 if top_k is None else confusion.NEVER)
        self._make_counts()

    def result(self) -> Any:
        """The share, at each threshold if there are several."""
        return self._one_or_all(self._share(*self.counts))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        own = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **own}


class Precision(_TwoCounts):
    """How much of what was called "yes" is yes.

    Args:
        thresholds: predictions above it mean yes; a number or several, 0.5 by default.
        top_k: the `top_k` largest predictions of a row mean yes, instead of a threshold.
        class_id: count one class of the last axis alone.
        name: name of the metric.
        dtype: dtype to compute in.
    Example:
        >>> metric = Precision()
        >>> metric.update_state([1, 0, 1, 1], [1.0, 0.9, 0.2, 0.8])
        >>> round(float(metric.result()), 4)
        0.6667
    """

    counts = ("true_positives", "false_positives")


class Recall(_TwoCounts):
    """How much of what is yes was called "yes"; for the arguments see `Precision`."""

    counts = ("true_positives", "false_negatives")


class _BestUnderConstraint(DecisionMetric):
    """The best value of one share among the thresholds at which another share is high enough."""

    counts = ("true_positives", "false_positives", "true_negatives", "false_negatives")
    bound: ClassVar[str]  # name of the argument
    constrained: ClassVar[tuple[str, str]]
    wanted: ClassVar[tuple[str, str]]

    def _prepare(self, value: float, num_thresholds: int, class_id: int | None) -> None:
        self._direction = "up"
        if not 0 <= value <= 1:
            raise RangeError(f"{self.bound} is {value}.", fix="pass a share between 0 and 1.")
        if num_thresholds <= 0:
            raise ArgumentError(f"num_thresholds is {num_thresholds}.", fix="pass 1 or more.")
        self.value = value
        self.num_thresholds, self.class_id = num_thresholds, class_id
        self.thresholds = [0.5] if num_thresholds == 1 else confusion.even_thresholds(num_thresholds)
        self._make_counts()

    def result(self) -> Any:
        """The best share."""
        feasible = ops.greater_equal(self._share(*self.constrained), self.value)
        return ops.max(ops.where(feasible, self._share(*self.wanted), 0.0))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        own = {"num_thresholds": self.num_thresholds, self.bound: self.value, "class_id": self.class_id}
        return {**super().get_config(), **own}


_PRECISION = ("true_positives", "false_positives")
_RECALL = ("true_positives", "false_negatives")
_SPECIFICITY = ("true_negatives", "false_positives")


class SensitivityAtSpecificity(_BestUnderConstraint):
    """The best recall among thresholds whose specificity is at least `specificity`.

    Args:
        specificity: share of the no's that must be called no.
        num_thresholds: how many thresholds are tried.
        class_id: count one class of the last axis alone.
        name: name of the metric.
        dtype: dtype to compute in.
    """

    bound, constrained, wanted = "specificity", _SPECIFICITY, _RECALL

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.specificity = specificity
        self._prepare(specificity, num_thresholds, class_id)


class SpecificityAtSensitivity(_BestUnderConstraint):
    """The best specificity among thresholds whose recall is at least `sensitivity`; see `SensitivityAtSpecificity`."""

    bound, constrained, wanted = "sensitivity", _RECALL, _SPECIFICITY

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.sensitivity = sensitivity
        self._prepare(sensitivity, num_thresholds, class_id)


class PrecisionAtRecall(_BestUnderConstraint):
    """The best precision among thresholds whose recall is at least `recall`; see `SensitivityAtSpecificity`."""

    bound, constrained, wanted = "recall", _RECALL, _PRECISION

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.recall = recall
        self._prepare(recall, num_thresholds, class_id)


class RecallAtPrecision(_BestUnderConstraint):
    """The best recall among thresholds whose precision is at least `precision`; see `SensitivityAtSpecificity`."""

    bound, constrained, wanted = "precision", _PRECISION, _RECALL

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.precision = precision
        self._prepare(precision, num_thresholds, class_id)
