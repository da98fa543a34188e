"""RandomPosterization: pixels in fewer bits."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import ColourLayer, each
from headwater.keras.layers.preprocessing.image.ranges import rescaled, value_pair


class RandomPosterization(ColourLayer):
    """Drops the low bits of pixels while training, each image's number of bits drawn.

    Args:
        factor: two numbers from 1 to 8: as many bits are kept as is drawn between them, without the second. One
            number: between 1 and it.
        value_range: the smallest and the largest value of pixels.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        seed: int that the numbers follow from.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (1, 8)
    _MAX_FACTOR = 8

    def __init__(
        self, factor: Any, value_range: Any = (0, 255), data_format: str | None = None, seed: int | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.value_range = value_pair(value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """How many bits each image loses."""
        count = self._count(data)
        if not training:
            return None
        low, high = self.factor
        if low == high:
            return {"shift_factor": ops.full((count,), self._MAX_FACTOR - low, dtype="uint8")}
        seed = self.generator if seed is None else seed
        kept = random.randint((count,), low, high, seed=seed, dtype="int32")
        return {"shift_factor": ops.cast(self._MAX_FACTOR - kept, "uint8")}

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        shift = each(transformation["shift_factor"])
        bits = ops.cast(rescaled(images, self.value_range, (0, 255), self.compute_dtype), "uint8")
        bits = ops.bitwise_left_shift(ops.bitwise_right_shift(bits, shift), shift)
        found = ops.cast(bits, self.compute_dtype)
        return rescaled(found, (0, 255), self.value_range, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = {"factor": self.factor, "value_range": self.value_range, "seed": self.seed}
        return {**super().get_config(), **config}
