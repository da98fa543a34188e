"""What all convolutional layers share: their arguments, weights, bias, activation and shapes."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras import activations, constraints, initializers, regularizers
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.sizes import sizes_of
from headwater.keras.operations.symbolic import symbolic_outputs
from headwater.ops.defaults import data_format_of


class Convolutional(Layer):
    """A window that slides over sequences, images or volumes, with the same weights everywhere.

    A subclass gives `rank`, and says which shapes its kernels have, how many filters there are, and how to convolve.

    Args:
        kernel_size: size of the window, one int or one for each axis of positions.
        strides: step of the window.
        padding: "valid" (none) or "same".
        data_format: "channels_last" or "channels_first".
        dilation_rate: distance of the elements of the window.
        activation: function applied to the result; None for none.
        use_bias: whether a number for each filter is added.
        kernels: for each kernel its name and its initializer, regularizer and constraint.
        bias_initializer, bias_regularizer, bias_constraint: of the bias.
        activity_regularizer: function from the output to a loss.
    Raises: ArgumentError for sizes that can't be.
    """

    rank = 1
    _causal = False

    def __init__(
        self,
        *,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        kernels: dict[str, tuple[Any, Any, Any]],
        bias_initializer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        bias_constraint: Any,
        strides_with_dilation: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        what = type(self).__name__
        self.kernel_size = sizes_of(kernel_size, self.rank, f"{what}: kernel_size")
        self.strides = sizes_of(strides, self.rank, f"{what}: strides")
        self.dilation_rate = sizes_of(dilation_rate, self.rank, f"{what}: dilation_rate")
        self.padding = self._padding_of(padding)
        self.data_format = data_format_of(data_format, what)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self._kernel_names = tuple(kernels)
        for name, (initializer, regularizer, constraint) in kernels.items():
            setattr(self, f"{name}_initializer", initializers.get(initializer))
            setattr(self, f"{name}_regularizer", regularizers.get(regularizer))
            setattr(self, f"{name}_constraint", constraints.get(constraint))
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None
        self.input_spec = InputSpec(min_ndim=self.rank + 2)
        if not strides_with_dilation and max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(
                f"{what}: strides {self.strides} together with dilation_rate {self.dilation_rate}.",
                fix="leave one of them at 1.",
            )

    def _padding_of(self, padding: Any) -> Any:
        if not isinstance(padding, str):
            return padding
        known = ("valid", "same", "causal") if self._causal else ("valid", "same")
        if padding.lower() not in known:
            raise ArgumentError(
                f"{type(self).__name__}: padding {padding!r} is unknown.", fix=f"use one of {', '.join(known)}."
            )
        return padding.lower()

    def _positive(self, name: str, value: Any) -> int:
        """A count that an argument gives.

        Raises: ArgumentError if it is no whole number of 1 or more.
        """
        return sizes_of(value, 1, f"{type(self).__name__}: {name}")[0]

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def _channels(self, shape: Any) -> int:
        channels = shape[self._channel_axis]
        if channels is None:
            raise ShapeError(
                f"{type(self).__name__}: the input {tuple(shape)} has no known number of channels "
                f"(axis {self._channel_axis}, data_format {self.data_format!r}).",
                fix="give the input a full shape.",
            )
        return channels

    @abstractmethod
    def _kernel_shapes(self, channels: int) -> dict[str, tuple[int, ...]]:
        """The shape of each kernel by its attribute, for inputs of so many channels."""

    @abstractmethod
    def _filters_for(self, channels: int) -> int:
        """How many channels the output has."""

    @abstractmethod
    def _convolve(self, inputs: Any, *kernels: Any) -> Any:
        """The convolution alone."""

    def build(self, input_shape: Any) -> None:
        """Make the kernels and the bias."""
        channels = self._channels(input_shape)
        self.compute_output_shape(input_shape)  # raises if the window does not fit
        for name, (attribute, shape) in zip(self._kernel_names, self._kernel_shapes(channels).items()):
            weight = self.add_weight(
                name=attribute, shape=shape, initializer=getattr(self, f"{name}_initializer"),
                regularizer=getattr(self, f"{name}_regularizer"), constraint=getattr(self, f"{name}_constraint"),
            )  # fmt: skip
            setattr(self, attribute, weight)
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self._filters_for(channels),), initializer=self.bias_initializer,
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={self._channel_axis: channels})

    def call(self, inputs: Any) -> Any:
        """activation(convolution + bias)."""
        attributes = self._kernel_shapes(self._channels(inputs.shape))
        return self._finish(self._convolve(inputs, *[getattr(self, attribute) for attribute in attributes]))

    def _finish(self, outputs: Any) -> Any:
        """Bias and activation."""
        if self.bias is not None:
            bias = self.bias
            if self.data_format == "channels_first":
                bias = ops.reshape(bias, (-1, *(1,) * self.rank))
            outputs = ops.add(outputs, bias)
        return outputs if self.activation is activations.linear else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """(batch, *windows, filters), or with the filters on axis 1."""
        shapes = self._kernel_shapes(self._channels(input_shape)).values()
        arrays = tuple(KerasTensor(shape, self.compute_dtype) for shape in (input_shape, *shapes))
        return tuple(symbolic_outputs(self._convolve, arrays, {}).shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }
        for name in (*self._kernel_names, "bias"):
            config[f"{name}_initializer"] = initializers.serialize(getattr(self, f"{name}_initializer"))
            config[f"{name}_regularizer"] = regularizers.serialize(getattr(self, f"{name}_regularizer"))
            config[f"{name}_constraint"] = constraints.serialize(getattr(self, f"{name}_constraint"))
        return config
