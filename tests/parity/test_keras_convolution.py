"""Convolution and pooling layers against real Keras on JAX."""

import keras as theirs
import numpy as np
import pytest

import headwater as tf
from headwater import keras as ours
from tests.parity import layer_parity as parity

rng = np.random.default_rng(2)
SEQUENCE = rng.normal(size=(2, 9, 4)).astype("float32")
IMAGES = rng.normal(size=(2, 8, 7, 4)).astype("float32")
VOLUMES = rng.normal(size=(2, 5, 4, 5, 2)).astype("float32")
FIRST = {"data_format": "channels_first"}

CASES = [
    ("Conv1D", {"filters": 3, "kernel_size": 3}, SEQUENCE),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "padding": "causal", "dilation_rate": 2, "groups": 2}, SEQUENCE),
    ("Conv1D", {"filters": 3, "kernel_size": 2, "strides": 2, "padding": "same", **FIRST}, SEQUENCE),
    ("Conv2D", {"filters": 5, "kernel_size": 3, "activation": "relu", "kernel_regularizer": "l2"}, IMAGES),
    ("Conv2D", {"filters": 6, "kernel_size": (3, 2), "strides": (2, 1), "padding": "same", "use_bias": False}, IMAGES),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "dilation_rate": (1, 2), "groups": 2}, IMAGES),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same", "activation": "tanh", **FIRST}, IMAGES),
    ("Conv2D", {"filters": 7, "kernel_size": 1}, IMAGES),
    ("Conv3D", {"filters": 3, "kernel_size": 2}, VOLUMES),
    ("Conv3D", {"filters": 4, "kernel_size": (1, 3, 2), "strides": 2, "padding": "same", "groups": 2}, VOLUMES),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2}, SEQUENCE),
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "padding": "same"}, SEQUENCE),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}, IMAGES),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": (3, 4), "strides": 2, "output_padding": 1}, IMAGES),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "activation": "relu", **FIRST}, IMAGES),
    ("Conv3DTranspose", {"filters": 3, "kernel_size": 2, "strides": 2, "use_bias": False}, VOLUMES),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2}, SEQUENCE),
    ("DepthwiseConv2D", {"kernel_size": 3, "strides": 2, "padding": "same"}, IMAGES),
    ("DepthwiseConv2D", {"kernel_size": (2, 3), "depth_multiplier": 3, "activation": "relu", **FIRST}, IMAGES),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 3, "padding": "same"}, SEQUENCE),
    ("SeparableConv2D", {"filters": 5, "kernel_size": 3, "depth_multiplier": 2, "strides": 2}, IMAGES),
    ("MaxPooling1D", {}, SEQUENCE),
    ("MaxPooling1D", {"pool_size": 3, "strides": 2, "padding": "same", **FIRST}, SEQUENCE),
    ("MaxPooling2D", {}, IMAGES),
    ("MaxPooling2D", {"pool_size": (3, 2), "strides": 1, "padding": "same"}, IMAGES),
    ("MaxPooling3D", {"pool_size": 2, "strides": (1, 2, 2)}, VOLUMES),
    ("AveragePooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}, SEQUENCE),
    ("AveragePooling2D", {"pool_size": (2, 3)}, IMAGES),
    ("AveragePooling2D", {"pool_size": 2, "padding": "same", **FIRST}, IMAGES),
    ("AveragePooling3D", {"pool_size": 2}, VOLUMES),
    ("AdaptiveAveragePooling1D", {"output_size": 4}, SEQUENCE),
    ("AdaptiveAveragePooling2D", {"output_size": (3, 2)}, IMAGES),
    ("AdaptiveAveragePooling3D", {"output_size": 2, **FIRST}, VOLUMES),
    ("AdaptiveMaxPooling1D", {"output_size": 2, **FIRST}, SEQUENCE),
    ("AdaptiveMaxPooling2D", {"output_size": 3}, IMAGES),
    ("AdaptiveMaxPooling3D", {"output_size": (2, 1, 3)}, VOLUMES),
]
IDS = [f"{name}-{index}" for index, (name, _, _) in enumerate(CASES)]
CASE = pytest.mark.parametrize(("name", "arguments", "inputs"), CASES, ids=IDS)


@CASE
def test_output_and_weights_equal_those_of_keras(name, arguments, inputs):
    parity.check_outputs(name, arguments, inputs)


@CASE
def test_gradients_equal_those_of_keras(name, arguments, inputs):
    parity.check_gradients(name, arguments, inputs)


@CASE
def test_config_and_shapes_equal_those_of_keras(name, arguments, inputs):
    parity.check_config(name, arguments, inputs)


@CASE
def test_bfloat16_equals_that_of_keras(name, arguments, inputs):
    parity.check_bfloat16(name, arguments, inputs)


