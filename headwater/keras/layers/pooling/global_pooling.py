"""Global pooling: the mean or the largest value over all positions, for each channel."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer
from headwater.ops.defaults import data_format_of


class _GlobalPooling(Layer):
    """Reduces (batch, *positions, channels) to (batch, channels).

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether to keep axes of size 1 for the positions.
    """

    _dimensions = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(data_format, type(self).__name__)
        self.keepdims = keepdims
        self.input_spec = InputSpec(ndim=self._dimensions + 2)
        self.built = True

    @property
    def _positions(self) -> tuple[int, ...]:
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self._dimensions))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(batch, channels)."""
        if self.keepdims:
            return tuple(1 if axis in self._positions else size for axis, size in enumerate(input_shape))
        return tuple(size for axis, size in enumerate(input_shape) if axis not in self._positions)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class _GlobalAverage(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        """The mean over positions."""
        return ops.mean(inputs, axis=self._positions, keepdims=self.keepdims)


class _GlobalMax(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        """The largest value over positions."""
        return ops.max(inputs, axis=self._positions, keepdims=self.keepdims)


class GlobalAveragePooling1D(_GlobalAverage):
    """The mean over the steps of a sequence; masked steps are left out.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: whether to keep an axis of size 1 for the steps.
    Example:
        >>> GlobalAveragePooling1D().compute_output_shape((None, 7, 4))
        (None, 4)
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The mean over steps."""
        if mask is None:
            return super().call(inputs)
        (steps,) = self._positions
        counts = ops.expand_dims(ops.cast(mask, "bool"), axis=2 if steps == 1 else 1)
        total = ops.sum(ops.where(counts, inputs, 0), axis=steps, keepdims=self.keepdims)
        return ops.divide(total, ops.sum(ops.cast(counts, inputs.dtype), axis=steps, keepdims=self.keepdims))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: there are no steps any more."""
        return


class GlobalAveragePooling2D(_GlobalAverage):
    """The mean over the pixels of an image. Arguments as in `GlobalAveragePooling1D`."""

    _dimensions = 2


class GlobalAveragePooling3D(_GlobalAverage):
    """The mean over a volume. Arguments as in `GlobalAveragePooling1D`."""

    _dimensions = 3


class GlobalMaxPooling1D(_GlobalMax):
    """The largest value over the steps of a sequence. Arguments as in `GlobalAveragePooling1D`."""


class GlobalMaxPooling2D(_GlobalMax):
    """The largest value over the pixels of an image. Arguments as in `GlobalAveragePooling1D`."""

    _dimensions = 2


class GlobalMaxPooling3D(_GlobalMax):
    """The largest value over a volume. Arguments as in `GlobalAveragePooling1D`."""

    _dimensions = 3
