"""Primitives that move elements without computing: reshape, transpose, broadcast, slice, pad, concatenate, reverse,
iota."""

from __future__ import annotations

import math

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.ir.primitive import BadSample, Primitive, Sample, absent
from headwater.ir.registry import REGISTRY
from headwater.ir.spec import Shape, Spec, merge_sizes, sizes_differ
from headwater.primitives.constant import scalar
from headwater.primitives.elementwise import unbroadcast


def _require_sizes(what: str, shape: Shape) -> None:
    if any(size is not None and size < 0 for size in shape):
        raise ShapeError(f"{what}: {tuple(shape)} is not a shape.", fix="give sizes of 0 or more.")


class Reshape(Primitive):
    """The same elements, in the same row-major order, in another shape.

    Shapes: any -> `shape`, of as many elements.    Dtypes: any.    Errors: ShapeError if the numbers of elements
    differ.
    Source: own.
    """

    name = "reshape"

    def infer(self, x: Spec, *, shape: Shape) -> Spec:
        if x.is_static and None not in shape and math.prod(shape) != x.size:
            raise ShapeError(
                f"reshape: {x.shape} has {x.size} elements and {tuple(shape)} has {math.prod(shape)}.",
                fix="choose a shape with as many elements; one size may be -1 and is then computed.",
            )
        return x.with_shape(shape)

    def vjp(self, g, y, x, *, shape):
        return (reshape(g, shape=x.spec.shape),)

    def cpu(self, kernels, x, *, shape):
        return kernels.alias(x, shape)

    def xla(self, lax, x, *, shape):
        return lax.numpy.reshape(x, shape)

    def reference(self, x, *, shape):
        return np.reshape(x, shape)

    def batch(self, size, mapped, x, *, shape):
        return reshape(x, shape=(size, *shape)), True

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(2, 6)), shape=(3, 4)),
            Sample(rng.normal(size=(1,)), shape=()),
            Sample(rng.normal(size=(0, 3)), shape=(3, 0)),
            Sample(rng.integers(0, 9, (2, 3, 4)), shape=(24,)),
            BadSample(ShapeError, "elements", np.ones((2, 3)), shape=(4,)),
        ]


class Transpose(Primitive):
    """Axes in another order: axis i of the result is axis perm[i] of x.

    Shapes: (s0, s1, ...) -> (s[perm[0]], s[perm[1]], ...).    Dtypes: any.
    Errors: ShapeError if `perm` is not a permutation of the axes.    Source: own.
    """

    name = "transpose"

    def infer(self, x: Spec, *, perm: tuple[int, ...]) -> Spec:
        if sorted(perm) != list(range(x.ndim)):
            raise ShapeError(
                f"transpose: {perm} is not an order of the {x.ndim} axes of shape {x.shape}.",
                fix="name each axis once.",
            )
        return x.with_shape(tuple(x.shape[axis] for axis in perm))

    def vjp(self, g, y, x, *, perm):
        return (transpose(g, perm=tuple(int(axis) for axis in np.argsort(perm))),)

    def cpu(self, kernels, x, *, perm):
        moved = [axis for axis in perm if x.spec.shape[axis] != 1]
        if moved == sorted(moved):
            return kernels.alias(x, tuple(x.spec.shape[axis] for axis in perm))
        return kernels.emit("transpose", x, perm=perm)

    def xla(self, lax, x, *, perm):
        return lax.numpy.transpose(x, perm)

    def reference(self, x, *, perm):
        return np.transpose(x, perm)

    def batch(self, size, mapped, x, *, perm):
        return transpose(x, perm=(0, *(axis + 1 for axis in perm))), True

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(3, 4)), perm=(1, 0)),
            Sample(rng.normal(size=(2, 3, 4)), perm=(2, 0, 1)),
            Sample(rng.normal(size=()), perm=()),
            Sample(rng.normal(size=(2, 1, 3, 2)).astype(np.float32), perm=(0, 2, 1, 3)),
            Sample(np.zeros((0, 3)), perm=(1, 0)),
            BadSample(ShapeError, "not an order", np.ones((2, 3)), perm=(0, 0)),
        ]


