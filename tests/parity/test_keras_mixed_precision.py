"""Training with 16-bit policies and the options of optimizers, against real Keras on JAX."""

import keras as theirs
import numpy as np
import pytest

import headwater as tf
from headwater import keras as ours

rng = np.random.default_rng(0)
IMAGES, LABELS = rng.normal(size=(96, 10, 10, 3)).astype("float32"), rng.integers(0, 5, (96,))


def network(library, policy):
    """A small classifier of images whose layers follow a dtype policy."""
    layers = library.layers
    library.config.set_dtype_policy(policy)
    try:
        return library.Sequential(
            [
                library.Input((10, 10, 3)),
                layers.Conv2D(8, 3, activation="relu"),
                layers.BatchNormalization(),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(16, activation="gelu"),
                layers.LayerNormalization(),
                layers.Dense(5, dtype="float32", activation="softmax"),
            ]
        )
    finally:
        library.config.set_dtype_policy("float32")


def trained(library, policy, options):
    """The model and its losses, epoch by epoch, from the same start."""
    model = network(library, policy)
    start = np.random.default_rng(1)
    shapes = [(w.shape, w.name in ("gamma", "moving_variance")) for w in model.weights]
    model.set_weights([start.normal(size=shape).astype("float32") * 0.2 + one for shape, one in shapes])
    optimizer = library.optimizers.SGD(0.05, momentum=0.9, **options)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model, model.fit(IMAGES, LABELS, 16, 3, shuffle=False, verbose=0).history["loss"]


@pytest.mark.parametrize(
    ("policy", "options", "tolerance"),
    [
        ("float32", {"gradient_accumulation_steps": 3}, 1e-5),
        ("float32", {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 4}, 1e-5),
        ("float32", {"global_clipnorm": 0.5, "weight_decay": 0.01}, 1e-5),
        ("mixed_bfloat16", {}, 5e-3),
        ("mixed_float16", {}, 1e-3),
        ("mixed_float16", {"gradient_accumulation_steps": 2, "clipvalue": 0.1}, 1e-3),
    ],
)
def test_training_follows_keras(policy, options, tolerance):
    (mine, found), (other, wanted) = trained(ours, policy, options), trained(theirs, policy, options)
    np.testing.assert_allclose(found, wanted, rtol=tolerance)
    assert type(mine.optimizer).__name__ == type(other.optimizer).__name__
    assert [str(w.dtype) for w in mine.weights] == [str(w.dtype) for w in other.weights]
    for a, b in zip(mine.weights, other.weights):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=0, atol=max(20 * tolerance * np.abs(b).max(), 1e-5))


def test_a_step_that_overflows_is_skipped_and_halves_the_scale():
    model = ours.Sequential([ours.layers.Dense(1, dtype="mixed_float16")], name="net")
    model.compile(ours.optimizers.LossScaleOptimizer(ours.optimizers.SGD(0.1), initial_scale=2.0**40), "mse")
    x = np.ones((4, 3), "float32")
    model.build(x.shape)
    model.set_weights([np.ones((3, 1)), np.zeros(1)])
    before = model.get_weights()
    model.train_on_batch(x, x[:, :1])
    np.testing.assert_array_equal(before[0], model.get_weights()[0])
    assert float(model.optimizer.dynamic_scale.numpy()) == 2.0**39
    for _ in range(40):
        model.train_on_batch(x, x[:, :1])
        if not np.array_equal(before[0], model.get_weights()[0]):
            break
    assert float(model.optimizer.dynamic_scale.numpy()) < 2.0**17
    assert np.isfinite(model.get_weights()[0]).all()
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_files_of_mixed_models_are_read_both_ways(tmp_path):
    mine, _ = trained(ours, "mixed_float16", {})
    mine.save(tmp_path / "mine.keras")
    again = theirs.models.load_model(tmp_path / "mine.keras")
    assert [layer.dtype_policy.name for layer in again.layers] == [layer.dtype_policy.name for layer in mine.layers]
    assert type(again.optimizer).__name__ == "LossScaleOptimizer"
    np.testing.assert_allclose(np.asarray(again(IMAGES)), mine(IMAGES).numpy(), rtol=0, atol=5e-3)
    again.save(tmp_path / "theirs.keras")
    back = ours.models.load_model(tmp_path / "theirs.keras")
    for a, b in zip(mine.optimizer.variables, back.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_variables_are_cast_where_layers_read_them():
    layer = ours.layers.Dense(2, dtype="mixed_bfloat16")
    with tf.GradientTape() as tape:
        y = layer(np.ones((1, 3), "float32"))
        loss = tf.reduce_sum(tf.cast(y, "float32"))
    assert (str(y.dtype), str(layer.kernel.dtype)) == ("bfloat16", "float32")
    assert all(str(g.dtype) == "float32" for g in tape.gradient(loss, layer.trainable_variables))
