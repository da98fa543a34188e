"""ZeroPadding: zeros around sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.sizes import borders_of, position_axes
from headwater.ops.defaults import data_format_of


class _ZeroPadding(Layer):
    """Zeros before and after along each axis of positions."""

    _dimensions = 1

    def __init__(self, padding: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        name = type(self).__name__
        self.data_format = data_format_of(data_format, name)
        self._borders = borders_of(padding, self._dimensions, f"{name}: padding")
        self.padding = self._borders if self._dimensions > 1 else self._borders[0]
        self.input_spec = InputSpec(ndim=self._dimensions + 2)

    def _widths(self) -> list[tuple[int, int]]:
        widths = [(0, 0)] * (self._dimensions + 2)
        for axis, border in zip(position_axes(self._dimensions, self.data_format), self._borders):
            widths[axis] = border
        return widths

    def call(self, inputs: Any) -> Any:
        """The input with zeros around it."""
        return ops.pad(inputs, self._widths())

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape, larger by the borders."""
        return tuple(None if size is None else size + sum(width) for size, width in zip(input_shape, self._widths()))

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after each sequence.

    Args:
        padding: number of steps on both sides, or a pair (before, after).
        data_format: "channels_last" or "channels_first".
    Example:
        >>> ZeroPadding1D((1, 0))([[[1.0], [2.0]]]).numpy().ravel().tolist()
        [0.0, 1.0, 2.0]
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding2D(_ZeroPadding):
    """Zeros around images.

    Args:
        padding: width of the border: one int, (rows, columns), or ((top, bottom), (left, right)).
        data_format: "channels_last" or "channels_first".
    Example:
        >>> ZeroPadding2D(((0, 1), (2, 0))).compute_output_shape((None, 4, 4, 3))
        (None, 5, 6, 3)
    """

    _dimensions = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes.

    Args:
        padding: width of the border: one int, an int for each axis, or a pair for each axis.
        data_format: "channels_last" or "channels_first".
    """

    _dimensions = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)
