"""UpSampling: more steps, pixels or voxels, each repeated or interpolated."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, DTypeError
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.sizes import position_axes, sizes_of
from headwater.ops.defaults import data_format_of

_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")


def _repeated(x: Any, factors: dict[int, int]) -> Any:
    """`x` with each element as many times along an axis as `factors` says: one broadcast for all axes."""
    spread, wide, sizes = [], [], []
    for axis, size in enumerate(x.shape):
        factor = factors.get(axis)
        spread += [size] if factor is None else [size, 1]
        wide += [size] if factor is None else [size, factor]
        sizes.append(size * (factor or 1))
    return ops.reshape(ops.broadcast_to(ops.reshape(x, spread), wide), sizes)


class _UpSampling(Layer):
    """Repeats each position along each axis of positions."""

    _dimensions = 1

    def __init__(self, size: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        name = type(self).__name__
        self.data_format = data_format_of(data_format, name)
        self._sizes = sizes_of(size, self._dimensions, f"{name}: size")
        self.size = self._sizes if self._dimensions > 1 else self._sizes[0]
        self.input_spec = InputSpec(ndim=self._dimensions + 2)

    @property
    def _factors(self) -> dict[int, int]:
        return dict(zip(position_axes(self._dimensions, self.data_format), self._sizes))

    def call(self, inputs: Any) -> Any:
        """The input, larger."""
        return _repeated(inputs, self._factors)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape with more positions."""
        factors = self._factors
        return tuple(None if size is None else size * factors.get(axis, 1) for axis, size in enumerate(input_shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


class UpSampling1D(_UpSampling):
    """Each step of a sequence (batch, steps, features) several times.

    Args:
        size: how many times.
    Raises: DTypeError if it is no int; ArgumentError if it is below 1.
    Example:
        >>> UpSampling1D(2)([[[1.0], [2.0]]]).numpy().ravel().tolist()
        [1.0, 1.0, 2.0, 2.0]
    """

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        if not isinstance(size, int) or isinstance(size, bool):
            raise DTypeError(f"UpSampling1D: size is {size!r}, not a whole number.", fix="pass an int.")
        super().__init__(size, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = super().get_config()
        del config["data_format"]
        return config


class UpSampling2D(_UpSampling):
    """Images, larger by whole factors.

    Args:
        size: factors of the height and width, one int or two.
        data_format: "channels_last" or "channels_first".
        interpolation: "nearest" (pixels are repeated), "bilinear", "bicubic", "lanczos3" or "lanczos5".
    Raises: ArgumentError for another interpolation.
    Example:
        >>> UpSampling2D((2, 3)).compute_output_shape((None, 4, 4, 3))
        (None, 8, 12, 3)
    """

    _dimensions = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = interpolation.lower()
        if self.interpolation not in _INTERPOLATIONS:
            raise ArgumentError(
                f"UpSampling2D: interpolation {interpolation!r} is unknown.",
                fix=f"use one of {', '.join(_INTERPOLATIONS)}.",
            )

    def call(self, inputs: Any) -> Any:
        """The images, larger."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        sizes = [inputs.shape[axis] * factor for axis, factor in self._factors.items()]
        return ops.image.resize(inputs, sizes, interpolation=self.interpolation, data_format=self.data_format)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "interpolation": self.interpolation}


class UpSampling3D(_UpSampling):
    """Each voxel of a volume several times.

    Args:
        size: factors of the three axes, one int or three.
        data_format: "channels_last" or "channels_first".
    """

    _dimensions = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(size, data_format, **kwargs)
