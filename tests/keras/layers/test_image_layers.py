"""Image layers: in models, compiled and saved; dicts of images, boxes, masks and labels; what they refuse."""

import importlib

import numpy as np
import pytest

import headwater as tf
from headwater import keras

RNG = np.random.default_rng(3)
IMAGES = RNG.uniform(0, 255, (6, 8, 10, 3)).astype("float32")
LAYERS = [
    ("RandomFlip", {}), ("RandomRotation", {"factor": 0.2}), ("RandomZoom", {"height_factor": 0.3}),
    ("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.2}), ("RandomCrop", {"height": 5, "width": 6}),
    ("RandomContrast", {"factor": 0.5}), ("RandomBrightness", {"factor": 0.3}), ("RandomHue", {"factor": 0.4}),
    ("RandomElasticTransform", {}), ("RandomErasing", {}), ("RandAugment", {}), ("AugMix", {}),
    ("MixUp", {}), ("CutMix", {}),
]  # fmt: skip


def layer_of(name, arguments, **more):
    return getattr(keras.layers, name)(**arguments, **more)


@pytest.mark.parametrize(("name", "arguments"), LAYERS)
def test_the_seed_decides_on_what_happens_eager_and_compiled(name, arguments):
    first, second = (layer_of(name, arguments, seed=5) for _ in range(2))
    compiled = tf.function(lambda x: second(x, training=True))
    found = first(IMAGES, training=True).numpy()
    np.testing.assert_allclose(compiled(tf.constant(IMAGES)).numpy(), found, atol=2e-3)
    again = first(IMAGES, training=True).numpy()
    assert not np.array_equal(found, again)  # the next draw
    np.testing.assert_allclose(compiled(tf.constant(IMAGES)).numpy(), again, atol=2e-3)
    other = layer_of(name, arguments, seed=6)(IMAGES, training=True).numpy()
    assert found.shape == other.shape and np.isfinite(found).all()


@pytest.mark.parametrize(("name", "arguments"), LAYERS)
def test_without_training_nothing_is_drawn(name, arguments):
    layer = layer_of(name, arguments, seed=5)
    before = [variable.numpy() for variable in layer.variables]
    np.testing.assert_array_equal(layer(IMAGES, training=False).numpy(), IMAGES)
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(before, layer.variables))


@pytest.mark.parametrize(("name", "arguments"), LAYERS)
def test_one_image_is_a_batch_of_one(name, arguments):
    one = layer_of(name, arguments, seed=5)(IMAGES[0], training=True)
    batch = layer_of(name, arguments, seed=5)(IMAGES[:1], training=True)
    wanted = IMAGES[0] if name == "CutMix" else batch.numpy()[0]  # there, one image alone has no other
    np.testing.assert_allclose(one.numpy(), wanted, atol=1e-3)


def test_a_model_with_image_layers_trains_and_is_saved(tmp_path):
    model = keras.Sequential([
        keras.Input((8, 10, 3)), keras.layers.RandomFlip("horizontal", seed=1),
        keras.layers.RandomRotation(0.1, seed=2), keras.layers.RandomContrast(0.2, seed=3),
        keras.layers.RandAugment(seed=4), keras.layers.Rescaling(1 / 255), keras.layers.Resizing(4, 4),
        keras.layers.Flatten(), keras.layers.Dense(2),
    ])  # fmt: skip
    model.compile("sgd", "mse")
    model.fit(IMAGES, np.zeros((6, 2), "float32"), batch_size=3, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))
    assert [type(layer).__name__ for layer in loaded.layers] == [type(layer).__name__ for layer in model.layers]
    for ours, theirs in zip(model.layers, loaded.layers):
        assert ours.get_config() == theirs.get_config()


def test_parts_of_a_dict_move_together():
    """The pixel in the corner of each box stays there."""
    images = np.zeros((4, 9, 9, 1), "float32")
    corners = [(2, 3), (4, 1), (5, 5), (1, 6)]
    for image, (row, column) in zip(images, corners):
        image[row, column] = 1
    boxes = np.array([[[column, row, column + 1, row + 1]] for row, column in corners], "float32")
    data = {
        "images": images, "segmentation_masks": images.copy(), "labels": np.arange(4),
        "bounding_boxes": {"boxes": boxes, "labels": np.ones((4, 1), "int32")},
    }  # fmt: skip
    for layer in (
        keras.layers.RandomFlip(seed=1, bounding_box_format="xyxy"),
        keras.layers.RandomCrop(8, 8, seed=2, bounding_box_format="xyxy"),
    ):
        found = layer(data, training=True)
        assert set(found) == set(data) and data["images"] is images
        np.testing.assert_array_equal(found["images"].numpy(), found["segmentation_masks"].numpy())
        kept = found["bounding_boxes"]["labels"].numpy()[:, 0] == 1
        assert kept.any()
        for image, box in zip(found["images"].numpy()[kept], found["bounding_boxes"]["boxes"].numpy()[kept, 0]):
            left, top, right, bottom = box.astype(int)
            assert image.sum() == 1 and image[top:bottom, left:right].sum() == 1


