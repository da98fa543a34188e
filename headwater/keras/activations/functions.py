"""The activation functions, under the names and with the arguments that Keras gives them.

`softmax` and `sigmoid` leave their input on their result as `_keras_logits`, so that a cross-entropy can be computed
from it without the loss of precision of a logarithm of a rounded probability.
"""

from __future__ import annotations

from typing import Any

from headwater import ops


def _remember_logits(output: Any, logits: Any) -> Any:
    if ops.is_tensor(output):
        output._keras_logits = logits
    return output


def linear(x: Any) -> Any:
    """x."""
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """max(x, 0), with a slope below the threshold and a ceiling if they are given.

    Args:
        x: tensor.
        negative_slope: slope of the result where x is below `threshold`.
        max_value: largest value of the result; None for no ceiling.
        threshold: where the result leaves its lower part.
    Returns: x where x > threshold (at most `max_value`), negative_slope * (x - threshold) elsewhere.
    Example:
        >>> relu(ops.convert_to_tensor([-10.0, 2.0, 9.0]), negative_slope=0.1, max_value=6.0).numpy()
        array([-1.,  2.,  6.], dtype=float32)
    """
    if threshold == 0:
        positive = ops.relu(x) if max_value is None else ops.clip(x, 0, max_value)
    else:
        positive = ops.where(ops.greater(x, threshold), x, 0)
        positive = positive if max_value is None else ops.clip(positive, 0, max_value)
    if negative_slope == 0:
        return positive
    if threshold == 0 and max_value is None:
        return ops.leaky_relu(x, negative_slope=negative_slope)
    below = ops.relu(ops.subtract(threshold, x))
    return ops.subtract(positive, ops.multiply(below, negative_slope))


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)."""
    return ops.relu6(x)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x where x > 0, negative_slope * x elsewhere."""
    return ops.leaky_relu(x, negative_slope=negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, alpha * (exp(x) - 1) elsewhere."""
    return ops.elu(x, alpha=alpha)


def selu(x: Any) -> Any:
    """Scaled `elu` whose constants keep mean 0 and variance 1 from layer to layer."""
    return ops.selu(x)


def celu(x: Any, alpha: float = 1.0) -> Any:
    """max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)."""
    return ops.celu(x, alpha=alpha)


def gelu(x: Any, approximate: bool = False) -> Any:
    """x times the normal distribution's cumulative function at x.

    Args:
        x: tensor.
        approximate: use its tanh approximation.
    """
    return ops.gelu(x, approximate=approximate)


def glu(x: Any, axis: int = -1) -> Any:
    """The first half along `axis` times the sigmoid of the second half."""
    return ops.glu(x, axis=axis)


def silu(x: Any) -> Any:
    """x * sigmoid(x), also known as swish."""
    return ops.silu(x)


def mish(x: Any) -> Any:
    """x * tanh(softplus(x))."""
    return ops.multiply(x, ops.tanh(ops.softplus(x)))


def softplus(x: Any) -> Any:
    """log(exp(x) + 1)."""
    return ops.softplus(x)


def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x^2 + b)) / 2."""
    return ops.squareplus(x, b=b)


def softsign(x: Any) -> Any:
    """x / (|x| + 1)."""
    return ops.softsign(x)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    return ops.tanh(x)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return _remember_logits(ops.sigmoid(x), x)


def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x))."""
    return ops.log_sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    """x / 6 + 1/2, kept between 0 and 1."""
    return ops.hard_sigmoid(x)


def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x), also known as hard_swish."""
    return ops.hard_silu(x)


def hard_tanh(x: Any) -> Any:
    """x kept between -1 and 1."""
    return ops.hard_tanh(x)


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where |x| > threshold, 0 elsewhere."""
    return ops.hard_shrink(x, threshold=threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved by `threshold` towards 0, but not past it."""
    return ops.soft_shrink(x, threshold=threshold)


def tanh_shrink(x: Any) -> Any:
    """x - tanh(x)."""
    return ops.tanh_shrink(x)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x where x > threshold, `default_value` elsewhere."""
    return ops.threshold(x, threshold, default_value)


def sparse_plus(x: Any) -> Any:
    """0 up to -1, x from 1 on, (x + 1)^2 / 4 between."""
    return ops.sparse_plus(x)


def sparse_sigmoid(x: Any) -> Any:
    """0 up to -1, 1 from 1 on, (x + 1) / 2 between."""
    return ops.sparse_sigmoid(x)


def exponential(x: Any) -> Any:
    """exp(x)."""
    return ops.exp(x)


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) over its sum along `axis`: probabilities.

    Example:
        >>> softmax(ops.convert_to_tensor([0.0, 0.0])).numpy()
        array([0.5, 0.5], dtype=float32)
    """
    output = ops.softmax(x, axis=axis)
    return _remember_logits(output, x) if axis in (-1, len(x.shape) - 1) else output


def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)), without the loss of precision."""
    return ops.log_softmax(x, axis=axis)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """The probabilities closest to x: many of them exactly 0.

    Source: Martins and Astudillo 2016, arXiv:1602.02068.
    """
    return ops.sparsemax(x, axis=axis)
