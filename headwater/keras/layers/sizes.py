"""Arguments that give one whole number for each axis of positions: window sizes, strides, widths of borders."""

from __future__ import annotations

import operator
from typing import Any

from headwater.errors import ArgumentError


def sizes_of(value: Any, count: int, what: str, least: int = 1) -> tuple[int, ...]:
    """`value` as a tuple of `count` whole numbers; one number serves all axes.

    Args:
        value: an int, or a sequence of `count` ints.
        count: how many axes there are.
        what: the layer and the name of the argument, for messages.
        least: the smallest number that will do.
    Raises: ArgumentError if there are not `count`, or one is no whole number of `least` or more.
    Example:
        >>> sizes_of(3, 2, "Conv2D: kernel_size")
        (3, 3)
    """
    given = (value,) * count if isinstance(value, int) else value
    try:
        found = tuple(operator.index(size) for size in given)
    except TypeError:
        found = ()
    if len(found) != count or any(size < least for size in found):
        raise ArgumentError(
            f"{what} is {value!r}, not {'a whole number' if count == 1 else f'{count} whole numbers'} "
            f"of {least} or more.",
            fix=f"pass one int, or a tuple of {count}.",
        )
    return found


def borders_of(value: Any, count: int, what: str) -> tuple[tuple[int, int], ...]:
    """`value` as a tuple of `count` pairs: what is on the near and on the far side of each axis.

    Args:
        value: an int for all sides, a sequence with an int (both sides) or a pair for each axis; for one axis, a pair.
        count: how many axes there are.
        what: the layer and the name of the argument, for messages.
    Raises: ArgumentError if there are not `count`, or a number is below 0.
    Example:
        >>> borders_of((1, (0, 2)), 2, "ZeroPadding2D: padding")
        ((1, 1), (0, 2))
    """
    if count == 1:
        return (sizes_of(value, 2, what, least=0),)  # type: ignore[return-value]
    given = (value,) * count if isinstance(value, int) else value
    if not hasattr(given, "__len__") or len(given) != count:
        raise ArgumentError(
            f"{what} is {value!r}, not a pair for each of {count} axes.",
            fix=f"pass one int, a tuple of {count} ints, or a tuple of {count} pairs (before, after).",
        )
    return tuple(sizes_of(pair, 2, what, least=0) for pair in given)  # type: ignore[misc]


def position_axes(dimensions: int, data_format: str) -> tuple[int, ...]:
    """The axes of positions (steps, pixels) of an input with a batch and channels."""
    first = 1 if data_format == "channels_last" else 2
    return tuple(range(first, first + dimensions))
