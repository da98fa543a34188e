"""TensorFlow's `tf.math`: its names and arguments, on `headwater.ops`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from headwater import ops
from headwater.dtypes import floating
from headwater.errors import ShapeError
from headwater.ops.convert import convert_to_tensor, dtype_of
from headwater.ops.symbolic import composite_op
from headwater.primitives import elementwise, reduce


def abs(x: Any, name: str | None = None) -> Any:
    """Magnitude of each element."""
    return ops.absolute(x)


def acos(x: Any, name: str | None = None) -> Any:
    """Angle in radians whose cosine each element is."""
    return ops.arccos(x)


def acosh(x: Any, name: str | None = None) -> Any:
    """Inverse hyperbolic cosine of each element."""
    return ops.arccosh(x)


def add(x: Any, y: Any, name: str | None = None) -> Any:
    """Sum, element by element."""
    return ops.add(x, y)


def angle(input: Any, name: str | None = None) -> Any:
    """Angle of each complex element, in radians."""
    return ops.angle(input)


def asin(x: Any, name: str | None = None) -> Any:
    """Angle in radians whose sine each element is."""
    return ops.arcsin(x)


def asinh(x: Any, name: str | None = None) -> Any:
    """Inverse hyperbolic sine of each element."""
    return ops.arcsinh(x)


def atan(x: Any, name: str | None = None) -> Any:
    """Angle in radians whose tangent each element is."""
    return ops.arctan(x)


def atan2(y: Any, x: Any, name: str | None = None) -> Any:
    """Angle of the point (x, y), in radians from -pi to pi."""
    return ops.arctan2(y, x)


def atanh(x: Any, name: str | None = None) -> Any:
    """Inverse hyperbolic tangent of each element."""
    return ops.arctanh(x)


def ceil(x: Any, name: str | None = None) -> Any:
    """Smallest whole number not below each element."""
    return ops.ceil(x)


def conj(x: Any, name: str | None = None) -> Any:
    """Complex conjugate of each element."""
    return ops.conj(x)


def cos(x: Any, name: str | None = None) -> Any:
    """Cosine of each element, an angle in radians."""
    return ops.cos(x)


def cosh(x: Any, name: str | None = None) -> Any:
    """Hyperbolic cosine of each element."""
    return ops.cosh(x)


def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """Quotient, element by element; of integers a float."""
    return ops.true_divide(x, y)


def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Quotient, 0 where the divisor is 0."""
    return ops.divide_no_nan(x, y)


def equal(x: Any, y: Any, name: str | None = None) -> Any:
    """True where two elements are equal."""
    return ops.equal(x, y)


def erf(x: Any, name: str | None = None) -> Any:
    """Error function of each element."""
    return ops.erf(x)


def erfc(x: Any, name: str | None = None) -> Any:
    """Complementary error function of each element."""
    return ops.erfc(x)


def erfinv(x: Any, name: str | None = None) -> Any:
    """Inverse error function of each element."""
    return ops.erfinv(x)


def exp(x: Any, name: str | None = None) -> Any:
    """e to the power of each element."""
    return ops.exp(x)


def expm1(x: Any, name: str | None = None) -> Any:
    """exp(x) - 1 of each element, accurate near 0."""
    return ops.expm1(x)


def floor(x: Any, name: str | None = None) -> Any:
    """Largest whole number not above each element."""
    return ops.floor(x)


def floordiv(x: Any, y: Any, name: str | None = None) -> Any:
    """Quotient rounded towards minus infinity."""
    return ops.floor_divide(x, y)


def floormod(x: Any, y: Any, name: str | None = None) -> Any:
    """Remainder of the floored quotient: it has the sign of the divisor."""
    return ops.mod(x, y)


def greater(x: Any, y: Any, name: str | None = None) -> Any:
    """True where x > y."""
    return ops.greater(x, y)


def greater_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """True where x >= y."""
    return ops.greater_equal(x, y)


def imag(input: Any, name: str | None = None) -> Any:
    """Imaginary part of each element."""
    return ops.imag(input)


