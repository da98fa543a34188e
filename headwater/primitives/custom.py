"""Primitives whose rules a user gives, or that leave the graph: gradients of one's own, Python functions, printing."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.ir.derive import trace_graph
from headwater.ir.graph import Graph
from headwater.ir.primitive import BadSample, Primitive, Sample, absent
from headwater.ir.replay import replay, run_reference
from headwater.ir.spec import Spec, sizes_differ
from headwater.primitives.elementwise import cos, multiply, sin
from headwater.primitives.shape import broadcast_to


class StopGradient(Primitive):
    """x, as a constant to differentiation.

    Shapes: any -> the same.    Dtypes: any.    Source: own.
    """

    name = "stop_gradient"

    def infer(self, x: Spec) -> Spec:
        return x

    def vjp(self, g, y, x):
        return (None,)

    def cpu(self, kernels, x):
        return kernels.alias(x, x.spec.shape)

    def xla(self, lax, x):
        return lax.lax.stop_gradient(x)

    def reference(self, x):
        return x

    def batch(self, size, mapped, x):
        return stop_gradient(x), True

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(2, 3)), differentiable=()),
            Sample(rng.integers(0, 9, (2,)), differentiable=()),
            Sample(np.zeros((0,), np.float32), differentiable=()),
        ]


class Reassigned(Primitive):
    """The value that a variable was given, read from the variable: its gradient is the variable's.

    An assignment is no part of a derivative: to a tape outside of a compiled function, a read after it is a read of the
    variable, as it is when the function runs eagerly.
    Shapes: variable and value of one shape -> the same.    Dtypes: any, both the same.
    Errors: ShapeError, DTypeError if the two differ.    Source: own.
    """

    name = "reassigned"

    def infer(self, variable: Spec, value: Spec) -> Spec:
        if variable.dtype is not value.dtype:
            raise DTypeError(
                f"reassigned: a variable of dtype {variable.dtype.name} and a value of {value.dtype.name}.",
                fix="cast the value.",
            )
        if variable.ndim != value.ndim or any(map(sizes_differ, variable.shape, value.shape)):
            raise ShapeError(
                f"reassigned: a variable of shape {variable.shape} and a value of shape {value.shape}.",
                fix="reshape the value.",
            )
        return value

    def vjp(self, g, y, variable, value):
        return g, None

    def cpu(self, kernels, variable, value):
        return kernels.alias(value, value.spec.shape)

    def xla(self, lax, variable, value):
        return value

    def reference(self, variable, value):
        return value

    def batch(self, size, mapped, variable, value):
        variable, value = (
            array if is_mapped else broadcast_to(array, shape=(size, *array.spec.shape))
            for array, is_mapped in zip((variable, value), mapped)
        )
        return reassigned(variable, value), True

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(2, 3)), rng.normal(size=(2, 3)), differentiable=()),
            Sample(np.zeros((0,), np.float32), np.zeros((0,), np.float32), differentiable=()),
            BadSample(ShapeError, "a variable of shape", np.zeros(2), np.zeros(3)),
            BadSample(DTypeError, "a variable of dtype", np.zeros(2), np.zeros(2, np.float32)),
        ]


class CustomGradient(Primitive):
    """A graph whose gradient is not the derivative of its parts but what another graph, or a Python function, says.

    The inputs are `num_arguments` arguments, then what both graphs use from outside.
    `gradient` takes the inputs, then the results, then a cotangent for each result, and gives a cotangent for each
    argument. `function` takes a cotangent for each result and gives one (or None) for each argument; it is for eager
    applications alone, which a tape records without running them again.
    Shapes: as those of `body`.    Dtypes: as those of `body`.
    Errors: ShapeError if the graphs do not fit.    Source: own.
    """

    name = "custom_gradient"
    multiple = True

    def infer(
        self,
        *specs: Spec,
        body: Graph,
        gradient: Graph | None,
        num_arguments: int,
        function: Callable[..., Any] | None = None,
    ) -> tuple[Spec, ...]:
        results = [value.spec for value in body.outputs]
        _require_like(self, body.inputs, specs, "its graph takes")
        if gradient is not None:
            _require_like(self, gradient.inputs, [*specs, *results, *results], "its gradient takes")
            _require_like(self, gradient.outputs, specs[:num_arguments], "its gradient gives")
        return tuple(results)

    def vjp(self, g, y, *args, body, gradient, num_arguments, function=None):
        if gradient is not None:
            found = replay(gradient, [*args, *y, *g])
        else:
            assert function is not None, "a custom gradient has neither a graph nor a function"
            found = function(*g)
        rest = (None,) * (len(args) - num_arguments)
        return (*[c if a.spec.dtype.is_inexact else None for a, c in zip(args, found)], *rest)

    def cpu(self, kernels, *args, body, gradient, num_arguments, function=None):
        return kernels.decompose(lambda *inner: tuple(replay(body, inner)), *args)

    def xla(self, lax, *args, body, gradient, num_arguments, function=None):
        return tuple(lax.run(body, args))

    def reference(self, *args, body, gradient, num_arguments, function=None):
        return tuple(run_reference(body, args))

    def samples(self, rng):
        float64 = as_dtype("float64")
        spec = Spec((3,), float64)
        body = trace_graph("sample", [spec, spec], lambda x, w: (sin(multiply(x, w)),))
        true = trace_graph("gradient", [spec] * 4, lambda x, w, y, g: (multiply(multiply(g, w), cos(multiply(x, w))),))
        other = trace_graph("gradient", [spec] * 3, lambda x, y, g: (multiply(g, x),))
        args = (rng.normal(size=3), rng.normal(size=3))
        return [
            Sample(*args, body=body, gradient=true, num_arguments=1, differentiable=(0,)),
            BadSample(ShapeError, "its gradient takes", *args, body=body, gradient=other, num_arguments=1),
            BadSample(ShapeError, "its graph takes", args[0], body=body, gradient=true, num_arguments=1),
        ]


def _require_like(primitive: Primitive, values: Sequence[Any], specs: Sequence[Spec], what: str) -> None:
    stated = [value.spec for value in values]
    fits = len(stated) == len(specs) and all(
        a.dtype is b.dtype and a.ndim == b.ndim and not any(map(sizes_differ, a.shape, b.shape))
        for a, b in zip(stated, specs)
    )
    if not fits:
        raise ShapeError(
            f"{primitive.name}: {what} ({', '.join(map(str, stated))}) where ({', '.join(map(str, specs))}) is given.",
            fix="return one cotangent for each argument, of its shape and dtype.",
        )


class _HostFunction(Primitive, family=True):
    """Family: a Python function of NumPy arrays, which returns an array for each of `specs`."""

    multiple = True
    vjp = absent("it runs Python code that can't be differentiated")
    ordered: ClassVar[bool] = False

    def infer(self, *xs: Spec, function: Callable[..., Any], specs: tuple[Spec, ...]) -> tuple[Spec, ...]:
        if not callable(function):
            raise ArgumentError(f"{self.name}: {function!r} can't be called.", fix="pass a function of NumPy arrays.")
        return tuple(specs)

    def cpu(self, kernels, *xs, function, specs):
        return kernels.host(functools.partial(_call_host, function, specs), *xs)

    def xla(self, lax, *xs, function, specs):
        results = tuple(lax.jax.ShapeDtypeStruct(spec.shape, spec.dtype.numpy) for spec in specs)
        run = functools.partial(_call_host, function, specs)

        def on_host(*arrays: Any) -> tuple[np.ndarray, ...]:
            return run(*[np.asarray(array) for array in arrays])

        if self.ordered:
            return tuple(lax.jax.experimental.io_callback(on_host, results, *xs, ordered=True))
        return tuple(lax.jax.pure_callback(on_host, results, *xs))

    def reference(self, *xs, function, specs):
        return _call_host(function, specs, *xs)

    def samples(self, rng):
        spec = Spec((2, 3), as_dtype("float64"))
        x = rng.normal(size=(2, 3))
        return [
            Sample(
                x, x.T.copy(), function=_sample_function, specs=(spec, Spec((), as_dtype("int32"))), differentiable=()
            ),
            BadSample(ArgumentError, "can't be called", x, function=3, specs=(spec,)),
        ]


class _Differentiable:
    """A function of NumPy arrays with the attribute that says how its gradient is computed."""

    def __init__(self, function: Callable[..., Any], gradient: Callable[..., Any] | None = None) -> None:
        self._function, self.gradient = function, gradient
        self.__name__ = type(self).__name__

    def __call__(self, *arrays: np.ndarray) -> Any:
        return self._function(*arrays)


def _sample_function(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    return x * y.T, np.array(x.size, np.int32)


def _call_host(function: Callable[..., Any], specs: tuple[Spec, ...], *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """The results of a Python function, held to what was promised of them."""
    found = function(*arrays)
    found = () if found is None else tuple(found) if isinstance(found, (tuple, list)) else (found,)
    if len(found) != len(specs):
        raise ShapeError(
            f"a Python function returned {len(found)} results, not {len(specs)}.", fix="return what its specs say."
        )
    results = []
    for array, spec in zip(found, specs):
        array = np.asarray(array)
        if len(array.shape) != spec.ndim or any(map(sizes_differ, array.shape, spec.shape)):
            raise ShapeError(
                f"a Python function returned shape {array.shape}, not {spec.shape}.", fix="return what its specs say."
            )
        results.append(np.ascontiguousarray(array.astype(spec.dtype.numpy, copy=False)).reshape(array.shape))
    return tuple(results)


class HostCall(_HostFunction):
    """The results of a Python function without side effects, called on the host with NumPy arrays when the graph runs.

    Shapes: any -> `specs`.    Dtypes: any -> `specs`.    Errors: ShapeError at run time if the results are not like
    `specs`.
    Source: own.
    """

    name = "host_call"


class PyFunction(_HostFunction):
    """The results of a Python function, called on the host exactly once whenever the graph runs, in order.

    If the function has an attribute `gradient`, that is a function of the inputs, then a cotangent of each inexact
    result, which returns a cotangent of each inexact input; it may have a gradient too. Others have no derivative.
    Shapes: any -> `specs`.    Dtypes: any -> `specs`.    Errors: ShapeError at run time if the results are not like
    `specs`.
    Source: own.
    """

    name = "py_function"
    pure = False
    ordered = True

    def vjp(self, g, y, *xs, function, specs):
        gradient = getattr(function, "gradient", None)
        wanted = [place for place, x in enumerate(xs) if x.spec.dtype.is_inexact]
        given = [cotangent for cotangent, spec in zip(g, specs) if spec.dtype.is_inexact]
        if gradient is None or not wanted or not given:
            return (None,) * len(xs)
        found = self(*xs, *given, function=gradient, specs=tuple(xs[place].spec for place in wanted))
        cotangents = dict(zip(wanted, found))
        return tuple(cotangents.get(place) for place in range(len(xs)))

    def samples(self, rng):
        spec = Spec((2, 3), as_dtype("float64"))
        second = _Differentiable(lambda x, g, h: (2 * g * h, 2 * x * h))
        square = _Differentiable(lambda x: x * x, _Differentiable(lambda x, g: 2 * x * g, second))
        return [*super().samples(rng), Sample(rng.normal(size=(2, 3)), function=square, specs=(spec,))]


class Print(Primitive):
    """Writes a line with the values of its inputs whenever the graph runs; gives nothing.

    `template` has a {} for each input; `stream` is "stdout" or "stderr".
    Shapes: any -> nothing.    Dtypes: any.    Errors: ArgumentError for another stream.    Source: own.
    """

    name = "print"
    multiple = True
    pure = False

    def infer(self, *xs: Spec, template: str, stream: str) -> tuple[Spec, ...]:
        if stream not in ("stdout", "stderr"):
            raise ArgumentError(f"print: stream {stream!r} is not known.", fix="use 'stdout' or 'stderr'.")
        return ()

    def vjp(self, g, y, *xs, template, stream):
        return (None,) * len(xs)

    def cpu(self, kernels, *xs, template, stream):
        return kernels.host(functools.partial(_print, template, stream), *xs)

    def xla(self, lax, *xs, template, stream):
        def on_host(*arrays: Any) -> tuple[()]:
            return _print(template, stream, *[np.asarray(array) for array in arrays])

        return tuple(lax.jax.experimental.io_callback(on_host, (), *xs, ordered=True))

    def reference(self, *xs, template, stream):
        return _print(template, stream, *xs)

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(2,)), template="", stream="stderr", differentiable=()),
            BadSample(ArgumentError, "stream 'log'", np.ones(2), template="{}", stream="log"),
        ]


def _print(template: str, stream: str, *arrays: np.ndarray) -> tuple[()]:
    """Write the filled template; an empty one writes nothing."""
    if template:
        print(template.format(*arrays), file=sys.stdout if stream == "stdout" else sys.stderr, flush=True)
    return ()


stop_gradient, reassigned, custom_gradient = StopGradient(), Reassigned(), CustomGradient()
host_call, py_function, print_ = HostCall(), PyFunction(), Print()
