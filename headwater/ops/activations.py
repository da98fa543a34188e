"""Activation functions: formulas of few nodes, so that a chain of them is one pass over memory."""

from __future__ import annotations

from typing import Any

from headwater.errors import ShapeError
from headwater.ops.operands import INT32, axes_of, axis_of, cast, const, counted, cut, inexact, number, pair, tensor
from headwater.ops.reduction import finite_peak, reduced
from headwater.ops.symbolic import op
from headwater.primitives import custom, elementwise, neural, reduce
from headwater.primitives import sort as order

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


@op
def relu(x: Any) -> Any:
    """max(x, 0), element by element. The gradient at 0 is 0.

    Args:
        x: a tensor of real numbers.
    Returns: a tensor like `x`.
    Example:
        >>> relu([-1.0, 0.0, 2.0]).numpy()
        array([0., 0., 2.], dtype=float32)

    Source: Nair and Hinton 2010.
    """
    return elementwise.relu(number(x))


@op
def relu6(x: Any) -> Any:
    """min(max(x, 0), 6), element by element.

    Args:
        x: a tensor of real numbers.
    Returns: a tensor like `x`.
    Source: Krizhevsky 2010, "Convolutional deep belief networks on CIFAR-10".
    """
    x = number(x)
    return elementwise.minimum(relu(x), const(6, x))


@op
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """x where it is positive, `negative_slope` times x elsewhere.

    Args:
        x: a tensor of real numbers.
        negative_slope: the slope below 0.
    Returns: a float tensor of the shape of `x`.
    Source: Maas, Hannun and Ng 2013.
    """
    x = inexact(x)
    return elementwise.select(elementwise.less(x, const(0, x)), elementwise.multiply(x, const(negative_slope, x)), x)


@op
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, alpha * (exp(x) - 1) elsewhere.

    Args:
        x: a tensor of real numbers.
        alpha: minus the limit for small x.
    Returns: a float tensor of the shape of `x`.
    Source: Clevert, Unterthiner and Hochreiter 2016, arXiv:1511.07289.
    """
    return _exponential_below(inexact(x), alpha, 1.0)


def _exponential_below(x: Any, alpha: float, inner: float) -> Any:
    """x above 0, alpha * (exp(x * inner) - 1) below; the branch not taken is kept finite, for the sake of its
    gradient.
    """
    positive = elementwise.greater(x, const(0, x))
    low = elementwise.select(positive, const(0, x), x)
    low = low if inner == 1 else elementwise.multiply(low, const(inner, x))
    bent = elementwise.expm1(low)
    return elementwise.select(positive, x, bent if alpha == 1 else elementwise.multiply(bent, const(alpha, x)))


@op
def selu(x: Any) -> Any:
    """A scaled `elu` whose constants keep the mean 0 and the variance 1 from layer to layer.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: Klambauer et al. 2017, arXiv:1706.02515.
    """
    x = inexact(x)
    return elementwise.multiply(_exponential_below(x, _SELU_ALPHA, 1.0), const(_SELU_SCALE, x))


@op
def celu(x: Any, alpha: float = 1.0) -> Any:
    """x where it is positive, alpha * (exp(x / alpha) - 1) elsewhere: smooth for every alpha.

    Args:
        x: a tensor of real numbers.
        alpha: minus the limit for small x.
    Returns: a float tensor of the shape of `x`.
    Source: Barron 2017, arXiv:1704.07483.
    """
    return _exponential_below(inexact(x), alpha, 1 / alpha)


@op
def gelu(x: Any, approximate: bool = True) -> Any:
    """x times the probability that a standard normal number is smaller.

    Args:
        x: a tensor of real numbers.
        approximate: whether to use the formula with tanh, or the error function.
    Returns: a float tensor of the shape of `x`.
    Example:
        >>> gelu([-1.0, 0.0, 1.0], approximate=False).numpy().round(4)
        array([-0.1587,  0.    ,  0.8413], dtype=float32)

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.
    """
    return neural.gelu(inexact(x), approximate=bool(approximate))


@op
def silu(x: Any) -> Any:
    """x * sigmoid(x), element by element.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: Ramachandran, Zoph and Le 2017, arXiv:1710.05941.
    """
    x = inexact(x)
    return elementwise.multiply(x, elementwise.sigmoid(x))


swish = silu


@op
def softplus(x: Any) -> Any:
    """log(1 + exp(x)), without overflow.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: Dugas et al. 2001.
    """
    return elementwise.softplus(inexact(x))


@op
def softsign(x: Any) -> Any:
    """x / (1 + |x|), element by element: from -1 to 1.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: Bergstra et al. 2009.
    """
    x = inexact(x)
    return elementwise.divide(x, elementwise.add(elementwise.abs_(x), const(1, x)))


@op
def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)), without overflow.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    return elementwise.negative(elementwise.softplus(elementwise.negative(inexact(x))))


@op
def squareplus(x: Any, b: float = 4) -> Any:
    """(x + sqrt(x * x + b)) / 2: a smooth `relu` of algebraic cost.

    Args:
        x: a tensor of real numbers.
        b: how smooth it is.
    Returns: a float tensor of the shape of `x`.
    Source: Barron 2021, arXiv:2112.11687.
    """
    x = inexact(x)
    root = elementwise.sqrt(elementwise.add(elementwise.square(x), const(b, x)))
    return elementwise.multiply(elementwise.add(x, root), const(0.5, x))


@op
def sparse_plus(x: Any) -> Any:
    """0 up to -1, x from 1 on, and the parabola (x + 1)**2 / 4 between them.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    x = inexact(x)
    one = const(1, x)
    parabola = elementwise.multiply(elementwise.square(elementwise.add(x, one)), const(0.25, x))
    inside = elementwise.select(elementwise.greater_equal(x, one), x, parabola)
    return elementwise.select(elementwise.less_equal(x, const(-1, x)), const(0, x), inside)


