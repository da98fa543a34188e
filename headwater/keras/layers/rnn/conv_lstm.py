"""ConvLSTM1D, ConvLSTM2D, ConvLSTM3D: a long short-term memory whose products are convolutions."""

from __future__ import annotations

from typing import Any

from headwater import ops, tree
from headwater.errors import ArgumentError, ShapeError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.rnn.parts import CellLayer, WeightedCell, gate_split, with_open_forget_gate
from headwater.keras.layers.sizes import sizes_of
from headwater.keras.operations.symbolic import symbolic_outputs
from headwater.ops import rnn as recurrence
from headwater.ops.defaults import data_format_of


class ConvLSTMCell(WeightedCell):
    """One step of a convolutional long short-term memory.

    Args:
        rank: number of spatial axes.
        filters: number of channels of the state.
        kernel_size, strides, padding, data_format, dilation_rate: of the convolution of the inputs; that of the state
            keeps its size.
        activation, recurrent_activation: functions applied to the candidate and the cell, and to the gates.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: first values of the weights.
        unit_forget_bias: whether the forget gate's bias is 1 at first.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: functions from the weights to losses.
        kernel_constraint, recurrent_constraint, bias_constraint: functions that keep the weights in bounds.
        dropout, recurrent_dropout: shares of the inputs and of the states that are dropped while training.
        seed: int that the decisions of the dropout follow from.
    Source: Shi et al. 2015, arXiv:1506.04214.
    """

    gates = 4
    size_name = "filters"

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        settings = {**locals()}
        super().__init__(**kwargs)
        self._take_settings(settings, seed=seed)
        self.rank = rank
        self.kernel_size = sizes_of(kernel_size, rank, "ConvLSTM: kernel_size")
        self.strides = sizes_of(strides, rank, "ConvLSTM: strides")
        self.dilation_rate = sizes_of(dilation_rate, rank, "ConvLSTM: dilation_rate")
        self.padding = str(padding).lower()
        if self.padding not in ("valid", "same"):
            raise ArgumentError(f"ConvLSTM: padding {padding!r} is unknown.", fix="use valid or same.", where="")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ArgumentError(
                f"ConvLSTM: strides {self.strides} together with dilation_rate {self.dilation_rate}.",
                fix="leave one of them at 1.", where="",
            )  # fmt: skip
        self.data_format = data_format_of(data_format, "ConvLSTM")
        self.unit_forget_bias = unit_forget_bias
        self.dropout_mask_count = self.gates
        self._set_untracked(state_size=-1, state_shape=None)

    def build(self, inputs_shape: Any, states_shape: Any = None) -> None:
        """Make the kernels and the bias."""
        last = self.data_format == "channels_last"
        spatial, channels = (inputs_shape[1:-1], inputs_shape[-1]) if last else (inputs_shape[2:], inputs_shape[1])
        if None in spatial or channels is None:
            raise ShapeError(
                f"ConvLSTM needs to know all sizes of a step, and is given {tuple(inputs_shape)}.",
                fix="give the input a full shape; batch and time may stay open.",
            )
        width = self.gates * self.filters
        self.kernel = self._weight("kernel", "kernel", (*self.kernel_size, channels, width))
        self.recurrent_kernel = self._weight("recurrent_kernel", "recurrent", (*self.kernel_size, self.filters, width))
        if self.use_bias:
            self.bias = self._weight("bias", "bias", self._bias_shape(), self._bias_initializer())
        self._set_untracked(state_shape=self.compute_output_shape(inputs_shape)[0][1:])

    def _bias_initializer(self) -> Any:
        return with_open_forget_gate(self.bias_initializer) if self.unit_forget_bias else self.bias_initializer

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Zeros for h and c."""
        return [ops.zeros((batch_size, *self.state_shape), dtype=self.compute_dtype) for _ in range(2)]

    def compute_output_shape(self, inputs_shape: Any, states_shape: Any = None) -> Any:
        """The shape of the output, and those of the states."""
        channels = inputs_shape[-1 if self.data_format == "channels_last" else 1]
        shapes = (tuple(inputs_shape), (*self.kernel_size, channels, self.filters))
        arrays = tuple(KerasTensor(shape, self.compute_dtype) for shape in shapes)
        shape = tuple(symbolic_outputs(self._input_convolution, arrays, {}).shape)
        return shape, [shape, shape]

    def _input_convolution(self, inputs: Any, kernel: Any) -> Any:
        return ops.conv(
            inputs, kernel, strides=self.strides, padding=self.padding, data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )  # fmt: skip

    def _state_convolution(self, h: Any, kernel: Any) -> Any:
        return ops.conv(h, kernel, strides=1, padding="same", data_format=self.data_format)

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def project(self, inputs: Any) -> Any:
        """What the inputs of a step add to the gates."""
        z = self._input_convolution(inputs, self.kernel)
        return z if self.bias is None else ops.add(z, self._spread(self.bias))

    def _spread(self, bias: Any) -> Any:
        return bias if self._channel_axis == -1 else ops.reshape(bias, (-1, *(1,) * self.rank))

    def advance(self, z: Any, states: Any) -> tuple[Any, Any]:
        """The next step from what `project` gave."""
        return self._next(ops.add(z, self._state_convolution(states[0], self.recurrent_kernel)), states)

    def _next(self, z: Any, states: Any) -> tuple[Any, Any]:
        i, f, g, o = ops.split(z, 4, axis=self._channel_axis)
        i, f, o = (self.recurrent_activation(gate) for gate in (i, f, o))
        c = ops.add(ops.multiply(f, states[1]), ops.multiply(i, self.activation(g)))
        h = ops.multiply(o, self.activation(c))
        return h, [h, c]

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """The new output, and the new output and cell as states."""
        drop, drop_states = training and self.dropout, training and self.recurrent_dropout
        if not drop and not drop_states:
            return self.advance(self.project(inputs), states)
        masks = self.get_dropout_mask(inputs) if drop else [None] * 4
        state_masks = self.get_recurrent_dropout_mask(states[0]) if drop_states else [None] * 4
        gates = []
        for gate, (kernel, recurrent) in enumerate(
            zip(gate_split(self.kernel, 4), gate_split(self.recurrent_kernel, 4))
        ):
            x, h = (
                value if mask is None else ops.multiply(value, mask)
                for value, mask in ((inputs, masks[gate]), (states[0], state_masks[gate]))
            )
            gates.append(ops.add(self._input_convolution(x, kernel), self._state_convolution(h, recurrent)))
        z = ops.concatenate(gates, axis=self._channel_axis)
        return self._next(z if self.bias is None else ops.add(z, self._spread(self.bias)), states)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        own = ("kernel_size", "strides", "padding", "data_format", "dilation_rate", "unit_forget_bias")
        return {**super().get_config(), "rank": self.rank, **{name: getattr(self, name) for name in own}}


class ConvLSTM(CellLayer):
    """Base of the convolutional long short-term memories; `rank` is the number of spatial axes."""

    size_name = "filters"
    cell_config = (
        "kernel_size", "strides", "padding", "data_format", "dilation_rate", "recurrent_activation", "unit_forget_bias",
    )  # fmt: skip
    rank = 1

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = ConvLSTMCell(
            rank=self.rank, filters=filters, kernel_size=kernel_size, strides=strides, padding=padding,
            data_format=data_format, dilation_rate=dilation_rate, activation=activation,
            recurrent_activation=recurrent_activation, use_bias=use_bias, kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer, bias_initializer=bias_initializer,
            unit_forget_bias=unit_forget_bias, kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer, bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint, recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint, dropout=dropout, recurrent_dropout=recurrent_dropout, seed=seed,
            name="conv_lstm_cell", dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True),
        )  # fmt: skip
        super().__init__(
            cell, return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards,
            stateful=stateful, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.input_spec = InputSpec(ndim=self.rank + 3)

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """All steps: the last output, all outputs, the last states."""
        cell = self.cell
        if training and (cell.dropout or cell.recurrent_dropout):
            return super().inner_loop(sequences, initial_state, mask=mask, training=training)
        batch, length = sequences.shape[:2]
        z = cell.project(ops.reshape(sequences, (batch * length, *sequences.shape[2:])))  # all steps at once
        return recurrence.run_cell(
            cell.advance, ops.reshape(z, (batch, length, *z.shape[1:])), initial_state,
            tree.leaves(mask)[0] if mask is not None else None, go_backwards=self.go_backwards, unroll=self.unroll,
            zero_output_for_mask=self.zero_output_for_mask,
        )  # fmt: skip

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The shape of the output; with `return_state` a tuple that ends in those of the states."""
        batch, length = sequences_shape[:2]
        state = self.cell.compute_output_shape((batch, *sequences_shape[2:]))[0]
        output = (batch, length, *state[1:]) if self.return_sequences else state
        return (output, state, state) if self.return_state else output

    def compute_mask(self, _: Any, mask: Any) -> Any:
        """The mask of the input, for outputs of all steps; None for states."""
        mask = tree.leaves(mask)[0] if mask is not None else None
        output = mask if self.return_sequences else None
        return [output, None, None] if self.return_state else output


