"""Convolutions of images, sequences and volumes. All of them become one primitive or its gradient, channels last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.errors import ArgumentError, ShapeError
from headwater.ops.defaults import data_format_of
from headwater.ops.operands import INT32, number, pair, permuted, reshape_to
from headwater.ops.symbolic import op
from headwater.primitives.conv import convolution, convolution_input_gradient
from headwater.primitives.windows import Pairs


def per_axis(value: Any, rank: int, what: str, argument: str) -> tuple[int, ...]:
    """One number for each spatial axis, from one for all or a sequence.

    Raises: ArgumentError if there are too few or too many.
    """
    if isinstance(value, int) or not hasattr(value, "__len__"):
        return (int(value),) * rank
    found = tuple(int(each) for each in value)
    if len(found) != rank:
        raise ArgumentError(
            f"{what}: `{argument}` is {tuple(value)} where there are {rank} spatial axes.",
            fix="give one number, or one for each spatial axis.",
        )
    return found


def paddings(
    padding: Any,
    sizes: Sequence[int | None],
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    what: str,
    known: tuple[str, ...] = ("valid", "same"),
) -> Pairs:
    """Padding before and after each spatial axis, from a name or from pairs.

    Raises: ArgumentError for an unknown name.
    """
    if not isinstance(padding, str):
        return tuple((int(low), int(high)) for low, high in padding)
    name = padding.lower()
    reaches = [(size - 1) * step for size, step in zip(window, dilation)]
    if name not in known:
        raise ArgumentError(f"{what}: padding {padding!r} is unknown.", fix=f"use one of {', '.join(known)}.")
    if name == "valid":
        return ((0, 0),) * len(window)
    if name == "causal":
        return tuple((reach, 0) for reach in reaches)
    found = []
    for size, reach, stride in zip(sizes, reaches, strides):
        # While a size is not known only shapes are asked for, and no padding changes an unknown one.
        left_over = reach if size is None else max((-(-size // stride) - 1) * stride + reach + 1 - size, 0)
        found.append((left_over // 2, left_over - left_over // 2))
    return tuple(found)


def channels_to_last(x: Any, data_format: str) -> Any:
    """The tensor with its channels last."""
    if data_format == "channels_last":
        return x
    return permuted(x, (0, *range(2, x.spec.ndim), 1))


def channels_from_last(x: Any, data_format: str) -> Any:
    """The tensor with its channels where the data format has them."""
    if data_format == "channels_last":
        return x
    return permuted(x, (0, x.spec.ndim - 1, *range(1, x.spec.ndim - 1)))


def _operands(inputs: Any, kernel: Any, data_format: str, what: str) -> tuple[Any, Any]:
    """Inputs, channels last, and kernel, of one dtype of numbers."""
    x, kernel = pair(number(inputs, INT32), number(kernel, INT32))
    if x.spec.ndim != kernel.spec.ndim or not 3 <= x.spec.ndim <= 5:
        raise ShapeError(
            f"{what}: inputs {tuple(x.spec.shape)} with a kernel {tuple(kernel.spec.shape)}.",
            fix="give inputs (batch, one to three spatial axes, channels) and a kernel with as many axes.",
        )
    return channels_to_last(x, data_format), kernel


def convolve(
    inputs: Any, kernel: Any, strides: Any, padding: Any, data_format: str, dilation: Any, what: str = "conv"
) -> Any:
    """`conv` for a padding that may also be pairs of numbers, and a data format that is known."""
    x, kernel = _operands(inputs, kernel, data_format, what)
    rank = x.spec.ndim - 2
    steps, spread = per_axis(strides, rank, what, "strides"), per_axis(dilation, rank, what, "dilation_rate")
    channels, inner = x.spec.shape[-1], kernel.spec.shape[-2]
    names = ("valid", "same", "causal") if rank == 1 else ("valid", "same")
    pairs = paddings(padding, x.spec.shape[1:-1], kernel.spec.shape[:-2], steps, spread, what, names)
    groups = channels // inner if channels and inner and channels % inner == 0 else 1
    y = convolution(x, kernel, strides=steps, padding=pairs, dilation=spread, groups=groups)
    return channels_from_last(y, data_format)


@op
def conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Cross-correlate a batch of sequences, images or volumes with a bank of kernels.

    Args:
        inputs: a tensor (batch, *spatial, channels), or (batch, channels, *spatial) for "channels_first"; one to three
            spatial axes.
        kernel: a tensor (*window, channels, filters). With fewer channels than the inputs have, these are cut into
            groups, and each group of filters sees one of them.
        strides: step of the window, one int or one for each spatial axis.
        padding: "valid" (none) or "same" (out = ceil(size / stride)); on one spatial axis also "causal" (all of it in
            front).
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        dilation_rate: distance of the elements of a window, one int or one for each spatial axis.
    Returns: a tensor (batch, *windows, filters), or with the filters on axis 1.
    Raises: ShapeError if the channels differ or a window does not fit; ArgumentError for an unknown padding.
    Example:
        >>> import headwater as tf
        >>> conv(tf.ones((1, 5, 5, 3)), tf.ones((3, 3, 3, 8))).shape
        TensorShape([1, 3, 3, 8])

    Source: Dumoulin and Visin 2016, arXiv:1603.07285, chapter 2.
    """
    return convolve(inputs, kernel, strides, padding, data_format_of(data_format, "conv"), dilation_rate)


