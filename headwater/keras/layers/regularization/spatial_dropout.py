"""SpatialDropout: whole channels set to 0 at random while training."""

from __future__ import annotations

from typing import Any

from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.regularization.dropout import Dropout
from headwater.ops.defaults import data_format_of


class _SpatialDropout(Dropout):
    """Dropout of whole channels."""

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype}


class SpatialDropout1D(_SpatialDropout):
    """Drops whole channels of a sequence (batch, steps, channels).

    Args:
        rate: share of the channels that is set to 0.
        seed: int that the decisions follow from.
    Source: Tompson et al. 2015, arXiv:1411.4280.
    """

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed, name, dtype, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def _noise_shape(self, inputs: Any) -> Any:
        return (inputs.shape[0], 1, inputs.shape[2])


class _SpatialDropoutND(_SpatialDropout):
    """Drops whole channels of images or volumes.

    Args:
        rate: share of the channels that is set to 0.
        data_format: "channels_last" or "channels_first".
        seed: int that the decisions follow from.
    """

    _ndim = 4

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, name: str | None = None,
        dtype: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(rate, seed, name, dtype, **kwargs)
        self.data_format = data_format_of(data_format, type(self).__name__)
        self.input_spec = InputSpec(ndim=self._ndim)

    def _noise_shape(self, inputs: Any) -> Any:
        shape, ones = inputs.shape, (1,) * (self._ndim - 2)
        return (shape[0], *ones, shape[-1]) if self.data_format == "channels_last" else (shape[0], shape[1], *ones)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "data_format": self.data_format}


class SpatialDropout2D(_SpatialDropoutND):
    """Drops whole channels of images. Arguments as in `SpatialDropout1D`, and `data_format`."""

    _ndim = 4


class SpatialDropout3D(_SpatialDropoutND):
    """Drops whole channels of volumes. Arguments as in `SpatialDropout1D`, and `data_format`."""

    _ndim = 5
