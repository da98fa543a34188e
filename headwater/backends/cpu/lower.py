"""Graph -> native program: each node's CPU rule emits steps, the plan gives every value a place, and both become a
Program."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater.backends.cpu import native
from headwater.backends.cpu.operands import Operand, Step, Storage
from headwater.backends.cpu.plan import MemoryPlan
from headwater.backends.cpu.tape import Tape
from headwater.dtypes import DTYPES, DType
from headwater.errors import GraphError, source_scope
from headwater.ir import dispatch
from headwater.ir.graph import Graph, Node, Value
from headwater.ir.spec import Shape, Spec

_INPUT, _CELL, _CONSTANT, _OUTPUT, _ARENA = range(5)
_BY_CODE = {dtype.code: dtype for dtype in DTYPES.values()}
_instructions: dict[Any, Any] = {}
_lock = threading.Lock()
_WITH_PROGRAMS = frozenset(("function", "program", "branches", "body", "condition"))  # attributes that are no values


class Kernels:
    """What a CPU rule emits instructions with. One for each graph that is lowered."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.constants: list[np.ndarray] = []
        self._node: Node | None = None

    # What CPU rules call

    def emit(
        self,
        kernel: str,
        *args: Operand,
        out: Spec | tuple[Spec, ...] | None = None,
        over: tuple[tuple[int, int], ...] = (),
        **attrs: Any,
    ) -> Any:
        """An instruction of a native kernel.

        Args:
            kernel: its name.
            args: operands.
            out: spec of its result, or a tuple of them; that of the node by default.
            over: pairs (output, input): the kernel may write that output over that input, of the same size.
            attrs: its attributes; graphs among them become sub-programs.
        Returns: the result, or a tuple of results as `out` or the node has them.
        """
        specs = self._out_specs(out)
        outputs = tuple(Operand(spec, Storage("temporary", len(self.steps), spec.nbytes)) for spec in specs)
        self.steps.append(
            Step(
                kernel,
                args,
                outputs,
                {name: _native_attr(value) for name, value in attrs.items()},
                self._source(),
                self._node,
                over,
            )
        )
        single = isinstance(out, Spec) or (out is None and self._node is not None and not self._node.primitive.multiple)
        return outputs[0] if single else outputs

    def elementwise(self, op: str, *args: Operand) -> Operand:
        """An instruction of one element-wise op."""
        (spec,) = self._out_specs(None)
        return self._tape(
            spec.shape, args, lambda tape: [tape._append(op, spec, tuple(value.number for value in tape.inputs))]
        )[0]

    def reduce(self, kind: str, x: Operand, axes: tuple[int, ...]) -> Operand:
        """An instruction that reduces `x` over `axes`."""
        (spec,) = self._out_specs(None)
        if not axes:
            return x
        attrs = {"shape": tuple(x.spec.shape), "code": [], "results": (0,), "reductions": [(kind, tuple(axes))]}
        return self.emit("elementwise", x, out=spec, **attrs)

    def fused(self, body: Graph, shape: Shape, args: Sequence[Operand]) -> tuple[Operand, ...]:
        """An instruction that runs a body of element-wise nodes over the iteration space `shape`."""
        tape = Tape(shape, [value.spec for value in body.inputs])
        attrs = tape.attrs(tape.run(body))
        return self.emit("elementwise", *args, out=tuple(value.spec for value in body.outputs), **attrs)

    def fused_product(
        self, kernel: str, body: Graph, a: Operand, b: Operand, extras: Sequence[Operand], **attrs: Any
    ) -> tuple[Operand, ...]:
        """A product by a kernel whose tiles a body of element-wise nodes finishes; the body's first input is the
        product."""
        tape = Tape(body.inputs[0].spec.shape, [value.spec for value in body.inputs])
        code = tape.attrs(tape.run(body))
        shape = code.pop("shape")
        out = tuple(value.spec for value in body.outputs)
        # A single result has the product's memory; several may be written over what the body reads.
        over = [
            (result, place)
            for result, spec in enumerate(out if len(out) > 1 else ())
            for place, extra in enumerate(extras, start=2)
            if extra.spec.shape == shape and extra.spec.dtype.size == spec.dtype.size
        ]
        return self.emit(kernel, a, b, *extras, out=out, over=tuple(over), **attrs, **code)

    def alias(self, x: Operand, shape: Shape) -> Operand:
        """The same memory under another shape of as many elements."""
        return Operand(x.spec.with_shape(tuple(shape)), x.storage, None if x.array is None else x.array.reshape(shape))

    def constant(self, array: np.ndarray) -> Operand:
        """An array that is part of the program."""
        self.constants.append(array)
        spec = self._node.outputs[0].spec if self._node is not None else Spec(array.shape, _dtype_of(array))
        return Operand(spec, Storage("constant", len(self.constants) - 1, array.nbytes), array)

    def host(self, function: Callable[..., Any], *args: Operand, out: Spec | tuple[Spec, ...] | None = None) -> Any:
        """A call of a Python function on NumPy arrays, which returns an array, or a tuple as the node has results."""
        input_specs, output_specs = [operand.spec for operand in args], self._out_specs(out)
        source = self._source()

        def call(*buffers: Any) -> list[np.ndarray]:
            arrays = [native.to_numpy(buffer, spec.dtype) for buffer, spec in zip(buffers, input_specs)]
            with source_scope(source) if source else contextlib.nullcontext():  # errors name the layers of the node
                results = function(*arrays)
            results = results if isinstance(results, (tuple, list)) else (results,)
            return [native.as_exportable(result, spec) for result, spec in zip(results, output_specs)]

        return self.emit("host", *args, out=out, function=call)

    def decompose(self, function: Callable[..., Any], *args: Operand) -> Any:
        """What a function written in primitives gives, lowered in place."""
        trace = dispatch.Trace("decompose")
        inputs = [trace.input(operand.spec) for operand in args]
        with dispatch.tracing(trace), dispatch.recording(()), source_scope(self._source()):
            result = function(*inputs)
            results = result if isinstance(result, (tuple, list)) else (result,)
            trace.graph.outputs = [trace.lift(array) for array in results]
        node, values = self._node, self.lower(trace.graph, list(args))
        self._node = node
        return values[0] if not isinstance(result, (tuple, list)) else tuple(values)

    # The lowering itself

    def lower(self, graph: Graph, args: Sequence[Operand]) -> list[Operand]:
        """Emit the steps of a graph; the operands of its outputs."""
        operands: dict[Value, Operand] = dict(zip(graph.inputs, args))
        for node in graph.nodes:
            self._node = node
            results = node.primitive.cpu(self, *[operands[value] for value in node.inputs], **node.attrs)
            operands.update(zip(node.outputs, results if node.primitive.multiple else (results,)))
        return [operands[value] for value in graph.outputs]

    def _tape(self, shape: Shape, args: Sequence[Operand], build: Callable[[Tape], list[Any]]) -> tuple[Operand, ...]:
        loaded = [operand for operand in args if operand.array is None or operand.array.size != 1]
        tape = Tape(shape, [operand.spec for operand in loaded])
        values, numbers = [], iter(tape.inputs)
        for operand in args:
            if operand.array is None or operand.array.size != 1:
                values.append(next(numbers))
            else:
                values.append(tape._append("const", operand.spec, (), operand.array.reshape(()).item()))
        tape.inputs = values
        results = build(tape)
        out = tuple(value.spec for value in results)
        return self.emit("elementwise", *loaded, out=out, **tape.attrs(results))

    def _out_specs(self, out: Spec | tuple[Spec, ...] | None) -> tuple[Spec, ...]:
        if isinstance(out, Spec):
            return (out,)
        if out is not None:
            return tuple(out)
        assert self._node is not None
        return tuple(value.spec for value in self._node.outputs)

    def _source(self) -> str:
        return self._node.source if self._node is not None else ""


