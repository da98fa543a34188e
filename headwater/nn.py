"""TensorFlow's `tf.nn`: activations, losses on logits and what else networks are made of, on `headwater.ops`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError, UnsupportedError
from headwater.frontend.generator import draw_key
from headwater.math import (
    in_top_k,
    l2_normalize,
    log_softmax,
    sigmoid,
    softmax,
    softplus,
    softsign,
    tanh,
    top_k,
    zero_fraction,
)  # fmt: skip
from headwater.ops import random as draws
from headwater.ops.convert import convert_to_tensor
from headwater.ops.convolution import convolve, depthwise, paddings, transposed
from headwater.ops.operands import known, permuted, reshape_to
from headwater.ops.pooling import pooled
from headwater.ops.symbolic import composite_op
from headwater.primitives import conv as windows
from headwater.primitives import pool as pools

__all__ = [
    "atrous_conv2d",
    "atrous_conv2d_transpose",
    "avg_pool",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_normalization",
    "bias_add",
    "compute_average_loss",
    "conv1d",
    "conv1d_transpose",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "conv_transpose",
    "convolution",
    "crelu",
    "depth_to_space",
    "depthwise_conv2d",
    "depthwise_conv2d_backprop_filter",
    "depthwise_conv2d_backprop_input",
    "dilation2d",
    "dropout",
    "elu",
    "embedding_lookup",
    "erosion2d",
    "gelu",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "leaky_relu",
    "log_poisson_loss",
    "log_softmax",
    "max_pool",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_pool_with_argmax",
    "moments",
    "normalize_moments",
    "pool",
    "relu",
    "relu6",
    "scale_regularization_loss",
    "selu",
    "separable_conv2d",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "silu",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softplus",
    "softsign",
    "space_to_depth",
    "sparse_softmax_cross_entropy_with_logits",
    "sufficient_statistics",
    "swish",
    "tanh",
    "top_k",
    "weighted_cross_entropy_with_logits",
    "weighted_moments",
    "zero_fraction",
]  # fmt: skip

_OF_SPARSE = ("embedding_lookup_sparse", "safe_embedding_lookup_sparse")  # loaded when somebody asks for them


def __getattr__(name: str) -> Any:
    if name in _OF_SPARSE:
        return getattr(importlib.import_module("headwater.sparse.embedding"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def relu(features: Any, name: str | None = None) -> Any:
    """Each element where it is positive, 0 elsewhere."""
    return ops.relu(features)


def relu6(features: Any, name: str | None = None) -> Any:
    """Each element, held between 0 and 6."""
    return ops.relu6(features)


def crelu(features: Any, axis: int = -1, name: str | None = None) -> Any:
    """relu of the features and of their negatives, joined along an axis."""
    return ops.relu(ops.concatenate([features, ops.negative(features)], axis=axis))


def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Any:
    """Each element where it is positive, `alpha` times it elsewhere."""
    return ops.leaky_relu(features, negative_slope=alpha)


def elu(features: Any, name: str | None = None) -> Any:
    """Each element where it is positive, exp(x) - 1 elsewhere."""
    return ops.elu(features)


def selu(features: Any, name: str | None = None) -> Any:
    """The scaled exponential linear unit."""
    return ops.selu(features)


def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Any:
    """x times the share of the normal distribution below it; by a tanh if `approximate`."""
    return ops.gelu(features, approximate=approximate)


def silu(features: Any, beta: float = 1.0) -> Any:
    """x * sigmoid(beta * x)."""
    return ops.multiply(features, ops.sigmoid(ops.multiply(features, beta)))


swish = silu


def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Any:
    """A bias for each channel, added: the last axis, or axis 1 for a data format that begins with "NC"."""
    value, bias = convert_to_tensor(value), convert_to_tensor(bias)
    axis = 1 if (data_format or "").startswith("NC") else len(value.shape) - 1
    if len(bias.shape) != 1 or bias.shape[0] != value.shape[axis]:
        raise ShapeError(
            f"bias_add: a bias of shape {tuple(bias.shape)} for {value.shape[axis]} channels.",
            fix="give one number for each channel.",
        )
    return ops.add(value, ops.reshape(bias, [-1 if i == axis else 1 for i in range(len(value.shape))]))


@composite_op
def dropout(x: Any, rate: float, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Any:
    """Each element set to 0 with probability `rate`, the others scaled up so that the expected sum stays."""
    if not 0 <= float(rate) < 1:
        raise ArgumentError(f"dropout: rate {rate} is not in [0, 1).", fix="pass a share below 1.")
    return draws.dropout(draw_key(seed), x, float(rate), noise_shape) if rate else convert_to_tensor(x)


@composite_op
def embedding_lookup(params: Any, ids: Any, max_norm: float | None = None, name: str | None = None) -> Any:
    """Rows of a table; scaled down to `max_norm` where they are longer."""
    params = convert_to_tensor(params[0] if isinstance(params, (list, tuple)) and len(params) == 1 else params)
    rows = ops.take(params, ids, axis=0)
    if max_norm is None:
        return rows
    axes = tuple(range(len(convert_to_tensor(ids).shape), len(rows.shape)))
    norms = ops.sqrt(ops.sum(ops.square(rows), axis=axes, keepdims=True))
    return ops.multiply(rows, ops.divide(max_norm, ops.maximum(norms, max_norm)))


def l2_loss(t: Any, name: str | None = None) -> Any:
    """Half the sum of squares."""
    return ops.multiply(ops.sum(ops.square(t)), 0.5)


@composite_op
def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None, name: str | None = None) -> Any:
    """Cross-entropy of independent yes-no choices, element by element: max(x, 0) - x * z + log(1 + exp(-|x|))."""
    labels, logits = _pair("sigmoid_cross_entropy_with_logits", labels, logits)
    return ops.add(
        ops.subtract(ops.relu(logits), ops.multiply(logits, labels)), ops.softplus(ops.negative(ops.absolute(logits)))
    )


def weighted_cross_entropy_with_logits(labels: Any, logits: Any, pos_weight: Any, name: str | None = None) -> Any:
    """As `sigmoid_cross_entropy_with_logits`, with the positive choices weighted by `pos_weight`."""
    labels, logits = _pair("weighted_cross_entropy_with_logits", labels, logits)
    weight = ops.add(1.0, ops.multiply(ops.subtract(pos_weight, 1.0), labels))
    tail = ops.add(ops.softplus(ops.negative(ops.absolute(logits))), ops.relu(ops.negative(logits)))
    return ops.add(ops.multiply(ops.subtract(1.0, labels), logits), ops.multiply(weight, tail))


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1, name: str | None = None) -> Any:
    """Cross-entropy between distributions over an axis: labels (…, classes), logits (…, classes) -> (…)."""
    labels, logits = _pair("softmax_cross_entropy_with_logits", labels, logits)
    return ops.negative(ops.sum(ops.multiply(labels, ops.log_softmax(logits, axis=axis)), axis=axis))


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Any:
    """Cross-entropy of classes given by number: labels (…), logits (…, classes) -> (…).

    Raises: ShapeError if the shapes do not fit.
    """
    labels, logits = convert_to_tensor(labels), convert_to_tensor(logits)
    if tuple(labels.shape) != tuple(logits.shape[:-1]):
        raise ShapeError(
            f"sparse_softmax_cross_entropy_with_logits: labels of shape {tuple(labels.shape)} "
            f"for logits of shape {tuple(logits.shape)}.",
            fix="give one class number for each row of logits.",
        )
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None) -> Any:
    """Negative log-likelihood of counts under a Poisson distribution, whose log-mean is given."""
    loss = ops.subtract(ops.exp(log_input), ops.multiply(log_input, targets))
    if not compute_full_loss:
        return loss
    stirling = targets * ops.log(targets) - targets + 0.5 * ops.log(2 * 3.141592653589793 * targets)
    return ops.add(
        loss,
        ops.where(
            ops.logical_and(ops.greater_equal(targets, 0), ops.less_equal(targets, 1)),
            ops.zeros_like(stirling),
            stirling,
        ),
    )


def _pair(what: str, labels: Any, logits: Any) -> tuple[Any, Any]:
    logits = convert_to_tensor(logits)
    labels = ops.cast(labels, logits.dtype)
    if tuple(labels.shape) != tuple(logits.shape):
        raise ShapeError(
            f"{what}: labels {tuple(labels.shape)} and logits {tuple(logits.shape)} differ.",
            fix="give both in one shape.",
        )
    return labels, logits


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> tuple[Any, Any]:
    """Mean and variance over axes."""
    return ops.moments(x, axes=axes, keepdims=keepdims)


def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any]:
    """Weighted mean and variance over axes."""
    x = convert_to_tensor(x)
    weights = ops.broadcast_to(ops.cast(frequency_weights, x.dtype), x.shape)
    total = ops.sum(weights, axis=axes, keepdims=True)
    mean = ops.sum(x * weights, axis=axes, keepdims=True) / total
    variance = ops.sum(weights * ops.square(x - mean), axis=axes, keepdims=True) / total
    return (mean, variance) if keepdims else (ops.squeeze(mean, axis=axes), ops.squeeze(variance, axis=axes))


def sufficient_statistics(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any, Any, Any]:
    """What mean and variance over axes are computed from: how many elements, their sum, the sum of their squares (both
    less `shift`), and the shift."""
    x = convert_to_tensor(x)
    moved = x if shift is None else ops.subtract(x, shift)
    total = ops.sum(moved, axis=axes, keepdims=keepdims)
    squares = ops.sum(ops.square(moved), axis=axes, keepdims=keepdims)
    count = convert_to_tensor(x.size // max(1, total.size), x.dtype)
    return count, total, squares, None if shift is None else convert_to_tensor(shift, x.dtype)


def depth_to_space(input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None) -> Any:
    """Channels laid out as blocks of pixels."""
    return ops.depth_to_space(input, int(block_size), data_format=_channels_at(data_format))


def space_to_depth(input: Any, block_size: int, data_format: str = "NHWC", name: str | None = None) -> Any:
    """Blocks of pixels laid out as channels."""
    return ops.space_to_depth(input, int(block_size), data_format=_channels_at(data_format))


def _channels_at(data_format: str) -> str:
    return "channels_first" if data_format.startswith("NC") else "channels_last"


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Any, Any]:
    """Mean and variance from the sums of `sufficient_statistics`."""
    inverse = ops.reciprocal(counts)
    shifted = ops.multiply(mean_ss, inverse)
    mean = shifted if shift is None else ops.add(shifted, shift)
    return mean, ops.subtract(ops.multiply(variance_ss, inverse), ops.square(shifted))


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float, name: str | None = None
) -> Any:
    """x scaled by the given moments, then by `scale`, then moved by `offset`; each broadcasts against x."""
    inverse = ops.rsqrt(ops.add(variance, variance_epsilon))
    inverse = inverse if scale is None else ops.multiply(inverse, scale)
    moved = ops.negative(ops.multiply(mean, inverse))
    return ops.add(ops.multiply(x, inverse), moved if offset is None else ops.add(offset, moved))


def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: int | None = None) -> Any:
    """Sum of the losses of the examples, divided by the size of the whole batch."""
    losses = convert_to_tensor(per_example_loss)
    losses = losses if sample_weight is None else ops.multiply(losses, sample_weight)
    return ops.divide(
        ops.sum(losses), ops.cast(losses.shape[0] if global_batch_size is None else global_batch_size, losses.dtype)
    )


def scale_regularization_loss(regularization_loss: Any) -> Any:
    """The regularisation loss for this replica: there is one replica."""
    losses: Sequence[Any] = (
        regularization_loss if isinstance(regularization_loss, (list, tuple)) else [regularization_loss]
    )
    total = convert_to_tensor(losses[0])
    for loss in losses[1:]:
        total = ops.add(total, loss)
    return total


# Convolutions and pooling. Strides and the like are one number, one for each spatial axis, or one for each axis.


def _layout(data_format: str | None) -> str:
    return "channels_first" if (data_format or "").startswith("NC") else "channels_last"


def _rank(x: Any, what: str, wanted: int | None = None) -> int:
    rank = len(x.shape) - 2
    if not 1 <= rank <= 3 or (wanted is not None and rank != wanted):
        raise ShapeError(
            f"{what}: an input of shape {tuple(x.shape)}.",
            fix=f"give {'one to three' if wanted is None else wanted} spatial axes, a batch and channels.",
        )
    return rank


def _spatial(value: Any, rank: int, layout: str, what: str, argument: str) -> tuple[int, ...]:
    """One number for each spatial axis."""
    if value is None:
        return (1,) * rank
    numbers = [int(value)] if isinstance(value, int) else [int(each) for each in known(value, what, argument).ravel()]
    if len(numbers) == 1:
        return tuple(numbers) * rank
    if len(numbers) == rank + 2:
        others = (numbers[0], numbers[1 if layout == "channels_first" else -1])
        if others != (1, 1):
            raise UnsupportedError(
                f"{what}: {argument}={numbers} moves along the batch or the channels.", fix="use 1 for these axes."
            )
        return tuple(numbers[2:] if layout == "channels_first" else numbers[1:-1])
    if len(numbers) != rank:
        raise ArgumentError(
            f"{what}: {argument}={numbers} where there are {rank} spatial axes.",
            fix="give one number, or one for each spatial axis.",
        )
    return tuple(numbers)


def _padding(padding: Any, rank: int, layout: str, what: str) -> Any:
    """A name, or pairs for the spatial axes."""
    if isinstance(padding, str):
        return padding.lower()
    pairs = [(int(low), int(high)) for low, high in padding]
    if len(pairs) == rank + 2:
        pairs = pairs[2:] if layout == "channels_first" else pairs[1:-1]
    if len(pairs) != rank:
        raise ArgumentError(
            f"{what}: padding {padding} where there are {rank} spatial axes.", fix="give a pair for each axis."
        )
    return tuple(pairs)


def _convolve(x: Any, filters: Any, strides: Any, padding: Any, data_format: Any, dilations: Any, what: str, n: Any):
    x = convert_to_tensor(x)
    rank, layout = _rank(x, what, n), _layout(data_format)
    steps = _spatial(strides, rank, layout, what, "strides")
    spread = _spatial(dilations, rank, layout, what, "dilations")
    return convolve(x, filters, steps, _padding(padding, rank, layout, what), layout, spread, what)


def convolution(
    input: Any,
    filters: Any,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Cross-correlation of a batch with filters (*window, channels, filters), over one to three spatial axes.

    Args:
        input: a tensor (batch, *spatial, channels), or (batch, channels, *spatial) for a data format that begins with
            "NC".
        filters: a tensor (*window, channels / groups, filters).
        strides: step of the window.
        padding: "VALID", "SAME", or pairs for each axis.
        data_format: order of the axes.
        dilations: distance of the elements of a window.
    Returns: a tensor (batch, *windows, filters), its axes in the order of the input's.
    Raises: ShapeError if the channels differ or a window does not fit; ArgumentError for an unknown padding.
    """
    return _convolve(input, filters, strides, padding, data_format, dilations, "convolution", None)


