"""RandomElasticTransform: images bent as if printed on rubber."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.affine import INTERPOLATIONS
from headwater.keras.layers.preprocessing.image.layer import BaseImagePreprocessingLayer, chosen, each
from headwater.keras.layers.preprocessing.image.ranges import factor_range, one_of
from headwater.ops.image.warping import bent

_FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


class RandomElasticTransform(BaseImagePreprocessingLayer):
    """Bends images at random while training; boxes are not moved.

    Args:
        factor: probability to change an image is drawn between 0 and it; or two numbers between which it is drawn.
        scale: how strongly: pixels move by up to a tenth of it of the longer side; two numbers: drawn between them.
        interpolation: "bilinear" or "nearest".
        fill_mode: what lies outside: "constant" (`fill_value`), "nearest", "wrap", "mirror" or "reflect".
        fill_value: a number.
        value_range: the smallest and the largest value of pixels.
        seed: int that the draws follow from.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Source: Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied to visual
    document analysis".
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any = 1.0, scale: Any = 1.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
        fill_value: float = 0.0, value_range: Any = (0, 255), seed: int | None = None,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.scale = factor_range(scale, "scale", (0, 1), overlapping=True)
        self.interpolation = one_of(interpolation, "interpolation", INTERPOLATIONS)
        self.fill_mode, self.fill_value = one_of(fill_mode, "fill_mode", _FILL_MODES), fill_value
        self.value_range = tuple(value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images are bent, how strongly, and the movement's seed: images and masks bend alike."""
        if not training or self.scale[1] == 0 or self.factor[1] == 0:
            return None
        seed = self.generator if seed is None else seed
        applied = chosen(seed, self._count(data), self.factor)
        strength = random.uniform((), *self.scale, seed=seed, dtype=self.compute_dtype)
        return {"apply_transform": applied, "distortion_factor": strength, "seed": _key(seed)}

    def _transform_images(self, images: Any, transformation: Any, interpolation: str) -> Any:
        if transformation is None:
            return images
        height, width = self._size_of(images.shape)
        strength = ops.maximum(ops.cast(transformation["distortion_factor"], "float32"), 1e-6)
        sigma = 0.05 * min(height, width)
        found = bent(
            images, max(height, width) * 0.1 * strength, sigma * strength, int(6 * sigma * self.scale[1]) | 1,
            transformation["seed"], interpolation, self.fill_mode, self.fill_value, self.data_format,
        )  # fmt: skip
        found = ops.where(each(transformation["apply_transform"]), found, images)
        return ops.clip(found, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        names = ("factor", "scale", "interpolation", "fill_mode", "fill_value", "value_range", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _key(seed: Any) -> Any:
    from headwater.keras.random.seed_generator import draw_key

    return draw_key(seed)
