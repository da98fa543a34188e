"""Tapes: the code of a native `elementwise` instruction, built by the same CPU rules that lower single primitives.

A tape takes the part of `kernels` for the nodes inside a fused region: what a rule emits becomes an entry of code
instead of an
instruction of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.errors import GraphError
from headwater.ir.graph import Graph, Node, Value
from headwater.ir.spec import Shape, Spec

ROW_KINDS = ("sum", "max", "min", "prod")


class TapeValue:
    """A value on a tape: its spec, and its number in the code."""

    __slots__ = ("spec", "number", "constant")

    def __init__(self, spec: Spec, number: int, constant: np.ndarray | None = None) -> None:
        self.spec, self.number, self.constant = spec, number, constant


class Tape:
    """Code under construction over the iteration space `shape`; `inputs` are the specs of what is loaded."""

    def __init__(self, shape: Shape, inputs: Sequence[Spec]) -> None:
        self.shape = shape
        self.inputs = [TapeValue(spec, number) for number, spec in enumerate(inputs)]
        self.code: list[tuple[Any, ...]] = []
        self.reductions: dict[int, tuple[str, tuple[int, ...]]] = {}  # by number of the value: reduced as it leaves
        self._count = len(inputs)
        self._node: Node | None = None
        self._results: dict[Value, TapeValue] = {}

    def _append(
        self, op: str, spec: Spec, args: tuple[int, ...], immediate: Any = None, constant: np.ndarray | None = None
    ) -> TapeValue:
        self.code.append((op, spec.dtype.code, args, immediate))
        value = TapeValue(spec, self._count, constant)
        self._count += 1
        return value

    # What CPU rules call

    def elementwise(self, op: str, *args: TapeValue) -> TapeValue:
        """One op."""
        return self._append(op, self._spec(), tuple(value.number for value in args))

    def constant(self, array: np.ndarray) -> TapeValue:
        """A number as an immediate of the code."""
        spec = self._spec()
        number = array.reshape(()).item()
        return self._append("const", spec, (), number, array)

    def alias(self, x: TapeValue, shape: Shape) -> TapeValue:
        """The same numbers: a broadcast, or an axis of size 1 that comes or goes."""
        return TapeValue(x.spec.with_shape(shape), x.number)

    def emit(self, kernel: str, *args: TapeValue, **attrs: Any) -> TapeValue:
        """A kernel that is an op of the tape."""
        if kernel == "broadcast":
            return self.alias(args[0], self._spec().shape)
        if kernel == "iota":
            return self._append("iota", self._spec(), (), attrs["axis"])
        raise GraphError(f"{kernel} can't be part of a fused region")

    def reduce(self, kind: str, x: TapeValue, axes: tuple[int, ...]) -> TapeValue:
        """A reduction: of each row, for use inside, or on the way out."""
        spec = self._spec()
        if self._is_used_inside() and axes == (len(self.shape) - 1,) and kind in ROW_KINDS:
            return self._append(f"row_{kind}", spec, (x.number,))
        # The value itself may be a result too, so a reduced one gets a number of its own.
        self.reductions[self._count] = (kind, axes)
        return self._append("cast", spec, (x.number,))

    def _spec(self) -> Spec:
        assert self._node is not None
        return self._node.outputs[0].spec

    def _is_used_inside(self) -> bool:
        assert self._node is not None
        return self._node.outputs[0] in self._used

    def run(self, body: Graph) -> list[TapeValue]:
        """Put a whole body on the tape; its results."""
        self._used = {value for node in body.nodes for value in node.inputs}
        self._results = dict(zip(body.inputs, self.inputs))
        for node in body.nodes:
            self._node = node
            self._results[node.outputs[0]] = node.primitive.cpu(
                self, *[self._results[value] for value in node.inputs], **node.attrs
            )
        return [self._results[value] for value in body.outputs]

    def attrs(self, results: Sequence[TapeValue]) -> dict[str, Any]:
        """The attributes of the instruction."""
        reductions = [self.reductions.get(value.number) for value in results]
        found: dict[str, Any] = {
            "shape": tuple(self.shape),
            "code": self.code,
            "results": tuple(value.number for value in results),
        }
        if any(reductions):
            found["reductions"] = reductions
        return found
