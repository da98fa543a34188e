"""Losses and metrics: what they refuse, labels out of range, own ones, merging, what compile's words mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from headwater import errors, function, ops
from headwater.keras import losses, metrics

PROBABILITIES = np.array([[0.2, 0.8], [0.6, 0.4]], "float32")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 2], r"(?s)label 2 is no class: predictions have 2 classes, 0 to 1 \(1 of 2.*give the last layer 3 units"),
        ([-1, 1], r"(?s)label -1 is no class.*ignore_class=-1"),
    ],
)
def test_label_out_of_range_is_an_error_where_it_is_seen(labels: list[int], message: str) -> None:
    with pytest.raises(errors.RangeError, match=message):
        losses.sparse_categorical_crossentropy(labels, PROBABILITIES)
    with pytest.raises(errors.RangeError, match=message):
        losses.check_labels(losses.SparseCategoricalCrossentropy(), np.array(labels), 2)


def test_label_out_of_range_is_nan_in_a_compiled_function() -> None:
    loss = losses.SparseCategoricalCrossentropy(reduction="none")
    found = np.asarray(function(lambda y, p: loss(y, p))(np.array([1, 5]), PROBABILITIES))
    assert np.isfinite(found[0]) and np.isnan(found[1])


def test_labels_that_are_ignored_or_of_other_losses_pass_the_check() -> None:
    losses.check_labels(losses.SparseCategoricalCrossentropy(ignore_class=255), np.array([0, 255]), 2)
    losses.check_labels(losses.MeanSquaredError(), np.array([7.0]), 1)
    losses.check_labels("whatever", None, None)


@pytest.mark.parametrize(
    ("get", "name", "kind", "close"),
    [
        (losses.get, "mean_sqared_error", "a loss", "mean_squared_error"),
        (metrics.get, "acuracy", "a metric", "accuracy"),
    ],
)
def test_unknown_name_lists_close_ones(get: Any, name: str, kind: str, close: str) -> None:
    with pytest.raises(errors.ArgumentError, match=rf"(?s)'{name}' does not name {kind}.*fix  did you mean .*{close}"):
        get(name)


def test_unknown_reduction_is_refused() -> None:
    with pytest.raises(errors.ArgumentError, match="'average' is not a reduction"):
        losses.MeanSquaredError(reduction="average")


def test_own_function_becomes_a_loss_and_a_metric() -> None:
    def cubed(y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)

    loss, metric = losses.resolve(cubed, (2, 1), (2, 1)), metrics.resolve(cubed, (2, 1), (2, 1))
    assert (loss.name, metric.name) == ("cubed", "cubed")
    y_true, y_pred = np.zeros((2, 1)), np.array([[1.0], [2.0]])
    assert float(loss(y_true, y_pred)) == 4.5
    assert float(metric(y_true, y_pred)) == 4.5


def test_nested_targets_reach_an_own_loss_as_tensors() -> None:
    class Both(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return ops.mean(ops.square(y_true["a"] - y_pred["a"]) + ops.abs(y_true["b"] - y_pred["b"]), axis=-1)

    y_true = {"a": np.zeros((2, 1)), "b": np.zeros((2, 1))}
    y_pred = {"a": np.full((2, 1), 2.0), "b": np.ones((2, 1))}
    assert float(Both()(y_true, y_pred)) == 5.0


def test_metrics_of_replicas_merge() -> None:
    parts = [metrics.Precision() for _ in range(3)]
    whole = metrics.Precision()
    rng = np.random.default_rng(0)
    for part in parts[1:]:
        y_true, y_pred = rng.integers(0, 2, 10), rng.uniform(size=10)
        part.update_state(y_true, y_pred)
        whole.update_state(y_true, y_pred)
    parts[0].merge_state(parts[1:])
    assert float(parts[0].result()) == pytest.approx(float(whole.result()))
    with pytest.raises(errors.ShapeError, match="can't take over"):
        parts[0].merge_state([metrics.Mean(), metrics.AUC()])


def test_metric_inside_a_metric_is_reset_with_it() -> None:
    class Both(metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="both")
            self.parts = [metrics.Mean(), metrics.Sum()]

        def update_state(self, values: Any) -> None:
            for part in self.parts:
                part.update_state(values)

        def result(self) -> Any:
            return {"mean": self.parts[0].result(), "sum": self.parts[1].result()}

    metric = Both()
    assert {name: float(value) for name, value in metric([1.0, 3.0]).items()} == {"mean": 2.0, "sum": 4.0}
    assert len(metric.variables) == 3
    metric.reset_state()
    assert all(float(v.numpy()) == 0 for v in metric.variables)


def test_metric_without_super_init_says_so() -> None:
    class Forgetful(metrics.Metric):
        def __init__(self) -> None:
            self.total = self.add_variable((), "zeros")

    with pytest.raises(errors.StateError, match=r"super\(\).__init__\(\) first"):
        Forgetful()


@pytest.mark.parametrize(
    "make",
    [
        lambda: metrics.AUC(num_thresholds=1),
        lambda: metrics.AUC(curve="XY"),
        lambda: metrics.Precision(thresholds=[1.5]),
        lambda: metrics.PrecisionAtRecall(2.0),
        lambda: metrics.FBetaScore(beta=0.0),
        lambda: metrics.IoU(2, [2]),
        lambda: metrics.R2Score(class_aggregation="sum"),
    ],
)
def test_arguments_out_of_range_are_refused(make: Any) -> None:
    with pytest.raises(errors.HeadwaterError):
        make()
