"""RandomGaussianBlur: images out of focus."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import random
from headwater.keras.layers.preprocessing.image.layer import ColourLayer, chosen, each
from headwater.keras.layers.preprocessing.image.ranges import factor_range


class RandomGaussianBlur(ColourLayer):
    """Blurs some images while training.

    Args:
        factor: probability to blur an image is drawn between 0 and it; or two numbers between which it is drawn.
        kernel_size: width and height of the neighbourhood, odd; one number or two.
        sigma: standard deviation of the weights in pixels, up to 1; two numbers: drawn between them.
        value_range: the smallest and the largest value of pixels.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        seed: int that the draws follow from.
    """

    _USE_BASE_FACTOR = False
    _FACTOR_BOUNDS = (0, 1)
    _CASTS_AT_REST = True

    def __init__(
        self, factor: Any = 1.0, kernel_size: Any = 3, sigma: Any = 1.0, value_range: Any = (0, 255),
        data_format: str | None = None, seed: int | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(data_format=data_format, **kwargs)
        self._set_factor(factor)
        self.kernel_size = _odd(kernel_size)
        self.sigma = factor_range(sigma, "sigma", (0, 1), overlapping=True)
        self.value_range = tuple(value_range)
        self._set_seed(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Which images are blurred, and the standard deviations along width and height."""
        if not training:
            return None
        seed = self.generator if seed is None else seed
        applied = chosen(seed, self._count(data), self.factor)
        sigma = random.uniform((2,), *self.sigma, seed=seed, dtype=self.compute_dtype) + 1e-6
        return {"should_apply_blur": applied, "blur_factor": sigma}

    def _recoloured(self, images: Any, transformation: Any) -> Any:
        images = ops.cast(images, self.compute_dtype)
        if transformation is None:
            return images
        found = ops.image.gaussian_blur(
            images, self.kernel_size, transformation["blur_factor"], data_format=self.data_format
        )
        found = ops.where(each(transformation["should_apply_blur"]), found, images)
        return ops.clip(found, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        names = ("factor", "kernel_size", "sigma", "value_range", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _odd(kernel_size: Any) -> tuple[int, int]:
    sizes = (kernel_size,) * 2 if isinstance(kernel_size, (int, float)) else tuple(kernel_size)
    if len(sizes) != 2 or any(size % 2 == 0 for size in sizes):
        raise ArgumentError(f"kernel_size={kernel_size!r}.", fix="pass an odd number, or two.", where="")
    return sizes
