"""Recurrences over time: simple, gated (GRU) and long short-term memory (LSTM), each one primitive for all steps.

What enters is `z`, the inputs of all steps times the kernel plus the bias: one matrix product outside, which fuses with
what surrounds it. The primitive does what depends on the step before. Time is the second axis throughout, so nothing
is transposed; with `reverse` it runs from the last step to the first, and results stay at their step.

A step that the mask leaves out keeps the state. The gradients return the cotangent of `z`; that of the recurrent
kernel is one product of all states with all of it, in primitives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.ir.derive import trace_graph
from headwater.ir.fused import Fused
from headwater.ir.primitive import BadSample, Sample
from headwater.ir.replay import zeros
from headwater.ir.spec import Spec, merge_sizes, sizes_differ
from headwater.primitives.constant import scalar
from headwater.primitives.control import scan
from headwater.primitives.elementwise import add, cast, multiply, select, sigmoid, subtract, tanh
from headwater.primitives.linear import matmul
from headwater.primitives.reduce import reduce_sum
from headwater.primitives.shape import concatenate, reshape, slice_, transpose

BOOL, FLOAT32 = as_dtype("bool"), as_dtype("float32")
ROUNDED = 0.05  # tolerance of the samples of bfloat16: the decomposition rounds to 8 bits at each step

# What the rules are written with.


def _by_step(x: Any) -> Any:
    """Time in front: what a scan goes along."""
    return transpose(x, perm=(1, 0, *range(2, x.spec.ndim)))


def _part(x: Any, axis: int, start: int, limit: int) -> Any:
    starts = tuple(start if i == axis else 0 for i in range(x.spec.ndim))
    limits = tuple(limit if i == axis else size for i, size in enumerate(x.spec.shape))
    return slice_(x, starts=starts, limits=limits, strides=(1,) * x.spec.ndim)


def _split(x: Any, count: int) -> list[Any]:
    """Equal parts along the last axis."""
    size = x.spec.shape[-1] // count
    return [_part(x, x.spec.ndim - 1, i * size, (i + 1) * size) for i in range(count)]


def _join(*parts: Any) -> Any:
    return concatenate(*parts, axis=parts[0].spec.ndim - 1)


def _product(a: Any, b: Any, *, transpose_b: bool = False) -> Any:
    return matmul(a, b, transpose_a=False, transpose_b=transpose_b)


def _one_minus(x: Any) -> Any:
    return subtract(scalar(1, x.spec.dtype), x)


def _sigmoid_slope(y: Any) -> Any:
    """The derivative of a sigmoid, from its value."""
    return multiply(y, _one_minus(y))


def _tanh_slope(y: Any) -> Any:
    """The derivative of a tanh, from its value."""
    return _one_minus(multiply(y, y))


def _choose(mask: Sequence[Any], new: Any, old: Any) -> Any:
    """`new` in the rows that count, `old` in the others; `new` if there is no mask."""
    return select(reshape(mask[0], shape=(mask[0].spec.shape[0], 1)), new, old) if mask else new


def _nothing(x: Any) -> Any:
    return zeros(x.spec)


def before(first: Any, states: Any, reverse: bool) -> Any:
    """The states (batch, time, units) before each step."""
    batch, length, units = states.spec.shape
    if length == 0:
        return states
    first = reshape(first, shape=(batch, 1, units))
    if reverse:
        return concatenate(_part(states, 1, 1, length), first, axis=1)
    return concatenate(first, _part(states, 1, 0, length - 1), axis=1)


def _recur(
    name: str,
    step: Callable[..., tuple[list[Any], list[Any]]],
    carried: Sequence[Any],
    rows: Sequence[Any],
    mask: Sequence[Any],
    constants: Sequence[Any],
    reverse: bool,
) -> tuple[list[Any], list[Any]]:
    """Carry `step(carried, rows, mask, constants)` along time: what is carried in the end, and what it stacked."""
    scanned = [_by_step(x) for x in (*rows, *mask)]
    first, second = len(carried), len(carried) + len(rows)

    def body(*args: Any) -> list[Any]:
        moved, made = step(
            args[:first], args[first:second], args[second : second + len(mask)], args[second + len(mask) :]
        )
        return [*moved, *made]

    specs = [*(x.spec for x in carried), *(x.spec.with_shape(x.spec.shape[1:]) for x in scanned)]
    specs += [x.spec for x in constants]
    found = scan(
        *carried, *scanned, *constants, body=trace_graph(name, specs, body), num_carried=first,
        num_scanned=len(scanned), length=scanned[0].spec.shape[0], reverse=reverse,
    )  # fmt: skip
    return list(found[:first]), [_by_step(x) for x in found[first:]]


def _recurrent_kernel_gradient(first: Any, states: Any, by_z: Any, reverse: bool) -> Any:
    """The sum over all rows and steps of (state before) x (cotangent of what it was multiplied into)."""
    batch, length, units = states.spec.shape
    rows = batch * length
    previous = reshape(before(first, states, reverse), shape=(rows, units))
    by_rows = reshape(by_z, shape=(rows, by_z.spec.shape[2]))
    return matmul(previous, by_rows, transpose_a=True, transpose_b=False)


class _Recurrence(Fused, family=True):
    """Family: inputs by time, weights and first states; checks, and kernels that compute in float32 or float64."""

    multiple = True
    partial_cotangents = True

    def require_float(self, *specs: Spec) -> None:
        """Raise DTypeError unless all have one floating dtype."""
        self.require_dtype(specs[0], ("float",))
        self.require_same_dtype(*specs)

    def require_shapes(self, **given: tuple[Spec, tuple[Any, ...]]) -> None:
        """Raise ShapeError unless each named input has the shape that the others demand of it."""
        for role, (spec, wanted) in given.items():
            if spec.ndim != len(wanted) or any(map(sizes_differ, spec.shape, wanted)):
                raise ShapeError(
                    f"{self.name}: {role.replace('_', ' ')} of shape {spec.shape}; {wanted} is wanted.",
                    fix="let z be (batch, time, gates * units), the kernel (units, gates * units), "
                    "each state (batch, units) and the mask (batch, time).",
                )

    def require_mask(self, mask: Sequence[Spec], batch: int | None, length: int | None) -> None:
        """Raise unless the mask, if there is one, is a bool for each row and step."""
        if mask and mask[0].dtype is not BOOL:
            raise DTypeError(
                f"{self.name}: a mask of dtype {mask[0].dtype.name}.", fix="give bools, True for steps that count."
            )
        if mask:
            self.require_shapes(mask=(mask[0], (batch, length)))

    def sizes(self, z: Spec, kernel: Spec, gates: int, *states: Spec) -> tuple[Any, Any, Any]:
        """batch, time and units, as far as they are known; raises where the inputs do not fit."""
        self.require_float(z, kernel, *states)
        for spec, ndim, role in ((z, 3, "z"), (kernel, 2, "kernel"), *((state, 2, "state") for state in states)):
            self.require_rank(spec, ndim, ndim, role)
        batch, length, units = z.shape[0], z.shape[1], kernel.shape[0]
        for state in states:
            batch, units = merge_sizes(batch, state.shape[0]), merge_sizes(units, state.shape[1])
        for width in (kernel.shape[1], z.shape[2]):
            if units is None and width is not None:
                units = width // gates
        width = None if units is None else gates * units
        self.require_shapes(z=(z, (batch, length, width)), kernel=(kernel, (units, width)))
        for state in states:
            self.require_shapes(a_state=(state, (batch, units)))
        return batch, length, units

    def vjp(self, g, y, *args, **attrs):
        return super().vjp([zeros(v.spec) if c is None else c for c, v in zip(g, y)], y, *args, **attrs)

    def cpu(self, kernels, *args, **attrs):
        if args[0].spec.dtype.size == 2:
            return kernels.decompose(lambda *inner: self._in_float32(inner, attrs), *args)
        flags = {name: tuple(map(int, value)) if name == "given" else value for name, value in attrs.items()}
        return kernels.emit(self.name, *args, over=self.overwrites(**attrs), **flags)

    def overwrites(self, **attrs: Any) -> tuple[tuple[int, int], ...]:
        """Pairs (result, input): where the kernel may write a result over an input that nobody needs any more."""
        return ()

    def _in_float32(self, args: Sequence[Any], attrs: dict[str, Any]) -> tuple[Any, ...]:
        dtype = args[0].spec.dtype
        wide = [cast(x, dtype=FLOAT32) if x.spec.dtype is dtype else x for x in args]
        return tuple(cast(x, dtype=dtype) for x in self(*wide, **attrs))


def _draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    return rng.normal(size=shape).astype(as_dtype(dtype).numpy)


def _sizes_for_samples(rng: np.random.Generator, gates: int, states: int) -> Callable[..., tuple[Any, ...]]:
    def make(batch: int, length: int, units: int, dtype: str = "float64") -> tuple[Any, ...]:
        shapes = [(batch, length, gates * units), (units, gates * units), *[(batch, units)] * states]
        z, kernel, *rest = (_draw(rng, shape, dtype) for shape in shapes)
        return z, (kernel * (0.5 if units < 9 else 0.2)).astype(kernel.dtype), *rest  # not so large that it is chaotic

    return make


class SimpleRnn(_Recurrence):
    """States of h[t] = tanh(z[t] + h[t-1] kernel).

    Shapes: z (batch, time, units), kernel (units, units), h (batch, units), and with a mask (batch, time)
    -> all states (batch, time, units), the last one (batch, units).
    Dtypes: one float; the mask bool.    Errors: ShapeError, DTypeError.
    Source: Elman 1990, "Finding structure in time".
    """

    name = "simple_rnn"

    def infer(self, z: Spec, kernel: Spec, h: Spec, *mask: Spec, reverse: bool) -> tuple[Spec, ...]:
        batch, length, units = self.sizes(z, kernel, 1, h)
        self.require_mask(mask, batch, length)
        return z.with_shape((batch, length, units)), z.with_shape((batch, units))

    def decompose(self, z, kernel, h, *mask, reverse):
        def step(carried, rows, mask, constants):
            new = tanh(add(rows[0], _product(carried[0], constants[0])))
            new = _choose(mask, new, carried[0])
            return [new], [new]

        last, made = _recur("simple_rnn", step, [h], [z], mask, [kernel], reverse)
        return made[0], last[0]

    def vjp(self, g, y, z, kernel, h, *mask, reverse):
        given = tuple(cotangent is not None for cotangent in g)
        by = [cotangent for cotangent in g if cotangent is not None]
        by_z, by_h = simple_rnn_gradient(*by, y[0], kernel, *mask, reverse=reverse, given=given)
        by_kernel = _recurrent_kernel_gradient(h, y[0], by_z, reverse)
        return (by_z, by_kernel, by_h, *(None for _ in mask))

    def samples(self, rng):
        make = _sizes_for_samples(rng, 1, 1)
        z, kernel, h = make(2, 3, 4)
        mask = np.array([[True, False, True], [False, True, True]])
        return [
            Sample(z, kernel, h, reverse=False),
            Sample(z, kernel, h, mask, reverse=True),
            Sample(*make(9, 4, 19, "float32"), reverse=False),
            Sample(*make(2, 3, 5, "bfloat16"), tolerance=ROUNDED, reverse=True),
            Sample(*make(2, 0, 5, "float32"), reverse=False),
            Sample(*make(0, 2, 3, "float32"), reverse=True),
            BadSample(ShapeError, "kernel of shape (4, 3)", z, kernel[:, :3], h, reverse=False),
            BadSample(ShapeError, "a state of shape", z, kernel, h[:1], reverse=False),
            BadSample(DTypeError, "a mask of dtype", z, kernel, h, mask.astype("int32"), reverse=False),
            BadSample(DTypeError, "differ", z, kernel, h.astype("float32"), reverse=False),
        ]


class _Gradient(_Recurrence, family=True):
    """Family: gradients by `z` and the first states. `given` says which cotangents are there; the others are zero."""

    def spread(self, by: Sequence[Any], given: tuple[bool, ...], like: Sequence[Any]) -> list[Any]:
        """A cotangent for each result, zeros of the shape of `like` for those that are not given."""
        present = iter(by)
        return [next(present) if flag else _nothing(x) for flag, x in zip(given, like)]

    def require_cotangents(
        self, by: Sequence[Spec], given: tuple[bool, ...], shapes: Sequence[tuple[Any, ...]]
    ) -> None:
        """Raise ShapeError unless each cotangent that is given has the shape of its result."""
        for spec, shape in zip(by, [shape for flag, shape in zip(given, shapes) if flag]):
            self.require_shapes(a_cotangent=(spec, shape))


class SimpleRnnGradient(_Gradient):
    """Cotangents of `z` and the first state of `simple_rnn`, from those of all states and of the last one.

    Shapes: by all states (batch, time, units) and by the last (batch, units), as far as `given`, states
    (batch, time, units), kernel (units, units), mask (batch, time) -> by z (batch, time, units), by h (batch, units).
    Dtypes: one float; the mask bool.    Errors: ShapeError, DTypeError.
    Source: Werbos 1990, "Backpropagation through time".
    """

    name = "simple_rnn_gradient"

    def infer(self, *specs: Spec, reverse: bool, given: tuple[bool, ...]) -> tuple[Spec, ...]:
        count = sum(given)
        by, (states, kernel, *mask) = specs[:count], specs[count:]
        batch, length, units = self.sizes(states, kernel, 1)
        self.require_float(states, *by)
        self.require_cotangents(by, given, [(batch, length, units), (batch, units)])
        self.require_mask(mask, batch, length)
        return states.with_shape((batch, length, units)), states.with_shape((batch, units))

    def decompose(self, *args, reverse, given):
        by, (states, kernel, *mask) = args[: sum(given)], args[sum(given) :]
        by_states, by_last = self.spread(by, given, [states, _first_row(states)])

        def step(carried, rows, mask, constants):
            total = add(carried[0], rows[0])
            by_z = multiply(total, _tanh_slope(rows[1]))
            by_h = _product(by_z, constants[0], transpose_b=True)
            return [_choose(mask, by_h, total)], [_choose(mask, by_z, _nothing(by_z))]

        last, made = _recur(self.name, step, [by_last], [by_states, states], mask, [kernel], not reverse)
        return made[0], last[0]

    def samples(self, rng):
        make = _sizes_for_samples(rng, 1, 1)

        def of(batch: int, length: int, units: int, dtype: str = "float64") -> tuple[Any, ...]:
            states, kernel, by_last = make(batch, length, units, dtype)
            squashed = np.tanh(states.astype("float64")).astype(states.dtype)
            return _draw(rng, states.shape, dtype), by_last, squashed, kernel

        by_states, by_last, states, kernel = of(2, 3, 4)
        mask = np.array([[True, False, True], [False, True, True]])
        both, narrow = of(9, 4, 19, "float32"), of(2, 3, 5, "bfloat16")
        return [
            Sample(by_states, by_last, states, kernel, reverse=False, given=(True, True)),
            Sample(by_last, states, kernel, mask, reverse=True, given=(False, True)),
            Sample(*both, reverse=True, given=(True, True)),
            Sample(both[0], *both[2:], reverse=False, given=(True, False)),
            Sample(*narrow, tolerance=ROUNDED, reverse=False, given=(True, True)),
            Sample(*of(2, 0, 3, "float32"), reverse=False, given=(True, True)),
            BadSample(ShapeError, "a cotangent", by_states, states, kernel, reverse=False, given=(False, True)),
        ]


def _first_row(states: Any) -> Any:
    """A stand-in of the shape of one state."""
    return _Shaped(states.spec.with_shape((states.spec.shape[0], states.spec.shape[2])))


class _Shaped:
    """Something of a shape and dtype, and nothing else."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec


