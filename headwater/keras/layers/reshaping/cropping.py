"""Cropping: the borders of sequences, images and volumes cut away."""

from __future__ import annotations

from typing import Any

from headwater.errors import ShapeError
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.sizes import borders_of, position_axes
from headwater.ops.defaults import data_format_of


class _Cropping(Layer):
    """Cuts positions away, before and after, along each axis of positions."""

    _dimensions = 1

    def __init__(self, cropping: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        name = type(self).__name__
        self.data_format = data_format_of(data_format, name)
        self._borders = borders_of(cropping, self._dimensions, f"{name}: cropping")
        self.cropping = self._borders if self._dimensions > 1 else self._borders[0]
        self.input_spec = InputSpec(ndim=self._dimensions + 2)

    def _cut(self, shape: Any) -> dict[int, tuple[int, int]]:
        """What is cut off each axis.

        Raises: ShapeError if nothing would be left.
        """
        cut = dict(zip(position_axes(self._dimensions, self.data_format), self._borders))
        for axis, border in cut.items():
            if shape[axis] is not None and sum(border) >= shape[axis]:
                raise ShapeError(
                    f"{type(self).__name__}: cropping {self.cropping} leaves nothing of axis {axis} of an input of "
                    f"shape {tuple(shape)}.",
                    fix=f"cut off less than {shape[axis]} of that axis, or feed larger inputs.",
                )
        return cut

    def call(self, inputs: Any) -> Any:
        """The input without its borders."""
        cut = self._cut(inputs.shape)
        places = [slice(None)] * len(inputs.shape)
        for axis, (before, after) in cut.items():
            places[axis] = slice(before, -after if after else None)
        return inputs[tuple(places)]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape, smaller by the borders."""
        cut = self._cut(input_shape)
        return tuple(None if size is None else size - sum(cut.get(axis, ())) for axis, size in enumerate(input_shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "cropping": self.cropping, "data_format": self.data_format}


class Cropping1D(_Cropping):
    """Cuts off the first and last steps of sequences (batch, steps, features).

    Args:
        cropping: number of steps at both ends, or a pair (at the beginning, at the end).
    Raises: ShapeError, when it is called, if nothing would be left.
    Example:
        >>> Cropping1D((1, 0))([[[1.0], [2.0]]]).numpy().ravel().tolist()
        [2.0]
    """

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = super().get_config()
        del config["data_format"]
        return config


class Cropping2D(_Cropping):
    """Cuts off the borders of images.

    Args:
        cropping: width of the border: one int, (rows, columns), or ((top, bottom), (left, right)).
        data_format: "channels_last" or "channels_first".
    Raises: ShapeError, when it is called, if nothing would be left.
    Example:
        >>> Cropping2D(((0, 1), (2, 0))).compute_output_shape((None, 4, 4, 3))
        (None, 3, 2, 3)
    """

    _dimensions = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping):
    """Cuts off the borders of volumes.

    Args:
        cropping: width of the border: one int, an int for each axis, or a pair for each axis.
        data_format: "channels_last" or "channels_first".
    Raises: ShapeError, when it is called, if nothing would be left.
    """

    _dimensions = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
