"""Boxes as differences from anchors: what detectors learn to predict."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras import settings
from headwater.keras.utils.bounding_boxes.formats import convert_format


def _checked(encoding: str, variance: Any, image_shape: Any) -> tuple[Any, Any, Any]:
    """The variance as a tensor, and the height and width of the images."""
    if encoding not in ("center_xywh", "center_yxhw"):
        raise ArgumentError(f"{encoding!r} is no encoding of deltas.", fix="use 'center_xywh' or 'center_yxhw'.")
    if variance is not None:
        variance = ops.convert_to_tensor(variance, "float32")
        if not variance.shape or variance.shape[-1] != 4:
            raise ShapeError(f"a variance of shape {tuple(variance.shape)}.", fix="give four numbers.")
    height, width = (None, None) if image_shape is None else tuple(image_shape)[:2]
    return variance, height, width


def encode_box_to_deltas(
    anchors: Any, boxes: Any, anchor_format: str, box_format: str, encoding_format: str = "center_yxhw",
    variance: Any = None, image_shape: Any = None,
) -> Any:  # fmt: skip
    """Where boxes lie as seen from anchors: distances of the centres in sizes of the anchor, and logarithms of the
    sizes.

    Args:
        anchors, boxes: (..., 4).
        anchor_format, box_format: their formats.
        encoding_format: "center_yxhw" or "center_xywh": the order of the result.
        variance: four numbers to divide by.
        image_shape: (height, width, channels) of the images; needed for relative formats.
    Returns: (..., 4).
    Raises: ArgumentError for another encoding; ShapeError for another number of variances.
    Source: Girshick et al. 2014, arXiv:1311.2524, appendix C.
    """
    variance, height, width = _checked(encoding_format, variance, image_shape)
    anchors = convert_format(anchors, anchor_format, encoding_format, height=height, width=width)
    boxes = convert_format(boxes, box_format, encoding_format, height=height, width=width)
    anchor_sizes = ops.maximum(anchors[..., 2:], settings.epsilon())
    sizes = ops.maximum(boxes[..., 2:], settings.epsilon())
    moved = (boxes[..., :2] - anchors[..., :2]) / anchor_sizes
    found = ops.concatenate([moved, ops.log(sizes / anchor_sizes)], axis=-1)
    return found if variance is None else found / variance


def decode_deltas_to_boxes(
    anchors: Any, boxes_delta: Any, anchor_format: str, box_format: str, encoded_format: str = "center_yxhw",
    variance: Any = None, image_shape: Any = None,
) -> Any:  # fmt: skip
    """What `encode_box_to_deltas` encoded: boxes from their differences from anchors.

    Args:
        anchors, boxes_delta: (..., 4); or dicts of them, one entry for each level of a pyramid.
        anchor_format, box_format: formats of the anchors and of the result.
        encoded_format, variance, image_shape: as they were for encoding.
    Returns: (..., 4), or a dict.
    Raises: ArgumentError for another encoding; ShapeError for another number of variances.
    """
    variance, height, width = _checked(encoded_format, variance, image_shape)

    def decoded(anchor: Any, delta: Any) -> Any:
        anchor = convert_format(anchor, anchor_format, encoded_format, height=height, width=width)
        delta = ops.convert_to_tensor(delta)
        delta = delta if variance is None else delta * variance
        middle = delta[..., :2] * anchor[..., 2:] + anchor[..., :2]
        box = ops.concatenate([middle, ops.exp(delta[..., 2:]) * anchor[..., 2:]], axis=-1)
        return convert_format(box, encoded_format, box_format, height=height, width=width)

    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        return {level: decoded(anchor, boxes_delta[level]) for level, anchor in anchors.items()}
    return decoded(anchors, boxes_delta)
