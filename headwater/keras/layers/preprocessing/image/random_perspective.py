"""RandomPerspective: images seen from the side."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.affine import INTERPOLATIONS
from headwater.keras.layers.preprocessing.image.layer import BaseImagePreprocessingLayer, chosen, each
from headwater.keras.layers.preprocessing.image.ranges import one_of
from headwater.keras.utils.bounding_boxes import clip_to_image_size
from headwater.keras.utils.bounding_boxes.formats import parted
from headwater.keras.utils.bounding_boxes.movements import around
from headwater.ops.image.warping import homography, projected


class RandomPerspective(BaseImagePreprocessingLayer):
    """Moves the corners of images while training, each by a draw of its own.

    Boxes come back in the format that they had. (Keras 3.15 returns corners in pixels.)

    Args:
        factor: probability to change an image is drawn between 0 and it; or two numbers between which it is drawn.
        scale: how far corners may move: half of it, as a share of their distance from the upper left corner.
        interpolation: "bilinear" or "nearest".
        fill_value: what lies outside of the images.
        seed: int that the draws follow from.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any = 1.0, scale: float = 1.0, interpolation: str = "bilinear", fill_value: float = 0.0,
        seed: int | None = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        if not 0.0 <= scale <= 1.0:
            raise ArgumentError(f"RandomPerspective: scale={scale}.", fix="pass a number in [0, 1].", where="")
        self.scale, self.fill_value = scale, fill_value
        self.interpolation = one_of(interpolation, "interpolation", INTERPOLATIONS)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images are changed, their corners, and where these go."""
        if not training:
            return None
        shape, count, dtype = self._shape_of(data), self._count(data), self.compute_dtype
        height, width = self._size_of(shape)
        seed = self.generator if seed is None else seed
        applied = chosen(seed, count, self.factor)
        moved = random.uniform((count, 4, 2), -0.5 * self.scale, 0.5 * self.scale, seed=seed, dtype=dtype)
        corners = [[0.0, 0.0], [width - 1, 0.0], [0.0, height - 1], [width - 1, height - 1]]
        start = ops.broadcast_to(ops.convert_to_tensor([corners], dtype), (count, 4, 2))
        end = start + start * moved
        return {"apply_perspective": applied, "start_points": start, "end_points": end, "input_shape": shape}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        found = ops.image.perspective_transform(
            images, transformation["start_points"], transformation["end_points"], interpolation=interpolation,
            fill_value=self.fill_value, data_format=self.data_format,
        )  # fmt: skip
        return ops.where(each(transformation["apply_perspective"]), found, images)

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """The upright boxes around what became of the boxes."""
        if not training or transformation is None:
            return bounding_boxes
        height, width = size = self._size_of(transformation["input_shape"])
        found = self._corners(bounding_boxes, size)
        x1, y1, x2, y2 = parted(found["boxes"])
        # pixels at `end` come from `start`, so a point goes the other way
        back = homography(*(ops.cast(transformation[f"{where}_points"], "float32") for where in ("end", "start")))
        numbers = [ops.reshape(back[:, place], (-1, 1, 1)) for place in range(8)]
        x, y = projected(numbers, ops.concatenate([x1, x2, x1, x2], -1), ops.concatenate([y1, y2, y2, y1], -1))
        applied = ops.reshape(transformation["apply_perspective"], (-1, 1, 1))
        found["boxes"] = ops.where(applied, around(x, y), found["boxes"])
        return self._from_corners(clip_to_image_size(found, height=height, width=width), size)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        names = ("factor", "scale", "interpolation", "fill_value", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
