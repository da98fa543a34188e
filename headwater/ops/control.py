"""Control flow, by the names and signatures of `keras.ops`.

Eager code runs the Python of its branches and loop bodies as it is: nothing is traced, and a tape sees every step.
Inside a traced function the same calls become the primitives of `primitives/control.py`: a branch or body is traced
into a sub-graph, what it uses from outside becomes an input, and a variable assigned in it is carried out as one more
result.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater import tree
from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, ShapeError
from headwater.ir import dispatch
from headwater.ir.derive import Transforms, trace_graph
from headwater.ir.dispatch import Array
from headwater.ir.graph import Graph
from headwater.ir.replay import zeros
from headwater.ir.spec import Spec, normalize_axis, sizes_differ
from headwater.ops.convert import convert_to_tensor
from headwater.ops.symbolic import op
from headwater.primitives import control
from headwater.primitives import custom as _custom
from headwater.primitives.constant import scalar
from headwater.primitives.control import SubTrace
from headwater.primitives.elementwise import add, cast, less, not_equal
from headwater.primitives.index import gather, move_axis
from headwater.primitives.shape import concatenate, reshape, slice_

INT32, BOOL = as_dtype("int32"), as_dtype("bool")


# Tracing of branches and bodies


class _Traced:
    """A Python function as a graph: its results, flat, then the last values of variables."""

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        specs: Sequence[Spec],
        form: Any,
        carried: Sequence[Any] = (),
        recorders: tuple[Any, ...] = (),
    ) -> None:
        self.trace = SubTrace(name)
        inputs = [self.trace.input(spec) for spec in specs]
        for state in carried:
            self.trace.carry_state(state, self.trace.input(state.spec))
        with dispatch.tracing(self.trace), dispatch.recording(recorders):
            result = function(*inputs) if form is None else function(form.unflatten(inputs))
            leaves, self.structure = tree.flatten(result)
            self.is_none = [leaf is None for leaf in leaves]
            self.results = [convert_to_tensor(leaf) for leaf in leaves if leaf is not None]
        self.written = [state for state in self.trace.written if state not in carried]

    def finish(self, states: Sequence[Any], dtypes: Sequence[DType | None] = ()) -> Graph:
        """The graph, its results cast to `dtypes` where given, with the last values of `states` as its last outputs."""
        trace = self.trace
        with dispatch.tracing(trace), dispatch.recording(()):
            for index, dtype in enumerate(dtypes):
                if dtype is not None and self.results[index].spec.dtype is not dtype:
                    self.results[index] = cast(self.results[index], dtype=dtype)
            values = [*self.results, *(trace.current_state(state) for state in states)]
            trace.graph.outputs = [trace.lift(value) for value in values]
        return trace.graph

    def restore(self, results: Sequence[Any]) -> Any:
        """The structure that the function returned, with other results in it."""
        rest = iter(results)
        return self.structure.unflatten([None if none else next(rest) for none in self.is_none])


def _key(array: Any) -> int:
    """Equal for arrays that stand for one value."""
    return id(array) if array.value is None else id(array.value)


def _conform(
    traced: Sequence[_Traced], graphs: Sequence[Graph], own: Sequence[int], first: Sequence[Any] = ()
) -> list[Any]:
    """Let all graphs take the captures of all, after their `own` inputs; the captures, those in `first` in front."""
    everything: list[Any] = []
    places: dict[int, int] = {}
    for array in [*first, *(array for each in traced for array in each.trace.captures)]:
        if _key(array) not in places:
            places[_key(array)] = len(everything)
            everything.append(array)
    for each, graph, count in zip(traced, graphs, own):
        _reorder(graph, each.trace.captures, everything, places, count)
    return everything


def _reorder(
    graph: Graph, captures: Sequence[Any], everything: Sequence[Any], places: dict[int, int], own: int
) -> None:
    """Put the inputs in order: own ones, then one for each array of `everything`."""
    arguments, values = _split_inputs(graph, captures, own)
    found: dict[int, Any] = {}
    for array, value in zip(captures, values):
        place = places[_key(array)]
        if place in found:  # two arrays of one value: uses of the second become uses of the first
            _replace_uses(graph, value, found[place])
        else:
            found[place] = value
    graph.inputs = list(arguments)
    for place, array in enumerate(everything):
        if place in found:
            graph.inputs.append(found[place])
        else:
            graph.add_input(array.spec)
    for index, value in enumerate(graph.inputs):
        value.index = index


def _split_inputs(graph: Graph, captures: Sequence[Any], own: int) -> tuple[list[Any], list[Any]]:
    """A sub-trace makes its own inputs first, so the rest are its captures, in their order."""
    assert len(graph.inputs) == own + len(captures), "an input of a sub-graph is neither its own nor captured"
    return graph.inputs[:own], graph.inputs[own:]


def _replace_uses(graph: Graph, old: Any, new: Any) -> None:
    for node in graph.nodes:
        if old in node.inputs:
            node.inputs = tuple(new if value is old else value for value in node.inputs)
    graph.outputs = [new if value is old else value for value in graph.outputs]


def _assign(states: Sequence[Any], values: Sequence[Any]) -> None:
    for state, value in zip(states, values):
        state.write(value)


def _flat(structure: Any) -> tuple[list[Any], Any]:
    """The leaves as tensors, and the structure."""
    leaves, form = tree.flatten(structure)
    return [convert_to_tensor(leaf) for leaf in leaves], form


def _require_like(what: str, wanted: Sequence[Spec], found: Sequence[Spec]) -> None:
    for place, (a, b) in enumerate(zip(wanted, found)):
        if a.ndim != b.ndim or any(sizes_differ(m, n) for m, n in zip(a.shape, b.shape)):
            raise ShapeError(
                f"{what}: value {place} goes in with shape {a.shape} and comes out with shape {b.shape}.",
                fix="let what a loop carries, and what branches return, keep its shape.",
            )
    if len(wanted) != len(found):
        raise ShapeError(
            f"{what}: {len(wanted)} values are wanted and {len(found)} returned.", fix="return the same structure."
        )


# Branches


def _predicate(pred: Any) -> Any:
    tensor = convert_to_tensor(pred)
    if tensor.spec.ndim and (not tensor.spec.is_static or tensor.spec.size == 1):
        tensor = reshape(tensor, shape=())
    if tensor.spec.ndim:
        raise ShapeError(
            f"cond: a predicate of shape {tensor.spec.shape}.",
            fix="reduce it with any or all, or choose by element with where.",
        )
    return tensor if tensor.spec.dtype is BOOL else not_equal(tensor, scalar(0, tensor.spec.dtype))


@op
def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What `true_fn()` returns if `pred` holds, else what `false_fn()` returns; the other one is not computed.

    Args:
        pred: bool, of no axes.
        true_fn, false_fn: functions of no arguments that return the same structure of tensors; either may return None.
    Returns: that structure.
    Raises: ShapeError if the results differ in shape or number.
    Example:
        >>> int(cond(True, lambda: 1, lambda: 2))
        1
    """
    if isinstance(pred, (bool, np.bool_)) or dispatch.current_trace() is None:
        chosen = true_fn if bool(pred if isinstance(pred, (bool, np.bool_)) else _eager_scalar(pred)) else false_fn
        return _converted(chosen())
    return _branches("cond", _predicate(pred), [false_fn, true_fn], (), None)


