"""Adaptive pooling: as many windows as are asked for, however large the input is."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.sizes import sizes_of
from headwater.ops.defaults import data_format_of


class _AdaptivePooling(Layer):
    """Cuts the positions into `output_size` windows and keeps one number of each, for each channel."""

    _dimensions = 1
    _pool = staticmethod(ops.adaptive_average_pool)

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        what = type(self).__name__
        self.output_size = sizes_of(output_size, self._dimensions, f"{what}: output_size")
        self.data_format = data_format_of(data_format, what)

    def call(self, inputs: Any) -> Any:
        """A number for each window and channel."""
        return self._pool(inputs, self.output_size, data_format=self.data_format)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(batch, *output_size, channels)."""
        if self.data_format == "channels_last":
            return (input_shape[0], *self.output_size, input_shape[-1])
        return (input_shape[0], input_shape[1], *self.output_size)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "output_size": self.output_size, "data_format": self.data_format}


class _AdaptiveMaxPooling(_AdaptivePooling):
    _pool = staticmethod(ops.adaptive_max_pool)


class AdaptiveAveragePooling1D(_AdaptivePooling):
    """The means of `output_size` windows that cover a sequence evenly. Arguments as in `AdaptiveAveragePooling2D`."""


class AdaptiveAveragePooling2D(_AdaptivePooling):
    """The means of windows that cover an image evenly, for each channel.

    Args:
        output_size: number of windows from top to bottom and from left to right, one int or two.
        data_format: "channels_last" or "channels_first".
    Example:
        >>> AdaptiveAveragePooling2D(7).compute_output_shape((None, 30, 40, 8))
        (None, 7, 7, 8)
    """

    _dimensions = 2


class AdaptiveAveragePooling3D(_AdaptivePooling):
    """The means of windows that cover a volume evenly. Arguments as in `AdaptiveAveragePooling2D`."""

    _dimensions = 3


class AdaptiveMaxPooling1D(_AdaptiveMaxPooling):
    """The largest values of `output_size` windows that cover a sequence evenly. Arguments as in
    `AdaptiveAveragePooling2D`.
    """


class AdaptiveMaxPooling2D(_AdaptiveMaxPooling):
    """The largest values of windows that cover an image evenly. Arguments as in `AdaptiveAveragePooling2D`."""

    _dimensions = 2


class AdaptiveMaxPooling3D(_AdaptiveMaxPooling):
    """The largest values of windows that cover a volume evenly. Arguments as in `AdaptiveAveragePooling2D`."""

    _dimensions = 3
