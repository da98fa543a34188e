"""draw_bounding_boxes: boxes and the names of what is in them, on images. Pillow draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, UnsupportedError
from headwater.keras.visualization.batches import channels_last

_FONT = 14  # pixels, of a font_scale of 1


def draw_bounding_boxes(
    images: Any,
    bounding_boxes: dict[str, Any],
    bounding_box_format: str,
    class_mapping: Mapping[int, str] | None = None,
    color: Sequence[int] = (128, 128, 128),
    line_thickness: int = 2,
    text_thickness: int = 1,
    font_scale: float = 1.0,
    data_format: str | None = None,
) -> np.ndarray:
    """Images with boxes drawn on them.

    Args:
        images: of shape (batch, height, width, 3); floats up to 1 are taken for 0 to 255.
        bounding_boxes: "boxes" of shape (batch, boxes, 4), "labels" of shape (batch, boxes), where -1 is no box, and
            if you like "confidences" of the same shape.
        bounding_box_format: what the four numbers are, e.g. "xyxy"; see `keras.utils.bounding_boxes.convert_format`.
        class_mapping: names of the labels; a box is named if its label is among them.
        color: red, green and blue, 0 to 255.
        line_thickness: pixels.
        text_thickness: 2 or more draws names bold.
        font_scale: size of the names; 1 is 14 pixels.
        data_format: "channels_last" or "channels_first".
    Returns: a uint8 array of shape (batch, height, width, 3).
    Raises: ArgumentError if images or boxes are not of this form; TypeError if the boxes are no dict; UnsupportedError
        without Pillow.
    Example:
        >>> boxes = {"boxes": [[[1, 1, 3, 3]]], "labels": [[0]]}
        >>> drawn = draw_bounding_boxes(np.zeros((1, 5, 5, 3)), boxes, "xyxy", color=(9, 9, 9), line_thickness=1)
        >>> drawn[0, :, :, 0]
        array([[0, 0, 0, 0, 0],
               [0, 9, 9, 9, 0],
               [0, 9, 0, 9, 0],
               [0, 9, 9, 9, 0],
               [0, 0, 0, 0, 0]], dtype=uint8)
    """
    from headwater.keras.utils.bounding_boxes import convert_format

    pixels = _bytes(channels_last(images, data_format))
    if not isinstance(bounding_boxes, dict):
        raise TypeError(f"bounding_boxes is a {type(bounding_boxes).__name__}, where a dict is needed")
    if missing := {"boxes", "labels"} - set(bounding_boxes):
        raise ArgumentError(f"bounding_boxes lacks {sorted(missing)[0]!r}.", fix="give boxes and labels.")
    height, width = pixels.shape[1:3]
    found = {name: ops.convert_to_tensor(value) for name, value in bounding_boxes.items()}
    found = convert_format(found, bounding_box_format, "xyxy", height, width)
    corners, labels = (np.asarray(ops.convert_to_numpy(found[name])).astype(int) for name in ("boxes", "labels"))
    confidences = np.asarray(ops.convert_to_numpy(found["confidences"])) if "confidences" in found else None
    pen = _Pen(tuple(color), line_thickness, text_thickness, font_scale)
    drawn = []
    for image, (boxes, classes) in enumerate(zip(corners, labels)):
        names: list[str | None] = []
        for index, label in enumerate(classes):
            name = (class_mapping or {}).get(int(label))
            sure = "" if confidences is None else f" | {confidences[image][index]:.2f}"
            names.append(None if name is None else name + sure)
        drawn.append(pen.draw(pixels[image], boxes[classes != -1], np.array(names, object)[classes != -1]))
    return np.stack(drawn) if drawn else pixels


def _bytes(images: np.ndarray) -> np.ndarray:
    if images.dtype.kind == "f" and images.size:
        images = np.clip(images * 255 if images.max() <= 1 else images, 0, 255)
    return images.astype(np.uint8)


class _Pen:
    """Draws boxes in one colour."""

    def __init__(self, color: tuple[int, ...], line: int, text: int, scale: float) -> None:
        try:
            from PIL import ImageFont
        except ImportError:
            raise UnsupportedError(
                "drawing boxes needs Pillow, which is not installed.", fix="pip install pillow."
            ) from None
        self.color, self.line, self.bold = color, line, max(0, text - 1)
        self.font = ImageFont.load_default(size=max(1, _FONT * scale))

    def draw(self, image: np.ndarray, boxes: np.ndarray, names: np.ndarray) -> np.ndarray:
        """An image with boxes, given by their corners, and names above them, or inside at the upper edge."""
        from PIL import Image, ImageDraw

        picture = Image.fromarray(image)
        draw = ImageDraw.Draw(picture)
        for (left, top, right, bottom), name in zip(boxes.tolist(), names):
            draw.rectangle((min(left, right), min(top, bottom), max(left, right), max(top, bottom)),
                           outline=self.color, width=self.line)  # fmt: skip
            if name is not None:
                above = top - 4 - self.font.size
                place = (left, above) if above > 0 else (left + 3 + self.line, top + 3 + self.line)
                draw.text(place, name, fill=self.color, font=self.font, stroke_width=self.bold)
        return np.asarray(picture)
