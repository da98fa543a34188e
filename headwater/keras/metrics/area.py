"""AUC: the area under the curve that two shares draw as the threshold moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras import settings
from headwater.keras.metrics import confusion
from headwater.keras.metrics.base import Metric

_CURVES = ("ROC", "PR", "PRGAIN")
_SUMS = ("interpolation", "minoring", "majoring")
_COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


def _one_of(value: Any, allowed: Sequence[str], what: str) -> str:
    text = str(getattr(value, "value", value))
    for name in allowed:
        if text.lower() == name.lower():
            return name
    raise ArgumentError(f"{value!r} is no {what}.", fix=f"use one of {', '.join(map(repr, allowed))}.")


class AUC(Metric):
    """Area under the ROC, precision-recall or precision-recall-gain curve, as a sum over thresholds.

    Args:
        num_thresholds: how many thresholds in even steps; more are more exact.
        curve: "ROC", "PR" or "PRGAIN".
        summation_method: "interpolation" (trapezoids; for PR the exact form of Davis and Goadrich), "minoring" or
            "majoring".
        name: name of the metric.
        dtype: dtype to compute in.
        thresholds: thresholds between 0 and 1, in place of even steps.
        multi_label: take the area of each label of the last axis, and then their mean.
        num_labels: number of labels, to have the variables made at once.
        label_weights: weight of each label.
        from_logits: whether predictions are logits.
    Example:
        >>> metric = AUC(num_thresholds=3)
        >>> metric.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
        >>> float(metric.result())
        0.75

    Source: Davis and Goadrich 2006, "The relationship between precision-recall and ROC curves"; for PRGAIN Flach and
    Kull 2015.
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: Any = "ROC",
        summation_method: Any = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self._direction = "up"
        self.curve = _one_of(curve, _CURVES, "curve")
        self.summation_method = _one_of(summation_method, _SUMS, "way to sum")
        self._set_thresholds(num_thresholds, thresholds)
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = label_weights
        self._from_logits = from_logits
        self._built = False
        if num_labels and not multi_label:
            raise ArgumentError(f"num_labels={num_labels} without multi_label.", fix="pass multi_label=True with it.")
        if num_labels or not multi_label:
            self._make_counts(num_labels)

    def _set_thresholds(self, num_thresholds: int, thresholds: Sequence[float] | None) -> None:
        self._init_from_thresholds = thresholds is not None
        if thresholds is None:
            if num_thresholds <= 1:
                raise ArgumentError(f"num_thresholds is {num_thresholds}.", fix="pass 2 or more.")
            inner = confusion.even_thresholds(num_thresholds)[1:-1]
            self._even = True
        else:
            inner = sorted(confusion.thresholds_from(thresholds, 0.5))
            self._even = confusion.are_even([0.0, *inner, 1.0])
        edge = settings.epsilon()  # so that predictions of exactly 0 and 1 lie between the outermost two
        self._thresholds = [0.0 - edge, *inner, 1.0 + edge]
        self.num_thresholds = len(self._thresholds)

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, with the two outermost ones."""
        return list(self._thresholds)

    def _make_counts(self, num_labels: int | None) -> None:
        if self.label_weights is not None and num_labels and np.shape(self.label_weights) != (num_labels,):
            raise ShapeError(
                f"label_weights of shape {np.shape(self.label_weights)} for {num_labels} labels.",
                fix="pass one per label.",
            )
        shape = (self.num_thresholds,) if num_labels is None else (self.num_thresholds, num_labels)
        for name in _COUNTS:
            setattr(self, name, self.add_variable(shape, "zeros", name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        y_pred = ops.convert_to_tensor(y_pred)
        if not self._built:
            if len(y_pred.shape) != 2:
                raise ShapeError(
                    f"predictions of shape {tuple(y_pred.shape)} are not (batch, labels).",
                    fix="reshape them, or multi_label=False.",
                )
            self._make_counts(y_pred.shape[1])
        found = confusion.count(
            y_true,
            ops.sigmoid(y_pred) if self._from_logits else y_pred,
            self._thresholds,
            dtype=self.true_positives.dtype,
            even=self._even,
            sample_weight=sample_weight,
            multi_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )
        for name in _COUNTS:
            getattr(self, name).assign_add(getattr(found, name))

    def result(self) -> Any:
        """The area."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._over_labels(self._interpolated_precision())
        x, y = self._curve()
        left, right = y[:-1], y[1:]
        if self.summation_method == "interpolation":
            heights = ops.multiply(ops.add(left, right), 0.5)
        else:
            heights = (ops.minimum if self.summation_method == "minoring" else ops.maximum)(left, right)
        return self._over_labels(ops.multiply(ops.subtract(x[:-1], x[1:]), heights))

    def _values(self) -> list[Any]:
        return [ops.convert_to_tensor(getattr(self, name)) for name in _COUNTS]

    def _curve(self) -> tuple[Any, Any]:
        tp, fp, tn, fn = self._values()
        recall = ops.divide_no_nan(tp, ops.add(tp, fn))
        if self.curve == "ROC":
            return ops.divide_no_nan(fp, ops.add(fp, tn)), recall
        if self.curve == "PR":
            return recall, ops.divide_no_nan(tp, ops.add(tp, fp))
        odds = ops.divide_no_nan(ops.add(tp, fn), ops.add(tn, fp))
        none_found = ops.equal(tp, 0.0)
        recall_gain = ops.subtract(1.0, ops.multiply(odds, ops.divide_no_nan(fn, tp)))
        precision_gain = ops.subtract(1.0, ops.multiply(odds, ops.divide_no_nan(fp, tp)))
        recall_gain = ops.maximum(ops.where(none_found, 0.0, recall_gain), 0.0)
        return recall_gain, ops.where(none_found, 1.0, precision_gain)

    def _interpolated_precision(self) -> Any:
        """Area between neighbouring thresholds if true positives grow linearly with all positives there."""
        tp, fp, _, fn = self._values()
        found = ops.add(tp, fp)
        tp_step, found_step = ops.subtract(tp[:-1], tp[1:]), ops.subtract(found[:-1], found[1:])
        slope = ops.divide_no_nan(tp_step, ops.maximum(found_step, 0.0))
        intercept = ops.subtract(tp[1:], ops.multiply(slope, found[1:]))
        both = ops.logical_and(ops.greater(found[:-1], 0.0), ops.greater(found[1:], 0.0))
        ratio = ops.where(both, ops.divide_no_nan(found[:-1], found[1:]), 1.0)
        area = ops.multiply(slope, ops.add(tp_step, ops.multiply(intercept, ops.log(ratio))))
        return ops.divide_no_nan(area, ops.add(tp[1:], fn[1:]))

    def _over_labels(self, terms: Any) -> Any:
        if not self.multi_label:
            return ops.sum(terms)
        areas = ops.sum(terms, axis=0)
        if self.label_weights is None:
            return ops.mean(areas)
        weights = ops.convert_to_tensor(self.label_weights, dtype=areas.dtype)
        return ops.divide_no_nan(ops.sum(ops.multiply(areas, weights)), ops.sum(weights))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self._from_logits,
        }
        return {**config, "thresholds": self.thresholds[1:-1]} if self._init_from_thresholds else config
