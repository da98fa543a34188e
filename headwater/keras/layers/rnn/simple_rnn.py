"""SimpleRNN: the output of a step is fed back into the next."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.rnn.parts import CellLayer, WeightedCell
from headwater.ops import rnn as recurrence


class SimpleRNNCell(WeightedCell):
    """One step of a simple recurrent network: h = activation(x W + b + h U).

    Args:
        units: size of the state.
        activation: function applied to the new state.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: first values of the weights.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: functions from the weights to losses.
        kernel_constraint, recurrent_constraint, bias_constraint: functions that keep the weights in bounds.
        dropout, recurrent_dropout: shares of the inputs and of the states that are dropped while training.
        seed: int that the decisions of the dropout follow from.
    Source: Elman 1990, "Finding structure in time".
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
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
        self.state_size = self.units

    def call(self, sequence: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """The new state, as output and as state."""
        previous = states[0] if isinstance(states, (list, tuple)) else states
        if training and self.dropout:
            sequence = ops.multiply(sequence, self.get_dropout_mask(sequence))
        if training and self.recurrent_dropout:
            previous = ops.multiply(previous, self.get_recurrent_dropout_mask(previous))
        output = ops.matmul(sequence, self.kernel)
        if self.bias is not None:
            output = ops.add(output, self.bias)
        output = self.activation(ops.add(output, ops.matmul(previous, self.recurrent_kernel)))
        return output, [output] if isinstance(states, (list, tuple)) else output


class SimpleRNN(CellLayer):
    """A simple recurrent network over time: h[t] = activation(x[t] W + b + h[t-1] U).

    Args:
        units: size of the state.
        activation: function applied to the new state.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: first values of the weights.
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
    Example:
        >>> SimpleRNN(4).compute_output_shape((None, 7, 3))
        (None, 4)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units=units, activation=activation, use_bias=use_bias, kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer, bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer, recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer, kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint, bias_constraint=bias_constraint, dropout=dropout,
            recurrent_dropout=recurrent_dropout, seed=seed,
            dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True), name="simple_rnn_cell",
        )  # fmt: skip
        super().__init__(
            cell, return_sequences=return_sequences, return_state=return_state, go_backwards=go_backwards,
            stateful=stateful, unroll=unroll, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.input_spec = InputSpec(ndim=3)

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """All steps: the last output, all outputs, the last states."""
        mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        if self._is_fused(mask, training):
            return self._run_fused(recurrence.simple_rnn, sequences, initial_state, mask, training)
        return super().inner_loop(sequences, initial_state, mask=mask, training=training)
