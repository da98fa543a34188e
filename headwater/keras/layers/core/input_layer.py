"""Input: where a model that is described by its graph begins."""

from __future__ import annotations

from typing import Any

from headwater.errors import ArgumentError
from headwater.keras import settings
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer
from headwater.keras.operations import op_node as _op_node  # noqa: F401 - ops on KerasTensors become nodes from here on
from headwater.keras.operations.node import Node


class InputLayer(Layer):
    """The placeholder of an input.

    Args:
        shape: shape of one sample.
        batch_size: number of samples, None for any.
        dtype: dtype of the values; `keras.config.floatx()` by default.
        sparse, ragged: whether sparse or ragged tensors are fed; kept, and not insisted on.
        batch_shape: shape with the number of samples in front, in place of `shape` and `batch_size`.
        input_tensor: a KerasTensor to use as the placeholder.
        optional: whether None may be fed.
        name: name of the input.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name)
        if "input_shape" in kwargs:
            shape = kwargs.pop("input_shape")
        if "batch_input_shape" in kwargs:
            batch_shape = kwargs.pop("batch_input_shape")
        if kwargs:
            raise ArgumentError(f"InputLayer got unknown arguments: {', '.join(kwargs)}.", fix="remove them.")
        if input_tensor is not None:
            if not isinstance(input_tensor, KerasTensor):
                raise ArgumentError("input_tensor is not a KerasTensor.", fix="pass what keras.Input returned.")
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype
        if batch_shape is None:
            if shape is None:
                raise ArgumentError(
                    "an input needs a shape.", fix="pass shape=(features,) of one sample, without the batch."
                )
            batch_shape = (batch_size, *([shape] if isinstance(shape, int) else shape))
        elif shape is not None:
            raise ArgumentError("both shape and batch_shape are given.", fix="give one of them.")
        self._set_untracked(
            batch_shape=tuple(batch_shape),
            _dtype=str(dtype) if dtype is not None else settings.floatx(),
            sparse=bool(sparse), ragged=bool(ragged), optional=bool(optional),
        )  # fmt: skip
        output = input_tensor
        if output is None:
            output = KerasTensor(self.batch_shape, self._dtype, sparse=self.sparse, ragged=self.ragged, name=name)
        elif name is not None:
            output.name = name
        self.built = True
        Node(self, (), {}, output)
        self.input_spec = InputSpec(shape=self.batch_shape, dtype=self._dtype, optional=self.optional)

    def call(self) -> None:
        """Nothing: its value is fed."""

    @property
    def dtype(self) -> str:
        """The dtype of the values."""
        return self._dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the values."""
        return self._dtype

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            "batch_shape": list(self.batch_shape), "dtype": self._dtype, "sparse": self.sparse, "ragged": self.ragged,
            "name": self.name, "optional": self.optional,
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built=True>"


def Input(  # noqa: N802 - the name that Keras gives it
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> KerasTensor:
    """A KerasTensor that stands for an input of a model.

    Args:
        shape: shape of one sample, without the batch.
        batch_size: number of samples, None for any.
        dtype: dtype of the values; `keras.config.floatx()` by default.
        sparse, ragged: whether sparse or ragged tensors are fed; kept, and not insisted on.
        batch_shape: shape with the number of samples in front, in place of `shape` and `batch_size`.
        name: name of the input.
        tensor: a KerasTensor to use as the placeholder.
        optional: whether None may be fed.
    Raises: ArgumentError if no shape is given.
    Example:
        >>> Input((28, 28)).shape
        (None, 28, 28)
    """
    layer = InputLayer(
        shape=shape, batch_size=batch_size, dtype=dtype, sparse=sparse, ragged=ragged, batch_shape=batch_shape,
        name=name, input_tensor=tensor, optional=optional,
    )  # fmt: skip
    return layer.output
