"""What a traced step computes on the host before its program runs: whatever hangs on strings alone.

Programs know no strings. So a step that is traced for a batch with strings in it (`keras/trainers/string_step.py`)
leaves what is done with them to its `Prelude`: it is done at once, for that batch; numbers that come out of it enter
the trace as inputs; and it is done again for each later batch, whose program is chosen by the shapes of what comes out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from headwater import tree
from headwater.dtypes import DType
from headwater.errors import NotTraceableError, StateError
from headwater.frontend.host_function import Promise, call_on_host
from headwater.frontend.tensor_spec import TensorSpec
from headwater.frontend.tracing import ancestry, init_scope, output_specs
from headwater.ir import dispatch
from headwater.ir.dispatch import Array, strings_are_traced
from headwater.ir.graph import Graph, Value
from headwater.ir.primitive import Primitive
from headwater.ir.replay import replay
from headwater.ir.spec import Spec, sizes_differ
from headwater.ir.text import print_graph
from headwater.ops.convert import convert_to_tensor

Function = TypeVar("Function", bound=Callable[..., Any])


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


class HostCall:
    """A function with all its arguments but the traced tensors, as a function of a list of these.

    Args:
        function: what is called.
        args, kwargs: its arguments.
        on_rows: the same of many calls at once, as of `before_programs`; None if there is no such function.
    Attributes:
        tensors: those among the arguments that are being traced.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        on_rows: Callable[..., Any] | None = None,
    ) -> None:
        self.function, self._on_rows = function, on_rows
        self._leaves, self._structure = tree.flatten((args, kwargs))
        self._places = [place for place, leaf in enumerate(self._leaves) if _is_traced(leaf)]
        self.tensors = [self._leaves[place] for place in self._places]
        for place in self._places:
            self._leaves[place] = None

    def __call__(self, tensors: Sequence[Array]) -> Any:
        args, kwargs = self._arguments(tensors)
        return self.function(*args, **kwargs)

    def on_rows(self, tensors: Sequence[Array]) -> Any:
        """What it returns for each row of the tensors, as rows.

        Raises: NotTraceableError if it must be called for each.
        """
        if self._on_rows is None or len(tensors) != 1:
            raise NotTraceableError("a function of strings is called for one row at a time.")
        args, kwargs = self._arguments(tensors)
        return self._on_rows(*args, **kwargs)

    def _arguments(self, tensors: Sequence[Array]) -> Any:
        leaves = list(self._leaves)
        for place, tensor in zip(self._places, tensors):
            leaves[place] = tensor
        return self._structure.unflatten(leaves)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, HostCall)
            and self.function == other.function
            and self._places == other._places
            and len(self._leaves) == len(other._leaves)
            and all(map(_is_same, self._leaves, other._leaves))
        )

    def __hash__(self) -> int:
        return hash(self.function)


def _is_traced(leaf: Any) -> bool:
    return isinstance(leaf, Array) and leaf.buffer is None


def _is_same(mine: Any, other: Any) -> bool:
    """Whether two settings are one; arrays and tensors are, if they are one object."""
    return mine is other or (type(mine) is type(other) and isinstance(mine, _SETTINGS) and mine == other)


_SETTINGS = (int, float, str, bytes, bool, np.dtype, DType)


