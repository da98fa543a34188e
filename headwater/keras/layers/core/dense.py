"""Dense: y = activation(x W + b)."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ShapeError, UnsupportedError
from headwater.keras import activations, constraints, initializers, regularizers
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer


class Dense(Layer):
    """Each output is a weighted sum of all inputs: y = activation(x W + b), along the last axis.

    Args:
        units: number of outputs.
        activation: function applied to them; None for none.
        use_bias: whether b is added.
        kernel_initializer, bias_initializer: first values of W and b.
        kernel_regularizer, bias_regularizer: functions from W and b to losses.
        activity_regularizer: function from the output to a loss.
        kernel_constraint, bias_constraint: functions that keep W and b in bounds after each step.
        lora_rank, lora_alpha, quantization_config: only None.
    Example:
        >>> Dense(4).compute_output_shape((None, 3))
        (None, 4)
    """

    def __init__(
        self,
        units: int,
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
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        refuse_lora(lora_rank, quantization_config)
        if not isinstance(units, int) or isinstance(units, bool) or units <= 0:
            raise ShapeError(
                f"Dense: units={units!r} is not a positive whole number.", fix="pass the number of outputs."
            )
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel: Any = None
        self.bias: Any = None
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make W and b."""
        features = input_shape[-1]
        if features is None:
            raise ShapeError(
                f"Dense needs to know the size of the last axis of its input, and is given {tuple(input_shape)}.",
                fix="give the input a full shape.",
            )
        self.kernel = self.add_weight(
            name="kernel", shape=(features, self.units), initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.units,), initializer=self.bias_initializer,
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """activation(x W + b)."""
        x = rows_times(inputs, self.kernel, self.bias)
        return x if self.activation is activations.linear else self.activation(x)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape with `units` in the last axis."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }


def rows_times(x: Any, kernel: Any, bias: Any) -> Any:
    """x (..., k) times kernel (k, n), plus bias (n,) if there is one.

    All rows are those of one matrix, and the bias is added before they get their axes back: so it is added where the
    product is finished.
    """
    lead = tuple(x.shape[:-1])
    if bias is None or len(lead) < 2 or None in lead:
        y = ops.matmul(x, kernel)
        return y if bias is None else ops.add(y, bias)
    y = ops.add(ops.matmul(ops.reshape(x, (-1, x.shape[-1])), kernel), bias)
    return ops.reshape(y, (*lead, kernel.shape[-1]))


def refuse_lora(lora_rank: Any, quantization_config: Any) -> None:
    """Low-rank adaptation and quantized weights are not served.

    Raises: UnsupportedError if either is asked for.
    """
    if lora_rank is not None:
        raise UnsupportedError("low-rank adaptation (lora_rank) is not served.", fix="leave lora_rank out.")
    if quantization_config is not None:
        raise UnsupportedError("quantized weights are not served.", fix="leave quantization_config out.")
