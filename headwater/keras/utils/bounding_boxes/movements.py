"""Boxes after their images were cut, framed or turned."""

from __future__ import annotations

import math
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, UnsupportedError
from headwater.keras.utils.bounding_boxes.formats import joined, parted


def _require_corners(what: str, bounding_box_format: str, allowed: tuple[str, ...] = ("xyxy",)) -> None:
    if bounding_box_format not in allowed:
        raise UnsupportedError(
            f"{what}: boxes in the format {bounding_box_format!r}.",
            fix=f"bring them to {' or '.join(allowed)} with convert_format first.",
        )


def _limited(boxes: Any, height: Any, width: Any) -> Any:
    x1, y1, x2, y2 = parted(boxes)
    return joined(ops.clip(x1, 0, width), ops.clip(y1, 0, height), ops.clip(x2, 0, width), ops.clip(y2, 0, height))


def clip_to_image_size(
    bounding_boxes: dict[str, Any], height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> dict[str, Any]:
    """Boxes without what lies outside of their images; the labels of those of which nothing is left become -1.

    Args:
        bounding_boxes: dict of "boxes" (..., 4), and, if there are any, of "labels" (...).
        height, width: of the images; not needed for "rel_xyxy".
        bounding_box_format: "xyxy" or "rel_xyxy".
    Returns: a new dict, with the other entries as they are.
    Raises: UnsupportedError for other formats; ArgumentError for "xyxy" without size.
    Example:
        >>> found = clip_to_image_size({"boxes": np.array([[-5.0, 2.0, 9.0, 20.0]])}, height=10, width=8)
        >>> found["boxes"].numpy().tolist()
        [[0.0, 2.0, 8.0, 10.0]]
    """
    _require_corners("clip_to_image_size", bounding_box_format, ("xyxy", "rel_xyxy"))
    if bounding_box_format == "xyxy" and (height is None or width is None):
        raise ArgumentError(f"clip_to_image_size: height={height}, width={width}.", fix="pass both.")
    boxes = ops.convert_to_tensor(bounding_boxes["boxes"])
    if bounding_box_format == "rel_xyxy":
        boxes = ops.clip(boxes, 0.0, 1.0)
    else:
        boxes = _limited(boxes, ops.cast(height, boxes.dtype), ops.cast(width, boxes.dtype))
    found = {**bounding_boxes, "boxes": boxes}
    if bounding_boxes.get("labels") is not None:
        x1, y1, x2, y2 = parted(boxes)
        some = ops.squeeze((x2 - x1) * (y2 - y1), axis=-1) > 0
        found["labels"] = ops.where(some, ops.convert_to_tensor(bounding_boxes["labels"]), -1)
    return found


def crop(boxes: Any, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Any:
    """Boxes as they lie in a part of their images.

    Args:
        boxes: (..., 4), corners in pixels.
        top, left: where the part begins.
        height, width: its size, to which the boxes are cut.
        bounding_box_format: only "xyxy".
    Example:
        >>> crop(np.array([[2.0, 3.0, 9.0, 9.0]]), top=2, left=1, height=4, width=5).numpy().tolist()
        [[1.0, 1.0, 5.0, 4.0]]
    """
    _require_corners("crop", bounding_box_format)
    return _limited(pad(boxes, -top, -left), height, width)


def pad(
    boxes: Any, top: Any, left: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Any:
    """Boxes as they lie in images that were given a border.

    Args:
        boxes: (..., 4), corners in pixels.
        top, left: rows and columns that were added in front.
        height, width: not used; there as in Keras.
        bounding_box_format: only "xyxy".
    """
    _require_corners("pad", bounding_box_format)
    x1, y1, x2, y2 = parted(ops.convert_to_tensor(boxes))
    return joined(x1 + left, y1 + top, x2 + left, y2 + top)


def _inverse_matrix(
    angle: Any, translate_x: Any, translate_y: Any, scale: Any, shear_x: Any, shear_y: Any,
    height: Any, width: Any, center_x: Any, center_y: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """The numbers a0 a1 a2 b0 b1 b2 of x' = a0 x + a1 y + a2, y' = b0 x + b1 y + b2: where a point of an image goes
    whose pixels are drawn from places turned by `angle` degrees."""
    degree = math.pi / 180.0
    turn, lean_x, lean_y = -angle * degree, -shear_x * degree, -shear_y * degree
    middle_x, middle_y = center_x * (width - 1), center_y * (height - 1)
    moved_x, moved_y = middle_x - translate_x * (width - 1), middle_y - translate_y * (height - 1)
    cosine, slope = ops.cos(lean_y), ops.tan(lean_x)
    a = ops.cos(turn - lean_y) / cosine
    b = a * slope + ops.sin(turn)
    c = -ops.sin(turn - lean_y) / cosine
    d = ops.cos(turn) - c * slope
    a0, a1, b0, b1 = d * scale, -b * scale, -c * scale, a * scale
    a2 = middle_x - a0 * moved_x - a1 * moved_y
    b2 = middle_y - b0 * moved_x - b1 * moved_y
    return a0, a1, a2, b0, b1, b2


def affine_transform(
    boxes: Any, angle: Any, translate_x: Any, translate_y: Any, scale: Any, shear_x: Any, shear_y: Any,
    height: Any, width: Any, center_x: Any = None, center_y: Any = None, bounding_box_format: str = "xyxy",
) -> Any:  # fmt: skip
    """The smallest upright boxes around boxes that were turned, moved, stretched and sheared with their images.

    Args:
        boxes: (batch, boxes, 4), corners in pixels.
        angle, shear_x, shear_y: in degrees, (batch,).
        translate_x, translate_y: as shares of the image, (batch,).
        scale: factor, (batch,).
        height, width: of the images.
        center_x, center_y: what stays in its place, as shares of the image; its middle by default.
        bounding_box_format: only "xyxy".
    Returns: (batch, boxes, 4).
    Raises: UnsupportedError for other formats.
    """
    _require_corners("affine_transform", bounding_box_format)
    angle = ops.convert_to_tensor(angle)
    numbers = (ops.cast(each, angle.dtype) for each in (translate_x, translate_y, scale, shear_x, shear_y))
    middle = (0.5 if center_x is None else center_x, 0.5 if center_y is None else center_y)
    found = _inverse_matrix(angle, *numbers, height, width, *middle)
    a0, a1, a2, b0, b1, b2 = (ops.reshape(each, (-1, 1, 1)) for each in found)
    x1, y1, x2, y2 = parted(ops.cast(boxes, angle.dtype))
    x = ops.concatenate([x1, x2, x2, x1], axis=-1)
    y = ops.concatenate([y1, y1, y2, y2], axis=-1)
    return around(a0 * x + a1 * y + a2, b0 * x + b1 * y + b2)


def around(x: Any, y: Any) -> Any:
    """The smallest upright boxes around points: x and y (..., points) -> (..., 4)."""
    return ops.stack([ops.min(x, axis=-1), ops.min(y, axis=-1), ops.max(x, axis=-1), ops.max(y, axis=-1)], axis=-1)