def conv1d(
    input: Any,
    filters: Any,
    stride: Any,
    padding: Any,
    data_format: str | None = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """`convolution` over one spatial axis."""
    return _convolve(input, filters, stride, padding, data_format, dilations, "conv1d", 1)


def conv2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """`convolution` over two spatial axes."""
    return _convolve(input, filters, strides, padding, data_format, dilations, "conv2d", 2)


def conv3d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """`convolution` over three spatial axes."""
    return _convolve(input, filters, strides, padding, data_format, dilations, "conv3d", 3)


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: Any, name: str | None = None) -> Any:
    """`conv2d` of windows whose elements are `rate` pixels apart."""
    return _convolve(value, filters, 1, padding, "NHWC", rate, "atrous_conv2d", 2)


def _transpose(x: Any, filters: Any, output_shape: Any, strides: Any, padding: Any, data_format: Any, dilations: Any,
               what: str, n: int | None) -> Any:  # fmt: skip
    x, filters = convert_to_tensor(x), convert_to_tensor(filters)
    rank, layout = _rank(x, what, n), _layout(data_format)
    steps = _spatial(strides, rank, layout, what, "strides")
    spread = _spatial(dilations, rank, layout, what, "dilations")
    shape = [int(size) for size in known(output_shape, what, "output_shape").ravel()]
    inner = slice(2, None) if layout == "channels_first" else slice(1, -1)
    sizes = tuple(shape if len(shape) == rank else shape[inner])
    window = filters.shape[:-2]
    pairs = paddings(_padding(padding, rank, layout, what), sizes, window, steps, spread, what)
    counts = tuple(
        (size + low + high - (length - 1) * step - 1) // stride + 1
        for size, (low, high), length, step, stride in zip(sizes, pairs, window, spread, steps, strict=True)
    )
    if any(known_size not in (None, count) for known_size, count in zip(x.shape[inner], counts)):
        raise ShapeError(
            f"{what}: an output of {sizes} comes from an input of {counts}, not of {tuple(x.shape[inner])}.",
            fix="choose an output_shape that a convolution takes to the shape of the input.",
        )
    return transposed(x, filters, steps, sizes, tuple(low for low, _ in pairs), layout, spread, what)