@op
def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What `branches[index](*operands)` returns; the index is clamped to the branches there are.

    Args:
        index: int, of no axes.
        branches: functions of the operands that return the same structure of tensors.
        operands: tensors, or structures of them.
    Returns: that structure.
    Raises: ShapeError if the results differ in shape or number.
    Example:
        >>> int(switch(1, [lambda x: x, lambda x: x + 10], 3))
        13
    """
    if not branches:
        raise ArgumentError("switch: there are no branches.", fix="give at least one function.")
    if isinstance(index, (int, np.integer)) or dispatch.current_trace() is None:
        number = int(index) if isinstance(index, (int, np.integer)) else int(_eager_scalar(index))
        return _converted(branches[min(max(number, 0), len(branches) - 1)](*operands))
    chosen = convert_to_tensor(index)
    chosen = chosen if chosen.spec.dtype is INT32 else cast(chosen, dtype=INT32)
    flat, form = _flat(operands)
    return _branches("switch", reshape(chosen, shape=()), [lambda args, f=f: f(*args) for f in branches], flat, form)


def _eager_scalar(value: Any) -> Any:
    array = dispatch.array_to_numpy(convert_to_tensor(value))
    if array.size != 1:
        raise ShapeError(
            f"cond: a predicate of shape {array.shape}.",
            fix="reduce it with any or all, or choose by element with where.",
        )
    return array.reshape(())[()]


def _converted(result: Any) -> Any:
    return tree.map_structure(lambda leaf: None if leaf is None else convert_to_tensor(leaf), result)


def _branches(
    what: str, index: Any, functions: Sequence[Callable[..., Any]], operands: Sequence[Any], form: Any
) -> Any:
    specs = [operand.spec for operand in operands]
    traced = [_Traced(f"branch_{number}", function, specs, form) for number, function in enumerate(functions)]
    first = traced[0]
    for number, each in enumerate(traced):
        if each.structure != first.structure or each.is_none != first.is_none:
            raise ShapeError(
                f"{what}: one branch returns {first.structure} and branch {number} returns {each.structure}.",
                fix="let every branch return the same structure.",
            )
        _require_like(what, [result.spec for result in first.results], [result.spec for result in each.results])
    dtypes = [_common_dtype([each.results[i].spec.dtype for each in traced]) for i in range(len(first.results))]
    states = list(dict.fromkeys(state for each in traced for state in each.written))
    graphs = [each.finish(states, dtypes) for each in traced]
    captures = _conform(traced, graphs, [len(operands)] * len(graphs))
    results = control.cond(index, *operands, *captures, branches=tuple(graphs))
    _assign(states, results[len(dtypes) :])
    return first.restore(results[: len(dtypes)])


def traced_once(
    name: str, function: Callable[..., Any], operands: Sequence[Any], apply: Callable[..., Sequence[Any]]
) -> Any:
    """What `function(*operands)` returns, traced to a graph that `apply(graph, *operands, *captures)` puts to use."""
    traced = _Traced(name, function, [operand.spec for operand in operands], None)
    graph = traced.finish(traced.written)
    captures = _conform([traced], [graph], [len(operands)])
    results = apply(graph, *operands, *captures)
    count = len(traced.results)
    _assign(traced.written, results[count:])
    return traced.restore(results[:count])


def _common_dtype(dtypes: Sequence[DType]) -> DType:
    from headwater.dtypes import result_type

    return dtypes[0] if all(dtype is dtypes[0] for dtype in dtypes) else result_type(*dtypes)


# Loops


class _Loop:
    """Graphs of the functions of a loop over one carried state, variables written in them included.

    They are traced until no further variable turns out to be written: once, and once more if there are any.
    """

    def __init__(
        self,
        what: str,
        functions: Sequence[tuple[str, Callable[..., Any], Any, Sequence[Spec]]],
        carried: Sequence[Any],
    ) -> None:
        self.states: list[Any] = []
        while True:
            self.traced = [
                _Traced(name, function, [*(value.spec for value in carried), *specs], form, self.states)
                for name, function, form, specs in functions
            ]
            new = list(dict.fromkeys(state for each in self.traced for state in each.written))
            if not new:
                break
            self.states += new
        self.what = what

    def close(self, graphs: Sequence[Graph], own: Sequence[int]) -> list[Any]:
        """The captures, which all graphs take after their own inputs."""
        return _conform(self.traced, graphs, own)


def _current(states: Sequence[Any]) -> list[Any]:
    return [state.read() for state in states]


@op
def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """`loop_vars` after `loop_vars = body(*loop_vars)` for as long as `cond(*loop_vars)` holds.

    Args:
        cond: function of the loop variables that returns a bool of no axes.
        body: function of the loop variables that returns them anew: same structure, shapes and dtypes.
        loop_vars: a list or tuple of tensors or structures of them, or one tensor.
        maximum_iterations: stop after as many trips, if given. It also makes the gradient of the loop cheaper.
    Returns: the structure of `loop_vars`.
    Raises: ShapeError if the body changes a shape.
    Example:
        >>> i, total = while_loop(lambda i, t: i < 4, lambda i, t: (i + 1, t + i), (0, 0))
        >>> int(total)
        6
    """
    single = not isinstance(loop_vars, (list, tuple))
    carried, form = _flat((loop_vars,) if single else loop_vars)

    def args_of(value: Any) -> tuple[Any, ...]:
        return tuple(value)

    def next_of(*args: Any) -> Any:
        result = body(*args)
        return (result,) if single or not isinstance(result, (list, tuple)) else result

    if dispatch.current_trace() is None:
        carried = _eager_while(cond, next_of, carried, form, maximum_iterations)
    else:
        carried = _traced_while(
            lambda v: cond(*args_of(v)), lambda v: next_of(*args_of(v)), carried, form, maximum_iterations
        )
    result = form.unflatten(carried)
    return result[0] if single else result


def _eager_while(cond: Any, body: Any, carried: list[Any], form: Any, maximum: Any) -> list[Any]:
    trips = 0
    limit = None if maximum is None else int(maximum)
    while (limit is None or trips < limit) and bool(_eager_scalar(cond(*form.unflatten(carried)))):
        carried = _checked("while_loop", carried, body(*form.unflatten(carried)))
        trips += 1
    return carried


def _checked(what: str, before: Sequence[Any], result: Any) -> list[Any]:
    """The results of a trip as tensors, of the shapes and dtypes that went in."""
    after = [convert_to_tensor(leaf) for leaf in tree.leaves(result)]
    _require_like(what, [value.spec for value in before], [value.spec for value in after])
    return [a if a.spec.dtype is b.spec.dtype else cast(a, dtype=b.spec.dtype) for a, b in zip(after, before)]


def _traced_while(cond: Any, body: Any, carried: list[Any], form: Any, maximum: Any) -> list[Any]:
    loop = _Loop("while_loop", [("condition", cond, form, ()), ("body", body, form, ())], carried)
    condition, step = loop.traced
    if len(condition.results) != 1:
        raise ShapeError("while_loop: the condition returns several values.", fix="return one bool.")
    with dispatch.tracing(condition.trace), dispatch.recording(()):
        condition.results = [_predicate(condition.results[0])]
    _require_like("while_loop", [value.spec for value in carried], [value.spec for value in step.results])
    graphs = [condition.finish(()), step.finish(loop.states, [value.spec.dtype for value in carried])]
    own = len(carried) + len(loop.states)
    captures = loop.close(graphs, (own, own))
    results = control.while_loop(
        *carried, *_current(loop.states), *captures, condition=graphs[0], body=graphs[1], num_carried=own,
        maximum_iterations=None if maximum is None else int(maximum),
    )  # fmt: skip
    _assign(loop.states, results[len(carried) :])
    return list(results[: len(carried)])


@op
def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """`value` after `value = body_fun(i, value)` for i from `lower` to `upper` - 1.

    Args:
        lower, upper: ints. If both are known when the call is traced, the loop is a scan, whose gradient is cheap.
        body_fun: function of an index and a structure of tensors that returns the structure anew.
        init_val: that structure.
    Returns: that structure.
    Raises: ShapeError if the body changes a shape.
    Example:
        >>> int(fori_loop(0, 5, lambda i, total: total + i, 0))
        10
    """
    first, last = _known_int(lower), _known_int(upper)
    if first is not None and last is not None:
        return _counted_loop(first, max(last - first, 0), body_fun, init_val)
    start = convert_to_tensor(lower, INT32)
    stop = convert_to_tensor(upper, INT32)

    def step(i: Any, value: Any) -> Any:
        return add(i, scalar(1, INT32)), body_fun(i, value)

    return while_loop(lambda i, value: less(i, stop), step, (start, init_val))[1]


def _known_int(value: Any) -> int | None:
    if isinstance(value, (int, np.integer)):
        return int(value)
    return int(_eager_scalar(value)) if isinstance(value, Array) and value.buffer is not None else None


def _counted_loop(first: int, count: int, body: Any, value: Any) -> Any:
    carried, form = _flat(value)
    if dispatch.current_trace() is None:
        for i in range(first, first + count):
            carried = _checked("fori_loop", carried, body(scalar(i, INT32), form.unflatten(carried)))
        return form.unflatten(carried)
    numbers = dispatch.array_from_numpy(np.arange(first, first + count, dtype=np.int32))

    def step(state: Any, i: Any) -> Any:
        return body(i, state), None

    return scan(step, value, numbers, length=count)[0]


@op
def scan(
    f: Callable[[Any, Any], Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int = 1,
) -> Any:
    """Carry a state along the leading axis: `state, y = f(state, x)` for each row x of `xs`.

    Args:
        f: function of the state and a row that returns the next state and a result; both structures of tensors.
        init: the first state.
        xs: a structure of tensors of one leading size, or None.
        length: number of steps; needed if there is no `xs`.
        reverse: go from the last row to the first. Results stay in the order of the rows.
        unroll: accepted; steps are not unrolled.
    Returns: the last state, and the results stacked along a leading axis.
    Raises: ShapeError if the sizes differ or `f` changes the state's shape.
    Example:
        >>> total, sums = scan(lambda s, x: (s + x, s + x), 0, np.array([1, 2, 3], "int32"))
        >>> sums.numpy()
        array([1, 3, 6], dtype=int32)
    """
    carried, form = _flat(init)
    rows, rows_form = _flat(xs) if xs is not None else ([], None)
    count = _scan_length(rows, length)

    def step(state: Any, row: Any) -> Any:
        result = f(state, row)
        if not isinstance(result, (list, tuple)) or len(result) != 2:
            raise ShapeError(
                "scan: `f` must return a pair.", fix="return (next state, result); the result may be None."
            )
        return tuple(result)

    if dispatch.current_trace() is None:
        return _eager_scan(step, carried, form, rows, rows_form, count, reverse)
    return _traced_scan(step, carried, form, rows, rows_form, count, reverse)


def _scan_length(rows: Sequence[Any], length: int | None) -> int:
    sizes = {row.spec.shape[0] if row.spec.ndim else None for row in rows} | (
        {int(length)} if length is not None else set()
    )
    if len(sizes) != 1 or None in sizes:
        raise ShapeError(
            f"scan: leading sizes {sorted(str(size) for size in sizes)}."
            if sizes
            else "scan: neither `xs` nor `length` is given.",
            fix="give arrays of one leading size, equal to `length` if that is given.",
        )
    return sizes.pop()


def _row(array: Any, index: int) -> Any:
    return gather(array, scalar(index, INT32), axis=0, mode="clip")


def _stack(rows: Sequence[Any]) -> Any:
    return concatenate(*[reshape(row, shape=(1, *row.spec.shape)) for row in rows], axis=0)


def _eager_scan(
    step: Any, carried: list[Any], form: Any, rows: list[Any], rows_form: Any, count: int, reverse: bool
) -> Any:
    if count == 0:
        return _empty_scan(step, carried, form, rows, rows_form)
    results: list[list[Any]] = []
    structure: Any = None
    for index in reversed(range(count)) if reverse else range(count):
        row = None if rows_form is None else rows_form.unflatten([_row(array, index) for array in rows])
        state, result = step(form.unflatten(carried), row)
        carried = _checked("scan", carried, state)
        leaves, structure = tree.flatten(result)
        results.append([None if leaf is None else convert_to_tensor(leaf) for leaf in leaves])
    if reverse:
        results.reverse()
    stacked = [None if column[0] is None else _stack(column) for column in zip(*results)]
    return form.unflatten(carried), structure.unflatten(stacked)


def _empty_scan(step: Any, carried: list[Any], form: Any, rows: list[Any], rows_form: Any) -> Any:
    """The state as it is, and results of no rows, whose shapes a trace finds."""
    specs = [*(value.spec for value in carried), *(array.spec.with_shape(array.spec.shape[1:]) for array in rows)]
    traced = _Traced("body", _scan_step(step, form, len(carried), rows_form), specs, None)
    results = traced.results[len(carried) :]
    stacked = [zeros(result.spec.with_shape((0, *result.spec.shape))) for result in results]
    return traced.restore([*carried, *stacked])


def _scan_step(step: Any, form: Any, count: int, rows_form: Any) -> Callable[..., Any]:
    def flat_step(*args: Any) -> Any:
        row = None if rows_form is None else rows_form.unflatten(list(args[count:]))
        return step(form.unflatten(list(args[:count])), row)

    return flat_step


def _traced_scan(
    step: Any, carried: list[Any], form: Any, rows: list[Any], rows_form: Any, count: int, reverse: bool
) -> Any:
    """A scan whose body takes the carried values, the variables that it writes, the rows, and the captures."""
    row_specs = [array.spec.with_shape(array.spec.shape[1:]) for array in rows]
    states: list[Any] = []
    while True:
        specs = [*(value.spec for value in carried), *row_specs]
        traced = _Traced("body", _scan_step(step, form, len(carried), rows_form), specs, None, states)
        if not traced.written:
            break
        states += traced.written
    _require_like("scan", [value.spec for value in carried], [r.spec for r in traced.results[: len(carried)]])
    wanted = [value.spec.dtype for value in carried]
    graph = traced.finish(states, wanted)
    # Inputs are: carried, rows, variables. The primitive wants all that is carried in front; the same for the outputs.
    own = len(carried) + len(rows) + len(states)
    captures = _conform([traced], [graph], [own])
    middle = len(carried) + len(rows)
    graph.inputs = [
        *graph.inputs[: len(carried)],
        *graph.inputs[middle:own],
        *graph.inputs[len(carried) : middle],
        *graph.inputs[own:],
    ]
    for index, value in enumerate(graph.inputs):
        value.index = index
    stacked = len(traced.results) - len(carried)
    outputs = graph.outputs
    graph.outputs = [
        *outputs[: len(carried)],
        *outputs[len(carried) + stacked :],
        *outputs[len(carried) : len(carried) + stacked],
    ]
    num_carried = len(carried) + len(states)
    results = control.scan(
        *carried, *_current(states), *rows, *captures,
        body=graph, num_carried=num_carried, num_scanned=len(rows), length=count, reverse=bool(reverse),
    )  # fmt: skip
    _assign(states, results[len(carried) : num_carried])
    return traced.restore([*results[: len(carried)], *results[num_carried:]])


@op
def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """`f` of each row of `xs`, one after the other, with the results stacked along a leading axis.

    Args:
        f: function of a structure of tensors.
        xs: structure of tensors of one leading size.
    Returns: a structure of tensors of that leading size.
    Example:
        >>> map(lambda x: x * x, np.array([1, 2, 3])).numpy()
        array([1, 4, 9])
    """
    return scan(lambda state, row: (state, f(row)), (), xs)[1]


@op
def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """`function` of each row of `elements`, all rows at once.

    Args:
        function: function of a structure of tensors, without side effects.
        elements: structure of tensors of one leading size. A list of numbers, nested or not, is one tensor.
    Returns: a structure of tensors of that leading size.
    Example:
        >>> vectorized_map(lambda x: x * x, np.array([1, 2, 3])).numpy()
        array([1, 4, 9])
    """
    if isinstance(elements, list) and all(isinstance(leaf, (int, float, complex)) for leaf in tree.leaves(elements)):
        elements = convert_to_tensor(elements)  # as a structure, its leaves would have no rows
    leaves, form = _flat(elements)
    if Transforms.vectorize is None:
        raise ArgumentError(
            "vectorized_map: headwater.autodiff is not loaded.", fix="import headwater before its parts."
        )
    return Transforms.vectorize(function)(form.unflatten(leaves))


@op
def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """All partial results of an associative function, y[i] = f(f(x[0], x[1]), ..., x[i]), in logarithmic depth.

    Args:
        f: associative function of two structures of tensors, applied to whole slices along `axis` at once.
        elems: structure of tensors of one size along `axis`.
        reverse: go from the last element to the first.
        axis: the axis to go along.
    Returns: the structure of `elems`.
    Raises: ShapeError if the sizes differ.
    Source: Blelloch 1990, "Prefix sums and their applications".
    Example:
        >>> associative_scan(lambda a, b: a + b, np.array([1, 2, 3, 4])).numpy()
        array([ 1,  3,  6, 10])
    """
    leaves, form = _flat(elems)
    leading = [move_axis(leaf, normalize_axis(axis, leaf.spec.ndim, "associative_scan"), 0) for leaf in leaves]
    sizes = {leaf.spec.shape[0] for leaf in leading}
    if len(sizes) != 1:
        raise ShapeError(
            f"associative_scan: sizes {sorted(sizes)} along axis {axis} differ.", fix="give tensors of one size there."
        )
    if reverse:
        leading = [_reversed(leaf) for leaf in leading]

    def combine(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
        back = [form.unflatten([move_axis(x, 0, axis % x.spec.ndim) for x in part]) for part in (a, b)]
        result = [convert_to_tensor(leaf) for leaf in tree.leaves(f(*back))]
        return [move_axis(x, axis % x.spec.ndim, 0) for x in result]

    found = _partial_results(combine, leading)
    if reverse:
        found = [_reversed(leaf) for leaf in found]
    return form.unflatten([move_axis(leaf, 0, axis % leaf.spec.ndim) for leaf in found])


def _reversed(x: Any) -> Any:
    from headwater.primitives.shape import reverse

    return reverse(x, axes=(0,))


def _partial_results(combine: Any, arrays: list[Any]) -> list[Any]:
    """Neighbours combined, the partial results of those pairs, and what is between them filled in."""
    count = arrays[0].spec.shape[0]
    if count < 2:
        return arrays
    even_end = count - count % 2
    pairs = combine([_every(x, 0, even_end, 2) for x in arrays], [_every(x, 1, even_end, 2) for x in arrays])
    odd = _partial_results(combine, pairs)
    if count == 2:
        even: list[Any] = []
    else:
        left = [_every(x, 0, (count - 1) // 2, 1) for x in odd]
        even = combine(left, [_every(x, 2, count, 2) for x in arrays])
    firsts = [_every(x, 0, 1, 1) for x in arrays]
    evens = [concatenate(a, b, axis=0) for a, b in zip(firsts, even)] if even else firsts
    return [_interleaved(a, b) for a, b in zip(evens, odd)]


def _every(x: Any, start: int, limit: int, stride: int) -> Any:
    starts, strides = (start, *(0,) * (x.spec.ndim - 1)), (stride, *(1,) * (x.spec.ndim - 1))
    return slice_(x, starts=starts, limits=(limit, *x.spec.shape[1:]), strides=strides)


def _interleaved(a: Any, b: Any) -> Any:
    """a0, b0, a1, b1, ...; a may have one row more."""
    common, rest = b.spec.shape[0], b.spec.shape[1:]
    columns = [reshape(_every(x, 0, common, 1), shape=(common, 1, *rest)) for x in (a, b)]
    both = reshape(concatenate(*columns, axis=1), shape=(2 * common, *rest))
    return both if a.spec.shape[0] == common else concatenate(both, _every(a, common, common + 1, 1), axis=0)


# Gradients of one's own


@op
def stop_gradient(variable: Any) -> Any:
    """`variable`, as a constant to differentiation.

    Args:
        variable: a tensor or variable, or a structure of them.
    Returns: tensors of the same values.
    Example:
        >>> float(stop_gradient(3.0))
        3.0
    """
    return tree.map_structure(lambda leaf: _custom.stop_gradient(convert_to_tensor(leaf)), variable)


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function with the values of `f` and the gradient that `f` gives.

    Args:
        f: function of tensors that returns a pair: its results, and a function that takes a cotangent for each result
            and returns one for each argument. If that function has a parameter `variables`, it is called with the
            trainable variables that `f` read, and returns a second sequence with a cotangent for each.
    Returns: the function.
    Example:
        >>> @custom_gradient
        ... def twice_in_the_gradient(x):
        ...     return x, lambda g: 2 * g
        >>> float(twice_in_the_gradient(3.0))
        3.0
    """

    def with_gradient(*args: Any, **kwargs: Any) -> Any:
        leaves, form = _flat(args)
        apply = _traced_custom if dispatch.current_trace() is not None else _eager_custom
        return apply(lambda values: f(*form.unflatten(list(values)), **kwargs), leaves)

    with_gradient.__name__ = getattr(f, "__name__", "custom_gradient")
    with_gradient.__doc__ = f.__doc__
    with_gradient.__wrapped__ = f  # type: ignore[attr-defined]
    return with_gradient