def is_finite(x: Any, name: str | None = None) -> Any:
    """True where an element is neither infinite nor NaN."""
    return ops.isfinite(x)


def is_inf(x: Any, name: str | None = None) -> Any:
    """True where an element is infinite."""
    return ops.isinf(x)


def is_nan(x: Any, name: str | None = None) -> Any:
    """True where an element is not a number."""
    return ops.isnan(x)


def less(x: Any, y: Any, name: str | None = None) -> Any:
    """True where x < y."""
    return ops.less(x, y)


def less_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """True where x <= y."""
    return ops.less_equal(x, y)


def log(x: Any, name: str | None = None) -> Any:
    """Natural logarithm of each element."""
    return ops.log(x)


def log1p(x: Any, name: str | None = None) -> Any:
    """log(1 + x) of each element, accurate near 0."""
    return ops.log1p(x)


def log_sigmoid(x: Any, name: str | None = None) -> Any:
    """Logarithm of the sigmoid of each element."""
    return ops.log_sigmoid(x)


def logical_and(x: Any, y: Any, name: str | None = None) -> Any:
    """True where both are."""
    return ops.logical_and(x, y)


def logical_not(x: Any, name: str | None = None) -> Any:
    """True where an element is false."""
    return ops.logical_not(x)


def logical_or(x: Any, y: Any, name: str | None = None) -> Any:
    """True where one or both are."""
    return ops.logical_or(x, y)


def maximum(x: Any, y: Any, name: str | None = None) -> Any:
    """The larger of two elements."""
    return ops.maximum(x, y)


def minimum(x: Any, y: Any, name: str | None = None) -> Any:
    """The smaller of two elements."""
    return ops.minimum(x, y)


def mod(x: Any, y: Any, name: str | None = None) -> Any:
    """Remainder of the floored quotient: it has the sign of the divisor."""
    return ops.mod(x, y)


def multiply(x: Any, y: Any, name: str | None = None) -> Any:
    """Product, element by element."""
    return ops.multiply(x, y)


def negative(x: Any, name: str | None = None) -> Any:
    """Each element with the other sign."""
    return ops.negative(x)


def nextafter(x1: Any, x2: Any, name: str | None = None) -> Any:
    """The next number after x1 in the direction of x2."""
    return ops.nextafter(x1, x2)


def not_equal(x: Any, y: Any, name: str | None = None) -> Any:
    """True where two elements differ."""
    return ops.not_equal(x, y)


def pow(x: Any, y: Any, name: str | None = None) -> Any:
    """x to the power y, element by element."""
    return ops.power(x, y)


def real(input: Any, name: str | None = None) -> Any:
    """Real part of each element."""
    return ops.real(input)


def reciprocal(x: Any, name: str | None = None) -> Any:
    """1 divided by each element."""
    return ops.reciprocal(x)


def rint(x: Any, name: str | None = None) -> Any:
    """Nearest whole number; the even one of two equally near."""
    return ops.round(x)


def round(x: Any, name: str | None = None) -> Any:
    """Nearest whole number; the even one of two equally near."""
    return ops.round(x)


def rsqrt(x: Any, name: str | None = None) -> Any:
    """1 divided by the square root of each element."""
    return ops.rsqrt(x)


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """x times a number."""
    return ops.multiply(scalar, x)


def sigmoid(x: Any, name: str | None = None) -> Any:
    """1 / (1 + exp(-x)) of each element."""
    return ops.sigmoid(x)


def sign(x: Any, name: str | None = None) -> Any:
    """-1, 0 or 1, as each element is."""
    return ops.sign(x)


def sin(x: Any, name: str | None = None) -> Any:
    """Sine of each element, an angle in radians."""
    return ops.sin(x)


def sinh(x: Any, name: str | None = None) -> Any:
    """Hyperbolic sine of each element."""
    return ops.sinh(x)


def softplus(features: Any, name: str | None = None) -> Any:
    """log(1 + exp(x)) of each element."""
    return ops.softplus(features)


def softsign(features: Any, name: str | None = None) -> Any:
    """x / (1 + |x|) of each element."""
    return ops.softsign(features)


