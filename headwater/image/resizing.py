"""Images of other sizes: each pixel a weighted mean of pixels along each axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.frontend.prelude import before_programs
from headwater.image.batches import by_batch, image_tensor
from headwater.image.frames import pad_to_bounding_box
from headwater.image.repeated import compiled_when_repeated
from headwater.ops.convert import convert_to_tensor
from headwater.ops.image.resampling import resampled
from headwater.ops.operands import int_of, is_known, known


class ResizeMethod:
    """The names of the methods of `resize`."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


_METHODS = tuple(value for name, value in vars(ResizeMethod).items() if name.isupper())


def _nearest(images: Any, axis: int, count: int) -> Any:
    size = images.shape[axis]
    scale = np.float32(size) / np.float32(count)
    places = np.floor((np.arange(count, dtype="float32") + np.float32(0.5)) * scale)
    return ops.take(images, np.minimum(places, size - 1).astype("int32"), axis=axis)


def _two_sizes(size: Any, what: str) -> tuple[int, int]:
    """Height and width on the host.

    Raises: ShapeError for another number of sizes; DTypeError for fractions; ArgumentError unless they are positive.
    """
    values = known(size, what, "size")
    if values.shape != (2,):
        raise ShapeError(f"{what}: size {values.tolist()}.", fix="give a height and a width.")
    if values.dtype.kind not in "iu":
        raise DTypeError(f"{what}: size {values.tolist()}.", fix="give whole numbers.")
    if (values <= 0).any():
        raise ArgumentError(f"{what}: size {values.tolist()}.", fix="give a height and a width of 1 or more.")
    return int(values[0]), int(values[1])


def _within(shape: Any, size: tuple[int, int]) -> tuple[int, int]:
    """The size with the ratio of the images that fits into `size`."""
    height, width = (np.float32(each) for each in shape[-3:-1])
    factor = min(np.float32(size[0]) / height, np.float32(size[1]) / width)
    return int(np.rint(factor * height)), int(np.rint(factor * width))


def _resized(
    images: Any, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False, *_: Any, **__: Any
) -> Any:
    """Shape and dtype of what `resize` makes of images whose size is not known yet."""
    images = image_tensor(images, "resize")
    two = (None, None) if preserve_aspect_ratio else _two_sizes(size, "resize")
    return (*images.shape[:-3], *two, images.shape[-1]), images.dtype if method == "nearest" else as_dtype("float32")


def _padded(image: Any, target_height: Any, target_width: Any, method: str = "bilinear", _: bool = False) -> Any:
    """The same for `resize_with_pad`."""
    return _resized(image, (target_height, target_width), method)


@before_programs(_resized)
@compiled_when_repeated
def resize(
    images: Any,
    size: Any,
    method: str = ResizeMethod.BILINEAR,
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
    name: str | None = None,
) -> Any:
    """Images of another size.

    Args:
        images: (height, width, channels), or a batch.
        size: the new height and width.
        method: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic"; see
            `ResizeMethod`.
        preserve_aspect_ratio: keep the ratio of height to width: `size` is then the most.
        antialias: whether every pixel counts where images become smaller, not only those near a new pixel's centre.
    Returns: float32; for "nearest", the dtype of the images.
    Raises: ArgumentError for an unknown method; ShapeError for other shapes.
    Example:
        >>> resize(np.array([[[0.0], [1.0]]], "float32"), (1, 4)).numpy().ravel()
        array([0.  , 0.25, 0.75, 1.  ], dtype=float32)

    Source: Keys 1981, "Cubic convolution interpolation for digital image processing"; Duchon 1979, "Lanczos filtering
    in one and two dimensions"; Mitchell and Netravali 1988, "Reconstruction filters in computer graphics".
    """
    images, size = image_tensor(images, "resize"), _two_sizes(size, "resize")
    if method not in _METHODS:
        raise ArgumentError(f"resize: method {method!r} is unknown.", fix=f"use one of {', '.join(_METHODS)}.")
    if 0 in images.shape[-3:-1]:
        raise ShapeError(f"resize: images of shape {tuple(images.shape)} have no pixels.", fix="leave them out.")
    if preserve_aspect_ratio:
        size = _within(images.shape, size)
    if method == "nearest":
        for axis, count in zip((len(images.shape) - 3, len(images.shape) - 2), size):
            images = images if images.shape[axis] == count else _nearest(images, axis, count)
        return images
    table = "tabulated_bicubic" if method == "bicubic" and not antialias else method  # which TensorFlow's is
    return ops.cast(resampled(images, size, table, bool(antialias)), "float32")