class _Reads:
    """A recorder that only notes which trainable variables are read."""

    def __init__(self) -> None:
        self.found: dict[int, tuple[Any, Any]] = {}

    def record(self, *application: Any) -> None:
        """Applications are of no interest."""

    def read(self, state: Any, tensor: Any) -> None:
        """Note a read."""
        if getattr(state, "trainable", False):
            self.found.setdefault(id(state), (state, tensor))


def _cotangents(
    grad: Callable[..., Any], cotangents: Sequence[Any], structure: Any, reads: Sequence[Any], count: int
) -> list[Any]:
    """What a user's gradient function gives: a cotangent (or None) for each argument, then for each variable read."""
    upstream = structure.unflatten(list(cotangents))
    flat = list(upstream) if isinstance(upstream, (list, tuple)) else [upstream]
    for_variables: Any = []
    if reads and "variables" in _parameters(grad):
        found, for_variables = grad(*flat, variables=list(reads))
    else:
        found = grad(*flat)
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    found = tree.leaves(found)
    if len(found) != count:
        raise ShapeError(
            f"custom_gradient: {len(found)} cotangents for {count} arguments.",
            fix="return one for each argument, or None.",
        )
    every = [*found, *(for_variables or [])]
    return [None if each is None else convert_to_tensor(each) for each in every]


