"""Boxes drawn into images, and drawn at random."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from headwater import ops
from headwater import random as drawn
from headwater.errors import ArgumentError, ShapeError
from headwater.image.batches import image_tensor
from headwater.image.repeated import compiled_when_repeated
from headwater.ops.convert import convert_to_tensor
from headwater.ops.operands import known

# The colours of boxes that are given none: red, green, blue, opacity; one after the other, then again.
_COLOURS = (
    (1, 1, 0, 1), (0, 0, 1, 1), (1, 0, 0, 1), (0, 1, 0, 1), (0.5, 0, 0.5, 1), (0.5, 0.5, 0, 1), (0.5, 0, 0, 1),
    (0, 0, 0.5, 1), (0, 1, 1, 1), (1, 0, 1, 1),
)  # fmt: skip


def _palette(colors: Any, channels: int) -> np.ndarray:
    """Colours (n, channels) on the host.

    Raises: ShapeError unless there are colours of at least that many channels.
    """
    if colors is None:
        found = np.array(_COLOURS, "float32")
        if channels == 1:
            found[:, 0] = 1
        return found[:, :channels]
    found = np.asarray(known(convert_to_tensor(colors), "draw_bounding_boxes", "colors"), "float32")
    if found.ndim != 2 or not len(found) or found.shape[1] < channels:
        raise ShapeError(
            f"draw_bounding_boxes: colours of shape {found.shape} for images of {channels} channels.",
            fix="give (colours, channels).",
        )
    return found[:, :channels]


@compiled_when_repeated
def draw_bounding_boxes(images: Any, boxes: Any, colors: Any = None, name: str | None = None) -> Any:
    """Images with the edges of boxes drawn into them, a pixel wide.

    Args:
        images: (batch, height, width, channels), floats.
        boxes: (batch, boxes, 4): top, left, bottom, right as shares of the image; what lies outside is left out.
        colors: (colours, channels), taken in turn; None for ten that stand out.
    Returns: a tensor of the shape and dtype of the images.
    Raises: ShapeError for other shapes.
    """
    images, boxes = image_tensor(images, "draw_bounding_boxes"), ops.cast(boxes, "float32")
    if len(images.shape) != 4 or len(boxes.shape) != 3 or boxes.shape[0] != images.shape[0] or boxes.shape[2] != 4:
        raise ShapeError(
            f"draw_bounding_boxes: images of shape {tuple(images.shape)} and boxes of shape {tuple(boxes.shape)}.",
            fix="give a batch of images, and boxes (batch, boxes, 4).",
        )
    _, height, width, channels = images.shape
    palette = _palette(colors, channels)
    sizes = ops.convert_to_tensor(np.array([height - 1, width - 1] * 2, "float32"))
    places = ops.cast(boxes * sizes, "int32")  # towards 0, as TensorFlow does
    row = np.arange(height, dtype="int32")[:, None]
    column = np.arange(width, dtype="int32")[None, :]
    for number in range(boxes.shape[1]):
        top, left, bottom, right = (ops.reshape(places[:, number, side], (-1, 1, 1)) for side in range(4))
        in_rows = ops.logical_and(row >= ops.maximum(top, 0), row <= ops.minimum(bottom, height - 1))
        in_columns = ops.logical_and(column >= ops.maximum(left, 0), column <= ops.minimum(right, width - 1))
        on_edge = ops.logical_or(
            ops.logical_and(in_columns, ops.logical_or(ops.equal(row, top), ops.equal(row, bottom))),
            ops.logical_and(in_rows, ops.logical_or(ops.equal(column, left), ops.equal(column, right))),
        )
        real = ops.logical_and(ops.logical_and(bottom >= top, right >= left),
                               ops.logical_and(ops.logical_and(top < height, bottom >= 0),
                                               ops.logical_and(left < width, right >= 0)))  # fmt: skip
        drawn_here = ops.expand_dims(ops.logical_and(on_edge, real), -1)
        images = ops.where(drawn_here, ops.cast(palette[number % len(palette)], images.dtype), images)
    return images


class SampledBox(NamedTuple):
    """A part of an image, as `tf.slice` and as `tf.image.draw_bounding_boxes` take it."""

    begin: Any
    size: Any
    bboxes: Any


def _attempts(size: np.ndarray, aspects: Any, areas: Any, uniform: Any, count: int) -> tuple[Any, Any]:
    """`count` parts of an image at random, (count, 4): top, left, height, width; and which of them are possible."""
    height, width = (np.float32(each) for each in size[:2])
    whole = float(height * width)
    draws = uniform((4, count))
    aspect = aspects[0] + draws[0] * (aspects[1] - aspects[0])
    least, most = areas[0] * whole, areas[1] * whole
    low, high = ops.round(ops.sqrt(least / aspect)), ops.round(ops.sqrt(most / aspect))
    high = ops.where(ops.round(high * aspect) > width, ops.floor((width + 0.5 - 1e-7) / aspect), high)
    high = ops.minimum(high, height)
    low = ops.minimum(low, high)
    tall = low + ops.floor(draws[1] * (high - low + 1))
    wide = ops.round(tall * aspect)
    tall = ops.where(tall * wide < least, tall + 1, tall)
    wide = ops.round(tall * aspect)
    tall = ops.where(tall * wide > most, tall - 1, tall)
    wide = ops.round(tall * aspect)
    area = tall * wide
    possible = ops.logical_and(ops.logical_and(area >= least, area <= most),
                               ops.logical_and(ops.logical_and(wide <= width, tall <= height),
                                               ops.logical_and(wide > 0, tall > 0)))  # fmt: skip
    top = ops.floor(draws[2] * ops.maximum(height - tall, 1.0))
    left = ops.floor(draws[3] * ops.maximum(width - wide, 1.0))
    return ops.stack([top, left, tall, wide], axis=-1), possible


def _covering(parts: Any, boxes: Any, size: np.ndarray, least: float) -> Any:
    """Which parts cover at least that share of one of the boxes."""
    scale = ops.convert_to_tensor(np.array([size[0], size[1]] * 2, "float32"))
    boxes = ops.expand_dims(ops.floor(boxes * scale), 0)
    top, left, tall, wide = (parts[:, None, place] for place in range(4))
    shared_height = ops.minimum(top + tall, boxes[..., 2]) - ops.maximum(top, boxes[..., 0])
    shared_width = ops.minimum(left + wide, boxes[..., 3]) - ops.maximum(left, boxes[..., 1])
    shared = ops.maximum(shared_height, 0.0) * ops.maximum(shared_width, 0.0)
    area = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    covered = ops.logical_and(area >= 1, shared >= least * area)
    return ops.any(covered, axis=-1)


def _sampled(
    image_size: Any, bounding_boxes: Any, uniform: Any, min_object_covered: Any, aspect_ratio_range: Any,
    area_range: Any, max_attempts: int | None, use_image: bool | None, what: str,
) -> SampledBox:  # fmt: skip
    size = known(image_size, what, "image_size").reshape(-1)
    boxes = ops.reshape(ops.cast(bounding_boxes, "float32"), (-1, 4))
    aspects, areas = aspect_ratio_range or (0.75, 1.33), area_range or (0.05, 1.0)
    if len(size) != 3 or (size[:2] <= 0).any():
        raise ShapeError(f"{what}: image_size {size.tolist()}.", fix="give (height, width, channels).")
    if not 0 < aspects[0] <= aspects[1] or not 0 < areas[0] <= areas[1] <= 1:
        raise ArgumentError(
            f"{what}: aspect_ratio_range={aspects}, area_range={areas}.", fix="give (least, most), above 0; areas to 1."
        )
    if not boxes.shape[0]:
        if not use_image:
            raise ArgumentError(
                f"{what}: there are no bounding boxes.", fix="pass use_image_if_no_bounding_boxes=True, or boxes."
            )
        boxes = ops.convert_to_tensor(np.array([[0, 0, 1, 1]], "float32"))
    parts, possible = _attempts(size, aspects, areas, uniform, int(max_attempts or 100))
    least = float(known(min_object_covered, what, "min_object_covered"))
    fits = ops.logical_and(possible, _covering(parts, boxes, size, least))
    whole = ops.convert_to_tensor(np.array([0, 0, size[0], size[1]], "float32"))
    first = ops.take(parts, ops.argmax(ops.cast(fits, "int32")), axis=0)
    part = ops.where(ops.any(fits), first, whole)
    corner = ops.cast(part, "int32")
    channel = ops.convert_to_tensor(np.array([0, -1], "int32"))
    box = ops.stack(
        [part[0] / size[0], part[1] / size[1], (part[0] + part[2]) / size[0], (part[1] + part[3]) / size[1]]
    )
    return SampledBox(
        ops.concatenate([corner[:2], channel[:1]]), ops.concatenate([corner[2:], channel[1:]]),
        ops.reshape(ops.cast(box, "float32"), (1, 1, 4)),
    )  # fmt: skip


def sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: int = 0, min_object_covered: Any = 0.1, aspect_ratio_range: Any = None,
    area_range: Any = None, max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> SampledBox:  # fmt: skip
    """A part of an image, drawn so that it covers enough of one of its boxes.

    Args:
        image_size: (height, width, channels) of the image.
        bounding_boxes: (batch, boxes, 4): top, left, bottom, right as shares of the image.
        seed: for a stream of its own.
        min_object_covered: how much of a box, as a share.
        aspect_ratio_range: least and greatest width / height; (0.75, 1.33) by default.
        area_range: least and greatest share of the image's area; (0.05, 1) by default.
        max_attempts: how often to try, before the whole image is taken; 100 by default.
        use_image_if_no_bounding_boxes: whether the whole image counts as a box where there is none.
    Returns: begin and size, int32 (3,), for `tf.slice`; and the part as a box, (1, 1, 4).
    Raises: ArgumentError without boxes, or for ranges that are empty.
    """

    def uniform(shape: tuple[int, ...]) -> Any:
        return drawn.uniform(shape, seed=seed or None)

    return _sampled(
        image_size, bounding_boxes, uniform, min_object_covered, aspect_ratio_range, area_range, max_attempts,
        use_image_if_no_bounding_boxes, "sample_distorted_bounding_box",
    )  # fmt: skip


def stateless_sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: Any, min_object_covered: Any = 0.1, aspect_ratio_range: Any = None,
    area_range: Any = None, max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None,
    name: str | None = None,
) -> SampledBox:  # fmt: skip
    """`sample_distorted_bounding_box` for a seed of two numbers."""

    def uniform(shape: tuple[int, ...]) -> Any:
        return drawn.stateless_uniform(shape, seed)

    return _sampled(
        image_size, bounding_boxes, uniform, min_object_covered, aspect_ratio_range, area_range, max_attempts,
        use_image_if_no_bounding_boxes, "stateless_sample_distorted_bounding_box",
    )  # fmt: skip
