"""TensorFlow's control flow and side doors, which it has at the top level: `tf.cond`, `tf.while_loop`,
`tf.py_function`, ..."""

from __future__ import annotations

import contextlib
import functools
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from headwater import ops, tree
from headwater.errors import ArgumentError, InvalidArgumentError, NotTraceableError
from headwater.frontend.function import function as traced_function
from headwater.frontend.host_function import CalledAhead, Promise, call_on_host, call_python
from headwater.frontend.tracing import init_scope, is_tracing, trace_aside
from headwater.ir import dispatch
from headwater.ops.convert import convert_to_tensor, is_tensor
from headwater.ops.symbolic import composite_op
from headwater.primitives.custom import host_call
from headwater.primitives.custom import py_function as py_call


def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """What `true_fn` returns if the predicate holds, else what `false_fn` does."""
    if true_fn is None or false_fn is None:
        raise ArgumentError("cond needs true_fn and false_fn.", fix="pass both, functions of no arguments.")
    return ops.cond(pred, true_fn, false_fn)


def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str | None = "case",
) -> Any:
    """What the function of the first predicate that holds returns; that of `default` if none does, the last one's
    without a default."""
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    if default is None:
        *pairs, (_, default) = pairs
    chosen = default
    for predicate, function in reversed(pairs):
        chosen = _either(predicate, function, chosen)
    return chosen()


