"""GRU: gated recurrent units."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.rnn.parts import CellLayer, WeightedCell, gate_split
from headwater.ops import rnn as recurrence


class GRUCell(WeightedCell):
    """One step of a gated recurrent unit.

    Args:
        units: size of the state.
        activation: function applied to the candidate.
        recurrent_activation: function applied to the gates.
        use_bias: whether a bias is added.
        kernel_initializer, recurrent_initializer, bias_initializer: first values of the weights.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: functions from the weights to losses.
        kernel_constraint, recurrent_constraint, bias_constraint: functions that keep the weights in bounds.
        dropout, recurrent_dropout: shares of the inputs and of the states that are dropped while training.
        reset_after: whether the reset gate works on the product, with a bias of its own, or on the state before it.
        seed: int that the decisions of the dropout follow from.
    Source: Cho et al. 2014, arXiv:1406.1078.
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
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
        self.reset_after = reset_after
        self.state_size = self.units

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """The new state, as output and as state."""
        h = states[0] if isinstance(states, (list, tuple)) else states
        drop, drop_states = training and self.dropout, training and self.recurrent_dropout
        outer, inner = self._biases()
        kernels, recurrent = gate_split(self.kernel, 3), gate_split(self.recurrent_kernel, 3)
        inputs_by_gate, h_by_gate = [inputs] * 3, [h] * 3
        if drop:
            masks = self.get_dropout_mask(inputs)
            inputs_by_gate = [ops.multiply(inputs, masks[i] if self.implementation == 1 else masks) for i in range(3)]
        if drop_states:
            h_by_gate = [ops.multiply(h, mask) for mask in self.get_recurrent_dropout_mask(h)]

        def project(x: Any, kernel: Any, bias: Any) -> Any:
            product = ops.matmul(x, kernel)
            return product if bias is None else ops.add(product, bias)

        x = [project(x, kernel, bias) for x, kernel, bias in zip(inputs_by_gate, kernels, outer)]
        update, reset = (
            self.recurrent_activation(ops.add(x[i], project(h_by_gate[i], recurrent[i], inner[i]))) for i in range(2)
        )
        if self.reset_after:
            product = ops.multiply(reset, project(h_by_gate[2], recurrent[2], inner[2]))
        else:
            product = ops.matmul(ops.multiply(reset, h_by_gate[2]), recurrent[2])
        candidate = self.activation(ops.add(x[2], product))
        h = ops.add(ops.multiply(update, h), ops.multiply(ops.subtract(1, update), candidate))
        return h, [h] if isinstance(states, (list, tuple)) else h

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "reset_after": self.reset_after}

    def _biases(self) -> tuple[list[Any], list[Any]]:
        """The parts of the bias by gate: of the inputs, and of the states."""
        if self.bias is None:
            return [None] * 3, [None] * 3
        if not self.reset_after:
            return gate_split(self.bias, 3), [None] * 3
        return gate_split(self.bias[0], 3), gate_split(self.bias[1], 3)


class GRU(CellLayer):
    """Gated recurrent units over time.

    Args:
        units: size of the state.
        activation: function applied to the candidate.
        recurrent_activation: function applied to the gates.
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
        reset_after: whether the reset gate works on the product, with a bias of its own, or on the state before it.
        seed: int that the decisions of the dropout follow from.
        use_cudnn: accepted; all steps run as one operation wherever that is possible.
    Example:
        >>> GRU(4).compute_output_shape((None, 7, 3))
        (None, 4)
    """

    cell_config = ("recurrent_activation", "reset_after")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units=units, activation=activation, recurrent_activation=recurrent_activation, use_bias=use_bias,
            kernel_initializer=kernel_initializer, recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer, kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer, bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint, recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint, dropout=dropout, recurrent_dropout=recurrent_dropout,
            reset_after=reset_after, seed=seed,
            dtype=kwargs.get("dtype"), trainable=kwargs.get("trainable", True), name="gru_cell",
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
        if self._is_fused(mask, training) and self.cell.reset_after:
            return self._run_fused(recurrence.gru, sequences, initial_state, mask, training)
        return super().inner_loop(sequences, initial_state, mask=mask, training=training)
