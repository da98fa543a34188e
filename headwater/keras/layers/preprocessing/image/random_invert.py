"""RandomInvert: some images as negatives."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.preprocessing.image.layer import ColourLayer, chosen, each


class RandomInvert(ColourLayer):
    """Inverts the colours of some images while training.

    Args:
        factor: probability to change an image is drawn between 0 and it; or two numbers between which it is drawn.
        value_range: the smallest and the largest value of pixels.
        seed: int that the decisions follow from.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any = 1.0, value_range: Any = (0, 255), seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = tuple(value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images are inverted."""
        if not training:
            return None
        return {"apply_inversion": chosen(self.generator if seed is None else seed, self._count(data), self.factor)}

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        images = ops.cast(images, self.compute_dtype)
        return ops.where(each(transformation["apply_inversion"]), self.value_range[1] - images, images)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **config}
