"""What a traced step computes on the host before its program runs: whatever hangs on strings alone.

Programs know no strings. So a step that is traced for a batch with strings in it (`keras/trainers/string_step.py`)
leaves what is done with them to its `Prelude`: it is done at once, for that batch; numbers that come out of it enter
the trace as inputs; and it is done again for each later batch, whose program is chosen by the shapes of what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater import tree
from headwater.errors import NotTraceableError, StateError
from headwater.frontend.host_function import Promise, call_on_host
from headwater.frontend.tensor_spec import TensorSpec
from headwater.frontend.tracing import ancestry, init_scope, output_specs
from headwater.ir import dispatch
from headwater.ir.dispatch import Array, strings_are_traced
from headwater.ir.graph import Graph, Value
from headwater.ir.primitive import Primitive
from headwater.ir.replay import replay
from headwater.ir.spec import Spec
from headwater.ir.text import print_graph
from headwater.ops.convert import convert_to_tensor


class Call(NamedTuple):
    """A call that a prelude makes.

    Attributes:
        function: what is called, on one argument.
        operands: where the leaves of its argument come from: the number of a value, or the value itself.
        structure: of its argument.
        num_results: number of tensors that it returns.
    """

    function: Callable[[Any], Any]
    operands: tuple[Any, ...]
    structure: Any
    num_results: int

    def is_like(self, other: Call) -> bool:
        """Whether another trace made the same call."""
        mine = [operand if isinstance(operand, int) else None for operand in self.operands]
        theirs = [operand if isinstance(operand, int) else None for operand in other.operands]
        return self.function == other.function and mine == theirs and self.num_results == other.num_results


class Application(NamedTuple):
    """A primitive with its attributes, as a function of a list of tensors."""

    primitive: Primitive
    attrs: dict[str, Any]

    def __call__(self, args: Sequence[Array]) -> tuple[Any, ...]:
        """The results."""
        found = dispatch.bind(self.primitive, tuple(args), self.attrs)
        return found if self.primitive.multiple else (found,)


class Replay:
    """A graph, as a function of a list of tensors.

    Args:
        graph: its inputs are the tensors.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph, self._text = graph, print_graph(graph)

    def __call__(self, args: Sequence[Array]) -> list[Any]:
        return replay(self._graph, args)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Replay) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


class Prelude:
    """The calls that a step begins with. Values are numbered: the leaves of the batch, then what the calls return.

    Args:
        leaves: the tensors of the batch that the step is traced for.
    """

    def __init__(self, leaves: Sequence[Any]) -> None:
        self.values = list(leaves)
        self.calls: list[Call] = []
        self._taken: list[int] = []  # the values that the program takes, in the order of its arguments
        self._numbers: dict[Value, int] = {}
        self._trace: Any = None

    # ---- while the step is traced -----------------------------------------------------------------------------------

    def begin(self, trace: Any, inputs: Sequence[Array]) -> None:
        """Let the inputs of a trace stand for the leaves of the batch."""
        trace.prelude = self
        self._trace = trace
        self._numbers = {array.value: number for number, array in enumerate(inputs) if array.value is not None}

    def knows(self, array: Any) -> bool:
        """Whether a tensor has its value before the program runs: it hangs on the batch alone."""
        return array.buffer is not None or self._number_of(array.value) is not None

    def _number_of(self, value: Any) -> int | None:
        """The number of a value of the trace; if it is computed from the batch, it is so by the prelude, too, from now
        on."""
        found = self._numbers.get(value)
        if found is not None or value.graph is not self._trace.graph:
            return found
        try:
            graph, given = ancestry(value, lambda other: True if other in self._numbers else None)
        except StateError:  # it hangs on variables
            return None
        numbers = tuple(self._numbers[other] for other in given)
        structure = tree.flatten(list(given))[1]
        call = Call(Replay(graph), numbers, structure, 1)
        self._numbers[value] = len(self.values)
        self.values += tree.leaves(_made(call.function, numbers, structure, self.values))
        self.calls.append(call)
        return self._numbers[value]

    def call(self, function: Callable[[Any], Any], argument: Any, promised: Any = None) -> Any:
        """What `function` returns, as inputs of the trace; it is called again for each batch.

        Raises: NotTraceableError if it returns anything but tensors.
        """
        leaves, structure = tree.flatten(argument)
        operands = tuple(self._operand(leaf) for leaf in leaves)
        results, form = tree.flatten(_made(function, operands, structure, self.values))
        if not all(isinstance(result, Array) for result in results):
            raise NotTraceableError("a layer of strings returns ragged or sparse rows.", fix="make them dense.")
        self.calls.append(Call(function, operands, structure, len(results)))
        return form.unflatten([self._entered(result) for result in results])

    def _operand(self, leaf: Any) -> Any:
        value = getattr(leaf, "value", None)
        return leaf if value is None else self._number_of(value)

    def applied(self, primitive: Primitive, args: Sequence[Array], attrs: dict[str, Any]) -> tuple[Any, ...]:
        """The results of a primitive, one of whose operands is a tensor of strings."""
        for array in args:
            if not self.knows(array):
                raise strings_are_traced(array.spec)
        return self.call(Application(primitive, attrs), list(args))

    def _entered(self, result: Array) -> Any:
        array = self._trace.input(result.spec)
        self._trace.examples[array.value] = result
        self._numbers[array.value] = len(self.values)
        self.values.append(result)
        return array

    def finish(self, graph: Graph, num_states: int) -> list[Spec]:
        """Take from a finished graph the inputs that nothing in it needs: strings, and what became of them.

        Args:
            graph: whose inputs are the leaves and the results of calls, then `num_states` variables.
        Returns: the specs of the arguments that are left.
        Raises: NotTraceableError if the graph needs strings.
        """
        used = {value for node in graph.nodes for value in node.inputs} | set(graph.outputs)
        arguments = graph.inputs[: len(graph.inputs) - num_states]
        for value in arguments:
            if value in used and value.spec.dtype.kind == "string":
                raise strings_are_traced(value.spec)
        kept = [value for value in arguments if value in used or value.spec.dtype.kind != "string"]
        graph.inputs = [*kept, *graph.inputs[len(arguments) :]]
        for index, value in enumerate(graph.inputs):
            value.index = index
        self._taken = [self._numbers[value] for value in kept]
        self._trace = None
        return [value.spec for value in kept]

    # ---- for each batch ---------------------------------------------------------------------------------------------

    def run(self, leaves: Sequence[Any]) -> list[Any]:
        """The values for another batch."""
        values = list(leaves)
        for call in self.calls:
            values += tree.leaves(_made(call.function, call.operands, call.structure, values))
        return values

    def arguments(self, values: Sequence[Any]) -> list[Any]:
        """Those of the values that the program takes."""
        return [values[number] for number in self._taken]

    def is_like(self, other: Prelude) -> bool:
        """Whether another trace of the step made the same calls."""
        return len(self.calls) == len(other.calls) and all(map(Call.is_like, self.calls, other.calls))


