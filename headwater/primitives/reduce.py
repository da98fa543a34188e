"""Reductions, and cumulative ones. The axes that are reduced are gone from the result."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.ir.primitive import BadSample, Primitive, Sample, absent
from headwater.ir.spec import Spec
from headwater.primitives.constant import scalar
from headwater.primitives.elementwise import add, conj, divide, equal, exp, maximum, multiply, select, subtract
from headwater.primitives.shape import broadcast_to, concatenate, pad, reshape, reverse, slice_


def _kept(spec: Spec, axes: tuple[int, ...]) -> tuple[int | None, ...]:
    return tuple(1 if axis in axes else size for axis, size in enumerate(spec.shape))


def _spread(value: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """A reduced value with its axes back, of size 1, so that it broadcasts against x."""
    return reshape(value, shape=_kept(x.spec, axes))


class Reduction(Primitive, family=True):
    """Family: one number from all elements along `axes`."""

    kind: ClassVar[str]  # reduction of the element-wise tape
    kinds: ClassVar[tuple[str, ...]] = ("uint", "int", "float")
    has_empty = True  # defined for no elements

    def infer(self, x: Spec, *, axes: tuple[int, ...]) -> Spec:
        self.require_dtype(x, self.kinds)
        if len(set(axes)) != len(axes) or any(not 0 <= axis < x.ndim for axis in axes):
            raise ShapeError(
                f"{self.name}: axes {axes} are not distinct axes of shape {x.shape}.", fix="name each axis once."
            )
        if not self.has_empty and any(x.shape[axis] == 0 for axis in axes):
            raise ShapeError(
                f"{self.name}: nothing to reduce in shape {x.shape} along axes {axes}.",
                fix="check for an empty array first.",
            )
        return x.with_shape(tuple(size for axis, size in enumerate(x.shape) if axis not in axes))

    def flops(self, x: Spec, *, axes: tuple[int, ...]) -> int:
        return x.size

    def cpu(self, kernels, x, *, axes):
        return kernels.reduce(self.kind, x, axes)

    def batch(self, size, mapped, x, *, axes):
        return self(x, axes=tuple(axis + 1 for axis in axes)), True

    def samples(self, rng):
        names = {"float": ["float64", "float32"], "int": ["int32"], "bool": ["bool"], "complex": ["complex64"]}
        found = []
        for kind in ("float", "int", "bool", "complex"):
            for dtype in names[kind] if kind in self.kinds else ():
                for shape, axes in (
                    ((3, 4), (1,)),
                    ((3, 4), (0,)),
                    ((2, 3, 4), (0, 2)),
                    ((2, 3, 4), (1,)),
                    ((5,), (0,)),
                    ((2, 3), ()),
                ):
                    found.append(Sample(self.draw(rng, shape, dtype), axes=axes))
        dtype = names[self.kinds[-1]][0] if self.kinds[-1] in names else "float64"
        found.append(Sample(np.zeros((0, 3), dtype), axes=(1,)))
        if self.has_empty:
            found.append(Sample(np.zeros((0, 3), dtype), axes=(0,)))
        else:
            found.append(BadSample(ShapeError, "nothing to reduce", np.zeros((0, 3), dtype), axes=(0,)))
        found.append(BadSample(ShapeError, "distinct axes", np.zeros((2, 3), dtype), axes=(0, 0)))
        found.append(BadSample(ShapeError, "distinct axes", np.zeros((2, 3), dtype), axes=(2,)))
        return found

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        """Random input of a sample."""
        values = rng.permutation(math.prod(shape)).reshape(shape) / 3 + 0.5
        return (
            values > 1.5
            if dtype == "bool"
            else (values * (1 + 0.5j)).astype(dtype)
            if dtype == "complex64"
            else values.astype(dtype)
        )


class ReduceSum(Reduction):
    """Sum.    Source: own; floats are added in blocks, so that the error grows with the logarithm of the count."""

    name = "reduce_sum"
    kind = "sum"
    kinds = ("uint", "int", "float", "complex")

    def vjp(self, g, y, x, *, axes):
        return (broadcast_to(_spread(g, x, axes), shape=x.spec.shape),)

    def xla(self, lax, x, *, axes):
        return lax.numpy.sum(x, axes, dtype=x.dtype)

    def reference(self, x, *, axes):
        return np.sum(x, axes, dtype=x.dtype)


class ReduceProd(Reduction):
    """Product. Its gradient is right for zeros too.    Source: own."""

    name = "reduce_prod"
    kind = "prod"
    kinds = ("uint", "int", "float", "complex")

    def vjp(self, g, y, x, *, axes):
        # Product of all others: exclusive cumulative products from both ends, over the reduced axes as one axis.
        rest = tuple(axis for axis in range(x.spec.ndim) if axis not in axes)
        perm = (*rest, *axes)
        moved = _transpose(x, perm)
        count = math.prod(x.spec.shape[axis] for axis in axes)
        lead = tuple(x.spec.shape[axis] for axis in rest)
        flat = reshape(moved, shape=(*lead, count))
        before, after = _exclusive_prod(flat, reverse_order=False), _exclusive_prod(flat, reverse_order=True)
        others = multiply(before, after)
        if x.spec.dtype.is_complex:
            others = conj(others)
        flat_grad = multiply(others, reshape(g, shape=(*lead, 1)))
        back = tuple(int(axis) for axis in np.argsort(perm))
        return (_transpose(reshape(flat_grad, shape=moved.spec.shape), back),)

    def xla(self, lax, x, *, axes):
        return lax.numpy.prod(x, axes, dtype=x.dtype)

    def reference(self, x, *, axes):
        return np.prod(x, axes, dtype=x.dtype)


def _transpose(x: Any, perm: tuple[int, ...]) -> Any:
    from headwater.primitives.shape import transpose

    return x if perm == tuple(range(len(perm))) else transpose(x, perm=perm)


def _exclusive_prod(x: Any, *, reverse_order: bool) -> Any:
    """Along the last axis: the product of all elements before (after, if reversed) each one."""
    axis, size = x.spec.ndim - 1, x.spec.shape[-1]
    if size == 0:
        return x
    sizes = x.spec.shape[:-1]
    inner_starts, inner_limits = (1, size) if reverse_order else (0, size - 1)
    part = slice_(x, starts=(*(0,) * axis, inner_starts), limits=(*sizes, inner_limits), strides=(1,) * (axis + 1))
    low, high = (0, 1) if reverse_order else (1, 0)
    shifted = pad(
        part, scalar(1, x.spec.dtype), low=(*(0,) * axis, low), high=(*(0,) * axis, high), interior=(0,) * (axis + 1)
    )
    return cumulative_prod(shifted, axis=axis, reverse=reverse_order)


class _Extremum(Reduction, family=True):
    """Family of max and min: the gradient is shared by the elements that tie."""

    has_empty = False

    def vjp(self, g, y, x, *, axes):
        hits = equal(x, _spread(y, x, axes))
        one, zero = scalar(1, x.spec.dtype), scalar(0, x.spec.dtype)
        chosen = select(hits, one, zero)
        count = reduce_sum(chosen, axes=axes)
        return (multiply(chosen, _spread(divide(g, count), x, axes)),)


class ReduceMax(_Extremum):
    """Largest element; NaN if there is one. The gradient is split among ties.    Source: own."""

    name = "reduce_max"
    kind = "max"

    def xla(self, lax, x, *, axes):
        return lax.numpy.max(x, axes)

    def reference(self, x, *, axes):
        return np.max(x, axes)


class ReduceMin(_Extremum):
    """Smallest element; NaN if there is one. The gradient is split among ties.    Source: own."""

    name = "reduce_min"
    kind = "min"

    def xla(self, lax, x, *, axes):
        return lax.numpy.min(x, axes)

    def reference(self, x, *, axes):
        return np.min(x, axes)


class ReduceAny(Reduction):
    """True if any element is.    Source: own."""

    name = "reduce_any"
    kind = "any"
    kinds = ("bool",)
    vjp = absent("its result is bool")

    def xla(self, lax, x, *, axes):
        return lax.numpy.any(x, axes)

    def reference(self, x, *, axes):
        return np.any(x, axes)


class ReduceAll(Reduction):
    """True if all elements are.    Source: own."""

    name = "reduce_all"
    kind = "all"
    kinds = ("bool",)
    vjp = absent("its result is bool")

    def xla(self, lax, x, *, axes):
        return lax.numpy.all(x, axes)

    def reference(self, x, *, axes):
        return np.all(x, axes)


class _ArgExtremum(Primitive, family=True):
    """Family: position of an extremum along one axis, the first of several; a NaN counts as the extremum."""

    kernel: ClassVar[str]
    vjp = absent("it returns indices")

    def infer(self, x: Spec, *, axis: int, dtype: DType) -> Spec:
        self.require_dtype(x, ("bool", "uint", "int", "float"))
        self.require_dtype(Spec((), dtype), ("int", "uint"), "its result")
        if not 0 <= axis < x.ndim:
            raise ShapeError(
                f"{self.name}: axis {axis} does not exist in shape {x.shape}.", fix="search along an axis that exists."
            )
        if x.shape[axis] == 0:
            raise ShapeError(
                f"{self.name}: nothing to search in shape {x.shape} along axis {axis}.",
                fix="check for an empty array first.",
            )
        return Spec(x.shape[:axis] + x.shape[axis + 1 :], dtype)

    def cpu(self, kernels, x, *, axis, dtype):
        if dtype in ("int32", "int64"):
            return kernels.emit(self.kernel, x, axis=axis)
        found = kernels.emit(
            self.kernel, x, axis=axis, out=Spec(x.spec.shape[:axis] + x.spec.shape[axis + 1 :], as_dtype("int64"))
        )
        return kernels.elementwise("cast", found)

    def batch(self, size, mapped, x, *, axis, dtype):
        return self(x, axis=axis + 1, dtype=dtype), True

    def samples(self, rng):
        values = rng.permutation(24).reshape(2, 3, 4)
        holes = np.array([[1.0, np.nan, 3.0], [2.0, 2.0, 1.0]])
        found = [Sample(values.astype(np.float64), axis=axis, dtype=as_dtype("int64")) for axis in range(3)]
        found += [
            Sample(holes, axis=1, dtype=as_dtype("int32")),
            Sample(values.astype(np.int32), axis=1, dtype=as_dtype("int32")),
            Sample(np.array([False, True, True]), axis=0, dtype=as_dtype("int64")),
            BadSample(ShapeError, "does not exist", np.ones(3), axis=1, dtype=as_dtype("int64")),
            BadSample(ShapeError, "nothing to search", np.ones((0, 3)), axis=0, dtype=as_dtype("int64")),
        ]
        return found


class ArgMax(_ArgExtremum):
    """Position of the largest element.    Source: own."""

    name = "argmax"
    kernel = "argmax"

    def xla(self, lax, x, *, axis, dtype):
        return lax.numpy.argmax(x, axis).astype(dtype.numpy)

    def reference(self, x, *, axis, dtype):
        return np.argmax(x, axis).astype(dtype.numpy)


class ArgMin(_ArgExtremum):
    """Position of the smallest element.    Source: own."""

    name = "argmin"
    kernel = "argmin"

    def xla(self, lax, x, *, axis, dtype):
        return lax.numpy.argmin(x, axis).astype(dtype.numpy)

    def reference(self, x, *, axis, dtype):
        return np.argmin(x, axis).astype(dtype.numpy)


class Cumulative(Primitive, family=True):
    """Family: element i is the reduction of all elements up to i along `axis` (from i on, if `reverse`)."""

    kind: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]] = ("uint", "int", "float", "complex")

    def infer(self, x: Spec, *, axis: int, reverse: bool) -> Spec:
        self.require_dtype(x, self.kinds)
        if not 0 <= axis < x.ndim:
            raise ShapeError(
                f"{self.name}: axis {axis} does not exist in shape {x.shape}.", fix="run along an axis that exists."
            )
        return x

    def cpu(self, kernels, x, *, axis, reverse):
        return kernels.emit("cumulative", x, kind=self.kind, axis=axis, reverse=int(reverse), exclusive=0)

    def batch(self, size, mapped, x, *, axis, reverse):
        return self(x, axis=axis + 1, reverse=reverse), True

    def samples(self, rng):
        values = rng.permutation(24).reshape(2, 3, 4) / 9 + 0.4
        found = [Sample(values, axis=axis, reverse=rev) for axis in range(3) for rev in (False, True)]
        found += [
            Sample(values.astype(np.float32), axis=1, reverse=False),
            Sample(np.zeros((0, 2)), axis=0, reverse=False),
        ]
        if "int" in self.kinds:
            found.append(Sample(rng.integers(1, 4, (3, 4)), axis=0, reverse=True))
        found.append(BadSample(ShapeError, "does not exist", np.ones(2), axis=1, reverse=False))
        found.append(BadSample(DTypeError, "has dtype", np.ones(2, bool), axis=0, reverse=False))
        return found


def _run(function: Any, x: np.ndarray, axis: int, reverse: bool) -> np.ndarray:
    """A NumPy accumulation along an axis, from the end if `reverse`."""
    return np.flip(function(np.flip(x, axis), axis), axis).copy() if reverse else function(x, axis)


def _run_xla(lax: Any, function: Any, x: Any, axis: int, reverse: bool) -> Any:
    return lax.numpy.flip(function(lax.numpy.flip(x, axis), axis=axis), axis) if reverse else function(x, axis=axis)


class CumulativeSum(Cumulative):
    """Running sum.    Source: own."""

    name = "cumulative_sum"
    kind = "sum"

    def vjp(self, g, y, x, *, axis, reverse):
        return (cumulative_sum(g, axis=axis, reverse=not reverse),)

    def xla(self, lax, x, *, axis, reverse):
        return lax.lax.cumsum(x, axis, reverse)

    def reference(self, x, *, axis, reverse):
        return _run(lambda v, a: np.cumsum(v, a, dtype=v.dtype), x, axis, reverse)


class CumulativeProd(Cumulative):
    """Running product. Its gradient is right for zeros too.    Source: own."""

    name = "cumulative_prod"
    kind = "prod"

    def vjp(self, g, y, x, *, axis, reverse):
        # dx[j] = sum over i >= j of g[i] * prod of x[k], k <= i, k != j: a recurrence from the end that never divides.
        from headwater.primitives.elementwise import conjugate

        ndim, size = x.spec.ndim, x.spec.shape[axis]
        if size == 0:
            return (g,)
        forward, cotangent = (reverse_axis(x, axis), reverse_axis(g, axis)) if reverse else (x, g)
        before = _shift_in_ones(cumulative_prod(forward, axis=axis, reverse=False), axis)
        tails = _tail_sums(conjugate(forward), cotangent, axis, size, ndim)
        result = multiply(conjugate(before), tails)
        return (reverse_axis(result, axis) if reverse else result,)

    def xla(self, lax, x, *, axis, reverse):
        return lax.lax.cumprod(x, axis, reverse)

    def reference(self, x, *, axis, reverse):
        return _run(lambda v, a: np.cumprod(v, a, dtype=v.dtype), x, axis, reverse)


def reverse_axis(x: Any, axis: int) -> Any:
    """x with one axis reversed."""
    return reverse(x, axes=(axis,))


def _bounds(x: Any, axis: int, start: int, limit: int) -> Any:
    starts = tuple(start if i == axis else 0 for i in range(x.spec.ndim))
    limits = tuple(limit if i == axis else size for i, size in enumerate(x.spec.shape))
    return slice_(x, starts=starts, limits=limits, strides=(1,) * x.spec.ndim)


def _padded(x: Any, axis: int, low: int, high: int, value: float) -> Any:
    ndim = x.spec.ndim
    lows = tuple(low if i == axis else 0 for i in range(ndim))
    highs = tuple(high if i == axis else 0 for i in range(ndim))
    return pad(x, scalar(value, x.spec.dtype), low=lows, high=highs, interior=(0,) * ndim)


def _shift_in_ones(x: Any, axis: int) -> Any:
    return _padded(_bounds(x, axis, 0, x.spec.shape[axis] - 1), axis, 1, 0, 1)


def _tail_sums(x: Any, g: Any, axis: int, size: int, ndim: int) -> Any:
    """t[j] = g[j] + x[j+1] * t[j+1]: a linear recurrence, solved in log2(size) doubling steps of (factor, sum)
    pairs."""
    factor = _padded(_bounds(x, axis, 1, size), axis, 0, 1, 0)
    total, step = g, 1
    while step < size:
        moved_total = _padded(_bounds(total, axis, step, size), axis, 0, step, 0)
        moved_factor = _padded(_bounds(factor, axis, step, size), axis, 0, step, 0)
        total = add(total, multiply(factor, moved_total))
        factor = multiply(factor, moved_factor)
        step *= 2
    return total


class _CumulativeExtremum(Cumulative, family=True):
    """Family of running max and min: each cotangent goes to the position that set the value, the first of ties."""

    kinds = ("uint", "int", "float")

    def vjp(self, g, y, x, *, axis, reverse):
        from headwater.ir.registry import REGISTRY
        from headwater.primitives.shape import iota

        if x.spec.shape[axis] == 0:
            return (g,)
        int64 = as_dtype("int64")
        place = iota(shape=x.spec.shape, axis=axis, dtype=int64)
        previous = _edge_shift(y, axis, reverse)
        is_new = REGISTRY["not_equal"](y, previous)
        first = x.spec.shape[axis] - 1 if reverse else 0
        is_new = REGISTRY["bitwise_or"](is_new, equal(place, scalar(first, int64)))
        marked = select(is_new, place, scalar(x.spec.shape[axis] if reverse else -1, int64))
        setter = (cumulative_min if reverse else cumulative_max)(marked, axis=axis, reverse=reverse)
        zeros = broadcast_to(scalar(0, g.spec.dtype), shape=x.spec.shape)
        return (REGISTRY["put_along_axis"](zeros, setter, g, axis=axis, kind="add"),)


def _edge_shift(y: Any, axis: int, reverse_order: bool) -> Any:
    """The running value one position earlier; the first one keeps its own."""
    size = y.spec.shape[axis]
    if reverse_order:
        return concatenate(_bounds(y, axis, 1, size), _bounds(y, axis, size - 1, size), axis=axis)
    return concatenate(_bounds(y, axis, 0, 1), _bounds(y, axis, 0, size - 1), axis=axis)


class CumulativeMax(_CumulativeExtremum):
    """Running maximum.    Source: own."""

    name = "cumulative_max"
    kind = "max"

    def xla(self, lax, x, *, axis, reverse):
        return lax.lax.cummax(x, axis, reverse)

    def reference(self, x, *, axis, reverse):
        return _run(np.maximum.accumulate, x, axis, reverse)


class CumulativeMin(_CumulativeExtremum):
    """Running minimum.    Source: own."""

    name = "cumulative_min"
    kind = "min"

    def xla(self, lax, x, *, axis, reverse):
        return lax.lax.cummin(x, axis, reverse)

    def reference(self, x, *, axis, reverse):
        return _run(np.minimum.accumulate, x, axis, reverse)


class CumulativeLogSumExp(Cumulative):
    """Running log of the sum of exponentials, without overflow.    Source: own."""

    name = "cumulative_logsumexp"
    kind = "logsumexp"
    kinds = ("float",)

    def vjp(self, g, y, x, *, axis, reverse):
        # dx[j] = sum over i >= j of g[i] * exp(x[j] - y[i]) = exp(x[j] - y[j]) * t[j], where
        # t[j] = g[j] + exp(y[j] - y[j + 1]) * t[j + 1]: y never falls, so that no exponential is above 1.
        ndim, size = x.spec.ndim, x.spec.shape[axis]
        if size == 0:
            return (g,)
        x, y, g = (reverse_axis(each, axis) if reverse else each for each in (x, y, g))
        y = maximum(y, scalar(float(np.finfo(y.spec.dtype.numpy).min), y.spec.dtype))  # -inf - -inf has no value
        falls = exp(subtract(_edge_shift(y, axis, False), y))
        result = multiply(exp(subtract(x, y)), _tail_sums(falls, g, axis, size, ndim))
        return (reverse_axis(result, axis) if reverse else result,)

    def xla(self, lax, x, *, axis, reverse):
        return lax.lax.cumlogsumexp(x, axis, reverse)

    def reference(self, x, *, axis, reverse):
        return _run(np.logaddexp.accumulate, x, axis, reverse)


reduce_sum, reduce_prod, reduce_max, reduce_min = ReduceSum(), ReduceProd(), ReduceMax(), ReduceMin()
reduce_any, reduce_all, argmax, argmin = ReduceAny(), ReduceAll(), ArgMax(), ArgMin()
cumulative_sum, cumulative_prod = CumulativeSum(), CumulativeProd()
cumulative_max, cumulative_min, cumulative_logsumexp = CumulativeMax(), CumulativeMin(), CumulativeLogSumExp()