class BroadcastTo(Primitive):
    """x repeated along new leading axes and along axes of size 1, to `shape`.

    Shapes: any that broadcasts to `shape` -> `shape`.    Dtypes: any.    Errors: ShapeError if it does not broadcast.
     Source: own.
    """

    name = "broadcast_to"

    def infer(self, x: Spec, *, shape: Shape) -> Spec:
        _require_sizes("broadcast_to", shape)
        missing = len(shape) - x.ndim
        if missing < 0 or any(a != 1 and sizes_differ(a, b) for a, b in zip(x.shape, shape[missing:])):
            raise ShapeError(
                f"broadcast_to: {x.shape} does not broadcast to {tuple(shape)}.",
                fix="make each size 1 or equal, counted from the right.",
            )
        return x.with_shape(shape)

    def vjp(self, g, y, x, *, shape):
        return (unbroadcast(g, x.spec),)

    def cpu(self, kernels, x, *, shape):
        return kernels.alias(x, shape) if math.prod(shape) == x.spec.size else kernels.emit("broadcast", x)

    def xla(self, lax, x, *, shape):
        return lax.numpy.broadcast_to(x, shape)

    def reference(self, x, *, shape):
        return np.broadcast_to(x, shape).copy()

    def batch(self, size, mapped, x, *, shape):
        missing = len(shape) - (x.spec.ndim - 1)
        return broadcast_to(reshape(x, shape=(size, *(1,) * missing, *x.spec.shape[1:])), shape=(size, *shape)), True

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(3, 1)), shape=(2, 3, 4)),
            Sample(rng.normal(size=()), shape=(5,)),
            Sample(rng.normal(size=(4,)), shape=(0, 4)),
            Sample(rng.integers(0, 9, (2, 1)), shape=(2, 3)),
            BadSample(ShapeError, "does not broadcast", np.ones((2, 3)), shape=(3, 3)),
            BadSample(ShapeError, "does not broadcast", np.ones((2, 3)), shape=(3,)),
            BadSample(ShapeError, "is not a shape", np.ones(()), shape=(-1, 2)),
        ]


def _slice_size(start: int, limit: int, stride: int) -> int:
    return max(0, -(-(limit - start) // stride))


class Slice(Primitive):
    """Every `stride`-th element from `start` up to `limit` along each axis.

    Shapes: x (s0, ...) -> (ceil((limit0 - start0) / stride0), ...).    Dtypes: any.
    Errors: ShapeError if a bound lies outside of its axis.    Source: own.
    """

    name = "slice"

    def infer(self, x: Spec, *, starts: tuple[int, ...], limits: tuple[int, ...], strides: tuple[int, ...]) -> Spec:
        if not len(starts) == len(limits) == len(strides) == x.ndim:
            raise ShapeError(
                f"slice: {len(starts)} bounds for shape {x.shape}.", fix="give a start, limit and stride for each axis."
            )
        for size, start, limit, stride in zip(x.shape, starts, limits, strides):
            if stride < 1 or start < 0 or start > limit or (size is not None and limit > size):
                raise ShapeError(
                    f"slice: {start}:{limit}:{stride} lies outside of an axis of size {size}.",
                    fix="keep 0 <= start <= limit <= size, stride >= 1.",
                )
        return x.with_shape(tuple(map(_slice_size, starts, limits, strides)))

    def vjp(self, g, y, x, *, starts, limits, strides):
        ends = [
            start + (size - 1) * stride + 1 if size else start
            for start, size, stride in zip(starts, y.spec.shape, strides)
        ]
        high = tuple(size - end for size, end in zip(x.spec.shape, ends))
        interior = tuple(stride - 1 for stride in strides)
        return (pad(g, scalar(0, g.spec.dtype), low=tuple(starts), high=high, interior=interior),)

    def cpu(self, kernels, x, *, starts, limits, strides):
        return kernels.emit("slice", x, starts=starts, strides=strides)

    def xla(self, lax, x, *, starts, limits, strides):
        return lax.lax.slice(x, starts, limits, strides)

    def reference(self, x, *, starts, limits, strides):
        return x[tuple(map(slice, starts, limits, strides))]

    def batch(self, size, mapped, x, *, starts, limits, strides):
        return slice_(x, starts=(0, *starts), limits=(size, *limits), strides=(1, *strides)), True

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(5, 6)), starts=(1, 0), limits=(4, 6), strides=(1, 2)),
            Sample(rng.normal(size=(7,)), starts=(2,), limits=(7,), strides=(3,)),
            Sample(rng.normal(size=(3, 4)), starts=(1, 2), limits=(1, 4), strides=(1, 1)),
            Sample(rng.integers(0, 9, (2, 3, 4)), starts=(0, 1, 0), limits=(2, 3, 4), strides=(1, 1, 3)),
            BadSample(ShapeError, "outside", np.ones((3,)), starts=(1,), limits=(4,), strides=(1,)),
            BadSample(ShapeError, "bounds", np.ones((3,)), starts=(1, 0), limits=(2, 1), strides=(1, 1)),
        ]