class Lstm(_Recurrence):
    """States of a long short-term memory.

    With i, f, g, o the four parts of z[t] + h[t-1] kernel, the first, second and last through a sigmoid and g through
    tanh: c[t] = f c[t-1] + i g, h[t] = o tanh(c[t]).
    Shapes: z (batch, time, 4 units), kernel (units, 4 units), h and c (batch, units), and with a mask (batch, time)
    -> all h (batch, time, units), the last h and c (batch, units), and if `save` all c (batch, time, units) and the
    gates (batch, time, 4 units), which the gradient needs.
    Dtypes: one float; the mask bool.    Errors: ShapeError, DTypeError.
    Source: Hochreiter and Schmidhuber 1997, "Long short-term memory", with the forget gate of Gers et al. 2000.
    """

    name = "lstm"

    def overwrites(self, *, reverse: bool, save: bool) -> tuple[tuple[int, int], ...]:
        return ((4, 0),) if save else ()  # gates over z

    def infer(self, z: Spec, kernel: Spec, h: Spec, c: Spec, *mask: Spec, reverse: bool, save: bool):
        batch, length, units = self.sizes(z, kernel, 4, h, c)
        self.require_mask(mask, batch, length)
        states, last = z.with_shape((batch, length, units)), z.with_shape((batch, units))
        gates = z.with_shape((batch, length, None if units is None else 4 * units))
        return (states, last, last, states, gates) if save else (states, last, last)

    def decompose(self, z, kernel, h, c, *mask, reverse, save):
        def step(carried, rows, mask, constants):
            h, c = carried
            i, f, g, o = _split(add(rows[0], _product(h, constants[0])), 4)
            i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
            new_c = add(multiply(f, c), multiply(i, g))
            new_h = multiply(o, tanh(new_c))
            new_h, new_c = _choose(mask, new_h, h), _choose(mask, new_c, c)
            return [new_h, new_c], [new_h, new_c, _join(i, f, g, o)] if save else [new_h]

        last, made = _recur("lstm", step, [h, c], [z], mask, [kernel], reverse)
        return (made[0], *last, *made[1:])

    def vjp(self, g, y, z, kernel, h, c, *mask, reverse, save):
        if not save:
            y = lstm(z, kernel, h, c, *mask, reverse=reverse, save=True)
        elif any(cotangent is not None for cotangent in g[3:]):
            return super().vjp(g, y, z, kernel, h, c, *mask, reverse=reverse, save=save)
        given = tuple(cotangent is not None for cotangent in g[:3])
        by = [cotangent for cotangent in g[:3] if cotangent is not None]
        by_z, by_h, by_c = lstm_gradient(*by, y[4], y[3], kernel, c, *mask, reverse=reverse, given=given)
        by_kernel = _recurrent_kernel_gradient(h, y[0], by_z, reverse)
        return (by_z, by_kernel, by_h, by_c, *(None for _ in mask))

    def samples(self, rng):
        make = _sizes_for_samples(rng, 4, 2)
        z, kernel, h, c = make(2, 3, 2)
        mask = np.array([[True, False, True], [False, True, True]])
        return [
            Sample(z, kernel, h, c, reverse=False, save=True),
            Sample(z, kernel, h, c, mask, reverse=True, save=True),
            Sample(z, kernel, h, c, mask, reverse=False, save=False),
            Sample(*make(9, 4, 19, "float32"), reverse=True, save=True),
            Sample(*make(1, 2, 33, "float32"), reverse=False, save=False),
            Sample(*make(2, 3, 5, "bfloat16"), tolerance=ROUNDED, reverse=True, save=True),
            Sample(*make(2, 0, 5, "float32"), reverse=False, save=True),
            Sample(*make(0, 2, 3, "float32"), reverse=True, save=True),
            BadSample(ShapeError, "kernel of shape (2, 6)", z, kernel[:, :6], h, c, reverse=False, save=True),
            BadSample(ShapeError, "a state of shape", z, kernel, h[:1], c, reverse=False, save=True),
            BadSample(ShapeError, "mask of shape", z, kernel, h, c, mask[:, :2], reverse=False, save=True),
            BadSample(DTypeError, "a mask of dtype", z, kernel, h, c, mask.astype("int32"), reverse=False, save=True),
            BadSample(DTypeError, "differ", z, kernel, h.astype("float32"), c, reverse=False, save=True),
        ]


