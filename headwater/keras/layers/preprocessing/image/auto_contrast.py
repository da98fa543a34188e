"""AutoContrast: each channel stretched over the whole range of values."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.preprocessing.image.layer import ColourLayer
from headwater.keras.layers.preprocessing.image.ranges import rescaled, value_pair


class AutoContrast(ColourLayer):
    """Stretches the values of each channel of each image so that its darkest pixel becomes the smallest value and its
    brightest the largest; a channel of one value stays.

    Args:
        value_range: the smallest and the largest value of pixels.
    Example:
        >>> image = np.array([[[100.0], [150.0], [200.0]]], "float32")
        >>> keras.layers.AutoContrast()(image).numpy().ravel().tolist()
        [0.0, 127.5, 255.0]
    """

    _USE_BASE_FACTOR = False

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = value_pair(value_range)

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """A batch of images, stretched, while training and otherwise."""
        original, dtype = ops.cast(images, self.compute_dtype), self.compute_dtype
        images = rescaled(original, self.value_range, (0, 255), dtype)
        low, high = (reduced(images, axis=(1, 2), keepdims=True) for reduced in (ops.min, ops.max))
        flat = high == low
        scale = 255.0 / ops.where(flat, 1.0, high - low)
        found = ops.clip(images * scale - low * scale, 0.0, 255.0)
        return ops.where(flat, original, rescaled(found, (0, 255), self.value_range, dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "value_range": self.value_range}
