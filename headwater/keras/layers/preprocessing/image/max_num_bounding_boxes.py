"""MaxNumBoundingBoxes: the same number of boxes for each image."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.preprocessing.image.layer import ColourLayer


class MaxNumBoundingBoxes(ColourLayer):
    """Drops boxes beyond a number, or fills up to it.

    Args:
        max_number: how many boxes each image has afterwards.
        fill_value: the numbers of boxes, and the labels, that fill up.
    """

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_number, self.fill_value = int(max_number), int(fill_value)

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """The images, as they are."""
        return images

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """Boxes (batch, max_number, 4) and labels (batch, max_number)."""
        boxes, labels = bounding_boxes["boxes"][:, : self.max_number], bounding_boxes["labels"][:, : self.max_number]
        missing = self.max_number - boxes.shape[1]
        if missing > 0:
            boxes = ops.pad(boxes, [[0, 0], [0, missing], [0, 0]], constant_values=self.fill_value)
            labels = ops.pad(labels, [[0, 0], [0, missing]], constant_values=self.fill_value)
        return {**bounding_boxes, "boxes": boxes, "labels": labels}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the input, with the number of boxes."""
        if not isinstance(input_shape, dict) or "bounding_boxes" not in input_shape:
            return input_shape
        boxes = {key: (shape[0], self.max_number, *shape[2:]) for key, shape in input_shape["bounding_boxes"].items()}
        return {**input_shape, "bounding_boxes": boxes}

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = {**super().get_config(), "max_number": self.max_number}
        return config if self.fill_value == -1 else {**config, "fill_value": self.fill_value}
