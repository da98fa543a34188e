"""Layers of images and sounds held to real Keras: the same draws give the same images, boxes, masks and labels."""

from __future__ import annotations

import importlib
from typing import Any

import jax
import numpy as np
import pytest

import headwater as tf
from tests.parity.layer_parity import check_config, ours, plain, theirs

RNG = np.random.default_rng(7)
IMAGES = RNG.uniform(0, 255, (4, 12, 10, 3)).astype("float32")
MASKS = RNG.integers(0, 3, (4, 12, 10, 1)).astype("float32")
LABELS = np.eye(4, dtype="float32")
CORNERS = RNG.uniform(1, 4, (4, 3, 2))
BOXES = np.concatenate([CORNERS, CORNERS + RNG.uniform(1, 5, (4, 3, 2))], -1).astype("float32")
BOX_LABELS = RNG.integers(0, 5, (4, 3)).astype("int32")

FIXED = [
    ("Resizing", {"height": 7, "width": 14}),
    ("Resizing", {"height": 7, "width": 4, "interpolation": "bicubic", "antialias": True}),
    ("Resizing", {"height": 7, "width": 14, "crop_to_aspect_ratio": True}),
    ("Resizing", {"height": 6, "width": 4, "pad_to_aspect_ratio": True, "fill_value": 3.0}),
    ("CenterCrop", {"height": 7, "width": 4}),
    ("CenterCrop", {"height": 15, "width": 6}),
    ("AutoContrast", {}),
    ("AutoContrast", {"value_range": (-10, 300)}),
    ("Equalization", {"bins": 6}),
    ("ContrastLimitedAdaptiveHistogramEqualization", {"tile_grid_size": (3, 3)}),
]
DRAWN = [
    ("RandomFlip", {}),
    ("RandomFlip", {"mode": "horizontal"}),
    ("RandomRotation", {"factor": 0.2}),
    ("RandomRotation", {"factor": (0.1, 0.2), "fill_mode": "constant", "interpolation": "nearest", "fill_value": 7.0}),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": (-0.2, 0.4), "fill_mode": "wrap"}),
    ("RandomZoom", {"height_factor": 0.4}),
    ("RandomZoom", {"height_factor": (-0.5, -0.2), "width_factor": 0.3, "fill_mode": "nearest"}),
    ("RandomShear", {"x_factor": (0.1, 0.3), "y_factor": (0.0, 0.2)}),
    ("RandomPerspective", {"scale": 0.6}),
    ("RandomGaussianBlur", {"factor": 0.7, "kernel_size": (3, 5), "sigma": (0.2, 0.9)}),
    ("RandomErasing", {"factor": 0.7}),
    ("RandomErasing", {"fill_value": [1.0, 2.0, 3.0]}),
    ("RandomBrightness", {"factor": 0.4}),
    ("RandomContrast", {"factor": (0.3, 0.6)}),
    ("RandomColorDegeneration", {"factor": 0.6}),
    ("RandomSaturation", {"factor": (0.2, 0.7), "value_range": (0, 255)}),
    ("RandomHue", {"factor": 0.5}),
    ("RandomSharpness", {"factor": 0.9}),
    ("RandomPosterization", {"factor": 6}),
    ("RandomPosterization", {"factor": (3, 3), "value_range": (0, 510)}),
    ("RandomInvert", {"factor": 0.6}),
    ("RandomGrayscale", {"factor": 0.6}),
    ("Solarization", {"addition_factor": 0.3, "threshold_factor": (0.2, 0.8)}),
    ("MixUp", {"alpha": 0.5}),
    ("CutMix", {"factor": 0.8}),
    ("RandAugment", {"factor": 0.4}),
]
UNMOVED = {"CutMix", "MixUp", "RandomGrayscale"}  # whose boxes Keras moves not, or wrongly


def made(name: str, arguments: dict[str, Any], **more: Any) -> tuple[Any, Any]:
    return getattr(ours.layers, name)(**arguments, **more), getattr(theirs.layers, name)(**arguments, **more)