class ConvLSTM1D(ConvLSTM):
    """A convolutional long short-term memory over time, for sequences at each step.

    Args:
        filters: number of channels of the state.
        kernel_size, strides, padding, data_format, dilation_rate: of the convolution of the inputs; that of the state
            keeps its size.
        activation, recurrent_activation: functions applied to the candidate and the cell, and to the gates.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: first values of the weights.
        unit_forget_bias: whether the forget gate's bias is 1 at first.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        kernel_constraint, recurrent_constraint, bias_constraint: functions that keep the weights in bounds.
        dropout, recurrent_dropout: shares of the inputs and of the states that are dropped while training.
        seed: int that the decisions of the dropout follow from.
        return_sequences, return_state, go_backwards, stateful: as of `RNN`.
    Example:
        >>> ConvLSTM1D(4, 3).compute_output_shape((None, 5, 8, 3))
        (None, 6, 4)

    Source: Shi et al. 2015, arXiv:1506.04214.
    """

    rank = 1


class ConvLSTM2D(ConvLSTM):
    """A convolutional long short-term memory over time, for images at each step.

    Args:
        filters: number of channels of the state.
        kernel_size, strides, padding, data_format, dilation_rate: of the convolution of the inputs; that of the state
            keeps its size.
        activation, recurrent_activation: functions applied to the candidate and the cell, and to the gates.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: first values of the weights.
        unit_forget_bias: whether the forget gate's bias is 1 at first.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        kernel_constraint, recurrent_constraint, bias_constraint: functions that keep the weights in bounds.
        dropout, recurrent_dropout: shares of the inputs and of the states that are dropped while training.
        seed: int that the decisions of the dropout follow from.
        return_sequences, return_state, go_backwards, stateful: as of `RNN`.
    Example:
        >>> ConvLSTM2D(4, 3).compute_output_shape((None, 5, 8, 8, 3))
        (None, 6, 6, 4)

    Source: Shi et al. 2015, arXiv:1506.04214.
    """

    rank = 2


class ConvLSTM3D(ConvLSTM):
    """A convolutional long short-term memory over time, for volumes at each step.

    Args:
        filters: number of channels of the state.
        kernel_size, strides, padding, data_format, dilation_rate: of the convolution of the inputs; that of the state
            keeps its size.
        activation, recurrent_activation: functions applied to the candidate and the cell, and to the gates.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: first values of the weights.
        unit_forget_bias: whether the forget gate's bias is 1 at first.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        kernel_constraint, recurrent_constraint, bias_constraint: functions that keep the weights in bounds.
        dropout, recurrent_dropout: shares of the inputs and of the states that are dropped while training.
        seed: int that the decisions of the dropout follow from.
        return_sequences, return_state, go_backwards, stateful: as of `RNN`.
    Example:
        >>> ConvLSTM3D(4, 3).compute_output_shape((None, 5, 8, 8, 8, 3))
        (None, 6, 6, 6, 4)

    Source: Shi et al. 2015, arXiv:1506.04214.
    """

    rank = 3
