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
from headwater.data.structure import Element, as_tensor
from headwater.frontend.function import ConcreteFunction, Function, function, functions_run_eagerly
from headwater.frontend.tensor import Tensor
from headwater.frontend.tracing import init_scope
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


def _returns_tensors(program: ConcreteFunction) -> bool:
    outputs: Sequence[Any] = program._template
    return bool(outputs) and all(output is None for output in outputs) and len(program.outputs) == len(outputs)
