"""StepProgram: one step of training, evaluation or prediction as one compiled program for each shape of a batch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from headwater.frontend.function import ConcreteFunction, SteppedFunction, function, functions_run_eagerly
from headwater.frontend.tensor import Tensor
from headwater.frontend.tensor_spec import TensorSpec
from headwater.keras.trainers.batches import ArrayBatches, Epochs
from headwater.keras.trainers.string_step import StringStep


class StepProgram:
    """Runs a step on batches.

    Args:
        step: function of a batch (x, (x, y) or (x, y, sample_weight)) that returns logs or predictions.
        eager: whether to run it op by op, for debugging.
        autograph: whether to turn Python's control flow in it into the graph's.
    """

    def __init__(self, step: Callable[[Any], Any], eager: bool = False, autograph: bool = False) -> None:
        self._step = step
        self._eager = eager
        self._function = function(step, autograph=autograph)
        self._programs: dict[Any, ConcreteFunction | StringStep] = {}
        self._last: tuple[Any, Any, Any] = (None, None, None)

    @property
    def runs_eagerly(self) -> bool:
        """Whether steps run op by op."""
        return self._eager or functions_run_eagerly()

    def program(self, specs: Sequence[tuple[tuple, Any]], structure: Any) -> ConcreteFunction | StringStep:
        """The program for batches of tensors of these shapes and dtypes, traced when it is first asked for."""
        specs = tuple(specs)
        last_specs, last_structure, last = self._last
        if structure is last_structure and specs == last_specs:
            return last
        key = (specs, structure)
        found = self._programs.get(key)
        if found is None:
            found = self._made(specs, structure)
            if len(self._programs) >= 128:  # the oldest shapes go first
                self._programs.pop(next(iter(self._programs)))
            self._programs[key] = found
        self._last = (specs, structure, found)
        return found

    def _made(self, specs: Sequence[tuple[tuple, Any]], structure: Any) -> ConcreteFunction | StringStep:
        if any(dtype.kind == "string" for _, dtype in specs):
            return StringStep(self._function, specs, structure)
        data = structure.unflatten([TensorSpec(shape, dtype) for shape, dtype in specs])
        found = self._function.get_concrete_function(data)
        return StringStep(self._function, specs, structure, True) if isinstance(found, SteppedFunction) else found

    def compiled(
        self, specs: Sequence[tuple[tuple, Any]], structure: Any, leaves: Sequence[Tensor] | None = None
    ) -> tuple[ConcreteFunction, Sequence[Tensor] | None]:
        """The program for a batch, without what runs before it, and the tensors that it takes.

        Args:
            specs, structure: of the batch.
            leaves: its tensors, if there are any.
        Raises: UnsupportedError if the step runs op by op.
        """
        found = self.program(specs, structure)
        return found.compiled(leaves) if isinstance(found, StringStep) else (found, leaves)

    def prepare(self, leaves: Sequence[Tensor], structure: Any) -> None:
        """Trace the step for a batch, so that what it makes, such as variables, is there."""
        found = self.program([leaf.spec for leaf in leaves], structure)
        if isinstance(found, StringStep):
            found.prepare(leaves)

    def over(self, data: Epochs) -> Iterator[tuple[Any, Any]]:
        """Run the step on each batch of an epoch; the program and the buffers that it returned, of each.

        Without a program (running eagerly), what the step returned. `results_of` makes sense of both.
        """
        batches = data.batches
        if not self.runs_eagerly and isinstance(batches, ArrayBatches) and data.steps is None:
            yield from self._over_arrays(batches)
            return
        with contextlib.closing(iter(data)) as epoch:  # its threads end with the loop, however that ends
            for leaves, structure in epoch:
                if self.runs_eagerly:
                    yield None, self._step(structure.unflatten(list(leaves)))
                    continue
                program = self.program([leaf.spec for leaf in leaves], structure)
                yield program, program.run([leaf.buffer for leaf in leaves])

    def _over_arrays(self, batches: ArrayBatches) -> Iterator[tuple[Any, Any]]:
        batches.new_order()
        gatherer = batches.gatherer
        programs = {}
        for count in {gatherer.count(0), gatherer.count(len(gatherer) - 1)}:
            programs[count] = self.program(gatherer.specs(count), batches.structure)
        gather, count_of = gatherer.buffers, gatherer.count
        for step in range(len(gatherer)):
            program = programs[count_of(step)]
            yield program, program.run(gather(step))

    def __call__(self, leaves: Sequence[Tensor], structure: Any) -> Any:
        """What the step returns for one batch."""
        if self.runs_eagerly:
            return self._step(structure.unflatten(list(leaves)))
        program = self.program([leaf.spec for leaf in leaves], structure)
        return program.results(program.run([leaf.buffer for leaf in leaves]))


def results_of(program: ConcreteFunction | StringStep | None, returned: Any) -> Any:
    """What a step returned, as tensors in their structure."""
    return returned if program is None else program.results(returned)
