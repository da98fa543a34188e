"""Plain calls that repeat are compiled, and nobody can tell but by the clock."""

from __future__ import annotations

import numpy as np
import pytest

import headwater as tf
from headwater import keras


def classifier(*extra):
    return keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(5, activation="relu"), *extra, keras.layers.Dense(2)]
    )


def compiled(model):
    return [run for run in model.__dict__.get("_repeated_calls", (0, {}))[1].values() if callable(run)]


X = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)


def test_the_third_call_is_compiled_and_gives_the_same():
    model = classifier()
    results = [model(X).numpy() for _ in range(5)]
    assert len(compiled(model)) == 1
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=1e-6)
    assert model(X[:2]).shape == (2, 2) and len(compiled(model)) == 1


def test_new_weights_and_changed_layers_count():
    model = classifier()
    for _ in range(4):
        before = model(X).numpy()
    model.set_weights([weight * 2 for weight in model.get_weights()])
    np.testing.assert_allclose(model(X).numpy(), 4 * before, rtol=1e-5)
    model.layers[0].activation = keras.activations.linear
    changed = model(X).numpy()
    first, second = model.layers
    np.testing.assert_allclose(changed, second(first(X)).numpy(), rtol=1e-5)


def test_training_is_respected_and_random_layers_stay_random():
    model = classifier(keras.layers.Dropout(0.5))
    plain = [model(X).numpy() for _ in range(4)]
    np.testing.assert_allclose(plain[3], plain[0], rtol=1e-6)
    trained = [model(X, training=True).numpy() for _ in range(6)]
    assert compiled(model) and all(not np.array_equal(a, b) for a, b in zip(trained, trained[1:]))  # noqa: RUF007


def test_tapes_and_functions_see_through_the_call():
    model = classifier()
    for _ in range(4):
        model(X)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model(X))
    assert all(g is not None for g in tape.gradient(loss, model.trainable_weights))
    assert tf.function(lambda x: model(x))(X).shape == (4, 2)


def test_losses_masks_and_code_of_the_users_are_not_lost():
    regularized = classifier(keras.layers.ActivityRegularization(l2=0.1))
    for _ in range(5):
        regularized(X)
        assert len(regularized.losses) == 1
    masked = keras.Sequential([keras.Input((3,), dtype="int32"), keras.layers.Embedding(9, 2, mask_zero=True)])
    for _ in range(5):
        assert masked(np.array([[1, 2, 0]], np.int32))._keras_mask is not None

    seen = []

    class Look(keras.layers.Layer):
        def call(self, x):
            seen.append(x.shape)
            return x

    looking = classifier(Look(name="look"))
    seen.clear()
    for _ in range(5):
        looking(X)
    assert len(seen) == 5


def test_wrong_shapes_keep_their_error():
    model = classifier()
    for _ in range(5):
        with pytest.raises(ValueError, match="expected axis -1"):
            model(np.ones((4, 7), np.float32))