class Pad(Primitive):
    """x with `value` around it, and `interior` copies of it between neighbours.

    Shapes: x (s0, ...), value () -> (low0 + s0 + interior0 * max(s0 - 1, 0) + high0, ...).    Dtypes: any, both the
    same.
    Errors: ShapeError if an amount is negative.    Source: own.
    """

    name = "pad"

    def infer(
        self, x: Spec, value: Spec, *, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]
    ) -> Spec:
        self.require_same_dtype(x, value)
        self.require_rank(value, 0, 0, "its value")
        if not len(low) == len(high) == len(interior) == x.ndim:
            raise ShapeError(f"pad: {len(low)} amounts for shape {x.shape}.", fix="give an amount for each axis.")
        if min((*low, *high, *interior), default=0) < 0:
            raise ShapeError(
                f"pad: amounts {low}, {high}, {interior} must not be negative.", fix="slice to make an array smaller."
            )
        sizes = zip(x.shape, low, high, interior)
        return x.with_shape(tuple(None if s is None else lo + s + gap * max(s - 1, 0) + hi for s, lo, hi, gap in sizes))

    def vjp(self, g, y, x, value, *, low, high, interior):
        strides = tuple(gap + 1 for gap in interior)
        limits = tuple(lo + (size - 1) * step + 1 if size else lo for lo, size, step in zip(low, x.spec.shape, strides))
        inner = slice_(g, starts=tuple(low), limits=limits, strides=strides)
        everything = REGISTRY["reduce_sum"](g, axes=tuple(range(g.spec.ndim)))
        own = REGISTRY["reduce_sum"](inner, axes=tuple(range(g.spec.ndim)))
        return inner, REGISTRY["subtract"](everything, own)

    def cpu(self, kernels, x, value, *, low, high, interior):
        return kernels.emit("pad", x, value, low=low, high=high, interior=interior)

    def xla(self, lax, x, value, *, low, high, interior):
        return lax.lax.pad(x, value, list(zip(low, high, interior)))

    def reference(self, x, value, *, low, high, interior):
        shape = [lo + s + gap * max(s - 1, 0) + hi for s, lo, hi, gap in zip(x.shape, low, high, interior)]
        result = np.full(shape, value, x.dtype)
        places = (slice(lo, lo + s + gap * max(s - 1, 0), gap + 1) for s, lo, gap in zip(x.shape, low, interior))
        result[tuple(places)] = x
        return result

    def batch(self, size, mapped, x, value, *, low, high, interior):
        if mapped[1]:
            return NotImplemented
        return pad(x, value, low=(0, *low), high=(0, *high), interior=(0, *interior)), True

    def samples(self, rng):
        value = np.float64(1.5).reshape(())
        return [
            Sample(rng.normal(size=(2, 3)), value, low=(1, 0), high=(0, 2), interior=(0, 0)),
            Sample(rng.normal(size=(3,)), value, low=(1,), high=(2,), interior=(2,)),
            Sample(np.zeros((0, 2)), value, low=(1, 1), high=(1, 0), interior=(1, 1)),
            Sample(rng.integers(0, 9, (2, 2)), np.int64(7).reshape(()), low=(0, 1), high=(1, 0), interior=(0, 0)),
            BadSample(ShapeError, "negative", np.ones(3), value, low=(-1,), high=(0,), interior=(0,)),
            BadSample(DTypeError, "differ", np.ones(3, np.float32), value, low=(1,), high=(0,), interior=(0,)),
        ]


