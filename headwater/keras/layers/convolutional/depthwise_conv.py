"""DepthwiseConv1D, DepthwiseConv2D: each channel convolved with kernels of its own."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.convolutional.base import Convolutional


class DepthwiseConvolution(Convolutional):
    """Each channel of the output is a weighted sum of a window of one channel of the input.

    Args:
        kernel_size: size of the window, one int or one for each axis of positions.
        strides: step of the window.
        padding: "valid" (none) or "same" (as many windows as positions, divided by the stride).
        depth_multiplier: number of channels of the output for each channel of the input.
        data_format: "channels_last" or "channels_first".
        dilation_rate: distance of the elements of the window.
        activation: function applied to the result; None for none.
        use_bias: whether a number for each channel of the output is added.
        depthwise_initializer, bias_initializer: first values.
        depthwise_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        depthwise_constraint, bias_constraint: functions that keep weights in bounds after each step.
    Raises: ArgumentError for sizes that can't be; ShapeError, when it is built, if the window does not fit.
    """

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size, strides=strides, padding=padding, data_format=data_format,
            dilation_rate=dilation_rate, activation=activation, use_bias=use_bias,
            kernels={"depthwise": (depthwise_initializer, depthwise_regularizer, depthwise_constraint)},
            bias_initializer=bias_initializer, bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer, bias_constraint=bias_constraint, strides_with_dilation=True,
            **kwargs,
        )  # fmt: skip
        self.depth_multiplier = self._positive("depth_multiplier", depth_multiplier)
        self.kernel: Any = None

    def _kernel_shapes(self, channels: int) -> dict[str, tuple[int, ...]]:
        return {"kernel": (*self.kernel_size, channels, self.depth_multiplier)}

    def _filters_for(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def _convolve(self, inputs: Any, *kernels: Any) -> Any:
        return ops.depthwise_conv(
            inputs, *kernels, strides=self.strides, padding=self.padding, data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


class DepthwiseConv1D(DepthwiseConvolution):
    """A depthwise convolution of sequences (batch, steps, channels). Arguments as in `DepthwiseConv2D`.

    Example:
        >>> DepthwiseConv1D(3, depth_multiplier=2).compute_output_shape((None, 10, 4))
        (None, 8, 8)
    """


class DepthwiseConv2D(DepthwiseConvolution):
    """A depthwise convolution of images (batch, height, width, channels): each channel of the output is a weighted sum
    of a window of one channel of the input.

    Args:
        kernel_size: height and width of the window, one int or two.
        strides: step of the window.
        padding: "valid" (none) or "same" (as many windows as pixels, divided by the stride).
        depth_multiplier: number of channels of the output for each channel of the input.
        data_format: "channels_last" or "channels_first".
        dilation_rate: distance of the elements of the window.
        activation: function applied to the result; None for none.
        use_bias: whether a number for each channel of the output is added.
        depthwise_initializer, bias_initializer: first values.
        depthwise_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        depthwise_constraint, bias_constraint: functions that keep weights in bounds after each step.
    Raises: ArgumentError for sizes that can't be; ShapeError, when it is built, if the window does not fit.
    Example:
        >>> DepthwiseConv2D(3).compute_output_shape((None, 10, 10, 4))
        (None, 8, 8, 4)

    Source: Sifre 2014, "Rigid-motion scattering for image classification", 6.2.
    """

    rank = 2