def conv_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The transpose of a convolution: what it makes of `input` has `output_shape`.

    Args:
        input: a tensor (batch, *spatial, channels), or (batch, channels, *spatial) for a data format that begins with
            "NC".
        filters: a tensor (*window, filters, channels).
        output_shape: shape of the result.
        strides, padding, data_format, dilations: those of the convolution that is transposed.
    Returns: a tensor of `output_shape`.
    Raises: ShapeError if no such convolution takes the result's shape to the input's.
    """
    return _transpose(input, filters, output_shape, strides, padding, data_format, dilations, "conv_transpose", None)


def conv1d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = "NWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """`conv_transpose` over one spatial axis."""
    return _transpose(input, filters, output_shape, strides, padding, data_format, dilations, "conv1d_transpose", 1)


def conv2d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """`conv_transpose` over two spatial axes."""
    return _transpose(input, filters, output_shape, strides, padding, data_format, dilations, "conv2d_transpose", 2)


def conv3d_transpose(
    input: Any,
    filters: Any,
    output_shape: Any,
    strides: Any,
    padding: Any = "SAME",
    data_format: str | None = "NDHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """`conv_transpose` over three spatial axes."""
    return _transpose(input, filters, output_shape, strides, padding, data_format, dilations, "conv3d_transpose", 3)


def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: Any, name: str | None = None
) -> Any:
    """The transpose of `atrous_conv2d`."""
    return _transpose(value, filters, output_shape, 1, padding, "NHWC", rate, "atrous_conv2d_transpose", 2)


def depthwise_conv2d(
    input: Any,
    filter: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """Convolution of each channel with filters of its own: (height, width, channels, filters for each)."""
    what, layout = "depthwise_conv2d", _layout(data_format)
    steps = _spatial(strides, 2, layout, what, "strides")
    spread = _spatial(dilations, 2, layout, what, "dilations")
    return depthwise(input, filter, steps, _padding(padding, 2, layout, what), layout, spread, what)


def separable_conv2d(
    input: Any,
    depthwise_filter: Any,
    pointwise_filter: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """`depthwise_conv2d`, and a convolution with windows of 1 that mixes its channels."""
    x = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return _convolve(x, pointwise_filter, 1, "valid", data_format, 1, "separable_conv2d", 2)


def _depthwise_attrs(sizes: Any, window: Any, strides: Any, padding: Any, layout: str, dilations: Any, what: str):
    steps = _spatial(strides, 2, layout, what, "strides")
    spread = _spatial(dilations, 2, layout, what, "dilations")
    pairs = paddings(_padding(padding, 2, layout, what), sizes, window, steps, spread, what)
    return {"strides": steps, "padding": pairs, "dilation": spread}


def _to_last(x: Any, layout: str) -> Any:
    return permuted(x, (0, 2, 3, 1)) if layout == "channels_first" else x


def depthwise_conv2d_backprop_input(
    input_sizes: Any,
    filter: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:
    """The gradient of `depthwise_conv2d` by an input of `input_sizes`."""
    what, layout = "depthwise_conv2d_backprop_input", _layout(data_format)
    shape = [int(size) for size in known(input_sizes, what, "input_sizes").ravel()]
    sizes = tuple(shape[2:] if layout == "channels_first" else shape[1:-1])
    kernel = convert_to_tensor(filter)
    height, width, channels, multiplier = kernel.shape
    attrs = _depthwise_attrs(sizes, (height, width), strides, padding, layout, dilations, what)
    x = windows.convolution_input_gradient(
        _to_last(convert_to_tensor(out_backprop), layout),
        reshape_to(kernel, (height, width, 1, channels * multiplier)),
        sizes=sizes,
        groups=channels,
        **attrs,
    )
    return permuted(x, (0, 3, 1, 2)) if layout == "channels_first" else x


def depthwise_conv2d_backprop_filter(
    input: Any,
    filter_sizes: Any,
    out_backprop: Any,
    strides: Any,
    padding: Any,
    data_format: str | None = "NHWC",
    dilations: Any = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:
    """The gradient of `depthwise_conv2d` by filters of `filter_sizes`."""
    what, layout = "depthwise_conv2d_backprop_filter", _layout(data_format)
    x, g = (_to_last(convert_to_tensor(each), layout) for each in (input, out_backprop))
    shape = tuple(int(size) for size in known(filter_sizes, what, "filter_sizes").ravel())
    attrs = _depthwise_attrs(x.shape[1:-1], shape[:2], strides, padding, layout, dilations, what)
    kernel = windows.convolution_kernel_gradient(x, g, window=shape[:2], groups=shape[2], **attrs)
    return reshape_to(kernel, shape)


def dilation2d(
    input: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The largest sum of a window and the filter (height, width, channels), for each channel: grey-scale dilation."""
    what = "dilation2d"
    x, kernel = convert_to_tensor(input), convert_to_tensor(filters)
    steps = _spatial(strides, _rank(x, what, 2), "channels_last", what, "strides")
    spread = _spatial(dilations, 2, "channels_last", what, "dilations")
    window = kernel.shape[:2]
    pairs = paddings(_padding(padding, 2, "channels_last", what), x.shape[1:-1], window, steps, spread, what)
    whole = ops.pad(x, [(0, 0), *pairs, (0, 0)], constant_values=x.dtype.min)
    rows, columns = (
        (size - (length - 1) * step - 1) // stride + 1
        for size, length, step, stride in zip(whole.shape[1:-1], window, spread, steps)
    )
    found = None
    for i in range(window[0]):
        for j in range(window[1]):
            down, right = (
                slice(at, at + (count - 1) * stride + 1, stride)
                for at, count, stride in zip((i * spread[0], j * spread[1]), (rows, columns), steps)
            )
            part = ops.add(whole[:, down, right], kernel[i, j])
            found = part if found is None else ops.maximum(found, part)
    return found


