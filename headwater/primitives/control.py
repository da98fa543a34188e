"""Control flow: primitives that hold sub-graphs as attributes. What a sub-graph uses from outside it takes as inputs.

Their gradients are control flow again. A step that is differentiated is computed again from what went into it, so only
the values carried from step to step are kept: all of them for `scan`, whose length is known, and a number of
checkpoints for `while_loop`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.ir import dispatch
from headwater.ir.cost import flops_of
from headwater.ir.derive import gradient_graph, per_graph, trace_graph
from headwater.ir.graph import Graph
from headwater.ir.primitive import BadSample, Primitive, Sample
from headwater.ir.replay import replay, run_reference, zeros
from headwater.ir.spec import Spec, merge_sizes, sizes_differ
from headwater.primitives.constant import scalar
from headwater.primitives.elementwise import (
    add,
    bitwise_and,
    floor_divide,
    greater,
    less,
    maximum,
    multiply,
    select,
    sin,
    subtract,
)  # fmt: skip
from headwater.primitives.reduce import reduce_sum

INT32, BOOL = as_dtype("int32"), as_dtype("bool")
CHECKPOINTS = 64  # carried values kept for the gradient of a loop whose number of trips is not bounded


class SubTrace(dispatch.Trace):
    """The trace of a Python function that becomes a sub-graph: what it uses from outside becomes inputs, `captures`.

    Eager arrays too, scalars only if `capture_scalars`, so that a tape sees where they go. A variable that is not
    among `states` (array by variable: what is carried) is read outside, where tapes see the read.
    """

    def __init__(self, name: str, *, capture_scalars: bool = False) -> None:
        super().__init__(name, parent=dispatch.current_trace())
        self._capture_scalars = capture_scalars
        self._outer_recorders = dispatch.recorders()

    def _constant(self, array: Any) -> Any:
        if not array.spec.shape and not self._capture_scalars:
            return super()._constant(array)
        self.captures.append(array)
        return self.graph.add_input(array.spec)

    def current_state(self, state: Any) -> Any:
        """The current value of a variable."""
        found = self.states.get(state)
        if found is None:
            with dispatch.tracing(self.parent), dispatch.recording(self._outer_recorders):
                found = state.read()
            self.states[state] = found
        return found

    def write_state(self, state: Any, array: Any) -> None:
        """Give a variable a new value here; whoever made this trace carries it out."""
        self.carry_state(state, array)
        self.written[state] = None

    def _note_read(self, state: Any, variable: Any) -> None:
        for recorder in self._outer_recorders:
            read = getattr(recorder, "read", None)
            if read is not None:
                read(state, variable)


def _inexact(specs: Sequence[Spec]) -> tuple[int, ...]:
    """Positions of what a gradient can flow through."""
    return tuple(index for index, spec in enumerate(specs) if spec.dtype.is_inexact)


def _specs(arrays: Sequence[Any]) -> list[Spec]:
    return [array.spec for array in arrays]


def _pick(items: Sequence[Any], positions: Sequence[int]) -> list[Any]:
    return [items[position] for position in positions]


def _spread(values: Sequence[Any], positions: Sequence[int], count: int) -> tuple[Any, ...]:
    """`count` places, with the values at `positions` and None elsewhere."""
    places: list[Any] = [None] * count
    for position, value in zip(positions, values):
        places[position] = value
    return tuple(places)


def _agree(stated: Spec, given: Spec) -> bool:
    same_rank = stated.dtype is given.dtype and stated.ndim == given.ndim
    return same_rank and not any(map(sizes_differ, stated.shape, given.shape))


def _listed(specs: Sequence[Spec]) -> str:
    return ", ".join(map(str, specs))


class _WithGraphs(Primitive, family=True):
    """Family: primitives that hold sub-graphs."""

    multiple = True

    def require_inputs(self, graph: Graph, given: Sequence[Spec], role: str) -> None:
        """Raise unless a graph takes inputs like those given."""
        wanted = [value.spec for value in graph.inputs]
        if len(wanted) != len(given) or not all(map(_agree, wanted, given)):
            raise ShapeError(
                f"{self.name}: {role} takes ({_listed(wanted)}) and is given ({_listed(given)}).",
                fix="let what a loop carries keep its shape and dtype, and give every sub-graph all of its inputs.",
            )

    def require_outputs(self, graph: Graph, wanted: Sequence[Spec], role: str) -> None:
        """Raise unless the first outputs of a graph are like those wanted."""
        found = [value.spec for value in graph.outputs[: len(wanted)]]
        if len(found) != len(wanted) or not all(map(_agree, wanted, found)):
            raise ShapeError(
                f"{self.name}: {role} gives ({_listed(found)}) where ({_listed(wanted)}) is wanted.",
                fix="let every branch, and every trip of a loop, give the same shapes and dtypes.",
            )


class Call(_WithGraphs):
    """A graph applied to inputs.

    Shapes: as those of `body`.    Dtypes: as those of `body`.
    Errors: ShapeError if the inputs are not those it takes.    Source: own.
    """

    name = "call"

    def infer(self, *specs: Spec, body: Graph) -> tuple[Spec, ...]:
        self.require_inputs(body, specs, "the graph")
        return tuple(value.spec for value in body.outputs)

    def flops(self, *specs: Spec, body: Graph) -> int:
        return flops_of(body)

    def vjp(self, g, y, *args, body):
        wanted = _inexact(_specs(args))
        cotangents = _pick(g, _inexact(_specs(y)))
        if not wanted or not cotangents:
            return (None,) * len(args)
        return _spread(call(*args, *cotangents, body=gradient_graph(body, wanted)), wanted, len(args))

    def cpu(self, kernels, *args, body):
        return kernels.decompose(lambda *inner: tuple(replay(body, inner)), *args)

    def xla(self, lax, *args, body):
        return tuple(lax.run(body, args))

    def reference(self, *args, body):
        return tuple(run_reference(body, args))

    def samples(self, rng):
        body = _sample_graph([(3,), (3,)], lambda a, b: (multiply(a, sin(b)), add(a, b)))
        return [
            Sample(rng.normal(size=3), rng.normal(size=3), body=body),
            BadSample(ShapeError, "is given", rng.normal(size=3), body=body),
        ]


def _sample_graph(shapes: Sequence[Any], function: Callable[..., Any]) -> Graph:
    specs = [shape if isinstance(shape, Spec) else Spec(shape, as_dtype("float64")) for shape in shapes]
    return trace_graph("sample", specs, function)


class Cond(_WithGraphs):
    """The results of one of several branches, chosen at run time; the others are not computed.

    Shapes: predicate (), operands as the branches take them -> what the branches give, all the same.
    Dtypes: predicate bool, False taking branch 0 and True branch 1, or int32, clamped to the branches there are.
    Errors: ShapeError if the branches differ.    Source: own; the gradient is a cond over the gradients of the
    branches.
    """

    name = "cond"

    def infer(self, predicate: Spec, *operands: Spec, branches: tuple[Graph, ...]) -> tuple[Spec, ...]:
        if predicate.ndim or predicate.dtype not in ("bool", "int32"):
            raise DTypeError(
                f"cond: a predicate {predicate}.",
                fix="give a bool or int32 of no axes; reduce an array with any or all.",
            )
        if not branches:
            raise ShapeError("cond: there are no branches.", fix="give at least one.")
        for number, branch in enumerate(branches):
            self.require_inputs(branch, operands, f"branch {number}")
        first = [value.spec for value in branches[0].outputs]
        for number, branch in enumerate(branches):
            if len(branch.outputs) != len(first):
                raise ShapeError(
                    f"cond: branch 0 gives {len(first)} results and branch {number} gives {len(branch.outputs)}.",
                    fix="let every branch give the same structure.",
                )
            self.require_outputs(branch, first, f"branch {number}")
        rows = zip(*([value.spec for value in branch.outputs] for branch in branches))
        return tuple(functools.reduce(_merge, row) for row in rows)

    def vjp(self, g, y, predicate, *operands, branches):
        wanted = _inexact(_specs(operands))
        cotangents = _pick(g, _inexact(_specs(y)))
        if not wanted or not cotangents:
            return (None,) * (1 + len(operands))
        gradients = tuple(gradient_graph(branch, wanted) for branch in branches)
        found = cond(predicate, *operands, *cotangents, branches=gradients)
        return (None, *_spread(found, wanted, len(operands)))

    def cpu(self, kernels, predicate, *operands, branches):
        return kernels.emit("cond", predicate, *operands, branches=branches)

    def xla(self, lax, predicate, *operands, branches):
        functions = [functools.partial(_run_branch, lax, branch) for branch in branches]
        if predicate.dtype == bool and len(functions) == 1:
            return functions[0](*operands)
        return lax.lax.switch(predicate.astype(np.int32), functions, *operands)

    def reference(self, predicate, *operands, branches):
        index = min(max(int(predicate), 0), len(branches) - 1)
        return tuple(run_reference(branches[index], operands))

    def samples(self, rng):
        x, y = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
        shapes = [(2, 3), (2, 3)]
        branches = (
            _sample_graph(shapes, lambda a, b: (multiply(a, b), reduce_sum(a, axes=(0,)))),
            _sample_graph(shapes, lambda a, b: (sin(b), reduce_sum(multiply(b, b), axes=(0,)))),
            _sample_graph(shapes, lambda a, b: (subtract(a, b), reduce_sum(sin(a), axes=(0,)))),
        )
        other = _sample_graph(shapes, lambda a, b: (multiply(a, b), a))
        true, false = np.array(True), np.array(False)
        return [
            Sample(true, x, y, branches=branches[:2]),
            Sample(false, x, y, branches=branches[:2]),
            Sample(np.int32(1).reshape(()), x, y, branches=branches),
            Sample(np.int32(9).reshape(()), x, y, branches=branches),
            Sample(np.int32(-3).reshape(()), x, y, branches=branches),
            BadSample(ShapeError, "branch 1 gives", true, x, y, branches=(branches[0], other)),
            BadSample(ShapeError, "branch 0 takes", true, x, branches=branches[:2]),
            BadSample(DTypeError, "a predicate float64", np.array(1.0), x, y, branches=branches[:2]),
        ]


def _merge(a: Spec, b: Spec) -> Spec:
    return a.with_shape(tuple(map(merge_sizes, a.shape, b.shape)))


def _run_branch(lax: Any, branch: Graph, *operands: Any) -> tuple[Any, ...]:
    return tuple(lax.run(branch, operands))


class Scan(_WithGraphs):
    """A graph applied once for each row of the scanned inputs, with values carried from one step to the next.

    At each step (from the last row to the first if `reverse`) `body` takes the carried values, a row of each scanned
    input, and the constants, and gives the next carried values and a row for each stacked result.
    Shapes: carried (num_carried of them), scanned (num_scanned of them, each (length, ...)), constants -> carried,
    stacked (length, ...).
    Dtypes: any; what is carried keeps its own.    Errors: ShapeError if `body` does not fit.
    Source: own; the gradient is the scan in the other direction over the carried values, which a second forward scan
    saves.
    """

    name = "scan"

    def infer(
        self, *specs: Spec, body: Graph, num_carried: int, num_scanned: int, length: int, reverse: bool
    ) -> tuple[Spec, ...]:
        carried, scanned = specs[:num_carried], specs[num_carried : num_carried + num_scanned]
        for spec in scanned:
            if not spec.ndim or sizes_differ(spec.shape[0], length):
                raise ShapeError(
                    f"scan: an input of shape {spec.shape} in a scan of length {length}.",
                    fix="give a row for each step.",
                )
        rows = [spec.with_shape(spec.shape[1:]) for spec in scanned]
        self.require_inputs(body, [*carried, *rows, *specs[num_carried + num_scanned :]], "the body")
        self.require_outputs(body, carried, "the body")
        stacked = [value.spec for value in body.outputs[num_carried:]]
        return (*carried, *(spec.with_shape((length, *spec.shape)) for spec in stacked))

    def flops(self, *specs: Spec, body: Graph, num_carried: int, num_scanned: int, length: int, reverse: bool) -> int:
        return length * flops_of(body)

    def vjp(self, g, y, *args, body, num_carried, num_scanned, length, reverse):
        specs = _specs(args)
        parts = _Parts(num_carried, num_scanned, specs)
        out = _inexact(_specs(y))
        if not parts.wanted or not out:
            return (None,) * len(args)
        scanned, constants = args[num_carried : parts.first_constant], args[parts.first_constant :]
        attrs = {"length": length, "num_carried": num_carried}
        saved = scan(*args, body=_saving(body, num_carried), num_scanned=num_scanned, reverse=reverse, **attrs)[
            num_carried:
        ]
        by_carried = [g[index] for index in out if index < num_carried]
        by_stacked = [g[index] for index in out if index >= num_carried]
        sums = [zeros(specs[index]) for index in parts.constants]
        found = scan(
            *by_carried, *sums, *saved, *scanned, *by_stacked, *constants,
            body=_scan_gradient(body, num_carried, num_scanned), num_carried=len(by_carried) + len(sums),
            num_scanned=num_carried + num_scanned + len(by_stacked), length=length, reverse=not reverse,
        )  # fmt: skip
        for_carried, for_constants = found[: len(by_carried)], found[len(by_carried) : len(by_carried) + len(sums)]
        ordered = [*for_carried, *found[len(by_carried) + len(sums) :], *for_constants]
        return _spread(ordered, parts.wanted, len(args))

    def cpu(self, kernels, *args, body, num_carried, num_scanned, length, reverse):
        return kernels.emit(
            "scan",
            *args,
            body=body,
            num_carried=num_carried,
            num_scanned=num_scanned,
            length=length,
            reverse=int(reverse),
        )

    def xla(self, lax, *args, body, num_carried, num_scanned, length, reverse):
        constants = args[num_carried + num_scanned :]

        def step(carried: Any, rows: Any) -> tuple[Any, Any]:
            results = lax.run(body, [*carried, *rows, *constants])
            return tuple(results[:num_carried]), tuple(results[num_carried:])

        carried, rows = tuple(args[:num_carried]), tuple(args[num_carried : num_carried + num_scanned])
        last, stacked = lax.lax.scan(step, carried, rows, length=length, reverse=reverse)
        return (*last, *stacked)

    def reference(self, *args, body, num_carried, num_scanned, length, reverse):
        carried = list(args[:num_carried])
        scanned, constants = args[num_carried : num_carried + num_scanned], args[num_carried + num_scanned :]
        specs = [value.spec for value in body.outputs[num_carried:]]
        stacked = [np.zeros((length, *spec.shape), spec.dtype.numpy) for spec in specs]
        for step in reversed(range(length)) if reverse else range(length):
            results = run_reference(body, [*carried, *(array[step] for array in scanned), *constants])
            carried = results[:num_carried]
            for array, result in zip(stacked, results[num_carried:]):
                array[step] = result
        return (*carried, *stacked)

    def samples(self, rng):
        body = _sample_graph(
            [(2,), Spec((), INT32), (2,), (2,)],
            lambda h, i, x, w: (sin(add(multiply(h, w), x)), add(i, scalar(1, INT32)), multiply(h, h), i),
        )
        args = (rng.normal(size=2), np.array(3, np.int32), rng.normal(size=(4, 2)), rng.normal(size=2))
        attrs = {"body": body, "num_carried": 2, "num_scanned": 1}
        bare = _sample_graph([(), ()], lambda x, w: (multiply(x, w),))
        return [
            Sample(*args, **attrs, length=4, reverse=False),
            Sample(*args, **attrs, length=4, reverse=True),
            Sample(args[0], args[1], args[2][:0], args[3], **attrs, length=0, reverse=False),
            Sample(np.array(1.5), np.array(0.7), body=bare, num_carried=1, num_scanned=0, length=3, reverse=False),
            BadSample(ShapeError, "in a scan of length 5", *args, **attrs, length=5, reverse=False),
            BadSample(
                ShapeError, "the body takes", args[0].astype(np.float32), *args[1:], **attrs, length=4, reverse=False
            ),
        ]


class _Parts:
    """Which inputs of a loop have a gradient, in their three groups."""

    def __init__(self, num_carried: int, num_scanned: int, specs: Sequence[Spec]) -> None:
        self.first_constant = num_carried + num_scanned
        self.wanted = _inexact(specs)
        self.carried = tuple(index for index in self.wanted if index < num_carried)
        self.scanned = tuple(index for index in self.wanted if num_carried <= index < self.first_constant)
        self.constants = tuple(index for index in self.wanted if index >= self.first_constant)


@per_graph
def _saving(body: Graph, num_carried: int) -> Graph:
    """The body of a scan that stacks the carried values as they were before each step."""
    specs = [value.spec for value in body.inputs]
    return trace_graph("saving", specs, lambda *args: [*replay(body, args)[:num_carried], *args[:num_carried]])


@per_graph
def _scan_gradient(body: Graph, num_carried: int, num_scanned: int) -> Graph:
    """The body of the scan back.

    Inputs: cotangents of what is carried, sums of the cotangents of the constants; then by row the carried values, the
    scanned inputs and the cotangents of the stacked results; then the constants. Outputs: the first two, moved on;
    cotangents of the scanned rows.
    """
    specs = [value.spec for value in body.inputs]
    parts = _Parts(num_carried, num_scanned, specs)
    gradient = gradient_graph(body, parts.wanted)
    stacked = [value.spec for value in body.outputs[num_carried:] if value.spec.dtype.is_inexact]
    constant_specs = [specs[index] for index in parts.constants]
    first, second = len(parts.carried), len(parts.carried) + len(parts.constants)
    last = second + parts.first_constant + len(stacked)

    def step(*args: Any) -> list[Any]:
        by_carried, sums, values = args[:first], args[first:second], args[second : second + parts.first_constant]
        by_stacked = args[second + parts.first_constant : last]
        found = replay(gradient, [*values, *args[last:], *by_carried, *by_stacked])
        rows_end = first + len(parts.scanned)
        return [
            *found[:first],
            *(add(total, part) for total, part in zip(sums, found[rows_end:])),
            *found[first:rows_end],
        ]

    inputs = [*(specs[index] for index in parts.carried), *constant_specs]
    inputs += [*specs[: parts.first_constant], *stacked, *specs[parts.first_constant :]]
    return trace_graph("scan_gradient", inputs, step)


class WhileLoop(_WithGraphs):
    """Values carried through `body` for as long as `condition` holds, at most `maximum_iterations` times.

    Both graphs take the carried values and the constants; the body gives the next carried values.
    Shapes: carried (num_carried of them), constants -> carried.    Dtypes: any; what is carried keeps its own.
    Errors: ShapeError if the graphs do not fit.
    Source: own; for the gradient the trips are made again from checkpoints (Griewank and Walther 2008, chapter 12): up
    to CHECKPOINTS trips, or `maximum_iterations` if that is at most four times as many, cost no more than a scan does.
    """

    name = "while_loop"

    def infer(
        self, *specs: Spec, condition: Graph, body: Graph, num_carried: int, maximum_iterations: int | None = None
    ) -> tuple[Spec, ...]:
        self.require_inputs(condition, specs, "the condition")
        self.require_inputs(body, specs, "the body")
        if len(condition.outputs) != 1:
            raise ShapeError(
                f"while_loop: the condition gives {len(condition.outputs)} results.", fix="let it give one bool."
            )
        self.require_outputs(condition, [Spec((), BOOL)], "the condition")
        self.require_outputs(body, specs[:num_carried], "the body")
        return tuple(specs[:num_carried])

    def vjp(self, g, y, *args, condition, body, num_carried, maximum_iterations=None):
        parts = _Parts(num_carried, 0, _specs(args))
        if not parts.carried:
            return (None,) * len(args)
        if maximum_iterations is not None:
            slots = max(1, min(maximum_iterations, 4 * CHECKPOINTS))
            stride = scalar(max(1, -(-maximum_iterations // slots)), INT32)
        else:
            slots = CHECKPOINTS
            trips = _count_trips(args, condition, body, num_carried)
            stride = maximum(scalar(1, INT32), floor_divide(add(trips, scalar(slots - 1, INT32)), scalar(slots, INT32)))
        limit = 2**31 - 1 if maximum_iterations is None else maximum_iterations
        constants = args[num_carried:]
        segment = _segment(body, condition, num_carried)
        saved = scan(
            scalar(limit, INT32), *args[:num_carried], stride, *constants,
            body=segment, num_carried=1 + num_carried, num_scanned=0, length=slots, reverse=False,
        )[1 + num_carried :]  # fmt: skip
        by_carried = [g[index] for index in parts.carried]
        sums = [zeros(args[index].spec) for index in parts.constants]
        found = scan(
            *by_carried, *sums, *saved, *constants,
            body=_segment_gradient(body, num_carried), num_carried=len(by_carried) + len(sums),
            num_scanned=1 + num_carried, length=slots, reverse=True,
        )  # fmt: skip
        return _spread(found, parts.wanted, len(args))

    def cpu(self, kernels, *args, condition, body, num_carried, maximum_iterations=None):
        if maximum_iterations is None:
            return kernels.emit("while", *args, condition=condition, body=body, num_carried=num_carried)
        return kernels.decompose(
            functools.partial(_bounded_loop, condition, body, num_carried, maximum_iterations), *args
        )

    def xla(self, lax, *args, condition, body, num_carried, maximum_iterations=None):
        constants = args[num_carried:]

        def go_on(state: Any) -> Any:
            found = lax.run(condition, [*state[1], *constants])[0]
            return found if maximum_iterations is None else found & (state[0] < maximum_iterations)

        def step(state: Any) -> Any:
            return state[0] + 1, tuple(lax.run(body, [*state[1], *constants]))

        start = (lax.numpy.zeros((), np.int32), tuple(args[:num_carried]))
        return tuple(lax.lax.while_loop(go_on, step, start)[1])

    def reference(self, *args, condition, body, num_carried, maximum_iterations=None):
        carried, constants, trips = list(args[:num_carried]), args[num_carried:], 0
        while trips != maximum_iterations and bool(run_reference(condition, [*carried, *constants])[0]):
            carried, trips = run_reference(body, [*carried, *constants]), trips + 1
        return tuple(carried)

    def samples(self, rng):
        shapes = [Spec((), INT32), (2,), (2,)]

        def until(count: int) -> Graph:
            return _sample_graph(shapes, lambda i, x, w: (less(i, scalar(count, INT32)),))

        body = _sample_graph(shapes, lambda i, x, w: (add(i, scalar(1, INT32)), sin(add(multiply(x, w), w))))
        args = (np.array(0, np.int32), rng.normal(size=2), rng.normal(size=2))
        attrs = {"body": body, "num_carried": 2}
        by_value = [(), ()]
        halving = _sample_graph(by_value, lambda x, w: (multiply(x, w),))
        large = _sample_graph(by_value, lambda x, w: (greater(x, scalar(0.1, as_dtype("float64"))),))
        return [
            Sample(*args, condition=until(5), **attrs, maximum_iterations=None),
            Sample(*args, condition=until(0), **attrs, maximum_iterations=None),
            Sample(*args, condition=until(5), **attrs, maximum_iterations=3),
            Sample(*args, condition=until(5), **attrs, maximum_iterations=7),
            Sample(np.array(1.9), np.array(0.6), condition=large, body=halving, num_carried=1, maximum_iterations=None),
            BadSample(ShapeError, "the condition gives", *args, condition=body, **attrs, maximum_iterations=None),
            BadSample(
                ShapeError, "the condition takes", *args[:2], condition=until(5), **attrs, maximum_iterations=None
            ),
        ]


@per_graph
def _bounded(condition: Graph, body: Graph, maximum: int) -> tuple[Graph, Graph]:
    """Condition and body of a loop that counts its trips, in front of what is carried, and stops at `maximum`."""
    specs = [Spec((), INT32), *(value.spec for value in body.inputs)]

    def go_on(trips: Any, *args: Any) -> list[Any]:
        return [bitwise_and(less(trips, scalar(maximum, INT32)), replay(condition, args)[0])]

    def step(trips: Any, *args: Any) -> list[Any]:
        return [add(trips, scalar(1, INT32)), *replay(body, args)]

    return trace_graph("condition", specs, go_on), trace_graph("body", specs, step)


def _bounded_loop(condition: Graph, body: Graph, num_carried: int, maximum: int, *args: Any) -> tuple[Any, ...]:
    go_on, step = _bounded(condition, body, maximum)
    return while_loop(scalar(0, INT32), *args, condition=go_on, body=step, num_carried=num_carried + 1)[1:]


def _count_trips(args: Sequence[Any], condition: Graph, body: Graph, num_carried: int) -> Any:
    """How many trips a loop makes."""
    go_on, step = _bounded(condition, body, 2**31 - 1)
    return while_loop(scalar(0, INT32), *args, condition=go_on, body=step, num_carried=num_carried + 1)[0]


@per_graph
def _segment(body: Graph, condition: Graph, num_carried: int) -> Graph:
    """The body of a scan over segments of a loop: up to `stride` trips each.

    Inputs: trips left, carried values; stride, constants. Outputs: trips left, carried values; trips made in this
    segment, and the carried values that it began with.
    """
    specs = [value.spec for value in body.inputs]
    carried, constants = specs[:num_carried], specs[num_carried:]
    loop_specs = [Spec((), INT32), *carried, Spec((), INT32), *constants]

    def go_on(trips: Any, *rest: Any) -> list[Any]:
        values, (most, *fixed) = rest[:num_carried], rest[num_carried:]
        return [bitwise_and(less(trips, most), replay(condition, [*values, *fixed])[0])]

    def step(trips: Any, *rest: Any) -> list[Any]:
        values, fixed = rest[:num_carried], rest[num_carried + 1 :]
        return [add(trips, scalar(1, INT32)), *replay(body, [*values, *fixed])]

    loop = {"condition": trace_graph("condition", loop_specs, go_on), "body": trace_graph("body", loop_specs, step)}

    def segment(left: Any, *rest: Any) -> list[Any]:
        values, (stride, *fixed) = rest[:num_carried], rest[num_carried:]
        most = select(less(left, stride), left, stride)
        trips, *after = while_loop(scalar(0, INT32), *values, most, *fixed, num_carried=1 + num_carried, **loop)
        return [subtract(left, trips), *after, trips, *values]

    return trace_graph("segment", [Spec((), INT32), *carried, Spec((), INT32), *constants], segment)


@per_graph
def _segment_gradient(body: Graph, num_carried: int) -> Graph:
    """The body of the scan back over segments, which goes through the trips of one segment from its last to its first.

    Inputs: cotangents of what is carried, sums for the constants; trips made, values that the segment began with;
    constants.
    Outputs: the first two, moved on.
    """
    specs = [value.spec for value in body.inputs]
    parts = _Parts(num_carried, 0, specs)
    gradient = gradient_graph(body, parts.wanted)
    moving = [specs[index] for index in parts.wanted]
    first, count = len(parts.carried), len(parts.wanted)
    carried, constants = specs[:num_carried], specs[num_carried:]
    counter = Spec((), INT32)

    again_specs = [counter, *carried, counter, *constants]
    again = {
        "condition": trace_graph("condition", again_specs, lambda done, *rest: [less(done, rest[num_carried])]),
        "body": trace_graph(
            "body",
            again_specs,
            lambda done, *rest: [
                add(done, scalar(1, INT32)),
                *replay(body, [*rest[:num_carried], *rest[num_carried + 1 :]]),
            ],
        ),
    }

    def back(left: Any, *rest: Any) -> list[Any]:
        cotangents, start, fixed = rest[:count], rest[count : count + num_carried], rest[count + num_carried :]
        before = subtract(left, scalar(1, INT32))
        _, *values = while_loop(scalar(0, INT32), *start, before, *fixed, num_carried=1 + num_carried, **again)
        found = replay(gradient, [*values, *fixed, *cotangents[:first]])
        return [before, *found[:first], *map(add, cotangents[first:], found[first:])]

    back_specs = [counter, *moving, *carried, *constants]
    loop = {
        "condition": trace_graph("condition", back_specs, lambda left, *rest: [greater(left, scalar(0, INT32))]),
        "body": trace_graph("body", back_specs, back),
    }

    def segment(*args: Any) -> list[Any]:
        cotangents, (trips, *rest) = args[:count], args[count:]
        return list(while_loop(trips, *cotangents, *rest, num_carried=1 + count, **loop)[1:])

    return trace_graph("segment_gradient", [*moving, counter, *carried, *constants], segment)


call, cond, scan, while_loop = Call(), Cond(), Scan(), WhileLoop()
