"""RandomCrop: a part of images at a place that is drawn."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import BaseImagePreprocessingLayer
from headwater.keras.random import SeedGenerator
from headwater.keras.random.seed_generator import make_default_seed
from headwater.keras.utils import bounding_boxes as boxes_of


class RandomCrop(BaseImagePreprocessingLayer):
    """Cuts a part out of images while training, at one place for the whole batch; images that are not larger than the
    part are cut to its ratio and resized.

    Boxes move by the columns and rows that were cut off on their left and above them. (Keras 3.15 takes one for the
    other.)

    Args:
        height, width: the size of the part.
        seed: int that the places follow from.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Example:
        >>> keras.layers.RandomCrop(2, 3)(np.ones((5, 8, 8, 1), "float32"), training=True).shape
        TensorShape([5, 2, 3, 1])
    """

    def __init__(
        self, height: int, width: int, seed: int | None = None, data_format: str | None = None,
        name: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(name=name, data_format=data_format, **kwargs)
        self.height, self.width = height, width
        self.seed = seed if seed is not None else make_default_seed()
        self.generator = SeedGenerator(self.seed)
        self.supports_masking = False

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The first row and the first column of the part, and the height and width of the images."""
        height, width = self._size_of(self._shape_of(data))
        if height is None or width is None:
            raise ShapeError("RandomCrop: images of unknown height or width.", fix="give Input a full shape.")
        if training and height > self.height and width > self.width:
            seed = self.generator if seed is None else seed
            rows, columns = float(height - self.height + 1), float(width - self.width + 1)
            top = ops.cast(random.uniform((), 0.0, rows, seed=seed), "int32")
            return top, ops.cast(random.uniform((), 0.0, columns, seed=seed), "int32"), height, width
        tall = max(min(height, int(width * self.height / self.width)), 1)
        wide = max(min(width, int(height * self.width / self.height)), 1)
        return int((height - tall) / 2), int((width - wide) / 2), height, width

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """The part of each image."""
        if not training:
            return images
        images = ops.cast(images, self.compute_dtype)
        top, left = transformation[:2]
        part = _cut(_cut(images, self.height_axis, top, self.height), self.width_axis, left, self.width)
        if self._size_of(part.shape) == (self.height, self.width):
            return part
        return ops.image.resize(part, (self.height, self.width), data_format=self.data_format)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The part of each mask."""
        return self.transform_images(segmentation_masks, transformation, training)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """Boxes in the part; the labels of those outside become -1."""
        if not training:
            return bounding_boxes
        top, left, height, width = transformation
        found = self._corners(bounding_boxes, (height, width))
        tall = self.height if not isinstance(top, int) else min(self.height, height - top)
        wide = self.width if not isinstance(left, int) else min(self.width, width - left)
        top, left = (ops.cast(start, found["boxes"].dtype) for start in (top, left))
        boxes = boxes_of.crop(found["boxes"], top, left, tall, wide)
        boxes = boxes * ops.cast([self.width / wide, self.height / tall] * 2, boxes.dtype)
        found = boxes_of.clip_to_image_size({**found, "boxes": boxes}, height=self.height, width=self.width)
        return self._from_corners(found, (self.height, self.width))

    def _output_shape(self, shape: Any) -> Any:
        found = list(shape)
        found[self.height_axis], found[self.width_axis] = self.height, self.width
        return tuple(found)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "height": self.height, "width": self.width, "seed": self.seed}


def _cut(images: Any, axis: int, start: Any, size: int) -> Any:
    """Up to `size` entries of an axis, from `start` on, which may be a tensor (then there are that many)."""
    axis += len(images.shape)
    if isinstance(start, int):
        return images[(*[slice(None)] * axis, slice(start, start + size))]
    starts, sizes = [0] * len(images.shape), list(images.shape)
    starts[axis], sizes[axis] = start, min(size, sizes[axis])
    return ops.slice(images, ops.stack([ops.cast(each, "int32") for each in starts]), sizes)
