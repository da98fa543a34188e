"""Order statistics, histograms, correlation, differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError
from headwater.ops.convert import promote
from headwater.ops.operands import (
    BOOL,
    INT32,
    axes_of,
    axis_of,
    cast,
    const,
    counted,
    cut,
    inexact,
    inexact_pair,
    int_of,
    is_known,
    kept,
    known,
    number,
    pair,
    permuted,
    reshape_to,
    spread,
    tensor,
)  # fmt: skip
from headwater.ops.reduction import mean_of, reduced
from headwater.ops.symbolic import op
from headwater.primitives import elementwise, index, linear, reduce
from headwater.primitives import shape as moves
from headwater.primitives import sort as order
from headwater.primitives.constant import scalar

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def _lines(x: Any, axes: tuple[int, ...]) -> Any:
    """The reduced axes as one line at the end."""
    rest = [axis for axis in range(x.spec.ndim) if axis not in axes]
    moved = permuted(x, (*rest, *axes))
    return reshape_to(moved, (*(x.spec.shape[axis] for axis in rest), math.prod(x.spec.shape[axis] for axis in axes)))


def _places(q: Any, count: int, dtype: Any, divisor: float) -> tuple[Any, Any, Any]:
    """For quantiles of lines of `count` elements: the elements below and above, and the weight of the one above."""
    if is_known(q):
        exact = known(q, "quantile", "q").astype(np.float64) / divisor * (count - 1)
        low, high = np.floor(exact), np.ceil(exact)
        below, above = (tensor(np.clip(each, 0, count - 1).astype(np.int32)) for each in (low, high))
        return below, above, tensor((exact - low).astype(dtype.numpy))
    place = elementwise.multiply(cast(inexact(q), dtype), scalar((count - 1) / divisor, dtype))
    low = elementwise.floor(place)
    below, above = (cast(each, INT32) for each in (low, elementwise.ceil(place)))
    return below, above, elementwise.subtract(place, low)


def _blend(low: Any, high: Any, weight: Any, method: str) -> Any:
    """Between the elements below and above, as the method says."""
    if method == "lower":
        return low
    one = const(1, low)
    if method == "higher":
        return elementwise.select(elementwise.greater(weight, const(0, weight)), high, low)
    if method == "nearest":
        return elementwise.select(elementwise.less_equal(weight, const(0.5, weight)), low, high)
    if method == "midpoint":
        weight = elementwise.select(elementwise.greater(weight, const(0, weight)), const(0.5, weight), const(0, weight))
    mixed = elementwise.add(
        elementwise.multiply(low, elementwise.subtract(one, weight)), elementwise.multiply(high, weight)
    )
    return elementwise.select(elementwise.equal(low, high), low, mixed)


def _quantile(
    x: Any, q: Any, axis: Any, method: str, keepdims: bool, what: str, divisor: float = 1, skip_nan: bool = False
) -> Any:
    if method not in _METHODS:
        raise ArgumentError(f"{what}: method {method!r} is unknown.", fix=f"use one of {', '.join(_METHODS)}.")
    x = inexact(x)
    axes = axes_of(axis, x.spec.ndim, what)
    lines = _lines(x, axes)
    last, count = lines.spec.ndim - 1, lines.spec.shape[-1]
    if count == 0:
        raise ShapeError(
            f"{what}: nothing to search in shape {tuple(x.spec.shape)} along axes {axes}.",
            fix="check for an empty tensor first.",
        )
    ordered = order.sort(lines, axis=last, descending=False)
    q = q if is_known(q) else tensor(q)
    q_shape = np.shape(known(q, what, "q")) if is_known(q) else tuple(q.spec.shape)
    if skip_nan:
        found = _skipping(lines, ordered, q, method, divisor)
    else:
        below, above, weight = _places(q, count, x.spec.dtype, divisor)
        low, high = (index.gather(ordered, places, axis=last, mode="clip") for places in (below, above))
        found = _blend(low, high, weight, method)
        largest = reshape_to(cut(ordered, last, count - 1, count), (*ordered.spec.shape[:-1], *(1,) * len(q_shape)))
        found = elementwise.select(elementwise.isnan(largest), largest, found)
    rest = found.spec.ndim - len(q_shape)
    found = permuted(found, (*range(rest, found.spec.ndim), *range(rest)))
    return reshape_to(found, (*q_shape, *kept(x, axes))) if keepdims else found


def _skipping(lines: Any, ordered: Any, q: Any, method: str, divisor: float) -> Any:
    """Quantiles of what is not NaN: each line has its own count."""
    last, dtype = lines.spec.ndim - 1, lines.spec.dtype
    present = cast(elementwise.bitwise_not(elementwise.isnan(lines)), dtype)
    count = reduced(reduce.reduce_sum, present, (last,), True)
    flat = inexact(q)
    shape = tuple(flat.spec.shape)
    flat = elementwise.multiply(cast(reshape_to(flat, (flat.spec.size,)), dtype), scalar(1 / divisor, dtype))
    final = elementwise.maximum(elementwise.subtract(count, const(1, count)), const(0, count))
    place = elementwise.multiply(final, flat)
    low = elementwise.floor(place)
    below, above = (cast(each, INT32) for each in (low, elementwise.ceil(place)))
    values = [index.take_along_axis(ordered, places, axis=last, mode="clip") for places in (below, above)]
    found = _blend(*values, elementwise.subtract(place, low), method)
    return reshape_to(found, (*found.spec.shape[:-1], *shape))


@op
def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The value below which a part `q` of the elements lies.

    Args:
        x: a tensor of real numbers.
        q: parts from 0 to 1, a number or a tensor.
        axis: one axis or several; None means all.
        method: what to take between two elements: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: whether the axes stay, of size 1.
    Returns: a float tensor: the axes of `q`, then the axes that remain. NaN where an element is NaN.
    Raises: ArgumentError for an unknown method.
    Example:
        >>> float(quantile([1.0, 2.0, 3.0, 4.0], 0.5))
        2.5

    Source: Hyndman and Fan 1996, "Sample quantiles in statistical packages", type 7.
    """
    return _quantile(x, q, axis, method, keepdims, "quantile")


