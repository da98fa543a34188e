"""Order: sort, argsort, top_k, searchsorted. NaN counts as the largest value; equal elements keep their order."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.ir.primitive import BadSample, Primitive, Sample, absent
from headwater.ir.spec import Spec, sizes_differ
from headwater.primitives.index import put_along_axis, zeros_like
from headwater.primitives.shape import broadcast_to, reshape

ORDERED = ("bool", "uint", "int", "float")


class _Order(Primitive, family=True):
    """Family: lines along `axis` put in order."""

    def require_line(self, x: Spec, axis: int) -> None:
        """Raise unless x can be sorted along the axis."""
        self.require_dtype(x, ORDERED)
        if not 0 <= axis < x.ndim:
            raise ShapeError(
                f"{self.name}: axis {axis} does not exist in shape {x.shape}.", fix="use an axis that exists."
            )

    def bad_samples(self, **attrs: Any) -> list[Sample]:
        """What must be refused."""
        return [
            BadSample(ShapeError, "does not exist", np.ones((2, 3)), axis=2, descending=False, **attrs),
            BadSample(DTypeError, "has dtype complex64", np.ones(2, np.complex64), axis=0, descending=False, **attrs),
        ]


def _argsort(x: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    """A stable order; descending, NaN comes first and equal elements still keep their order."""
    if not descending:
        return np.argsort(x, axis, kind="stable")
    backwards = np.argsort(np.flip(x, axis), axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(backwards, axis)


def _xla_argsort(jnp: Any, x: Any, axis: int, descending: bool) -> Any:
    if not descending:
        return jnp.argsort(x, axis, stable=True)
    return x.shape[axis] - 1 - jnp.flip(jnp.argsort(jnp.flip(x, axis), axis, stable=True), axis)


class Sort(_Order):
    """The elements of each line along `axis` in ascending (or descending) order.

    Shapes: any with that axis -> the same.    Dtypes: bool, integers, floats.
    Errors: ShapeError if there is no such axis.
    Source: own; the gradient goes back to where each element came from.
    """

    name = "sort"

    def infer(self, x: Spec, *, axis: int, descending: bool = False) -> Spec:
        self.require_line(x, axis)
        return x

    def vjp(self, g, y, x, *, axis, descending=False):
        order = argsort(x, axis=axis, descending=descending, dtype=as_dtype("int32"))
        return (put_along_axis(zeros_like(x), order, g, axis=axis, kind="set", mode="clip"),)

    def cpu(self, kernels, x, *, axis, descending=False):
        return kernels.emit("sort", x, axis=axis, descending=int(descending), stable=1)

    def xla(self, lax, x, *, axis, descending=False):
        ascending = lax.numpy.sort(x, axis, stable=True)
        return lax.numpy.flip(ascending, axis) if descending else ascending

    def reference(self, x, *, axis, descending=False):
        return np.take_along_axis(x, _argsort(x, axis, descending), axis)

    def batch(self, size, mapped, x, *, axis, descending=False):
        return sort(x, axis=axis + 1, descending=descending), True

    def samples(self, rng):
        x = rng.permutation(12).reshape(3, 4) / 3
        return [
            Sample(x, axis=1, descending=False),
            Sample(x, axis=0, descending=True),
            Sample(rng.permutation(40).astype(np.float32).reshape(2, 5, 4), axis=1, descending=False),
            Sample(rng.integers(-9, 9, (700,)), axis=0, descending=True),
            Sample(rng.integers(0, 9, (2, 9)).astype(np.uint8), axis=1, descending=False),
            Sample(rng.random((6,)) < 0.5, axis=0, descending=False),
            Sample(np.zeros((0, 3), np.float32), axis=0, descending=False),
            Sample(np.array([3, np.inf, -np.inf, 1, -0.5], np.float32), axis=0, descending=True, differentiable=()),
            *self.bad_samples(),
        ]


class ArgSort(_Order):
    """Where the elements of the sorted line come from.

    Shapes: any with that axis -> the same.    Dtypes: bool, integers, floats -> `dtype`, int32 or int64.
    Errors: ShapeError if there is no such axis.    Source: own.
    """

    name = "argsort"
    vjp = absent("returns indices")

    def infer(self, x: Spec, *, axis: int, descending: bool = False, dtype: DType) -> Spec:
        self.require_line(x, axis)
        return x.with_dtype(_index_dtype(self, dtype))

    def cpu(self, kernels, x, *, axis, descending=False, dtype):
        return kernels.emit("argsort", x, axis=axis, descending=int(descending), stable=1)

    def xla(self, lax, x, *, axis, descending=False, dtype):
        return _xla_argsort(lax.numpy, x, axis, descending).astype(dtype.numpy)

    def reference(self, x, *, axis, descending=False, dtype):
        return _argsort(x, axis, descending).astype(dtype.numpy)

    def batch(self, size, mapped, x, *, axis, descending=False, dtype):
        return argsort(x, axis=axis + 1, descending=descending, dtype=dtype), True

    def samples(self, rng):
        ties = rng.integers(0, 4, (3, 8))
        int32, int64 = as_dtype("int32"), as_dtype("int64")
        nans = np.array([[2, np.nan, -1, np.nan, 0]])
        return [
            Sample(ties, axis=1, descending=False, dtype=int32),
            Sample(ties, axis=1, descending=True, dtype=int64),
            Sample(ties.astype(np.float32), axis=0, descending=True, dtype=int32),
            Sample(nans, axis=1, descending=False, dtype=int32),
            Sample(nans.astype(np.float32), axis=1, descending=True, dtype=int32),
            Sample(np.zeros((2, 0)), axis=1, descending=False, dtype=int32),
            BadSample(
                DTypeError, "indices of dtype float32", ties, axis=0, descending=False, dtype=as_dtype("float32")
            ),
            *self.bad_samples(dtype=int32),
        ]


def _index_dtype(primitive: Primitive, dtype: DType) -> DType:
    if dtype not in ("int32", "int64"):
        raise DTypeError(f"{primitive.name}: indices of dtype {dtype.name}.", fix="ask for int32 or int64.")
    return dtype


class TopK(Primitive):
    """The k largest elements of each line of the last axis, largest first, and their indices; of equals the first.

    Shapes: x (*batch, n) -> values and indices (*batch, k).    Dtypes: bool, integers, floats.
    Errors: ShapeError if k exceeds the axis.    Source: own.
    """

    name = "top_k"
    multiple = True

    def infer(self, x: Spec, *, k: int) -> tuple[Spec, Spec]:
        self.require_dtype(x, ORDERED)
        self.require_rank(x, 1)
        if k < 0 or (x.shape[-1] is not None and k > x.shape[-1]):
            raise ShapeError(
                f"top_k: k = {k} of an axis of {x.shape[-1]} elements.", fix="ask for at most as many as there are."
            )
        shape = (*x.shape[:-1], k)
        return x.with_shape(shape), Spec(shape, as_dtype("int32"))

    def vjp(self, g, y, x, *, k):
        if g[0] is None:
            return (None,)
        return (put_along_axis(zeros_like(x), y[1], g[0], axis=x.spec.ndim - 1, kind="set", mode="clip"),)

    def cpu(self, kernels, x, *, k):
        return kernels.emit("top_k", x, k=k)

    def xla(self, lax, x, *, k):
        axis = x.ndim - 1
        order = _xla_argsort(lax.numpy, x, axis, True)[..., :k]
        return lax.numpy.take_along_axis(x, order, axis), order.astype(np.int32)

    def reference(self, x, *, k):
        order = _argsort(x, x.ndim - 1, True)[..., :k]
        return np.take_along_axis(x, order, x.ndim - 1), order.astype(np.int32)

    def batch(self, size, mapped, x, *, k):
        return top_k(x, k=k), (True, True)

    def samples(self, rng):
        x = rng.permutation(24).reshape(2, 3, 4) / 7
        return [
            Sample(x, k=2),
            Sample(x, k=4),
            Sample(x.astype(np.float32), k=0),
            Sample(rng.integers(0, 3, (3, 9)), k=5),
            Sample(np.array([1, np.nan, 3], np.float32), k=2, differentiable=()),
            BadSample(ShapeError, "k = 5 of an axis of 4", x, k=5),
            BadSample(ShapeError, "at least 1", np.float64(1).reshape(()), k=0),
            BadSample(DTypeError, "has dtype complex64", np.ones(2, np.complex64), k=1),
        ]


class SearchSorted(Primitive):
    """For each value, how many elements of a sorted sequence are less (side "left") or not greater (side "right").

    Shapes: sequence (n,), values any -> as the values; or sequence (*batch, n), values (*batch, m) -> (*batch, m).
    Dtypes: both one of bool, integers, floats -> `dtype`, int32 or int64.
    Errors: ShapeError if a batch of sequences and the values differ in their leading sizes.    Source: own.
    """

    name = "searchsorted"
    vjp = absent("returns indices")

    def infer(self, sequence: Spec, values: Spec, *, side: str, dtype: DType) -> Spec:
        self.require_same_dtype(sequence, values)
        self.require_dtype(sequence, ORDERED)
        self.require_rank(sequence, 1, role="its sequence")
        if side not in ("left", "right"):
            raise ArgumentError(f"searchsorted: side {side!r} is not known.", fix="use 'left' or 'right'.")
        lead = sequence.shape[:-1]
        if lead and (values.ndim != sequence.ndim or any(map(sizes_differ, lead, values.shape))):
            raise ShapeError(
                f"searchsorted: sequences {sequence.shape} and values {values.shape} differ in their leading sizes.",
                fix="give one row of values for each sequence, or one sequence for all.",
            )
        return Spec(values.shape, _index_dtype(self, dtype))

    def cpu(self, kernels, sequence, values, *, side, dtype):
        return kernels.emit("searchsorted", sequence, values, side=side)

    def xla(self, lax, sequence, values, *, side, dtype):
        def search(line: Any, found: Any) -> Any:
            return lax.numpy.searchsorted(line, found, side=side)

        for _ in range(sequence.ndim - 1):
            search = lax.jax.vmap(search)
        return search(sequence, values).astype(dtype.numpy)

    def reference(self, sequence, values, *, side, dtype):
        if sequence.ndim == 1:
            return np.searchsorted(sequence, values, side).astype(dtype.numpy)
        result = np.zeros(values.shape, dtype.numpy)
        for line in np.ndindex(sequence.shape[:-1]):
            result[line] = np.searchsorted(sequence[line], values[line], side)
        return result

    def batch(self, size, mapped, sequence, values, *, side, dtype):
        if not mapped[0] and sequence.spec.ndim == 1:
            return searchsorted(sequence, values, side=side, dtype=dtype), True
        if not mapped[0]:
            sequence = broadcast_to(sequence, shape=(size, *sequence.spec.shape))
        if not mapped[1]:
            values = broadcast_to(values, shape=(size, *values.spec.shape))
        if sequence.spec.ndim == 2 and values.spec.ndim != 2:  # one sequence for values of any shape
            flat = reshape(values, shape=(size, int(np.prod(values.spec.shape[1:]))))
            found = searchsorted(sequence, flat, side=side, dtype=dtype)
            return reshape(found, shape=values.spec.shape), True
        return searchsorted(sequence, values, side=side, dtype=dtype), True

    def samples(self, rng):
        line = np.sort(rng.integers(0, 9, (7,)))
        int32 = as_dtype("int32")
        return [
            Sample(line, rng.integers(-2, 12, (3, 4)), side="left", dtype=int32),
            Sample(line, rng.integers(-2, 12, (5,)), side="right", dtype=as_dtype("int64")),
            Sample(np.sort(rng.normal(size=(2, 6))), rng.normal(size=(2, 3)), side="left", dtype=int32),
            Sample(np.zeros(0, np.float32), np.ones(3, np.float32), side="left", dtype=int32),
            Sample(np.array([0.5, 1, np.nan]), np.array([1, 7, np.nan]), side="right", dtype=int32),
            BadSample(DTypeError, "differ", line, np.ones(2), side="left", dtype=int32),
            BadSample(ArgumentError, "side 'middle'", line, line, side="middle", dtype=int32),
            BadSample(ShapeError, "leading sizes", np.ones((2, 3)), np.ones((3, 3)), side="left", dtype=int32),
        ]


sort, argsort, top_k, searchsorted = Sort(), ArgSort(), TopK(), SearchSorted()
