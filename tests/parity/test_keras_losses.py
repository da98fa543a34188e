"""Losses are those of Keras 3.15 on JAX: values, gradients, weights, masks, reductions, configs."""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np
import pytest

from headwater import GradientTape, ops
from headwater.keras import losses

_rng = np.random.default_rng(3)


def _numbers(*shape: int) -> np.ndarray:
    return _rng.normal(size=shape).astype("float32")


def _probabilities(*shape: int) -> np.ndarray:
    raw = np.exp(_numbers(*shape))
    return (raw / raw.sum(axis=-1, keepdims=True)).astype("float32")


def _one_hot(*shape: int) -> np.ndarray:
    return np.eye(shape[-1], dtype="float32")[_rng.integers(0, shape[-1], shape[:-1])]


NUMBERS = (_numbers(6, 4), _numbers(6, 4))
POSITIVE = (np.abs(_numbers(6, 4)) + 0.1, np.abs(_numbers(6, 4)) + 0.1)
BINARY = (_rng.integers(0, 2, (6, 4)).astype("float32"), _rng.uniform(0.02, 0.98, (6, 4)).astype("float32"))
BINARY_LOGITS = (BINARY[0], _numbers(6, 4) * 3)
ONE_HOT = (_one_hot(6, 5), _probabilities(6, 5))
ONE_HOT_LOGITS = (ONE_HOT[0], _numbers(6, 5) * 3)
SPARSE = (_rng.integers(0, 5, (6,)), ONE_HOT[1])
SPARSE_LOGITS = (SPARSE[0], ONE_HOT_LOGITS[1])
COLUMN = (SPARSE[0].reshape(6, 1), ONE_HOT[1])
PIXELS = (_rng.integers(0, 3, (2, 4, 4)), _probabilities(2, 4, 4, 3))
EMBEDDINGS = (_rng.integers(0, 2, (6,)), keras.utils.normalize(_numbers(6, 4)))

CASES: list[tuple[str, dict[str, Any], tuple[np.ndarray, np.ndarray]]] = [
    ("MeanSquaredError", {}, NUMBERS),
    ("MeanAbsoluteError", {}, NUMBERS),
    ("MeanAbsolutePercentageError", {}, NUMBERS),
    ("MeanSquaredLogarithmicError", {}, POSITIVE),
    ("Huber", {}, NUMBERS),
    ("Huber", {"delta": 0.4}, NUMBERS),
    ("LogCosh", {}, NUMBERS),
    ("CosineSimilarity", {}, NUMBERS),
    ("CosineSimilarity", {"axis": 0}, NUMBERS),
    ("Poisson", {}, POSITIVE),
    ("KLDivergence", {}, ONE_HOT),
    ("Hinge", {}, (np.sign(NUMBERS[0]), NUMBERS[1])),
    ("Hinge", {}, BINARY_LOGITS),
    ("SquaredHinge", {}, BINARY_LOGITS),
    ("CategoricalHinge", {}, ONE_HOT_LOGITS),
    ("BinaryCrossentropy", {}, BINARY),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, BINARY),
    ("BinaryCrossentropy", {"from_logits": True}, BINARY_LOGITS),
    ("BinaryFocalCrossentropy", {}, BINARY),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, BINARY_LOGITS),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 1.0}, BINARY),
    ("CategoricalCrossentropy", {}, ONE_HOT),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, ONE_HOT),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT_LOGITS),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "alpha": 0.5, "gamma": 1.5}, ONE_HOT_LOGITS),
    ("SparseCategoricalCrossentropy", {}, SPARSE),
    ("SparseCategoricalCrossentropy", {}, COLUMN),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, SPARSE_LOGITS),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, SPARSE),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, PIXELS),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.7}, SPARSE),
    ("Tversky", {"alpha": 0.3, "beta": 0.7}, BINARY),
    ("Tversky", {"axis": [1]}, BINARY),
    ("Dice", {}, BINARY),
    ("Dice", {"axis": [1]}, BINARY),
    ("Circle", {"gamma": 10.0, "margin": 0.2, "remove_diagonal": False}, EMBEDDINGS),
]
IDS = [f"{name}-{i}" for i, (name, _, _) in enumerate(CASES)]


def _pair(name: str, kwargs: dict[str, Any]) -> tuple[Any, Any]:
    return getattr(losses, name)(**kwargs), getattr(keras.losses, name)(**kwargs)


def _close(found: Any, wanted: Any, tolerance: float = 2e-5) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "kwargs", "data"), CASES, ids=IDS)
def test_values_and_gradient_are_those_of_keras(name: str, kwargs: dict[str, Any], data: Any) -> None:
    mine, theirs = _pair(name, {**kwargs, "reduction": "none"})
    y_true, y_pred = data
    x = ops.convert_to_tensor(y_pred)
    with GradientTape() as tape:
        tape.watch(x)
        values = mine(y_true, x)
    wanted, pullback = jax.vjp(lambda y: theirs(y_true, y), y_pred)
    _close(values, wanted)
    seed = np.linspace(0.5, 1.5, wanted.size, dtype="float32").reshape(wanted.shape)
    _close(tape.gradient(values, x, output_gradients=ops.convert_to_tensor(seed)), pullback(seed)[0], 1e-4)