def _either(predicate: Any, function: Callable[[], Any], other: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: ops.cond(predicate, function, other)


def switch_case(
    branch_index: Any, branch_fns: Any, default: Callable[[], Any] | None = None, name: str | None = "switch_case"
) -> Any:
    """What the branch of that number returns; `default`, or the last one, for a number that has none."""
    if isinstance(branch_fns, dict):
        branch_fns = list(branch_fns.items())
    if branch_fns and isinstance(branch_fns[0], tuple):
        table = dict(branch_fns)
        last = default or table[max(table)]
        branch_fns = [table.get(number, last) for number in range(max(table) + 1)]
    branches = [*branch_fns, default or branch_fns[-1]]
    index = convert_to_tensor(branch_index)
    outside = ops.logical_or(ops.less(index, 0), ops.greater_equal(index, len(branches) - 1))
    return ops.switch(ops.where(outside, ops.cast(len(branches) - 1, index.dtype), index), branches)


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: int | None = None,
    name: str | None = None,
) -> Any:
    """The loop variables once `cond` of them does not hold any more; `body` gives the next ones."""
    limit = None if maximum_iterations is None else int(maximum_iterations)
    leaves, structure = tree.flatten(loop_vars)
    if not any(map(_has_parts, leaves)):
        return ops.while_loop(cond, body, loop_vars, maximum_iterations=limit)
    if not all(leaf.__headwater_ready__() for leaf in leaves if _has_parts(leaf)):
        trace_aside(lambda: body(*loop_vars))  # for a look: what is written tells the shape of the elements

    def packed(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(value.__headwater_parts__()[0] if _has_parts(value) else value for value in values)

    def unpacked(values: Sequence[Any]) -> Any:
        pairs = zip(values, leaves)
        return structure.unflatten(
            [leaf.__headwater_from_parts__([value]) if _has_parts(leaf) else value for value, leaf in pairs]
        )

    results = ops.while_loop(
        lambda *values: cond(*unpacked(values)),
        lambda *values: packed(tree.leaves(body(*unpacked(values)))),
        packed(leaves),
        maximum_iterations=limit,
    )
    return unpacked(results)


def _has_parts(value: Any) -> bool:
    """True for what a loop carries as tensors without being one: a TensorArray."""
    return hasattr(value, "__headwater_parts__")


@composite_op
def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """What `fn` returns for each row, stacked."""
    return ops.map(fn, tree.map_structure(convert_to_tensor, elems))


def vectorized_map(fn: Callable[..., Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """What `fn` returns for each row, stacked, computed for all rows at once; row by row where strings come into it."""
    try:
        return ops.vectorized_map(fn, elems)
    except NotTraceableError:
        return map_fn(fn, elems)


def scan(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All intermediate values of accumulating rows: value[i] = fn(value[i - 1], row[i])."""
    elems = tree.map_structure(convert_to_tensor, elems)
    start, rest = _start(elems, initializer, reverse)

    def step(carry: Any, row: Any) -> tuple[Any, Any]:
        value = fn(carry, row)
        return value, value

    _, values = ops.scan(step, start, rest, reverse=reverse)
    if initializer is not None:
        return values
    order = (lambda first, others: [others, first]) if reverse else (lambda first, others: [first, others])
    return tree.map_structure(
        lambda first, others: ops.concatenate(order(ops.expand_dims(first, 0), others), axis=0), start, values
    )


def _start(elems: Any, initializer: Any, reverse: bool) -> tuple[Any, Any]:
    if initializer is not None:
        return tree.map_structure(convert_to_tensor, initializer), elems
    if reverse:
        return tree.map_structure(lambda x: x[-1], elems), tree.map_structure(lambda x: x[:-1], elems)
    return tree.map_structure(lambda x: x[0], elems), tree.map_structure(lambda x: x[1:], elems)


def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The last value of accumulating rows from the first on."""
    return tree.map_structure(lambda values: values[-1], scan(fn, elems, initializer))


def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The last value of accumulating rows from the last on."""
    return tree.map_structure(lambda values: values[0], scan(fn, elems, initializer, reverse=True))


def custom_gradient(f: Callable[..., Any] | None = None) -> Any:
    """A function with a gradient of its own: it returns its result and a function from cotangents to cotangents; a
    decorator."""
    return custom_gradient if f is None else ops.custom_gradient(f)


def stop_gradient(input: Any, name: str | None = None) -> Any:
    """The tensor, as a constant to differentiation."""
    return ops.stop_gradient(input)


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function with the values and gradients of `f`, which keeps nothing inside `f` for the gradient but computes it
    again; see `ops.rematerialize`. Called eagerly while a tape records, `f` runs as a traced function.
    """
    inside, compiled = ops.rematerialize(f), traced_function(f)

    @functools.wraps(f)
    def recomputed(*args: Any, **kwargs: Any) -> Any:
        return (compiled if not is_tracing() and dispatch.recorders() else inside)(*args, **kwargs)

    return recomputed


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with the gradient of the identity."""

    @ops.custom_gradient
    def passing(x: Any) -> Any:
        return f(x), lambda g: g

    return passing


def numpy_function(
    func: Any = None, inp: Any = None, Tout: Any = None, stateful: bool = True, name: str | None = None
) -> Any:
    """What a function of NumPy arrays returns, inside a traced function too; its gradient is None.

    Args:
        func: called with an array for each input.
        inp: tensors.
        Tout: dtype of the result, or a list of them; a TensorSpec in place of a dtype says the shape too.
        stateful: False if it need not be called where its results are not used.
    """
    inputs, promise = [ops.stop_gradient(convert_to_tensor(x)) for x in inp], Promise(Tout)

    def on_host(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        with init_scope():
            returned = func(*[array if array.shape else array[()] for array in arrays])
        return tuple(promise.held_to(returned, lambda value, dtype: np.asarray(value, dtype.numpy)))

    if is_tracing():
        remembered = CalledAhead(on_host)
        call = py_call if stateful else host_call
        return promise.restore(call_on_host(remembered, remembered.call_ahead, inputs, promise, call))
    return promise.restore([convert_to_tensor(array) for array in on_host(*map(np.asarray, inputs))])


def py_function(func: Any = None, inp: Any = None, Tout: Any = None, name: str | None = None) -> Any:
    """What a Python function of eager tensors returns, inside a traced function too; its gradient is that of what the
    function does with its arguments.

    Args:
        func: called with an eager tensor for each input.
        inp: tensors.
        Tout: dtype of the result, or a list of them; a TensorSpec in place of a dtype says the shape too.
    Raises: ArgumentError if the shape of a result is neither said nor found by calling `func` on what it will be called
        with: in a loop, or in a function that is traced for TensorSpecs.
    Example:
        >>> x = tf.constant([1.0, 2.0])
        >>> with tf.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = tf.py_function(lambda x: x * x, [x], tf.float32)
        >>> tape.gradient(y, x).numpy()
        array([2., 4.], dtype=float32)
    """
    promise = Promise(Tout)
    return promise.restore(call_python(func, [convert_to_tensor(x) for x in inp], promise))


def effect(function: Callable[..., None], tensors: Sequence[Any]) -> None:
    """Call a Python function with the values of tensors, for what it does: at once, or when the program that is being
    traced runs."""
    if not is_tracing():
        function(*[np.asarray(tensor) for tensor in tensors])
        return

    def on_host(*arrays: np.ndarray) -> tuple[()]:
        function(*arrays)
        return ()

    py_call(*tensors, function=on_host, specs=())


def print_(*inputs: Any, **kwargs: Any) -> None:
    """Print tensors' values, when the program runs: inside a traced function too."""
    stream = kwargs.get("output_stream", sys.stderr)
    end, sep = kwargs.get("end", "\n"), kwargs.get("sep", " ")

    def show(*values: Any) -> None:
        numbers = iter(values)
        text = sep.join(_shown(next(numbers)) if is_tensor(item) else str(item) for item in leaves)
        print(text, end=end, file=sys.stdout if stream in ("stdout", sys.stdout) else sys.stderr, flush=True)

    leaves = [item.__headwater_tensor__() if hasattr(item, "__headwater_tensor__") else item for item in inputs]
    effect(show, [item for item in leaves if is_tensor(item)])


def _shown(value: Any) -> str:
    array = np.asarray(value)
    return str(array[()] if not array.shape else array)


def assert_(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> None:
    """Raise InvalidArgumentError with `data` unless the condition holds; a traced condition is checked when the program
    runs."""

    def check(value: Any, *values: Any) -> None:
        if not np.all(value):
            raise InvalidArgumentError(
                f"assertion failed: {' '.join(map(_shown, values))}", fix="see the condition that was asserted."
            )

    condition = convert_to_tensor(condition)
    tensors = [convert_to_tensor(item) for item in data if not isinstance(item, str)]
    texts = [item for item in data if isinstance(item, str)]
    if is_tracing():
        effect(check, [condition, *tensors])
        return
    if not np.all(condition.numpy()):
        message = " ".join([*texts, *(_shown(tensor.numpy()) for tensor in tensors)])
        raise InvalidArgumentError(f"assertion failed: {message}", fix="see the condition that was asserted.")


def group(*inputs: Any, **kwargs: Any) -> None:
    """Nothing: operations run in the order in which they are written."""


def no_op(name: str | None = None) -> None:
    """Nothing."""


def tuple_(tensors: Sequence[Any], control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """The tensors, all computed."""
    return list(tensors)


@contextlib.contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """A context that does nothing: operations run in the order in which they are written."""
    yield


@contextlib.contextmanager
def name_scope(name: str | None = None) -> Iterator[str]:
    """A context that does nothing but give the name."""
    yield f"{name}/" if name else ""


@contextlib.contextmanager
def device(device_name: Any) -> Iterator[None]:
    """A context for a device: the CPU is the only one that is served."""
    yield


def timestamp(name: str | None = None) -> Any:
    """Seconds since 1970, as a float64 tensor."""
    return convert_to_tensor(np.float64(time.time()))


def executing_eagerly() -> bool:
    """True outside of traced functions."""
    return not is_tracing()


def inside_function() -> bool:
    """True inside a traced function."""
    return is_tracing()


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The values of a tensor if they are known, else None."""
    if not is_tensor(tensor):
        return np.asarray(tensor)
    return tensor.numpy() if tensor.buffer is not None else None
