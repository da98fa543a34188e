"""Arguments of image layers that are ranges: how strongly to change, and which values pixels have."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, UnsupportedError


def factor_range(
    factor: Any,
    what: str,
    bounds: tuple[float, float],
    *,
    lowest: float | None = None,
    pairs: tuple[float, float] | None = None,
    open_below: bool = False,
    overlapping: bool = False,
) -> tuple[float, float]:
    """The (lower, upper) that a number or a pair of numbers means.

    Args:
        factor: a number f means from -f to f, but not below `lowest`; a pair means what lies between.
        what: its name, for messages.
        bounds: of a number.
        lowest: the lower bound by default.
        pairs: bounds of the numbers of a pair; `bounds` by default.
        open_below: whether the lower bound itself is refused.
        overlapping: whether it is enough that a pair overlaps its bounds.
    Raises: ArgumentError for anything else.
    """
    lowest = bounds[0] if lowest is None else lowest
    single = isinstance(factor, (int, float))
    low, high = bounds if single or pairs is None else pairs
    numbers = [factor] if single else list(factor) if isinstance(factor, (tuple, list)) else []
    if single or len(numbers) == 2:
        smallest, largest = (numbers[0], numbers[-1]) if overlapping else (min(numbers), max(numbers))
        fits = (
            smallest <= high and largest >= low
            if overlapping and not single
            else smallest >= low and largest <= high and not (open_below and smallest <= low)
        )
        if fits:
            return (max(-abs(factor), lowest), abs(factor)) if single else tuple(sorted(numbers))  # type: ignore
    bracket = "(" if open_below else "["
    raise ArgumentError(f"{what}={factor!r}.", fix=f"pass a number, or two numbers, in {bracket}{low}, {high}].")


def value_pair(value_range: Any) -> tuple[Any, Any]:
    """The smallest and the largest value of pixels.

    Raises: ArgumentError unless two numbers are given.
    """
    if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
        raise ArgumentError(f"value_range={value_range!r}.", fix="pass two numbers, such as (0, 255).")
    return tuple(sorted(value_range))  # type: ignore[return-value]


def one_of(value: str, what: str, allowed: tuple[str, ...]) -> str:
    """The value.

    Raises: UnsupportedError unless it is one of those allowed.
    """
    if value not in allowed:
        raise UnsupportedError(f"{what}={value!r} is unknown.", fix=f"use one of {', '.join(allowed)}.")
    return value


def rescaled(images: Any, source: Any, target: Any, dtype: Any = "float32") -> Any:
    """Pixels from one range of values in another; as they are if the ranges are equal."""
    if tuple(source) == tuple(target):
        return images
    images = ops.cast(images, dtype)
    low, high = (ops.cast(value, dtype) for value in source)
    new_low, new_high = (ops.cast(value, dtype) for value in target)
    return (images - low) / (high - low) * (new_high - new_low) + new_low