class LstmGradient(_Gradient):
    """Cotangents of `z` and the first states of `lstm`, from those of all h, the last h and the last c.

    Shapes: the cotangents that are `given` (batch, time, units), (batch, units), (batch, units), gates
    (batch, time, 4 units), all c (batch, time, units), kernel (units, 4 units), first c (batch, units), and with a mask
    (batch, time) -> by z (batch, time, 4 units), by h and by c (batch, units).
    Dtypes: one float; the mask bool.    Errors: ShapeError, DTypeError.
    Source: Graves and Schmidhuber 2005, "Framewise phoneme classification with bidirectional LSTM", appendix.
    """

    name = "lstm_gradient"

    def overwrites(self, *, reverse: bool, given: tuple[bool, ...]) -> tuple[tuple[int, int], ...]:
        return ((0, sum(given)),)  # by z over the gates

    def infer(self, *specs: Spec, reverse: bool, given: tuple[bool, ...]) -> tuple[Spec, ...]:
        by, (gates, cells, kernel, c, *mask) = specs[: sum(given)], specs[sum(given) :]
        batch, length, units = self.sizes(gates, kernel, 4, c)
        self.require_float(gates, cells, *by)
        self.require_shapes(the_cells=(cells, (batch, length, units)))
        self.require_cotangents(by, given, [(batch, length, units), (batch, units), (batch, units)])
        self.require_mask(mask, batch, length)
        width = None if units is None else 4 * units
        state = gates.with_shape((batch, units))
        return gates.with_shape((batch, length, width)), state, state

    def decompose(self, *args, reverse, given):
        by, (gates, cells, kernel, c, *mask) = args[: sum(given)], args[sum(given) :]
        by_states, by_h, by_c = self.spread(by, given, [cells, c, c])

        def step(carried, rows, mask, constants):
            by_h, by_c = add(carried[0], rows[0]), carried[1]
            i, f, g, o = _split(rows[1], 4)
            squashed = tanh(rows[2])
            total = add(by_c, multiply(multiply(by_h, o), _tanh_slope(squashed)))
            by_z = _join(
                multiply(multiply(total, g), _sigmoid_slope(i)),
                multiply(multiply(total, rows[3]), _sigmoid_slope(f)),
                multiply(multiply(total, i), _tanh_slope(g)),
                multiply(multiply(by_h, squashed), _sigmoid_slope(o)),
            )
            next_h = _choose(mask, _product(by_z, constants[0], transpose_b=True), by_h)
            next_c = _choose(mask, multiply(total, f), by_c)
            return [next_h, next_c], [_choose(mask, by_z, _nothing(by_z))]

        rows = [by_states, gates, cells, before(c, cells, reverse)]
        last, made = _recur(self.name, step, [by_h, by_c], rows, mask, [kernel], not reverse)
        return made[0], last[0], last[1]

    def samples(self, rng):
        make = _sizes_for_samples(rng, 4, 3)

        def of(batch: int, length: int, units: int, dtype: str = "float64") -> tuple[Any, ...]:
            z, kernel, c, by_h, by_c = make(batch, length, units, dtype)
            cells, by_states = (_draw(rng, (batch, length, units), dtype) for _ in range(2))
            gates = 1 / (1 + np.exp(-z.astype("float64")))
            gates[..., 2 * units : 3 * units] = np.tanh(gates[..., 2 * units : 3 * units])
            return by_states, by_h, by_c, gates.astype(z.dtype), cells, kernel, c

        small, all_of = of(2, 3, 2), dict[str, Any](given=(True, True, True))
        mask = np.array([[True, False, True], [False, True, True]])
        single = of(9, 4, 19, "float32")
        return [
            Sample(*small, reverse=False, **all_of),
            Sample(*small, mask, reverse=True, **all_of),
            Sample(*small[1:2], *small[3:], mask, reverse=False, given=(False, True, False)),
            Sample(*single, reverse=True, **all_of),
            Sample(*single[:1], *single[3:], reverse=False, given=(True, False, False)),
            Sample(*of(2, 3, 5, "bfloat16"), tolerance=ROUNDED, reverse=True, **all_of),
            Sample(*of(2, 0, 3, "float32"), reverse=False, **all_of),
            BadSample(ShapeError, "a cotangent", *small[:1], *small[3:], reverse=False, given=(False, True, False)),
            BadSample(ShapeError, "the cells", *small[:4], small[4][:, :2], *small[5:], reverse=False, **all_of),
        ]


