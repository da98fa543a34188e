"""LSTM: long short-term memory."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.rnn.parts import CellLayer, WeightedCell, gate_split, with_open_forget_gate
from headwater.ops import rnn as recurrence


class LSTMCell(WeightedCell):
    """One step of a long short-term memory.

    Args:
        units: size of the state.
        activation: function applied to the candidate and the cell.
        recurrent_activation: function applied to the gates.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: first values of the weights.
        unit_forget_bias: whether the forget gate's bias is 1 at first.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: functions from the weights to losses.
        kernel_constraint, recurrent_constraint, bias_constraint: functions that keep the weights in bounds.
        dropout, recurrent_dropout: shares of the inputs and of the states that are dropped while training.
        seed: int that the decisions of the dropout follow from.
    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory".
    """

    gates = 4

    def __init__(
        self,
        units: int,
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
        implementation = kwargs.pop("implementation", 2)
        super().__init__(**kwargs)
        self._take_settings(settings, seed=seed)
        self.implementation = 1 if self.recurrent_dropout else implementation
        if self.implementation == 1:
            self.dropout_mask_count = self.gates
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def _bias_initializer(self) -> Any:
        return with_open_forget_gate(self.bias_initializer) if self.unit_forget_bias else self.bias_initializer

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """The new output, and the new output and cell as states."""
        h, c = states
        drop, drop_states = training and self.dropout, training and self.recurrent_dropout
        if self.implementation == 1:
            z = self._by_gate(inputs, h, drop, drop_states)
        else:
            if drop:
                inputs = ops.multiply(inputs, self.get_dropout_mask(inputs))
            z = ops.add(ops.matmul(inputs, self.kernel), ops.matmul(h, self.recurrent_kernel))
            z = gate_split(ops.add(z, self.bias) if self.bias is not None else z, 4)
        i, f, o = (self.recurrent_activation(z[gate]) for gate in (0, 1, 3))
        c = ops.add(ops.multiply(f, c), ops.multiply(i, self.activation(z[2])))
        h = ops.multiply(o, self.activation(c))
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}

    def _by_gate(self, inputs: Any, h: Any, drop: Any, drop_states: Any) -> list[Any]:
        """What enters each gate, where each has masks of its own."""
        masks = self.get_dropout_mask(inputs) if drop else None
        state_masks = self.get_recurrent_dropout_mask(h) if drop_states else None
        biases = gate_split(self.bias, 4) if self.bias is not None else None
        found = []
        for gate, (kernel, recurrent) in enumerate(
            zip(gate_split(self.kernel, 4), gate_split(self.recurrent_kernel, 4))
        ):
            z = ops.matmul(ops.multiply(inputs, masks[gate]) if masks else inputs, kernel)
            if biases is not None:
                z = ops.add(z, biases[gate])
            found.append(ops.add(z, ops.matmul(ops.multiply(h, state_masks[gate]) if state_masks else h, recurrent)))
        return found


class LSTM(CellLayer):
    """A long short-term memory over time.

    Args:
        units: size of the state.
        activation: function applied to the candidate and the cell.
        recurrent_activation: function applied to the gates.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: first values of the weights.
        unit_forget_bias: whether the forget gate's bias is 1 at first.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: functions from the weights to losses.
        activity_regularizer: function from the output to a loss.
        kernel_constraint, recurrent_constraint, bias_constraint: functions that keep the weights in bounds.
        dropout, recurrent_dropout: shares of the inputs and of the states that are dropped while training.
        return_sequences: whether the outputs of all steps are returned, not only the last one.
        return_state: whether the last states are returned too.
        go_backwards: whether time runs from the last step to the first.
        stateful: whether the last states of a batch are the first ones of the next.
        unroll: whether the steps are written out, where they are not one operation anyway.
        seed: int that the decisions of the dropout follow from.
        use_cudnn: accepted; all steps run as one operation wherever that is possible.
    Example:
        >>> LSTM(4).compute_output_shape((None, 7, 3))
        (None, 4)
    """

    cell_config = ("recurrent_activation", "unit_forget_bias")

    def __init__(
        self,
        units: int,
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
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units=units, activation=activation, recurrent_activation=recurrent_activation, use_bias=use_bias,
            kernel_initializer=kernel_initializer, recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer, unit_forget_bias=unit_forget_bias,
            kernel_regularizer=kernel_regularizer, recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer, kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint, bias_constraint=bias_constraint, dropout=dropout,
            recurrent_dropout=recurrent_dropout, seed=seed,
            dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True), name="lstm_cell",
            implementation=kwargs.pop("implementation", 2),
        )  # fmt: skip
        super().__init__(
            cell, return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards,
            stateful=stateful, unroll=unroll, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.input_spec = InputSpec(ndim=3)
        self.use_cudnn = use_cudnn

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """All steps: the last output, all outputs, the last states."""
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        if self._is_fused(mask, training):
            return self._run_fused(recurrence.lstm, sequences, initial_state, mask, training)
        return super().inner_loop(sequences, initial_state, mask=mask, training=training)
