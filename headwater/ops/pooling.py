"""Pooling of images, sequences and volumes: the largest or the mean of windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.errors import ShapeError
from headwater.ops.convolution import channels_from_last, channels_to_last, paddings, per_axis
from headwater.ops.defaults import data_format_of
from headwater.ops.operands import cast, inexact, number, reshape_to, tensor, wide
from headwater.ops.symbolic import op
from headwater.primitives import index, pool, reduce
from headwater.primitives.elementwise import multiply
from headwater.primitives.windows import Pairs


def pooled(primitive: Any, x: Any, pool_size: Any, strides: Any, padding: Any, data_format: str, what: str) -> Any:
    """Pooling by a primitive, for a padding that may also be pairs of numbers, and a data format that is known."""
    if not 3 <= x.spec.ndim <= 5:
        raise ShapeError(
            f"{what}: inputs of shape {tuple(x.spec.shape)}.",
            fix="give inputs (batch, one to three spatial axes, channels).",
        )
    x = channels_to_last(x, data_format)
    rank = x.spec.ndim - 2
    window = per_axis(pool_size, rank, what, "pool_size")
    steps = window if strides is None else per_axis(strides, rank, what, "strides")
    pairs: Pairs = paddings(padding, x.spec.shape[1:-1], window, steps, (1,) * rank, what)
    # While a size is not known only shapes are asked for; such a padding is no part of a window's rule.
    pairs = tuple((min(low, size - 1), min(high, size - 1)) for size, (low, high) in zip(window, pairs))
    return channels_from_last(primitive(x, window=window, strides=steps, padding=pairs), data_format)


@op
def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Any:
    """The largest element of each window, for each channel.

    Args:
        inputs: a tensor (batch, *spatial, channels), or (batch, channels, *spatial) for "channels_first"; one to three
            spatial axes.
        pool_size: size of the window, one int or one for each spatial axis.
        strides: step of the window; the size of the window if None.
        padding: "valid" (none) or "same" (out = ceil(size / stride)).
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor (batch, *windows, channels), or with the channels on axis 1. Of equal elements the first of the
        window gets the gradient.
    Raises: ShapeError if a window does not fit; ArgumentError for an unknown padding.
    Example:
        >>> max_pool([[[1.0], [3.0], [2.0], [0.0]]], 2).numpy().ravel()
        array([3., 2.], dtype=float32)

    Source: Dumoulin and Visin 2016, arXiv:1603.07285, chapter 3.
    """
    x = number(inputs)
    return pooled(pool.max_pool, x, pool_size, strides, padding, data_format_of(data_format, "max_pool"), "max_pool")


@op
def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Any:
    """The mean of each window, for each channel; what is padding does not count.

    Args:
        inputs, pool_size, strides, padding, data_format: as for `max_pool`.
    Returns: a tensor (batch, *windows, channels), or with the channels on axis 1.
    Raises: ShapeError if a window does not fit; ArgumentError for an unknown padding.
    Example:
        >>> average_pool([[[1.0], [3.0], [2.0]]], 2, padding="same").numpy().ravel()
        array([2., 2.], dtype=float32)

    Source: Dumoulin and Visin 2016, arXiv:1603.07285, chapter 3.
    """
    what = "average_pool"
    return pooled(
        pool.average_pool, inexact(inputs), pool_size, strides, padding, data_format_of(data_format, what), what
    )


def _adaptive(kind: str, inputs: Any, output_size: Any, data_format: str | None) -> Any:
    what = f"adaptive_{kind}_pool"
    data_format = data_format_of(data_format, what)
    x = channels_to_last(inputs, data_format)
    rank = x.spec.ndim - 2
    if not 1 <= rank <= 3:
        raise ShapeError(
            f"{what}: inputs of shape {tuple(x.spec.shape)}.",
            fix="give inputs (batch, one to three spatial axes, channels).",
        )
    counts = per_axis(output_size, rank, what, "output_size")
    sizes = x.spec.shape[1:-1]
    if any(count < 1 for count in counts):
        raise ShapeError(f"{what}: an output of size {counts}.", fix="give sizes of 1 or more.")
    if None in sizes:
        raise ShapeError(
            f"{what}: the spatial sizes of {tuple(x.spec.shape)} must be known.", fix="give inputs of fixed sizes."
        )
    if all(size % count == 0 for size, count in zip(sizes, counts)):
        window = tuple(size // count for size, count in zip(sizes, counts))
        primitive = pool.average_pool if kind == "average" else pool.max_pool
        x = primitive(x, window=window, strides=window, padding=((0, 0),) * rank)
    else:
        for axis, count in enumerate(counts, start=1):
            x = _adaptive_axis(kind, x, axis, count)
    return channels_from_last(x, data_format)


def _adaptive_axis(kind: str, x: Any, axis: int, count: int) -> Any:
    """One axis: window i goes from floor(i * size / count) to ceil((i + 1) * size / count)."""
    size = x.spec.shape[axis]
    starts = [at * size // count for at in range(count)]
    lengths = np.asarray([-(-(at + 1) * size // count) - start for at, start in enumerate(starts)])
    longest = int(lengths.max())
    # Shorter windows repeat their last element, which no maximum minds and a weight of 0 takes out of a mean.
    places = np.asarray(starts)[:, None] + np.minimum(np.arange(longest), lengths[:, None] - 1)
    taken = index.gather(x, tensor(places.astype(np.int32)), axis=axis, mode="clip")
    if kind == "max":
        return reduce.reduce_max(taken, axes=(axis + 1,))
    dtype = x.spec.dtype
    weights = np.where(np.arange(longest) < lengths[:, None], 1.0 / lengths[:, None], 0.0)
    shape = (*(1,) * axis, count, longest, *(1,) * (x.spec.ndim - axis - 1))
    taken = wide(taken)
    weighted = multiply(taken, reshape_to(cast(tensor(weights.astype(np.float64)), taken.spec.dtype), shape))
    return cast(reduce.reduce_sum(weighted, axes=(axis + 1,)), dtype)


@op
def adaptive_average_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    """The mean of each of so many windows that cover each spatial axis evenly.

    Args:
        inputs: a tensor (batch, *spatial, channels), or (batch, channels, *spatial) for "channels_first"; one to three
            spatial axes.
        output_size: how many windows, one int or one for each spatial axis. Window i of n goes from
            floor(i * size / n) to ceil((i + 1) * size / n).
        data_format: "channels_last" or "channels_first"; None takes the configured one.
    Returns: a tensor (batch, *output_size, channels), or with the channels on axis 1.
    Raises: ShapeError if an output size is below 1 or the sizes are not known.
    Example:
        >>> adaptive_average_pool([[[1.0], [2.0], [3.0]]], 2).numpy().ravel()
        array([1.5, 2.5], dtype=float32)

    Source: He et al. 2014, "Spatial pyramid pooling in deep convolutional networks", arXiv:1406.4729.
    """
    return _adaptive("average", inexact(inputs), output_size, data_format)


@op
def adaptive_max_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    """The largest element of each of so many windows that cover each spatial axis evenly.

    Args:
        inputs, output_size, data_format: as for `adaptive_average_pool`.
    Returns: a tensor (batch, *output_size, channels), or with the channels on axis 1.
    Raises: ShapeError if an output size is below 1 or the sizes are not known.
    Example:
        >>> adaptive_max_pool([[[1.0], [2.0], [3.0]]], 2).numpy().ravel()
        array([2., 3.], dtype=float32)

    Source: He et al. 2014, "Spatial pyramid pooling in deep convolutional networks", arXiv:1406.4729.
    """
    return _adaptive("max", number(inputs), output_size, data_format)