def _dtype_of(array: np.ndarray) -> DType:
    from headwater.dtypes import as_dtype

    return as_dtype(array.dtype)


def _native_attr(value: Any) -> Any:
    if isinstance(value, Graph):
        return lower_graph(value)
    if isinstance(value, tuple) and value and isinstance(value[0], Graph):
        return [lower_graph(item) for item in value]
    if isinstance(value, DType):
        return value.code
    return int(value) if isinstance(value, (bool, np.integer)) else value


def _instruction(step: Step) -> Any:
    """The native instruction of a step; equal ones are made once for the process."""
    inputs = [(operand.spec.dtype.code, operand.spec.shape) for operand in step.inputs]
    outputs = [(operand.spec.dtype.code, operand.spec.shape) for operand in step.outputs]
    if not _WITH_PROGRAMS.isdisjoint(step.attrs):
        return native.Instruction(step.kernel, inputs, outputs, step.attrs)
    key = (
        step.kernel,
        tuple(inputs),
        tuple(outputs),
        repr(step.attrs),
    )  # numbers, texts and tuples: told apart by repr
    found = _instructions.get(key)
    if found is None:
        found = native.Instruction(step.kernel, inputs, outputs, step.attrs)
        with _lock:
            if len(_instructions) > 20000:
                _instructions.clear()
            _instructions[key] = found
    return found


class Lowered(NamedTuple):
    """A native program, and how it came about: its steps in order, and the memory plan."""

    program: Any
    steps: list[Step]
    plan: MemoryPlan


def lower_graph(graph: Graph, num_cells: int = 0, updates: Sequence[int] = ()) -> Any:
    """The native program of a graph whose sizes are all known; see `Backend.compile`."""
    return lower(graph, num_cells, updates).program


def lower(graph: Graph, num_cells: int = 0, updates: Sequence[int] = ()) -> Lowered:
    """As `lower_graph`, with what reports are made of."""
    kernels = Kernels()
    num_inputs = len(graph.inputs) - num_cells
    args = []
    for index, value in enumerate(graph.inputs):
        if not value.spec.is_static:
            raise GraphError(
                f"{graph.name}: input {index} is {value.spec}, of a size that is not known; programs need all sizes"
            )
        kind, place = ("input", index) if index < num_inputs else ("cell", index - num_inputs)
        args.append(Operand(value.spec, Storage(kind, place, value.spec.nbytes)))
    outputs = kernels.lower(graph, args)
    count = len(outputs) - len(updates)
    pairs = [(args[num_inputs + cell], value) for cell, value in zip(updates, outputs[count:])]
    return _assemble(kernels, args, outputs[:count], pairs, num_cells)


