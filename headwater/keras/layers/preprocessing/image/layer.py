"""What all image layers share: one draw for each image, and that draw applied to pixels, boxes, masks and labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, ShapeError, UnsupportedError
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.preprocessing.image.ranges import factor_range
from headwater.keras.random import SeedGenerator
from headwater.keras.utils.bounding_boxes import convert_format
from headwater.ops.defaults import data_format_of


class BaseImagePreprocessingLayer(Layer):
    """A layer on images, or on dicts of "images", "labels", "bounding_boxes" and "segmentation_masks".

    A subclass draws in `get_random_transformation` and applies what was drawn in `transform_images` and its kin, so
    that pixels, boxes and masks move together. Where a layer only moves pixels, it gives `_transform_images`.

    Args:
        factor: how strongly to change; see the layer.
        bounding_box_format: format of boxes in dicts, as in `keras.utils.bounding_boxes.convert_format`.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    """

    _USE_BASE_FACTOR = True
    _FACTOR_BOUNDS = (-1, 1)

    def __init__(
        self, factor: Any = None, bounding_box_format: str | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.bounding_box_format = bounding_box_format
        self.data_format = data_format_of(data_format, type(self).__name__)
        if self._USE_BASE_FACTOR:
            self._set_factor(factor or 0.0)
        elif factor is not None:
            raise ArgumentError(f"{type(self).__name__} takes no factor.", fix="leave it out.", where="")

    def _set_factor(self, factor: Any) -> None:
        self.factor = factor_range(factor, "factor", self._FACTOR_BOUNDS, overlapping=True)

    def _set_seed(self, seed: int | None) -> None:
        self.seed = seed
        self.generator = SeedGenerator(seed)

    # ---- axes -------------------------------------------------------------------------------------------------------

    @property
    def height_axis(self) -> int:
        """The axis of rows, from the end."""
        return -3 if self.data_format == "channels_last" else -2

    @property
    def width_axis(self) -> int:
        """The axis of columns, from the end."""
        return self.height_axis + 1

    @property
    def channel_axis(self) -> int:
        """The axis of channels, from the end."""
        return -1 if self.data_format == "channels_last" else -3

    def _size_of(self, shape: Any) -> tuple[Any, Any]:
        return shape[self.height_axis], shape[self.width_axis]

    def _shape_of(self, data: Any) -> tuple[int, ...]:
        """The shape of the images.

        Raises: ShapeError unless they have three axes or four.
        """
        shape = tuple(np.shape(data["images"] if isinstance(data, dict) else data))
        if len(shape) not in (3, 4):
            raise ShapeError(
                f"{type(self).__name__}: images of shape {shape}.",
                fix="give a batch (batch, height, width, channels), or one image without the first axis.",
            )
        return shape

    def _count(self, data: Any) -> int:
        """How many images there are."""
        shape = self._shape_of(data)
        return shape[0] if len(shape) == 4 else 1

    # ---- what subclasses give ---------------------------------------------------------------------------------------

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What was drawn for these images; None where nothing is drawn."""
        return None

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        raise NotImplementedError

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """A batch of images, changed as was drawn."""
        images = ops.cast(images, self.compute_dtype)
        return self._transform_images(images, transformation, self.interpolation) if training else images

    def transform_labels(self, labels: Any, transformation: Any = None, training: bool = True) -> Any:
        """The labels: most layers leave them alone."""
        return labels

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """Boxes and their labels, moved as the images were."""
        raise UnsupportedError(
            f"{type(self).__name__} does not move bounding boxes.", fix="leave 'bounding_boxes' out of its input."
        )

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Masks, moved as the images were, without new values."""
        if not training:
            return segmentation_masks
        return self._transform_images(segmentation_masks, transformation, "nearest")

    # ---- one image --------------------------------------------------------------------------------------------------

    def transform_single_image(self, image: Any, transformation: Any, training: bool = True) -> Any:
        """One image, without the axis of the batch."""
        return _single(self.transform_images, image, transformation, training)

    def transform_single_label(self, label: Any, transformation: Any, training: bool = True) -> Any:
        """The label of one image."""
        return _single(self.transform_labels, label, transformation, training)

    def transform_single_segmentation_mask(self, segmentation_mask: Any, transformation: Any, training: bool) -> Any:
        """The mask of one image."""
        return _single(self.transform_segmentation_masks, segmentation_mask, transformation, training)

    def transform_single_bounding_box(self, bounding_box: Any, transformation: Any, training: bool = True) -> Any:
        """The boxes of one image."""
        batch = {key: _boxed(key, value, ops.expand_dims) for key, value in bounding_box.items()}
        found = self.transform_bounding_boxes(batch, transformation=transformation, training=training)
        return {key: _boxed(key, value, ops.squeeze) for key, value in found.items()}

    # ---- the call ---------------------------------------------------------------------------------------------------

    def call(self, data: Any, training: bool = True) -> Any:
        """The images, or the dict, changed."""
        batched = len(self._shape_of(data)) == 4
        transformation = self.get_random_transformation(data, training=training)
        if not isinstance(data, dict):
            change = self.transform_images if batched else self.transform_single_image
            return change(ops.convert_to_tensor(data), transformation=transformation, training=training)
        parts = {
            "images": (self.transform_images, self.transform_single_image, ops.convert_to_tensor),
            "bounding_boxes": (self.transform_bounding_boxes, self.transform_single_bounding_box, self._dense),
            "labels": (self.transform_labels, self.transform_single_label, ops.convert_to_tensor),
            "segmentation_masks": (
                self.transform_segmentation_masks, self.transform_single_segmentation_mask, ops.convert_to_tensor
            ),
        }  # fmt: skip
        found = dict(data)
        for key, (of_batch, of_one, prepared) in parts.items():
            if key in data:
                change = of_batch if batched else of_one
                found[key] = change(prepared(data[key]), transformation=transformation, training=training)
        return found

    def _convert(self, value: Any) -> Any:
        """Of a dict, only images and masks are brought to a dtype of 16 bits: boxes would lose their places in it, and
        labels their shares."""
        convert = super()._convert
        if not isinstance(value, dict) or self.compute_dtype not in ("float16", "bfloat16"):
            return convert(value)
        kept = ("bounding_boxes", "labels")
        return {key: item if key in kept else convert(item) for key, item in value.items()}

    def _dense(self, bounding_boxes: Any) -> dict[str, Any]:
        """Boxes as tensors.

        Raises: ArgumentError for what is no dict of boxes and labels, or without a format.
        """
        if not self.bounding_box_format:
            raise ArgumentError(
                f"{type(self).__name__} got bounding boxes and does not know their format.",
                fix="pass bounding_box_format, such as 'xyxy', to its constructor.",
            )
        return dense_boxes(bounding_boxes)

    # ---- boxes ------------------------------------------------------------------------------------------------------

    def _corners(self, bounding_boxes: Any, size: tuple[Any, Any], form: str = "xyxy") -> Any:
        """Boxes in the format of the layer as corners."""
        return convert_format(bounding_boxes, self.bounding_box_format, form, height=size[0], width=size[1])

    def _from_corners(self, bounding_boxes: Any, size: tuple[Any, Any], form: str = "xyxy") -> Any:
        return convert_format(bounding_boxes, form, self.bounding_box_format, height=size[0], width=size[1])

    # ---- description ------------------------------------------------------------------------------------------------

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the images, or of each entry of a dict."""
        if isinstance(input_shape, dict):
            moved = ("images", "segmentation_masks")
            return {key: self._output_shape(shape) if key in moved else shape for key, shape in input_shape.items()}
        return self._output_shape(input_shape)

    def _output_shape(self, shape: Any) -> Any:
        return shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = {**super().get_config(), "data_format": self.data_format}
        if self.bounding_box_format is not None:
            config["bounding_box_format"] = self.bounding_box_format
        return config


