"""RandomErasing: a rectangle of each image covered."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import ColourLayer, chosen, each
from headwater.keras.layers.preprocessing.image.ranges import factor_range
from headwater.keras.layers.preprocessing.image.rectangles import drawn_span, inside


class RandomErasing(ColourLayer):
    """Covers a rectangle of some images while training.

    Args:
        factor: probability to change an image is drawn between 0 and it; or two numbers between which it is drawn.
        scale: squares of the shares of width and height that the rectangle takes: a number, or two between which they
            are drawn.
        fill_value: what it is covered with: a number, three numbers, or None for noise.
        value_range: the smallest and the largest value of pixels.
        seed: int that the draws follow from.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Source: Zhong et al. 2017, arXiv:1708.04896, "Random erasing data augmentation".
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)
    _CASTS_AT_REST = True

    def __init__(
        self, factor: Any = 1.0, scale: Any = (0.02, 0.33), fill_value: Any = None, value_range: Any = (0, 255),
        seed: int | None = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.scale = factor_range(scale, "scale", (0, 1), overlapping=True)
        if isinstance(fill_value, (tuple, list)) and len(fill_value) != 3:
            raise ArgumentError(f"RandomErasing: fill_value={fill_value}.", fix="pass one number or three.", where="")
        self._set_untracked(fill_value=fill_value)
        self.value_range = tuple(value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images are changed, the rectangle of each, and what covers it."""
        if not training:
            return None
        shape, count, dtype = self._shape_of(data), self._count(data), self.compute_dtype
        height, width = self._size_of(shape)
        seed = self.generator if seed is None else seed
        shares = ops.sqrt(random.uniform((count, 2), *self.scale, dtype=dtype, seed=seed))
        columns = drawn_span(width, shares[:, 0], seed, dtype)
        rows = drawn_span(height, shares[:, 1], seed, dtype)
        masks = inside((height, width), columns, rows, shape[self.channel_axis], self.channel_axis)
        applied = chosen(seed, count, self.factor)
        return {"apply_erasing": applied, "batch_masks": masks, "fill_value": self._cover(shape, seed)}

    def _cover(self, shape: tuple[int, ...], seed: Any) -> Any:
        dtype = self.compute_dtype
        if self.fill_value is None:
            found = random.normal(shape, dtype=dtype, seed=seed) * self.value_range[1]
        else:
            values = ops.cast(self.fill_value, dtype)
            if self.data_format == "channels_first" and values.shape:
                values = ops.reshape(values, (-1, 1, 1))
            found = ops.broadcast_to(values, shape)
        return ops.clip(found, *self.value_range)

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        images = ops.cast(images, self.compute_dtype)
        covered = ops.where(transformation["batch_masks"], transformation["fill_value"], images)
        return ops.where(each(transformation["apply_erasing"]), covered, images)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        names = ("factor", "scale", "fill_value", "value_range", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
