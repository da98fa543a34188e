"""Activations, initializers, regularizers, constraints, policies and helpers are those of Keras 3.15 on JAX."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
import pytest

from headwater import ops
from headwater.keras import (
    activations,
    backend,
    callbacks,
    config,
    constraints,
    dtype_policies,
    initializers,
    losses,
    metrics,
    optimizers,
    random,
    regularizers,
    utils,
    visualization,
)

_rng = np.random.default_rng(1)
X = (_rng.normal(size=(4, 6)) * 2).astype("float32")

# Keras 3.15's sparsemax does not sum to 1 along the last axis; see test_sparsemax_gives_probabilities.
ACTIVATIONS = sorted(set(keras.src.activations.ALL_OBJECTS_DICT) - {"threshold", "sparsemax"})


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_is_that_of_keras(name: str) -> None:
    mine, theirs = activations.get(name), keras.activations.get(name)
    np.testing.assert_allclose(np.asarray(mine(ops.convert_to_tensor(X))), np.asarray(theirs(X)), rtol=2e-5, atol=2e-6)
    assert activations.serialize(mine) == keras.activations.serialize(theirs)
    assert activations.deserialize(activations.serialize(mine)) is mine


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("relu", {"negative_slope": 0.2}),
        ("relu", {"max_value": 1.0}),
        ("relu", {"max_value": 6.0, "negative_slope": 0.1}),
        ("relu", {"threshold": 0.5}),
        ("relu", {"threshold": 0.5, "negative_slope": 0.3, "max_value": 1.5}),
        ("elu", {"alpha": 0.5}),
        ("celu", {"alpha": 0.5}),
        ("gelu", {"approximate": True}),
        ("glu", {"axis": 1}),
        ("softmax", {"axis": 0}),
        ("log_softmax", {"axis": 0}),
        ("leaky_relu", {"negative_slope": 0.4}),
        ("hard_shrink", {"threshold": 1.0}),
        ("soft_shrink", {"threshold": 1.0}),
        ("squareplus", {"b": 2}),
        ("threshold", {"threshold": 0.5, "default_value": -1.0}),
    ],
)
def test_activation_with_arguments_is_that_of_keras(name: str, kwargs: dict[str, Any]) -> None:
    found = getattr(activations, name)(ops.convert_to_tensor(X), **kwargs)
    wanted = getattr(keras.activations, name)(X, **kwargs)
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=2e-5, atol=2e-6)


def test_sparsemax_gives_probabilities() -> None:
    found = np.asarray(activations.sparsemax(ops.convert_to_tensor(X)))
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=1e-6)
    assert (found == 0).any()
    assert (found.argmax(axis=-1) == X.argmax(axis=-1)).all()


INITIALIZERS: list[tuple[str, dict[str, Any]]] = [
    ("Zeros", {}),
    ("Ones", {}),
    ("Constant", {"value": 0.3}),
    ("Identity", {"gain": 2.0}),
    ("RandomNormal", {"stddev": 0.2, "mean": 1.0, "seed": 1}),
    ("RandomUniform", {"seed": 1}),
    ("TruncatedNormal", {"seed": 1}),
    ("VarianceScaling", {"scale": 0.5, "mode": "fan_out", "distribution": "uniform", "seed": 1}),
    ("VarianceScaling", {"distribution": "untruncated_normal", "mode": "fan_avg", "seed": 1}),
    ("GlorotUniform", {"seed": 1}),
    ("GlorotNormal", {"seed": 1}),
    ("HeUniform", {"seed": 1}),
    ("HeNormal", {"seed": 1}),
    ("LecunUniform", {"seed": 1}),
    ("LecunNormal", {"seed": 1}),
    ("Orthogonal", {"gain": 0.7, "seed": 1}),
]


@pytest.mark.parametrize(("name", "kwargs"), INITIALIZERS, ids=[f"{n}-{i}" for i, (n, _) in enumerate(INITIALIZERS)])
def test_initializer_has_the_distribution_and_config_of_keras(name: str, kwargs: dict[str, Any]) -> None:
    mine, theirs = getattr(initializers, name)(**kwargs), getattr(keras.initializers, name)(**kwargs)
    if name != "Identity":  # Keras forgets its gain
        assert mine.get_config() == theirs.get_config()
        assert initializers.serialize(mine) == keras.initializers.serialize(theirs)
    found, wanted = np.asarray(mine((120, 90))), np.asarray(theirs((120, 90)))
    spread = wanted.std()
    assert found.dtype == wanted.dtype
    assert abs(found.mean() - wanted.mean()) <= 0.05 * spread + 1e-7
    assert abs(found.std() - spread) <= 0.03 * spread + 1e-7
    assert np.allclose([found.min(), found.max()], [wanted.min(), wanted.max()], atol=max(1.2 * spread, 1e-6))
    np.testing.assert_array_equal(found, np.asarray(mine((120, 90))))


@pytest.mark.parametrize("window", ["hann", "hamming", None])
@pytest.mark.parametrize("side", ["real", "imag"])
def test_stft_initializer_is_that_of_keras(side: str, window: str | None) -> None:
    arguments = {"side": side, "window": window, "scaling": "spectrum", "periodic": True}
    mine, theirs = initializers.STFT(**arguments), keras.initializers.STFT(**arguments)
    np.testing.assert_allclose(np.asarray(mine((16, 1, 9))), np.asarray(theirs((16, 1, 9))), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("L1", {"l1": 0.1}),
        ("L2", {"l2": 0.2}),
        ("L1L2", {"l1": 0.1, "l2": 0.2}),
        ("L1L2", {}),
        ("OrthogonalRegularizer", {"factor": 0.3}),
        ("OrthogonalRegularizer", {"factor": 0.3, "mode": "columns"}),
    ],
)
def test_regularizer_is_that_of_keras(name: str, kwargs: dict[str, Any]) -> None:
    mine, theirs = getattr(regularizers, name)(**kwargs), getattr(keras.regularizers, name)(**kwargs)
    found, wanted = mine(ops.convert_to_tensor(X)), theirs(keras.ops.convert_to_tensor(X))
    np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=2e-5)
    assert mine.get_config() == pytest.approx(theirs.get_config())


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("NonNeg", {}),
        ("UnitNorm", {"axis": 1}),
        ("MaxNorm", {"max_value": 1.5}),
        ("MinMaxNorm", {"min_value": 1.0, "max_value": 2.0, "rate": 0.6, "axis": [0, 1]}),
    ],
)
def test_constraint_is_that_of_keras(name: str, kwargs: dict[str, Any]) -> None:
    mine, theirs = getattr(constraints, name)(**kwargs), getattr(keras.constraints, name)(**kwargs)
    np.testing.assert_allclose(np.asarray(mine(ops.convert_to_tensor(X))), np.asarray(theirs(X)), rtol=2e-5, atol=1e-7)
    assert mine.get_config() == theirs.get_config()
    assert constraints.serialize(mine) == keras.constraints.serialize(theirs)


@pytest.mark.parametrize(
    "name", ["float32", "mixed_float16", "mixed_bfloat16", "bfloat16", "int8_from_float32", "gptq/4/128_from_bfloat16"]
)
def test_dtype_policy_is_that_of_keras(name: str) -> None:
    mine, theirs = dtype_policies.get(name), keras.dtype_policies.get(name)
    for attribute in ("name", "compute_dtype", "variable_dtype", "quantization_mode"):
        assert getattr(mine, attribute) == getattr(theirs, attribute)
    assert mine.get_config() == theirs.get_config()
    assert repr(mine) == repr(theirs)
    assert dtype_policies.serialize(mine) == keras.dtype_policies.serialize(theirs)


MODULES = {
    "activations": activations,
    "backend": backend,
    "callbacks": callbacks,
    "config": config,
    "constraints": constraints,
    "dtype_policies": dtype_policies,
    "initializers": initializers,
    "losses": losses,
    "metrics": metrics,
    "optimizers": optimizers,
    "random": random,
    "regularizers": regularizers,
    "utils": utils,
    "visualization": visualization,
}
LATER = {
    "callbacks": {"OrbaxCheckpoint"},
    "optimizers": {"legacy"},
    "utils": {"deserialize_keras_object", "get_source_inputs", "legacy", "model_to_dot"},
}


@pytest.mark.parametrize("module", MODULES)
def test_public_names_and_signatures_are_those_of_keras(module: str) -> None:
    mine, theirs = MODULES[module], getattr(keras, module)
    for name in sorted(set(dir(theirs)) - LATER.get(module, set())):
        wanted = getattr(theirs, name)
        if name.startswith("_") or not callable(wanted):
            continue
        found = getattr(mine, name)
        try:
            signature = inspect.signature(wanted)
        except ValueError:
            continue
        assert _arguments(inspect.signature(found)) == _arguments(signature), f"{module}.{name}"


def _arguments(signature: inspect.Signature) -> list[tuple[str, Any]]:
    return [(p.name, p.default) for p in signature.parameters.values()]


def test_helpers_are_those_of_keras() -> None:
    labels = np.array([[1], [3], [0]])
    np.testing.assert_array_equal(utils.to_categorical(labels, 5), keras.utils.to_categorical(labels, 5))
    np.testing.assert_allclose(
        utils.normalize(X, axis=0, order=1), keras.utils.normalize(X, axis=-2, order=1), rtol=1e-6
    )
    ragged = [[1, 2, 3, 4], [5], [], [6, 7]]
    for arguments in (
        {},
        {"maxlen": 3},
        {"maxlen": 3, "padding": "post", "truncating": "post", "value": 9},
        {"dtype": "float32", "padding": "post"},
    ):
        found, wanted = utils.pad_sequences(ragged, **arguments), keras.utils.pad_sequences(ragged, **arguments)
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == wanted.dtype


@pytest.mark.parametrize(
    "name", ["Dense", "MaxPooling2D", "LSTMCell", "MyXMLLayer", "AUC", "R2Score", "GlorotUniformV2"]
)
def test_names_in_snake_case_are_those_of_keras(name: str) -> None:
    from headwater.keras.utils.naming import to_snake_case

    assert to_snake_case(name) == keras.src.utils.naming.to_snake_case(name)