def test_masks_stop_at_pooling_with_a_warning_as_in_keras():
    x = ours.layers.Masking()(SEQUENCE)
    with pytest.warns(UserWarning, match="does not support masking"):
        ours.layers.MaxPooling1D()(x)


def network(library):
    """A small network of images with every kind of layer in it."""
    with parity.without_draws():
        return _network(library)


def _network(library):
    layers = library.layers
    inputs = library.Input((8, 7, 4))
    x = layers.Conv2D(6, 3, padding="same", use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    short = x = layers.ReLU()(x)
    x = layers.SeparableConv2D(6, 3, padding="same")(x)
    x = layers.GroupNormalization(3)(x)
    x = layers.Add()([x, short])
    x = layers.MaxPooling2D()(layers.ZeroPadding2D(1)(x))
    x = layers.UpSampling2D()(layers.DepthwiseConv2D(2)(x))
    x = layers.Conv2DTranspose(3, 2, strides=2)(x)
    x = layers.AveragePooling2D(3)(layers.Cropping2D(1)(x))
    x = layers.LayerNormalization()(layers.Flatten()(x))
    return library.Model(inputs, layers.Dense(2)(x))


def test_files_of_a_network_are_read_both_ways(tmp_path):
    mine, other = network(ours), network(theirs)
    for model, reader, name in ((mine, theirs, "mine.keras"), (other, ours, "theirs.keras")):
        for weight in model.weights:
            weight.assign(rng.normal(size=weight.shape).astype("float32") ** 2 + 0.1)
        model.save(tmp_path / name)
        again = reader.models.load_model(tmp_path / name)
        found, wanted = np.asarray(again(IMAGES)), np.asarray(model(IMAGES))
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


def test_training_of_a_network_equals_that_of_keras():
    mine, other = network(ours), network(theirs)
    values = [rng.normal(size=w.shape).astype("float32") * 0.2 + (w.name == "moving_variance") for w in other.weights]
    images, targets = rng.normal(size=(12, 8, 7, 4)).astype("float32"), rng.normal(size=(12, 2)).astype("float32")
    for model, library in ((mine, ours), (other, theirs)):
        model.set_weights(values)
        model.compile(library.optimizers.SGD(0.02, momentum=0.9), "mse")
    logs = [model.fit(images, targets, 4, 3, shuffle=False, verbose=0).history["loss"] for model in (mine, other)]
    np.testing.assert_allclose(*logs, rtol=2e-4)
    for a, b in zip(mine.weights, other.weights):
        np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=5e-3, atol=5e-4)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ours.layers.Conv2D(0, 3), "filters is 0"),
        (lambda: ours.layers.Conv2D(4, 0), "kernel_size is 0"),
        (lambda: ours.layers.Conv2D(4, (3, 3, 3)), "not 2 whole numbers"),
        (lambda: ours.layers.Conv2D(4, 3, groups=3), "4 filters can't be cut into 3 groups"),
        (lambda: ours.layers.Conv2D(4, 3, strides=2, dilation_rate=2), "together with dilation_rate"),
        (lambda: ours.layers.Conv2D(4, 3, padding="causal"), "'causal' is unknown"),
        (lambda: ours.layers.Conv2D(4, 9)(IMAGES), "a window of 9 does not fit"),
        (lambda: ours.layers.Conv2D(6, 3, groups=3)(IMAGES), "4 channels of the input can't be cut into 3 groups"),
        (lambda: ours.layers.Conv2D(6, 3)(ours.Input((8, 8, None))), "no known number of channels"),
        (lambda: ours.layers.Conv2D(6, 3)(SEQUENCE), "expected min_ndim=4, found ndim=3"),
        (lambda: ours.layers.Conv2DTranspose(4, 3, strides=2, output_padding=2), "less than the stride"),
        (lambda: ours.layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier is 0"),
        (lambda: ours.layers.MaxPooling2D(padding="causal"), "'causal' is unknown"),
        (lambda: ours.layers.MaxPooling2D(9)(IMAGES), "window"),
        (lambda: ours.layers.AdaptiveMaxPooling2D((1, 2, 3)), "not 2 whole numbers"),
    ],
)
def test_impossible_arguments_are_explained(make, text):
    with pytest.raises((ValueError, NotImplementedError), match=text) as caught:
        make()
    assert "fix" in str(caught.value)


def test_a_subclass_may_convolve_in_its_own_way():
    class Standardized(ours.layers.Conv2D):
        def convolution_op(self, inputs, kernel):
            mean = tf.ops.mean(kernel, axis=(0, 1, 2), keepdims=True)
            return super().convolution_op(inputs, kernel - mean)

    found = Standardized(3, 3)(np.ones((1, 5, 5, 2), "float32"))
    np.testing.assert_allclose(found.numpy(), 0, atol=1e-5)
