"""Concatenate: inputs one after the other along an axis."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras.layers.merging.merge import Merge, _shapes


class Concatenate(Merge):
    """The inputs, one after the other along an axis.

    Args:
        axis: the axis, the batch being 0.
    Example:
        >>> Concatenate()([np.ones((2, 3)), np.ones((2, 1))]).shape
        TensorShape([2, 4])
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Check that the inputs fit."""
        self.compute_output_shape(input_shape)

    def _merge(self, inputs: list[Any]) -> Any:
        return ops.concatenate(inputs, axis=self.axis)

    def call(self, inputs: Any) -> Any:
        """The inputs, joined."""
        if not isinstance(inputs, (list, tuple)):
            raise ArgumentError("Concatenate joins a list of inputs.", fix="call it on [x, y].")
        return self._merge(list(inputs))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The inputs' shape, with the sizes along the axis added up."""
        shapes = _shapes(input_shape, "Concatenate")
        rank = len(shapes[0])
        axis = self.axis % rank if -rank <= self.axis < rank else self.axis
        for shape in shapes:
            others = [
                (a, b)
                for place, (a, b) in enumerate(zip(shapes[0], shape))
                if place != axis and None not in (a, b) and a != b
            ]
            if len(shape) != rank or others or axis >= rank:
                raise ShapeError(
                    f"Concatenate: inputs of shapes {shapes} do not fit together along axis {self.axis}.",
                    fix="make all sizes but those of that axis equal.",
                )
        output = list(shapes[0])
        for other in shapes[1:]:
            for place, size in enumerate(other):
                if place != axis and output[place] is None:
                    output[place] = size
        sizes = [shape[axis] for shape in shapes]
        output[axis] = None if None in sizes else sum(sizes)
        return tuple(output)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks, joined as the inputs are."""
        if mask is None or all(each is None for each in mask):
            return None
        masks = []
        for x, each in zip(inputs, mask):
            if each is None:
                masks.append(ops.ones_like(x, dtype="bool"))
            else:
                while len(each.shape) < len(x.shape):
                    each = ops.expand_dims(each, axis=-1)
                masks.append(ops.broadcast_to(each, x.shape) if tuple(each.shape) != tuple(x.shape) else each)
        return ops.any(ops.concatenate(masks, axis=self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "axis": self.axis}


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """The inputs, one after the other along an axis. The same as `Concatenate(axis, **kwargs)(inputs)`."""
    return Concatenate(axis=axis, **kwargs)(inputs)