def for_keras(value: Any) -> Any:
    """A draw of ours as Keras expects it."""
    if isinstance(value, dict):
        return {key: for_keras(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(for_keras(item) for item in value)
    return theirs.ops.convert_to_tensor(value.numpy()) if hasattr(value, "numpy") else value


def compiled(function: Any, *arguments: Any) -> Any:
    """What a method of Keras returns, compiled as a whole: sooner than one operation after the other."""
    return jax.jit(function)(*arguments)


def near(found: Any, wanted: Any, atol: float = 2e-3) -> None:
    wanted = np.asarray(wanted)
    assert str(found.dtype) == str(wanted.dtype)
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-5, atol=atol)


DATA = {"images": IMAGES, "labels": LABELS, "masks": MASKS, "boxes": {"boxes": BOXES, "labels": BOX_LABELS}}


def all_parts(layer: Any, drawn: Any, data: dict[str, Any], moved: bool) -> dict[str, Any]:
    """What a layer makes of images and labels, and of boxes and masks if it moves them as Keras does."""
    parts = {"images": layer.transform_images, "labels": layer.transform_labels}
    if moved:
        parts["boxes"], parts["masks"] = layer.transform_bounding_boxes, layer.transform_segmentation_masks
    return {key: change(copied(data[key]), transformation=drawn) for key, change in parts.items()}


def copied(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


def check_parts(mine: Any, other: Any, drawn: Any, moved: bool = True) -> None:
    """All parts agree; compiled at once on the other side, which is quickest."""
    theirs_drawn = for_keras(drawn)
    wanted = compiled(lambda data: all_parts(other, theirs_drawn, data, moved), DATA)
    found = all_parts(mine, drawn, tf.nest.map_structure(tf.constant, DATA), moved)
    for key in found:
        if key == "boxes":
            near(found["boxes"]["boxes"], wanted["boxes"]["boxes"])
            np.testing.assert_array_equal(found["boxes"]["labels"].numpy(), np.asarray(wanted["boxes"]["labels"]))
        else:
            near(found[key], wanted[key])


@pytest.mark.parametrize(("name", "arguments"), FIXED)
def test_layers_without_draws_agree_with_keras(name, arguments):
    mine, other = made(name, arguments, bounding_box_format="xyxy")
    near(mine(IMAGES[1]), mine(IMAGES[1:2])[0])
    if name.startswith("Contrast"):  # which leaves out what else Keras's layers have
        near(mine(IMAGES), compiled(other.transform_images, IMAGES))
    else:
        check_parts(mine, other, mine.get_random_transformation(IMAGES))


def test_resizing_keeps_whole_numbers_as_keras_does():
    mine, other = made("Resizing", {"height": 5, "width": 17})
    found, wanted = mine(IMAGES.astype("uint8")), np.asarray(other(IMAGES.astype("uint8")))
    assert found.dtype == wanted.dtype.name == "uint8"
    apart = np.abs(found.numpy().astype(int) - wanted)
    assert apart.max() <= 1 and np.mean(apart) < 0.01  # halves may be rounded to either side


@pytest.mark.parametrize(("name", "arguments"), DRAWN)
def test_the_same_draws_do_the_same_as_in_keras(name, arguments):
    mine, other = made(name, arguments, bounding_box_format="xyxy", seed=3)
    if name == "RandAugment":
        mine.equalization.bins = other.equalization.bins = 4  # Keras runs an operation for each
    drawn = mine.get_random_transformation(IMAGES, training=True)
    # Keras moves boxes once where images go through one layer twice.
    twice = name == "RandAugment" and len(set(np.asarray(drawn["layer_idxes"]).tolist())) < 2
    check_parts(mine, other, drawn, moved=name not in UNMOVED and not twice)


@pytest.mark.parametrize("name", ["RandomContrast", "RandomFlip", "RandomErasing", "RandomSharpness"])
def test_channels_first_agrees_with_keras(name):
    mine, other = made(name, {} if name in ("RandomFlip", "RandomErasing") else {"factor": 0.5},
                       data_format="channels_first", seed=3)  # fmt: skip
    images = IMAGES.transpose(0, 3, 1, 2)[:, :, :, :]
    if name == "RandomSharpness":  # Keras swaps rows and columns there, which its square kernel does not show
        images = images[..., :10, :]
    drawn = mine.get_random_transformation(images, training=True)
    wanted = compiled(lambda x: other.transform_images(x, for_keras(drawn)), images)
    near(mine.transform_images(tf.constant(images), drawn), wanted)


def test_random_crop_cuts_what_keras_cuts():
    for size in ({"height": 5, "width": 6}, {"height": 15, "width": 6}):
        mine, other = made("RandomCrop", size, seed=3)
        drawn = mine.get_random_transformation(IMAGES, training=True)
        place = tuple(int(start) for start in drawn[:2])
        near(mine.transform_images(IMAGES, drawn), other.transform_images(theirs.ops.convert_to_tensor(IMAGES), place))


CONFIGS = [
    *FIXED, *DRAWN, ("RandomCrop", {"height": 5, "width": 6, "seed": 4}), ("RandomElasticTransform", {"scale": 0.5}),
    ("RandomColorJitter", {"brightness_factor": 0.2, "hue_factor": 0.1, "seed": 5}), ("AugMix", {"factor": 0.4}),
    ("MaxNumBoundingBoxes", {"max_number": 4}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), CONFIGS)
def test_configs_and_shapes_are_those_of_keras(name, arguments):
    check_config(name, arguments, IMAGES)


DISTRIBUTIONS = [
    ("RandomRotation", {"factor": (-0.1, 0.3)}, ("angle",)),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": (-0.2, 0.4)}, ("translations",)),
    ("RandomShear", {"x_factor": (0.1, 0.3), "y_factor": (0.0, 0.2)}, ("shear_factor",)),
    ("RandomContrast", {"factor": 0.4}, ("contrast_factor",)),
    ("RandomSaturation", {"factor": 0.6}, ("factor",)),
    ("RandomHue", {"factor": (0.2, 0.6)}, ("factor",)),
    ("RandomPosterization", {"factor": 5}, ("shift_factor",)),
]


@pytest.mark.parametrize(("name", "arguments", "keys"), DISTRIBUTIONS)
def test_draws_are_distributed_as_in_keras(name, arguments, keys):
    mine, other = made(name, arguments, seed=11)
    images = np.zeros((1500, 4, 5, 3), "float32")
    found, wanted = (layer.get_random_transformation(images, training=True) for layer in (mine, other))
    assert set(found) == set(wanted)
    for key in keys:
        a, b = np.asarray(found[key]), np.asarray(wanted[key])
        assert (a.shape, str(a.dtype)) == (b.shape, str(b.dtype))
        a, b = (x.astype("float64").reshape(len(x), -1) for x in (a, b))
        shares = np.linspace(0.1, 0.9, 4)
        spread = np.ptp(b) + 1e-9
        np.testing.assert_allclose(a.mean(0) / spread, b.mean(0) / spread, atol=0.06)
        if a.shape[1] < 9 and len(np.unique(b)) > 9:
            quantiles = np.quantile(a, shares, axis=0), np.quantile(b, shares, axis=0)
            np.testing.assert_allclose(quantiles[0] / spread, quantiles[1] / spread, atol=0.09)


def test_without_training_images_are_as_in_keras():
    for name in (
        "RandomFlip",
        "RandomGrayscale",
        "RandomHue",
        "RandomInvert",
        "RandomSharpness",
        "CutMix",
        "RandAugment",
    ):
        mine, other = made(name, {"factor": 0.5} if name in ("RandomHue", "RandomSharpness") else {}, seed=3)
        found, wanted = mine(IMAGES.astype("uint8"), training=False), other(IMAGES.astype("uint8"), training=False)
        assert (str(found.dtype), name) == (str(wanted.dtype), name)
        np.testing.assert_array_equal(np.asarray(found), np.asarray(wanted))


@pytest.mark.parametrize("bad", [1.5, "much", (0.1, 0.2, 0.3), None])
def test_factors_that_keras_refuses_are_refused(bad):
    for name in ("RandomHue", "RandomTranslation", "RandomShear"):
        arguments = {"height_factor": bad, "width_factor": bad} if name == "RandomTranslation" else {"factor": bad}
        arguments = {"x_factor": bad} if name == "RandomShear" else arguments
        for library in (ours, theirs):
            with pytest.raises(ValueError):
                getattr(library.layers, name)(**arguments)


def test_plain_makes_configs_comparable():
    assert plain({"a": (1, [2])}) == {"a": [1, [2]]}


BOX_FORMATS = importlib.import_module("headwater.keras.utils.bounding_boxes.formats").FORMATS


@pytest.mark.parametrize("source", BOX_FORMATS)
def test_boxes_change_form_as_in_keras(source):
    boxes = BOXES / 20 if source.startswith("rel") else BOXES

    def converted(boxes, library=theirs):
        convert = library.utils.bounding_boxes.convert_format
        return [convert(boxes, source, target, height=24, width=20) for target in BOX_FORMATS]

    for found, wanted in zip(converted(boxes, ours), converted(theirs.ops.convert_to_tensor(boxes))):
        near(found, wanted, atol=1e-5)


def test_boxes_are_cut_and_moved_as_in_keras():
    mine, other = ours.utils.bounding_boxes, theirs.utils.bounding_boxes
    angle, zeros = np.array([10.0, 20, 30, 40], "float32"), np.zeros(4, "float32")
    numbers = (angle, zeros + 0.1, zeros - 0.2, zeros + 1.2, zeros + 3, zeros + 5)

    def changed(boxes, library=other):
        turned = library.affine_transform(boxes, *numbers, height=12, width=10)
        return library.crop(boxes, 1, 2, 4, 3), library.pad(boxes, 1, 2), turned

    for found, wanted in zip(changed(BOXES, mine), compiled(changed, BOXES)):
        near(found, wanted, 1e-4)


def test_overlaps_of_boxes_are_those_of_keras():
    mine, other = ours.utils.bounding_boxes, theirs.utils.bounding_boxes
    negative = np.concatenate([BOXES[0], -np.ones((1, 4), "float32")])

    def overlaps(boxes, library=other):
        pairs = library.compute_iou(boxes, boxes, "xywh"), library.compute_iou(negative, boxes[1][:2], "xyxy")
        return (*pairs, library.compute_ciou(boxes[0], boxes[1], "xyxy"))

    for found, wanted in zip(overlaps(BOXES, mine), compiled(overlaps, BOXES)):
        near(found, wanted, 1e-5)
    # Keras takes the masks of the second boxes along the wrong axis unless there are as many
    masked = mine.compute_iou(negative, BOXES[1][:2], "xyxy", use_masking=True).numpy()
    assert (masked[-1] == -1).all() and (masked[:-1] >= 0).all()


@pytest.mark.parametrize("encoding", ["center_yxhw", "center_xywh"])
def test_deltas_of_boxes_are_those_of_keras(encoding):
    arguments = {"anchor_format": "xyxy", "box_format": "xyxy", "variance": [0.1, 0.1, 0.2, 0.2]}
    mine, other = ours.utils.bounding_boxes, theirs.utils.bounding_boxes
    deltas = mine.encode_box_to_deltas(BOXES[0], BOXES[1], encoding_format=encoding, **arguments)
    wanted = compiled(
        lambda boxes: other.encode_box_to_deltas(boxes[0], boxes[1], encoding_format=encoding, **arguments), BOXES
    )
    near(deltas, wanted, 1e-4)
    back = mine.decode_deltas_to_boxes(BOXES[0], deltas, encoded_format=encoding, **arguments)
    np.testing.assert_allclose(back.numpy(), BOXES[1], atol=1e-4)


SOUND = np.sin(np.cumsum(RNG.uniform(0, 1.5, (2, 300)), axis=1)).astype("float32")
MEL = [
    {"fft_length": 64, "sequence_stride": 32, "num_mel_bins": 12},
    {"fft_length": 64, "sequence_length": 50, "sequence_stride": 20, "num_mel_bins": 9, "mag_exp": 1.0,
     "min_freq": 100.0, "max_freq": 4000, "power_to_db": False, "window": "hamming"},
    {"fft_length": 64, "sequence_stride": 16, "num_mel_bins": 7, "ref_power": 0.5, "top_db": 20.0},
]  # fmt: skip
STFT = [{"mode": mode} for mode in ("log", "magnitude", "psd", "real", "imag", "angle", "stft")]
STFT += [
    {"expand_dims": True, "padding": "same", "frame_step": 7, "scaling": None, "window": None},
    {"data_format": "channels_first", "mode": "psd", "scaling": "spectrum", "periodic": True, "fft_length": 64},
]


@pytest.mark.parametrize("arguments", MEL)
def test_mel_spectrograms_are_those_of_keras(arguments):
    mine, other = made("MelSpectrogram", arguments)
    near(mine(SOUND), compiled(other.call, SOUND), atol=2e-3)
    near(mine(SOUND[0]), mine(SOUND[:1]).numpy()[0], atol=1e-3)
    assert tuple(mine.compute_output_shape(SOUND.shape)) == tuple(mine(SOUND).shape)
    config = plain(mine.get_config()), plain(other.get_config())
    assert {**config[0], "name": ""} == {**config[1], "name": ""}


@pytest.mark.parametrize("arguments", STFT)
def test_spectrograms_by_convolution_are_those_of_keras(arguments):
    arguments = {"frame_length": 32, **arguments}
    sounds = np.stack([SOUND[:, :150], SOUND[:, 150:]], axis=-1)
    if "data_format" in arguments:
        sounds = sounds.transpose(0, 2, 1)
        arguments = {**arguments, "expand_dims": True}
    mine = ours.layers.STFTSpectrogram(**arguments)
    found = mine(sounds)
    if "data_format" in arguments:  # for which JAX's convolution wants a GPU: theirs with channels last, turned
        other = theirs.layers.STFTSpectrogram(**{**arguments, "data_format": "channels_last"})
        other.build((2, 150, 2))
        wanted = np.asarray(compiled(other.call, sounds.transpose(0, 2, 1))).transpose(0, 3, 1, 2)
    else:
        other = theirs.layers.STFTSpectrogram(**arguments)
        other.build(sounds.shape)
        wanted = np.asarray(compiled(other.call, sounds))
    assert [w.name for w in mine.weights] == [w.name for w in other.weights]
    assert tuple(mine.compute_output_shape(sounds.shape)) == tuple(found.shape)
    if arguments.get("mode") == "angle":  # where a magnitude is 0, the angle is noise
        near(tf.ops.cos(found), np.cos(wanted), atol=0.5)
        assert np.mean(np.abs(found.numpy() - wanted) < 1e-2) > 0.9
    else:
        near(found, wanted, atol=3e-4)
