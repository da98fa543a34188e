"""Normalization, padding, cropping and up-sampling against real Keras on JAX."""

import numpy as np
import pytest

import headwater as tf
from headwater import keras as ours
from tests.parity import layer_parity as parity

rng = np.random.default_rng(1)
ROWS = rng.normal(size=(4, 6)).astype("float32")
SEQUENCE = rng.normal(size=(2, 5, 4)).astype("float32")
IMAGES = rng.normal(size=(3, 4, 5, 4)).astype("float32")
VOLUMES = rng.normal(size=(2, 3, 4, 3, 2)).astype("float32")

CASES = [
    ("BatchNormalization", {}, IMAGES + 3),
    ("BatchNormalization", {"axis": 1, "momentum": 0.8, "epsilon": 1e-4}, IMAGES),
    ("BatchNormalization", {"center": False, "scale": False}, ROWS),
    ("BatchNormalization", {"renorm": True}, IMAGES),
    (
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": {"rmin": 0.9, "rmax": 1.1, "dmax": 0.2}, "renorm_momentum": 0.9},
        ROWS,
    ),
    ("GroupNormalization", {"groups": 2}, IMAGES + 5),
    ("GroupNormalization", {"groups": 2, "axis": 1}, IMAGES),
    ("GroupNormalization", {"groups": -1}, SEQUENCE),
    ("GroupNormalization", {"groups": 2, "center": False, "scale": False}, ROWS),
    ("LayerNormalization", {"axis": [1, 2]}, IMAGES),
    ("LayerNormalization", {"axis": 1}, SEQUENCE),
    ("LayerNormalization", {"rms_scaling": True}, SEQUENCE),
    ("RMSNormalization", {}, SEQUENCE),
    ("RMSNormalization", {"axis": [1, 2], "epsilon": 1e-3}, SEQUENCE),
    ("UnitNormalization", {}, SEQUENCE),
    ("UnitNormalization", {"axis": [1, 2]}, SEQUENCE),
    ("SpectralNormalization", {"layer": ("Dense", {"units": 3})}, ROWS),
    ("ZeroPadding1D", {}, SEQUENCE),
    ("ZeroPadding1D", {"padding": (2, 0), "data_format": "channels_first"}, SEQUENCE),
    ("ZeroPadding2D", {"padding": 2}, IMAGES),
    ("ZeroPadding2D", {"padding": ((0, 1), (2, 0)), "data_format": "channels_first"}, IMAGES),
    ("ZeroPadding2D", {"padding": (1, 2)}, IMAGES),
    ("ZeroPadding3D", {}, VOLUMES),
    ("ZeroPadding3D", {"padding": ((0, 1), (2, 0), (1, 1)), "data_format": "channels_first"}, VOLUMES),
    ("Cropping1D", {"cropping": (1, 2)}, SEQUENCE),
    ("Cropping2D", {"cropping": 1}, IMAGES),
    ("Cropping2D", {"cropping": ((0, 1), (2, 0)), "data_format": "channels_first"}, IMAGES),
    ("Cropping3D", {"cropping": ((0, 1), (2, 0), (0, 0))}, VOLUMES),
    ("UpSampling1D", {"size": 3}, SEQUENCE),
    ("UpSampling2D", {"size": (2, 3)}, IMAGES),
    ("UpSampling2D", {"size": 2, "data_format": "channels_first"}, IMAGES),
    ("UpSampling2D", {"size": (2, 3), "interpolation": "bilinear"}, IMAGES),
    ("UpSampling2D", {"interpolation": "bicubic", "data_format": "channels_first"}, IMAGES),
    ("UpSampling3D", {"size": (1, 2, 3)}, VOLUMES),
    ("UpSampling3D", {"data_format": "channels_first"}, VOLUMES),
]
IDS = [f"{name}-{index}" for index, (name, _, _) in enumerate(CASES)]
pytestmark = pytest.mark.filterwarnings("ignore:You passed `rms_scaling:UserWarning")
CASE = pytest.mark.parametrize(("name", "arguments", "inputs"), CASES, ids=IDS)


@CASE
def test_output_and_weights_equal_those_of_keras(name, arguments, inputs):
    parity.check_outputs(name, arguments, inputs)


@CASE
def test_gradients_and_moving_statistics_equal_those_of_keras(name, arguments, inputs):
    call = {"training": True} if name == "BatchNormalization" else {}
    parity.check_gradients(name, arguments, inputs, **call)


@CASE
def test_config_and_shapes_equal_those_of_keras(name, arguments, inputs):
    parity.check_config(name, arguments, inputs)


@CASE
def test_bfloat16_equals_that_of_keras(name, arguments, inputs):
    call = {"training": True} if name == "BatchNormalization" else {}
    parity.check_bfloat16(name, arguments, inputs, **call)


def test_masked_batch_normalization_equals_that_of_keras():
    mask = np.array([[1, 1, 0, 1, 0], [1, 0, 0, 0, 1]], bool)
    mine, other = parity.pair("BatchNormalization", {}, SEQUENCE)
    found, wanted = mine(SEQUENCE, training=True, mask=mask), other(SEQUENCE, training=True, mask=mask)
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=2e-5, atol=1e-5)
    for a, b in zip(mine.weights, other.weights):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=1e-5, atol=1e-6)


