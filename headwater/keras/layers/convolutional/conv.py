"""Conv1D, Conv2D, Conv3D: convolutions of sequences, images and volumes."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError, UnsupportedError
from headwater.keras.layers.convolutional.base import Convolutional


class Convolution(Convolutional):
    """Each output is a weighted sum of a window of the input, over all channels (of a group).

    Args:
        filters: number of channels of the output.
        kernel_size: size of the window, one int or one for each axis of positions.
        strides: step of the window.
        padding: "valid" (none) or "same" (as many windows as positions, divided by the stride).
        data_format: "channels_last" or "channels_first".
        dilation_rate: distance of the elements of the window.
        groups: into how many groups channels and filters are cut; each group of filters sees one of channels.
        activation: function applied to the result; None for none.
        use_bias: whether a number for each filter is added.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        kernel_constraint, bias_constraint: functions that keep weights in bounds after each step.
        lora_rank, lora_alpha: only None.
    Raises: ArgumentError for sizes that can't be; ShapeError, when it is built, if the window does not fit.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size, strides=strides, padding=padding, data_format=data_format,
            dilation_rate=dilation_rate, activation=activation, use_bias=use_bias,
            kernels={"kernel": (kernel_initializer, kernel_regularizer, kernel_constraint)},
            bias_initializer=bias_initializer, bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer, bias_constraint=bias_constraint, **kwargs,
        )  # fmt: skip
        if lora_rank is not None:
            raise UnsupportedError("low-rank adaptation (lora_rank) is not served.", fix="leave lora_rank out.")
        self.filters = self._positive("filters", filters)
        self.groups = self._positive("groups", groups)
        if self.filters % self.groups:
            raise ArgumentError(
                f"{type(self).__name__}: {filters} filters can't be cut into {groups} groups.",
                fix="choose filters that groups divide.",
            )
        self.kernel: Any = None

    def _kernel_shapes(self, channels: int) -> dict[str, tuple[int, ...]]:
        if channels % self.groups:
            raise ShapeError(
                f"{type(self).__name__}: {channels} channels of the input can't be cut into {self.groups} groups.",
                fix="choose groups that divide the channels.",
            )
        return {"kernel": (*self.kernel_size, channels // self.groups, self.filters)}

    def _filters_for(self, channels: int) -> int:
        return self.filters

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """The convolution alone; a subclass may give another."""
        return ops.conv(
            inputs, kernel, strides=self.strides, padding=self.padding, dilation_rate=self.dilation_rate,
            data_format=self.data_format,
        )  # fmt: skip

    def _convolve(self, inputs: Any, *kernels: Any) -> Any:
        return self.convolution_op(inputs, *kernels)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


class Conv1D(Convolution):
    """A convolution of sequences (batch, steps, channels). Arguments as in `Conv2D`; padding may also be "causal":
    a window sees the steps up to its own.

    Example:
        >>> Conv1D(4, 3, padding="causal").compute_output_shape((None, 10, 2))
        (None, 10, 4)
    """

    _causal = True


class Conv2D(Convolution):
    """A convolution of images (batch, height, width, channels).

    Args:
        filters: number of channels of the output.
        kernel_size: height and width of the window, one int or two.
        strides: step of the window.
        padding: "valid" (none) or "same" (as many windows as pixels, divided by the stride).
        data_format: "channels_last" or "channels_first".
        dilation_rate: distance of the elements of the window.
        groups: into how many groups channels and filters are cut; each group of filters sees one of channels.
        activation: function applied to the result; None for none.
        use_bias: whether a number for each filter is added.
        kernel_initializer, bias_initializer: first values.
        kernel_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        kernel_constraint, bias_constraint: functions that keep weights in bounds after each step.
    Raises: ArgumentError for sizes that can't be; ShapeError, when it is built, if the window does not fit.
    Example:
        >>> Conv2D(8, 3, strides=2).compute_output_shape((None, 9, 9, 3))
        (None, 4, 4, 8)
    """

    rank = 2


class Conv3D(Convolution):
    """A convolution of volumes (batch, depth, height, width, channels). Arguments as in `Conv2D`.

    Example:
        >>> Conv3D(8, 3).compute_output_shape((None, 9, 9, 9, 1))
        (None, 7, 7, 7, 8)
    """

    rank = 3
