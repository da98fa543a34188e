"""Moments, and what is scaled by them."""

from __future__ import annotations

from typing import Any

from headwater.dtypes import as_dtype, result_type
from headwater.errors import ArgumentError, ShapeError, UnsupportedError
from headwater.ops.convert import promote
from headwater.ops.defaults import epsilon as default_epsilon
from headwater.ops.operands import FLOAT32, axes_of, axis_of, cast, const, inexact, kept, reshape_to, tensor, wide
from headwater.ops.reduction import mean_of, reduced
from headwater.ops.symbolic import op
from headwater.primitives import elementwise, neural, reduce
from headwater.primitives.constant import scalar
from headwater.primitives.moments import moments as one_pass_moments


def _moments(x: Any, axes: tuple[int, ...], what: str) -> tuple[Any, Any]:
    """Mean and variance with the axes kept.

    Along the last axis each row stays in the cache while its deviations are found; otherwise one pass over all of `x`
    has to do.
    """
    if axes == (x.spec.ndim - 1,) or not axes or not x.spec.dtype.is_floating:
        mean = mean_of(x, axes, True, what)
        return mean, mean_of(elementwise.square(elementwise.subtract(x, mean)), axes, True, what)
    sizes = kept(x, axes)
    mean, variance = one_pass_moments(x, axes=axes)
    return reshape_to(mean, sizes), reshape_to(variance, sizes)


@op
def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """Mean and variance along axes.

    Args:
        x: a tensor of real numbers; 16-bit floats are computed in float32, and the results held in their range.
        axes: one axis or several.
        keepdims: whether the axes stay, of size 1.
        synchronized: over several machines; not served here.
    Returns: a pair of float tensors without those axes.
    Raises: UnsupportedError for `synchronized`.
    Example:
        >>> mean, variance = moments([1.0, 3.0], axes=[0])
        >>> float(mean), float(variance)
        (2.0, 1.0)

    Source: own.
    """
    if synchronized:
        raise UnsupportedError(
            "moments: synchronized=True is not served by ops.",
            fix="leave it out; a distributed step averages moments itself.",
        )
    x = inexact(x)
    dtype = x.spec.dtype
    places = axes_of(axes, x.spec.ndim, "moments")
    found = _moments(wide(x), places, "moments")
    if not keepdims:
        rest = [size for place, size in enumerate(x.spec.shape) if place not in places]
        found = tuple(reshape_to(each, rest) for each in found)
    if dtype.is_floating and dtype.size == 2:
        half = as_dtype("float16")
        low, high = (scalar(float(each), FLOAT32) for each in (half.min, half.max))
        found = tuple(cast(elementwise.clamp(each, low, high), dtype) for each in found)
    return found  # type: ignore[return-value]