def test_boxes_of_different_numbers_are_filled_up():
    layer = keras.layers.MaxNumBoundingBoxes(3, bounding_box_format="xyxy")
    boxes = {"boxes": [[[0, 0, 1, 1]], [[0, 0, 1, 1], [1, 1, 2, 2]]], "labels": [[4], [5, 6]]}
    found = layer({"images": IMAGES[:2], "bounding_boxes": boxes})["bounding_boxes"]
    assert found["labels"].numpy().tolist() == [[4, -1, -1], [5, 6, -1]]
    assert found["boxes"].shape == (2, 3, 4) and found["boxes"].numpy()[0, 2].tolist() == [-1] * 4


def test_relative_boxes_move_as_those_in_pixels():
    boxes = np.array([[[1.0, 2.0, 5.0, 6.0]]] * 6, "float32")
    size = np.array([10, 8, 10, 8], "float32")
    moving = {
        "RandomPerspective": {"scale": 0.4},
        "RandomRotation": {"factor": 0.1},
        "RandomZoom": {"height_factor": 0.3},
    }
    for name, arguments in {**moving, "RandomCrop": {"height": 5, "width": 6}}.items():
        found = []
        for form, given in (("xyxy", boxes), ("rel_xyxy", boxes / size)):
            layer = layer_of(name, arguments, seed=3, bounding_box_format=form)
            data = {"images": IMAGES, "bounding_boxes": {"boxes": given, "labels": np.ones((6, 1))}}
            found.append(layer(data, training=True)["bounding_boxes"]["boxes"].numpy())
        size_now = np.array([6, 5, 6, 5], "float32") if name == "RandomCrop" else size
        np.testing.assert_allclose(found[1] * size_now, found[0], atol=1e-4)


def test_mix_up_keeps_the_boxes_of_both_images():
    layer = keras.layers.MixUp(seed=1, bounding_box_format="xyxy")
    boxes = {"boxes": np.zeros((6, 2, 4)), "labels": np.arange(12).reshape(6, 2)}
    found = layer({"images": IMAGES, "bounding_boxes": boxes}, training=True)["bounding_boxes"]
    assert found["boxes"].shape == (6, 4, 4) and found["labels"].shape == (6, 4)


def test_whole_numbers_grow_darker_without_wrapping_around():
    layer = keras.layers.RandomBrightness((-0.5, -0.5))
    assert layer(np.full((1, 2, 2, 3), 20, "uint8"), training=True).numpy().max() == 0