def depthwise(
    inputs: Any, kernel: Any, strides: Any, padding: Any, data_format: str, dilation: Any, what: str = "depthwise_conv"
) -> Any:
    """`depthwise_conv` for a padding that may also be pairs of numbers, and a data format that is known."""
    _, kernel = pair(number(inputs, INT32), number(kernel, INT32))
    *window, channels, multiplier = kernel.spec.shape
    filters = None if channels is None or multiplier is None else channels * multiplier
    return convolve(inputs, reshape_to(kernel, (*window, 1, filters)), strides, padding, data_format, dilation, what)


@op
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """Convolve each channel with kernels of its own.

    Args:
        inputs: a tensor (batch, *spatial, channels), or (batch, channels, *spatial) for "channels_first".
        kernel: a tensor (*window, channels, kernels for each channel).
        strides, padding, data_format, dilation_rate: as for `conv`.
    Returns: a tensor (batch, *windows, channels * kernels for each channel); those of one channel lie together.
    Raises: ShapeError if the channels differ or a window does not fit; ArgumentError for an unknown padding.
    Example:
        >>> import headwater as tf
        >>> depthwise_conv(tf.ones((1, 5, 5, 3)), tf.ones((3, 3, 3, 2))).shape
        TensorShape([1, 3, 3, 6])

    Source: Sifre 2014, "Rigid-motion scattering for image classification", 6.2.
    """
    return depthwise(inputs, kernel, strides, padding, data_format_of(data_format, "depthwise_conv"), dilation_rate)


@op
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """A depthwise convolution, and a convolution with windows of 1 that mixes its channels.

    Args:
        inputs: a tensor (batch, *spatial, channels), or (batch, channels, *spatial) for "channels_first".
        depthwise_kernel: a tensor (*window, channels, kernels for each channel).
        pointwise_kernel: a tensor (1, ..., channels * kernels for each channel, filters).
        strides, padding, data_format, dilation_rate: of the depthwise convolution, as for `conv`.
    Returns: a tensor (batch, *windows, filters), or with the filters on axis 1.
    Raises: ShapeError if the channels differ or a window does not fit; ArgumentError for an unknown padding.
    Source: Chollet 2017, arXiv:1610.02357.
    """
    data_format = data_format_of(data_format, "separable_conv")
    x = depthwise(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate, "separable_conv")
    return convolve(x, pointwise_kernel, 1, "valid", data_format, 1, "separable_conv")


