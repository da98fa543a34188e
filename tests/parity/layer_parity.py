"""Our layers held to those of real Keras on JAX: the checks that every family of layers goes through."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from typing import Any
from unittest import mock

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras as theirs
import numpy as np

import headwater as tf
from headwater import keras as ours

_drawing = importlib.import_module("keras.src.initializers.random_initializers").random


@contextlib.contextmanager
def without_draws() -> Iterator[None]:
    """Keras starts weights from constants: JAX compiles each draw of another shape for seconds, and weights are set."""

    def constant(shape: Any, *args: Any, dtype: Any = None, **kwargs: Any) -> Any:
        return theirs.ops.convert_to_tensor(np.full(shape, 0.5, "float32"), dtype=dtype)

    with mock.patch.multiple(_drawing, uniform=constant, normal=constant, truncated_normal=constant):
        yield


def pair(name: str, arguments: dict[str, Any], inputs: Any) -> tuple[Any, Any]:
    """Our layer and theirs, called once, with the same weights."""
    mine, other = make(ours, name, arguments), make(theirs, name, arguments)
    mine(inputs)
    with without_draws():
        other(inputs)
    rng = np.random.default_rng(0)
    values = [rng.normal(size=w.shape).astype("float32") ** 2 + 0.1 for w in other.weights]
    mine.set_weights(values)
    other.set_weights(values)
    return mine, other


def make(library: Any, name: str, arguments: dict[str, Any]) -> Any:
    """A layer of `library`; an argument that is a pair of a layer's name and its arguments becomes that layer."""
    made = {key: make(library, *value) if key == "layer" else value for key, value in arguments.items()}
    return getattr(library.layers, name)(**made)


def check_outputs(name: str, arguments: dict[str, Any], inputs: Any) -> None:
    """Weights (shapes, names, order), outputs, dtypes, losses and masks are those of Keras."""
    mine, other = pair(name, arguments, inputs)
    assert [tuple(w.shape) for w in mine.weights] == [tuple(w.shape) for w in other.weights]
    assert [w.name for w in mine.weights] == [w.name for w in other.weights]
    assert [w.trainable for w in mine.weights] == [w.trainable for w in other.weights]
    assert len(mine.variables) == len(other.variables)
    assert mine.supports_masking == other.supports_masking
    found, wanted = mine(inputs), other(inputs)
    assert str(found.dtype) == str(wanted.dtype)
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=2e-5, atol=5e-6)
    np.testing.assert_allclose(sum(map(float, mine.losses)), sum(map(float, other.losses)), rtol=1e-5)
    mask, other_mask = getattr(found, "_keras_mask", None), getattr(wanted, "_keras_mask", None)
    assert (mask is None) == (other_mask is None)
    if mask is not None:
        np.testing.assert_array_equal(np.asarray(mask), np.asarray(other_mask))


def check_gradients(name: str, arguments: dict[str, Any], inputs: np.ndarray, **call: Any) -> None:
    """Outputs in training, gradients for weights and input, and what the call leaves in other variables."""
    mine, other = pair(name, arguments, inputs)
    x = tf.convert_to_tensor(inputs)
    with tf.GradientTape() as tape:
        tape.watch(x)
        output = mine(x, **call)
        loss = tf.ops.sum(tf.ops.sin(output))
    found = tape.gradient(loss, [*mine.trainable_variables, x])
    state = [v.value for v in other.non_trainable_variables]

    def loss_of(trainable: Any, value: Any) -> Any:
        output, after = other.stateless_call(trainable, state, value, **call)
        return jax.numpy.sum(jax.numpy.sin(output)), (output, after)

    trainable = [v.value for v in other.trainable_variables]
    gradient = jax.jit(jax.grad(loss_of, argnums=(0, 1), has_aux=True))  # one compilation, not one for each operation
    wanted, (their_output, after) = gradient(trainable, inputs)
    np.testing.assert_allclose(output.numpy(), np.asarray(their_output), rtol=2e-5, atol=1e-5)
    for mine_g, their_g in zip(found, [*wanted[0], wanted[1]], strict=True):
        their_g = np.asarray(their_g)
        scale = np.abs(their_g).max() + 1e-6
        mine_g = np.zeros_like(their_g) if mine_g is None else np.asarray(mine_g)
        np.testing.assert_allclose(mine_g / scale, their_g / scale, rtol=0, atol=3e-5)
    for a, b in zip(mine.non_trainable_variables, after, strict=True):
        if a.dtype.is_floating:  # the running means have moved alike
            np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=1e-4, atol=1e-6)


def check_config(name: str, arguments: dict[str, Any], inputs: np.ndarray) -> None:
    """The config is that of Keras and makes the layer again; symbolic shapes and compute_output_shape agree."""
    mine, other = make(ours, name, arguments), make(theirs, name, arguments)
    config, wanted = plain(mine.get_config()), plain(other.get_config())
    config.pop("name"), wanted.pop("name")
    if "layer" not in config:
        assert config == wanted
    assert plain(type(mine).from_config(mine.get_config()).get_config()) == plain(mine.get_config())
    shape = (None, *inputs.shape[1:])
    with without_draws():
        found, expected = mine(ours.Input(batch_shape=shape)), other(theirs.Input(batch_shape=shape))
    assert (tuple(found.shape), str(found.dtype)) == (tuple(expected.shape), str(expected.dtype))
    fresh, other = make(ours, name, arguments), make(theirs, name, arguments)
    assert tuple(fresh.compute_output_shape(shape)) == tuple(other.compute_output_shape(shape))
    assert not fresh.weights or name == "PReLU"


def plain(value: Any) -> Any:
    """Data without the difference between tuples and lists."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def check_bfloat16(name: str, arguments: dict[str, Any], inputs: np.ndarray, **call: Any) -> None:
    """In mixed_bfloat16 the dtypes are those of Keras, and values agree as far as 8 bits go."""
    arguments = {**arguments, "dtype": "mixed_bfloat16"}
    mine, other = pair(name, arguments, inputs)
    assert [str(w.dtype) for w in mine.weights] == [str(w.dtype) for w in other.weights]
    found, wanted = mine(inputs, **call), other(inputs, **call)
    assert str(found.dtype) == str(wanted.dtype) == "bfloat16"
    a, b = np.asarray(tf.cast(found, "float32")), np.asarray(wanted).astype("float32")
    np.testing.assert_allclose(a, b, rtol=0.03, atol=0.03 * np.abs(b).max())