def sqrt(x: Any, name: str | None = None) -> Any:
    """Square root of each element."""
    return ops.sqrt(x)


def square(x: Any, name: str | None = None) -> Any:
    """Square of each element."""
    return ops.square(x)


def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """(x - y) squared, element by element."""
    return ops.square(ops.subtract(x, y))


def subtract(x: Any, y: Any, name: str | None = None) -> Any:
    """Difference, element by element."""
    return ops.subtract(x, y)


def tan(x: Any, name: str | None = None) -> Any:
    """Tangent of each element, an angle in radians."""
    return ops.tan(x)


def tanh(x: Any, name: str | None = None) -> Any:
    """Hyperbolic tangent of each element."""
    return ops.tanh(x)


def truediv(x: Any, y: Any, name: str | None = None) -> Any:
    """Quotient, element by element; of integers a float."""
    return ops.true_divide(x, y)


def logical_xor(x: Any, y: Any, name: str | None = "LogicalXor") -> Any:
    """True where one of the two is."""
    return ops.logical_xor(x, y)


def reduce_all(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """True if all elements along the axes are.

    Args:
        input_tensor: what to reduce.
        axis: an axis, or several; all by default.
        keepdims: keep the axes, with size 1.
    """
    return ops.all(input_tensor, axis=axis, keepdims=keepdims)


def reduce_any(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """True if any element along the axes is.

    Args:
        input_tensor: what to reduce.
        axis: an axis, or several; all by default.
        keepdims: keep the axes, with size 1.
    """
    return ops.any(input_tensor, axis=axis, keepdims=keepdims)


def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """log of the sum of exponentials along the axes.

    Args:
        input_tensor: what to reduce.
        axis: an axis, or several; all by default.
        keepdims: keep the axes, with size 1.
    """
    return ops.logsumexp(input_tensor, axis=axis, keepdims=keepdims)


def reduce_max(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Largest element along the axes.

    Args:
        input_tensor: what to reduce.
        axis: an axis, or several; all by default.
        keepdims: keep the axes, with size 1.
    """
    return ops.max(input_tensor, axis=axis, keepdims=keepdims)


@composite_op
def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Mean of the elements along the axes; of integers an integer, rounded towards 0, as in TensorFlow.

    Args:
        input_tensor: what to reduce.
        axis: an axis, or several; all by default.
        keepdims: keep the axes, with size 1.
    """
    x = convert_to_tensor(input_tensor)
    if not x.dtype.is_integer:
        return ops.mean(x, axis=axis, keepdims=keepdims)
    total = ops.sum(x, axis=axis, keepdims=keepdims)
    quotient = ops.floor_divide(ops.absolute(total), max(1, x.size // max(1, total.size)))
    return ops.cast(ops.multiply(ops.sign(total), quotient), x.dtype)


def reduce_min(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Smallest element along the axes.

    Args:
        input_tensor: what to reduce.
        axis: an axis, or several; all by default.
        keepdims: keep the axes, with size 1.
    """
    return ops.min(input_tensor, axis=axis, keepdims=keepdims)


def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Product of the elements along the axes.

    Args:
        input_tensor: what to reduce.
        axis: an axis, or several; all by default.
        keepdims: keep the axes, with size 1.
    """
    return ops.prod(input_tensor, axis=axis, keepdims=keepdims)


def reduce_std(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Standard deviation along the axes.

    Args:
        input_tensor: what to reduce.
        axis: an axis, or several; all by default.
        keepdims: keep the axes, with size 1.
    """
    return ops.std(input_tensor, axis=axis, keepdims=keepdims)


def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Sum of the elements along the axes.

    Args:
        input_tensor: what to reduce.
        axis: an axis, or several; all by default.
        keepdims: keep the axes, with size 1.
    """
    return ops.sum(input_tensor, axis=axis, keepdims=keepdims)


def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Variance along the axes.

    Args:
        input_tensor: what to reduce.
        axis: an axis, or several; all by default.
        keepdims: keep the axes, with size 1.
    """
    return ops.var(input_tensor, axis=axis, keepdims=keepdims)


def reduce_euclidean_norm(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Any:
    """Square root of the sum of squares along the axes."""
    return ops.sqrt(ops.sum(ops.square(input_tensor), axis=axis, keepdims=keepdims))


@composite_op
def add_n(inputs: Sequence[Any], name: str | None = None) -> Any:
    """Sum of several tensors of one shape.

    Raises: ShapeError if the shapes differ, or there are none.
    """
    tensors = [convert_to_tensor(x) for x in (inputs if isinstance(inputs, (list, tuple)) else [inputs])]
    shapes = {tuple(tensor.shape) for tensor in tensors}
    if len(shapes) != 1:
        raise ShapeError(
            f"add_n: shapes {', '.join(map(str, sorted(shapes))) or 'of nothing'}.", fix="give tensors of one shape."
        )
    total = tensors[0]
    for tensor in tensors[1:]:
        total = ops.add(total, tensor)
    return total


accumulate_n = add_n


def argmax(input: Any, axis: int | None = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """Position of the largest element along an axis: 0 by default, as in TensorFlow."""
    return ops.cast(ops.argmax(input, axis=0 if axis is None else int(axis)), output_type)


def argmin(input: Any, axis: int | None = None, output_type: Any = "int64", name: str | None = None) -> Any:
    """Position of the smallest element along an axis: 0 by default, as in TensorFlow."""
    return ops.cast(ops.argmin(input, axis=0 if axis is None else int(axis)), output_type)


@composite_op
def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = "int32",
    name: str | None = None,
    axis: int | None = None,
    binary_output: bool = False,
) -> Any:
    """How often each whole number occurs, or the sum of the weights at its places."""
    counts = ops.bincount(arr, weights=weights, minlength=0 if minlength is None else int(minlength))
    counts = counts if maxlength is None else counts[..., : int(maxlength)]
    counts = ops.greater(counts, 0) if binary_output else counts
    return counts if weights is not None else ops.cast(counts, dtype)


def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: int | None = None,
    weights: Any = None,
    dtype: Any = "int32",
    name: str | None = None,
) -> Any:
    """Counts of pairs: row i, column j counts how often class i was predicted as class j."""
    labels, predictions = ops.cast(labels, "int64"), ops.cast(predictions, "int64")
    if num_classes is None:
        num_classes = int(ops.maximum(ops.max(labels), ops.max(predictions))) + 1
    counted = ops.ones_like(labels, dtype) if weights is None else ops.cast(weights, dtype)
    flat = ops.segment_sum(counted, labels * num_classes + predictions, num_segments=num_classes * num_classes)
    return ops.reshape(flat, (num_classes, num_classes))


def count_nonzero(
    input: Any, axis: Any = None, keepdims: bool | None = None, dtype: Any = "int64", name: str | None = None
) -> Any:
    """How many elements along the axes are not 0."""
    return ops.sum(ops.cast(ops.not_equal(input, ops.zeros_like(input)), dtype), axis=axis, keepdims=bool(keepdims))


@composite_op
def cumsum(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Running sum along an axis.

    Args:
        x: what to add up.
        axis: along which.
        exclusive: leave each element out of its own sum.
        reverse: run from the end.
    """
    return _cumulative(ops.cumsum, x, axis, exclusive, reverse, 0)


def cumprod(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None) -> Any:
    """Running product along an axis; the arguments are those of `cumsum`."""
    return _cumulative(ops.cumprod, x, axis, exclusive, reverse, 1)


def _cumulative(function: Any, x: Any, axis: int, exclusive: bool, reverse: bool, start: int) -> Any:
    x = convert_to_tensor(x)
    axis = int(axis)
    x = ops.flip(x, axis) if reverse else x
    if exclusive:
        size, place = x.shape[axis], axis % len(x.shape)
        widths = [(1, 0) if i == place else (0, 0) for i in range(len(x.shape))]
        index = tuple(slice(0, size) if i == place else slice(None) for i in range(len(x.shape)))
        x = ops.pad(x, widths, constant_values=start)[index]
    result = function(x, axis=axis)
    return ops.flip(result, axis) if reverse else result


def cumulative_logsumexp(
    x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Any:
    """Running log of the sum of exponentials along an axis; the arguments are those of `cumsum`."""
    return _cumulative(_running_logsumexp, x, axis, exclusive, reverse, float("-inf"))


def _running_logsumexp(x: Any, axis: int) -> Any:
    return reduce.cumulative_logsumexp(x, axis=axis % len(x.shape), reverse=False)


@composite_op
def digamma(x: Any, name: str | None = None) -> Any:
    """Derivative of the logarithm of the gamma function."""
    return elementwise.digamma(ops.cast(x, floating(dtype_of(x))))


@composite_op
def lgamma(x: Any, name: str | None = None) -> Any:
    """Logarithm of the magnitude of the gamma function."""
    return elementwise.lgamma(ops.cast(x, floating(dtype_of(x))))


def lbeta(x: Any, name: str | None = None) -> Any:
    """Logarithm of the beta function of the numbers along the last axis."""
    x = convert_to_tensor(x)
    return ops.subtract(ops.sum(lgamma(x), axis=-1), lgamma(ops.sum(x, axis=-1)))


def ndtri(x: Any, name: str | None = None) -> Any:
    """The number below which a share x of the normal distribution lies."""
    return ops.multiply(ops.erfinv(ops.subtract(ops.multiply(2.0, x), 1.0)), 2.0**0.5)


def bessel_i0(x: Any, name: str | None = None) -> Any:
    """The modified Bessel function of order 0."""
    return ops.i0(x)


def bessel_i0e(x: Any, name: str | None = None) -> Any:
    """The modified Bessel function of order 0, times exp(-|x|)."""
    return ops.multiply(ops.i0(x), ops.exp(ops.negative(ops.absolute(x))))


def erfcinv(x: Any, name: str | None = None) -> Any:
    """Inverse of the complementary error function."""
    return ops.erfinv(ops.subtract(1.0, x))


def in_top_k(targets: Any, predictions: Any, k: int, name: str | None = None) -> Any:
    """True where the target class is among the k largest predictions."""
    return ops.in_top_k(targets, predictions, k)


def invert_permutation(x: Any, name: str | None = None) -> Any:
    """The permutation that undoes one."""
    return ops.cast(ops.argsort(x), convert_to_tensor(x).dtype)


def is_non_decreasing(x: Any, name: str | None = None) -> Any:
    """True if no element is smaller than the one before."""
    flat = ops.ravel(x)
    return ops.all(ops.greater_equal(flat[1:], flat[:-1]))


def is_strictly_increasing(x: Any, name: str | None = None) -> Any:
    """True if every element is larger than the one before."""
    flat = ops.ravel(x)
    return ops.all(ops.greater(flat[1:], flat[:-1]))


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None) -> Any:
    """x divided by its Euclidean norm along the axes; by the square root of epsilon where that is smaller."""
    x = convert_to_tensor(x)
    total = ops.sum(ops.square(x), axis=dim if axis is None else axis, keepdims=True)
    return ops.multiply(x, ops.rsqrt(ops.maximum(total, ops.cast(epsilon, total.dtype))))


def log_softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Logarithm of the softmax along an axis: the last by default."""
    return ops.log_softmax(logits, axis=-1 if axis is None else axis)


def softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Any:
    """exp(x) divided by its sum along an axis: the last by default."""
    return ops.softmax(logits, axis=-1 if axis is None else axis)


def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Any:
    """Product, 0 where y is 0 even if x is infinite or NaN."""
    zero = ops.equal(y, 0)
    return ops.where(
        zero, ops.zeros_like(ops.multiply(x, y)), ops.multiply(ops.where(zero, ops.ones_like(ops.multiply(x, y)), x), y)
    )


def polyval(coeffs: Sequence[Any], x: Any, name: str | None = None) -> Any:
    """Value of a polynomial, its coefficients given from the highest power down (Horner's scheme)."""
    total = ops.zeros_like(x)
    for coefficient in coeffs:
        total = ops.add(ops.multiply(total, x), coefficient)
    return total


def reciprocal_no_nan(x: Any, name: str | None = None) -> Any:
    """1 divided by each element, 0 for 0."""
    return ops.divide_no_nan(ops.ones_like(x), x)


class TopK(NamedTuple):
    """What `top_k` gives."""

    values: Any
    indices: Any


def top_k(input: Any, k: int = 1, sorted: bool = True, index_type: Any = "int32", name: str | None = None) -> Any:
    """The k largest elements of each row, and their positions."""
    values, indices = ops.top_k(input, int(k), sorted=sorted)
    return TopK(values, ops.cast(indices, index_type))


def _segments(kind: str) -> Any:
    return getattr(ops, f"segment_{kind}")


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Sum of the rows of each segment; the segments are numbered in order."""
    return _segments("sum")(data, segment_ids, sorted=True)


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Largest element of the rows of each segment."""
    return _segments("max")(data, segment_ids, sorted=True)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Smallest element of the rows of each segment."""
    return _segments("min")(data, segment_ids, sorted=True)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Product of the rows of each segment."""
    return _segments("prod")(data, segment_ids, sorted=True)


@composite_op
def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Mean of the rows of each segment."""
    data = convert_to_tensor(data)
    return ops.divide_no_nan(segment_sum(data, segment_ids), segment_sum(_row_counts(data, segment_ids), segment_ids))


def _row_counts(data: Any, segment_ids: Any) -> Any:
    return ops.ones((*convert_to_tensor(segment_ids).shape, *(1,) * (len(data.shape) - 1)), data.dtype)


def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Any:
    """Sum of the rows of each segment; rows may come in any order."""
    return ops.segment_sum(data, segment_ids, num_segments=int(num_segments))


def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Any:
    """Largest element of the rows of each segment; rows may come in any order."""
    return ops.segment_max(data, segment_ids, num_segments=int(num_segments))


def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Any:
    """Smallest element of the rows of each segment; rows may come in any order."""
    return ops.segment_min(data, segment_ids, num_segments=int(num_segments))


def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Any:
    """Product of the rows of each segment; rows may come in any order."""
    return ops.segment_prod(data, segment_ids, num_segments=int(num_segments))


@composite_op
def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Any:
    """Mean of the rows of each segment; rows may come in any order."""
    data = convert_to_tensor(data)
    counts = unsorted_segment_sum(_row_counts(data, segment_ids), segment_ids, num_segments)
    return ops.divide_no_nan(unsorted_segment_sum(data, segment_ids, num_segments), counts)


@composite_op
def unsorted_segment_sqrt_n(data: Any, segment_ids: Any, num_segments: int, name: str | None = None) -> Any:
    """Sum of the rows of each segment, divided by the square root of their number."""
    data = convert_to_tensor(data)
    counts = unsorted_segment_sum(_row_counts(data, segment_ids), segment_ids, num_segments)
    return ops.divide_no_nan(unsorted_segment_sum(data, segment_ids, num_segments), ops.sqrt(counts))


def xdivy(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, and 0 where x is 0."""
    zero = ops.equal(x, 0)
    return ops.where(
        zero,
        ops.zeros_like(ops.true_divide(x, 1)),
        ops.true_divide(x, ops.where(zero, ops.ones_like(ops.multiply(x, y)), y)),
    )


def xlogy(x: Any, y: Any, name: str | None = None) -> Any:
    """x * log(y), and 0 where x is 0."""
    zero = ops.equal(x, 0)
    return ops.where(
        zero,
        ops.zeros_like(ops.multiply(x, y)),
        ops.multiply(x, ops.log(ops.where(zero, ops.ones_like(ops.multiply(x, y)), y))),
    )


def xlog1py(x: Any, y: Any, name: str | None = None) -> Any:
    """x * log(1 + y), and 0 where x is 0."""
    zero = ops.equal(x, 0)
    return ops.where(
        zero,
        ops.zeros_like(ops.multiply(x, y)),
        ops.multiply(x, ops.log1p(ops.where(zero, ops.zeros_like(ops.multiply(x, y)), y))),
    )


def zero_fraction(value: Any, name: str | None = None) -> Any:
    """Share of the elements that are 0."""
    return ops.mean(ops.cast(ops.equal(value, ops.zeros_like(value)), "float32"))
