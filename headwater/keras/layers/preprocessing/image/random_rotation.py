"""RandomRotation: images turned about their middle."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.affine import AffineLayer, rotation_of
from headwater.keras.utils import bounding_boxes as boxes_of


class RandomRotation(AffineLayer):
    """Turns images while training, each by an angle of its own.

    Boxes become the upright boxes around the turned ones. (Keras 3.15 takes boxes for "xyxy" whatever their format.)

    Args:
        factor: greatest angle in turns, as -f to f, or two numbers; within -1 and 1.
        fill_mode: what lies outside: "reflect", "wrap", "constant" (`fill_value`) or "nearest".
        interpolation: "bilinear" or "nearest".
        seed: int that the angles follow from.
        fill_value: a number.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    """

    def __init__(
        self, factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear", seed: int | None = None,
        fill_value: float = 0.0, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, factor=factor, **kwargs)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The angle of each image in degrees, and its matrix."""
        if not training:
            return None
        shape, count = self._shape_of(data), self._count(data)
        height, width = self._size_of(shape)
        seed = self.generator if seed is None else seed
        angle = random.uniform((count,), self.factor[0] * 360.0, self.factor[1] * 360.0, seed=seed)
        matrix = rotation_of(angle, height, width)
        return {
            "angle": angle,
            "rotation_matrix": matrix if len(shape) == 4 else ops.squeeze(matrix, axis=0),
            "image_height": height,
            "image_width": width,
            "batch_size": count,
        }

    def _matrix(self, transformation: Any, size: tuple[int, int]) -> Any:
        return transformation["rotation_matrix"]

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """The upright boxes around the turned ones."""
        if not training:
            return bounding_boxes
        height, width = size = transformation["image_height"], transformation["image_width"]
        found = self._corners(bounding_boxes, size)
        still = ops.zeros_like(transformation["angle"])
        found["boxes"] = boxes_of.affine_transform(
            found["boxes"], transformation["angle"], still, still, still + 1.0, still, still, height, width
        )
        return self._from_corners(boxes_of.clip_to_image_size(found, height=height, width=width), size)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "factor": self.factor}
