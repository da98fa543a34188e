"""EinsumDense: a dense layer whose product is an einsum equation."""

from __future__ import annotations

import math
import re
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras import activations, constraints, initializers, regularizers
from headwater.keras.layers.core.dense import refuse_lora, rows_times
from headwater.keras.layers.layer import Layer

_EQUATION = re.compile(r"^(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?$")


class EinsumDense(Layer):
    """y = activation(einsum(equation, x, W) + b).

    Args:
        equation: as for `einsum`, of two operands: the input and W; "..." may stand for axes that both sides share.
        output_shape: sizes of the output's axes but the first (or those under "..."), None where the input's is meant.
        activation: function applied to the result; None for none.
        bias_axes: letters of the output's axes that b has; None for no bias.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            as in `Dense`.
    Example:
        >>> EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d").compute_output_shape((None, 32, 128))
        (None, 32, 64)
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse_lora(lora_rank, quantization_config)
        self.equation = equation
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel: Any = None
        self.bias: Any = None

    def _sizes(self, input_shape: Any) -> tuple[tuple, tuple | None, tuple]:
        """Shapes of W, of b (None without one) and of the output."""
        found = _EQUATION.match(self.equation.replace(" ", ""))
        if found is None:
            raise ArgumentError(
                f"EinsumDense: {self.equation!r} is not an equation of an input and a kernel.",
                fix="write e.g. 'abc,cd->abd'.",
            )
        before, x_axes, after, kernel_axes, out_before, y_axes, out_after = found.groups()
        if bool(before) != bool(out_before) or bool(after) != bool(out_after):
            raise ArgumentError(f"EinsumDense: {self.equation!r} has '...' on one side only.", fix="write it on both.")
        rank = len(input_shape)
        extra = rank - len(x_axes)
        if extra < 0 or (extra and not (before or after)):
            raise ShapeError(
                f"EinsumDense: the equation {self.equation!r} does not fit an input of shape {tuple(input_shape)}.",
                fix="give the input the axes that the equation names.",
            )
        own = input_shape[extra:] if before else input_shape[: len(x_axes)]
        shared = input_shape[:extra] if before else input_shape[len(x_axes) :]
        x_size = dict(zip(x_axes, own))
        given = self.partial_output_shape
        y_sizes: list[Any] = list(given) if before else [own[0], *given]
        if before and len(given) < len(y_axes):
            y_sizes = [None] * (len(y_axes) - len(given)) + y_sizes
        if len(y_sizes) > len(y_axes):  # sizes under "..." were given too
            y_sizes = y_sizes[-len(y_axes) :] if before else y_sizes[: len(y_axes)]
        if len(y_sizes) != len(y_axes):
            raise ShapeError(
                f"EinsumDense: output_shape {given} does not fit the axes {y_axes!r} of the output.",
                fix="give a size for each.",
            )
        y_size = {axis: x_size.get(axis) if size is None else size for axis, size in zip(y_axes, y_sizes)}
        for axis, size in y_size.items():
            if axis in x_size and x_size[axis] is not None and size is not None and x_size[axis] != size:
                raise ShapeError(
                    f"EinsumDense: axis {axis!r} is {x_size[axis]} in the input and {size} in the output.",
                    fix="make them equal.",
                )
        kernel = tuple(x_size.get(axis) if axis in x_size else y_size.get(axis) for axis in kernel_axes)
        bias = None
        if self.bias_axes is not None:
            if set(self.bias_axes) - set(y_axes):
                raise ArgumentError(
                    f"EinsumDense: bias_axes {self.bias_axes!r} are not axes of the output.", fix="name its axes."
                )
            first = min(y_axes.index(axis) for axis in self.bias_axes)
            bias = tuple(y_size[axis] if axis in self.bias_axes else 1 for axis in y_axes[first:])
            if after:
                bias += (1,) * extra
        output = (*shared, *y_size.values()) if before else (*y_size.values(), *shared)
        return kernel, bias, output

    def build(self, input_shape: Any) -> None:
        """Make W and b."""
        kernel, bias, _ = self._sizes(input_shape)
        self.kernel = self.add_weight(
            name="kernel", shape=kernel, initializer=self._initializer_by_axes(),
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        if bias is not None:
            self.bias = self.add_weight(
                name="bias", shape=bias, initializer=self.bias_initializer,
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip

    def _axes(self) -> tuple[str, str, str]:
        """The letters of the input, of the kernel and of the output."""
        operands, _, y_axes = self.equation.replace(" ", "").partition("->")
        x_axes, _, kernel_axes = operands.partition(",")
        return x_axes, kernel_axes, y_axes

    def _initializer_by_axes(self) -> Any:
        """The kernel's initialiser, which counts as outputs the axes that the output has, and as inputs the others."""
        if not isinstance(self.kernel_initializer, initializers.VarianceScaling):
            return self.kernel_initializer
        _, kernel_axes, y_axes = self._axes()
        outputs = [place for place, axis in enumerate(kernel_axes) if axis in y_axes]
        return self.kernel_initializer.counting(sorted({*range(len(kernel_axes))} - {*outputs}), outputs)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """activation(einsum(equation, x, W) + b)."""
        bound = self._bound_axes()
        if bound and None not in inputs.shape:
            x = self._as_product(inputs, bound)
        else:
            x = ops.einsum(self.equation, inputs, self.kernel)
            x = x if self.bias is None else ops.add(x, self.bias)
        return x if self.activation is activations.linear else self.activation(x)

    def _bound_axes(self) -> int:
        """How many axes are summed over, if the equation is a plain product: the last ones of the input with the first
        ones of the kernel, and a bias (if any) along all others of the kernel; else 0.
        """
        x_axes, kernel_axes, y_axes = self._axes()
        bound = sum(axis in x_axes for axis in kernel_axes)
        free, outer = x_axes[: len(x_axes) - bound], kernel_axes[bound:]
        plain = x_axes == free + kernel_axes[:bound] and y_axes == free + outer and "." not in x_axes and outer
        return bound if plain and self.bias_axes in (None, outer) else 0

    def _as_product(self, x: Any, bound: int) -> Any:
        lead, outer = tuple(x.shape[:-bound]), tuple(self.kernel.shape[bound:])
        inner, columns = math.prod(x.shape[-bound:]), math.prod(outer)
        bias = None if self.bias is None else ops.reshape(self.bias, (columns,))
        kernel = ops.reshape(self.kernel, (inner, columns))
        return ops.reshape(rows_times(ops.reshape(x, (*lead, inner)), kernel, bias), (*lead, *outer))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape that the equation gives."""
        return self._sizes(input_shape)[2]

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
            "quantization_config": None,
        }