class Concatenate(Primitive):
    """Arrays joined along an axis.

    Shapes: equal but along `axis` -> sizes along `axis` add up.    Dtypes: any, all the same.
    Errors: ShapeError if other sizes differ.    Source: own.
    """

    name = "concatenate"

    def infer(self, *xs: Spec, axis: int) -> Spec:
        if not xs:
            raise ShapeError("concatenate: nothing to join.", fix="give at least one array.")
        self.require_same_dtype(*xs)
        first = xs[0]
        if not 0 <= axis < first.ndim:
            raise ShapeError(
                f"concatenate: axis {axis} does not exist in shape {first.shape}.",
                fix="join along an axis that exists; stack makes a new one.",
            )
        shape = list(first.shape)
        total: int | None = 0
        for spec in xs:
            if spec.ndim != first.ndim or any(
                i != axis and sizes_differ(a, b) for i, (a, b) in enumerate(zip(shape, spec.shape))
            ):
                raise ShapeError(
                    f"concatenate: shapes {first.shape} and {spec.shape} differ on other axes than axis {axis}.",
                    fix="make those sizes equal.",
                )
            shape = [merge_sizes(a, b) for a, b in zip(shape, spec.shape)]
            total = None if total is None or spec.shape[axis] is None else total + spec.shape[axis]
        shape[axis] = total
        return first.with_shape(tuple(shape))

    def vjp(self, g, y, *xs, axis):
        parts, start = [], 0
        for x in xs:
            end = start + x.spec.shape[axis]
            starts = tuple(start if i == axis else 0 for i in range(g.spec.ndim))
            limits = tuple(end if i == axis else size for i, size in enumerate(g.spec.shape))
            parts.append(slice_(g, starts=starts, limits=limits, strides=(1,) * g.spec.ndim))
            start = end
        return tuple(parts)

    def cpu(self, kernels, *xs, axis):
        return xs[0] if len(xs) == 1 else kernels.emit("concatenate", *xs, axis=axis)

    def xla(self, lax, *xs, axis):
        return lax.numpy.concatenate(xs, axis)

    def reference(self, *xs, axis):
        return np.concatenate(xs, axis)

    def batch(self, size, mapped, *xs, axis):
        spread = [x if m else broadcast_to(x, shape=(size, *x.spec.shape)) for x, m in zip(xs, mapped)]
        return concatenate(*spread, axis=axis + 1), True

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(2, 3)), rng.normal(size=(2, 4)), axis=1),
            Sample(rng.normal(size=(2, 3)), rng.normal(size=(0, 3)), rng.normal(size=(1, 3)), axis=0),
            Sample(rng.normal(size=(2,)), axis=0),
            Sample(rng.integers(0, 9, (2, 1)), rng.integers(0, 9, (2, 2)), axis=1),
            BadSample(ShapeError, "differ on other axes", np.ones((2, 3)), np.ones((3, 3)), axis=1),
            BadSample(ShapeError, "does not exist", np.ones(2), np.ones(2), axis=1),
            BadSample(DTypeError, "differ", np.ones(2), np.ones(2, np.float32), axis=0),
        ]