def erosion2d(
    value: Any,
    filters: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """The smallest difference of a window and the mirrored filter, for each channel: grey-scale erosion."""
    mirrored = ops.flip(convert_to_tensor(filters), axis=(0, 1))
    return ops.negative(dilation2d(ops.negative(value), mirrored, strides, padding, data_format, dilations))


def _pool(primitive: Any, x: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, what: str, n: Any) -> Any:
    x = convert_to_tensor(x)
    rank, layout = _rank(x, what, n), _layout(data_format)
    window, steps = _spatial(ksize, rank, layout, what, "ksize"), _spatial(strides, rank, layout, what, "strides")
    return pooled(primitive, x, window, steps, _padding(padding, rank, layout, what), layout, what)


def max_pool(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None, name: str | None = None
) -> Any:
    """The largest element of each window, over one to three spatial axes.

    Args:
        input: a tensor (batch, *spatial, channels), or (batch, channels, *spatial) for a data format that begins with
            "NC".
        ksize: size of the window.
        strides: step of the window.
        padding: "VALID", "SAME", or pairs for each axis.
        data_format: order of the axes.
    Returns: a tensor (batch, *windows, channels), its axes in the order of the input's.
    Raises: ShapeError if a window does not fit; ArgumentError for an unknown padding.
    """
    return _pool(pools.max_pool, input, ksize, strides, padding, data_format, "max_pool", None)


def avg_pool(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = None, name: str | None = None
) -> Any:
    """The mean of each window, over one to three spatial axes; padding does not count. Arguments as for `max_pool`."""
    return _pool(pools.average_pool, input, ksize, strides, padding, data_format, "avg_pool", None)


def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NWC", name: str | None = None
) -> Any:
    """`max_pool` over one spatial axis."""
    return _pool(pools.max_pool, input, ksize, strides, padding, data_format, "max_pool1d", 1)