@op
def sparse_sigmoid(x: Any) -> Any:
    """0 up to -1, 1 from 1 on, and a straight line between them.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    x = inexact(x)
    shifted = elementwise.clamp(elementwise.add(x, const(1, x)), const(0, x), const(2, x))
    return elementwise.multiply(shifted, const(0.5, x))


@op
def hard_sigmoid(x: Any) -> Any:
    """min(max(x + 3, 0), 6) / 6: straight lines near the sigmoid.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: Howard et al. 2019, arXiv:1905.02244.
    """
    x = inexact(x)
    shifted = elementwise.clamp(elementwise.add(x, const(3, x)), const(0, x), const(6, x))
    return elementwise.multiply(shifted, const(1 / 6, x))


@op
def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x), element by element.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: Howard et al. 2019, arXiv:1905.02244.
    """
    x = inexact(x)
    return elementwise.multiply(x, hard_sigmoid(x))


hard_swish = hard_silu


@op
def hard_tanh(x: Any) -> Any:
    """x, held between -1 and 1.

    Args:
        x: a tensor of real numbers.
    Returns: a tensor like `x`.
    Source: Collobert 2004.
    """
    x = number(x)
    return elementwise.clamp(x, const(-1, x), const(1, x))


@op
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x where its magnitude exceeds a threshold, 0 elsewhere.

    Args:
        x: a tensor of real numbers.
        threshold: the largest magnitude that becomes 0.
    Returns: a float tensor of the shape of `x`.
    Source: Donoho and Johnstone 1994.
    """
    x = inexact(x)
    return elementwise.select(elementwise.greater(elementwise.abs_(x), const(threshold, x)), x, const(0, x))


@op
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x, moved towards 0 by a threshold; 0 where it would pass it.

    Args:
        x: a tensor of real numbers.
        threshold: by how much.
    Returns: a float tensor of the shape of `x`.
    Source: Donoho and Johnstone 1994.
    """
    x = inexact(x)
    low, high = const(-threshold, x), const(threshold, x)
    below = elementwise.select(elementwise.less(x, low), elementwise.subtract(x, low), const(0, x))
    return elementwise.select(elementwise.greater(x, high), elementwise.subtract(x, high), below)


@op
def tanh_shrink(x: Any) -> Any:
    """x - tanh(x), element by element.

    Args:
        x: a tensor of real numbers.
    Returns: a float tensor of the shape of `x`.
    Source: own.
    """
    x = inexact(x)
    return elementwise.subtract(x, elementwise.tanh(x))


