"""StringStep: a step on batches that have strings in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import NotTraceableError, UnsupportedError
from headwater.frontend.function import ConcreteFunction, Function
from headwater.frontend.prelude import Prelude
from headwater.frontend.tensor import Tensor


class StringStep:
    """A step for batches of one signature. What of it hangs on strings alone runs first, on the host; the rest is a
    program, one for each shape of what comes out of the first part. Where the two can't be told apart, the step runs op
    by op.

    Args:
        function: the step.
        specs: of the tensors of a batch.
        structure: of a batch.
        op_by_op: whether it is known that it must.
    """

    CACHE_SIZE = 128  # programs kept; the oldest goes first

    def __init__(self, function: Function, specs: Sequence[Any], structure: Any, op_by_op: bool = False) -> None:
        self._function, self._structure = function, structure
        self._specs = list(specs)
        self._programs: dict[tuple[Any, ...], ConcreteFunction] = {}
        self._prelude: Prelude | None = None
        self._op_by_op = op_by_op

    def run(self, buffers: Sequence[Any]) -> tuple[ConcreteFunction | None, Any]:
        """What a run on a batch gives; `results` makes sense of it."""
        return self.run_on([Tensor(spec, buffer) for spec, buffer in zip(self._specs, buffers)])

    def run_on(self, leaves: Sequence[Tensor]) -> tuple[ConcreteFunction | None, Any]:
        """The same for the tensors of a batch."""
        program, values = self.prepare(leaves)
        if program is None:
            return None, self._function.python_function(self._structure.unflatten(list(leaves)))
        return program, program.run([tensor.buffer for tensor in program.prelude.arguments(values)])

    def results(self, returned: tuple[ConcreteFunction | None, Any]) -> Any:
        """What the step returned, as tensors in their structure."""
        program, found = returned
        return found if program is None else program.results(found)

    def compiled(self, leaves: Sequence[Tensor] | None = None) -> tuple[ConcreteFunction, list[Tensor]]:
        """The program for a batch, and the tensors that it takes; for one of empty strings and zeros, if none is given.

        Raises: UnsupportedError if the step runs op by op.
        """
        if leaves is None:
            leaves = [
                ops.convert_to_tensor(np.full(shape, b"" if dtype == "string" else 0, dtype.numpy))
                for shape, dtype in self._specs
            ]
        program, values = self.prepare(leaves)
        if program is None:
            raise UnsupportedError(
                "the step works on strings in a way that no program can, and runs op by op.",
                fix="prepare the strings in a Dataset.map, and give the model numbers.",
            )
        return program, program.prelude.arguments(values)

    def prepare(self, leaves: Sequence[Tensor]) -> tuple[ConcreteFunction | None, list[Any]]:
        """The program for a batch, and what the first part gives for it; None if the step runs op by op."""
        if self._op_by_op:
            return None, []
        values = [] if self._prelude is None else self._prelude.run(leaves)
        program = self._programs.get(_specs_of(values))
        if program is not None:
            return program, values
        try:
            return self._traced(leaves)
        except NotTraceableError:
            self._op_by_op = True
            return None, []

    def _traced(self, leaves: Sequence[Tensor]) -> tuple[ConcreteFunction, list[Any]]:
        program = self._function.traced_after(lambda: Prelude(leaves), leaves, self._structure)
        prelude = program.prelude
        if self._prelude is not None and not prelude.is_like(self._prelude):
            raise NotTraceableError("a step does something else with strings from batch to batch.")
        if len(self._programs) >= self.CACHE_SIZE:
            self._programs.pop(next(iter(self._programs)))
        values, prelude.values = prelude.values, []
        self._prelude = prelude
        self._programs[_specs_of(values)] = program
        return program, values


def _specs_of(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple([value.spec for value in values])
