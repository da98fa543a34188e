"""Axes split, moved and joined by a pattern of names."""

from __future__ import annotations

import functools
import math
import re
from typing import Any

from headwater.errors import ArgumentError, ShapeError
from headwater.ops.operands import permuted, reshape_to, tensor
from headwater.ops.symbolic import op

_GROUPS = re.compile(r"\(([^()]*)\)|(\w+)")


@functools.lru_cache(maxsize=256)
def _parsed(pattern: str) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    """The names of each axis on both sides; an axis that is split or joined has several."""
    left, arrow, right = pattern.partition("->")
    sides = []
    for side in (left, right):
        if not arrow or _GROUPS.sub("", side).strip():
            raise ArgumentError(
                f"rearrange: pattern {pattern!r} is not understood.", fix='write it like "b (h w) c -> b c h w".'
            )
        sides.append(
            tuple(tuple(group.split()) if group or not name else (name,) for group, name in _GROUPS.findall(side))
        )
    names = [[name for group in side for name in group] for side in sides]
    if sorted(names[0]) != sorted(names[1]) or len(set(names[0])) != len(names[0]):
        raise ArgumentError(
            f"rearrange: the sides of {pattern!r} do not name the same axes, each once.",
            fix="name each axis once on each side.",
        )
    return sides[0], sides[1]


def _lengths(groups: Any, sizes: Any, given: dict[str, int], pattern: str) -> dict[str, int]:
    """The length of each named axis: given, or what is left of the axis it is split from."""
    found = dict(given)
    for group, size in zip(groups, sizes):
        missing = [name for name in group if name not in found]
        rest = math.prod(found[name] for name in group if name in found)
        if len(missing) > 1 or size % rest or (not missing and rest != size):
            raise ShapeError(
                f"rearrange: an axis of size {size} of shape {tuple(sizes)} does not split into "
                f"({' '.join(group)}) of {pattern!r}.",
                fix="give lengths whose product is the size, all but one of them.",
            )
        for name in missing:
            found[name] = size // rest
    return found


@op
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> Any:
    """Axes split, moved and joined, as a pattern says.

    Args:
        tensor: a tensor.
        pattern: names of the axes before and after "->"; names in brackets are one axis together.
        axes_lengths: lengths of axes that others are split into; one of each group follows from the rest.
    Returns: a tensor of the same elements.
    Raises: ArgumentError for a pattern that is not understood; ShapeError if it does not fit the shape.
    Example:
        >>> rearrange([[[1.0] * 3] * 6] * 2, "b (h w) c -> b c h w", h=2).shape
        TensorShape([2, 3, 2, 3])

    Source: Rogozhnikov 2022, "Einops", ICLR.
    """
    x = _as_tensor(tensor)
    before, after = _parsed(pattern)
    if len(before) != x.spec.ndim:
        raise ShapeError(
            f"rearrange: {pattern!r} names {len(before)} axes of shape {tuple(x.spec.shape)}.",
            fix="name each axis of the tensor.",
        )
    lengths = _lengths(before, x.spec.shape, axes_lengths, pattern)
    names = [name for group in before for name in group]
    x = reshape_to(x, [lengths[name] for name in names])
    x = permuted(x, [names.index(name) for group in after for name in group])
    return reshape_to(x, [math.prod(lengths[name] for name in group) for group in after])


_as_tensor = tensor
