"""TensorFlow's `tf.nn`: activations, losses on logits and what else networks are made of, on `headwater.ops`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
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

__all__ = [
    "batch_normalization",
    "bias_add",
    "compute_average_loss",
    "crelu",
    "depth_to_space",
    "dropout",
    "elu",
    "embedding_lookup",
    "gelu",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "leaky_relu",
    "log_poisson_loss",
    "log_softmax",
    "moments",
    "normalize_moments",
    "relu",
    "relu6",
    "scale_regularization_loss",
    "selu",
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


def dropout(x: Any, rate: float, noise_shape: Any = None, seed: int | None = None, name: str | None = None) -> Any:
    """Each element set to 0 with probability `rate`, the others scaled up so that the expected sum stays."""
    if not 0 <= float(rate) < 1:
        raise ArgumentError(f"dropout: rate {rate} is not in [0, 1).", fix="pass a share below 1.")
    return draws.dropout(draw_key(seed), x, float(rate), noise_shape) if rate else convert_to_tensor(x)


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
