"""Functions that give the same for a batch of rows as for each row: element by element, or moving elements only.

A map by such a function, followed by batch, may run once for each batch. Whether one is of that kind is read off its
graph: element-wise primitives and changes of layout have the same bits either way; sums, products of matrices and
random draws are left to run row by row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.autodiff.batching import vectorize
from headwater.data.calls import NO_KEYS, Call, debug_mode
from headwater.data.structure import Element, as_array, as_tensor, stack
from headwater.errors import NotTraceableError
from headwater.frontend.function import ConcreteFunction, Function, function, functions_run_eagerly
from headwater.frontend.prelude_programs import PreludePrograms
from headwater.frontend.tensor import Tensor
from headwater.frontend.tracing import init_scope
from headwater.ir.replay import replay
from headwater.ir.spec import Spec
from headwater.primitives.elementwise import Elementwise

_MOVES = {
    "broadcast_to", "cast", "concatenate", "constant", "expand_dims", "pad", "reshape", "reverse", "select", "slice",
    "squeeze", "stack", "tile", "transpose", "where",
}  # fmt: skip


def works_on_rows(program: ConcreteFunction) -> bool:
    """Whether a program of a row computes element by element, and nothing else."""
    if program.states or program._calls_python:
        return False
    return all(isinstance(node.primitive, Elementwise) or node.primitive.name in _MOVES for node in program.graph.nodes)


class OnBatches:
    """A user's function, applied to the rows of batches at once.

    Calling it gives the components of the results for the components of a batch.
    """

    def __init__(self, call: Call) -> None:
        self.call = call
        self._function: Function = function(vectorize(self._on_row), autograph=False)
        self._keys = as_tensor(NO_KEYS)

    def _on_row(self, *tensors: Any) -> Any:
        result = self.call.traced(self._keys, *tensors)
        return list(result) if type(result) is tuple else result

    def __call__(self, components: Element) -> Element:
        with init_scope():
            result = self._function(*[as_tensor(component) for component in components])
        return (result,) if type(result) is Tensor else self.call.flattened(result)[0]


def on_batches(call: Call) -> OnBatches | None:
    """The function as one of batches; None if it must see its elements one by one."""
    source = call.source.signature
    if debug_mode() or functions_run_eagerly() or not call.traceable or not source.is_static:
        return None
    if any(spec.dtype == "string" for spec in source.specs):
        return None
    program = call.program([Spec(tuple(spec.shape), spec.dtype) for spec in source.specs], source.form)
    if program is None or call.draws or not works_on_rows(program) or not _returns_tensors(program):
        return None
    return OnBatches(call)


class OnStringRows:
    """A user's function of strings, applied to several elements at once.

    Calling it gives the components of each result for a list of elements.
    """

    def __init__(self, call: Call, program: ConcreteFunction) -> None:
        self.call, self.program = call, program
        self._dtypes = [spec.dtype for spec in call.source.signature.specs]
        self._keys, self._taken = as_tensor(NO_KEYS), program.prelude.taken  # value 0 is the keys
        self._specs = [spec for number, spec in zip(self._taken, program.input_specs) if number]
        self._function: Function = function(vectorize(self._on_row), autograph=False)

    def _on_row(self, *tensors: Any) -> Any:
        rows = iter(tensors)
        return replay(self.program.graph, [next(rows) if number else self._keys for number in self._taken])

    def __call__(self, elements: Sequence[Element]) -> list[Element]:
        """The components for each element.

        Raises: NotTraceableError if the function must see its elements one by one; and what it raises for any of them.
        """
        columns = [
            as_tensor(stack(column, dtype, self.call.owner.title))
            for column, dtype in zip(zip(*elements), self._dtypes, strict=True)
        ]
        prelude = self.program.prelude
        with init_scope():
            values = prelude.on_rows([self._keys, *columns], len(elements))
            arguments = [values[number] for number in self._taken if number]
            if any(array.spec.shape[1:] != spec.shape for array, spec in zip(arguments, self._specs, strict=True)):
                raise NotTraceableError("a function of strings gives rows of other shapes for several of them.")
            computed = self._function(*arguments) if self.program.graph.outputs else []
            result = self.program.restored(values, computed)
        found = self.call.flattened(result)[0]
        return list(zip(*map(as_array, found), strict=True))


def on_string_rows(call: Call, programs: PreludePrograms) -> OnStringRows | None:
    """The function of strings as one of several elements; None if it must see them one by one."""
    program, source = programs.only_program, call.source.signature
    if program is None or debug_mode() or functions_run_eagerly() or call.draws or not source.is_static:
        return None
    return OnStringRows(call, program) if works_on_rows(program) else None


def _returns_tensors(program: ConcreteFunction) -> bool:
    outputs: Sequence[Any] = program._template
    return bool(outputs) and all(output is None for output in outputs) and len(program.outputs) == len(outputs)
