"""Images through filters, and their likeness."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ShapeError
from headwater.ops.convolution import depthwise
from headwater.ops.defaults import data_format_of
from headwater.ops.image.batches import over_batch, require_images
from headwater.ops.operands import inexact, reshape_to, tensor
from headwater.ops.symbolic import op


def _bell(size: int, sigma: Any, dtype: Any) -> Any:
    """Weights of a window that fall off as a normal distribution does, with sum 1."""
    places = ops.cast(np.arange(size, dtype="float32") - (size - 1) / 2, dtype)
    weights = ops.exp(ops.multiply(ops.square(ops.divide(places, sigma)), -0.5))
    return ops.divide(weights, ops.sum(weights))


def _smoothed(images: Any, rows: Any, columns: Any, padding: str) -> Any:
    """Each channel filtered along its columns by `rows`, then along its rows by `columns`."""
    channels = images.spec.shape[-1]
    for weights, shape in ((rows, (-1, 1, 1, 1)), (columns, (1, -1, 1, 1))):
        kernel = ops.reshape(weights, shape)
        kernel = ops.broadcast_to(kernel, (*kernel.shape[:2], channels, 1))
        images = depthwise(images, kernel, 1, padding, "channels_last", 1)
    return images


@op
def gaussian_blur(
    images: Any, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: str | None = None
) -> Any:
    """Images whose pixels are means of their neighbourhoods, weighted by a normal distribution.

    Args:
        images: a tensor (batch, height, width, channels), or without the first axis; beyond the border lie zeros.
        kernel_size: width and height of the neighbourhood.
        sigma: standard deviation of the weights along the width and the height, in pixels.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor of the shape of the images.
    Example:
        >>> spot = np.zeros((3, 3, 1), "float32")
        >>> spot[1, 1] = 1
        >>> tf.ops.image.gaussian_blur(spot).numpy()[1].ravel().round(3)
        array([0.124, 0.204, 0.124], dtype=float32)

    Source: own.
    """
    images = inexact(require_images(images, "gaussian_blur"))
    sigma = ops.cast(sigma, images.dtype)
    columns, rows = (_bell(int(kernel_size[axis]), sigma[axis], images.dtype) for axis in (0, 1))
    return over_batch(images, data_format, "gaussian_blur", lambda batch: _smoothed(batch, rows, columns, "same"))


@op
def sobel_edges(images: Any, data_format: str | None = None) -> Any:
    """The slopes of brightness from top to bottom and from left to right, at each pixel of each channel.

    Args:
        images: a tensor (batch, height, width, channels); beyond the border lie zeros.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor of the shape of the images, and an axis of two: the slope downwards, and to the right.
    Raises: ShapeError unless the images have four axes.
    Example:
        >>> ramp = np.tile(np.arange(4.0, dtype="float32")[None, None, :, None], (1, 4, 1, 1))
        >>> tf.ops.image.sobel_edges(ramp).numpy()[0, 1, 1, 0]
        array([0., 8.], dtype=float32)

    Source: Sobel and Feldman 1968, "A 3x3 isotropic gradient operator for image processing".
    """
    images = tensor(images)
    if images.spec.ndim != 4:
        raise ShapeError(
            f"sobel_edges: images of shape {tuple(images.spec.shape)}.", fix="give (batch, height, width, channels)."
        )
    first = data_format_of(data_format, "sobel_edges") == "channels_first"
    batch = ops.transpose(images, (0, 2, 3, 1)) if first else images
    slope, mean = np.array([-1.0, 0.0, 1.0], "float32"), np.array([1.0, 2.0, 1.0], "float32")
    both = np.stack([np.outer(slope, mean), np.outer(mean, slope)], axis=-1)[:, :, None, :]
    channels = batch.spec.shape[-1]
    kernel = ops.cast(np.broadcast_to(both, (3, 3, channels, 2)).copy(), batch.spec.dtype)
    found = depthwise(batch, kernel, 1, "same", "channels_last", 1, "sobel_edges")
    found = reshape_to(found, (*batch.spec.shape, 2))
    return ops.transpose(found, (0, 3, 1, 2, 4)) if first else found


@op
def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Any:
    """How alike two images look: the index of structural similarity, 1 for equal ones.

    Args:
        image1, image2: tensors (batch, height, width, channels), or without the first axis, of one shape.
        max_val: the difference of the largest and the smallest value that pixels may have.
        filter_size, filter_sigma: size and standard deviation of the window in which images are compared.
        k1, k2: small numbers that keep divisors away from 0.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a number for each pair of images.
    Raises: ShapeError if the shapes differ.
    Example:
        >>> image = np.ones((16, 16, 1), "float32")
        >>> float(tf.ops.image.ssim(image, image))
        1.0

    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity".
    """
    image1, image2 = require_images(image1, "ssim"), require_images(image2, "ssim")
    if image1.spec.shape != image2.spec.shape:
        raise ShapeError(
            f"ssim: images of shapes {tuple(image1.spec.shape)} and {tuple(image2.spec.shape)}.",
            fix="give images of one shape.",
        )
    dtype, single = image1.spec.dtype, image1.spec.ndim == 3
    x, y = inexact(image1), ops.cast(image2, inexact(image1).dtype)
    if single:
        x, y = ops.expand_dims(x, 0), ops.expand_dims(y, 0)
    if data_format_of(data_format, "ssim") == "channels_first":
        x, y = ops.transpose(x, (0, 2, 3, 1)), ops.transpose(y, (0, 2, 3, 1))
    window = _bell(filter_size, filter_sigma, x.dtype)

    def mean(values: Any) -> Any:
        return _smoothed(values, window, window, "valid")

    low, high = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean_x, mean_y = mean(x), mean(y)
    squares, product = ops.add(ops.square(mean_x), ops.square(mean_y)), ops.multiply(mean_x, mean_y)
    variances = ops.subtract(ops.add(mean(ops.square(x)), mean(ops.square(y))), squares)
    covariance = ops.subtract(mean(ops.multiply(x, y)), product)
    top = ops.multiply(ops.add(ops.multiply(product, 2.0), low), ops.add(ops.multiply(covariance, 2.0), high))
    bottom = ops.multiply(ops.add(squares, low), ops.add(variances, high))
    found = ops.mean(ops.divide(top, bottom), axis=(1, 2, 3))
    return ops.cast(ops.squeeze(found, axis=0) if single else found, dtype)
