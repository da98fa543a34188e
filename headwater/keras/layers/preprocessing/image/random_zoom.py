"""RandomZoom: images from nearer, or from further away."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.affine import AffineLayer, matrix_of
from headwater.keras.layers.preprocessing.image.ranges import factor_range
from headwater.keras.utils.bounding_boxes import clip_to_image_size
from headwater.keras.utils.bounding_boxes.formats import joined, parted


class RandomZoom(AffineLayer):
    """Stretches or shrinks images about their middle while training, each by a factor of its own.

    Args:
        height_factor: greatest share, as -f to f, or two numbers; above -1, up to 1. -0.2 makes the image 1 / 0.8
            times as tall: negative is nearer.
        width_factor: likewise for the width; None stretches both sides alike.
        fill_mode: what lies outside: "reflect", "wrap", "constant" (`fill_value`) or "nearest".
        interpolation: "bilinear" or "nearest".
        seed: int that the draws follow from.
        fill_value: a number.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self, height_factor: Any, width_factor: Any = None, fill_mode: str = "reflect",
        interpolation: str = "bilinear", seed: int | None = None, fill_value: float = 0.0,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self._set_untracked(height_factor=height_factor, width_factor=width_factor)
        self.height_lower, self.height_upper = _zoom(height_factor, "height_factor")
        if width_factor is not None:
            self.width_lower, self.width_upper = _zoom(width_factor, "width_factor")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """For each image, how many of its rows and columns are seen, as a share."""
        if not training:
            return None
        shape, sizes = self._shape_of(data), (self._count(data), 1)
        seed = self.generator if seed is None else seed
        tall = wide = random.uniform(sizes, 1.0 + self.height_lower, 1.0 + self.height_upper, seed=seed)
        if self.width_factor is not None:
            wide = random.uniform(sizes, 1.0 + self.width_lower, 1.0 + self.width_upper, seed=seed)
        return {"height_zoom": tall, "width_zoom": wide, "input_shape": shape}

    def _matrix(self, transformation: Any, size: tuple[int, int]) -> Any:
        tall, wide = (ops.reshape(transformation[f"{side}_zoom"], (-1,)) for side in ("height", "width"))
        return matrix_of(
            wide, 0.0, (size[1] - 1.0) / 2.0 * (1.0 - wide), 0.0, tall, (size[0] - 1.0) / 2.0 * (1.0 - tall)
        )

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """Boxes, stretched as the images were."""
        if not training:
            return bounding_boxes
        height, width = size = self._size_of(transformation["input_shape"])
        found = self._corners(bounding_boxes, size)
        tall, wide = (ops.reshape(transformation[f"{side}_zoom"], (-1, 1, 1)) for side in ("height", "width"))
        left, top = (width - 1.0) / 2.0 * (1.0 - wide), (height - 1.0) / 2.0 * (1.0 - tall)
        x1, y1, x2, y2 = parted(found["boxes"])
        found["boxes"] = joined((x1 - left) / wide, (y1 - top) / tall, (x2 - left) / wide, (y2 - top) / tall)
        return self._from_corners(clip_to_image_size(found, height=height, width=width), size)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


def _zoom(factor: Any, what: str) -> tuple[float, float]:
    return factor_range(factor, what, (-1.0, 1.0), open_below=True)