@before_programs(_padded)
@compiled_when_repeated
def resize_with_pad(
    image: Any, target_height: Any, target_width: Any, method: str = ResizeMethod.BILINEAR, antialias: bool = False
) -> Any:
    """Images of another size that keep their ratio of height to width, with zeros around them.

    Args:
        image: (height, width, channels), or a batch.
        target_height, target_width: the size, with the border.
        method, antialias: as for `resize`.
    Raises: ArgumentError if a size is not positive.
    """
    height, width = (int_of(size, "resize_with_pad", "target") for size in (target_height, target_width))
    if height <= 0 or width <= 0:
        raise ArgumentError(f"resize_with_pad: a size of ({height}, {width}).", fix="give positive sizes.")

    def fitted(images: Any) -> Any:
        tall, wide = (np.float32(size) for size in images.shape[1:3])
        ratio = max(wide / np.float32(width), tall / np.float32(height))
        tall, wide = tall / ratio, wide / ratio
        top, left = (max(0, int(np.floor((whole - part) / 2))) for whole, part in ((height, tall), (width, wide)))
        found = resize(images, (int(np.floor(tall)), int(np.floor(wide))), method, antialias=antialias)
        return pad_to_bounding_box(found, top, left, height, width)

    return by_batch(image, "resize_with_pad", fitted)


def _sampled_places(low: Any, high: Any, size: int, count: int) -> Any:
    """Where the `count` samples between two shares of an axis lie: (boxes, count)."""
    if count == 1:
        return ops.expand_dims(0.5 * (low + high) * (size - 1), -1)
    step = (high - low) * (size - 1) / (count - 1)
    first = ops.expand_dims(low * (size - 1), -1)
    return first + ops.expand_dims(step, -1) * np.arange(count, dtype="float32")


@compiled_when_repeated
def crop_and_resize(
    image: Any,
    boxes: Any,
    box_indices: Any,
    crop_size: Any,
    method: str = "bilinear",
    extrapolation_value: float = 0.0,
    name: str | None = None,
) -> Any:
    """Parts of images, each brought to one size.

    Args:
        image: (batch, height, width, channels).
        boxes: (boxes, 4): top, left, bottom and right of each part as shares of the image, 0 and 1 being the first and
            the last pixel's centre; top may lie below bottom, which turns the part over.
        box_indices: (boxes,): from which image each part is taken.
        crop_size: height and width of the result.
        method: "bilinear" or "nearest".
        extrapolation_value: what lies outside of the images.
    Returns: float32 (boxes, crop height, crop width, channels).
    Raises: ShapeError for other shapes; ArgumentError for an unknown method, or an image that does not exist.
    """
    image, boxes = convert_to_tensor(image), ops.cast(boxes, "float32")
    tall, wide = _two_sizes(crop_size, "crop_and_resize")
    if len(image.shape) != 4 or len(boxes.shape) != 2 or boxes.shape[-1] != 4:
        raise ShapeError(
            f"crop_and_resize: images of shape {tuple(image.shape)} and boxes of shape {tuple(boxes.shape)}.",
            fix="give a batch of images, and boxes (boxes, 4).",
        )
    if method not in ("bilinear", "nearest"):
        raise ArgumentError(f"crop_and_resize: method {method!r} is unknown.", fix="use 'bilinear' or 'nearest'.")
    count, height, width, channels = image.shape
    y = _sampled_places(boxes[:, 0], boxes[:, 2], height, tall)
    x = _sampled_places(boxes[:, 1], boxes[:, 3], width, wide)
    rows = ops.cast(ops.reshape(image, (count * height * width, channels)), "float32")
    start = ops.reshape(_checked_indices(box_indices, count) * (height * width), (-1, 1, 1))

    def pixels(row: Any, column: Any) -> Any:
        row, column = ops.cast(row, "int32"), ops.cast(column, "int32")
        row, column = ops.clip(row, 0, height - 1), ops.clip(column, 0, width - 1)
        return ops.take(rows, start + ops.expand_dims(row, -1) * width + ops.expand_dims(column, -2), axis=0)

    if method == "nearest":
        found = pixels(_half_up(y), _half_up(x))
    else:
        down, right = (ops.reshape(place - ops.floor(place), shape) for place, shape in
                       ((y, (-1, tall, 1, 1)), (x, (-1, 1, wide, 1))))  # fmt: skip
        top = _between(pixels(ops.floor(y), ops.floor(x)), pixels(ops.floor(y), ops.ceil(x)), right)
        bottom = _between(pixels(ops.ceil(y), ops.floor(x)), pixels(ops.ceil(y), ops.ceil(x)), right)
        found = _between(top, bottom, down)
    inside_y, inside_x = ops.logical_and(y >= 0, y <= height - 1), ops.logical_and(x >= 0, x <= width - 1)
    inside = ops.logical_and(ops.expand_dims(inside_y, -1), ops.expand_dims(inside_x, -2))
    return ops.where(ops.expand_dims(inside, -1), found, float(extrapolation_value))


def _checked_indices(indices: Any, count: int) -> Any:
    """Which image each box lies in; those below 0 become one that does not exist, so that a program refuses them too.

    Raises: ArgumentError for one that does not exist.
    """
    if is_known(indices):
        values = known(indices, "crop_and_resize", "box_indices")
        if values.size and not (values.min() >= 0 and values.max() < count):
            raise ArgumentError(
                f"crop_and_resize: box_indices from {values.min()} to {values.max()}, and {count} images.",
                fix=f"use indices from 0 to {count - 1}.",
            )
    indices = ops.cast(indices, "int32")
    return ops.where(indices < 0, count, indices)


def _half_up(place: Any) -> Any:
    return ops.floor(place + 0.5)


def _between(first: Any, second: Any, part: Any) -> Any:
    return first + (second - first) * part