class Prelude:
    """The calls that a step begins with. Values are numbered: the leaves of the batch, then what the calls return.

    Args:
        leaves: the tensors of the batch that the step is traced for.
        lasting: whether the trace is for other batches as well: then sizes that a call does not promise stay open, and
            nothing is known of values.
        passing: whether strings may be results; they go past the program.
    Attributes:
        passed: for each such result, by its position, the number of its value.
        taken: the numbers of the values that the program takes, in the order of its arguments.
    """

    def __init__(self, leaves: Sequence[Any], lasting: bool = False, passing: bool = False) -> None:
        self.values = list(leaves)
        self.lasting, self.passing = lasting, passing
        self.passed: dict[int, int] = {}
        self._open: dict[int, Spec] = {}  # of the values whose sizes are left open
        self.calls: list[Call] = []
        self.taken: list[int] = []
        self._numbers: dict[Value, int] = {}
        self._trace: Any = None

    # ---- while the step is traced -----------------------------------------------------------------------------------

    def begin(self, trace: Any, inputs: Sequence[Array]) -> None:
        """Let the inputs of a trace stand for the leaves of the batch."""
        trace.prelude = self
        self._trace = trace
        self._numbers = {array.value: number for number, array in enumerate(inputs) if array.value is not None}

    def keeps(self, array: Any) -> bool:
        """Whether a tensor can't go into the program: what is done with it has to be done before."""
        return array.spec.dtype.kind == "string" or (self.lasting and None in array.spec.shape)

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
        if None in value.spec.shape:
            self._open[len(self.values)] = value.spec
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
        opened = self.lasting and promised is not None and len(results) == 1
        return form.unflatten([self._entered(result, promised if opened else None) for result in results])

    def _operand(self, leaf: Any) -> Any:
        value = getattr(leaf, "value", None)
        return leaf if value is None else self._number_of(value)

    def applied(self, primitive: Primitive, args: Sequence[Array], attrs: dict[str, Any]) -> tuple[Any, ...]:
        """The results of a primitive, one of whose operands is a tensor of strings."""
        for array in args:
            if not self.knows(array):
                raise strings_are_traced(array.spec)
        return self.call(Application(primitive, attrs), list(args))

    def _entered(self, result: Array, promised: Any = None) -> Any:
        spec = result.spec if promised is None else _opened(result.spec, promised()[0])
        array = self._trace.input(spec)
        if not self.lasting:
            self._trace.examples[array.value] = result
        if None in spec.shape:
            self._open[len(self.values)] = spec
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
        if self.passing:
            self.passed = {
                position: self._numbers[value]
                for position, value in enumerate(graph.outputs)
                if value.spec.dtype.kind == "string" and value in self._numbers
            }
            graph.outputs = [value for position, value in enumerate(graph.outputs) if position not in self.passed]
        used = _keep_what_is_used(graph)
        arguments = graph.inputs[: len(graph.inputs) - num_states]
        for value in arguments:
            if value in used and value.spec.dtype.kind == "string":
                raise strings_are_traced(value.spec)
            if value in used and None in value.spec.shape:
                raise NotTraceableError(
                    f"a program works on {value.spec}, whose sizes are not known.", fix="resize it."
                )
        kept = [value for value in arguments if value in used or not _is_known_later(value)]
        graph.inputs = [*kept, *graph.inputs[len(arguments) :]]
        for index, value in enumerate(graph.inputs):
            value.index = index
        self.taken = [self._numbers[value] for value in kept]
        self._trace = None
        return [value.spec for value in kept]

    # ---- for each batch ---------------------------------------------------------------------------------------------

    def run(self, leaves: Sequence[Any]) -> list[Any]:
        """The values for another batch."""
        values = list(leaves)
        with init_scope():
            for call in self.calls:
                found = call.function(_argument(call.operands, call.structure, values))
                if isinstance(found, Array):
                    values.append(found)
                else:
                    values += tree.leaves(found)
        return values

    def on_rows(self, columns: Sequence[Any], size: int) -> list[Any]:
        """The values for `size` batches at once, where a column of the leaves of each is given.

        Raises: NotTraceableError if a call must be made for each of them.
        """
        values = list(columns)
        with init_scope():
            for call in self.calls:
                if not isinstance(call.function, HostCall):
                    raise NotTraceableError("an operation on strings is done for one row at a time.")
                found = tree.leaves(call.function.on_rows(_argument(call.operands, call.structure, values)))
                if any(array.spec.shape[:1] != (size,) for array in found):
                    raise NotTraceableError(f"a function of strings returns no row for each of {size}.")
                values += found
        return values

    def arguments(self, values: Sequence[Any]) -> list[Any]:
        """Those of the values that the program takes."""
        return [values[number] for number in self.taken]

    def specs(self, values: Sequence[Any]) -> tuple[Spec, ...]:
        """What a program depends on: the specs of the values, as far as they are not left open."""
        specs = [value.spec for value in values]
        for number, spec in self._open.items():
            if _fits(specs[number], spec):
                specs[number] = spec
        return tuple(specs)

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

    def keeps(self, array: Any) -> bool:
        """Whether a tensor is one of strings."""
        return array.spec.dtype.kind == "string"

    def knows(self, array: Any) -> bool:
        """Whether a tensor is described well enough: by its spec."""
        return True

    def call(self, function: Callable[[Any], Any], argument: Any, promised: Callable[[], Any]) -> Any:
        """A stand-in of the promised shape and dtype.

        Raises: NotTraceableError if no shape is promised.
        """
        shape, dtype = (None, None) if promised is None else promised()
        if shape is None:
            raise NotTraceableError("the shape of a result hangs on the strings themselves.", fix="set its shape.")
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
        return function(_argument(operands, structure, values))