@op
def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The value below which `q` percent of the elements lie.

    Args:
        q: percents from 0 to 100, a number or a tensor.
        x, axis, method, keepdims: as for `quantile`.
    Returns: a float tensor: the axes of `q`, then the axes that remain.
    Source: Hyndman and Fan 1996, "Sample quantiles in statistical packages", type 7.
    """
    return _quantile(x, q, axis, method, keepdims, "percentile", divisor=100)


@op
def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The middle element, or the mean of the two middle ones.

    Args:
        x: a tensor of real numbers.
        axis: one axis or several; None means all.
        keepdims: whether the axes stay, of size 1.
    Returns: a float tensor without those axes; NaN where an element is NaN.
    Example:
        >>> float(median([3, 1, 2]))
        2.0

    Source: own.
    """
    return _quantile(x, 0.5, axis, "midpoint", keepdims, "median")


@op
def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The value below which a part `q` of the elements that are not NaN lies.

    Args:
        x, q, axis, method, keepdims: as for `quantile`.
    Returns: a float tensor: the axes of `q`, then the axes that remain; NaN where all are NaN.
    Source: Hyndman and Fan 1996, "Sample quantiles in statistical packages", type 7.
    """
    return _quantile(x, q, axis, method, keepdims, "nanquantile", skip_nan=True)


@op
def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The value below which `q` percent of the elements that are not NaN lie.

    Args:
        x, q, axis, method, keepdims: as for `percentile`.
    Returns: a float tensor: the axes of `q`, then the axes that remain; NaN where all are NaN.
    Source: Hyndman and Fan 1996, "Sample quantiles in statistical packages", type 7.
    """
    return _quantile(x, q, axis, method, keepdims, "nanpercentile", divisor=100, skip_nan=True)


