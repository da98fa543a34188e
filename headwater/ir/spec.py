"""Spec: what is known of an array before it has values."""

from __future__ import annotations

from typing import Any, NamedTuple

from headwater.dtypes import DType
from headwater.errors import ShapeError

Shape = tuple[Any, ...]  # of sizes: an int each, None where it is not known yet


class Spec(NamedTuple):
    """Shape and dtype of an array. A size may be None: not known yet (a batch, a length)."""

    shape: Shape
    dtype: DType

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def is_static(self) -> bool:
        """True if every size is known."""
        return None not in self.shape

    @property
    def size(self) -> int:
        """Number of elements; every size must be known."""
        total = 1
        for size in self.shape:
            total *= size  # type: ignore[operator]
        return total

    @property
    def nbytes(self) -> int:
        """Bytes of the elements; every size must be known."""
        return self.size * self.dtype.size

    def with_shape(self, shape: Shape) -> Spec:
        """The same dtype with another shape."""
        return Spec(tuple(shape), self.dtype)

    def with_dtype(self, dtype: DType) -> Spec:
        """The same shape with another dtype."""
        return Spec(self.shape, dtype)

    def __str__(self) -> str:
        return f"{self.dtype.name}[{','.join('?' if size is None else str(size) for size in self.shape)}]"


def broadcast_shapes(*shapes: Shape, what: str = "broadcast") -> Shape:
    """The shape that arrays of these shapes broadcast to, by NumPy's rule; an unknown size with a known one above 1 is
    that one.

    Raises: ShapeError if two sizes differ and neither is 1.
    """
    first = shapes[0]
    if all(shape == first for shape in shapes[1:]) and None not in first:
        return first
    result: list[int | None] = []
    for axis in range(-max(map(len, shapes)), 0):
        sizes = {shape[axis] for shape in shapes if len(shape) >= -axis} - {1}
        known = sizes - {None}
        if len(known) > 1:
            raise ShapeError(
                f"{what}: shapes {' and '.join(map(str, shapes))} do not broadcast: axis {axis} has sizes "
                f"{' and '.join(str(size) for size in sorted(known))}.",
                fix="reshape one of them, or insert an axis of size 1 where they should spread.",
            )
        result.append(known.pop() if known else None if None in sizes else 1)
    return tuple(result)


def merge_sizes(a: int | None, b: int | None) -> int | None:
    """The size that two equal axes have: the known one, if one is known."""
    return b if a is None else a


def sizes_differ(a: int | None, b: int | None) -> bool:
    """True if both sizes are known and differ."""
    return a is not None and b is not None and a != b


def normalize_axis(axis: int, ndim: int, what: str) -> int:
    """`axis` counted from the front.

    Raises: ShapeError if there is no such axis.
    """
    if not -ndim <= axis < ndim:
        raise ShapeError(
            f"{what}: axis {axis} does not exist in an array of {ndim} axes.",
            fix=f"use an axis from {-ndim} to {ndim - 1}.",
        )
    return axis + ndim if axis < 0 else axis
