"""RandomColorJitter: brightness, contrast, saturation and hue changed, one after the other."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.preprocessing.image.layer import ColourLayer
from headwater.keras.layers.preprocessing.image.random_brightness import RandomBrightness
from headwater.keras.layers.preprocessing.image.random_contrast import RandomContrast
from headwater.keras.layers.preprocessing.image.random_hue import RandomHue
from headwater.keras.layers.preprocessing.image.random_saturation import RandomSaturation

_KINDS = (
    ("brightness", RandomBrightness), ("contrast", RandomContrast), ("saturation", RandomSaturation),
    ("hue", RandomHue),
)  # fmt: skip


class RandomColorJitter(ColourLayer):
    """Changes brightness, contrast, saturation and hue of images while training, in that order.

    Args:
        value_range: the smallest and the largest value of pixels.
        brightness_factor, contrast_factor, saturation_factor, hue_factor: the factors of `RandomBrightness`,
            `RandomContrast`, `RandomSaturation` and `RandomHue`; None leaves that step out.
        seed: int that the draws follow from.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    """

    def __init__(
        self, value_range: Any = (0, 255), brightness_factor: Any = None, contrast_factor: Any = None,
        saturation_factor: Any = None, hue_factor: Any = None, seed: int | None = None,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = tuple(value_range)
        self._set_seed(seed)
        factors = (brightness_factor, contrast_factor, saturation_factor, hue_factor)
        for (kind, layer), factor in zip(_KINDS, factors):
            self._set_untracked(**{f"{kind}_factor": factor})
            made = None
            if factor is not None:
                made = layer(factor, value_range=value_range, seed=seed, data_format=data_format)
            setattr(self, f"random_{kind}", made)

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        images = ops.cast(images, self.compute_dtype)
        for kind, _ in _KINDS:
            layer = getattr(self, f"random_{kind}")
            if layer is not None:
                drawn = layer.get_random_transformation(images, seed=self.generator)
                images = layer.transform_images(images, drawn)
        return ops.cast(images, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        factors = {f"{kind}_factor": getattr(self, f"{kind}_factor") for kind, _ in _KINDS}
        return {**super().get_config(), "value_range": self.value_range, **factors, "seed": self.seed}
