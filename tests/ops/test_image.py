"""`keras.ops.image` against real Keras on JAX: values, dtypes and gradients."""

from __future__ import annotations

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras as theirs
import numpy as np
import pytest

import headwater as tf
from headwater import keras as ours
from headwater import ops

rng = np.random.default_rng(4)
IMAGES = rng.uniform(size=(2, 7, 6, 3)).astype("float32")
BYTES = rng.integers(0, 256, size=(2, 7, 6, 3)).astype("uint8")
VOLUMES = rng.normal(size=(2, 4, 6, 4, 2)).astype("float32")
GRAY = rng.uniform(size=(2, 16, 14, 1)).astype("float32")
TURN = np.array([[0.9, 0.2, -0.7, -0.1, 1.1, 0.4, 0, 0], [1.2, -0.3, 0.5, 0.2, 0.7, 1.3, 0, 0]], "float32")
CORNERS = np.array([[0, 0], [5, 0], [0, 6], [5, 6]], "float32")
BENT = np.array([[0.5, 0.2], [4.1, 0.7], [0.3, 5.5], [5.2, 6.3]], "float32")
PLACES = rng.uniform(-2, 8, size=(2, 5, 3)).astype("float32")
LAST, FIRST = {"data_format": "channels_last"}, {"data_format": "channels_first"}

# (name, arrays, other arguments)
CASES = [
    ("rgb_to_grayscale", [IMAGES], {}),
    ("rgb_to_grayscale", [np.moveaxis(IMAGES[0], -1, 0).copy()], FIRST),
    ("rgb_to_grayscale", [BYTES], {}),
    ("rgb_to_hsv", [IMAGES], {}),
    ("hsv_to_rgb", [IMAGES[1]], {}),
    ("hsv_to_rgb", [np.moveaxis(IMAGES, -1, 1).copy()], FIRST),
    ("resize", [IMAGES], {"size": (11, 4)}),
    ("resize", [IMAGES], {"size": (3, 4), "antialias": True}),
    ("resize", [IMAGES], {"size": (14, 12), "interpolation": "nearest"}),
    ("resize", [IMAGES], {"size": (4, 9), "interpolation": "nearest"}),
    ("resize", [IMAGES], {"size": (9, 13), "interpolation": "bicubic", **FIRST}),
    ("resize", [IMAGES[0]], {"size": (10, 4), "interpolation": "lanczos3", "antialias": True}),
    ("resize", [IMAGES], {"size": (13, 5), "interpolation": "lanczos5"}),
    ("resize", [BYTES], {"size": (5, 9), "interpolation": "bicubic"}),
    ("resize", [IMAGES], {"size": (4, 8), "crop_to_aspect_ratio": True}),
    ("resize", [IMAGES], {"size": (4, 8), "pad_to_aspect_ratio": True, "fill_value": 0.5}),
    ("resize", [IMAGES], {"size": (8, 4), "pad_to_aspect_ratio": True, **FIRST}),
    ("affine_transform", [IMAGES, TURN], {}),
    ("affine_transform", [IMAGES, TURN], {"interpolation": "nearest", "fill_mode": "reflect"}),
    ("affine_transform", [IMAGES, TURN], {"fill_mode": "wrap", **FIRST}),
    ("affine_transform", [IMAGES[0], TURN[0]], {"fill_mode": "mirror"}),
    ("affine_transform", [IMAGES, TURN], {"fill_mode": "nearest"}),
    ("affine_transform", [IMAGES, TURN], {"fill_value": 0.3}),
    ("perspective_transform", [IMAGES, np.stack([CORNERS, BENT]), np.stack([BENT, CORNERS])], {}),
    ("perspective_transform", [IMAGES[0], CORNERS, BENT], {"interpolation": "nearest", "fill_value": 0.2}),
    ("map_coordinates", [GRAY[0, :, :, 0], PLACES], {"order": 1}),
    ("map_coordinates", [GRAY[0, :, :, 0], PLACES], {"order": 0, "fill_mode": "wrap"}),
    ("map_coordinates", [GRAY[0, :, :, 0], PLACES], {"order": 1, "fill_mode": "mirror"}),
    ("map_coordinates", [BYTES[0, :, :, 0], PLACES], {"order": 1, "fill_mode": "constant", "fill_value": 9}),
    ("extract_patches", [IMAGES], {"size": 3}),
    ("extract_patches", [IMAGES], {"size": (2, 3), "strides": 1, "dilation_rate": 2}),
    ("extract_patches", [IMAGES[0]], {"size": (2, 2), "strides": (2, 2), "padding": "same"}),
    ("extract_patches", [np.moveaxis(IMAGES, -1, 1).copy()], {"size": (2, 2), **FIRST}),
    ("extract_patches", [VOLUMES], {"size": (2, 3, 2)}),
    ("extract_patches_3d", [VOLUMES], {"size": 2, "strides": (1, 2, 2)}),
    ("pad_images", [IMAGES], {"top_padding": 1, "left_padding": 2, "target_height": 10, "target_width": 9}),
    ("pad_images", [IMAGES[0]], {"bottom_padding": 1, "right_padding": 2, "top_padding": 0, "left_padding": 3}),
    ("crop_images", [IMAGES], {"top_cropping": 1, "left_cropping": 2, "target_height": 4, "target_width": 3}),
    ("crop_images", [IMAGES], {"bottom_cropping": 1, "right_cropping": 2, "target_height": 4, "target_width": 3}),
    ("gaussian_blur", [IMAGES], {"kernel_size": (3, 5), "sigma": (0.8, 1.4), **LAST}),
    ("gaussian_blur", [np.moveaxis(IMAGES[0], -1, 0).copy()], FIRST),
    ("sobel_edges", [IMAGES], {}),
    ("sobel_edges", [np.moveaxis(IMAGES, -1, 1).copy()], FIRST),
    ("ssim", [GRAY, GRAY + 0.1 * GRAY[::-1]], {}),
    ("ssim", [GRAY[0], 1 - GRAY[0]], {"filter_size": 5, "max_val": 2.0}),
    (
        "scale_and_translate",
        [IMAGES, np.array([1.7, 0.6], "float32"), np.array([-1.0, 0.3], "float32")],
        {"output_shape": (2, 10, 5, 3), "spatial_dims": (1, 2), "method": "linear"},
    ),
    (
        "scale_and_translate",
        [IMAGES, np.array([0.5], "float32"), np.array([1.0], "float32")],
        {"output_shape": (2, 6, 6, 3), "spatial_dims": (1,), "method": "lanczos3", "antialias": False},
    ),
]
ORDER = {"scale_and_translate": ("images", "scale", "translation")}
CASE = pytest.mark.parametrize(
    ("name", "arrays", "arguments"), CASES, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(CASES)]
)