class Description:
    """Stands for a prelude where a function is traced for the shapes of its results alone: nothing is called.

    Args:
        trace: the trace.
        unknown: what a size is taken for that depends on the strings themselves.
    """

    def __init__(self, trace: Any, unknown: int) -> None:
        self._trace, self._unknown = trace, unknown

    def knows(self, array: Any) -> bool:
        """Whether a tensor is described well enough: by its spec."""
        return True

    def call(self, function: Callable[[Any], Any], argument: Any, promised: Callable[[], Any]) -> Any:
        """A stand-in of the promised shape and dtype."""
        shape, dtype = promised()
        return self._trace.input(Spec(tuple(self._unknown if size is None else size for size in shape), dtype))

    def applied(self, primitive: Primitive, args: Sequence[Array], attrs: dict[str, Any]) -> tuple[Any, ...]:
        """Stand-ins for the results of a primitive."""
        specs = primitive.infer_all([array.spec for array in args], attrs)
        return tuple(map(self._trace.input, specs))


def described_specs(function: Callable[..., Any], *args: Any, unknown: int = 1) -> Any:
    """`tracing.output_specs` of a function that may work with strings."""

    def begin(trace: Any) -> None:
        trace.prelude = Description(trace, unknown)

    return output_specs(function, *args, _begin=begin)


def _made(function: Callable[[Any], Any], operands: Sequence[Any], structure: Any, values: Sequence[Any]) -> Any:
    with init_scope():
        return function(structure.unflatten([values[item] if type(item) is int else item for item in operands]))


def on_host(function: Callable[[Any], Any], argument: Any, promised: Callable[[], Any]) -> Any:
    """What a function of eager tensors returns, also where a step is being traced.

    Args:
        function: called on the argument, eager; returns a tensor, or a structure of tensors.
        argument: a tensor, or a structure of tensors.
        promised: gives the shape and dtype of the one result, for where the call has to be part of a program.
    Raises: NotTraceableError if that is impossible, because it hangs on strings that are not known yet.
    """
    trace = dispatch.current_trace()
    if trace is None:
        return function(argument)
    leaves = [leaf for leaf in tree.leaves(argument) if isinstance(leaf, Array)]
    if all(leaf.buffer is not None for leaf in leaves):
        with init_scope():
            return function(argument)
    prelude = trace.nearest_prelude
    if prelude is not None and all(map(prelude.knows, leaves)):
        return prelude.call(function, argument, promised)
    return _in_program(function, argument, leaves, promised)


def _in_program(function: Callable[[Any], Any], argument: Any, leaves: list[Any], promised: Callable[[], Any]) -> Any:
    """The call as a node of the graph, which calls Python when the program runs."""
    shape, dtype = promised()
    for spec in (*(leaf.spec for leaf in leaves), Spec(shape, dtype)):
        if spec.dtype.kind == "string" or None in spec.shape:
            raise strings_are_traced(spec)
    structure = tree.flatten(argument)[1]

    def on_arrays(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        with init_scope():
            tensors = [convert_to_tensor(np.array(array)) for array in arrays]
            return (np.asarray(function(structure.unflatten(tensors))),)

    promise = Promise(TensorSpec(shape, dtype))
    return call_on_host(on_arrays, lambda tensors: on_arrays(*map(np.array, tensors)), leaves, promise)[0]