def _argument(operands: Sequence[Any], structure: Any, values: Sequence[Any]) -> Any:
    """What a call is made with."""
    return structure.unflatten([values[item] if type(item) is int else item for item in operands])


def _keep_what_is_used(graph: Graph) -> set[Value]:
    """Take from a graph the nodes that nothing hangs on. Returns: the values that are left."""
    used, kept = set(graph.outputs), []
    for node in reversed(graph.nodes):
        if not node.primitive.pure or any(value in used for value in node.outputs):
            kept.append(node)
            used.update(node.inputs)
    graph.nodes = kept[::-1]
    return used


def _fits(spec: Spec, wanted: Spec) -> bool:
    """Whether a spec is one of those that one with open sizes stands for."""
    same = spec.dtype is wanted.dtype and spec.ndim == wanted.ndim
    return same and not any(map(sizes_differ, spec.shape, wanted.shape))


def _opened(spec: Spec, promised: Any) -> Spec:
    """The spec of a result with the sizes that were not promised left open; all of them, if no shape was."""
    shape = (None,) * spec.ndim if promised is None else tuple(promised)
    return spec.with_shape(shape) if len(shape) == spec.ndim else spec


def before_programs(
    promised: Callable[..., Any] | None = None, on_rows: Callable[..., Any] | None = None
) -> Callable[[Function], Function]:
    """Let a function of strings, or of images whose size only their file says, run before a program that needs it.

    Args:
        promised: called with the arguments: gives shape and dtype of the one result, with None for sizes that are not
            known before it runs, or for the shape.
        on_rows: called with the same arguments, but that the tensor among them has one more axis in front: gives what
            the function does for each row, as rows; raises NotTraceableError where it can't.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def public(*args: Any, **kwargs: Any) -> Any:
            trace = dispatch.current_trace()
            prelude = None if trace is None else trace.nearest_prelude
            if prelude is None:
                return function(*args, **kwargs)
            call = HostCall(function, args, kwargs, on_rows)
            if not any(map(prelude.keeps, call.tensors)):
                return function(*args, **kwargs)
            return on_host(call, call.tensors, None if promised is None else lambda: promised(*args, **kwargs))

        return public  # type: ignore[return-value]

    return decorate


def _is_known_later(tensor: Any) -> bool:
    """Whether a tensor, or a value of a graph, is one that no program takes: strings, and what has open sizes."""
    return tensor.spec.dtype.kind == "string" or None in tensor.spec.shape


def on_host(function: Callable[[Any], Any], argument: Any, promised: Callable[[], Any] | None) -> Any:
    """What a function of eager tensors returns, also where a step is being traced.

    Args:
        function: called on the argument, eager; returns a tensor, or a structure of tensors.
        argument: a tensor, or a structure of tensors.
        promised: gives the shape and dtype of the one result, for where the call has to be part of a program; None if
            it never can.
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


def _in_program(function: Callable[[Any], Any], argument: Any, leaves: list[Any], promised: Any) -> Any:
    """The call as a node of the graph, which calls Python when the program runs."""
    shape, dtype = (None, None) if promised is None else promised()
    if shape is None:
        raise strings_are_traced(leaves[0].spec)
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