def test_variance_of_a_batch_far_from_zero_is_accurate():
    far = (1e4 + rng.normal(size=(64, 8, 8, 3))).astype("float32")
    layer = ours.layers.BatchNormalization(momentum=0.0)
    layer(far, training=True)
    np.testing.assert_allclose(layer.moving_variance.numpy(), far.astype("float64").var((0, 1, 2)), rtol=1e-4)


def test_frozen_batch_normalization_keeps_its_statistics():
    layer = ours.layers.BatchNormalization()
    layer.build((None, 6))
    layer.trainable = False
    found = layer(ROWS, training=True)
    np.testing.assert_allclose(found.numpy(), ROWS / np.sqrt(1.001), rtol=1e-5)
    assert not layer.moving_mean.numpy().any()


def test_spectral_normalization_follows_keras_in_training():
    mine, other = parity.pair("SpectralNormalization", {"layer": ("Dense", {"units": 3}), "power_iterations": 2}, ROWS)
    for _ in range(3):
        found, wanted = mine(ROWS, training=True), other(ROWS, training=True)
        np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=1e-4, atol=1e-5)
    for a, b in zip(mine.weights, other.weights):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=1e-4, atol=1e-5)
    largest = np.linalg.svd(mine.layer.kernel.numpy(), compute_uv=False)[0]
    assert abs(largest - 1) < 0.05


def test_softmax_layer_leaves_masked_entries_out():
    mask = np.array([[1, 0, 1, 1], [0, 0, 0, 0]], bool)
    x = rng.normal(size=(2, 4)).astype("float32")
    mine, other = parity.pair("Softmax", {}, x)
    np.testing.assert_allclose(mine(x, mask=mask).numpy(), np.asarray(other(x, mask=mask)), rtol=1e-5, atol=1e-7)
    assert not mine(x, mask=mask).numpy()[1].any()
    with pytest.raises(tf.errors.ShapeError, match=r"mask of shape \(3,\)"):
        mine(x, mask=np.ones(3, bool))


def test_masks_pass_through_normalization():
    inputs = ours.Input((None, 4))
    x = ours.layers.Masking()(inputs)
    for layer in ("BatchNormalization", "LayerNormalization", "UnitNormalization"):
        x = getattr(ours.layers, layer)()(x)
    model = ours.Model(inputs, ours.layers.GlobalAveragePooling1D()(x))
    padded = SEQUENCE.copy()
    padded[:, 3:] = 0
    np.testing.assert_allclose(model(padded).numpy(), model(padded[:, :3]).numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ours.layers.GroupNormalization(0), "groups is 0"),
        (lambda: ours.layers.GroupNormalization(3).build((None, 4)), "4 channels can't be parted into 3 groups"),
        (lambda: ours.layers.UnitNormalization(axis="last"), "axis is 'last'"),
        (lambda: ours.layers.SpectralNormalization(ours.layers.Dense(2), 0), "power_iterations is 0"),
        (lambda: ours.layers.SpectralNormalization(ours.layers.ReLU())(ROWS), "neither a kernel nor embeddings"),
        (lambda: ours.layers.ZeroPadding2D((1, 2, 3)), "not a pair for each of 2 axes"),
        (lambda: ours.layers.ZeroPadding1D(-1), "of 0 or more"),
        (lambda: ours.layers.Cropping1D(3)(SEQUENCE), "leaves nothing of axis 1"),
        (lambda: ours.layers.UpSampling2D((2, 0)), "of 1 or more"),
        (lambda: ours.layers.UpSampling2D(interpolation="cubic"), "'cubic' is unknown"),
        (lambda: ours.layers.BatchNormalization(synchronized=True), "synchronized"),
        (lambda: ours.layers.BatchNormalization(renorm=True, renorm_clipping={"rmax": 1, "rmin": 2}), "rmin"),
    ],
)
def test_impossible_arguments_are_explained(make, text):
    with pytest.raises((ValueError, TypeError, NotImplementedError), match=text) as caught:
        make()
    assert "fix" in str(caught.value)


@pytest.mark.parametrize("arguments", [{}, {"tie_weights": False, "logit_soft_cap": 0.5, "mask_zero": True}])
def test_reversible_embedding_equals_that_of_keras(arguments):
    arguments = {"input_dim": 7, "output_dim": 4, **arguments}
    ids = rng.integers(0, 7, size=(2, 5)).astype("int32")
    mine, other = parity.pair("ReversibleEmbedding", arguments, ids)
    assert [w.name for w in mine.weights] == [w.name for w in other.weights]
    rows, their_rows = mine(ids), other(ids)
    np.testing.assert_allclose(rows.numpy(), np.asarray(their_rows))
    assert (getattr(rows, "_keras_mask", None) is None) == (getattr(their_rows, "_keras_mask", None) is None)
    found, wanted = mine(rows, reverse=True), other(their_rows, reverse=True)
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=1e-5)
    config, their_config = parity.plain(mine.get_config()), parity.plain(other.get_config())
    config.pop("name"), their_config.pop("name")
    assert config == their_config


def test_optimizers_of_keras_2_name_their_successors():
    with pytest.raises(NotImplementedError, match="gone since Keras 3") as caught:
        ours.optimizers.legacy.Adam(0.1)
    assert "use keras.optimizers.Adam" in str(caught.value)
