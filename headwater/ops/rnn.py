"""Recurrent networks over time: what the layers of `keras.layers` call. Inputs are (batch, time, ...)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headwater import tree
from headwater.errors import ShapeError
from headwater.ir import dispatch
from headwater.ops.control import scan
from headwater.ops.linear import matmul
from headwater.ops.operands import BOOL, cast, cut, permuted, reshape_to, tensor
from headwater.primitives import elementwise, rnn, shape
from headwater.primitives.constant import scalar
from headwater.primitives.shape import broadcast_to


def _projected(inputs: Any, kernel: Any, bias: Any) -> Any:
    """The inputs of all steps times the kernel plus the bias: one product."""
    batch, length, features = inputs.spec.shape
    kernel = tensor(kernel)
    rows = matmul(reshape_to(inputs, (batch * length, features)), kernel)
    if bias is not None:
        rows = elementwise.add(rows, tensor(bias))
    return reshape_to(rows, (batch, length, kernel.spec.shape[1]))


def _saving() -> bool:
    """Whether what a gradient needs is kept: unless nobody can ask for one."""
    return dispatch.current_trace() is not None or bool(dispatch.recorders())


def _masks(mask: Any) -> tuple[Any, ...]:
    if mask is None:
        return ()
    mask = cast(tensor(mask), BOOL)
    return (reshape_to(mask, mask.spec.shape[:2]) if mask.spec.ndim == 3 else mask,)


class Recurrent:
    """What a recurrence gives.

    Attributes:
        outputs: (batch, time, units), in the order of the inputs, also where time ran backwards.
        last: (batch, units), the output of the last step made.
        states: the states after it.
    """

    def __init__(self, outputs: Any, states: Sequence[Any]) -> None:
        self.outputs, self.last, self.states = outputs, states[0], list(states)


def simple_rnn(
    inputs: Any, h: Any, mask: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *, go_backwards: bool = False
) -> Recurrent:
    """h[t] = tanh(x[t] kernel + bias + h[t-1] recurrent_kernel).

    Args:
        inputs: (batch, time, features).
        h: first state, (batch, units).
        mask: bools (batch, time), False for steps that keep the state; or None.
        kernel, recurrent_kernel: (features, units), (units, units).
        bias: (units,), or None.
        go_backwards: from the last step to the first.
    """
    inputs = tensor(inputs)
    z = _projected(inputs, kernel, bias)
    outputs, last = rnn.simple_rnn(z, tensor(recurrent_kernel), tensor(h), *_masks(mask), reverse=bool(go_backwards))
    return Recurrent(outputs, [last])


def lstm(
    inputs: Any, h: Any, c: Any, mask: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *, go_backwards: bool = False
) -> Recurrent:
    """A long short-term memory; gates in the order input, forget, cell, output.

    Args:
        inputs: (batch, time, features).
        h, c: first states, (batch, units).
        mask: bools (batch, time), False for steps that keep the states; or None.
        kernel, recurrent_kernel: (features, 4 units), (units, 4 units).
        bias: (4 units,), or None.
        go_backwards: from the last step to the first.
    """
    inputs = tensor(inputs)
    z = _projected(inputs, kernel, bias)
    found = rnn.lstm(
        z, tensor(recurrent_kernel), tensor(h), tensor(c), *_masks(mask), reverse=bool(go_backwards), save=_saving()
    )
    return Recurrent(found[0], found[1:3])


def gru(
    inputs: Any, h: Any, mask: Any, kernel: Any, recurrent_kernel: Any, bias: Any, *, go_backwards: bool = False
) -> Recurrent:
    """A gated recurrent unit that resets after the product; gates in the order update, reset, candidate.

    Args:
        inputs: (batch, time, features).
        h: first state, (batch, units).
        mask: bools (batch, time), False for steps that keep the state; or None.
        kernel, recurrent_kernel: (features, 3 units), (units, 3 units).
        bias: (2, 3 units), of the inputs and of the states, or None.
        go_backwards: from the last step to the first.
    """
    inputs, recurrent_kernel = tensor(inputs), tensor(recurrent_kernel)
    width = recurrent_kernel.spec.shape[1]
    if bias is None:
        outer, inner = None, broadcast_to(scalar(0, inputs.spec.dtype), shape=(width,))
    else:
        outer, inner = (reshape_to(cut(tensor(bias), 0, i, i + 1), (width,)) for i in range(2))
    z = _projected(inputs, kernel, outer)
    found = rnn.gru(z, recurrent_kernel, inner, tensor(h), *_masks(mask), reverse=bool(go_backwards), save=_saving())
    return Recurrent(found[0], found[1:2])


def _by_step(x: Any) -> Any:
    return permuted(tensor(x), (1, 0, *range(2, tensor(x).spec.ndim)))


def _like(mask: Any, x: Any) -> Any:
    """A mask (batch, 1) with axes added until it broadcasts against x."""
    return reshape_to(mask, (*mask.spec.shape[:1], *(1,) * (x.spec.ndim - 1)))


def _where(mask: Any, new: Any, old: Any) -> Any:
    new, old = tensor(new), tensor(old)
    return elementwise.select(_like(mask, new), new, cast(old, new.spec.dtype))


def run_cell(
    step: Callable[[Any, list[Any]], tuple[Any, Any]],
    inputs: Any,
    states: Sequence[Any],
    mask: Any = None,
    *,
    go_backwards: bool = False,
    unroll: bool = False,
    zero_output_for_mask: bool = False,
) -> tuple[Any, Any, list[Any]]:
    """Carry states along time by any function of one step.

    Args:
        step: function of the inputs of a step and the states that returns an output and the next states.
        inputs: (batch, time, ...), or a structure of these.
        states: structures of tensors (batch, ...).
        mask: bools (batch, time), False for steps that keep the states and repeat the output; or None.
        go_backwards: from the last step to the first.
        unroll: write the steps out instead of looping.
        zero_output_for_mask: let steps that are left out give zeros.
    Returns: the last output, all outputs (batch, time, ...) in the order in which they were made, the last states.
    Raises: ShapeError if there are no steps to unroll.
    """
    rows = tree.map_structure(_by_step, inputs)
    masks = None if mask is None else _by_step(_masks(mask)[0])
    run = _unrolled if unroll else _scanned
    outputs, states = run(step, rows, list(states), masks, go_backwards, zero_output_for_mask)
    length = tree.leaves(outputs)[0].spec.shape[0]
    last = tree.map_structure(lambda x: _row(x, length - 1), outputs)
    return last, tree.map_structure(_by_step, outputs), states


def _row(x: Any, number: int) -> Any:
    return reshape_to(cut(x, 0, number, number + 1), x.spec.shape[1:])


def _scanned(
    step: Any, rows: Any, states: list[Any], masks: Any, go_backwards: bool, zero: bool
) -> tuple[Any, list[Any]]:
    def body(state: Any, row: Any) -> tuple[Any, Any]:
        output, new = step(row[0], list(state))
        if masks is None:
            return list(new), output
        counts = row[1]
        # What repeats is the first state: the last output, for every cell whose output is its state.
        previous = tree.leaves(state[-1] if isinstance(state[0], (list, tuple)) else state[0])[0]
        kept = broadcast_to(scalar(0, output.spec.dtype), shape=output.spec.shape) if zero else previous
        new = tree.map_structure(lambda a, b: _where(counts, a, b), list(new), list(state))
        return new, _where(counts, output, kept)

    xs = [rows] if masks is None else [rows, masks]
    states, outputs = scan(body, states, xs, reverse=go_backwards)
    if go_backwards:
        outputs = tree.map_structure(lambda x: shape.reverse(x, axes=(0,)), outputs)
    return outputs, list(states)


def _unrolled(
    step: Any, rows: Any, states: list[Any], masks: Any, go_backwards: bool, zero: bool
) -> tuple[Any, list[Any]]:
    length = tree.leaves(rows)[0].spec.shape[0]
    if not length:
        raise ShapeError("a recurrent layer has no steps to unroll.", fix="give inputs of one step or more.")
    outputs: list[Any] = []
    for number in reversed(range(length)) if go_backwards else range(length):
        output, new = step(tree.map_structure(lambda x, i=number: _row(x, i), rows), states)
        if masks is not None:
            counts = _row(masks, number)
            nothing = broadcast_to(scalar(0, output.spec.dtype), shape=output.spec.shape)
            output = _where(counts, output, outputs[-1] if outputs and not zero else nothing)
            new = tree.map_structure(lambda a, b, m=counts: _where(m, a, b), list(new), list(states))
        outputs.append(output)
        states = list(new)
    joined = [reshape_to(output, (1, *output.spec.shape)) for output in outputs]
    return shape.concatenate(*joined, axis=0), states
