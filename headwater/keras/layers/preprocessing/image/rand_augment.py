"""RandAugment: a few changes of images, drawn from a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.augmentations import ChoosingLayer, apply_one

_NAMES = (
    "random_shear", "random_translation", "random_rotation", "random_brightness", "random_color_degeneration",
    "random_contrast", "random_sharpness", "random_posterization", "solarization", "auto_contrast", "equalization",
)  # fmt: skip


class RandAugment(ChoosingLayer):
    """Applies layers that are drawn for each batch while training: of shear, translation, rotation, brightness, colour
    degeneration, contrast, sharpness, posterization, solarization, auto-contrast and equalization.

    Boxes and masks go through the same layers in the same order.

    Args:
        value_range: the smallest and the largest value of pixels.
        num_ops: how many layers are applied, one after the other.
        factor: how strongly, from 0 to 1; or two numbers between which it is drawn.
        interpolation: "bilinear" or "nearest".
        seed: int that the draws follow from.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Source: Cubuk et al. 2019, arXiv:1909.13719, "RandAugment".
    """

    def __init__(
        self, value_range: Any = (0, 255), num_ops: int = 2, factor: Any = 0.5, interpolation: str = "bilinear",
        seed: int | None = None, data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(_NAMES, value_range, factor, interpolation, seed, data_format, **kwargs)
        self.num_ops = num_ops

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which layers are applied, and what each of them would do."""
        if not training:
            return None
        seed = self.generator if seed is None else seed
        chosen = random.randint((self.num_ops,), 0, len(self._names), seed=seed)
        drawn = {name: getattr(self, name).get_random_transformation(data, seed=seed) for name in self._names}
        return {"transforms": drawn, "layer_idxes": chosen}

    def _applied(self, value: Any, transformation: Any, change: Callable[[Any, Any, Any], Any]) -> Any:
        drawn = transformation["transforms"]
        changes = [
            lambda value, layer=layer, name=name: change(layer, value, drawn[name])
            for layer, name in zip(self._chosen_layers(), self._names)
        ]
        chosen = ops.convert_to_tensor(transformation["layer_idxes"])
        for place in range(self.num_ops):
            value = apply_one(chosen[place], changes, value)
        return value

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """A batch of images, after the layers that were drawn."""
        images = ops.cast(images, self.compute_dtype)
        if not training:
            return images
        return self._applied(images, transformation, lambda layer, value, drawn: layer.transform_images(value, drawn))

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Masks, after the same layers."""
        if not training:
            return segmentation_masks
        return self._applied(
            segmentation_masks, transformation,
            lambda layer, value, drawn: layer.transform_segmentation_masks(value, drawn),
        )  # fmt: skip

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """Boxes, after the same layers."""
        if not training:
            return bounding_boxes
        return self._applied(
            bounding_boxes, transformation, lambda layer, value, drawn: layer.transform_bounding_boxes(value, drawn)
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        names = ("value_range", "num_ops", "factor", "interpolation", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