class Gru(_Recurrence):
    """States of a gated recurrent unit whose reset gate works on the product.

    With a the parts of z[t], b those of h[t-1] kernel + bias, each three, u = sigmoid(a0 + b0) the update gate and
    r = sigmoid(a1 + b1) the reset gate: n = tanh(a2 + r b2), h[t] = u h[t-1] + (1 - u) n.
    Shapes: z (batch, time, 3 units), kernel (units, 3 units), bias (3 units,), h (batch, units), and with a mask
    (batch, time) -> all states (batch, time, units), the last (batch, units), and if `save` u, r, n and b2 side by side
    (batch, time, 4 units), which the gradient needs.
    Dtypes: one float; the mask bool.    Errors: ShapeError, DTypeError.
    Source: Cho et al. 2014, arXiv:1406.1078v1.
    """

    name = "gru"

    def infer(self, z: Spec, kernel: Spec, bias: Spec, h: Spec, *mask: Spec, reverse: bool, save: bool):
        batch, length, units = self.sizes(z, kernel, 3, h)
        self.require_float(z, bias)
        self.require_shapes(the_bias=(bias, (None if units is None else 3 * units,)))
        self.require_mask(mask, batch, length)
        states, last = z.with_shape((batch, length, units)), z.with_shape((batch, units))
        gates = z.with_shape((batch, length, None if units is None else 4 * units))
        return (states, last, gates) if save else (states, last)

    def decompose(self, z, kernel, bias, h, *mask, reverse, save):
        def step(carried, rows, mask, constants):
            (h,), (kernel, bias) = carried, constants
            inner = add(_product(h, kernel), bias)
            (a0, a1, a2), (b0, b1, b2) = _split(rows[0], 3), _split(inner, 3)
            u, r = sigmoid(add(a0, b0)), sigmoid(add(a1, b1))
            n = tanh(add(a2, multiply(r, b2)))
            new = _choose(mask, add(multiply(u, h), multiply(_one_minus(u), n)), h)
            return [new], [new, _join(u, r, n, b2)] if save else [new]

        last, made = _recur("gru", step, [h], [z], mask, [kernel, bias], reverse)
        return (made[0], *last, *made[1:])

    def vjp(self, g, y, z, kernel, bias, h, *mask, reverse, save):
        if not save:
            y = gru(z, kernel, bias, h, *mask, reverse=reverse, save=True)
        elif g[2] is not None:
            return super().vjp(g, y, z, kernel, bias, h, *mask, reverse=reverse, save=save)
        given = tuple(cotangent is not None for cotangent in g[:2])
        by = [cotangent for cotangent in g[:2] if cotangent is not None]
        by_z, by_inner, by_h = gru_gradient(*by, y[2], y[0], kernel, h, *mask, reverse=reverse, given=given)
        by_kernel = _recurrent_kernel_gradient(h, y[0], by_inner, reverse)
        return (by_z, by_kernel, reduce_sum(by_inner, axes=(0, 1)), by_h, *(None for _ in mask))

    def samples(self, rng):
        make = _sizes_for_samples(rng, 3, 1)

        def of(batch: int, length: int, units: int, dtype: str = "float64") -> tuple[Any, ...]:
            z, kernel, h = make(batch, length, units, dtype)
            return z, kernel, _draw(rng, (3 * units,), dtype), h

        small = z, kernel, bias, h = of(2, 3, 2)
        mask = np.array([[True, False, True], [False, True, True]])
        return [
            Sample(*small, reverse=False, save=True),
            Sample(*small, mask, reverse=True, save=True),
            Sample(*small, mask, reverse=False, save=False),
            Sample(*of(9, 4, 19, "float32"), reverse=True, save=True),
            Sample(*of(1, 2, 33, "float32"), reverse=False, save=False),
            Sample(*of(2, 3, 5, "bfloat16"), tolerance=ROUNDED, reverse=True, save=True),
            Sample(*of(2, 0, 5, "float32"), reverse=False, save=True),
            Sample(*of(0, 2, 3, "float32"), reverse=True, save=True),
            BadSample(ShapeError, "the bias of shape", z, kernel, bias[:4], h, reverse=False, save=True),
            BadSample(ShapeError, "kernel of shape (2, 5)", z, kernel[:, :5], bias, h, reverse=False, save=True),
            BadSample(DTypeError, "a mask of dtype", *small, mask.astype("int32"), reverse=False, save=True),
        ]


