"""RandomShear: images pushed askew."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.affine import AffineLayer, matrix_of
from headwater.keras.layers.preprocessing.image.ranges import factor_range
from headwater.keras.utils.bounding_boxes import clip_to_image_size
from headwater.keras.utils.bounding_boxes.formats import joined, parted


class RandomShear(AffineLayer):
    """Shears images while training, each by factors of its own.

    Args:
        x_factor: greatest shear along rows, as -f to f, or two numbers; up to 1. (Two numbers may be below 0 too:
            those that this layer writes in its config are.)
        y_factor: along columns.
        interpolation: "bilinear" or "nearest".
        fill_mode: what lies outside: "reflect", "wrap", "constant" (`fill_value`) or "nearest".
        fill_value: a number.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        seed: int that the draws follow from.
    """

    _USE_BASE_FACTOR = False

    def __init__(
        self, x_factor: Any = 0.0, y_factor: Any = 0.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
        fill_value: float = 0.0, data_format: str | None = None, seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(fill_mode, interpolation, fill_value, seed, data_format, **kwargs)
        self.x_factor = factor_range(x_factor, "x_factor", (0.0, 1.0), lowest=-1.0, pairs=(-1.0, 1.0))
        self.y_factor = factor_range(y_factor, "y_factor", (0.0, 1.0), lowest=-1.0, pairs=(-1.0, 1.0))

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """For each image, its shear along rows and along columns."""
        if not training:
            return None
        sizes, dtype = (self._count(data), 1), self.compute_dtype
        seed = self.generator if seed is None else seed
        sign = ops.where(random.uniform(sizes, 0.0, 1.0, seed=seed, dtype=dtype) > 0.5, -1.0, 1.0)
        down = random.uniform(sizes, *self.y_factor, seed=seed, dtype=dtype)
        along = random.uniform(sizes, *self.x_factor, seed=seed, dtype=dtype)
        factors = ops.concatenate([along, down], axis=1) * ops.cast(sign, dtype)
        return {"shear_factor": factors, "input_shape": self._shape_of(data)}

    def _matrix(self, transformation: Any, size: tuple[int, int]) -> Any:
        factors = ops.convert_to_tensor(transformation["shear_factor"])
        return matrix_of(1.0, factors[:, 0], 0.0, factors[:, 1], 1.0, 0.0)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """The upright boxes around the sheared ones, nearly: the change of both axes is taken one after the other."""
        if not training:
            return bounding_boxes
        size = self._size_of(transformation["input_shape"])
        found = self._corners(bounding_boxes, size, "rel_xyxy")
        factors = ops.reshape(ops.cast(transformation["shear_factor"], found["boxes"].dtype), (-1, 1, 2))
        along, down = factors[..., :1], factors[..., 1:]
        x1, y1, x2, y2 = parted(found["boxes"])
        x1, x2 = (
            ops.where(along < 0, x1 - along * y1, x1 - along * y2),
            ops.where(along < 0, x2 - along * y2, x2 - along * y1),
        )
        y1 = ops.where(down > 0, y1 - down * x2, y1 - down * x1)
        y2 = ops.where(down > 0, y2 - down * x1, y2 - down * x2)
        found["boxes"] = joined(x1, y1, x2, y2)
        return self._from_corners(clip_to_image_size(found, bounding_box_format="rel_xyxy"), size, "rel_xyxy")

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "x_factor": self.x_factor, "y_factor": self.y_factor}