def call(library, name, arrays, arguments):
    function = getattr(library.image, name)
    if name in ORDER:
        return function(**dict(zip(ORDER[name], arrays)), **arguments)
    return function(*arrays, **arguments)


@CASE
def test_values_are_those_of_keras(name, arrays, arguments):
    found, wanted = call(ops, name, arrays, arguments), call(theirs.ops, name, arrays, arguments)
    assert str(found.dtype) == str(wanted.dtype)
    assert tuple(found.shape) == tuple(wanted.shape)
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=1e-4, atol=2e-5)


@CASE
def test_gradients_are_those_of_keras(name, arrays, arguments):
    if arrays[0].dtype.kind != "f" or name == "rgb_to_hsv":
        pytest.skip("has no gradient, or one that depends on ties")
    x = tf.constant(arrays[0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = ops.sum(ops.sin(call(ops, name, [x, *arrays[1:]], arguments)))
    found = tape.gradient(loss, x)
    wanted = jax.grad(lambda x: jax.numpy.sum(jax.numpy.sin(call(theirs.ops, name, [x, *arrays[1:]], arguments))))(
        arrays[0]
    )
    np.testing.assert_allclose(found.numpy(), np.asarray(wanted), rtol=1e-3, atol=5e-5)


@CASE
def test_symbolic_and_traced_results_are_those_of_eager_ones(name, arrays, arguments):
    eager = call(ops, name, arrays, arguments)
    traced = tf.function(lambda *arrays: call(ops, name, arrays, arguments))(*arrays)
    np.testing.assert_allclose(traced.numpy(), eager.numpy(), rtol=1e-5, atol=1e-5)
    symbols = [ours.Input(batch_shape=array.shape, dtype=array.dtype.name) for array in arrays]
    found = call(ops, name, symbols, arguments)
    assert (tuple(found.shape), found.dtype) == (tuple(eager.shape), eager.dtype)


def test_gradients_reach_coordinates():
    image = np.arange(5.0, dtype="float32") ** 2
    where = tf.constant([[1.25, 2.5]])
    with tf.GradientTape() as tape:
        tape.watch(where)
        values = ops.image.map_coordinates(image, where, 1)
    np.testing.assert_allclose(tape.gradient(values, where).numpy(), [[3.0, 5.0]])


def test_elastic_transform_bends_and_can_be_repeated():
    first = ops.image.elastic_transform(IMAGES, alpha=8.0, sigma=1.5, seed=3).numpy()
    assert first.shape == IMAGES.shape
    assert not np.allclose(first, IMAGES)
    np.testing.assert_array_equal(first, ops.image.elastic_transform(IMAGES, alpha=8.0, sigma=1.5, seed=3).numpy())
    assert not np.array_equal(first, ops.image.elastic_transform(IMAGES, alpha=8.0, sigma=1.5, seed=4).numpy())
    generator = ours.random.SeedGenerator(1)
    draws = [ops.image.elastic_transform(IMAGES, 8.0, 1.5, seed=generator).numpy() for _ in range(2)]
    assert not np.array_equal(*draws)
    still = ops.image.elastic_transform(IMAGES, alpha=0.0, data_format="channels_first").numpy()
    np.testing.assert_allclose(still, IMAGES, atol=1e-6)


def test_models_of_image_ops_are_saved_for_keras(tmp_path):
    inputs = ours.Input((7, 6, 3))
    x = ops.image.resize(inputs, (8, 8), interpolation="bicubic")
    x = ops.image.rgb_to_grayscale(x)
    x = ops.normalize(ops.max_pool(x, 2, 2), order=2)
    model = ours.Model(inputs, ops.image.extract_patches(x, 2))
    model.save(tmp_path / "m.keras")
    again = theirs.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(model(IMAGES).numpy(), np.asarray(again(IMAGES)), rtol=1e-4, atol=1e-5)
    again.save(tmp_path / "theirs.keras")
    back = ours.models.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(model(IMAGES).numpy(), back(IMAGES).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ops.image.resize(IMAGES[0, 0], (3, 3)), r"images of shape \(6, 3\)"),
        (lambda: ops.image.resize(IMAGES, (3, 0)), "size is"),
        (lambda: ops.image.resize(IMAGES, (3, 3), "cubic"), "'cubic' is unknown"),
        (lambda: ops.image.resize(IMAGES, (3, 3), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), "both"),
        (lambda: ops.image.rgb_to_hsv(BYTES), "uint8"),
        (lambda: ops.image.rgb_to_grayscale(IMAGES[..., :2]), "2 channels"),
        (lambda: ops.image.pad_images(IMAGES, 1, 1, 1, 1, 9), "top_padding=1, bottom_padding=1, target_height=9"),
        (lambda: ops.image.pad_images(IMAGES, 1, 1, target_height=4, target_width=9), "is padded by"),
        (lambda: ops.image.crop_images(IMAGES, 1, 1, target_height=9, target_width=2), "9 of an axis of 7"),
        (lambda: ops.image.affine_transform(IMAGES, np.ones(6, "float32")), r"transform of shape \(6,\)"),
        (lambda: ops.image.affine_transform(IMAGES, TURN, fill_mode="zero"), "'zero' is unknown"),
        (lambda: ops.image.perspective_transform(IMAGES, CORNERS[:3], BENT[:3]), "points of shapes"),
        (lambda: ops.image.map_coordinates(IMAGES, PLACES, 1), "for an input of shape"),
        (lambda: ops.image.map_coordinates(GRAY[0, :, :, 0], PLACES, 3), "order 3"),
        (lambda: ops.image.extract_patches(IMAGES, "all"), "size is 'all'"),
        (lambda: ops.image.ssim(GRAY, GRAY[:, 1:]), "images of shapes"),
        (lambda: ops.image.sobel_edges(IMAGES[0]), "images of shape"),
    ],
)
def test_impossible_arguments_are_explained(make, text):
    with pytest.raises((ValueError, TypeError), match=text) as caught:
        make()
    assert "fix" in str(caught.value)
