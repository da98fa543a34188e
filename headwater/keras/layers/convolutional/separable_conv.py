"""SeparableConv1D, SeparableConv2D: a depthwise convolution, then one that mixes channels."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.convolutional.base import Convolutional


class SeparableConvolution(Convolutional):
    """A depthwise convolution, and a convolution with windows of 1 that mixes its channels.

    Args:
        filters: number of channels of the output.
        kernel_size: size of the window, one int or one for each axis of positions.
        strides: step of the window.
        padding: "valid" (none) or "same" (as many windows as positions, divided by the stride).
        data_format: "channels_last" or "channels_first".
        dilation_rate: distance of the elements of the window.
        depth_multiplier: number of channels between the two for each channel of the input.
        activation: function applied to the result; None for none.
        use_bias: whether a number for each filter is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: first values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        depthwise_constraint, pointwise_constraint, bias_constraint: functions that keep weights in bounds after each
            step.
    Raises: ArgumentError for sizes that can't be; ShapeError, when it is built, if the window does not fit.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size, strides=strides, padding=padding, data_format=data_format,
            dilation_rate=dilation_rate, activation=activation, use_bias=use_bias,
            kernels={
                "depthwise": (depthwise_initializer, depthwise_regularizer, depthwise_constraint),
                "pointwise": (pointwise_initializer, pointwise_regularizer, pointwise_constraint),
            },
            bias_initializer=bias_initializer, bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer, bias_constraint=bias_constraint, strides_with_dilation=True,
            **kwargs,
        )  # fmt: skip
        self.filters = self._positive("filters", filters)
        self.depth_multiplier = self._positive("depth_multiplier", depth_multiplier)
        self.depthwise_kernel: Any = None
        self.pointwise_kernel: Any = None

    def _kernel_shapes(self, channels: int) -> dict[str, tuple[int, ...]]:
        return {
            "depthwise_kernel": (*self.kernel_size, channels, self.depth_multiplier),
            "pointwise_kernel": (*(1,) * self.rank, channels * self.depth_multiplier, self.filters),
        }

    def _filters_for(self, channels: int) -> int:
        return self.filters

    def _convolve(self, inputs: Any, *kernels: Any) -> Any:
        return ops.separable_conv(
            inputs, *kernels, strides=self.strides, padding=self.padding, data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "filters": self.filters, "depth_multiplier": self.depth_multiplier}


class SeparableConv1D(SeparableConvolution):
    """A separable convolution of sequences (batch, steps, channels). Arguments as in `SeparableConv2D`."""


class SeparableConv2D(SeparableConvolution):
    """A separable convolution of images (batch, height, width, channels): a depthwise convolution, and a convolution
    with windows of 1 that mixes its channels.

    Args:
        filters: number of channels of the output.
        kernel_size: height and width of the window, one int or two.
        strides: step of the window.
        padding: "valid" (none) or "same" (as many windows as pixels, divided by the stride).
        data_format: "channels_last" or "channels_first".
        dilation_rate: distance of the elements of the window.
        depth_multiplier: number of channels between the two for each channel of the input.
        activation: function applied to the result; None for none.
        use_bias: whether a number for each filter is added.
        depthwise_initializer, pointwise_initializer, bias_initializer: first values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        depthwise_constraint, pointwise_constraint, bias_constraint: functions that keep weights in bounds after each
            step.
    Raises: ArgumentError for sizes that can't be; ShapeError, when it is built, if the window does not fit.
    Example:
        >>> SeparableConv2D(8, 3).compute_output_shape((None, 10, 10, 4))
        (None, 8, 8, 8)

    Source: Chollet 2017, arXiv:1610.02357.
    """

    rank = 2