@op
def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The middle element of those that are not NaN.

    Args:
        x, axis, keepdims: as for `median`.
    Returns: a float tensor without those axes; NaN where all are NaN.
    Source: own.
    """
    return _quantile(x, 0.5, axis, "midpoint", keepdims, "nanmedian", skip_nan=True)


# Counting


@op
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often each whole number occurs.

    Args:
        x: integers of 0 or more, (n,) or rows of them (rows, n); their largest must be known.
        weights: what each counts, of the shape of `x`; 1, if not given.
        minlength: how many numbers to count at least.
        sparse: allowed for Keras's sake; the result is dense.
    Returns: an int32 tensor (numbers,) or (rows, numbers); of the dtype of the weights, if given.
    Raises: ArgumentError in a traced function: how many numbers there are is not known there. ShapeError for more
        than two axes.
    Example:
        >>> bincount([0, 2, 2]).numpy()
        array([1, 0, 2], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    if x.spec.ndim not in (1, 2):
        raise ShapeError(
            f"bincount: shape {tuple(x.spec.shape)} has neither one axis nor two.", fix="give (n,) or (rows, n)."
        )
    values = known(x, "bincount", "x")
    size = max(int(values.max()) + 1 if values.size else 0, int_of(minlength, "bincount", "minlength"))
    amounts = spread(scalar(1, INT32), x.spec.shape) if weights is None else tensor(weights)
    places = reshape_to(cast(x, INT32), (*x.spec.shape, 1))
    if x.spec.ndim == 2:
        rows = spread(counted(x.spec.shape[0], 3, 0, INT32), places.spec.shape)
        places = moves.concatenate(rows, places, axis=2)
    zeros = spread(scalar(0, amounts.spec.dtype), (*x.spec.shape[:-1], size))
    return index.scatter(zeros, places, amounts, kind="add", mode="fill")


@op
def histogram(x: Any, bins: Any = 10, range: Any = None) -> tuple[Any, Any]:
    """How many elements fall into each bin, and the edges of the bins.

    Args:
        x: a tensor of real numbers.
        bins: how many bins of equal width, or their edges in ascending order.
        range: the first and the last edge; the smallest and the largest element, if not given.
    Returns: a pair of float tensors: counts (bins,), edges (bins + 1,). The last bin has its upper edge, the others
        have not.
    Raises: ArgumentError if there are no bins.
    Example:
        >>> counts, edges = histogram([1.0, 2.0, 4.0], bins=3)
        >>> counts.numpy().tolist(), edges.numpy().tolist()
        ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0])

    Source: own.
    """
    x = number(x)
    values = inexact(x)
    values = reshape_to(values, (values.spec.size,))
    edges = _edges(values, bins, range)
    count = edges.spec.shape[0] - 1
    if count < 1:
        raise ArgumentError(f"histogram: {count} bins.", fix="ask for one bin or more.")
    place = elementwise.subtract(order.searchsorted(edges, values, side="right", dtype=INT32), scalar(1, INT32))
    top = reshape_to(cut(edges, 0, count, count + 1), ())
    place = elementwise.select(elementwise.equal(values, top), scalar(count - 1, INT32), place)
    zeros, ones = spread(const(0, values), (count,)), spread(const(1, values), values.spec.shape)
    return index.scatter(zeros, reshape_to(place, (*place.spec.shape, 1)), ones, kind="add", mode="fill"), edges


def _edges(values: Any, bins: Any, bounds: Any) -> Any:
    """The edges of the bins of a histogram."""
    from headwater.ops.creation import linspace

    if not isinstance(bins, int) and len(np.shape(bins) if not hasattr(bins, "shape") else bins.shape) == 1:
        return cast(tensor(bins), values.spec.dtype)
    if bounds is not None:
        low, high = (cast(tensor(each), values.spec.dtype) for each in bounds)
    elif values.spec.size:
        low, high = reduce.reduce_min(values, axes=(0,)), reduce.reduce_max(values, axes=(0,))
    else:
        low, high = const(0, values), const(1, values)
    half = const(0.5, values)
    alike = elementwise.equal(low, high)
    low = elementwise.select(alike, elementwise.subtract(low, half), low)
    high = elementwise.select(alike, elementwise.add(high, half), high)
    return linspace(low, high, int_of(bins, "histogram", "bins") + 1)


# Correlation


@op
def corrcoef(x: Any) -> Any:
    """Pearson's correlation of each pair of rows.

    Args:
        x: variables as rows, (variables, observations), or one variable (observations,).
    Returns: a float matrix (variables, variables); a number for one variable. NaN for a variable that does not vary.
    Raises: ShapeError for more than two axes.
    Source: Pearson 1895.
    """
    x = inexact(x)
    if x.spec.ndim > 2:
        raise ShapeError(
            f"corrcoef: shape {tuple(x.spec.shape)} has more than two axes.", fix="give (variables, observations)."
        )
    single = x.spec.ndim < 2
    rows = reshape_to(x, (1, x.spec.size)) if single else x
    centred = elementwise.subtract(rows, mean_of(rows, (1,), True, "corrcoef"))
    other = elementwise.conj(centred) if centred.spec.dtype.is_complex else centred
    products = linear.matmul(centred, other, transpose_a=False, transpose_b=True)
    size = elementwise.sqrt(reduced(reduce.reduce_sum, elementwise.square(elementwise.abs_(centred)), (1,), True))
    size = cast(size, products.spec.dtype)
    found = elementwise.divide(elementwise.divide(products, size), permuted(size, (1, 0)))
    if not found.spec.dtype.is_complex:
        found = elementwise.clamp(found, const(-1, found), const(1, found))
    return reshape_to(found, ()) if single else found


@op
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """Sums of products of one line with another that is moved along it.

    Args:
        x1: a tensor of one axis, n elements.
        x2: a tensor of one axis, m elements.
        mode: "valid" keeps the places where the shorter line lies inside (|n - m| + 1 of them), "same" the middle
            max(n, m) places,
            "full" all n + m - 1.
    Returns: a tensor of one axis.
    Raises: ArgumentError for another mode; ShapeError if a line has not one axis, or is empty.
    Source: own.
    """
    a, b = pair(x1, x2)
    a, b = number(a), number(b)
    if a.spec.ndim != 1 or b.spec.ndim != 1 or not a.spec.size or not b.spec.size:
        raise ShapeError(
            f"correlate: shapes {tuple(a.spec.shape)} and {tuple(b.spec.shape)} are not two lines with elements.",
            fix="give two tensors of one axis.",
        )
    n, m = a.spec.shape[0], b.spec.shape[0]
    small, large = min(n, m), max(n, m)
    skip = {"full": 0, "valid": small - 1, "same": (small - 1) // 2}
    if mode not in skip:
        raise ArgumentError(f"correlate: mode {mode!r} is unknown.", fix='use "valid", "same" or "full".')
    total = n + m - 1
    wanted = {"full": total, "valid": large - small + 1, "same": large}[mode]
    start = skip[mode] if n >= m else total - skip[mode] - wanted
    padded = moves.pad(a, scalar(0, a.spec.dtype), low=(m - 1,), high=(m - 1,), interior=(0,))
    places = np.arange(start, start + wanted)[:, None] + np.arange(m)
    windows = index.gather(padded, tensor(places.astype(np.int32)), axis=0, mode="clip")
    column = reshape_to(elementwise.conj(b) if b.spec.dtype.is_complex else b, (m, 1))
    return reshape_to(linear.matmul(windows, column, transpose_a=False, transpose_b=False), (wanted,))


@op
def cdist(x: Any, y: Any) -> Any:
    """Euclidean distances between the points of two sets.

    Args:
        x: points (..., n, features).
        y: points (..., m, features).
    Returns: a float tensor (..., n, m).
    Raises: ShapeError if the numbers of features differ.
    Source: own.
    """
    x, y = inexact_pair(x, y)
    if x.spec.ndim < 2 or y.spec.ndim < 2 or x.spec.shape[-1] != y.spec.shape[-1]:
        raise ShapeError(
            f"cdist: points of shapes {tuple(x.spec.shape)} and {tuple(y.spec.shape)}.",
            fix="give (..., n, features) and (..., m, features) of as many features.",
        )
    left = reshape_to(x, (*x.spec.shape[:-1], 1, x.spec.shape[-1]))
    right = reshape_to(y, (*y.spec.shape[:-2], 1, *y.spec.shape[-2:]))
    squares = elementwise.square(elementwise.subtract(left, right))
    return elementwise.sqrt(reduce.reduce_sum(squares, axes=(squares.spec.ndim - 1,)))


# Differences and integrals


@op
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbours along an axis.

    Args:
        a: a tensor of one axis or more; for bool, whether neighbours differ.
        n: how often to take differences.
        axis: the axis.
    Returns: a tensor that is shorter by n along the axis.
    Raises: ArgumentError if n is negative.
    Example:
        >>> diff([1, 4, 9]).numpy()
        array([3, 5], dtype=int32)

    Source: own.
    """
    x = tensor(a)
    if n < 0:
        raise ArgumentError(f"diff: {n} differences.", fix="use n of 0 or more.")
    place = axis_of(axis, x.spec.ndim, "diff")
    subtract = elementwise.not_equal if x.spec.dtype is BOOL else elementwise.subtract
    for _ in range(n):
        size = x.spec.shape[place]
        x = subtract(cut(x, place, min(1, size), size), cut(x, place, 0, max(size - 1, 0)))
    return x


@op
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of values along an axis, by straight lines between them.

    Args:
        y: values, a tensor.
        x: the places of the values: of the shape of `y`, or one axis; at distances `dx`, if not given.
        dx: the distance of neighbours.
        axis: the axis.
    Returns: a float tensor without the axis.
    Source: own.
    """
    y = inexact(y) if x is None else inexact_pair(y, x)[0]
    place = axis_of(axis, y.spec.ndim, "trapezoid")
    size = y.spec.shape[place]
    sums = elementwise.add(cut(y, place, min(1, size), size), cut(y, place, 0, max(size - 1, 0)))
    if x is None:
        width = promote(sums, dx)[1]
        width = cast(width, y.spec.dtype)
    else:
        line = cast(inexact(x), y.spec.dtype)
        width = diff(line, axis=0 if line.spec.ndim == 1 else place)
        if line.spec.ndim == 1:
            width = reshape_to(width, [width.spec.shape[0] if axis == place else 1 for axis in range(y.spec.ndim)])
    areas = elementwise.multiply(elementwise.multiply(sums, width), const(0.5, y))
    return reduce.reduce_sum(areas, axes=(place,))
