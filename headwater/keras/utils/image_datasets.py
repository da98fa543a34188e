"""image_dataset_from_directory: a folder of pictures as a data set."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from headwater import image, ops
from headwater.errors import ArgumentError
from headwater.frontend.tensor_spec import TensorSpec
from headwater.image.files import kind_of, opened, pixels_of
from headwater.keras import settings
from headwater.keras.utils.directories import FolderOptions, folder_datasets

FORMATS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}
_INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: Any = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """The pictures of a folder, whose subfolders are the classes, as a `tf.data.Dataset`.

    Files are taken class by class in the order of their names. BMP, GIF (the first frame), JPEG and PNG files are read.

    Args:
        directory: the folder.
        labels: "inferred" from the subfolders; None for none; or a whole number for each file.
        label_mode: "int"; "categorical" for one-hot rows; "binary" for 0.0 or 1.0; None for no labels.
        class_names: subfolders to take, in the order of their numbers; all by name by default.
        color_mode: "grayscale", "rgb" or "rgba".
        batch_size: pictures in a batch; None for single ones.
        image_size: (height, width) that they are made to have, or one number for both.
        shuffle: mix the files, and samples again in each pass; else they come in order.
        seed: of the mixing.
        validation_split: share of the files, the last ones, that is held out.
        subset: "training", "validation", or "both" for a list of the two; with `validation_split`.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        follow_links: whether links to folders are followed.
        crop_to_aspect_ratio: cut the largest middle part of the right proportions out first, instead of distorting.
        pad_to_aspect_ratio: add black borders, instead of distorting.
        data_format: "channels_last" or "channels_first"; that of the session by default.
        format: "tf".
        verbose: say how many files were found.
    Returns: a data set of images, float32 (batch, height, width, channels) from 0 to 255, alone or with labels. It has
        `class_names` and `file_paths`.
    Raises: ArgumentError for arguments that do not fit; NotFoundError if there is no file. A file that can't be read is
        an error that names it, when it is reached.
    """
    if color_mode not in _CHANNELS:
        raise ArgumentError(f"color_mode={color_mode!r}.", fix=f"pass one of {', '.join(_CHANNELS)}.")
    interpolation = interpolation.lower()
    if interpolation not in _INTERPOLATIONS:
        raise ArgumentError(f"interpolation={interpolation!r}.", fix=f"pass one of {', '.join(_INTERPOLATIONS)}.")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError("pictures are to be cropped and padded.", fix="pass one of the two.")
    require_tf(format)
    fit = "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else "distort"
    load = PictureLoader(_size(image_size), _CHANNELS[color_mode], interpolation, fit, _layout(data_format))
    options = FolderOptions(
        directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links,
        verbose,
    )  # fmt: skip
    return folder_datasets(options, FORMATS, "image", load, load.spec)


def require_tf(format: str) -> None:
    """Refuse other kinds of data sets than ours."""
    if format != "tf":
        raise ArgumentError(f"format={format!r}.", fix='pass "tf": a tf.data.Dataset.')


def _size(size: Any) -> tuple[int, int]:
    if isinstance(size, (int, np.integer)):
        return int(size), int(size)
    if not isinstance(size, (list, tuple)) or len(size) != 2:
        raise ArgumentError(f"image_size={size!r}.", fix="pass (height, width).")
    return int(size[0]), int(size[1])


def _layout(data_format: str | None) -> str:
    found = settings.image_data_format() if data_format is None else data_format
    if found not in ("channels_last", "channels_first"):
        raise ArgumentError(f"data_format={found!r}.", fix="pass 'channels_last' or 'channels_first'.")
    return found


class PictureLoader:
    """From the path of a picture to its pixels.

    Args:
        size: height and width.
        channels: 1, 3 or 4.
        interpolation: how it is resized.
        fit: "distort", "crop" or "pad" it to the size.
        layout: "channels_last" or "channels_first".
    """

    def __init__(self, size: tuple[int, int], channels: int, interpolation: str, fit: str, layout: str) -> None:
        self._size, self._channels, self._interpolation = size, channels, interpolation
        self._fit, self._layout = fit, layout

    @property
    def spec(self) -> TensorSpec:
        """The shape and dtype of what it gives."""
        shape = (*self._size, self._channels)
        dtype = "uint8" if self._interpolation == "nearest" else "float32"
        return TensorSpec(shape if self._layout == "channels_last" else (shape[2], *shape[:2]), dtype)

    def __call__(self, path: str) -> Any:
        with open(path, "rb") as file:
            found = self._resized(self._pixels(file.read()))
        if self._layout == "channels_last":
            return found
        return ops.transpose(found, (2, 0, 1)) if not isinstance(found, np.ndarray) else found.transpose(2, 0, 1)

    def _pixels(self, contents: bytes) -> np.ndarray:
        if kind_of(contents) == "JPEG" and self._channels == 3:  # most pictures: without a tensor on the way
            with opened(contents, "decode_jpeg", ("JPEG",)) as picture:
                return pixels_of(picture, 3)
        return np.asarray(image.decode_image(contents, channels=self._channels, expand_animations=False))

    def _resized(self, pixels: np.ndarray) -> Any:
        if self._fit == "pad":
            return image.resize_with_pad(pixels, *self._size, method=self._interpolation)
        if self._fit == "crop":
            pixels = self._middle(pixels)
        if self._interpolation == "bilinear":
            return bilinear(pixels, self._size)
        return image.resize(pixels, self._size, method=self._interpolation)

    def _middle(self, pixels: np.ndarray) -> np.ndarray:
        """The largest middle part of the right proportions."""
        (height, width), (tall, wide) = pixels.shape[:2], self._size
        kept_height, kept_width = min(height, width * tall // wide), min(width, height * wide // tall)
        top, left = (height - kept_height) // 2, (width - kept_width) // 2
        return pixels[top : top + kept_height, left : left + kept_width]


def bilinear(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """What `tf.image.resize` gives for one image in memory, without a program for each size that a folder has.

    Args:
        pixels: (height, width, channels).
        size: the new height and width.
    Returns: float32.
    """
    height, width, channels = pixels.shape
    top, bottom, down = _neighbours(height, size[0])
    left, right, across = (_by_channel(each, channels) for each in _neighbours(width, size[1]))
    rows = pixels.reshape(height, width * channels)
    found = _between(rows, top, bottom, down[:, None], 0, _scratch.array(2, (size[0], width * channels)))
    return _between(found, left, right, across, 1, np.empty((size[0], size[1] * channels), np.float32)).reshape(
        *size, channels
    )


def _by_channel(places: np.ndarray, channels: int) -> np.ndarray:
    """Places of pixels as places of numbers, and parts of pixels for each of their numbers."""
    if places.dtype == np.float32:
        return np.repeat(places, channels)
    return (places[:, None] * channels + np.arange(channels)).ravel()


def _between(
    values: np.ndarray, low: np.ndarray, high: np.ndarray, part: np.ndarray, axis: int, found: np.ndarray
) -> np.ndarray:
    """The values at places between the low and the high ones of an axis, in `found`."""
    first = _scratch.array(1, found.shape)
    for places, target in ((low, first), (high, found)):
        if values.dtype == np.float32:
            np.take(values, places, axis, target, "clip")
        else:
            np.copyto(target, np.take(values, places, axis, mode="clip"))
    found -= first
    found *= part
    found += first
    return found


class _Scratch(threading.local):
    """Arrays of each thread that are used again: new ones of their size would cost more than the arithmetic."""

    def __init__(self) -> None:
        self._arrays: dict[int, np.ndarray] = {}

    def array(self, which: int, shape: tuple[int, ...]) -> np.ndarray:
        size = shape[0] * shape[1]
        if which not in self._arrays or self._arrays[which].size < size:
            self._arrays[which] = np.empty(size, np.float32)
        return self._arrays[which][:size].reshape(shape)


_scratch = _Scratch()


def _neighbours(length: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each of `count` places along `length` pixels, the pixels before and after it and how far it lies between."""
    place = (np.arange(count, dtype=np.float32) + np.float32(0.5)) * np.float32(length / count) - np.float32(0.5)
    before = np.floor(place)
    low = np.maximum(before, 0).astype(np.intp)
    return low, np.minimum(np.ceil(place), length - 1).astype(np.intp), place - before
