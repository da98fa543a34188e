"""Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: convolutions the other way round, which make images larger."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.layers.convolutional.base import Convolutional
from headwater.keras.layers.sizes import sizes_of


class ConvolutionTranspose(Convolutional):
    """Each input is spread over a window of the output, scaled by the kernel, and all add up.

    Args:
        filters: number of channels of the output.
        kernel_size: size of the window, one int or one for each axis of positions.
        strides: step of the window: by how much the output is larger.
        padding: "valid" (all of each window) or "same" (size times stride).
        output_padding: places to add at the far end of each axis; None for what makes the sizes above.
        data_format: "channels_last" or "channels_first".
        dilation_rate: distance of the elements of the window.
        activation: function applied to the result; None for none.
        use_bias: whether a number for each filter is added.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        kernel_constraint, bias_constraint: functions that keep weights in bounds after each step.
    Raises: ArgumentError for sizes that can't be.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size, strides=strides, padding=padding, data_format=data_format,
            dilation_rate=dilation_rate, activation=activation, use_bias=use_bias,
            kernels={"kernel": (kernel_initializer, kernel_regularizer, kernel_constraint)},
            bias_initializer=bias_initializer, bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer, bias_constraint=bias_constraint, **kwargs,
        )  # fmt: skip
        name = type(self).__name__
        self.filters = self._positive("filters", filters)
        self.output_padding = output_padding
        if output_padding is not None:
            self.output_padding = sizes_of(output_padding, self.rank, f"{name}: output_padding", least=0)
            if any(more >= stride for more, stride in zip(self.output_padding, self.strides)):
                raise ArgumentError(
                    f"{name}: output_padding {self.output_padding} for strides {self.strides}.",
                    fix="pass less than the stride for each axis.",
                )
        self.kernel: Any = None

    def _kernel_shapes(self, channels: int) -> dict[str, tuple[int, ...]]:
        return {"kernel": (*self.kernel_size, self.filters, channels)}

    def _filters_for(self, channels: int) -> int:
        return self.filters

    def _convolve(self, inputs: Any, *kernels: Any) -> Any:
        return ops.conv_transpose(
            inputs, *kernels, strides=self.strides, padding=self.padding, output_padding=self.output_padding,
            data_format=self.data_format, dilation_rate=self.dilation_rate,
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "filters": self.filters, "output_padding": self.output_padding}


class Conv1DTranspose(ConvolutionTranspose):
    """A transposed convolution of sequences (batch, steps, channels). Arguments as in `Conv2DTranspose`.

    Example:
        >>> Conv1DTranspose(4, 3, strides=2, padding="same").compute_output_shape((None, 5, 2))
        (None, 10, 4)
    """


class Conv2DTranspose(ConvolutionTranspose):
    """A transposed convolution of images (batch, height, width, channels).

    Args:
        filters: number of channels of the output.
        kernel_size: height and width of the window, one int or two.
        strides: step of the window: by how much the output is larger.
        padding: "valid" (all of each window) or "same" (size times stride).
        output_padding: rows and columns to add at the far ends; None for what makes the sizes above.
        data_format: "channels_last" or "channels_first".
        dilation_rate: distance of the elements of the window.
        activation: function applied to the result; None for none.
        use_bias: whether a number for each filter is added.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        kernel_constraint, bias_constraint: functions that keep weights in bounds after each step.
    Raises: ArgumentError for sizes that can't be.
    Example:
        >>> Conv2DTranspose(8, 3, strides=2).compute_output_shape((None, 4, 4, 3))
        (None, 9, 9, 8)
    """

    rank = 2


class Conv3DTranspose(ConvolutionTranspose):
    """A transposed convolution of volumes (batch, depth, height, width, channels). Arguments as in
    `Conv2DTranspose`.
    """

    rank = 3
