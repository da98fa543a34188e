"""`keras.utils.bounding_boxes`: boxes around objects, from one form to another, cut, moved and compared."""

from headwater.keras.utils.bounding_boxes.deltas import decode_deltas_to_boxes, encode_box_to_deltas
from headwater.keras.utils.bounding_boxes.formats import convert_format
from headwater.keras.utils.bounding_boxes.movements import affine_transform, clip_to_image_size, crop, pad
from headwater.keras.utils.bounding_boxes.overlaps import compute_ciou, compute_iou

__all__ = [
    "affine_transform",
    "clip_to_image_size",
    "compute_ciou",
    "compute_iou",
    "convert_format",
    "crop",
    "decode_deltas_to_boxes",
    "encode_box_to_deltas",
    "pad",
]
