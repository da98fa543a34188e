"""RandomFlip: images mirrored, or not."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import BaseImagePreprocessingLayer
from headwater.keras.utils.bounding_boxes import clip_to_image_size
from headwater.keras.utils.bounding_boxes.formats import joined, parted


class RandomFlip(BaseImagePreprocessingLayer):
    """Mirrors half of the images while training.

    Args:
        mode: "horizontal" (left and right swap), "vertical", or "horizontal_and_vertical" (one draw decides on both).
        seed: int that the decisions follow from.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self._set_seed(seed)
        self.mode = mode

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images are mirrored."""
        if not training:
            return None
        shape = self._shape_of(data)
        sizes = (shape[0], 1, 1, 1) if len(shape) == 4 else (1, 1, 1)
        drawn = random.uniform(sizes, seed=self.generator if seed is None else seed)
        return {"flips": drawn <= 0.5, "input_shape": shape}

    @property
    def _sides(self) -> tuple[bool, bool]:
        """Whether left and right swap, and whether top and bottom do."""
        both = self.mode == "horizontal_and_vertical"
        return both or self.mode == "horizontal", both or self.mode == "vertical"

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """A batch of images, some of them mirrored."""
        images = ops.cast(images, self.compute_dtype)
        if not training or transformation is None:
            return images
        axes = [axis for axis, flips in zip((self.width_axis, self.height_axis), self._sides) if flips]
        return ops.where(transformation["flips"], ops.flip(images, axis=axes), images) if axes else images

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Masks, mirrored as the images were."""
        return self.transform_images(segmentation_masks, transformation, training=training)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """Boxes, mirrored as the images were."""
        if not training:
            return bounding_boxes
        size = self._size_of(transformation["input_shape"])
        found = self._corners(bounding_boxes, size, "rel_xyxy")
        flips = ops.reshape(transformation["flips"], (-1, 1, 1))
        x1, y1, x2, y2 = parted(found["boxes"])
        horizontal, vertical = self._sides
        if horizontal:
            x1, x2 = 1 - x2, 1 - x1
        if vertical:
            y1, y2 = 1 - y2, 1 - y1
        found["boxes"] = ops.where(flips, joined(x1, y1, x2, y2), found["boxes"])
        return self._from_corners(clip_to_image_size(found, bounding_box_format="rel_xyxy"), size, "rel_xyxy")

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "mode": self.mode, "seed": self.seed}
