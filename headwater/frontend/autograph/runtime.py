"""What rewritten functions call: each asks whether a traced tensor decides, and does as the graph or as Python
would."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

from headwater import ops
from headwater.dtypes import bool_
from headwater.errors import ArgumentError, ShapeError, StateError
from headwater.frontend.autograph.conversion import convert, is_convertible
from headwater.frontend.symbolic_range import SymbolicRange
from headwater.frontend.tracing import trace_aside
from headwater.ir.dispatch import Array
from headwater.ops.convert import convert_to_tensor

State = tuple[Any, ...]


class Undefined:
    """Stands for a local name before its first assignment."""

    def __init__(self, name: str) -> None:
        self.name = name

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise UnboundLocalError(f"local variable {self.name!r} is used before it is given a value on every path")

    __call__ = __getitem__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __bool__ = (
        __len__
    ) = __iter__ = _refuse
    __lt__ = __gt__ = __le__ = __ge__ = __neg__ = __matmul__ = __pow__ = __float__ = __int__ = __index__ = _refuse

    def __repr__(self) -> str:
        return f"<undefined {self.name}>"


undefined = Undefined


def no_result() -> Undefined:
    """The result of a function before its `return`."""
    return Undefined("return value")


def result_of(value: Any) -> Any:
    """The result of a function at its end: None if no `return` was met."""
    return None if isinstance(value, Undefined) else value


def is_symbolic(value: Any) -> bool:
    """True for a tensor whose value is not known while tracing."""
    if isinstance(value, Array):
        return value.buffer is None
    return hasattr(value, "__headwater_tensor__") and value.__headwater_tensor__().buffer is None


def _as_condition(value: Any) -> Any:
    tensor = convert_to_tensor(value)
    if tensor.spec.size != 1:
        raise ShapeError(
            f"a tensor of shape {tensor.spec.shape} decides an `if` or `while`.",
            fix="reduce it to one number with tf.reduce_all or tf.reduce_any.",
        )
    tensor = ops.reshape(tensor, ())
    return tensor if tensor.spec.dtype is bool_ else ops.not_equal(tensor, ops.zeros_like(tensor))


def _is_carried(value: Any) -> bool:
    return (
        isinstance(value, (Array, bool, int, float, complex))
        or hasattr(value, "__headwater_tensor__")
        or hasattr(value, "__headwater_parts__")
    )


def _parts(value: Any) -> list[Any]:
    """The tensors that a state value is made of."""
    return list(value.__headwater_parts__()) if hasattr(value, "__headwater_parts__") else [convert_to_tensor(value)]


def _filled(values: list[Any], positions: Sequence[int], templates: Sequence[Any], tensors: Sequence[Any]) -> State:
    """The values, those at `positions` made of tensors in the way that their templates are."""
    rest = iter(tensors)
    for index in positions:
        template = templates[index]
        parts = [next(rest) for _ in _parts(template)]
        values[index] = (
            template.__headwater_from_parts__(parts) if hasattr(template, "__headwater_parts__") else parts[0]
        )
    return tuple(values)


class _Packing:
    """Turns the values of some names into a flat list of tensors and back."""

    def __init__(self, names: Sequence[str], values: State) -> None:
        self._names, self._values = names, values
        self.positions = [index for index, value in enumerate(values) if _is_carried(value)]

    def pack(self, values: State) -> list[Any]:
        """The tensors of the carried values."""
        return [part for index in self.positions for part in _parts(values[index])]

    def unpack(self, tensors: Sequence[Any], rest: State) -> State:
        """The values, the carried ones made of `tensors`."""
        return _filled(list(rest), self.positions, self._values, tensors)


def if_statement(
    condition: Any,
    body: Callable[[], None],
    orelse: Callable[[], None],
    get: Callable[[], State],
    put: Callable[[State], None],
    names: Sequence[str],
) -> None:
    """`if condition: body() else: orelse()`, where both assign `names`."""
    if not is_symbolic(condition):
        body() if condition else orelse()
        return
    start = get()
    ends: dict[str, State] = {}

    def branch(name: str, block: Callable[[], None]) -> State:
        put(start)
        block()
        ends[name] = get()
        return ends[name]

    condition = _as_condition(condition)
    # Each branch is traced once on its own, to see what it assigns; values that are equal and no tensors stay Python
    # values.
    shape = _branch_shapes(branch, body, orelse, names)

    def taken(name: str, block: Callable[[], None]) -> Callable[[], tuple[Any, ...]]:
        return lambda: tuple(shape.tensors(branch(name, block)))

    results = ops.cond(condition, taken("body", body), taken("orelse", orelse)) if shape.positions else ()
    if not shape.positions:
        ops.cond(condition, taken("body", body), taken("orelse", orelse))
    put(shape.restore(results, ends))


class _BranchShapes:
    """Which of the names two branches give as tensors, and how."""

    def __init__(self, names: Sequence[str], body: State, orelse: State) -> None:
        self.names = names
        self.positions = [index for index, (a, b) in enumerate(zip(body, orelse)) if not self._same(a, b)]
        self.templates: dict[int, Any] = {}
        for index in self.positions:
            a, b = body[index], orelse[index]
            for value, other in ((a, b), (b, a)):
                if isinstance(value, Undefined) and not isinstance(other, Undefined) and "__result" not in names[index]:
                    self.templates[index] = None  # defined on one path only: not usable afterwards
                elif not _is_carried(value) and not isinstance(value, Undefined):
                    raise ArgumentError(
                        f"{names[index]!r} is {_describe(a)} after one branch of an `if` on a tensor, "
                        f"and {_describe(b)} after the other.",
                        fix="give it a tensor in both branches.",
                    )
            if index not in self.templates:
                self.templates[index] = b if isinstance(a, Undefined) else a
        self.positions = [index for index in self.positions if self.templates[index] is not None]

    @staticmethod
    def _same(a: Any, b: Any) -> bool:
        if a is b:
            return True
        if (
            isinstance(a, Array)
            or isinstance(b, Array)
            or hasattr(a, "__headwater_tensor__")
            or hasattr(b, "__headwater_tensor__")
        ):
            return False
        if isinstance(a, Undefined) and isinstance(b, Undefined):
            return True
        return type(a) is type(b) and not hasattr(a, "__headwater_parts__") and bool(a == b)

    def tensors(self, values: State) -> list[Any]:
        """The tensors that a branch gives; zeros for a result that it does not set."""
        found = []
        for index in self.positions:
            value, template = values[index], self.templates[index]
            if isinstance(value, Undefined):
                found += [ops.zeros_like(part) for part in _parts(template)]
            else:
                found += self._matched(_parts(value), _parts(template))
        return found

    @staticmethod
    def _matched(parts: list[Any], template: list[Any]) -> list[Any]:
        return [
            part if part.spec.dtype is other.spec.dtype else ops.cast(part, other.spec.dtype)
            for part, other in zip(parts, template)
        ]

    def restore(self, results: Any, ends: dict[str, State]) -> State:
        """The values of all names after the `if`."""
        body, orelse = ends["body"], ends["orelse"]
        values = [a if self._same(a, b) else Undefined(name) for a, b, name in zip(body, orelse, self.names)]
        flat = list(results) if isinstance(results, (tuple, list)) else [results]
        return _filled(values, self.positions, self.templates, flat)


def _branch_shapes(
    branch: Callable[[str, Callable[[], None]], State],
    body: Callable[[], None],
    orelse: Callable[[], None],
    names: Sequence[str],
) -> _BranchShapes:
    ends = []
    for name, block in (("body", body), ("orelse", orelse)):
        ends.append(trace_aside(lambda name=name, block=block: branch(name, block)))
    return _BranchShapes(names, ends[0], ends[1])


def _describe(value: Any) -> str:
    return "undefined" if isinstance(value, Undefined) else f"a {type(value).__name__}"


def while_statement(
    test: Callable[[], Any],
    body: Callable[[], None],
    get: Callable[[], State],
    put: Callable[[State], None],
    names: Sequence[str],
) -> None:
    """`while test(): body()`, where both may assign `names`."""
    condition = test()
    while not is_symbolic(condition):
        if not condition:
            return
        body()
        condition = test()
    _tensor_loop(test, body, get, put, names)


def _tensor_loop(
    test: Callable[[], Any],
    body: Callable[[], None],
    get: Callable[[], State],
    put: Callable[[State], None],
    names: Sequence[str],
    trips: Any = None,
) -> None:
    start = get()
    if not all(getattr(value, "__headwater_ready__", _always)() for value in start):
        trace_aside(body)  # for a look: what is written to an array tells the shape of its elements
        put(start)
    packing = _Packing(names, start)
    for name, value in zip(names, start):
        if not _is_carried(value) and not isinstance(value, Undefined):
            _require_kept(test, body, get, put, name, value, start)

    def put_tensors(tensors: Sequence[Any]) -> None:
        put(packing.unpack(tensors, start))

    def condition(*tensors: Any) -> Any:
        put_tensors(tensors)
        return _as_condition(test())

    def step(*tensors: Any) -> tuple[Any, ...]:
        put_tensors(tensors)
        body()
        after = packing.pack(_checked(get(), packing.positions, names))
        return tuple(
            part if part.spec.dtype is before.spec.dtype else ops.cast(part, before.spec.dtype)
            for part, before in zip(after, tensors)
        )

    results = ops.while_loop(condition, step, tuple(packing.pack(start)), maximum_iterations=trips)
    put(packing.unpack(results, start))


def _always() -> bool:
    return True


def _require_kept(test: Any, body: Any, get: Any, put: Any, name: str, value: Any, start: State) -> None:
    raise ArgumentError(
        f"{name!r} is {_describe(value)} and is assigned in a loop that a tensor decides.",
        fix="carry a tensor, a number or a tf.TensorArray through the loop; write to a tf.TensorArray, not a list.",
    )


def _checked(values: State, positions: Sequence[int], names: Sequence[str]) -> State:
    for index in positions:
        if not _is_carried(values[index]):
            raise ArgumentError(
                f"{names[index]!r} becomes {_describe(values[index])} in a loop that a tensor decides.",
                fix="keep it a tensor.",
            )
    return values


def for_statement(
    items: Any,
    runs_through: bool,
    test: Callable[[], Any],
    body: Callable[[Any], None],
    get: Callable[[], State],
    put: Callable[[State], None],
    names: Sequence[str],
    targets: Sequence[str],
) -> None:
    """`for item in items: body(item)`, ended early when `test()` is false."""
    if is_symbolic(items) or isinstance(items, SymbolicRange):
        _tensor_for(items, runs_through, test, body, get, put, names, targets)
        return
    for position, item in enumerate(items):
        if not runs_through:
            goes_on = test()
            if is_symbolic(goes_on) and isinstance(items, range):
                rest = items[position:]
                _tensor_for(
                    SymbolicRange(rest.start, rest.stop, rest.step), runs_through, test, body, get, put, names, targets
                )
                return
            if is_symbolic(goes_on):
                raise StateError(
                    "a tensor decides a `break` in a loop over Python values.",
                    fix="loop over tf.range or a tensor, so that the loop is part of the graph.",
                )
            if not goes_on:
                return
        body(item)


def _tensor_for(
    items: Any,
    runs_through: bool,
    test: Callable[[], Any],
    body: Callable[[Any], None],
    get: Any,
    put: Any,
    names: Sequence[str],
    targets: Sequence[str],
) -> None:
    if not isinstance(items, SymbolicRange):
        items = convert_to_tensor(items)
        if not items.spec.shape:
            raise ShapeError(
                "a loop runs over a tensor of no axes.", fix="loop over tf.range of it, or give it an axis."
            )
        count, item_at = convert_to_tensor(items.spec.shape[0]), lambda index: items[index]
        trips = items.spec.shape[0]
    else:
        count, item_at, trips = items.size(), items.at, items.known_size()
    kept = [index for index, name in enumerate(names) if name not in targets]
    inner_names = ["__index", *(names[index] for index in kept)]
    position: list[Any] = [convert_to_tensor(0)]
    start = get()

    def get_inner() -> State:
        values = get()
        return (position[0], *(values[index] for index in kept))

    def put_inner(values: State) -> None:
        position[0] = values[0]
        full = list(start)
        for index, value in zip(kept, values[1:]):
            full[index] = value
        put(tuple(full))

    def goes_on() -> Any:
        inside = ops.less(position[0], count)
        return inside if runs_through else ops.logical_and(inside, _as_condition(test()))

    def step() -> None:
        index = position[0]
        body(item_at(index))
        position[0] = ops.add(index, 1)

    _tensor_loop(goes_on, step, get_inner, put_inner, inner_names, trips)


# Expressions


def and_(*parts: Callable[[], Any]) -> Any:
    """`a and b and ...`; the element-wise and from the first traced tensor on."""
    value = parts[0]()
    for part in parts[1:]:
        if is_symbolic(value):
            value = ops.logical_and(value, part())
        elif value is False or not value:
            return value
        else:
            value = part()
    return value


def or_(*parts: Callable[[], Any]) -> Any:
    """`a or b or ...`; the element-wise or from the first traced tensor on."""
    value = parts[0]()
    for part in parts[1:]:
        if is_symbolic(value):
            value = ops.logical_or(value, part())
        elif value:
            return value
        else:
            value = part()
    return value


def not_(value: Any) -> Any:
    """`not value`."""
    return ops.logical_not(value) if is_symbolic(value) else not value


def if_expression(condition: Any, body: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
    """`body() if condition else orelse()`."""
    if is_symbolic(condition):
        return ops.cond(_as_condition(condition), body, orelse)
    return body() if condition else orelse()


def assert_statement(condition: Any, message: Callable[[], Any] | None) -> None:
    """`assert condition, message()`; not checked for a traced tensor, whose value is not known."""
    if not is_symbolic(condition) and not condition:
        raise AssertionError(*(() if message is None else (message(),)))


def callee(function: Any) -> Any:
    """What a call in a rewritten function calls: a user's own function is rewritten too, some built-ins take
    tensors."""
    if function is builtins.range:
        return _range
    if function is builtins.print:
        return _print
    return convert(function) if is_convertible(function) else function


def _range(*args: Any) -> Any:
    return (
        SymbolicRange(*args)
        if any(map(is_symbolic, args))
        else builtins.range(*[int(a) if isinstance(a, Array) else a for a in args])
    )


def _print(*args: Any, **kwargs: Any) -> None:
    """Python's print: while tracing it shows the stand-ins, as TensorFlow's does."""
    builtins.print(*args, **kwargs)
