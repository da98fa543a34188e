"""`tf.image` gives what TensorFlow's does: values, dtypes, shapes, and what is refused."""

from __future__ import annotations

import io
import itertools
from typing import Any

import numpy as np
import PIL.Image
import pytest
import tensorflow as real

import headwater as tf

pytestmark = pytest.mark.filterwarnings("ignore")

RNG = np.random.default_rng(5)
UNIT = RNG.uniform(0, 1, (2, 11, 8, 3)).astype("float32")
WIDE = RNG.uniform(-0.5, 1.5, (2, 11, 8, 3)).astype("float32")
BYTES = RNG.integers(0, 256, (2, 11, 8, 3)).astype("uint8")
WORDS = RNG.integers(0, 2**16, (2, 11, 8, 3)).astype("uint16")
LARGE = RNG.uniform(0, 1, (2, 97, 90, 1)).astype("float32")
LARGE_TOO = np.clip(LARGE + RNG.normal(0, 0.1, LARGE.shape), 0, 1).astype("float32")
CORNERS = RNG.uniform(0, 0.7, (12, 2))
BOXES = np.concatenate([CORNERS, CORNERS + RNG.uniform(0.05, 0.4, (12, 2))], -1).astype("float32")
SCORES = RNG.uniform(0, 1, 12).astype("float32")


def leaves(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (tuple, list)) else [value]


def called(library: Any, name: str, args: Any, kwargs: Any) -> list[Any]:
    args = [library.constant(x) if isinstance(x, (np.ndarray, bytes)) else x for x in args]
    return leaves(getattr(library.image, name)(*args, **kwargs))


def check(name: str, *args: Any, tolerance: float = 1e-5, **kwargs: Any) -> None:
    found, wanted = (called(library, name, args, kwargs) for library in (tf, real))
    assert len(found) == len(wanted)
    for mine, other in zip(found, wanted):
        assert mine.dtype.name == other.dtype.name
        mine, other = mine.numpy(), other.numpy()
        assert np.shape(mine) == np.shape(other)
        if np.asarray(other).dtype.kind == "f":
            np.testing.assert_allclose(mine, other, rtol=1e-5, atol=tolerance)
        elif np.asarray(other).dtype.kind in "iu":
            assert np.abs(np.asarray(mine, "int64") - np.asarray(other, "int64")).max(initial=0) <= int(tolerance)
        else:
            np.testing.assert_array_equal(mine, other)


METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")


@pytest.mark.parametrize(("method", "antialias"), list(itertools.product(METHODS, (False, True))))
def test_images_are_resized_as_in_tensorflow(method, antialias):
    for size in ((5, 17), (11, 8), (22, 4), (1, 1)):
        check("resize", UNIT, size, method, antialias=antialias)
    check(
        "resize", BYTES[0], (6, 5), method, antialias=antialias, tolerance=2e-4 * 255 if method == "bicubic" else 1e-2
    )
    check("resize", LARGE, (40, 33), method, antialias=antialias)
    check("resize", UNIT, (9, 9), method, preserve_aspect_ratio=True, antialias=antialias)
    check("resize_with_pad", UNIT, 7, 19, method, antialias)


def test_strongly_reduced_images_are_those_of_tensorflow():
    image = RNG.integers(0, 256, (300, 211, 3)).astype("uint8")
    for method in ("bilinear", "bicubic", "area"):
        check("resize", image, (32, 24), method, tolerance=0.05)
        check("resize", image, (32, 24), method, antialias=True, tolerance=0.05)


FRAMES = [
    ("crop_to_bounding_box", 1, 2, 5, 4), ("pad_to_bounding_box", 1, 2, 15, 12), ("resize_with_crop_or_pad", 7, 13),
    ("resize_with_crop_or_pad", 14, 5), ("central_crop", 0.5), ("central_crop", 0.9), ("flip_left_right",),
    ("flip_up_down",), ("rot90",), ("rot90", 3), ("rot90", -2), ("transpose",), ("total_variation",),
]  # fmt: skip


@pytest.mark.parametrize("case", FRAMES, ids=lambda case: f"{case[0]}{case[1:]}")
def test_frames_are_those_of_tensorflow(case):
    name, *args = case
    for image in (UNIT, UNIT[0], BYTES) if name != "total_variation" else (UNIT, UNIT[0]):
        check(name, image, *args)


COLOURS = [
    ("adjust_brightness", 0.3), ("adjust_brightness", -0.4), ("adjust_contrast", 1.7), ("adjust_gamma", 0.5, 1.2),
    ("adjust_hue", 0.2), ("adjust_hue", -0.7), ("adjust_saturation", 1.8), ("adjust_saturation", 0.3),
    ("rgb_to_grayscale",), ("per_image_standardization",),
]  # fmt: skip