def transposed(
    inputs: Any,
    kernel: Any,
    strides: tuple[int, ...],
    sizes: tuple[int | None, ...],
    lows: tuple[int, ...],
    data_format: str,
    dilation: tuple[int, ...],
    what: str,
) -> Any:
    """The convolution that takes an image of `sizes`, padded by `lows` in front, to one like `inputs`, transposed."""
    g, kernel = _operands(inputs, kernel, data_format, what)
    reaches = [(size - 1) * step for size, step in zip(kernel.spec.shape[:-2], dilation)]
    counts = g.spec.shape[1:-1]
    pairs = tuple(
        (low, reach - low if size is None else (count - 1) * stride + reach + 1 - size - low)
        for low, reach, size, count, stride in zip(lows, reaches, sizes, counts, strides)
    )
    y = convolution_input_gradient(g, kernel, sizes=sizes, strides=strides, padding=pairs, dilation=dilation, groups=1)
    return channels_from_last(y, data_format)


def _surroundings(reach: int, stride: int, padding: str, output_padding: int | None) -> tuple[int, int]:
    """What Keras puts before and after an axis of a transposed convolution; a window reaches `reach` places."""
    if padding == "valid":
        return reach - 1, reach - 1 + (max(stride - reach, 0) if output_padding is None else output_padding)
    total = reach + stride - 2 if output_padding is None else reach + reach % 2 - 2 + output_padding
    before = min(-(-total // 2), reach - 1)
    return before, total - before


@op
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Any = 1,
    padding: Any = "valid",
    output_padding: Any = None,
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """The transpose of a convolution: each element is spread over a window, scaled by the kernel, and all add up.

    Args:
        inputs: a tensor (batch, *spatial, channels), or (batch, channels, *spatial) for "channels_first".
        kernel: a tensor (*window, filters, channels).
        strides: step of the window, one int or one for each spatial axis: by how much the image grows.
        padding: "valid" (out = (size - 1) * stride + max(window, stride)) or "same" (out = size * stride).
        output_padding: how many places to add to the end of the output; None for the sizes above.
        data_format: "channels_last" or "channels_first"; None takes the configured one.
        dilation_rate: distance of the elements of a window, one int or one for each spatial axis.
    Returns: a tensor (batch, *sizes, filters), or with the filters on axis 1.
    Raises: ShapeError if the channels differ; ArgumentError for an unknown padding.
    Example:
        >>> import headwater as tf
        >>> conv_transpose(tf.ones((1, 4, 4, 3)), tf.ones((3, 3, 8, 3)), strides=2, padding="same").shape
        TensorShape([1, 8, 8, 8])

    Source: Dumoulin and Visin 2016, arXiv:1603.07285, chapter 4.
    """
    what = "conv_transpose"
    data_format = data_format_of(data_format, what)
    x, kernel = _operands(inputs, kernel, data_format, what)
    rank = x.spec.ndim - 2
    steps, spread = per_axis(strides, rank, what, "strides"), per_axis(dilation_rate, rank, what, "dilation_rate")
    if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
        raise ArgumentError(f"{what}: padding {padding!r} is unknown.", fix="use valid or same.")
    extra = (None,) * rank if output_padding is None else per_axis(output_padding, rank, what, "output_padding")
    sizes: list[int | None] = []
    lows = []
    for size, length, stride, step, more in zip(x.spec.shape[1:-1], kernel.spec.shape[:-2], steps, spread, extra):
        reach = (length - 1) * step + 1
        before, after = _surroundings(reach, stride, padding.lower(), more)
        lows.append(reach - 1 - before)
        sizes.append(None if size is None else (size - 1) * stride + 1 + before + after - (reach - 1))
    x = channels_from_last(x, data_format)
    return transposed(x, kernel, steps, tuple(sizes), tuple(lows), data_format, spread, what)
