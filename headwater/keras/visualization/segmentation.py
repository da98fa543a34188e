"""draw_segmentation_masks: classes of pixels as colours over images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, DTypeError
from headwater.keras.visualization.batches import channels_last

_PALETTE = np.array([2**25 - 1, 2**15 - 1, 2**21 - 1])  # multiples of these, modulo 255, are far apart


def draw_segmentation_masks(
    images: Any,
    segmentation_masks: Any,
    num_classes: int | None = None,
    color_mapping: Mapping[int, Sequence[int]] | None = None,
    alpha: float = 0.8,
    blend: bool = True,
    ignore_index: int = -1,
    data_format: str | None = None,
) -> np.ndarray:
    """Images with their masks laid over them.

    Args:
        images: of shape (batch, height, width, 3), values 0 to 255.
        segmentation_masks: the class of each pixel: whole numbers of shape (batch, height, width, 1), or without the 1.
        num_classes: how many classes have a colour, from class 0; by default the largest of the masks, which then has
            none, as in Keras.
        color_mapping: from class to its red, green and blue, 0 to 255; by default a palette.
        alpha: how far a mask hides the image, from 0 to 1.
        blend: whether image and mask are mixed; without, masks hide the image and the result is float32.
        ignore_index: pixels of this class show the image.
        data_format: "channels_last" or "channels_first", of both.
    Returns: an array of shape (batch, height, width, 3): uint8, or float32 without blending.
    Raises: ArgumentError if `images` has no four axes; DTypeError if the masks are no whole numbers.
    Example:
        >>> images = np.zeros((1, 1, 2, 3))
        >>> draw_segmentation_masks(images, [[[0, 1]]], num_classes=2, color_mapping={0: (10, 0, 0), 1: (0, 20, 0)})
        array([[[[ 8,  0,  0],
                 [ 0, 16,  0]]]], dtype=uint8)
    """
    pixels = channels_last(images, data_format).astype(np.float32)
    masks = np.asarray(ops.convert_to_numpy(segmentation_masks))
    if masks.dtype.kind not in "iu":
        raise DTypeError(f"masks of dtype {masks.dtype} name no classes.", fix="pass whole numbers.")
    if masks.ndim == 4:
        masks = channels_last(masks, data_format)[..., 0]
    if masks.shape != pixels.shape[:3]:
        raise ArgumentError(f"masks of shape {masks.shape} do not cover images of shape {pixels.shape}.")
    classes = int(masks.max(initial=0)) if num_classes is None else num_classes
    colors = (
        [(index * _PALETTE) % 255 for index in range(classes)]
        if color_mapping is None
        else [color_mapping[index] for index in range(classes)]
    )
    drawn = pixels.copy()
    for index, color in enumerate(colors):
        drawn[masks == index] = color
    if not blend:
        return drawn
    mixed = np.where((masks == ignore_index)[..., None], pixels, pixels * (1 - alpha) + drawn * alpha)
    return mixed.astype(np.uint8)
