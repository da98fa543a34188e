"""Metrics are those of Keras 3.15 on JAX: results over several updates with and without weights, configs, names."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest

from headwater.keras import metrics

pytestmark = pytest.mark.filterwarnings("ignore:Explicitly requested dtype:UserWarning")

_rng = np.random.default_rng(9)
BATCHES = 3


def _numbers(*shape: int) -> np.ndarray:
    return _rng.normal(size=(BATCHES, *shape)).astype("float32")


def _shares(*shape: int) -> np.ndarray:
    return _rng.uniform(size=(BATCHES, *shape)).astype("float32")


def _bits(*shape: int) -> np.ndarray:
    return _rng.integers(0, 2, (BATCHES, *shape)).astype("float32")


def _probabilities(*shape: int) -> np.ndarray:
    raw = np.exp(_numbers(*shape))
    return raw / raw.sum(axis=-1, keepdims=True)


NUMBERS = (_numbers(6, 3), _numbers(6, 3))
POSITIVE = (np.abs(_numbers(6, 3)) + 0.1, np.abs(_numbers(6, 3)) + 0.1)
BINARY = (_bits(6, 1), _shares(6, 1))
FLAT = (_bits(6), _shares(6))
WIDE = (_bits(6, 4), _shares(6, 4))
SPARSE = (_rng.integers(0, 7, (BATCHES, 6)), _probabilities(6, 7))
COLUMN = (SPARSE[0][..., None], SPARSE[1])
ONE_HOT = (np.eye(7, dtype="float32")[SPARSE[0]], SPARSE[1])
SEQUENCE = (_rng.integers(0, 7, (BATCHES, 6, 5)), _probabilities(6, 5, 7))
CLASSES = (_rng.integers(0, 3, (BATCHES, 6)), _rng.integers(0, 3, (BATCHES, 6)))

CASES: list[tuple[str, dict[str, Any], Any]] = [
    ("MeanSquaredError", {}, NUMBERS),
    ("RootMeanSquaredError", {}, NUMBERS),
    ("MeanAbsoluteError", {}, NUMBERS),
    ("MeanAbsolutePercentageError", {}, NUMBERS),
    ("MeanSquaredLogarithmicError", {}, POSITIVE),
    ("LogCoshError", {}, NUMBERS),
    ("CosineSimilarity", {}, NUMBERS),
    ("Hinge", {}, WIDE),
    ("SquaredHinge", {}, WIDE),
    ("CategoricalHinge", {}, ONE_HOT),
    ("KLDivergence", {}, ONE_HOT),
    ("Poisson", {}, POSITIVE),
    ("BinaryCrossentropy", {}, WIDE),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, WIDE),
    ("CategoricalCrossentropy", {}, ONE_HOT),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, ONE_HOT),
    ("SparseCategoricalCrossentropy", {}, SPARSE),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, SPARSE),
    ("PearsonCorrelation", {}, NUMBERS),
    ("ConcordanceCorrelation", {}, NUMBERS),
    ("Accuracy", {}, CLASSES),
    ("BinaryAccuracy", {}, BINARY),
    ("BinaryAccuracy", {"threshold": 0.3}, WIDE),
    ("CategoricalAccuracy", {}, ONE_HOT),
    ("SparseCategoricalAccuracy", {}, SPARSE),
    ("SparseCategoricalAccuracy", {}, COLUMN),
    ("SparseCategoricalAccuracy", {}, SEQUENCE),
    ("TopKCategoricalAccuracy", {"k": 3}, ONE_HOT),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, SPARSE),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, SEQUENCE),
    ("TruePositives", {}, WIDE),
    ("TrueNegatives", {"thresholds": [0.2, 0.8]}, WIDE),
    ("FalsePositives", {}, FLAT),
    ("FalseNegatives", {"thresholds": [0.0, 0.5, 1.0]}, BINARY),
    ("Precision", {}, BINARY),
    ("Precision", {"thresholds": [0.3, 0.6]}, WIDE),
    ("Precision", {"top_k": 2}, WIDE),
    ("Precision", {"class_id": 1}, WIDE),
    ("Recall", {}, WIDE),
    ("Recall", {"top_k": 2, "class_id": 2}, WIDE),
    ("AUC", {}, BINARY),
    ("AUC", {"num_thresholds": 11, "curve": "PR"}, WIDE),
    ("AUC", {"num_thresholds": 11, "curve": "PR", "summation_method": "majoring"}, WIDE),
    ("AUC", {"num_thresholds": 11, "curve": "PRGAIN", "summation_method": "minoring"}, WIDE),
    ("AUC", {"thresholds": [0.1, 0.35, 0.8]}, FLAT),
    ("AUC", {"num_thresholds": 7, "multi_label": True, "label_weights": [0.1, 0.2, 0.3, 0.4]}, WIDE),
    ("AUC", {"thresholds": [0.2, 0.7], "multi_label": True, "num_labels": 4}, WIDE),
    ("AUC", {"num_thresholds": 9, "from_logits": True}, WIDE),
    ("SensitivityAtSpecificity", {"specificity": 0.5, "num_thresholds": 9}, WIDE),
    ("SpecificityAtSensitivity", {"sensitivity": 0.5, "num_thresholds": 9}, WIDE),
    ("PrecisionAtRecall", {"recall": 0.4, "num_thresholds": 1}, WIDE),
    ("RecallAtPrecision", {"precision": 0.5}, BINARY),
    ("F1Score", {}, WIDE),
    ("F1Score", {"average": "micro", "threshold": 0.5}, WIDE),
    ("FBetaScore", {"beta": 2.0, "average": "weighted"}, WIDE),
    ("FBetaScore", {"beta": 0.5, "average": "macro", "threshold": 0.4}, WIDE),
    ("R2Score", {}, NUMBERS),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, NUMBERS),
    ("R2Score", {"class_aggregation": None, "num_regressors": 2}, NUMBERS),
    ("IoU", {"num_classes": 3, "target_class_ids": [0, 2]}, CLASSES),
    ("MeanIoU", {"num_classes": 3, "ignore_class": 1}, CLASSES),
    ("BinaryIoU", {"threshold": 0.4}, FLAT),
    ("OneHotIoU", {"num_classes": 7, "target_class_ids": [1, 3]}, ONE_HOT),
    ("OneHotMeanIoU", {"num_classes": 7}, ONE_HOT),
]
IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]
WEIGHTS = _rng.integers(0, 4, (BATCHES, 6)).astype("float32")


def _pair(name: str, kwargs: dict[str, Any]) -> tuple[Any, Any]:
    return getattr(metrics, name)(**kwargs, name="metric"), getattr(keras.metrics, name)(**kwargs, name="metric")


@pytest.mark.parametrize("weighed", [False, True], ids=["plain", "weighed"])
@pytest.mark.parametrize(("name", "kwargs", "data"), CASES, ids=IDS)
def test_result_and_state_are_those_of_keras(name: str, kwargs: dict[str, Any], data: Any, weighed: bool) -> None:
    mine, theirs = _pair(name, kwargs)
    for y_true, y_pred, weight in zip(*data, WEIGHTS):
        given = {"sample_weight": weight.astype("int32" if "IoU" in name else "float32")} if weighed else {}
        mine.update_state(y_true, y_pred, **given)
        theirs.update_state(y_true, y_pred, **given)
    np.testing.assert_allclose(np.asarray(mine.result()), np.asarray(theirs.result()), rtol=3e-5, atol=1e-6)
    assert [v.path for v in mine.variables] == [v.path for v in theirs.variables]
    for a, b in zip(mine.variables, theirs.variables):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=3e-5, atol=1e-5, err_msg=a.path)
    if not weighed:
        mine.reset_state()
        assert not any(np.any(v.numpy()) for v in mine.variables)


@pytest.mark.parametrize(("name", "kwargs", "data"), CASES, ids=IDS)
def test_config_and_serialized_form_are_those_of_keras(name: str, kwargs: dict[str, Any], data: Any) -> None:
    kwargs = {key: value for key, value in kwargs.items() if key != "label_weights"}  # a tensor in Keras's config
    mine, theirs = _pair(name, kwargs)
    assert mine.get_config() == theirs.get_config()
    assert metrics.serialize(mine) == keras.metrics.serialize(theirs)
    assert metrics.deserialize(keras.metrics.serialize(theirs)).get_config() == mine.get_config()
    assert getattr(mine, "_direction", None) == getattr(theirs, "_direction", None)


@pytest.mark.parametrize("shape", [(6,), (6, 5), (6, 5, 2)])
@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_mean_and_sum_of_values_of_any_rank_are_those_of_keras(name: str, shape: tuple[int, ...]) -> None:
    mine, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    values = _numbers(*shape)
    for rank in range(len(shape) + 1):
        weight = None if rank == 0 else _shares(*shape[:rank])[0]
        for batch in values:
            mine.update_state(batch, weight)
            theirs.update_state(batch, weight)
        np.testing.assert_allclose(float(mine.result()), float(theirs.result()), rtol=2e-5)


@pytest.mark.parametrize(
    ("identifier", "y_true", "y_pred"),
    [
        ("accuracy", (8, 1), (8, 1)),
        ("acc", (8,), (8, 5)),
        ("accuracy", (8, 1), (8, 5)),
        ("Accuracy", (8, 5), (8, 5)),
        ("mse", (8, 1), (8, 1)),
        ("AUC", (8, 1), (8, 1)),
        ("sparse_categorical_accuracy", (8,), (8, 5)),
    ],
)
def test_argument_of_compile_means_what_it_means_in_keras(identifier: str, y_true: Any, y_pred: Any) -> None:
    theirs = keras.src.trainers.compile_utils.get_metric(identifier, np.zeros(y_true), np.zeros(y_pred))
    mine = metrics.resolve(identifier, y_true, y_pred)
    assert (mine.name, type(mine).__name__) == (theirs.name, type(theirs).__name__)


def test_every_name_of_keras_is_known() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, cls in keras.src.metrics.ALL_OBJECTS_DICT.items():
            if name not in ("Metric", "metric"):
                assert metrics.ALL_OBJECTS_DICT[name].__name__ == cls.__name__
