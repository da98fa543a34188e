"""The layers that RandAugment and AugMix choose from."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.preprocessing.image.auto_contrast import AutoContrast
from headwater.keras.layers.preprocessing.image.equalization import Equalization
from headwater.keras.layers.preprocessing.image.layer import BaseImagePreprocessingLayer
from headwater.keras.layers.preprocessing.image.random_brightness import RandomBrightness
from headwater.keras.layers.preprocessing.image.random_color_degeneration import RandomColorDegeneration
from headwater.keras.layers.preprocessing.image.random_contrast import RandomContrast
from headwater.keras.layers.preprocessing.image.random_posterization import RandomPosterization
from headwater.keras.layers.preprocessing.image.random_rotation import RandomRotation
from headwater.keras.layers.preprocessing.image.random_sharpness import RandomSharpness
from headwater.keras.layers.preprocessing.image.random_shear import RandomShear
from headwater.keras.layers.preprocessing.image.random_translation import RandomTranslation
from headwater.keras.layers.preprocessing.image.solarization import Solarization


class ChoosingLayer(BaseImagePreprocessingLayer):
    """An image layer that applies some of a set of layers, drawn anew for each batch. The layers are attributes, named
    as in `names`.

    Args:
        names: of the layers.
        value_range: the smallest and the largest value of pixels.
        factor: how strongly the layers change images.
        interpolation: of those that turn, stretch and shear.
        seed: int that the draws follow from.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, names: tuple[str, ...], value_range: Any, factor: Any, interpolation: str, seed: int | None,
        data_format: str | None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = tuple(value_range)
        self._set_factor(factor)
        self.interpolation = interpolation
        self._set_seed(seed)
        self._set_untracked(_names=names)
        for name in names:
            setattr(self, name, self._made(name))

    def _made(self, name: str) -> Any:
        """The layer of a name, as strong as this layer's factor says."""
        factor = self.factor
        common = {"dtype": self.dtype_policy, "data_format": self.data_format}
        common["bounding_box_format"] = self.bounding_box_format
        seeded = {**common, "seed": self.seed}
        warping, ranged = {**seeded, "interpolation": self.interpolation}, {**seeded, "value_range": self.value_range}
        makers: dict[str, Any] = {
            "random_shear": lambda: RandomShear(factor, factor, **warping),
            "random_translation": lambda: RandomTranslation(factor, factor, **warping),
            "random_rotation": lambda: RandomRotation(factor, **warping),
            "random_brightness": lambda: RandomBrightness(factor, **ranged),
            "random_color_degeneration": lambda: RandomColorDegeneration(factor, **ranged),
            "random_contrast": lambda: RandomContrast(factor, **ranged),
            "random_sharpness": lambda: RandomSharpness(factor, **ranged),
            "random_posterization": lambda: RandomPosterization(max(1, int(8 * factor[1])), **ranged),
            "solarization": lambda: Solarization(factor, factor, **ranged),
            "auto_contrast": lambda: AutoContrast(self.value_range, **common),
            "equalization": lambda: Equalization(self.value_range, **common),
        }
        return makers[name]()

    def _chosen_layers(self) -> list[Any]:
        return [getattr(self, name) for name in self._names]


def apply_one(index: Any, changes: list[Any], value: Any) -> Any:
    """What the change of that index makes of a value; the others are not computed."""
    return ops.switch(index, changes, value)
