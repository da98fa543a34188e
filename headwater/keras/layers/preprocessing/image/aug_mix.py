"""AugMix: images mixed with changed copies of themselves."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.augmentations import ChoosingLayer, apply_one
from headwater.keras.random import SeedGenerator

_STEADY = (
    "random_shear", "random_translation", "random_rotation", "random_posterization", "solarization", "auto_contrast",
    "equalization",
)  # fmt: skip
_ALL = (*_STEADY, "random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")


class AugMix(ChoosingLayer):
    """Mixes images with copies that went through chains of layers, while training. Boxes stay.

    The chains are drawn anew for each batch, in compiled functions too. (Keras 3.15 draws them in Python: once for
    each compilation.)

    Args:
        value_range: the smallest and the largest value of pixels.
        num_chains: how many copies there are.
        chain_depth: how many layers each goes through; one of the choices is none.
        factor: how strongly layers change images, from 0 to 1; or two numbers between which it is drawn.
        alpha: parameter of the distributions of the weights.
        all_ops: whether brightness, colour degeneration, contrast and sharpness are among the layers.
        interpolation: "bilinear" or "nearest".
        seed: int that the draws follow from.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Source: Hendrycks et al. 2019, arXiv:1912.02781, "AugMix".
    """

    def __init__(
        self, value_range: Any = (0, 255), num_chains: int = 3, chain_depth: int = 3, factor: Any = 0.3,
        alpha: float = 1.0, all_ops: bool = True, interpolation: str = "bilinear", seed: int | None = None,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        names = _ALL if all_ops else _STEADY
        super().__init__(names, value_range, factor, interpolation, seed, data_format, **kwargs)
        self.num_chains, self.chain_depth = num_chains, chain_depth
        self.alpha, self.all_ops = alpha, all_ops

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """The weights of the copies and of the images; for each step of each chain, which layer, and the seed of what
        it does."""
        if not training:
            return None
        seed = self.generator if seed is None else seed
        shares = random.gamma((self.num_chains,), self.alpha, seed=seed)
        steps = self.num_chains * self.chain_depth
        return {
            "chain_mixing_weights": shares / ops.sum(shares, axis=-1, keepdims=True),
            "weight_sample": random.beta((), self.alpha, self.alpha, seed=seed),
            "layer_idxes": random.randint((steps,), 0, len(self._names) + 1, seed=seed),
            "seeds": ops.cast(random.randint((steps, 2), 0, 2**31 - 1, seed=seed), "uint32"),
        }

    def _mixed(self, values: Any, transformation: Any, change: Any) -> Any:
        """Values mixed with copies of them. One loop over all steps, so that each layer is compiled once."""
        weights = ops.cast(transformation["chain_mixing_weights"], self.compute_dtype)
        chosen, seeds = (ops.convert_to_tensor(transformation[key]) for key in ("layer_idxes", "seeds"))

        def step(number: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
            copy, total = state
            stream = _Stream(ops.take(seeds, number, axis=0))
            changes = [
                lambda copy, layer=layer: change(
                    layer, copy, layer.get_random_transformation(values, seed=stream.again())
                )
                for layer in self._chosen_layers()
            ]
            copy = apply_one(ops.take(chosen, number), [*changes, lambda copy: copy], copy)
            ends = ops.equal(ops.mod(number + 1, self.chain_depth), 0)
            weight = ops.take(weights, ops.floor_divide(number, self.chain_depth))
            total = ops.where(ends, total + copy * weight, total)
            return ops.where(ends, values, copy), total

        total = ops.zeros(values.shape, (values[..., :1] * weights[0]).dtype)
        _, total = ops.fori_loop(0, self.num_chains * self.chain_depth, step, (values, total))
        share = ops.cast(transformation["weight_sample"], self.compute_dtype)
        return share * values + (1 - share) * total

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """A batch of mixtures."""
        images = ops.cast(images, self.compute_dtype)
        if not training:
            return images
        mixed = self._mixed(images, transformation, lambda layer, copy, drawn: layer.transform_images(copy, drawn))
        return ops.clip(mixed, *self.value_range)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Mixtures of masks."""
        if not training:
            return segmentation_masks
        return self._mixed(
            ops.cast(segmentation_masks, self.compute_dtype), transformation,
            lambda layer, copy, drawn: layer.transform_segmentation_masks(copy, drawn),
        )  # fmt: skip

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """The boxes, as they are."""
        return bounding_boxes

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        names = ("value_range", "num_chains", "chain_depth", "factor", "alpha", "all_ops", "interpolation", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class _Stream(SeedGenerator):
    """Seeds that follow from two words alone: the same draws for images and for masks.

    Args:
        words: uint32 (2,).
    """

    def __init__(self, words: Any) -> None:
        self._words, self._count = words, 0

    def again(self) -> _Stream:
        """The same seeds from the start."""
        return _Stream(self._words)

    def next(self, ordered: bool = True) -> Any:
        """The next pair."""
        self._count += 1
        return self._words + ops.convert_to_tensor([0, self._count], "uint32")
