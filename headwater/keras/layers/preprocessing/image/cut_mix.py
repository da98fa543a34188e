"""CutMix: a rectangle of each image replaced by that of another one of its batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import BaseImagePreprocessingLayer, each
from headwater.keras.layers.preprocessing.image.rectangles import drawn_span, inside


class CutMix(BaseImagePreprocessingLayer):
    """Puts a rectangle of another image of the batch into each image while training; labels are mixed by area. One
    image alone stays as it is; boxes are not moved.

    Args:
        factor: parameter of the beta distribution of the areas, or two numbers between which it is drawn.
        seed: int that the draws follow from.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Source: Yun et al. 2019, arXiv:1905.04899, "CutMix".
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)

    def __init__(
        self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """From which image each rectangle comes, its pixels, and the share of what is left."""
        shape = self._shape_of(data)
        if not training or len(shape) == 3:
            return None
        count, (height, width), dtype = shape[0], self._size_of(shape), self.compute_dtype
        seed = self.generator if seed is None else seed
        alpha = random.uniform((), *self.factor, dtype=dtype, seed=seed) + 1e-6
        share = ops.sqrt(1.0 - random.beta((count,), alpha, alpha, seed=seed, dtype=dtype))
        columns = drawn_span(width, share, seed, dtype)
        rows = drawn_span(height, share, seed, dtype)
        masks = inside((height, width), columns, rows, shape[self.channel_axis], self.channel_axis)
        area = (columns[1] - columns[0]) * (rows[1] - rows[0]) / (width * height)
        order = random.shuffle(np.arange(count, dtype="int32"), seed=seed)
        return {"permutation_order": order, "batch_masks": masks, "mix_weight": each(1.0 - area)}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """A batch of images with rectangles of others."""
        images = ops.cast(images, self.compute_dtype)
        if not training or transformation is None:
            return images
        others = ops.take(images, transformation["permutation_order"], axis=0)
        return ops.where(transformation["batch_masks"], others, images)

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Masks with the same rectangles of others."""
        masks = ops.cast(segmentation_masks, self.compute_dtype)
        if not training or transformation is None:
            return masks
        others = ops.take(masks, transformation["permutation_order"], axis=0)
        one_channel = ops.take(transformation["batch_masks"], [0], axis=self.channel_axis)
        return ops.where(one_channel, others, masks)

    def transform_labels(self, labels: Any, transformation: Any = None, training: bool = True) -> Any:
        """Labels (batch, classes), mixed by area."""
        if not training or transformation is None:
            return labels
        others = ops.take(labels, transformation["permutation_order"], axis=0)
        weight = ops.reshape(transformation["mix_weight"], (-1, 1))
        return weight * labels + (1.0 - weight) * others

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "factor": self.factor, "seed": self.seed}