@pytest.mark.parametrize("case", COLOURS, ids=lambda case: f"{case[0]}{case[1:]}")
def test_colours_change_as_in_tensorflow(case):
    name, *args = case
    check(name, UNIT, *args)
    if name in ("adjust_brightness", "adjust_gamma", "rgb_to_grayscale"):  # the others have no kernel for it
        check(name, UNIT[0].astype("float16"), *args, tolerance=4e-3)
    check(name, BYTES, *args, tolerance=1)  # a rounding may fall on the other side
    if name in ("adjust_brightness", "adjust_contrast", "adjust_hue"):
        check(name, WIDE, *args)


@pytest.mark.parametrize("name", ["rgb_to_hsv", "hsv_to_rgb", "rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb"])
def test_colour_systems_are_those_of_tensorflow(name):
    check(name, UNIT)
    check(name, UNIT[0, 0])


def test_dtypes_of_images_change_as_in_tensorflow():
    for image in (UNIT, BYTES, WORDS, (BYTES // 2).astype("int8"), UNIT.astype("float16")):
        for dtype in ("uint8", "uint16", "int16", "int32", "float16", "float32", "float64"):
            if not (image.dtype == np.float16 and dtype in ("uint16", "int32")):  # out of range of half: undefined
                check("convert_image_dtype", image, dtype)
    for dtype in ("uint8", "int16"):
        check("convert_image_dtype", WIDE, dtype, saturate=True)
    check("grayscale_to_rgb", LARGE)


def test_likeness_is_that_of_tensorflow():
    for name in ("psnr", "ssim"):
        check(name, LARGE, LARGE_TOO, 1.0, tolerance=1e-4)
        check(name, (LARGE * 255).astype("uint8"), (LARGE_TOO * 255).astype("uint8"), 255, tolerance=1e-4)
    check("ssim", LARGE, LARGE_TOO, 1.0, filter_size=5, filter_sigma=1.0, return_index_map=True, tolerance=1e-4)
    check("ssim_multiscale", LARGE, LARGE_TOO, 1.0, power_factors=(0.2, 0.3, 0.5), tolerance=1e-4)
    check("ssim_multiscale", LARGE, LARGE_TOO, 1.0, filter_size=4, tolerance=1e-4)
    check("sobel_edges", UNIT)
    check("image_gradients", UNIT)


def test_patches_are_those_of_tensorflow():
    for padding, rates, strides in itertools.product(("SAME", "VALID"), ([1, 1, 1, 1], [1, 2, 1, 1]), ([1, 2, 3, 1],)):
        for images in (UNIT, BYTES):
            check("extract_patches", images, [1, 3, 2, 1], strides, rates, padding)


@pytest.mark.parametrize(("centered", "normalized"), list(itertools.product((False, True), (False, True))))
def test_glimpses_are_those_of_tensorflow(centered, normalized):
    offsets = np.array([[0.3, -0.4], [0.9, 0.1]], "float32") * (1 if normalized else 6)
    options = {"centered": centered, "normalized": normalized, "noise": "zero"}
    for size in ([4, 3], [5, 6]):
        check("extract_glimpse", UNIT, size, offsets, **options)


def test_crops_are_resized_as_in_tensorflow():
    boxes = np.concatenate([BOXES, [[0.9, 0.1, 0.2, 0.7], [-0.3, 0.2, 1.4, 0.5]]]).astype("float32")
    indices = np.arange(len(boxes), dtype="int32") % 2
    for method in ("bilinear", "nearest"):
        check("crop_and_resize", UNIT, boxes, indices, [4, 5], method, extrapolation_value=-1.0)
        check("crop_and_resize", BYTES, boxes, indices, [1, 3], method, tolerance=1e-3)


def test_boxes_are_drawn_as_in_tensorflow():
    boxes = np.concatenate([BOXES, BOXES[::-1] - 0.2, [[-0.5, 0.2, 0.5, 1.7]]])[None].astype("float32")
    boxes = np.concatenate([boxes, boxes[:, ::-1]])
    for colors in (None, np.array([[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]], "float32")):
        check("draw_bounding_boxes", UNIT, boxes, colors)
    check("draw_bounding_boxes", LARGE, boxes, None)


def test_the_best_boxes_are_those_of_tensorflow():
    equal = np.round(SCORES, 1)
    for scores in (SCORES, equal):
        for options in ({}, {"iou_threshold": 0.1}, {"score_threshold": 0.4, "iou_threshold": 0.3}):
            check("non_max_suppression", BOXES, scores, 7, **options)
            check("non_max_suppression", BOXES[:, [2, 3, 0, 1]], scores, 20, **options)
            check("non_max_suppression_with_scores", BOXES, scores, 9, **options)
            for sigma in (0.2, 0.5):
                check("non_max_suppression_with_scores", BOXES, scores, 9, soft_nms_sigma=sigma, **options)
    check("non_max_suppression_padded", BOXES, SCORES, 15, 0.2)
    batch = np.stack([BOXES, BOXES[::-1]]), np.stack([SCORES, SCORES])
    check("non_max_suppression_padded", *batch, 6, 0.3, pad_to_max_output_size=True)
    overlaps = RNG.uniform(0, 1, (12, 12)).astype("float32")
    check("non_max_suppression_overlaps", overlaps, SCORES, 6, 0.6, 0.1)


def test_the_best_boxes_of_all_classes_are_those_of_tensorflow():
    scores = RNG.uniform(0, 1, (2, 12, 3)).astype("float32")
    for boxes in (np.stack([BOXES, BOXES * 1.4])[:, :, None], np.tile(BOXES[None, :, None], (2, 1, 3, 1))):
        for options in ({}, {"score_threshold": 0.5}, {"pad_per_class": True}, {"clip_boxes": False}):
            check("combined_non_max_suppression", boxes, scores, 4, 20, iou_threshold=0.2, **options)


def file_of(kind: str, pixels: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, kind, **options)
    return file.getvalue()


SMOOTH = np.clip(np.cumsum(RNG.normal(0, 6, (33, 47, 3)), axis=1) + 128, 0, 255).astype("uint8")
OPAQUE = np.concatenate([SMOOTH, SMOOTH[..., :1]], -1)


def test_jpeg_files_have_the_very_pixels_of_tensorflow():
    files = file_of("JPEG", SMOOTH), file_of("JPEG", SMOOTH[..., :1]), file_of("JPEG", SMOOTH, progressive=True)
    options = {}, {"dct_method": "INTEGER_ACCURATE"}, {"dct_method": "INTEGER_FAST"}, {"fancy_upscaling": False}
    for data, channels, option in itertools.product(files, (0, 1, 3), options):
        check("decode_jpeg", data, channels, **option, tolerance=0)
    for data in files:
        check("decode_image", data, tolerance=0)


def test_files_are_decoded_by_pillow_alone_as_in_tensorflow(monkeypatch):
    monkeypatch.setattr("headwater.image.jpeg.turbo", lambda: None)
    jpeg, grey = file_of("JPEG", SMOOTH), file_of("JPEG", SMOOTH[..., :1])
    accurate = {"dct_method": "INTEGER_ACCURATE"}
    for channels in (0, 1, 3):
        check("decode_jpeg", jpeg, channels, tolerance=3)
        check("decode_jpeg", jpeg, channels, **accurate)
        check("decode_jpeg", grey, channels, **accurate)
    for ratio in (2, 4, 8):
        check("decode_jpeg", jpeg, ratio=ratio, tolerance=4, **accurate)
    check("decode_and_crop_jpeg", jpeg, [3, 4, 20, 30], tolerance=3, **accurate)  # at the edges of the part
    check("extract_jpeg_shape", jpeg)
    check("is_jpeg", jpeg)
    for pixels in (SMOOTH, SMOOTH[..., :1], OPAQUE):
        png = file_of("PNG", pixels)
        for channels in (0, 1, 3, 4):
            check("decode_png", png, channels, tolerance=1)
        for dtype in ("uint8", "uint16", "float32"):
            check("decode_image", png, dtype=dtype)
    bmp = file_of("BMP", SMOOTH)
    check("decode_bmp", bmp)
    check("decode_image", bmp)
    check("decode_image", jpeg, 3, tolerance=3)
    for dtype in ("uint16", "int32", "float32", "float16"):
        check("decode_image", bmp, dtype=dtype)
        check("decode_image", file_of("PNG", SMOOTH), dtype=dtype)
    palette = io.BytesIO()
    PIL.Image.fromarray(SMOOTH).quantize(16).save(palette, "PNG")
    check("decode_png", palette.getvalue())


def test_animations_are_decoded_as_in_tensorflow():
    frames = [PIL.Image.fromarray(np.roll(SMOOTH, 3 * n, axis=1)).quantize(32) for n in range(3)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    check("decode_gif", file.getvalue())
    for expand in (True, False):
        check("decode_image", file.getvalue(), expand_animations=expand)
        check("decode_image", file.getvalue(), dtype="float32", expand_animations=expand)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_files_of_sixteen_bits_go_both_ways_as_in_tensorflow(channels):
    pixels = RNG.integers(0, 2**16, (9, 7, channels)).astype("uint16")
    pixels = np.cumsum(pixels // 64, axis=0, dtype="uint16")  # so that filters of rows pay
    theirs = real.io.encode_png(pixels).numpy()
    np.testing.assert_array_equal(tf.image.decode_png(theirs, dtype="uint16").numpy(), pixels)
    mine = tf.image.encode_png(pixels)
    np.testing.assert_array_equal(real.io.decode_png(mine.numpy(), dtype="uint16").numpy(), pixels)
    check("decode_png", theirs)
    check("decode_png", theirs, 3 if channels < 3 else channels, dtype="uint16")
    small = pixels.astype("uint8")
    np.testing.assert_array_equal(real.io.decode_png(tf.image.encode_png(small).numpy()).numpy(), small)


def test_encoded_files_show_what_those_of_tensorflow_show():
    for pixels in (SMOOTH, SMOOTH[..., :1]):
        for options in ({}, {"quality": 40}, {"progressive": True}, {"chroma_downsampling": False}):
            mine, other = (library.image.encode_jpeg(pixels, **options).numpy() for library in (tf, real))
            found, wanted = (real.io.decode_jpeg(data).numpy().astype(int) for data in (mine, other))
            assert np.abs(found - wanted).max() <= 1
    check("adjust_jpeg_quality", SMOOTH, 30, dct_method="INTEGER_ACCURATE", tolerance=1)
    check("adjust_jpeg_quality", (SMOOTH / 255).astype("float32"), 60, tolerance=3.1 / 255)


REFUSED = [
    ("resize", UNIT, (0, 3)), ("resize", UNIT, (3, 3, 3)), ("resize", UNIT[0, 0], (3, 3)),
    ("resize", UNIT, (3, 3), "odd"),
    ("crop_to_bounding_box", UNIT, 8, 0, 5, 5), ("pad_to_bounding_box", UNIT, 0, 0, 4, 4), ("central_crop", UNIT, 0.0),
    ("central_crop", UNIT, 1.5), ("adjust_hue", UNIT, 1.5), ("random_hue", UNIT, 0.6),
    ("random_contrast", UNIT, 1.0, 0.5),
    ("random_brightness", UNIT, -1.0), ("grayscale_to_rgb", UNIT), ("psnr", UNIT, UNIT[:, :5], 1.0),
    ("decode_jpeg", b""), ("decode_png", b"nothing of the kind"), ("decode_jpeg", file_of("JPEG", SMOOTH)[:300]),
    ("decode_png", file_of("PNG", SMOOTH)[:500]), ("random_crop", UNIT, [3, 3, 3, 3]),
    ("extract_patches", UNIT, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "same"), ("encode_png", UNIT),
    ("decode_jpeg", file_of("JPEG", SMOOTH), 2), ("non_max_suppression", BOXES, SCORES[:3], 2),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[0])
def test_what_tensorflow_refuses_is_refused_with_a_remedy(case):
    name, *args = case
    with pytest.raises(Exception):  # noqa: B017  (of many classes)
        called(real, name, args, {})
    with pytest.raises(tf.errors.HeadwaterError) as caught:
        called(tf, name, args, {})
    assert caught.value.fix


def test_random_images_are_distributed_as_in_tensorflow():
    image = np.full((4, 4, 3), 0.5, "float32")
    for name, args in (("random_brightness", (0.3,)), ("random_contrast", (0.2, 1.8)), ("random_hue", (0.2,))):
        pixels = np.tile(np.array([[[0.2, 0.5, 0.9]], [[0.8, 0.4, 0.1]]], "float32"), (1, 2, 1))
        image = pixels if name != "random_brightness" else image
        stateless = getattr(tf.image, f"stateless_{name}")
        theirs = getattr(real.image, f"stateless_{name}")
        found = np.stack([stateless(image, *args, seed=(n, 2)).numpy() for n in range(60)])
        wanted = np.stack([theirs(image, *args, seed=(n, 2)).numpy() for n in range(60)])
        np.testing.assert_allclose(found.mean(0), wanted.mean(0), atol=0.12)
        np.testing.assert_allclose(found.min(0), wanted.min(0), atol=0.12)


def test_distorted_boxes_obey_their_bounds():
    boxes = np.array([[[0.2, 0.3, 0.8, 0.7]]], "float32")
    options = {"min_object_covered": 0.5, "aspect_ratio_range": (0.8, 1.25), "area_range": (0.2, 0.6)}
    for library in (tf, real):
        for seed in range(12):
            begin, size, box = library.image.stateless_sample_distorted_bounding_box(
                [60, 80, 3], boxes, seed=(seed, 1), **options
            )
            (top, left, first), (tall, wide, last) = begin.numpy(), size.numpy()
            assert (first, last) == (0, -1) and top >= 0 and left >= 0 and top + tall <= 60 and left + wide <= 80
            assert 0.19 < tall * wide / 4800 < 0.61 and 0.75 < wide / tall < 1.32
            down, right = min(top + tall, 48) - max(top, 12), min(left + wide, 56) - max(left, 24)
            assert down * right >= 0.49 * 36 * 32
            np.testing.assert_allclose(
                box.numpy()[0, 0], [top / 60, left / 80, (top + tall) / 60, (left + wide) / 80], atol=1e-6
            )