def _single(change: Any, value: Any, transformation: Any, training: bool) -> Any:
    found = change(ops.expand_dims(value, axis=0), transformation=transformation, training=training)
    return ops.squeeze(found, axis=0)


def _boxed(key: str, value: Any, change: Any) -> Any:
    return change(value, axis=0) if key in ("boxes", "labels") else value


def dense_boxes(bounding_boxes: Any) -> dict[str, Any]:
    """Boxes (..., boxes, 4) and their labels (..., boxes) as tensors; rows of different lengths are filled up with
    boxes of zeros and labels of -1.

    Raises: ArgumentError for what is no dict of boxes and labels; ShapeError if they do not fit together.
    """
    if not isinstance(bounding_boxes, dict) or "labels" not in bounding_boxes or "boxes" not in bounding_boxes:
        raise ArgumentError(
            f"bounding boxes given as {type(bounding_boxes).__name__}.",
            fix="give a dict of 'boxes' (batch, boxes, 4) and 'labels' (batch, boxes).",
        )
    boxes, labels = bounding_boxes["boxes"], bounding_boxes["labels"]
    if hasattr(boxes, "to_tensor"):
        boxes = boxes.to_tensor(default_value=0)
    elif isinstance(boxes, (list, tuple)):
        boxes = _filled(boxes, 3, 0)
    if hasattr(labels, "to_tensor"):
        labels = labels.to_tensor(default_value=-1)
    elif isinstance(labels, (list, tuple)):
        labels = _filled(labels, 2, -1)
    boxes, labels = ops.cast(boxes, "float32"), ops.convert_to_tensor(labels)
    ranks = len(boxes.shape), len(labels.shape)
    if ranks not in ((2, 1), (2, 2), (3, 2), (3, 3)):
        raise ShapeError(
            f"boxes of shape {tuple(boxes.shape)} with labels of shape {tuple(labels.shape)}.",
            fix="give boxes (batch, boxes, 4) with labels (batch, boxes), or both without the batch.",
        )
    return {**bounding_boxes, "boxes": boxes, "labels": labels}


def _filled(rows: Any, rank: int, value: int) -> Any:
    """Nested lists with rows of one length; as they are unless they are a batch."""
    lengths = {len(row) for row in rows if hasattr(row, "__len__")}
    if len(lengths) < 2:
        return rows
    longest, wide = max(lengths), [value] * 4 if rank == 3 else value
    return [[*row, *[wide] * (longest - len(row))] for row in rows]


class ColourLayer(BaseImagePreprocessingLayer):
    """An image layer that changes pixels and moves none: boxes, masks and labels stay.

    A subclass gives `_recoloured`.
    """

    _CASTS_AT_REST = False  # whether images are cast although nothing is changed

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """A batch of images, changed as was drawn."""
        if training:
            return self._recoloured(images, transformation)
        return ops.cast(images, self.compute_dtype) if self._CASTS_AT_REST else images

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        raise NotImplementedError

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """The boxes, as they are."""
        return bounding_boxes

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks, as they are."""
        return segmentation_masks


def chosen(generator: Any, count: int, factor: tuple[float, float]) -> Any:
    """Which of `count` images to change: each with a probability that is drawn between the two factors."""
    from headwater.keras import random

    probability = random.uniform((count,), factor[0], factor[1], seed=generator)
    return random.uniform((count,), 0.0, 1.0, seed=generator) < probability


def each(numbers: Any) -> Any:
    """A number, or a truth, for each image, in a shape that broadcasts to a batch: (batch,) -> (batch, 1, 1, 1)."""
    return ops.reshape(numbers, (-1, 1, 1, 1))