@op
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """x where it exceeds a threshold, a default value elsewhere.

    Args:
        x: a tensor of real numbers.
        threshold: the largest number that is replaced.
        default_value: what replaces it.
    Returns: a tensor of the dtype that `x` and the default value promote to.
    Example:
        >>> threshold([0.5, 2.0], 1.0, 0.0).numpy()
        array([0., 2.], dtype=float32)

    Source: own.
    """
    x = tensor(x)
    value, default = pair(x, default_value)
    return elementwise.select(elementwise.greater(*pair(x, threshold)), value, default)


@op
def glu(x: Any, axis: int = -1) -> Any:
    """The first half of an axis times the sigmoid of the second half.

    Args:
        x: a tensor whose axis has an even number of elements.
        axis: the axis.
    Returns: a float tensor, half as long along the axis.
    Raises: ShapeError if the number is odd.
    Source: Dauphin et al. 2017, arXiv:1612.08083.
    """
    x = inexact(x)
    place = axis_of(axis, x.spec.ndim, "glu")
    size = x.spec.shape[place]
    if size % 2:
        raise ShapeError(
            f"glu: axis {place} of shape {tuple(x.spec.shape)} has an odd number of elements.",
            fix="give an even number.",
        )
    value, gate = cut(x, place, 0, size // 2), cut(x, place, size // 2, size)
    return elementwise.multiply(value, elementwise.sigmoid(gate))


# Over an axis


@op
def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis: positive numbers that add up to 1.

    Args:
        x: a tensor of real numbers.
        axis: one axis or several; None means all.
    Returns: a float tensor of the shape of `x`.
    Example:
        >>> softmax([0.0, 0.0]).numpy()
        array([0.5, 0.5], dtype=float32)

    Source: Blanchard, Higham and Higham 2021, "Accurately computing the log-sum-exp and softmax functions".
    """
    x = inexact(x)
    axes = axes_of(axis, x.spec.ndim, "softmax")
    peak = custom.stop_gradient(reduced(reduce.reduce_max, x, axes, True))
    powers = elementwise.exp(elementwise.subtract(x, peak))
    return elementwise.divide(powers, reduced(reduce.reduce_sum, powers, axes, True))


@op
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """The logarithm of `softmax`, without loss of precision.

    Args:
        x: a tensor of real numbers.
        axis: one axis or several; None means all.
    Returns: a float tensor of the shape of `x`.
    Source: Blanchard, Higham and Higham 2021, "Accurately computing the log-sum-exp and softmax functions".
    """
    x = inexact(x)
    axes = axes_of(axis, x.spec.ndim, "log_softmax")
    shifted = elementwise.subtract(x, finite_peak(x, axes))
    total = reduced(reduce.reduce_sum, elementwise.exp(shifted), axes, True)
    return elementwise.subtract(shifted, elementwise.log(total))


@op
def sparsemax(x: Any, axis: int = -1) -> Any:
    """The point of the probability simplex that is nearest to x along an axis: most of its elements are exactly 0.

    Args:
        x: a tensor of real numbers.
        axis: the axis.
    Returns: a float tensor of the shape of `x`.
    Example:
        >>> sparsemax([2.0, 0.0, 0.0]).numpy()
        array([1., 0., 0.], dtype=float32)

    Source: Martins and Astudillo 2016, arXiv:1602.02068.
    """
    x = inexact(x)
    place = axis_of(axis, x.spec.ndim, "sparsemax")
    one = const(1, x)
    ordered = order.sort(x, axis=place, descending=True)
    total = reduce.cumulative_sum(ordered, axis=place, reverse=False)
    rank = elementwise.add(counted(x.spec.shape[place], x.spec.ndim, place, x.spec.dtype), one)
    excess = elementwise.subtract(ordered, elementwise.divide(elementwise.subtract(total, one), rank))
    support = elementwise.greater(excess, const(0, x))
    count = reduced(reduce.reduce_sum, elementwise.cast(support, dtype=INT32), (place,), True)
    # The sum of the elements in the support, whose gradient is that of the threshold.
    inside = reduced(reduce.reduce_sum, elementwise.select(support, ordered, const(0, x)), (place,), True)
    bound = elementwise.divide(elementwise.subtract(inside, one), cast(count, x.spec.dtype))
    return elementwise.maximum(elementwise.subtract(x, bound), const(0, x))
