"""Padding in all of NumPy's modes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError
from headwater.ops.operands import cast, cut, kept, known, reshape_to, spread, tensor
from headwater.ops.symbolic import op
from headwater.primitives import elementwise, index
from headwater.primitives import shape as moves

_BY_INDEX = ("edge", "reflect", "symmetric", "wrap")
_BY_STATISTIC = ("maximum", "mean", "median", "minimum")


@op
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """`x` with more elements around it.

    Args:
        x: a tensor.
        pad_width: elements to put before and after along each axis: ((before, after), ...); one pair or one number
            serves all axes.
        mode: what to put there, as in NumPy: "constant", "edge", "reflect", "symmetric", "wrap", "maximum", "mean",
            "median",
            "minimum", "linear_ramp" (towards 0) or "empty" (zeros here).
        constant_values: the number for mode "constant"; 0, if not given. As in NumPy, pairs may give one for each edge.
    Returns: a larger tensor.
    Raises: ArgumentError for an unknown mode, or `constant_values` with another mode; ShapeError if widths do not
        fit the axes.
    Example:
        >>> pad([1, 2], 1).numpy()
        array([0, 1, 2, 0], dtype=int32)
        >>> pad([1, 2, 3], (2, 1), mode="reflect").numpy()
        array([3, 2, 1, 2, 3, 2], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    widths = _widths(pad_width, x)
    if constant_values is not None and mode != "constant":
        raise ArgumentError(f"pad: constant_values with mode {mode!r}.", fix='leave them out, or use mode "constant".')
    if mode in ("constant", "empty"):
        return _constant(x, widths, 0 if constant_values is None else constant_values)
    if mode in _BY_INDEX:
        return _by_index(x, widths, mode)
    if mode in _BY_STATISTIC:
        return _around(x, widths, lambda y, axis: _statistic(y, axis, mode))
    if mode == "linear_ramp":
        return _around(x, widths, None)
    raise ArgumentError(
        f"pad: mode {mode!r} is unknown.",
        fix="use constant, edge, reflect, symmetric, wrap, maximum, mean, median, minimum or linear_ramp.",
    )


def _widths(pad_width: Any, x: Any) -> list[tuple[int, int]]:
    """Elements before and after, for each axis."""
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(axis, pad_width.get(axis - x.spec.ndim, 0)) for axis in range(x.spec.ndim)]
        pad_width = [(each, each) if isinstance(each, int) else tuple(each) for each in pad_width]
    values = known(pad_width, "pad", "pad_width")
    try:
        pairs = np.broadcast_to(values, (x.spec.ndim, 2))
    except ValueError:
        raise ShapeError(
            f"pad: widths of shape {values.shape} for the {x.spec.ndim} axes of shape {tuple(x.spec.shape)}.",
            fix="give one pair (before, after) for each axis, one pair for all, or one number.",
        ) from None
    if values.dtype.kind not in "iu" or (pairs < 0).any():
        raise ArgumentError(
            f"pad: widths {values.tolist()} are not whole numbers of 0 or more.", fix="slice to make a tensor smaller."
        )
    return [(int(before), int(after)) for before, after in pairs]


def _constant(x: Any, widths: Sequence[tuple[int, int]], values: Any) -> Any:
    value = tensor(values)
    if value.spec.ndim == 0:
        low, high = zip(*widths) if widths else ((), ())
        if not any(low) and not any(high):
            return x
        return moves.pad(x, cast(value, x.spec.dtype), low=low, high=high, interior=(0,) * len(widths))
    value = spread(cast(value, x.spec.dtype), (x.spec.ndim, 2))
    for axis, width in enumerate(widths):
        for side in (0, 1):
            amounts = [
                tuple(width[side] if place == axis and edge == side else 0 for place in range(x.spec.ndim))
                for edge in (0, 1)
            ]
            edge_value = reshape_to(cut(cut(value, 0, axis, axis + 1), 1, side, side + 1), ())
            x = moves.pad(x, edge_value, low=amounts[0], high=amounts[1], interior=(0,) * x.spec.ndim)
    return x


def _by_index(x: Any, widths: Sequence[tuple[int, int]], mode: str) -> Any:
    """Each element of the result is some element of `x`: along each axis, where from is known beforehand."""
    for axis, width in enumerate(widths):
        if width == (0, 0):
            continue
        size = x.spec.shape[axis]
        if not size:
            raise ShapeError(
                f"pad: axis {axis} of shape {tuple(x.spec.shape)} has no elements to repeat.",
                fix='use mode "constant".',
            )
        source = np.pad(np.arange(size, dtype=np.int32), width, mode=mode)  # type: ignore[call-overload]
        x = index.gather(x, tensor(source), axis=axis, mode="clip")
    return x


def _around(x: Any, widths: Sequence[tuple[int, int]], statistic: Callable[[Any, int], Any] | None) -> Any:
    """Axis by axis, a value of each line (or a ramp from its ends down to 0) in front and behind."""
    for axis, (before, after) in enumerate(widths):
        if not before and not after:
            continue
        value = None if statistic is None else statistic(x, axis)
        size = x.spec.shape[axis]
        parts = []
        if before:
            parts.append(
                _ramp(cut(x, axis, 0, 1), axis, before, False) if value is None else _wide(value, axis, before)
            )
        parts.append(x)
        if after:
            parts.append(
                _ramp(cut(x, axis, size - 1, size), axis, after, True) if value is None else _wide(value, axis, after)
            )
        x = moves.concatenate(*parts, axis=axis)
    return x


def _wide(value: Any, axis: int, width: int) -> Any:
    return spread(value, [width if place == axis else size for place, size in enumerate(value.spec.shape)])


def _statistic(x: Any, axis: int, mode: str) -> Any:
    from headwater.ops import reduction, statistics

    function = {
        "maximum": reduction.max, "minimum": reduction.min, "mean": reduction.mean, "median": statistics.median,
    }[mode]  # fmt: skip
    found = function(x, axis=axis, keepdims=True)
    if not x.spec.dtype.is_inexact and found.spec.dtype.is_inexact:
        found = elementwise.round_(found)
    return cast(reshape_to(found, kept(x, (axis,))), x.spec.dtype)


def _ramp(edge: Any, axis: int, width: int, falling: bool) -> Any:
    """Steps of equal height between 0 and the values at an edge."""
    steps = np.linspace(0, 1, width, endpoint=False, dtype=np.float32)
    line = tensor(steps[::-1].copy() if falling else steps)
    shape = [width if place == axis else 1 for place in range(edge.spec.ndim)]
    dtype = edge.spec.dtype
    values = edge if dtype.is_inexact else elementwise.cast(edge, dtype=line.spec.dtype)
    line = reshape_to(cast(line, values.spec.dtype), shape)
    product = elementwise.multiply(values, line)
    return product if dtype.is_inexact else elementwise.cast(elementwise.floor(product), dtype=dtype)
