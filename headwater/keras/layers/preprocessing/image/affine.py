"""What the layers share that turn, stretch, shear and move images: how pixels outside are filled, and boxes moved."""

from __future__ import annotations

import math
from typing import Any

from headwater import ops
from headwater.keras.layers.preprocessing.image.layer import BaseImagePreprocessingLayer
from headwater.keras.layers.preprocessing.image.ranges import one_of

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


class AffineLayer(BaseImagePreprocessingLayer):
    """An image layer whose pixels come from other places along straight lines. A subclass gives `_matrix`.

    Args:
        fill_mode: what lies outside: "reflect", "wrap", "constant" (`fill_value`) or "nearest".
        interpolation: "bilinear" or "nearest".
        fill_value: a number.
        seed: int that the draws follow from.
    """

    def __init__(
        self, fill_mode: str, interpolation: str, fill_value: float, seed: int | None, data_format: str | None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.fill_mode = one_of(fill_mode, "fill_mode", FILL_MODES)
        self.interpolation = one_of(interpolation, "interpolation", INTERPOLATIONS)
        self.fill_value = fill_value
        self._set_seed(seed)

    def _matrix(self, transformation: Any, size: tuple[int, int]) -> Any:
        """For each image the eight numbers of `keras.ops.image.affine_transform`."""
        raise NotImplementedError

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        matrix = self._matrix(transformation, self._size_of(images.shape))
        return ops.image.affine_transform(
            images, matrix, interpolation=interpolation, fill_mode=self.fill_mode, fill_value=self.fill_value,
            data_format=self.data_format,
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        names = ("fill_mode", "interpolation", "fill_value", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def matrix_of(a0: Any, a1: Any, a2: Any, b0: Any, b1: Any, b2: Any) -> Any:
    """The eight numbers of affine changes, (batch, 8), from tensors (batch,) and Python numbers."""
    count = max(each.shape[0] for each in (a0, a1, a2, b0, b1, b2) if hasattr(each, "shape"))
    columns = [ops.broadcast_to(ops.cast(each, "float32"), (count,)) for each in (a0, a1, a2, b0, b1, b2, 0.0, 0.0)]
    return ops.stack(columns, axis=-1)


def rotation_of(angle: Any, height: int, width: int) -> Any:
    """The matrix (batch, 8) that turns images about their middle by angles in degrees, (batch,)."""
    angle = angle * (math.pi / 180.0)
    middle_x, middle_y = 0.5 * (width - 1), 0.5 * (height - 1)
    cosine, sine = ops.cos(angle), ops.sin(angle)
    a2 = middle_x - middle_x * cosine + middle_y * sine
    b2 = middle_y - middle_x * sine - middle_y * cosine
    return matrix_of(cosine, -sine, a2, sine, cosine, b2)