def test_ctc_is_that_of_keras() -> None:
    mine, theirs = _pair("CTC", {"reduction": "none"})
    labels, logits = np.array([[1, 2, 0], [2, 0, 0]]), _numbers(2, 4, 4)
    _close(mine(labels, logits), theirs(labels, logits), 1e-4)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight", "sum", "none"])
@pytest.mark.parametrize(("name", "data"), [("MeanSquaredError", NUMBERS), ("SparseCategoricalCrossentropy", SPARSE)])
def test_weights_and_reductions_are_those_of_keras(name: str, data: Any, reduction: str) -> None:
    weight = np.array([1.0, 0.0, 2.0, 0.5, 3.0, 1.0], "float32")
    mine, theirs = _pair(name, {"reduction": reduction})
    for given in (None, weight, weight.reshape(6, 1)):
        _close(mine(*data, sample_weight=given), theirs(*data, sample_weight=given))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight", "sum", "none"])
def test_mask_of_predictions_counts_as_in_keras(reduction: str) -> None:
    mask = np.array([True, False, True, True, False, True])
    mine = losses.MeanSquaredError(reduction=reduction)
    y_true, y_pred = NUMBERS
    x = ops.convert_to_tensor(y_pred)
    x._keras_mask = ops.convert_to_tensor(mask)
    wanted = keras.src.losses.loss.reduce_weighted_values(
        keras.losses.mean_squared_error(y_true, y_pred), mask=mask, reduction=reduction, dtype="float32"
    )
    _close(mine(y_true, x), wanted)
    weight = np.arange(6, dtype="float32")
    wanted = keras.src.losses.loss.reduce_weighted_values(
        keras.losses.mean_squared_error(y_true, y_pred), weight, mask, reduction, "float32"
    )
    _close(mine(y_true, x, sample_weight=weight), wanted)


@pytest.mark.parametrize(("name", "kwargs", "data"), CASES, ids=IDS)
def test_config_is_that_of_keras(name: str, kwargs: dict[str, Any], data: Any) -> None:
    mine, theirs = _pair(name, kwargs)
    assert mine.get_config() == theirs.get_config()
    again = type(mine).from_config(mine.get_config())
    assert again.get_config() == mine.get_config()


@pytest.mark.parametrize(("name", "kwargs", "data"), CASES, ids=IDS)
def test_serialized_form_is_that_of_keras(name: str, kwargs: dict[str, Any], data: Any) -> None:
    mine, theirs = _pair(name, kwargs)
    assert losses.serialize(mine) == keras.losses.serialize(theirs)
    assert losses.deserialize(keras.losses.serialize(theirs)).get_config() == mine.get_config()


ALIASES = sorted(name for name in keras.src.losses.ALL_OBJECTS_DICT if name not in ("Loss", "LossFunctionWrapper"))


@pytest.mark.parametrize("alias", ALIASES)
def test_name_means_what_it_means_in_keras(alias: str) -> None:
    mine, theirs = losses.get(alias), keras.losses.get(alias)
    assert getattr(mine, "__name__", type(mine).__name__) == getattr(theirs, "__name__", type(theirs).__name__)


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("name", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_softmax_then_crossentropy_differentiates_as_from_logits(name: str, scale: float) -> None:
    from headwater.keras import activations

    logits = _numbers(6, 5) * scale
    y_true = SPARSE[0] if name.startswith("sparse") else ONE_HOT[0]
    x = ops.convert_to_tensor(logits)
    with GradientTape() as tape:
        tape.watch(x)
        value = ops.mean(getattr(losses, name)(y_true, activations.softmax(x)))

    def wanted(z: Any) -> Any:
        return keras.ops.mean(getattr(keras.losses, name)(y_true, z, from_logits=True))

    _close(value, wanted(logits), 1e-5)
    _close(tape.gradient(value, x), jax.grad(wanted)(logits), 1e-5)


@pytest.mark.parametrize(
    ("identifier", "y_true", "y_pred"),
    [
        ("crossentropy", (8, 1), (8, 1)),
        ("crossentropy", (8,), (8, 5)),
        ("ce", (8, 1), (8, 5)),
        ("ce", (8, 5), (8, 5)),
        ("mse", (8, 1), (8, 1)),
        (keras.losses.Huber, (8, 1), (8, 1)),
    ],
)
def test_argument_of_compile_means_what_it_means_in_keras(identifier: Any, y_true: Any, y_pred: Any) -> None:
    get_loss = keras.src.trainers.compile_utils.get_loss
    theirs = get_loss(identifier, np.zeros(y_true), np.zeros(y_pred))
    mine = losses.resolve(losses.Huber if identifier is keras.losses.Huber else identifier, y_true, y_pred)
    assert mine.name == theirs.name
    assert getattr(mine, "fn", mine).__name__ == getattr(theirs, "fn", theirs).__name__
