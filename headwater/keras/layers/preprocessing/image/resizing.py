"""Resizing: images of one size."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.preprocessing.image.layer import BaseImagePreprocessingLayer
from headwater.keras.utils.bounding_boxes import clip_to_image_size


class Resizing(BaseImagePreprocessingLayer):
    """Brings images to one height and width.

    Args:
        height, width: the new size.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: whether to cut off what does not fit the new ratio of height to width.
        pad_to_aspect_ratio: whether to put a border around images whose ratio does not fit.
        fill_mode: only "constant".
        fill_value: the border's value.
        antialias: whether every pixel counts where images become smaller.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Example:
        >>> keras.layers.Resizing(4, 6)(np.ones((2, 8, 8, 3), "float32")).shape
        TensorShape([2, 4, 6, 3])
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self, height: int, width: int, interpolation: str = "bilinear", crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False, fill_mode: str = "constant", fill_value: float = 0.0,
        antialias: bool = False, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = height, width
        self.interpolation = interpolation
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value
        self.antialias = bool(antialias)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The height and width of the images; nothing is drawn."""
        return self._size_of(self._shape_of(data))

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """A batch of images, resized; integers stay integers."""
        return self._transform_images(images, transformation, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Masks, resized without new values."""
        return self._transform_images(segmentation_masks, transformation, "nearest")

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        return ops.image.resize(
            images, (self.height, self.width), interpolation=interpolation, antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio, pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode, fill_value=self.fill_value, data_format=self.data_format,
        )  # fmt: skip

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """Boxes in the new images; those that only fill up (all 0, or all -1) become zeros."""
        given = bounding_boxes["boxes"]
        filling = ops.logical_or(ops.all(given == -1, axis=-1), ops.all(given == 0, axis=-1))
        found = self._corners(bounding_boxes, transformation)
        found["boxes"] = self._moved(found["boxes"], *transformation)
        found = clip_to_image_size(found, height=self.height, width=self.width)
        found["boxes"] = ops.where(ops.expand_dims(filling, -1), 0.0, found["boxes"])
        return self._from_corners(found, (self.height, self.width))

    def _moved(self, boxes: Any, height: int, width: int) -> Any:
        tall, wide = self.height / height, self.width / width
        top = left = 0.0
        if self.pad_to_aspect_ratio:
            tall = wide = min(tall, wide)
            top, left = (self.height - height * tall) // 2, (self.width - width * wide) // 2
        elif self.crop_to_aspect_ratio:
            tall = wide = max(tall, wide)
            top, left = -((height * tall - self.height) // 2), -((width * wide - self.width) // 2)
        return boxes * ops.cast([wide, tall] * 2, boxes.dtype) + ops.cast([left, top] * 2, boxes.dtype)

    def _output_shape(self, shape: Any) -> Any:
        found = list(shape)
        found[self.height_axis], found[self.width_axis] = self.height, self.width
        return tuple(found)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        names = ("height", "width", "interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "fill_mode")
        config = {name: getattr(self, name) for name in (*names, "fill_value", "antialias")}
        return {**super().get_config(), **config}