@op
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, with one number for each element of an axis.

    Args:
        x: a tensor.
        mean, variance: vectors as long as the axis.
        axis: the axis.
        offset, scale: vectors as long as the axis; left out if None.
        epsilon: keeps the divisor away from 0.
    Returns: a float tensor of the shape of `x`.
    Raises: ShapeError if a vector has another length.
    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.
    """
    x = inexact(x)
    place = axis_of(axis, x.spec.ndim, "batch_normalization")
    vectors = [None if each is None else tensor(each) for each in (mean, variance, offset, scale)]
    for name, vector in zip(("mean", "variance", "offset", "scale"), vectors):
        size = x.spec.shape[place]
        if vector is not None and (vector.spec.ndim != 1 or (size is not None and vector.spec.shape[0] != size)):
            raise ShapeError(
                f"batch_normalization: {name} of shape {tuple(vector.spec.shape)} for axis {place} of shape "
                f"{tuple(x.spec.shape)}.",
                fix=f"give a vector of {size} elements.",
            )
    given = promote(*[each for each in vectors if each is not None])
    mean, variance, offset, scale = (None if each is None else given.pop(0) for each in vectors)
    factor = elementwise.rsqrt(elementwise.add(variance, const(epsilon, variance)))
    factor = factor if scale is None else elementwise.multiply(factor, scale)
    shift = elementwise.negative(elementwise.multiply(mean, factor))
    shift = shift if offset is None else elementwise.add(shift, offset)
    along = [factor.spec.shape[0] if axis == place else 1 for axis in range(x.spec.ndim)]
    x, factor, shift = promote(x, reshape_to(factor, along), reshape_to(shift, along))
    return elementwise.add(elementwise.multiply(x, factor), shift)


def _along(vector: Any, x: Any, axes: tuple[int, ...], what: str) -> Any:
    """A vector (or the product of axes) of weights, shaped so that it broadcasts against x along `axes`."""
    vector = cast(tensor(vector), x.spec.dtype)
    wanted = [size if place in axes else 1 for place, size in enumerate(x.spec.shape)]
    if vector.spec.ndim == x.spec.ndim or axes == (x.spec.ndim - 1,):
        return vector
    if vector.spec.size != _product(wanted):
        raise ShapeError(
            f"{what}: weights of shape {tuple(vector.spec.shape)} for axes {axes} of shape {tuple(x.spec.shape)}.",
            fix="give one for each element of those axes.",
        )
    return reshape_to(vector, wanted)


def _product(sizes: Any) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


@op
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, **kwargs: Any
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, with the moments of each sample along axes.

    Args:
        x: a tensor; 16-bit floats are computed in float32.
        gamma, beta: weights along the axes; left out if None.
        axis: one axis or several.
        epsilon: keeps the divisor away from 0; 1e-7, if not given.
        kwargs: `rms_scaling=True`, which does without mean and beta; older than `rms_normalization`.
    Returns: a float tensor of the shape and dtype of `x`.
    Example:
        >>> layer_normalization([[1.0, 3.0]]).numpy().round(3)
        array([[-1.,  1.]], dtype=float32)

    Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450.
    """
    rms_scaling = kwargs.pop("rms_scaling", False)
    if kwargs:
        raise ArgumentError(f"layer_normalization: unknown arguments {', '.join(kwargs)}.", fix="leave them out.")
    x = inexact(x)
    dtype = x.spec.dtype
    work = cast(x, result_type(dtype, "float32"))
    axes = axes_of(axis, work.spec.ndim, "layer_normalization")
    epsilon = default_epsilon() if epsilon is None else epsilon
    if axes == (work.spec.ndim - 1,) and not rms_scaling:
        weights = [None if each is None else cast(tensor(each), work.spec.dtype) for each in (gamma, beta)]
        if all(each is None or each.spec.shape == work.spec.shape[-1:] for each in weights):
            given = [each for each in weights if each is not None]
            found = neural.layer_normalization(
                work, *given, epsilon=float(epsilon), scaled=weights[0] is not None, centered=weights[1] is not None
            )
            return cast(found, dtype)
    small = const(epsilon, work)
    mean, variance = _moments(work, axes, "layer_normalization")
    factor = elementwise.rsqrt(elementwise.add(variance, small))
    factor = factor if gamma is None else elementwise.multiply(factor, _along(gamma, work, axes, "layer_normalization"))
    if rms_scaling:
        return cast(elementwise.multiply(work, factor), dtype)
    found = elementwise.multiply(elementwise.subtract(work, mean), factor)
    if beta is not None:
        found = elementwise.add(found, _along(beta, work, axes, "layer_normalization"))
    return cast(found, dtype)


@op
def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Any:
    """x / sqrt(mean(x * x) + epsilon) * scale, with the mean along axes.

    Args:
        x: a tensor; 16-bit floats are computed in float32.
        scale: weights along the axes; left out if None.
        axis: one axis or several.
        epsilon: keeps the divisor away from 0; 1e-7, if not given.
    Returns: a float tensor of the shape and dtype of `x`.
    Source: Zhang and Sennrich 2019, arXiv:1910.07467.
    """
    x = inexact(x)
    dtype = x.spec.dtype
    work = cast(x, result_type(dtype, "float32"))
    work = reshape_to(work, (1,)) if work.spec.ndim == 0 else work
    axes = axes_of(axis, work.spec.ndim, "rms_normalization")
    power = mean_of(elementwise.square(work), axes, True, "rms_normalization")
    small = const(default_epsilon() if epsilon is None else epsilon, power)
    found = elementwise.multiply(work, elementwise.rsqrt(elementwise.add(power, small)))
    if scale is not None:
        found = elementwise.multiply(found, cast(tensor(scale), found.spec.dtype))
    return cast(found, dtype)


@op
def normalize(x: Any, axis: Any = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """x divided by its norm along axes.

    Args:
        x: a tensor of real numbers.
        axis: one axis or several.
        order: which norm: the `order`-th root of the sum of the `order`-th powers.
        epsilon: the least divisor; 1e-7, if not given.
    Returns: a float tensor of the shape of `x`.
    Raises: ArgumentError if `order` is not a whole number of 1 or more.
    Example:
        >>> normalize([3.0, 4.0]).numpy().round(3)
        array([0.6, 0.8], dtype=float32)

    Source: own.
    """
    from headwater.ops.linalg import norm

    if not isinstance(order, int) or order < 1:
        raise ArgumentError(f"normalize: order {order!r}.", fix="use a whole number of 1 or more.")
    x = inexact(x)
    x = reshape_to(x, (1,)) if x.spec.ndim == 0 else x
    least = default_epsilon() if epsilon is None else epsilon
    if order == 2:
        total = reduced(reduce.reduce_sum, elementwise.square(x), axes_of(axis, x.spec.ndim, "normalize"), True)
        return elementwise.multiply(x, elementwise.minimum(elementwise.rsqrt(total), const(1.0 / least, total)))
    size = norm(x, ord=order, axis=axis, keepdims=True)
    return elementwise.divide(x, elementwise.maximum(size, const(least, size)))