def _parameters(function: Callable[..., Any]) -> Sequence[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()


def _eager_custom(f: Callable[..., Any], args: list[Any]) -> Any:
    """The values at once; tapes record one application, whose gradient is the user's function.

    Tapes also see the parts of `f`, for a second derivative; the results are tensors of their own, so those parts lead
    nowhere else.
    """
    recorders, reads = dispatch.recorders(), _Reads()
    with dispatch.recording((*recorders, reads)):
        result, grad = f(args)
    leaves, structure = tree.flatten(result)
    outputs = [_fresh(convert_to_tensor(leaf)) for leaf in leaves]
    states, tensors = [state for state, _ in reads.found.values()], [tensor for _, tensor in reads.found.values()]
    specs = [value.spec for value in (*args, *tensors)]
    body = _nothing(tuple(specs), tuple(output.spec for output in outputs))

    def gradient(*cotangents: Any) -> list[Any]:
        found = _cotangents(grad, cotangents, structure, states, len(args))
        return found + [None] * (len(specs) - len(found))

    attrs = {"body": body, "gradient": None, "num_arguments": len(specs), "function": gradient}
    for recorder in recorders:
        read = getattr(recorder, "read", None)
        if read is not None:
            for state, tensor in reads.found.values():
                read(state, tensor)
        recorder.record(_custom.custom_gradient, [*args, *tensors], attrs, outputs)
    return structure.unflatten(outputs)


def _fresh(tensor: Any) -> Any:
    """The same values as another tensor, so that a tape can tell a result from the argument that it may be."""
    return dispatch.new_array(tensor.spec, tensor.buffer, tensor.value)


@functools.lru_cache(maxsize=1024)
def _nothing(inputs: tuple[Spec, ...], outputs: tuple[Spec, ...]) -> Graph:
    """A graph of these specs that only states them: an eager application is never run again."""
    return trace_graph("eager", inputs, lambda *args: [zeros(spec) for spec in outputs])


def _traced_custom(f: Callable[..., Any], args: list[Any]) -> Any:
    """A node that holds two graphs: the values, and the user's gradient, which computes the values again."""
    reads = _Reads()
    specs = [arg.spec for arg in args]
    forward = _Traced("custom_gradient", lambda *values: f(list(values))[0], specs, None, recorders=(reads,))
    results = [result.spec for result in forward.results]
    body = forward.finish(())
    states, tensors = [state for state, _ in reads.found.values()], [tensor for _, tensor in reads.found.values()]
    wanted = [*specs, *(tensor.spec for tensor in tensors)]

    def backward(*values: Any) -> list[Any]:
        result, grad = f(list(values[: len(args)]))
        structure = tree.flatten(result)[1]
        found = _cotangents(grad, values[len(args) + len(results) :], structure, states, len(args))
        found += [None] * (len(wanted) - len(found))
        return [zeros(spec) if each is None else each for each, spec in zip(found, wanted)]

    reverse = _Traced("custom_gradient_vjp", backward, [*specs, *results, *results], None)
    gradient = reverse.finish((), [spec.dtype for spec in wanted])
    first, second = len(specs), len(specs) + 2 * len(results)
    captures = _conform([forward, reverse], [body, gradient], [first, second], first=tensors)
    # The primitive gives both graphs the same inputs: arguments, captures; the gradient then takes results and
    # cotangents.
    gradient.inputs = [*gradient.inputs[:first], *gradient.inputs[second:], *gradient.inputs[first:second]]
    for index, value in enumerate(gradient.inputs):
        value.index = index
    outputs = _custom.custom_gradient(*args, *captures, body=body, gradient=gradient, num_arguments=len(wanted))
    return forward.restore(outputs)