@pytest.mark.parametrize(("make", "part"), [
    (lambda: keras.layers.RandomFlip()({"images": IMAGES, "bounding_boxes": {"boxes": [], "labels": []}}), "format"),
    (lambda: keras.layers.RandomFlip()(IMAGES[0, 0]), "images of shape"),
    (lambda: keras.layers.RandomRotation(3), "factor=3"),
    (lambda: keras.layers.RandomRotation(0.1, fill_mode="odd"), "fill_mode='odd'"),
    (lambda: keras.layers.RandomBrightness(0.1, value_range=(1,)), "value_range"),
    (lambda: keras.layers.RandomGaussianBlur(kernel_size=2), "kernel_size"),
    (lambda: keras.layers.RandomZoom(-1.0), "height_factor"),
    (lambda: keras.utils.bounding_boxes.convert_format([[0, 0, 1, 1]], "xyxy", "rel_xyxy"), "height"),
    (lambda: keras.utils.bounding_boxes.convert_format([[0, 0, 1, 1]], "xyxy", "ltrb"), "ltrb"),
    (lambda: keras.layers.RandomElasticTransform(bounding_box_format="xyxy")(
        {"images": IMAGES, "bounding_boxes": {"boxes": np.ones((6, 1, 4)), "labels": np.ones((6, 1))}}), "boxes"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_remedy(make, part):
    with pytest.raises(tf.errors.HeadwaterError) as caught:
        make()
    assert part in str(caught.value) and caught.value.fix


def test_a_pipeline_is_saved_with_its_layers(tmp_path):
    pipeline = keras.layers.Pipeline([keras.layers.RandomFlip(seed=1), keras.layers.Rescaling(2.0)])
    assert float(np.asarray(pipeline(IMAGES)).sum()) == pytest.approx(IMAGES.sum() * 2, rel=1e-5)
    again = keras.layers.deserialize(keras.layers.serialize(pipeline))
    assert [type(layer).__name__ for layer in again.layers] == ["RandomFlip", "Rescaling"]
    np.testing.assert_array_equal(again(IMAGES, training=False).numpy(), IMAGES * 2)


def test_rectangles_lie_in_images_and_take_the_share_that_was_drawn():
    images = np.zeros((800, 16, 20, 1), "float32")
    erased = keras.layers.RandomErasing((0.5, 0.5), scale=(0.25, 0.25), seed=1)
    drawn = erased.get_random_transformation(images)
    shares = drawn["batch_masks"].numpy().mean((1, 2, 3))
    assert shares.min() > 0.18 and shares.max() < 0.33 and abs(shares.mean() - 0.25) < 0.02
    assert abs(drawn["apply_erasing"].numpy().mean() - 0.5) < 0.07
    mixed = keras.layers.CutMix(seed=1).get_random_transformation(images)
    weights, shares = mixed["mix_weight"].numpy().ravel(), mixed["batch_masks"].numpy().mean((1, 2, 3))
    assert abs(weights.mean() - 0.5) < 0.05 and np.abs(1 - shares - weights).max() < 0.12
    assert sorted(mixed["permutation_order"].numpy().tolist()) == list(range(800))
    moved = keras.layers.RandomPerspective((0.3, 0.3), scale=0.5, seed=1).get_random_transformation(images)
    ratio = (moved["end_points"] / tf.maximum(moved["start_points"], 1.0)).numpy()[:, 3]
    assert ratio.min() >= 0.75 and ratio.max() <= 1.25 and abs(moved["apply_perspective"].numpy().mean() - 0.3) < 0.06


def test_aug_mix_mixes_what_its_chains_make():
    layer = keras.layers.AugMix(num_chains=2, chain_depth=3, factor=0.5, seed=3)
    drawn = {key: value.numpy() for key, value in layer.get_random_transformation(IMAGES).items()}
    stream = importlib.import_module("headwater.keras.layers.preprocessing.image.aug_mix")._Stream
    total = np.zeros_like(IMAGES)
    for chain in range(2):
        copy = tf.constant(IMAGES)
        for step in range(3 * chain, 3 * chain + 3):
            if drawn["layer_idxes"][step] < len(layer._names):
                part = getattr(layer, layer._names[drawn["layer_idxes"][step]])
                seed = stream(tf.constant(drawn["seeds"][step]))
                copy = part.transform_images(copy, part.get_random_transformation(IMAGES, seed=seed))
        total += copy.numpy() * drawn["chain_mixing_weights"][chain]
    wanted = drawn["weight_sample"] * IMAGES + (1 - drawn["weight_sample"]) * total
    found = layer.transform_images(tf.constant(IMAGES), drawn)
    np.testing.assert_allclose(found.numpy(), np.clip(wanted, 0, 255), atol=1e-3)
    assert drawn["chain_mixing_weights"].sum() == pytest.approx(1, abs=1e-5)


def test_layers_work_on_elements_and_batches_of_a_data_set():
    images = np.arange(12 * 4 * 5 * 1, dtype="float32").reshape(12, 4, 5, 1)
    layer = keras.layers.RandomFlip("horizontal", seed=1)
    elements = tf.data.Dataset.from_tensor_slices(images)
    for prepared in (
        elements.batch(4).map(lambda x: layer(x, training=True)),
        elements.map(lambda x: layer(x, training=True), num_parallel_calls=2).batch(4),
    ):
        found = np.concatenate([batch.numpy() for batch in prepared])
        flipped = [np.array_equal(image, given[:, ::-1]) for image, given in zip(found, images)]
        kept = [np.array_equal(image, given) for image, given in zip(found, images)]
        assert all(a != b for a, b in zip(flipped, kept)) and any(flipped) and any(kept)
    mixed = elements.map(lambda x: {"images": x, "labels": x[0, :2, 0]}).batch(6).map(keras.layers.MixUp(seed=2))
    assert [tuple(part["labels"].shape) for part in mixed] == [(6, 2)] * 2


def test_boxes_keep_their_places_in_mixed_precision():
    layer = keras.layers.RandomFlip("horizontal", seed=1, bounding_box_format="xyxy", dtype="mixed_bfloat16")
    images, boxes = np.zeros((8, 600, 900, 1), "float32"), np.array([[[3.0, 5.0, 401.0, 503.0]]] * 8, "float32")
    data = {"images": images, "bounding_boxes": {"boxes": boxes, "labels": np.ones((8, 1))}}
    found = layer(data, training=True)
    assert found["images"].dtype == "bfloat16"
    places = found["bounding_boxes"]["boxes"].numpy()[:, 0]
    wanted = {(3, 5, 401, 503), (499, 5, 897, 503)}
    assert {tuple(np.round(place, 2).astype(int).tolist()) for place in places} == wanted
