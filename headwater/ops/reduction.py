"""Reductions along axes, cumulative ones, and their kin that pass over NaN."""

from __future__ import annotations

import math
from typing import Any

from headwater.dtypes import as_dtype
from headwater.errors import ShapeError
from headwater.ops.convert import promote
from headwater.ops.defaults import floatx
from headwater.ops.operands import (
    BOOL,
    INT32,
    axes_of,
    axis_of,
    boolean,
    cast,
    const,
    inexact,
    kept,
    number,
    reshape_to,
    spread,
    tensor,
    wide,
)  # fmt: skip
from headwater.ops.symbolic import op
from headwater.primitives import custom, elementwise, reduce
from headwater.primitives.constant import scalar

_WIDER = {"bool": INT32, "int8": INT32, "int16": INT32, "uint8": as_dtype("uint32"), "uint16": as_dtype("uint32")}


def reduced(primitive: Any, x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """A reduction over axes; with `keepdims` they stay, of size 1."""
    found = primitive(x, axes=axes)
    return reshape_to(found, kept(x, axes)) if keepdims else found


def _summable(x: Any) -> Any:
    """`x` in the dtype that its sum has: narrow integers are summed in 32 bits."""
    x = tensor(x)
    wider = _WIDER.get(x.spec.dtype)
    return x if wider is None else elementwise.cast(x, dtype=wider)


def _count(x: Any, axes: tuple[int, ...], what: str) -> int:
    sizes = [x.spec.shape[axis] for axis in axes]
    if None in sizes:
        raise ShapeError(
            f"{what}: shape {tuple(x.spec.shape)} does not say how many elements there are.",
            fix="trace with known sizes.",
        )
    return math.prod(sizes)


@op
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum of the elements along axes.

    Args:
        x: a tensor; bool and narrow integers are summed in 32 bits.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a tensor without those axes.
    Raises: ShapeError if an axis does not exist.
    Example:
        >>> sum([[1, 2], [3, 4]], axis=0).numpy()
        array([4, 6], dtype=int32)

    Source: own.
    """
    x = _summable(x)
    return reduced(reduce.reduce_sum, x, axes_of(axis, x.spec.ndim, "sum"), keepdims)


@op
def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Product of the elements along axes.

    Args:
        x: a tensor; bool and narrow integers are multiplied in 32 bits.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
        dtype: the dtype of the result.
    Returns: a tensor without those axes.
    Source: own.
    """
    x = _summable(x) if dtype is None else cast(tensor(x), as_dtype(dtype))
    return reduced(reduce.reduce_prod, x, axes_of(axis, x.spec.ndim, "prod"), keepdims)


def mean_of(x: Any, axes: tuple[int, ...], keepdims: bool, what: str = "mean") -> Any:
    """Mean of a float or complex tensor, in its own precision."""
    count = _count(x, axes, what)
    total = reduced(reduce.reduce_sum, x, axes, keepdims)
    return elementwise.multiply(total, const(1 / count if count else math.nan, total)) if count != 1 else total


@op
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Mean of the elements along axes.

    Args:
        x: a tensor; integers give the default float dtype, 16-bit floats are added up in float32.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a float or complex tensor without those axes; NaN for no elements.
    Example:
        >>> mean([[1.0, 2.0], [3.0, 6.0]], axis=1).numpy()
        array([1.5, 4.5], dtype=float32)

    Source: own.
    """
    x = inexact(x)
    return cast(mean_of(wide(x), axes_of(axis, x.spec.ndim, "mean"), keepdims), x.spec.dtype)


def var_of(x: Any, axes: tuple[int, ...], keepdims: bool, what: str = "var") -> Any:
    """Variance of a float or complex tensor, in its own precision."""
    centred = elementwise.subtract(x, mean_of(x, axes, True, what))
    if x.spec.dtype.is_complex:
        centred = elementwise.abs_(centred)
    return mean_of(elementwise.square(centred), axes, keepdims, what)


@op
def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Variance of the elements along axes: the mean square of their distances from the mean.

    Args:
        x: a tensor; integers give the default float dtype, 16-bit floats are computed in float32.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a float tensor without those axes.
    Example:
        >>> var([1.0, 3.0]).numpy().item()
        1.0

    Source: own.
    """
    x = inexact(x)
    return cast(var_of(wide(x), axes_of(axis, x.spec.ndim, "var"), keepdims), x.spec.dtype.real_dtype)


@op
def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Standard deviation of the elements along axes: the square root of their variance.

    Args:
        x: a tensor; integers give the default float dtype, 16-bit floats are computed in float32.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a float tensor without those axes.
    Source: own.
    """
    x = inexact(x)
    found = elementwise.sqrt(var_of(wide(x), axes_of(axis, x.spec.ndim, "std"), keepdims, "std"))
    return cast(found, x.spec.dtype.real_dtype)


def _extreme(x: Any, axis: Any, keepdims: bool, initial: Any, what: str) -> Any:
    x = tensor(x)
    largest = what in ("max", "amax")
    axes = axes_of(axis, x.spec.ndim, what)
    if x.spec.dtype is BOOL:
        found = reduced(reduce.reduce_any if largest else reduce.reduce_all, x, axes, keepdims)
    elif initial is not None and 0 in [x.spec.shape[each] for each in axes]:
        rest = kept(x, axes) if keepdims else [size for place, size in enumerate(x.spec.shape) if place not in axes]
        return spread(cast(tensor(initial), x.spec.dtype), rest)
    else:
        found = reduced(reduce.reduce_max if largest else reduce.reduce_min, x, axes, keepdims)
    if initial is None:
        return found
    return (elementwise.maximum if largest else elementwise.minimum)(found, cast(tensor(initial), x.spec.dtype))


@op
def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Largest element along axes; NaN if there is one.

    Args:
        x: a tensor of real numbers or bool.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
        initial: a number that takes part in each comparison; needed if there are no elements.
    Returns: a tensor without those axes. Elements that tie share the gradient.
    Raises: ShapeError if there are no elements.
    Example:
        >>> max([[1, 5], [7, 2]], axis=1).numpy()
        array([5, 7], dtype=int32)

    Source: own.
    """
    return _extreme(x, axis, keepdims, initial, "max")


@op
def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """Smallest element along axes; NaN if there is one.

    Args:
        x: a tensor of real numbers or bool.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
        initial: a number that takes part in each comparison; needed if there are no elements.
    Returns: a tensor without those axes. Elements that tie share the gradient.
    Raises: ShapeError if there are no elements.
    Source: own.
    """
    return _extreme(x, axis, keepdims, initial, "min")


@op
def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Largest element along axes: another name of `max`.

    Args:
        x, axis, keepdims: as for `max`.
    Returns: a tensor without those axes.
    Source: own.
    """
    return _extreme(x, axis, keepdims, None, "amax")


@op
def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Smallest element along axes: another name of `min`.

    Args:
        x, axis, keepdims: as for `min`.
    Returns: a tensor without those axes.
    Source: own.
    """
    return _extreme(x, axis, keepdims, None, "amin")


@op
def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Distance between the largest and the smallest element along axes.

    Args:
        x: a tensor of real numbers.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a tensor without those axes.
    Source: own.
    """
    x = number(x)
    return elementwise.subtract(_extreme(x, axis, keepdims, None, "max"), _extreme(x, axis, keepdims, None, "min"))


@op
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """True if any element along axes is true, that is, not zero.

    Args:
        x: a tensor.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a bool tensor without those axes.
    Source: own.
    """
    x = boolean(x)
    return reduced(reduce.reduce_any, x, axes_of(axis, x.spec.ndim, "any"), keepdims)


@op
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """True if all elements along axes are true, that is, not zero.

    Args:
        x: a tensor.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a bool tensor without those axes.
    Source: own.
    """
    x = boolean(x)
    return reduced(reduce.reduce_all, x, axes_of(axis, x.spec.ndim, "all"), keepdims)


@op
def count_nonzero(x: Any, axis: Any = None) -> Any:
    """How many elements along axes are not zero.

    Args:
        x: a tensor.
        axis: one axis or several; None means all.
    Returns: an int32 tensor without those axes.
    Source: own.
    """
    x = boolean(x)
    return reduce.reduce_sum(elementwise.cast(x, dtype=INT32), axes=axes_of(axis, x.spec.ndim, "count_nonzero"))


def argument(primitive: Any, x: Any, axis: int | None, keepdims: bool, what: str) -> Any:
    """Position of an extremum along an axis, or among all elements in row-major order."""
    if axis is None:
        found = primitive(reshape_to(x, (x.spec.size,)), axis=0, dtype=INT32)
        return reshape_to(found, (1,) * x.spec.ndim) if keepdims else found
    place = axis_of(axis, x.spec.ndim, what)
    found = primitive(x, axis=place, dtype=INT32)
    return reshape_to(found, kept(x, (place,))) if keepdims else found


@op
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Position of the largest element along an axis, the first of several; a NaN counts as the largest.

    Args:
        x: a tensor of real numbers or bool.
        axis: the axis; None searches all elements in row-major order.
        keepdims: whether the axis stays, of size 1.
    Returns: an int32 tensor without that axis.
    Raises: ShapeError if there are no elements.
    Example:
        >>> argmax([[1, 5], [7, 2]], axis=1).numpy()
        array([1, 0], dtype=int32)

    Source: own.
    """
    return argument(reduce.argmax, tensor(x), axis, keepdims, "argmax")


@op
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Position of the smallest element along an axis, the first of several; a NaN counts as the smallest.

    Args:
        x: a tensor of real numbers or bool.
        axis: the axis; None searches all elements in row-major order.
        keepdims: whether the axis stays, of size 1.
    Returns: an int32 tensor without that axis.
    Raises: ShapeError if there are no elements.
    Source: own.
    """
    return argument(reduce.argmin, tensor(x), axis, keepdims, "argmin")


@op
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) along axes, without overflow.

    Args:
        x: a tensor of real numbers.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a float tensor without those axes.
    Example:
        >>> logsumexp([[0.0, 0.0]], axis=1).numpy().round(4)
        array([0.6931], dtype=float32)

    Source: Blanchard, Higham and Higham 2021, "Accurately computing the log-sum-exp and softmax functions".
    """
    x = inexact(x)
    axes = axes_of(axis, x.spec.ndim, "logsumexp")
    peak = finite_peak(x, axes)
    total = reduced(reduce.reduce_sum, elementwise.exp(elementwise.subtract(x, peak)), axes, True)
    found = elementwise.add(elementwise.log(total), peak)
    return (
        found if keepdims else reshape_to(found, [size for place, size in enumerate(x.spec.shape) if place not in axes])
    )


def finite_peak(x: Any, axes: tuple[int, ...]) -> Any:
    """The largest element along axes, which stay; 0 where it is infinite or NaN. No gradient flows through it."""
    peak = custom.stop_gradient(reduced(reduce.reduce_max, x, axes, True))
    return elementwise.select(elementwise.isfinite(peak), peak, const(0, peak))


# Cumulative


def _cumulative(primitive: Any, x: Any, axis: int | None, dtype: Any, what: str) -> Any:
    x = number(x) if dtype is None else cast(tensor(x), as_dtype(dtype))
    if axis is None:
        x, axis = reshape_to(x, (x.spec.size,)), 0
    return primitive(x, axis=axis_of(axis, x.spec.ndim, what), reverse=False)


@op
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running sum along an axis.

    Args:
        x: a tensor.
        axis: the axis; None runs over all elements in one line.
        dtype: the dtype of the result.
    Returns: a tensor of the shape of `x`, or of one axis.
    Example:
        >>> cumsum([1, 2, 3]).numpy()
        array([1, 3, 6], dtype=int32)

    Source: own.
    """
    return _cumulative(reduce.cumulative_sum, x, axis, dtype, "cumsum")


@op
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running product along an axis.

    Args:
        x: a tensor.
        axis: the axis; None runs over all elements in one line.
        dtype: the dtype of the result.
    Returns: a tensor of the shape of `x`, or of one axis.
    Source: own.
    """
    return _cumulative(reduce.cumulative_prod, x, axis, dtype, "cumprod")


@op
def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """Weighted mean of the elements along axes.

    Args:
        x: a tensor.
        axis: one axis or several; None means all.
        weights: how much each element counts: of the shape of `x`, or of one axis as long as `axis`; None counts all
            alike.
    Returns: a float tensor without those axes.
    Raises: ShapeError if the weights do not fit.
    Example:
        >>> average([1.0, 3.0], weights=[3.0, 1.0]).numpy().item()
        1.5

    Source: own.
    """
    if weights is None:
        return mean(x, axis)
    x, weights = promote(x, weights, to=lambda dtype: dtype if dtype.is_inexact else floatx())
    axes = axes_of(axis, x.spec.ndim, "average")
    if weights.spec.shape != x.spec.shape:
        if weights.spec.ndim != 1 or len(axes) != 1 or weights.spec.shape[0] != x.spec.shape[axes[0]]:
            raise ShapeError(
                f"average: weights of shape {tuple(weights.spec.shape)} for elements of shape "
                f"{tuple(x.spec.shape)} along axes {axes}.",
                fix="give weights of the shape of `x`, or a vector as long as the one axis.",
            )
        weights = reshape_to(weights, [size if place == axes[0] else 1 for place, size in enumerate(x.spec.shape)])
        weights = spread(weights, x.spec.shape)
    weighted = reduce.reduce_sum(elementwise.multiply(x, weights), axes=axes)
    return elementwise.divide(weighted, reduce.reduce_sum(weights, axes=axes))


# NaN passed over


def without_nan(x: Any, value: complex) -> tuple[Any, Any]:
    """`x` with `value` in the place of each NaN, and where they were; None if the dtype has no NaN."""
    x = tensor(x)
    if not x.spec.dtype.is_floating:
        return x, None
    missing = elementwise.isnan(x)
    return elementwise.select(missing, const(value, x), x), missing


@op
def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum of the elements along axes that are not NaN; 0 if there are none.

    Args:
        x: a tensor.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a tensor without those axes.
    Source: own.
    """
    return sum(without_nan(x, 0)[0], axis, keepdims)


@op
def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Product of the elements along axes that are not NaN; 1 if there are none.

    Args:
        x: a tensor.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a tensor without those axes.
    Source: own.
    """
    return prod(without_nan(x, 1)[0], axis, keepdims)


@op
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running sum along an axis in which NaN counts as 0.

    Args:
        x, axis, dtype: as for `cumsum`.
    Returns: a tensor of the shape of `x`, or of one axis.
    Source: own.
    """
    return cumsum(without_nan(x, 0)[0], axis, dtype)


@op
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Running product along an axis in which NaN counts as 1.

    Args:
        x, axis, dtype: as for `cumprod`.
    Returns: a tensor of the shape of `x`, or of one axis.
    Source: own.
    """
    return cumprod(without_nan(x, 1)[0], axis, dtype)


def _nan_extreme(x: Any, axis: Any, keepdims: bool, largest: bool) -> Any:
    what = "nanmax" if largest else "nanmin"
    filled, missing = without_nan(x, -math.inf if largest else math.inf)
    found = _extreme(filled, axis, keepdims, None, "max" if largest else "min")
    if missing is None:
        return found
    nothing = reduced(reduce.reduce_all, missing, axes_of(axis, missing.spec.ndim, what), keepdims)
    return elementwise.select(nothing, const(math.nan, found), found)


@op
def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Largest element along axes that is not NaN; NaN if there is none.

    Args:
        x: a tensor of real numbers.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a tensor without those axes.
    Source: own.
    """
    return _nan_extreme(x, axis, keepdims, True)


@op
def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Smallest element along axes that is not NaN; NaN if there is none.

    Args:
        x: a tensor of real numbers.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a tensor without those axes.
    Source: own.
    """
    return _nan_extreme(x, axis, keepdims, False)


def _nan_argument(x: Any, axis: int | None, keepdims: bool, largest: bool) -> Any:
    filled, missing = without_nan(x, -math.inf if largest else math.inf)
    found = argument(
        reduce.argmax if largest else reduce.argmin, filled, axis, keepdims, "nanargmax" if largest else "nanargmin"
    )
    if missing is None:
        return found
    nothing = reduced(reduce.reduce_all, missing, axes_of(axis, missing.spec.ndim, "nanargmax"), keepdims)
    return elementwise.select(nothing, scalar(-1, INT32), found)


@op
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Position of the largest element along an axis that is not NaN; -1 if there is none.

    Args:
        x, axis, keepdims: as for `argmax`.
    Returns: an int32 tensor without that axis.
    Source: own.
    """
    return _nan_argument(x, axis, keepdims, True)


@op
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Position of the smallest element along an axis that is not NaN; -1 if there is none.

    Args:
        x, axis, keepdims: as for `argmin`.
    Returns: an int32 tensor without that axis.
    Source: own.
    """
    return _nan_argument(x, axis, keepdims, False)


def _nan_mean(filled: Any, missing: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    """Mean of what is not missing, the rest being 0."""
    present = elementwise.select(missing, const(0, filled), const(1, filled))
    count = reduced(reduce.reduce_sum, present, axes, keepdims)
    return elementwise.divide(reduced(reduce.reduce_sum, filled, axes, keepdims), count)


@op
def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Mean of the elements along axes that are not NaN; NaN if there are none.

    Args:
        x: a tensor.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a float tensor without those axes.
    Example:
        >>> nanmean([1.0, float("nan"), 3.0]).numpy().item()
        2.0

    Source: own.
    """
    x = inexact(x)
    filled, missing = without_nan(wide(x), 0)
    if missing is None:
        return mean(x, axis, keepdims)
    return cast(_nan_mean(filled, missing, axes_of(axis, x.spec.ndim, "nanmean"), keepdims), x.spec.dtype)


def _nan_var(x: Any, axis: Any, keepdims: bool, what: str) -> Any:
    filled, missing = without_nan(wide(x), 0)
    axes = axes_of(axis, x.spec.ndim, what)
    if missing is None:
        return var_of(wide(x), axes, keepdims, what)
    centred = elementwise.subtract(filled, _nan_mean(filled, missing, axes, True))
    squares = elementwise.select(missing, const(0, filled), elementwise.square(centred))
    return _nan_mean(squares, missing, axes, keepdims)


@op
def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Variance of the elements along axes that are not NaN; NaN if there are none.

    Args:
        x: a tensor.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a float tensor without those axes.
    Source: own.
    """
    x = inexact(x)
    return cast(_nan_var(x, axis, keepdims, "nanvar"), x.spec.dtype.real_dtype)


@op
def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Standard deviation of the elements along axes that are not NaN; NaN if there are none.

    Args:
        x: a tensor.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a float tensor without those axes.
    Source: own.
    """
    x = inexact(x)
    return cast(elementwise.sqrt(_nan_var(x, axis, keepdims, "nanstd")), x.spec.dtype.real_dtype)