def _assemble(
    kernels: Kernels,
    args: list[Operand],
    results: list[Operand],
    updates: list[tuple[Operand, Operand]],
    num_cells: int,
) -> Lowered:
    steps = kernels.steps
    updates = _detach_aliases(steps, updates)
    scratch = [0] * len(steps)
    instructions = [_instruction(step) for step in steps]
    scratch = [instruction.scratch_bytes for instruction in instructions]
    plan = MemoryPlan(steps, results, scratch)
    for operand in results:
        if operand.storage.kind == "temporary":
            plan.keep(operand.storage)
    copies: list[Step] = []
    for cell, value in updates:
        if not plan.share_with_cell(value.storage, cell.storage):
            plan.keep(value.storage)
            copies.append(Step("copy", (value,), (Operand(cell.spec, cell.storage),), {}, "variable update"))
    kept = {operand.storage for operand in results} | {copy.inputs[0].storage for copy in copies}
    plan.reuse_dying_inputs(kept)
    table = _Slots(plan)
    for operand in args:  # with its own shape first: the program learns from it what it is given
        table.number(operand)
    output_slots, extra = _result_slots(table, plan, results, {cell.storage for cell, _ in updates})
    plan.pack()
    every = [*steps, *extra, *copies]
    instructions += [_instruction(step) for step in (*extra, *copies)]
    offsets = [*plan.scratch_offsets, *[-1] * (len(extra) + len(copies))]
    native_steps = [
        (
            instruction,
            tuple(table.number(operand) for operand in step.inputs),
            tuple(table.number(operand) for operand in step.outputs),
            offset,
        )
        for step, instruction, offset in zip(every, instructions, offsets)
    ]
    constants = [native.from_numpy(array) for array in kernels.constants]
    labels = [step.source or step.kernel for step in every]
    program = native.Program(
        table.entries(),
        native_steps,
        output_slots,
        constants,
        plan.arena_bytes,
        len(args) - num_cells,
        num_cells,
        labels,
    )
    return Lowered(program, every, plan)


def _detach_aliases(steps: list[Step], updates: list[tuple[Operand, Operand]]) -> list[tuple[Operand, Operand]]:
    """Give a value that is an input, a cell or a constant, or that updates two cells, a copy of its own."""
    seen: set[Storage] = set()
    detached = []
    for cell, value in updates:
        if value.storage.kind != "temporary" and value.storage is not cell.storage:
            copied = Operand(value.spec, Storage("temporary", 0, value.spec.nbytes))
            steps.insert(0, Step("copy", (value,), (copied,), {}, "variable update"))
            value = copied
        elif value.storage in seen:
            copied = Operand(value.spec, Storage("temporary", len(steps), value.spec.nbytes))
            steps.append(Step("copy", (value,), (copied,), {}, "variable update"))
            value = copied
        if value.storage is not cell.storage:
            seen.add(value.storage)
            detached.append((cell, value))
    return detached


def _result_slots(
    table: _Slots, plan: MemoryPlan, results: list[Operand], cells: set[Storage]
) -> tuple[list[int], list[Step]]:
    """Slots of the results: a temporary becomes an output buffer; a second result in the same memory is copied."""
    slots, extra = [], []
    for operand in results:
        root = plan.storage(operand.storage)
        if root.kind == "temporary":
            if root in table.outputs:
                copied = Operand(operand.spec, Storage("temporary", -1, operand.spec.nbytes))
                extra.append(Step("copy", (operand,), (copied,), {}, "second result"))
                operand, root = copied, copied.storage
            table.outputs[root] = len(table.outputs)
            plan.shared[root] = Storage("output", table.outputs[root], root.nbytes)
        slots.append(operand)
    return [table.number(operand) for operand in slots], extra


class _Slots:
    """The table of slots of a program: one for each storage and spec that a step names."""

    def __init__(self, plan: MemoryPlan) -> None:
        self.outputs: dict[Storage, int] = {}
        self._plan = plan
        self._numbers: dict[tuple[Storage, Spec], int] = {}

    def number(self, operand: Operand) -> int:
        """The slot of an operand."""
        key = (self._plan.storage(operand.storage), operand.spec)
        return self._numbers.setdefault(key, len(self._numbers))

    def entries(self) -> list[tuple[int, Shape, int, int]]:
        """The table, for the native program."""
        kinds = {"input": _INPUT, "cell": _CELL, "constant": _CONSTANT, "output": _OUTPUT, "temporary": _ARENA}
        return [
            (
                spec.dtype.code,
                tuple(spec.shape),
                kinds[storage.kind],
                self._plan.offsets[storage] if storage.kind == "temporary" else storage.index,
            )
            for storage, spec in self._numbers
        ]
