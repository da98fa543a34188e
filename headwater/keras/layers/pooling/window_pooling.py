"""Max and average pooling: one number for each window, for each channel."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.sizes import sizes_of
from headwater.ops.defaults import data_format_of


class _Pooling(Layer):
    """A window that slides over positions and keeps one number for each channel."""

    _dimensions = 1
    _pool = staticmethod(ops.max_pool)

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        what = type(self).__name__
        self.pool_size = sizes_of(pool_size, self._dimensions, f"{what}: pool_size")
        self.strides = sizes_of(pool_size if strides is None else strides, self._dimensions, f"{what}: strides")
        if not isinstance(padding, str) or padding.lower() not in ("valid", "same"):
            raise ArgumentError(f"{what}: padding {padding!r} is unknown.", fix="use one of valid, same.")
        self.padding = padding.lower()
        self.data_format = data_format_of(data_format, what)
        self.input_spec = InputSpec(ndim=self._dimensions + 2)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """A number for each window and channel."""
        return self._pool(
            inputs, self.pool_size, strides=self.strides, padding=self.padding, data_format=self.data_format
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "padding": self.padding,
            "strides": self.strides,
            "data_format": self.data_format,
        }


class _AveragePooling(_Pooling):
    _pool = staticmethod(ops.average_pool)

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)


class MaxPooling1D(_Pooling):
    """The largest value of each window of a sequence (batch, steps, channels). Arguments as in `MaxPooling2D`.

    Example:
        >>> MaxPooling1D(2)([[[1.0], [3.0], [2.0], [0.0]]]).numpy().ravel().tolist()
        [3.0, 2.0]
    """


class MaxPooling2D(_Pooling):
    """The largest value of each window of an image (batch, height, width, channels), for each channel.

    Args:
        pool_size: height and width of the window, one int or two.
        strides: step of the window; its size if None.
        padding: "valid" (none) or "same" (as many windows as pixels, divided by the stride).
        data_format: "channels_last" or "channels_first".
    Raises: ArgumentError for sizes that can't be; ShapeError, when it is called, if the window does not fit.
    Example:
        >>> MaxPooling2D().compute_output_shape((None, 28, 28, 8))
        (None, 14, 14, 8)
    """

    _dimensions = 2


class MaxPooling3D(_Pooling):
    """The largest value of each window of a volume, for each channel. Arguments as in `MaxPooling2D`."""

    _dimensions = 3


class AveragePooling1D(_AveragePooling):
    """The mean of each window of a sequence (batch, steps, channels). Arguments as in `AveragePooling2D`.

    Example:
        >>> AveragePooling1D(2)([[[1.0], [3.0], [2.0], [0.0]]]).numpy().ravel().tolist()
        [2.0, 1.0]
    """


class AveragePooling2D(_AveragePooling):
    """The mean of each window of an image, for each channel; what is padding does not count.

    Args:
        pool_size: height and width of the window, one int or two.
        strides: step of the window; its size if None.
        padding: "valid" (none) or "same" (as many windows as pixels, divided by the stride).
        data_format: "channels_last" or "channels_first".
    Raises: ArgumentError for sizes that can't be; ShapeError, when it is called, if the window does not fit.
    """

    _dimensions = 2


class AveragePooling3D(_AveragePooling):
    """The mean of each window of a volume, for each channel. Arguments as in `AveragePooling2D`."""

    _dimensions = 3
