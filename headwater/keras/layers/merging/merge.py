"""Merge: the base of layers that join inputs position by position."""

from __future__ import annotations

import functools
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras.layers.layer import Layer


class Merge(Layer):
    """Joins a list of inputs whose shapes broadcast; inputs of fewer axes get axes of size 1 after the batch."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Check that there are several inputs that fit together."""
        shapes = _shapes(input_shape, type(self).__name__)
        batches = {shape[0] for shape in shapes if shape} - {None}
        if len(batches) > 1:
            raise ShapeError(
                f"{type(self).__name__}: the inputs have batches of {sorted(batches)} samples.",
                fix="give batches of one size.",
            )
        joined_shape(shapes, type(self).__name__)

    def call(self, inputs: Any) -> Any:
        """The inputs, joined."""
        if not isinstance(inputs, (list, tuple)):
            raise ArgumentError(f"{type(self).__name__} joins a list of inputs.", fix="call it on [x, y].")
        return self._merge(_of_equal_rank(list(inputs)))

    def _merge(self, inputs: list[Any]) -> Any:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape that the inputs broadcast to."""
        return joined_shape(_shapes(input_shape, type(self).__name__), type(self).__name__)

    def compute_output_spec(self, inputs: Any) -> Any:
        """The shape that the inputs broadcast to, in the dtype that they meet in."""
        from headwater.keras.keras_tensor import KerasTensor

        if not isinstance(inputs, (list, tuple)):
            raise ArgumentError(f"{type(self).__name__} joins a list of inputs.", fix="call it on [x, y].")
        return KerasTensor(self.compute_output_shape([tuple(x.shape) for x in inputs]), self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where any of the inputs counts."""
        if mask is None:
            return None
        if not isinstance(mask, (list, tuple)) or len(mask) != len(inputs):
            raise ArgumentError(
                f"{type(self).__name__}: one mask for each input is needed.", fix="pass a list of masks."
            )
        if any(each is None for each in mask):
            return None
        return functools.reduce(ops.logical_or, mask)


def _shapes(input_shape: Any, what: str) -> list[tuple]:
    several = isinstance(input_shape, (list, tuple)) and input_shape and isinstance(input_shape[0], (list, tuple))
    if not several:
        raise ArgumentError(
            f"{what} joins a list of inputs, and is given one of shape {input_shape}.", fix="call it on [x, y]."
        )
    if len(input_shape) < 1:
        raise ArgumentError(f"{what} joins at least one input.", fix="call it on [x, y].")
    return [tuple(shape) for shape in input_shape]


def joined_shape(shapes: list[tuple], what: str) -> tuple[int | None, ...]:
    """The shape that inputs of these shapes broadcast to, batches first.

    Raises: ShapeError if they do not.
    """
    batches = {shape[0] for shape in shapes if shape} - {None}
    rests = [shape[1:] for shape in shapes]
    rank = max(map(len, rests))
    rest: list[int | None] = []
    for axis in range(-rank, 0):
        sizes = {shape[axis] for shape in rests if len(shape) >= -axis}
        known = sizes - {1, None}
        if len(known) > 1:
            raise ShapeError(
                f"{what}: inputs of shapes {shapes} do not fit together.", fix="make their sizes equal, or 1."
            )
        rest.append(known.pop() if known else None if None in sizes else 1)
    batch = batches.pop() if len(batches) == 1 and None not in {shape[0] for shape in shapes if shape} else None
    return (batch, *rest)


def _of_equal_rank(inputs: list[Any]) -> list[Any]:
    rank = max(len(x.shape) for x in inputs)
    return [_with_axes(x, rank - len(x.shape)) if len(x.shape) != rank else x for x in inputs]


def _with_axes(x: Any, count: int) -> Any:
    shape = x.shape
    return ops.reshape(x, (shape[0], *(1,) * count, *shape[1:]))


def merge_function(cls: type, name: str, doc: str) -> Any:
    """The function form of a merging layer: `add([x, y])` for `Add()([x, y])`."""

    def merged(inputs: Any, **kwargs: Any) -> Any:
        return cls(**kwargs)(inputs)

    merged.__name__ = merged.__qualname__ = name
    merged.__doc__ = doc
    return merged
