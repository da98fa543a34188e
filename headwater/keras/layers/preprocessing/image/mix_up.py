"""MixUp: each image mixed with another one of its batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import BaseImagePreprocessingLayer, each


class MixUp(BaseImagePreprocessingLayer):
    """Mixes images, and their labels, with those of another image of the batch, while training.

    The boxes of both images are kept, with their labels beside one another, and masks are mixed as images are. (Keras
    3.15 joins labels along the batch, and takes masks from a flattened batch.)

    Args:
        alpha: parameter of the beta distribution of the weights: the larger, the more even the mixture.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        seed: int that the draws follow from.
    Source: Zhang et al. 2017, arXiv:1710.09412, "mixup: beyond empirical risk minimization".
    """

    def __init__(
        self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.alpha = alpha
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """With which image each one is mixed, and its own weight."""
        if not training:
            return None
        count = self._count(data)
        seed = self.generator if seed is None else seed
        order = random.shuffle(np.arange(count, dtype="int64"), seed=seed)
        return {"mix_weight": random.beta((count,), self.alpha, self.alpha, seed=seed), "permutation_order": order}

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """A batch of mixtures."""
        return self._mixed(ops.cast(images, self.compute_dtype), transformation) if training else images

    def transform_segmentation_masks(
        self, segmentation_masks: Any, transformation: Any = None, training: bool = True
    ) -> Any:
        """Mixtures of masks."""
        return self._mixed(segmentation_masks, transformation) if training else segmentation_masks

    def _mixed(self, images: Any, transformation: Any) -> Any:
        others = ops.take(images, transformation["permutation_order"], axis=0)
        weight = each(transformation["mix_weight"])
        if others.dtype.is_floating:
            weight = ops.cast(weight, others.dtype)
        return weight * images + (1.0 - weight) * others

    def transform_labels(self, labels: Any, transformation: Any = None, training: bool = True) -> Any:
        """Mixtures of labels, (batch, classes)."""
        if not training:
            return labels
        others = ops.take(labels, transformation["permutation_order"], axis=0)
        weight = ops.reshape(transformation["mix_weight"], (-1, 1))
        return weight * labels + (1.0 - weight) * others

    def transform_bounding_boxes(self, bounding_boxes: Any, transformation: Any = None, training: bool = True) -> Any:
        """The boxes of both images."""
        if not training:
            return bounding_boxes
        order = transformation["permutation_order"]
        both = {
            key: ops.concatenate([bounding_boxes[key], ops.take(bounding_boxes[key], order, axis=0)], axis=1)
            for key in ("boxes", "labels")
        }
        return {**bounding_boxes, **both}

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "alpha": self.alpha, "seed": self.seed}
