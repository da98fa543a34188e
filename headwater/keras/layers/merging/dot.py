"""Dot: products of two inputs, summed over an axis of each, sample by sample."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras.layers.merging.merge import Merge, _shapes


class Dot(Merge):
    """For each sample, the products of two inputs summed over an axis of each.

    Args:
        axes: the axis (or one for each input), the batch being 0.
        normalize: whether to scale both to length 1 along the axis first, which gives cosines.
    Example:
        >>> Dot(axes=1)([np.ones((2, 3)), np.ones((2, 3))]).numpy().tolist()
        [[3.0], [3.0]]
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, int):
            if not isinstance(axes, (list, tuple)) or len(axes) != 2:
                raise ArgumentError(f"Dot: axes={axes!r} is neither a number nor two of them.", fix="pass e.g. axes=1.")
            axes = tuple(axes)
        self.axes = axes
        self.normalize = normalize

    def _both_axes(self, shapes: Any) -> tuple[int, int]:
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        first, second = (axis % len(shape) for axis, shape in zip(pair, shapes))
        a, b = shapes[0][first], shapes[1][second]
        if a is not None and b is not None and a != b:
            raise ShapeError(
                f"Dot: inputs of shapes {shapes[0]} and {shapes[1]} have {a} and {b} entries along axes {pair}.",
                fix="choose axes of one size.",
            )
        return first, second

    def build(self, input_shape: Any) -> None:
        """Check that the inputs fit."""
        shapes = _shapes(input_shape, "Dot")
        if len(shapes) != 2:
            raise ArgumentError(f"Dot takes two inputs, not {len(shapes)}.", fix="call it on [x, y].")
        self._both_axes(shapes)

    def call(self, inputs: Any) -> Any:
        """The inputs' products, summed."""
        x, y = inputs
        first, second = self._both_axes([tuple(x.shape), tuple(y.shape)])
        if self.normalize:
            x, y = ops.normalize(x, axis=first), ops.normalize(y, axis=second)
        letters = "abcdefghijklmnop"
        x_axes = "z" + letters[: len(x.shape) - 1]
        y_axes = "z" + letters[len(x.shape) - 1 : len(x.shape) + len(y.shape) - 2]
        y_axes = y_axes[:second] + x_axes[first] + y_axes[second + 1 :]
        kept = "z" + x_axes[1:first] + x_axes[first + 1 :] + y_axes[1:second] + y_axes[second + 1 :]
        output = ops.einsum(f"{x_axes},{y_axes}->{kept}", x, y)
        return ops.expand_dims(output, axis=1) if len(kept) == 1 else output

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """What is left of both shapes without the axes summed over."""
        shapes = _shapes(input_shape, "Dot")
        first, second = self._both_axes(shapes)
        output = [size for axis, size in enumerate(shapes[0]) if axis != first]
        output += [size for axis, size in enumerate(shapes[1]) if axis not in (0, second)]
        return (output[0], 1) if len(output) == 1 else tuple(output)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: positions are mixed."""
        return

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Products of two inputs, summed over an axis of each. The same as `Dot(axes, **kwargs)(inputs)`."""
    return Dot(axes=axes, **kwargs)(inputs)