class Reverse(Primitive):
    """x with the order of the elements along `axes` reversed.

    Shapes: any -> the same.    Dtypes: any.    Errors: ShapeError if an axis does not exist.    Source: own.
    """

    name = "reverse"

    def infer(self, x: Spec, *, axes: tuple[int, ...]) -> Spec:
        if any(not 0 <= axis < x.ndim for axis in axes):
            raise ShapeError(f"reverse: axes {axes} do not all exist in shape {x.shape}.", fix="name axes that exist.")
        return x

    def vjp(self, g, y, x, *, axes):
        return (reverse(g, axes=axes),)

    def cpu(self, kernels, x, *, axes):
        return kernels.emit("reverse", x, axes=axes)

    def xla(self, lax, x, *, axes):
        return lax.lax.rev(x, axes)

    def reference(self, x, *, axes):
        return np.flip(x, axes).copy()

    def batch(self, size, mapped, x, *, axes):
        return reverse(x, axes=tuple(axis + 1 for axis in axes)), True

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(3, 4)), axes=(0,)),
            Sample(rng.normal(size=(2, 3, 4)), axes=(0, 2)),
            Sample(rng.integers(0, 9, (5,)), axes=(0,)),
            BadSample(ShapeError, "do not all exist", np.ones(2), axes=(1,)),
        ]


class Iota(Primitive):
    """Numbers 0, 1, 2, ... along `axis`, the same along the others.

    Shapes: () -> `shape`.    Dtypes: any number.    Source: Iverson 1962, "A Programming Language".
    """

    name = "iota"
    vjp = absent("it has no inputs")

    def infer(self, *, shape: tuple[int, ...], axis: int, dtype: DType) -> Spec:
        _require_sizes("iota", shape)
        spec = Spec(tuple(shape), dtype)
        self.require_dtype(spec, ("uint", "int", "float", "complex"), "its result")
        if not 0 <= axis < len(shape):
            raise ShapeError(
                f"iota: axis {axis} does not exist in shape {shape}.", fix="count along an axis that exists."
            )
        return spec

    def cpu(self, kernels, *, shape, axis, dtype):
        return kernels.emit("iota", axis=axis)

    def xla(self, lax, *, shape, axis, dtype):
        return lax.lax.broadcasted_iota(dtype.numpy, shape, axis)

    def reference(self, *, shape, axis, dtype):
        along = [1] * len(shape)
        along[axis] = shape[axis]
        return np.broadcast_to(np.arange(shape[axis]).astype(dtype.numpy).reshape(along), shape).copy()

    def batch(self, size, mapped, *, shape, axis, dtype):
        return iota(shape=shape, axis=axis, dtype=dtype), False

    def samples(self, rng):
        return [
            Sample(shape=(5,), axis=0, dtype=as_dtype("int32")),
            Sample(shape=(2, 3), axis=1, dtype=as_dtype("float32")),
            Sample(shape=(0,), axis=0, dtype=as_dtype("int64")),
            BadSample(ShapeError, "does not exist", shape=(3,), axis=1, dtype=as_dtype("int32")),
            BadSample(ShapeError, "is not a shape", shape=(-3,), axis=0, dtype=as_dtype("int32")),
            BadSample(DTypeError, "dtype bool", shape=(3,), axis=0, dtype=as_dtype("bool")),
        ]


class DynamicSlice(Primitive):
    """A block of x of fixed sizes whose corner is given at run time; the corner is moved so that the block fits.

    Shapes: x (s0, ...), starts (ndim,) -> `sizes`.    Dtypes: any; starts int32 or int64.
    Errors: ShapeError if a size exceeds its axis.    Source: own.
    """

    name = "dynamic_slice"

    def infer(self, x: Spec, starts: Spec, *, sizes: tuple[int, ...]) -> Spec:
        _require_corner(self, x, starts)
        if (
            len(sizes) != x.ndim
            or any(size is not None and wanted > size for size, wanted in zip(x.shape, sizes))
            or min(sizes, default=0) < 0
        ):
            raise ShapeError(
                f"dynamic_slice: a block of {tuple(sizes)} does not fit into {x.shape}.", fix="ask for a smaller block."
            )
        return x.with_shape(tuple(sizes))

    def vjp(self, g, y, x, starts, *, sizes):
        zeros = broadcast_to(scalar(0, g.spec.dtype), shape=x.spec.shape)
        return update_slice(zeros, g, starts), None

    def cpu(self, kernels, x, starts, *, sizes):
        return kernels.emit("dynamic_slice", x, starts)

    def xla(self, lax, x, starts, *, sizes):
        return lax.lax.dynamic_slice(x, [starts[i] for i in range(x.ndim)], sizes)

    def reference(self, x, starts, *, sizes):
        corner = [int(np.clip(start, 0, size - wanted)) for start, size, wanted in zip(starts, x.shape, sizes)]
        return x[tuple(slice(start, start + wanted) for start, wanted in zip(corner, sizes))].copy()

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(5, 6)), np.array([1, 2], np.int32), sizes=(2, 3)),
            Sample(rng.normal(size=(5, 6)), np.array([4, -2], np.int64), sizes=(3, 6)),
            Sample(rng.normal(size=(4,)), np.array([1], np.int32), sizes=(0,)),
            BadSample(ShapeError, "does not fit", np.ones((2, 2)), np.zeros(2, np.int32), sizes=(3, 1)),
            BadSample(DTypeError, "its corner", np.ones((2,)), np.zeros(1, np.float32), sizes=(1,)),
        ]