def max_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NHWC", name: str | None = None
) -> Any:
    """`max_pool` over two spatial axes."""
    return _pool(pools.max_pool, input, ksize, strides, padding, data_format, "max_pool2d", 2)


def max_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NDHWC", name: str | None = None
) -> Any:
    """`max_pool` over three spatial axes."""
    return _pool(pools.max_pool, input, ksize, strides, padding, data_format, "max_pool3d", 3)


def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NWC", name: str | None = None
) -> Any:
    """`avg_pool` over one spatial axis."""
    return _pool(pools.average_pool, input, ksize, strides, padding, data_format, "avg_pool1d", 1)


def avg_pool2d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NHWC", name: str | None = None
) -> Any:
    """`avg_pool` over two spatial axes."""
    return _pool(pools.average_pool, input, ksize, strides, padding, data_format, "avg_pool2d", 2)


def avg_pool3d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: str | None = "NDHWC", name: str | None = None
) -> Any:
    """`avg_pool` over three spatial axes."""
    return _pool(pools.average_pool, input, ksize, strides, padding, data_format, "avg_pool3d", 3)


def pool(
    input: Any,
    window_shape: Any,
    pooling_type: str,
    strides: Any = None,
    padding: Any = "VALID",
    data_format: str | None = None,
    dilations: Any = None,
    name: str | None = None,
) -> Any:
    """`max_pool` for the pooling type "MAX", `avg_pool` for "AVG"; strides are 1 if not given.

    Raises: ArgumentError for another pooling type; UnsupportedError for dilations above 1.
    """
    kinds = {"MAX": pools.max_pool, "AVG": pools.average_pool}
    if pooling_type not in kinds:
        raise ArgumentError(f"pool: pooling_type {pooling_type!r} is unknown.", fix='use "MAX" or "AVG".')
    x = convert_to_tensor(input)
    if any(step != 1 for step in _spatial(dilations, _rank(x, "pool"), _layout(data_format), "pool", "dilations")):
        raise UnsupportedError(f"pool: dilations {dilations}: windows have no gaps.", fix="use dilations of 1.")
    return _pool(kinds[pooling_type], x, window_shape, strides, padding, data_format, "pool", None)


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    output_dtype: Any = "int64",
    include_batch_in_index: bool = False,
    name: str | None = None,
) -> tuple[Any, Any]:
    """The largest element of each window, and where it lies: (row * width + column) * channels + channel.

    Args:
        input: a tensor (batch, height, width, channels).
        ksize, strides, padding: as for `max_pool`.
        output_dtype: int32 or int64.
        include_batch_in_index: count through the batch too.
    Returns: the largest elements and their places, both (batch, *windows, channels).
    """
    what = "max_pool_with_argmax"
    x = convert_to_tensor(input)
    y = _pool(pools.max_pool, x, ksize, strides, padding, data_format, what, 2)
    batch, height, width, channels = x.shape
    count = height * width * channels * (batch if include_batch_in_index else 1)
    places = ops.broadcast_to(ops.reshape(ops.arange(count, dtype="float64"), (-1, height, width, channels)), x.shape)
    found = _pool(
        lambda x, **attrs: pools.max_pool_take(x, places, **attrs), ops.cast(x, "float64"), ksize, strides, padding,
        data_format, what, 2,
    )  # fmt: skip
    return y, ops.cast(found, output_dtype)
