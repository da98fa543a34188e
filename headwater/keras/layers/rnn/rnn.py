"""RNN: a cell, applied step by step along time."""

from __future__ import annotations

from typing import Any

from headwater import ops, tree
from headwater.errors import ArgumentError, ShapeError
from headwater.keras.layers.call_signature import signature_of
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.rnn.dropout_cell import DropoutRNNCell
from headwater.keras.layers.rnn.stacked_cells import StackedRNNCells, check_cell
from headwater.keras.name_scope import name_scope
from headwater.keras.saving import deserialize_keras_object, serialize_keras_object
from headwater.keras.variable import Variable
from headwater.ops import rnn as recurrence


class RNN(Layer):
    """Carries the states of a cell along the second axis of its input, (batch, time, ...).

    Args:
        cell: an object with `call(inputs, states)` that returns an output and the next states, and `state_size`; or a
            list of them, stacked.
        return_sequences: whether the outputs of all steps are returned, not only the last one.
        return_state: whether the last states are returned too, after the output.
        go_backwards: whether time runs from the last step to the first.
        stateful: whether the last states of a batch are the first ones of the next.
        unroll: whether the steps are written out rather than looped over.
        zero_output_for_mask: whether steps that the mask leaves out give zeros rather than the output before.
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        check_cell(cell, "RNN")
        super().__init__(**kwargs)
        self.zero_output_for_mask = zero_output_for_mask
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.supports_masking = True
        self._set_untracked(states=None, _expected_batch_size=None)
        sizes = cell.state_size
        if not isinstance(sizes, (int, list, tuple)):
            raise ArgumentError(
                f"RNN: the cell's state_size is {sizes!r}.", fix="let it be an int, or a list of ints.", where=""
            )
        self.single_state = isinstance(sizes, int)
        self._set_untracked(state_size=[sizes] if isinstance(sizes, int) else list(sizes))

    # ---- shapes and masks -------------------------------------------------------------------------------------------

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The shape of the output; with `return_state` a tuple that ends in those of the states."""
        batch, length = sequences_shape[:2]
        size = getattr(self.cell, "output_size", None)
        size = self.state_size[0] if size is None else size
        if not isinstance(size, int):
            raise ArgumentError(
                f"{type(self).__name__}: the cell's output_size is {size!r}.", fix="let it be an int.", where=""
            )
        output = (batch, length, size) if self.return_sequences else (batch, size)
        if not self.return_state:
            return output
        return (output, *(_state_shape(batch, size) for size in self.state_size))

    def compute_mask(self, _: Any, mask: Any) -> Any:
        """The mask of the input, for outputs of all steps; None for states."""
        mask = tree.leaves(mask)[0] if mask is not None else None
        output = mask if self.return_sequences else None
        return [output, *(None for _ in self.state_size)] if self.return_state else output

    # ---- building and states ----------------------------------------------------------------------------------------

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build the cell; make the states of a stateful layer."""
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        if not self.stateful:
            return
        if self.states is not None:
            self.reset_state()
            return
        if sequences_shape[0] is None:
            raise ShapeError(
                f"{type(self).__name__} {self.name!r} is stateful and does not know the batch size: its input has the "
                f"shape {tuple(sequences_shape)}.",
                fix="give the input a batch size: keras.Input(batch_shape=...).",
            )
        self._make_states(sequences_shape[0])

    def _make_states(self, batch_size: int) -> None:
        with name_scope(self.name, caller=self):
            states = tree.map_structure(
                lambda value: Variable(value, trainable=False, dtype=self.variable_dtype, name="rnn_state"),
                self.get_initial_state(batch_size),
            )
        self._set_untracked(states=states, _expected_batch_size=batch_size)

    def get_initial_state(self, batch_size: Any) -> list[Any]:
        """The states before the first step: what the cell says, or zeros."""
        ask = getattr(self.cell, "get_initial_state", None)
        if ask is None:
            dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
            return [ops.zeros((batch_size, size), dtype=dtype) for size in self.state_size]
        states = ask(batch_size=batch_size)
        return list(states) if tree.is_nested(states) else [states]

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    def reset_state(self) -> None:
        """Set the states of a stateful layer to zero."""
        for state in tree.leaves(self.states) if self.states is not None else ():
            state.assign(ops.zeros_like(state))

    # ---- calling ----------------------------------------------------------------------------------------------------

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """The output of the last step, or of all; the last states behind it with `return_state`."""
        states = self._first_states(sequences, initial_state)
        if training:
            _draw_masks(self.cell, sequences[:, 0], states)
        try:
            last, outputs, states = self.inner_loop(sequences, states, mask=mask, training=training)
        finally:
            _forget_masks(self.cell)
        output = ops.cast(outputs if self.return_sequences else last, self.compute_dtype)
        states = tree.map_structure(lambda state: ops.cast(state, self.compute_dtype), list(states))
        if self.stateful:
            for variable, state in zip(tree.leaves(self.states), tree.leaves(states)):
                variable.assign(ops.cast(state, variable.dtype))
        return (output, *states) if self.return_state else output

    def _first_states(self, sequences: Any, initial_state: Any) -> list[Any]:
        if initial_state is None:
            if self.stateful:
                initial_state = self.states
            else:
                initial_state = self.get_initial_state(batch_size=sequences.shape[0])
        size = sequences.shape[0]
        if self.stateful and self._expected_batch_size not in (None, size) and size is not None:
            raise ShapeError(
                f"{type(self).__name__} {self.name!r} is stateful for batches of {self._expected_batch_size}, and was "
                f"given one of {size}.",
                fix="feed batches of that size.",
            )
        states = list(initial_state) if tree.is_nested(initial_state) else [initial_state]
        dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
        return tree.map_structure(lambda state: ops.cast(ops.convert_to_tensor(state), dtype), states)

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """All steps: the last output, all outputs, the last states."""
        extra = {"training": training} if _takes_training(self.cell) else {}

        def step(inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
            output, new = self.cell(inputs, states, **extra) if callable(self.cell) else self.cell.call(inputs, states)
            return output, list(new) if tree.is_nested(new) else [new]

        return recurrence.run_cell(
            step, sequences, initial_state, tree.leaves(mask)[0] if mask is not None else None,
            go_backwards=self.go_backwards, unroll=self.unroll, zero_output_for_mask=self.zero_output_for_mask,
        )  # fmt: skip

    # ---- config -----------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
            "cell": serialize_keras_object(self.cell),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The layer that `get_config` described."""
        config = dict(config)
        cell = deserialize_keras_object(config.pop("cell"), custom_objects=custom_objects)
        return cls(cell, **config)


def _state_shape(batch: Any, size: Any) -> Any:
    return [_state_shape(batch, each) for each in size] if isinstance(size, (list, tuple)) else (batch, size)


def _takes_training(cell: Any) -> bool:
    return isinstance(cell, Layer) and signature_of(cell.call).takes_training


def _draw_masks(cell: Any, step_input: Any, states: Any) -> None:
    """Let the cells draw their dropout masks before the loop, whose steps share them."""
    state = states[0] if isinstance(states, (list, tuple)) else states
    if isinstance(cell, DropoutRNNCell):
        cell.get_dropout_mask(step_input)
        cell.get_recurrent_dropout_mask(state)
    if isinstance(cell, StackedRNNCells):
        for inner, own in zip(cell.cells, states):
            _draw_masks(inner, step_input, own)
            first = own[0] if isinstance(own, (list, tuple)) else own
            size = getattr(inner, "output_size", None)
            step_input = first if size in (None, first.shape[-1]) else ops.zeros((first.shape[0], size), first.dtype)


def _forget_masks(cell: Any) -> None:
    if isinstance(cell, DropoutRNNCell):
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
    if isinstance(cell, StackedRNNCells):
        for inner in cell.cells:
            _forget_masks(inner)
