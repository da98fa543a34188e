"""Programs of a function of strings: what hangs on strings alone runs first, on the host; the rest is a program."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from headwater import tree
from headwater.errors import NotTraceableError
from headwater.frontend.function import ConcreteFunction, Function
from headwater.frontend.prelude import Prelude
from headwater.frontend.tensor import Tensor
from headwater.frontend.tensor_spec import TensorSpec


class PreludePrograms:
    """The programs of a function that is called again and again with strings, one for each set of shapes that come out
    of its first part. Threads may share them.

    The function is traced for all calls at once where that can be: sizes of images stay open until they are resized.
    Otherwise it is traced for each size, as long as there are few.

    Args:
        function: of tensors.
        most: traces, after which none is made any more.
    """

    def __init__(self, function: Function, most: int = 8) -> None:
        self._function, self._left = function, most
        self._programs: dict[Any, ConcreteFunction] = {}
        self._prelude: Prelude | None = None
        self._lasting = True
        self._lock = threading.Lock()

    @property
    def known(self) -> bool:
        """Whether there is a program."""
        return bool(self._programs)

    @property
    def only_program(self) -> ConcreteFunction | None:
        """The program that all calls have; None if there may be several."""
        (program, *others) = [*self._programs.values(), None]
        return program if self._lasting and others == [None] else None

    @property
    def promised_outputs(self) -> list[TensorSpec] | None:
        """Specs of the tensors that it returns, if all calls have one program."""
        program = self.only_program
        return None if program is None else program.outputs

    def __call__(self, leaves: Sequence[Tensor]) -> Any:
        """What the function returns for these tensors.

        Raises: NotTraceableError if it can't be told apart, or came in too many shapes; and what the function raises.
        """
        program, values = self._prepared(leaves)
        return program.results_after(values)

    def _prepared(self, leaves: Sequence[Tensor]) -> tuple[ConcreteFunction, list[Any]]:
        prelude = self._prelude
        if prelude is not None:
            values = prelude.run(leaves)
            program = self._programs.get(prelude.specs(values))
            if program is not None:
                return program, values
        with self._lock:
            if self._prelude is not prelude:  # traced meanwhile
                values = self._prelude.run(leaves)  # type: ignore[union-attr]
                program = self._programs.get(self._prelude.specs(values))  # type: ignore[union-attr]
                if program is not None:
                    return program, values
            return self._traced(leaves)

    def _traced(self, leaves: Sequence[Tensor]) -> tuple[ConcreteFunction, list[Any]]:
        if self._left <= 0:
            raise NotTraceableError("a function of strings came in too many shapes.", fix="resize images first.")
        if self._lasting:
            try:
                return self._noted(self._trace(leaves))
            except Exception:  # sizes must be known, or the call itself fails: then it does so again
                self._lasting = False
        try:
            found = self._noted(self._trace(leaves))
        except NotTraceableError:
            raise
        except Exception:
            self._lasting = not self._programs  # this call told nothing of others
            raise
        self._left -= 1
        return found

    def _trace(self, leaves: Sequence[Tensor]) -> ConcreteFunction:
        structure = tree.flatten((tuple(leaves), {}))[1]
        program = ConcreteFunction(
            self._function.python_function, self._function.__name__, [leaf.spec for leaf in leaves], structure,
            prelude=Prelude(leaves, self._lasting, passing=True),
        )  # fmt: skip
        if program.created_variables or program.updates or program._calls_python:
            raise NotTraceableError("a function of strings writes variables, or calls Python.")
        return program

    def _noted(self, program: ConcreteFunction) -> tuple[ConcreteFunction, list[Any]]:
        prelude = program.prelude
        if self._prelude is not None and not prelude.is_like(self._prelude):
            raise NotTraceableError("a function does something else with strings from call to call.")
        values, prelude.values = prelude.values, []
        self._programs[prelude.specs(values)] = program
        self._prelude = prelude
        return program, values
