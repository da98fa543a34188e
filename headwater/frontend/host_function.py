"""Python functions that a program calls when it runs: `tf.py_function`, `tf.numpy_function`.

A function of tensors is differentiated on the host: a tape records its call, and its gradient, another such function,
takes the tape up. A program must know the shapes of what it gets from a function: a TensorSpec says them, or the
function is called ahead, on the values that it will be given, and not again in the run that follows.
"""

from __future__ import annotations

import collections
import functools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError, StateError
from headwater.frontend.tape import GradientTape, UnconnectedGradients
from headwater.frontend.tensor import Tensor
from headwater.frontend.tensor_spec import TensorSpec
from headwater.frontend.tracing import init_scope, is_tracing, note_example, value_when_called
from headwater.ir import dispatch
from headwater.ir.graph import Graph
from headwater.ir.spec import Spec
from headwater.ops.convert import convert_to_tensor
from headwater.primitives.custom import custom_gradient
from headwater.primitives.custom import py_function as py_call

Tensors = Sequence[Any]


class CalledAhead:
    """A function of NumPy arrays that may be called once before the program that calls it runs."""

    def __init__(self, function: Callable[..., tuple[np.ndarray, ...]]) -> None:
        self._on_arrays = function
        self._ahead: tuple[Sequence[np.ndarray], tuple[np.ndarray, ...]] | None = None

    def __call__(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        ahead, self._ahead = self._ahead, None
        return ahead[1] if ahead is not None and _same(ahead[0], arrays) else self._on_arrays(*arrays)

    def call_ahead(self, inputs: Tensors) -> tuple[np.ndarray, ...]:
        """The results for the inputs of a call that is about to come, which does not call the function again."""
        arrays = [np.array(tensor) for tensor in inputs]
        results = self(*arrays)
        self._ahead = arrays, results
        return results


class HostFunction(CalledAhead):
    """A function of a list of tensors that returns a list of tensors, as a program calls it: on NumPy arrays.

    Args:
        function: what is called.
        inputs: dtypes of the tensors that it takes.
        results: dtypes of those that it returns.
    """

    def __init__(
        self, function: Callable[[Tensors], list[Any]], inputs: Sequence[DType], results: Sequence[DType]
    ) -> None:
        super().__init__(self._call)
        self._function = function
        self._inputs = inputs
        self._wanted, self._given = ([dtype for dtype in dtypes if dtype.is_inexact] for dtypes in (inputs, results))
        self._differentiated = self._called = False  # the first call may come before the gradient is asked for
        self._lock = threading.Lock()
        # Calls whose gradient may be asked for soon. One that is no longer here is repeated.
        self._calls: collections.deque[tuple[Tensors, list[Any], GradientTape]] = collections.deque(maxlen=8)

    def _call(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        with init_scope():
            inputs = [convert_to_tensor(np.array(array)) for array in arrays]
            recorded, self._called = self._differentiated or not self._called, True
            if not recorded:
                self._calls.clear()
                return _arrays(self._function(inputs))
            results, tape = self.recorded(inputs)
        with self._lock:
            self._calls.append((inputs, results, tape))
        return _arrays(results)

    def recorded(self, inputs: Tensors) -> tuple[list[Any], GradientTape]:
        """The results, and a tape that can differentiate them."""
        with GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(_inexact(inputs))
            results = self._function(inputs)
        return results, tape

    @functools.cached_property
    def gradient(self) -> HostFunction:
        """The function of the inputs, then a cotangent of each inexact result, that gives one of each inexact input."""
        self._differentiated = True
        found = HostFunction(self.cotangents, [*self._inputs, *self._given], self._wanted)
        found._called = True  # it is never called ahead
        return found

    def cotangents(self, given: Tensors) -> list[Any]:
        """Cotangents of the inexact inputs, from the inputs and a cotangent of each inexact result."""
        inputs, cotangents = given[: len(self._inputs)], given[len(self._inputs) :]
        call = None if dispatch.recorders() else self._take_call(inputs)
        if call is None:
            call = (inputs, *self.recorded(inputs))
        inputs, results, tape = call
        return pulled_back(tape, results, inputs, cotangents)

    def _take_call(self, inputs: Tensors) -> tuple[Tensors, list[Any], GradientTape] | None:
        """The latest call with these inputs, which is forgotten."""
        arrays = _arrays(inputs)
        with self._lock:
            for place in reversed(range(len(self._calls))):
                call = self._calls[place]
                if _same(_arrays(call[0]), arrays):
                    del self._calls[place]
                    return call
        return None


def pulled_back(tape: GradientTape, results: Tensors, inputs: Tensors, cotangents: Tensors) -> list[Any]:
    """Cotangents of the inexact inputs, given those of the inexact results."""
    return tape.gradient(
        _inexact(results), _inexact(inputs), output_gradients=list(cotangents),
        unconnected_gradients=UnconnectedGradients.ZERO,
    )  # fmt: skip


def _inexact(tensors: Tensors) -> list[Any]:
    return [tensor for tensor in tensors if tensor.spec.dtype.is_inexact]


def _arrays(tensors: Tensors) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(tensor) for tensor in tensors)


def _same(some: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> bool:
    """Whether arrays are equal to the last bit: NaN equals NaN."""
    return len(some) == len(others) and all(
        a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(some, others)
    )


class Promise:
    """What `Tout` says of the results: their dtypes, whether they come in a list, and perhaps their shapes."""

    def __init__(self, output_types: Any) -> None:
        self.many = isinstance(output_types, (list, tuple))
        items = list(output_types) if self.many else [] if output_types is None else [output_types]
        self.dtypes = [as_dtype(item.dtype if isinstance(item, TensorSpec) else item) for item in items]
        self.shapes = [tuple(item.shape) if _has_shape(item) else None for item in items]

    @property
    def specs(self) -> tuple[Spec, ...] | None:
        """Specs of the results, if their shapes are known."""
        known = [Spec(shape, dtype) for shape, dtype in zip(self.shapes, self.dtypes) if shape is not None]
        return tuple(known) if len(known) == len(self.dtypes) else None

    def held_to(self, returned: Any, convert: Callable[[Any, DType], Any]) -> list[Any]:
        """What a function returned, as a list of what was promised."""
        found = list(returned) if self.many and isinstance(returned, (list, tuple)) else [returned]
        found = found if self.dtypes else []
        if len(found) != len(self.dtypes):
            raise ShapeError(
                f"a Python function returned {len(found)} results, not {len(self.dtypes)}.",
                fix="return what Tout says.",
            )
        return [convert(value, dtype) for value, dtype in zip(found, self.dtypes)]

    def restore(self, results: Sequence[Any]) -> Any:
        """The results as the caller gets them."""
        return list(results) if self.many else results[0] if results else None


def _has_shape(item: Any) -> bool:
    return isinstance(item, TensorSpec) and item.shape is not None and None not in tuple(item.shape)


def call_python(function: Callable[..., Any], inputs: Tensors, promise: Promise) -> list[Any]:
    """The results of a function of eager tensors, differentiable, called when what is traced runs."""

    def on_tensors(tensors: Tensors) -> list[Any]:
        return promise.held_to(function(*tensors), _as_promised)

    host = HostFunction(on_tensors, [tensor.spec.dtype for tensor in inputs], promise.dtypes)
    if is_tracing():
        return call_on_host(host, host.call_ahead, inputs, promise)
    if not dispatch.recorders():
        return on_tensors(inputs)
    return _recorded_call(host, inputs)


def _recorded_call(host: HostFunction, inputs: Tensors) -> list[Any]:
    """The results as the tapes around the call see them: of one operation, whose gradient a tape of its own gives."""
    own = [Tensor(tensor.spec, tensor.buffer) for tensor in inputs]  # no other tape sees what becomes of these
    with init_scope():
        results, tape = host.recorded(own)
    outputs = [Tensor(result.spec, result.buffer) for result in results]

    def gradient(*cotangents: Any) -> list[Any]:
        given = [g for g, result in zip(cotangents, results) if result.spec.dtype.is_inexact]
        if dispatch.recorders():  # for a second derivative, the call is repeated before their eyes
            found = iter(host.cotangents([*inputs, *given]))
        else:
            found = iter(pulled_back(tape, results, own, given))
        return [next(found) if tensor.spec.dtype.is_inexact else None for tensor in inputs]

    attrs = {"body": Graph("py_function"), "gradient": None, "num_arguments": len(inputs), "function": gradient}
    for recorder in dispatch.recorders():
        recorder.record(custom_gradient, inputs, attrs, outputs)
    return outputs


def _as_promised(value: Any, dtype: DType) -> Any:
    tensor = convert_to_tensor(value, None if hasattr(value, "spec") else dtype)
    if tensor.spec.dtype is not dtype:
        raise DTypeError(
            f"a Python function returned {tensor.spec.dtype.name} values, and Tout says {dtype.name}.",
            fix="cast what it returns, or say another dtype.",
        )
    return tensor


def call_on_host(
    function: Callable[..., Any],
    ahead: Callable[[Tensors], tuple[np.ndarray, ...]],
    inputs: Tensors,
    promise: Promise,
    call: Any = py_call,
) -> list[Any]:
    """A node that calls Python when the program runs.

    Args:
        function: called with NumPy arrays.
        ahead: gives its results for tensors that it is about to be called with.
        inputs: what it is called with.
        promise: what is known of its results.
        call: the primitive.
    Raises: ArgumentError if the shapes of the results can't be known.
    """
    specs, arrays = promise.specs, None
    if specs is None:
        try:
            values = [value_when_called(tensor) for tensor in inputs]
        except StateError:
            raise ArgumentError(
                "a Python function's results have shapes that are not known while the function around it is traced: "
                "what it will be called with is not known yet.",
                fix="say them: Tout=tf.TensorSpec(shape, dtype).",
            ) from None
        arrays = ahead(values)
        specs = tuple(Spec(array.shape, dtype) for array, dtype in zip(arrays, promise.dtypes))
    results = call(*inputs, function=function, specs=specs)
    for result, array in zip(results, arrays or ()):
        note_example(result, array)
    return list(results)