class UpdateSlice(Primitive):
    """x with a block, whose corner is given at run time, replaced by `update`; the corner is moved so that the block
    fits.

    Shapes: x (s0, ...), update of as many axes, starts (ndim,) -> as x.    Dtypes: any, both the same; starts int32 or
    int64.
    Errors: ShapeError if the update exceeds x.    Source: own.
    """

    name = "update_slice"

    def infer(self, x: Spec, update: Spec, starts: Spec) -> Spec:
        _require_corner(self, x, starts)
        self.require_same_dtype(x, update)
        if update.ndim != x.ndim or any(None not in (a, b) and b > a for a, b in zip(x.shape, update.shape)):
            raise ShapeError(
                f"update_slice: an update of {update.shape} does not fit into {x.shape}.",
                fix="make the update smaller.",
            )
        return x

    def vjp(self, g, y, x, update, starts):
        zeros = broadcast_to(scalar(0, g.spec.dtype), shape=update.spec.shape)
        return update_slice(g, zeros, starts), dynamic_slice(g, starts, sizes=update.spec.shape), None

    def cpu(self, kernels, x, update, starts):
        return kernels.emit("update_slice", x, update, starts)

    def xla(self, lax, x, update, starts):
        return lax.lax.dynamic_update_slice(x, update, [starts[i] for i in range(x.ndim)])

    def reference(self, x, update, starts):
        corner = [int(np.clip(start, 0, size - wanted)) for start, size, wanted in zip(starts, x.shape, update.shape)]
        result = x.copy()
        result[tuple(slice(start, start + wanted) for start, wanted in zip(corner, update.shape))] = update
        return result

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(5, 6)), rng.normal(size=(2, 3)), np.array([1, 2], np.int32)),
            Sample(rng.normal(size=(4,)), rng.normal(size=(4,)), np.array([3], np.int64)),
            Sample(rng.integers(0, 9, (3, 2)), rng.integers(0, 9, (1, 2)), np.array([2, 0], np.int32)),
            BadSample(ShapeError, "does not fit", np.ones((2, 2)), np.ones((3, 2)), np.zeros(2, np.int32)),
            BadSample(DTypeError, "differ", np.ones(2), np.ones(1, np.float32), np.zeros(1, np.int32)),
        ]


def _require_corner(primitive: Primitive, x: Spec, starts: Spec) -> None:
    if starts.dtype not in ("int32", "int64"):
        raise DTypeError(
            f"{primitive.name}: its corner has dtype {starts.dtype.name}.", fix="give it as int32 or int64."
        )
    if starts.ndim != 1 or sizes_differ(starts.shape[0], x.ndim):
        raise ShapeError(
            f"{primitive.name}: a corner of shape {starts.shape} for an array of shape {x.shape}.",
            fix="give one start for each axis.",
        )


reshape, transpose, broadcast_to, slice_, pad = Reshape(), Transpose(), BroadcastTo(), Slice(), Pad()
concatenate, reverse, iota = Concatenate(), Reverse(), Iota()
dynamic_slice, update_slice = DynamicSlice(), UpdateSlice()
