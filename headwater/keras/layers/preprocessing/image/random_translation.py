"""RandomTranslation: images moved."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.affine import AffineLayer, matrix_of
from headwater.keras.layers.preprocessing.image.ranges import factor_range
from headwater.keras.utils.bounding_boxes import clip_to_image_size, pad


class RandomTranslation(AffineLayer):
    """Moves images while training, each by a share of its height and of its width.

    Args:
        height_factor, width_factor: greatest share, as -f to f, or two numbers; within -1 and 1. Downwards and to the
            right is positive.
        fill_mode: what lies outside: "reflect", "wrap", "constant" (`fill_value`) or "nearest".
        interpolation: "bilinear" or "nearest".
        seed: int that the draws follow from.
        fill_value: a number.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self, height_factor: Any, width_factor: Any, fill_mode: str = "reflect", interpolation: str = "bilinear",
        seed: int | None = None, fill_value: float = 0.0, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self._set_untracked(height_factor=height_factor, width_factor=width_factor)
        self.height_lower, self.height_upper = factor_range(height_factor, "height_factor", (-1.0, 1.0))
        self.width_lower, self.width_upper = factor_range(width_factor, "width_factor", (-1.0, 1.0))

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """For each image, by how many columns and rows it moves."""
        if not training:
            return None
        shape, count = self._shape_of(data), self._count(data)
        height, width = self._size_of(shape)
        seed = self.generator if seed is None else seed
        down = random.uniform((count, 1), self.height_lower, self.height_upper, seed=seed) * height
        right = random.uniform((count, 1), self.width_lower, self.width_upper, seed=seed) * width
        return {"translations": ops.cast(ops.concatenate([right, down], axis=1), "float32"), "input_shape": shape}

    def _matrix(self, transformation: Any, size: tuple[int, int]) -> Any:
        moved = ops.convert_to_tensor(transformation["translations"])
        return matrix_of(1.0, 0.0, -moved[:, 0], 0.0, 1.0, -moved[:, 1])

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """Boxes, moved as the images were."""
        if not training:
            return bounding_boxes
        height, width = size = self._size_of(transformation["input_shape"])
        found = self._corners(bounding_boxes, size)
        moved = ops.reshape(transformation["translations"], (-1, 1, 2))
        found["boxes"] = pad(found["boxes"], moved[..., 1:], moved[..., :1])
        return self._from_corners(clip_to_image_size(found, height=height, width=width), size)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}