class GruGradient(_Gradient):
    """Cotangents of `z`, of the inner products and of the first state of `gru`, from those of its states.

    Shapes: the cotangents that are `given` (batch, time, units), (batch, units), what was saved
    (batch, time, 4 units), states (batch, time, units), kernel (units, 3 units), first state (batch, units), and with a
    mask (batch, time) -> by z and by the products h[t-1] kernel + bias (batch, time, 3 units), by h (batch, units).
    Dtypes: one float; the mask bool.    Errors: ShapeError, DTypeError.
    Source: own, by differentiation of `gru`.
    """

    name = "gru_gradient"

    def infer(self, *specs: Spec, reverse: bool, given: tuple[bool, ...]) -> tuple[Spec, ...]:
        by, (saved, states, kernel, h, *mask) = specs[: sum(given)], specs[sum(given) :]
        self.require_rank(saved, 3, 3, "what was saved")
        batch, length, units = self.sizes(states, Spec((h.shape[-1], h.shape[-1]), kernel.dtype), 1, h)
        units = merge_sizes(units, kernel.shape[0])
        if units is None and saved.shape[2] is not None:
            units = saved.shape[2] // 4
        if units is None and kernel.shape[1] is not None:
            units = kernel.shape[1] // 3
        length = merge_sizes(length, saved.shape[1])
        wide = None if units is None else 3 * units
        self.require_float(states, saved, *by)
        self.require_shapes(
            what_was_saved=(saved, (batch, length, None if units is None else 4 * units)),
            kernel=(kernel, (units, wide)),
        )
        self.require_cotangents(by, given, [(batch, length, units), (batch, units)])
        self.require_mask(mask, batch, length)
        by_z = states.with_shape((batch, length, wide))
        return by_z, by_z, states.with_shape((batch, units))

    def decompose(self, *args, reverse, given):
        by, (saved, states, kernel, h, *mask) = args[: sum(given)], args[sum(given) :]
        by_states, by_last = self.spread(by, given, [states, h])

        def step(carried, rows, mask, constants):
            total = add(carried[0], rows[0])
            u, r, n, inner = _split(rows[1], 4)
            by_u = multiply(multiply(total, subtract(rows[2], n)), _sigmoid_slope(u))
            by_n = multiply(multiply(total, _one_minus(u)), _tanh_slope(n))
            by_r = multiply(multiply(by_n, inner), _sigmoid_slope(r))
            by_z, by_inner = _join(by_u, by_r, by_n), _join(by_u, by_r, multiply(by_n, r))
            by_h = add(multiply(total, u), _product(by_inner, constants[0], transpose_b=True))
            return [_choose(mask, by_h, total)], [_choose(mask, x, _nothing(x)) for x in (by_z, by_inner)]

        rows = [by_states, saved, before(h, states, reverse)]
        last, made = _recur(self.name, step, [by_last], rows, mask, [kernel], not reverse)
        return made[0], made[1], last[0]

    def samples(self, rng):
        make = _sizes_for_samples(rng, 3, 2)

        def of(batch: int, length: int, units: int, dtype: str = "float64") -> tuple[Any, ...]:
            _, kernel, h, by_last = make(batch, length, units, dtype)
            states, by_states = (_draw(rng, (batch, length, units), dtype) for _ in range(2))
            saved = (1 / (1 + np.exp(-rng.normal(size=(batch, length, 4 * units))))).astype(kernel.dtype)
            return by_states, by_last, saved, states, kernel, h

        small, both = of(2, 3, 2), dict[str, Any](given=(True, True))
        mask = np.array([[True, False, True], [False, True, True]])
        single = of(9, 4, 19, "float32")
        return [
            Sample(*small, reverse=False, **both),
            Sample(*small, mask, reverse=True, **both),
            Sample(*small[1:], mask, reverse=False, given=(False, True)),
            Sample(*single, reverse=True, **both),
            Sample(*single[:1], *single[2:], reverse=False, given=(True, False)),
            Sample(*of(2, 3, 5, "bfloat16"), tolerance=ROUNDED, reverse=True, **both),
            Sample(*of(2, 0, 3, "float32"), reverse=False, **both),
            BadSample(ShapeError, "a cotangent", *small[:1], *small[2:], reverse=False, given=(False, True)),
            BadSample(ShapeError, "what was saved", *small[:2], small[2][..., :6], *small[3:], reverse=False, **both),
        ]


simple_rnn, simple_rnn_gradient = SimpleRnn(), SimpleRnnGradient()
lstm, lstm_gradient = Lstm(), LstmGradient()
gru, gru_gradient = Gru(), GruGradient()
