"""How well boxes cover one another."""

from __future__ import annotations

import math
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras import settings
from headwater.keras.utils.bounding_boxes.formats import convert_format, parted


def _corners(boxes: Any, bounding_box_format: str, image_shape: Any) -> Any:
    if "rel" in bounding_box_format and image_shape is None:
        raise ArgumentError(
            f"boxes in the format {bounding_box_format!r} without the shape of the images.",
            fix="pass image_shape=(height, width, channels).",
        )
    height, width = (None, None) if image_shape is None else tuple(image_shape)[:2]
    return convert_format(boxes, bounding_box_format, "xyxy", height=height, width=width)


def _areas(boxes: Any) -> Any:
    x1, y1, x2, y2 = parted(boxes)
    return (x2 - x1) * (y2 - y1)


def compute_iou(
    boxes1: Any, boxes2: Any, bounding_box_format: str, use_masking: bool = False, mask_val: int = -1,
    image_shape: Any = None,
) -> Any:  # fmt: skip
    """For each pair of boxes, the area that both cover as a share of the area that either covers.

    Args:
        boxes1, boxes2: (n, 4) and (m, 4), or a batch of each.
        bounding_box_format: their format.
        use_masking: give `mask_val` for pairs with a box of which all numbers are below 0: one that fills up.
        mask_val: that value.
        image_shape: (height, width, channels) of the images; needed for relative formats.
    Returns: (n, m), or (batch, n, m).
    Raises: ShapeError for other ranks; ArgumentError for a relative format without `image_shape`.
    Example:
        >>> compute_iou(np.array([[0.0, 0, 2, 2]]), np.array([[0.0, 0, 2, 1]]), "xyxy").numpy().round(3).tolist()
        [[0.5]]

    Source: Jaccard 1901.
    """
    first, second = ops.convert_to_tensor(boxes1), ops.convert_to_tensor(boxes2)
    if len(first.shape) not in (2, 3) or len(second.shape) not in (2, 3):
        raise ShapeError(
            f"compute_iou: boxes of shapes {tuple(first.shape)} and {tuple(second.shape)}.",
            fix="give (boxes, 4), or (batch, boxes, 4).",
        )
    first = ops.expand_dims(_corners(first, bounding_box_format, image_shape), -2)
    second = ops.expand_dims(_corners(second, bounding_box_format, image_shape), -3)
    width = ops.minimum(first[..., 2], second[..., 2]) - ops.maximum(first[..., 0], second[..., 0])
    height = ops.minimum(first[..., 3], second[..., 3]) - ops.maximum(first[..., 1], second[..., 1])
    both = ops.maximum(width, 0.0) * ops.maximum(height, 0.0)
    either = ops.squeeze(_areas(first), -1) + ops.squeeze(_areas(second), -1) - both
    found = both / (either + settings.epsilon())
    if not use_masking:
        return found
    filling = ops.logical_or(ops.max(first, axis=-1) < 0.0, ops.max(second, axis=-1) < 0.0)
    return ops.where(filling, ops.cast(mask_val, found.dtype), found)


def compute_ciou(boxes1: Any, boxes2: Any, bounding_box_format: str, image_shape: Any = None) -> Any:
    """The overlap of boxes with those at the same place, less penalties for distance and for another ratio of sides.

    Args:
        boxes1, boxes2: (..., 4) of one shape.
        bounding_box_format: their format.
        image_shape: (height, width, channels) of the images; needed for relative formats (real Keras refuses them).
    Returns: (...).
    Raises: ArgumentError for a relative format without `image_shape`.
    Source: Zheng et al. 2020, arXiv:1911.08287, "Distance-IoU loss".
    """
    least = settings.epsilon()
    ax1, ay1, ax2, ay2 = parted(_corners(boxes1, bounding_box_format, image_shape))
    bx1, by1, bx2, by2 = parted(_corners(boxes2, bounding_box_format, image_shape))
    wide_a, tall_a, wide_b, tall_b = ax2 - ax1, ay2 - ay1 + least, bx2 - bx1, by2 - by1 + least
    both = ops.maximum(ops.minimum(ax2, bx2) - ops.maximum(ax1, bx1), 0.0) * ops.maximum(
        ops.minimum(ay2, by2) - ops.maximum(ay1, by1), 0.0
    )
    either = wide_a * tall_a + wide_b * tall_b - both + least
    overlap = both / (either + least)
    frame_width, frame_height = (
        ops.maximum(ax2, bx2) - ops.minimum(ax1, bx1),
        ops.maximum(ay2, by2) - ops.minimum(ay1, by1),
    )
    diagonal = ops.square(frame_width) + ops.square(frame_height) + least
    distance = ops.square((ax1 + ax2) / 2 - (bx1 + bx2) / 2) + ops.square((ay1 + ay2) / 2 - (by1 + by2) / 2)
    angle = ops.arctan(wide_b / tall_b) - ops.arctan(wide_a / tall_a)
    ratio = 4 / math.pi**2 * ops.square(angle)
    weight = ratio / (ratio - overlap + (1 + least))
    return ops.squeeze(overlap - (distance / diagonal + ratio * weight), axis=-1)
