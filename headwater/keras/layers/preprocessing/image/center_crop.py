"""CenterCrop: the middle of images."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras.layers.preprocessing.image.layer import BaseImagePreprocessingLayer
from headwater.keras.preprocessing.image import smart_resize
from headwater.keras.utils import bounding_boxes as boxes_of


class CenterCrop(BaseImagePreprocessingLayer):
    """Cuts the middle out of images; of smaller images it cuts the largest part of that ratio, and resizes it.

    Args:
        height, width: the size of the part.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Example:
        >>> image = np.arange(16, dtype="float32").reshape(4, 4, 1)
        >>> keras.layers.CenterCrop(2, 2)(image).numpy().ravel().tolist()
        [5.0, 6.0, 9.0, 10.0]
    """

    _USE_BASE_FACTOR = False

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = height, width

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The shape of the images; nothing is drawn."""
        return {"input_shape": self._shape_of(data)}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """The middle of each image."""
        images = ops.cast(images, self.compute_dtype)
        height, width = self._size_of(images.shape)
        if height < self.height or width < self.width:
            return smart_resize(images, [self.height, self.width], data_format=self.data_format)
        top, left = (height - self.height) // 2, (width - self.width) // 2
        place = [slice(None)] * len(images.shape)
        place[self.height_axis] = slice(top, top + self.height)
        place[self.width_axis] = slice(left, left + self.width)
        return images[tuple(place)]

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The middle of each mask."""
        return self.transform_images(segmentation_masks, transformation, training=training)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """Boxes in the part that is left; the labels of those outside become -1."""
        size = self._size_of(transformation["input_shape"])
        found = self._corners(bounding_boxes, size)
        top, left, tall, wide = self._part(*size)
        boxes = boxes_of.crop(found["boxes"], top, left, tall, wide)
        boxes = boxes * ops.cast([self.width / wide, self.height / tall] * 2, boxes.dtype)
        found = boxes_of.clip_to_image_size({**found, "boxes": boxes}, height=self.height, width=self.width)
        return self._from_corners(found, (self.height, self.width))

    def _part(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Top, left, height and width of the part of the images that is taken."""
        tall, wide = self.height, self.width
        if height < tall or width < wide:
            tall = max(min(height, int(width * self.height / self.width)), 1)
            wide = max(min(width, int(height * self.width / self.height)), 1)
        return (height - tall) // 2, (width - wide) // 2, tall, wide

    def _output_shape(self, shape: Any) -> Any:
        found = list(shape)
        if len(found) not in (3, 4):
            raise ShapeError(
                f"CenterCrop: images of shape {tuple(shape)}.", fix="give one image, or a batch of images."
            )
        found[self.height_axis], found[self.width_axis] = self.height, self.width
        return tuple(found)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "height": self.height, "width": self.width}
