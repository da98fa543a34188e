"""TensorShape: a shape as TensorFlow shows it, and a tuple as NumPy and Keras expect it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headwater.errors import ShapeError
from headwater.ir.spec import merge_sizes, sizes_differ


class TensorShape(tuple):
    """A tuple of sizes, None where a size is not known.

    Example:
        >>> TensorShape([2, None]).as_list()
        [2, None]
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[int | None] | int = ()) -> TensorShape:
        return super().__new__(cls, (sizes,) if isinstance(sizes, int) else sizes)

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self)

    ndims = rank

    @property
    def dims(self) -> list[int | None]:
        """The sizes as a list."""
        return list(self)

    def as_list(self) -> list[int | None]:
        """The sizes as a list."""
        return list(self)

    def num_elements(self) -> int | None:
        """Number of elements; None if a size is not known."""
        total = 1
        for size in self:
            if size is None:
                return None
            total *= size
        return total

    def is_fully_defined(self) -> bool:
        """True if every size is known."""
        return None not in self

    def is_compatible_with(self, other: Iterable[int | None]) -> bool:
        """True if an array could have both shapes."""
        other = tuple(other)
        return len(self) == len(other) and not any(map(sizes_differ, self, other))

    def merge_with(self, other: Iterable[int | None]) -> TensorShape:
        """The shape in which what either knows is known.

        Raises: ShapeError if they contradict each other.
        """
        other = TensorShape(other)
        if not self.is_compatible_with(other):
            raise ShapeError(
                f"shapes {tuple(self)} and {tuple(other)} are not compatible.", fix="make the known sizes equal."
            )
        return TensorShape(map(merge_sizes, self, other))

    def concatenate(self, other: Iterable[int | None]) -> TensorShape:
        """This shape followed by another."""
        return TensorShape((*self, *other))

    def assert_is_compatible_with(self, other: Iterable[int | None]) -> None:
        """Raise ShapeError unless an array could have both shapes."""
        self.merge_with(other)

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        return TensorShape(found) if isinstance(index, slice) else found

    def __add__(self, other: Iterable[int | None]) -> TensorShape:
        return self.concatenate(other)

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, tuple(other) if isinstance(other, list) else other)  # type: ignore[arg-type]

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def __repr__(self) -> str:
        return f"TensorShape({list(self)})"

    def __str__(self) -> str:
        return tuple.__repr__(self)

    def __reduce__(self) -> Any:
        return TensorShape, (tuple(self),)
