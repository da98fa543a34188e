"""How much images resemble each other, and where their edges are."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.image.batches import at_least_image
from headwater.image.dtypes import convert_image_dtype
from headwater.image.repeated import compiled_when_repeated

_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def _pair(first: Any, second: Any, max_val: Any, what: str) -> tuple[Any, Any, Any]:
    """Two images and their largest value, in float32.

    Raises: ShapeError if their sizes differ.
    """
    first, second = at_least_image(first, what), at_least_image(second, what)
    if first.shape[-3:] != second.shape[-3:]:
        raise ShapeError(
            f"{what}: images of shapes {tuple(first.shape)} and {tuple(second.shape)}.", fix="give images of one size."
        )
    most = convert_image_dtype(ops.cast(max_val, first.dtype), "float32")
    return convert_image_dtype(first, "float32"), convert_image_dtype(second, "float32"), most


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Any:
    """The ratio of the largest value to the noise between images, in decibels: infinite for equal ones.

    Args:
        a, b: (..., height, width, channels).
        max_val: the difference of the largest and the smallest value of pixels.
    Returns: float32 (...).
    Raises: ShapeError if the sizes differ.
    """
    a, b, most = _pair(a, b, max_val, "psnr")
    error = ops.mean(ops.square(a - b), axis=(-3, -2, -1))
    return 20 * ops.log(most) / np.float32(np.log(10.0)) - np.float32(10 / np.log(10)) * ops.log(error)


def _window(size: int, sigma: float) -> np.ndarray:
    places = np.arange(size, dtype="float32") - (size - 1) / 2
    weights = np.exp(-0.5 * np.square(places / sigma))
    return (weights / weights.sum()).astype("float32")


def _smoothed(images: Any, window: np.ndarray) -> Any:
    """Each channel filtered along columns and rows, where the window fits."""
    front, channels = tuple(images.shape[:-3]), images.shape[-1]
    images = ops.reshape(images, (-1, *images.shape[-3:]))
    for shape in ((-1, 1), (1, -1)):
        kernel = np.broadcast_to(window.reshape(*shape, 1, 1), (*window.reshape(shape).shape, channels, 1)).copy()
        images = ops.nn.depthwise_conv(images, kernel, padding="valid", data_format="channels_last")
    return ops.reshape(images, (*front, *images.shape[1:]))


def _maps(
    x: Any, y: Any, most: Any, filter_size: int, filter_sigma: float, k1: float, k2: float, what: str
) -> tuple[Any, Any]:
    """The index at each place of each channel, and its part of contrast and structure."""
    if min(*x.shape[-3:-1], *y.shape[-3:-1]) < filter_size:
        raise ArgumentError(
            f"{what}: images of shape {tuple(x.shape)} are smaller than the filter of {filter_size}.",
            fix="pass a smaller filter_size, or larger images.",
        )
    window = _window(filter_size, filter_sigma)
    low, high = ops.square(k1 * most), ops.square(k2 * most)
    mean_x, mean_y = _smoothed(x, window), _smoothed(y, window)
    product, squares = mean_x * mean_y * 2.0, ops.square(mean_x) + ops.square(mean_y)
    luminance = (product + low) / (squares + low)
    covariance = _smoothed(x * y, window) * 2.0
    variances = _smoothed(ops.square(x) + ops.square(y), window)
    structure = (covariance - product + high) / (variances - squares + high)
    return luminance * structure, structure


@compiled_when_repeated
def ssim(
    img1: Any, img2: Any, max_val: Any, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01,
    k2: float = 0.03, return_index_map: bool = False,
) -> Any:  # fmt: skip
    """How alike two images look: the index of structural similarity, 1 for equal ones.

    Args:
        img1, img2: (..., height, width, channels).
        max_val: the difference of the largest and the smallest value of pixels.
        filter_size, filter_sigma: size and deviation of the window in which images are compared.
        k1, k2: small numbers that keep divisors away from 0.
        return_index_map: give the index at each place, instead of its mean.
    Returns: float32 (...), or (..., rows, columns).
    Raises: ShapeError if the sizes differ; ArgumentError if images are smaller than the window.
    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity".
    """
    x, y, most = _pair(img1, img2, max_val, "ssim")
    index, _ = _maps(x, y, most, filter_size, filter_sigma, k1, k2, "ssim")
    return ops.mean(index if return_index_map else ops.mean(index, axis=(-3, -2)), axis=-1)


def _halved(images: Any) -> Any:
    front = tuple(images.shape[:-3])
    images = ops.reshape(images, (-1, *images.shape[-3:]))
    odd = [(0, size % 2) for size in images.shape[1:3]]
    if any(map(any, odd)):
        images = ops.pad(images, [(0, 0), *odd, (0, 0)], mode="symmetric")
    images = ops.nn.average_pool(images, 2, 2, padding="valid", data_format="channels_last")
    return ops.reshape(images, (*front, *images.shape[1:]))


@compiled_when_repeated
def ssim_multiscale(
    img1: Any, img2: Any, max_val: Any, power_factors: Any = _SCALES, filter_size: int = 11,
    filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03,
) -> Any:  # fmt: skip
    """`ssim` at several scales, each half as large as the one before.

    Args:
        img1, img2, max_val, filter_size, filter_sigma, k1, k2: as for `ssim`.
        power_factors: the weight of each scale, as a power.
    Returns: float32 (...).
    Raises: ShapeError if the sizes differ; ArgumentError if images become smaller than the window.
    Source: Wang, Simoncelli and Bovik 2003, "Multiscale structural similarity for image quality assessment".
    """
    x, y, most = _pair(img1, img2, max_val, "ssim_multiscale")
    found = []
    for scale in range(len(power_factors)):
        if scale:
            x, y = _halved(x), _halved(y)
        index, structure = _maps(x, y, most, filter_size, filter_sigma, k1, k2, "ssim_multiscale")
        part = index if scale == len(power_factors) - 1 else structure
        found.append(ops.relu(ops.mean(part, axis=(-3, -2))))
    powers = [part ** np.float32(power) for part, power in zip(found, power_factors)]
    return ops.mean(ops.prod(ops.stack(powers, axis=-1), axis=-1), axis=-1)


@compiled_when_repeated
def sobel_edges(image: Any) -> Any:
    """The slopes of brightness downwards and to the right at each pixel of each channel; images are mirrored at their
    border.

    Args:
        image: (batch, height, width, channels), floats.
    Returns: (batch, height, width, channels, 2).
    Raises: ShapeError unless the images have four axes.
    Source: Sobel and Feldman 1968, "A 3x3 isotropic gradient operator for image processing".
    """
    image = at_least_image(image, "sobel_edges")
    if len(image.shape) != 4:
        raise ShapeError(f"sobel_edges: images of shape {tuple(image.shape)}.", fix="give a batch of images.")
    slope, mean = np.array([-1.0, 0.0, 1.0]), np.array([1.0, 2.0, 1.0])
    both = np.stack([np.outer(slope, mean), np.outer(mean, slope)], axis=-1)[:, :, None, :]
    kernel = ops.cast(np.tile(both, (1, 1, image.shape[-1], 1)), image.dtype)
    padded = ops.pad(image, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="reflect")
    found = ops.nn.depthwise_conv(padded, kernel, padding="valid", data_format="channels_last")
    return ops.reshape(found, (*image.shape, 2))
