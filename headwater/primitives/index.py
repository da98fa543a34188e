"""Reads and writes at positions given by data: gather, gather_nd, scatter, take_along_axis, put_along_axis.

What an index outside of its axis means is the attribute `mode`, the same for all:

    raise   negative ones count from the end, others are an error; XLA can't raise, and reads NaN (0 for integers) and
    drops writes clip    the nearest valid index
    fill    a read gives 0, a write is dropped
"""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, IndexRangeError, ShapeError
from headwater.ir.fused import Fused
from headwater.ir.primitive import BadSample, Primitive, Sample
from headwater.ir.spec import Spec, sizes_differ
from headwater.primitives.constant import scalar
from headwater.primitives.elementwise import conjugate, divide, equal, multiply, select
from headwater.primitives.shape import broadcast_to, concatenate, iota, reshape, transpose

MODES = ("raise", "clip", "fill")
KINDS = ("set", "add", "max", "min", "mul")
INT32 = as_dtype("int32")


def _require_mode(primitive: Primitive, mode: str) -> None:
    if mode not in MODES:
        raise ArgumentError(f"{primitive.name}: mode {mode!r} is not known.", fix=f"use one of {', '.join(MODES)}.")


def _require_kind(primitive: Primitive, kind: str, x: Spec) -> None:
    if kind not in KINDS:
        raise ArgumentError(f"{primitive.name}: kind {kind!r} is not known.", fix=f"use one of {', '.join(KINDS)}.")
    if kind in ("max", "min") and x.dtype.is_complex:
        raise DTypeError(f"{primitive.name}: complex numbers have no {kind}.", fix="compare their absolute values.")


def _require_indices(primitive: Primitive, indices: Spec) -> None:
    if indices.dtype not in ("int32", "int64"):
        raise DTypeError(
            f"{primitive.name}: its indices have dtype {indices.dtype.name}.", fix="cast them to int32 or int64."
        )


def _require_axis(primitive: Primitive, axis: int, x: Spec) -> None:
    if not 0 <= axis < x.ndim:
        raise ShapeError(
            f"{primitive.name}: axis {axis} does not exist in shape {x.shape}.", fix="use an axis that exists."
        )


def zeros_like(x: Any) -> Any:
    """Zeros of the shape and dtype of x."""
    return broadcast_to(scalar(0, x.spec.dtype), shape=x.spec.shape)


def move_axis(x: Any, source: int, target: int) -> Any:
    """x with one axis moved, the others in their order."""
    if source == target:
        return x
    order = [axis for axis in range(x.spec.ndim) if axis != source]
    order.insert(target, source)
    return transpose(x, perm=tuple(order))


# NumPy: what a mode does to index values.


def _resolve(name: str, indices: np.ndarray, size: int, axis: int, mode: str) -> tuple[np.ndarray, np.ndarray]:
    """Valid indices, and where the given ones lay inside."""
    inside = (indices >= 0) & (indices < size)
    if mode == "raise":
        wrapped = np.where(indices < 0, indices + size, indices)
        wrong = (wrapped < 0) | (wrapped >= size)
        if wrong.any():
            raise IndexRangeError(
                f"{name}: index {indices[wrong].flat[0]} is out of bounds for axis {axis} of size {size}.",
                fix=f"keep indices from {-size} to {size - 1}, or choose mode 'clip' or 'fill'.",
            )
        return wrapped, np.ones_like(inside)
    if mode == "clip":
        return np.clip(indices, 0, max(size - 1, 0)), np.ones_like(inside)
    return np.where(inside, indices, 0), inside


def _resolve_rows(
    name: str, indices: np.ndarray, shape: tuple[int, ...], mode: str
) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """The last axis of indices, taken apart into one index array for each leading axis; and where all lay inside."""
    inside = np.ones(indices.shape[:-1], bool)
    columns = []
    for axis in range(indices.shape[-1]):
        column, ok = _resolve(name, indices[..., axis], shape[axis], axis, mode)
        columns.append(column)
        inside &= ok
    return tuple(columns), inside


# jax: the same.


def _xla_resolve(jnp: Any, indices: Any, size: int, mode: str) -> Any:
    """Indices for jax's mode "fill": those that mean nothing lie past the end."""
    if mode == "clip":
        return jnp.clip(indices, 0, max(size - 1, 0))
    if mode == "raise":
        indices = jnp.where(indices < 0, indices + size, indices)
    return jnp.where((indices < 0) | (indices >= size), size, indices)


def _xla_rows(jnp: Any, indices: Any, shape: tuple[int, ...], mode: str) -> tuple[Any, ...]:
    return tuple(_xla_resolve(jnp, indices[..., axis], shape[axis], mode) for axis in range(indices.shape[-1]))


def _xla_fill(jnp: Any, x: Any, mode: str) -> Any:
    return jnp.nan if mode == "raise" and jnp.issubdtype(x.dtype, jnp.inexact) else 0


class Gather(Primitive):
    """Slices of x along one axis, in the order that `indices` names them: NumPy's take.

    Shapes: x (*before, n, *after), indices (*i) -> (*before, *i, *after).    Dtypes: x any; indices int32 or int64.
    Errors: ShapeError if the axis does not exist, or has no elements to take.    Source: own.
    """

    name = "gather"

    def infer(self, x: Spec, indices: Spec, *, axis: int, mode: str = "raise") -> Spec:
        _require_mode(self, mode)
        _require_indices(self, indices)
        _require_axis(self, axis, x)
        if x.shape[axis] == 0 and mode != "fill" and indices.is_static and indices.size:
            raise ShapeError(
                f"gather: nothing to take along axis {axis} of shape {x.shape}.", fix="check for an empty array first."
            )
        return x.with_shape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))

    def traffic(self, x: Spec, indices: Spec, *, axis: int, mode: str = "raise") -> int:
        return indices.nbytes + 2 * self.infer(x, indices, axis=axis, mode=mode).nbytes  # only the rows that are named

    def vjp(self, g, y, x, indices, *, axis, mode="raise"):
        # Rows of the axis come first, so that one pass adds them up.
        count = indices.spec.ndim
        order = (*range(axis, axis + count), *range(axis), *range(axis + count, g.spec.ndim))
        updates = g if axis == 0 else transpose(g, perm=order)
        return move_axis(scatter_sum(indices, updates, rows=x.spec.shape[axis], mode=mode), 0, axis), None

    def cpu(self, kernels, x, indices, *, axis, mode="raise"):
        return kernels.emit("gather", x, indices, axis=axis, mode=mode)

    def xla(self, lax, x, indices, *, axis, mode="raise"):
        jnp = lax.numpy
        if x.shape[axis] == 0:
            return jnp.zeros((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)
        positions = _xla_resolve(jnp, indices, x.shape[axis], mode)
        return jnp.take(x, positions, axis=axis, mode="fill", fill_value=_xla_fill(jnp, x, mode))

    def reference(self, x, indices, *, axis, mode="raise"):
        positions, inside = _resolve("gather", indices, x.shape[axis], axis, mode)
        if x.shape[axis] == 0:
            return np.zeros((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)
        taken = np.take(x, positions, axis)
        shown = inside.reshape((*inside.shape, *(1,) * (x.ndim - axis - 1)))
        return np.where(shown, taken, np.zeros((), x.dtype))

    def batch(self, size, mapped, x, indices, *, axis, mode="raise"):
        if not mapped[1]:
            return gather(x, indices, axis=axis + 1, mode=mode), True
        if not mapped[0]:
            return move_axis(gather(x, indices, axis=axis, mode=mode), axis, 0), True
        count = indices.spec.ndim - 1
        rows = move_axis(x, axis + 1, 1)
        found = gather_nd(rows, _with_batch_index(reshape(indices, shape=(*indices.spec.shape, 1))), mode=mode)
        order = (
            0,
            *range(1 + count, 1 + count + axis),
            *range(1, 1 + count),
            *range(1 + count + axis, found.spec.ndim),
        )
        return transpose(found, perm=order), True

    def samples(self, rng):
        x, i = rng.normal(size=(4, 5)), np.array([0, 3, -1, 3], np.int32)
        far = np.array([[-7, 0], [4, 9]], np.int64)
        return [
            Sample(x, i, axis=0, mode="raise"),
            Sample(x, i[:, None] % 4, axis=1, mode="raise"),
            Sample(x, far, axis=0, mode="clip"),
            Sample(rng.normal(size=(2, 5, 3)), far, axis=1, mode="fill"),
            Sample(x.astype(np.float32), np.int32(2).reshape(()), axis=1, mode="clip"),
            Sample(rng.integers(0, 9, (3, 2)), np.zeros((0,), np.int32), axis=0, mode="raise"),
            Sample(np.zeros((0, 2), np.float32), i, axis=0, mode="fill"),
            Sample(rng.normal(size=(6,)).astype("complex64"), i, axis=0, mode="raise"),
            BadSample(ShapeError, "nothing to take", np.zeros((0, 2)), i, axis=0, mode="raise"),
            BadSample(ShapeError, "does not exist", x, i, axis=2, mode="raise"),
            BadSample(DTypeError, "its indices have dtype float64", x, np.ones(2), axis=0, mode="raise"),
            BadSample(ArgumentError, "mode 'wrap'", x, i, axis=0, mode="wrap"),
        ]


class _Rows(Primitive, family=True):
    """Family: index vectors (*i, r) that name rows of x by its r leading axes."""

    def rows_shape(self, x: Spec, indices: Spec) -> tuple[int | None, ...]:
        """The shape of the rows that are named: (*i, *rest of x)."""
        _require_indices(self, indices)
        depth = indices.shape[-1] if indices.ndim else 0
        if depth is None:
            raise ShapeError(
                f"{self.name}: the last size of indices {indices.shape} must be known: it counts the axes they name.",
                fix="give the indices a last axis of a fixed size.",
            )
        if indices.ndim == 0 or depth > x.ndim:
            raise ShapeError(
                f"{self.name}: index vectors of shape {indices.shape} do not name rows of an array of shape {x.shape}.",
                fix=f"let the last axis of the indices have at most {x.ndim} elements, one for each leading axis.",
            )
        return (*indices.shape[:-1], *x.shape[depth:])


def _with_batch_index(indices: Any) -> Any:
    """Index vectors (size, *i, r) with the number along the first axis put in front: (size, *i, r + 1)."""
    shape = (*indices.spec.shape[:-1], 1)
    return concatenate(iota(shape=shape, axis=0, dtype=indices.spec.dtype), indices, axis=len(shape) - 1)


class GatherNd(_Rows):
    """Rows of x that index vectors name by its leading axes.

    Shapes: x (s0, ...), indices (*i, r) -> (*i, s[r], ...).    Dtypes: x any; indices int32 or int64.
    Errors: ShapeError if a vector has more elements than x has axes.    Source: own.
    """

    name = "gather_nd"

    def infer(self, x: Spec, indices: Spec, *, mode: str = "raise") -> Spec:
        _require_mode(self, mode)
        return x.with_shape(self.rows_shape(x, indices))

    def vjp(self, g, y, x, indices, *, mode="raise"):
        zeros = broadcast_to(scalar(0, g.spec.dtype), shape=x.spec.shape)
        return scatter(zeros, indices, g, kind="add", mode=mode), None

    def cpu(self, kernels, x, indices, *, mode="raise"):
        return kernels.emit("gather_nd", x, indices, mode=mode)

    def xla(self, lax, x, indices, *, mode="raise"):
        jnp = lax.numpy
        if indices.shape[-1] == 0:
            return jnp.broadcast_to(x, (*indices.shape[:-1], *x.shape))
        rows = _xla_rows(jnp, indices, x.shape, mode)
        return x.at[rows].get(mode="fill", fill_value=_xla_fill(jnp, x, mode))

    def reference(self, x, indices, *, mode="raise"):
        depth = indices.shape[-1]
        if 0 in x.shape[:depth]:
            _resolve_rows("gather_nd", indices, x.shape, mode)
            return np.zeros((*indices.shape[:-1], *x.shape[depth:]), x.dtype)
        rows, inside = _resolve_rows("gather_nd", indices, x.shape, mode)
        taken = x[rows] if depth else np.broadcast_to(x, (*indices.shape[:-1], *x.shape))
        return np.where(inside.reshape((*inside.shape, *(1,) * (x.ndim - depth))), taken, np.zeros((), x.dtype))

    def batch(self, size, mapped, x, indices, *, mode="raise"):
        if not mapped[0]:
            return gather_nd(x, indices, mode=mode), True
        if mapped[1]:
            return gather_nd(x, _with_batch_index(indices), mode=mode), True
        inside = move_axis(x, 0, indices.spec.shape[-1])
        return move_axis(gather_nd(inside, indices, mode=mode), indices.spec.ndim - 1, 0), True

    def samples(self, rng):
        x = rng.normal(size=(4, 5, 2))
        return [
            Sample(x, np.array([[0, 1], [3, -1], [0, 1]], np.int32), mode="raise"),
            Sample(x, np.array([[[2]], [[0]]], np.int64), mode="raise"),
            Sample(x, np.array([1, 2, 1], np.int32), mode="raise"),
            Sample(x, np.array([[9, 1], [-2, 7]], np.int32), mode="clip"),
            Sample(x.astype(np.float32), np.array([[9, 1], [3, 4]], np.int32), mode="fill"),
            Sample(x[0], np.zeros((3, 0), np.int32), mode="raise"),
            Sample(rng.integers(0, 9, (3, 2)), np.zeros((0, 1), np.int32), mode="raise"),
            BadSample(ShapeError, "do not name rows", np.ones((2, 2)), np.zeros((4, 3), np.int32), mode="raise"),
            BadSample(DTypeError, "its indices", np.ones((2, 2)), np.zeros((4, 1), np.float32), mode="raise"),
        ]


_COMBINE = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}


class Scatter(_Rows):
    """A copy of x in which the rows that index vectors name are combined with `updates`, one after the other.

    `kind` says how: "set" (the last one stays), "add", "max", "min", "mul".
    Shapes: x (s0, ...), indices (*i, r), updates (*i, s[r], ...) -> as x.
    Dtypes: x and updates one; indices int32 or int64.
    Errors: ShapeError if the updates are not of that shape.    Source: own; gradients of max and min are shared by
    what ties.
    """

    name = "scatter"

    def infer(self, x: Spec, indices: Spec, updates: Spec, *, kind: str, mode: str = "raise") -> Spec:
        _require_mode(self, mode)
        _require_kind(self, kind, x)
        self.require_same_dtype(x, updates)
        wanted = self.rows_shape(x, indices)
        if len(wanted) != updates.ndim or any(map(sizes_differ, wanted, updates.shape)):
            raise ShapeError(
                f"scatter: updates of shape {updates.shape} for rows of shape {wanted}.",
                fix="let the updates have the shape of the indices, less the last axis, then that of a row of x.",
            )
        return x

    def flops(self, x: Spec, indices: Spec, updates: Spec, *, kind: str, mode: str = "raise") -> int:
        return 0 if kind == "set" else updates.size

    def vjp(self, g, y, x, indices, updates, *, kind, mode="raise"):
        def read(array: Any) -> Any:
            return gather_nd(array, indices, mode=mode)

        def write(array: Any, values: Any, how: str) -> Any:
            return scatter(array, indices, values, kind=how, mode=mode)

        if kind == "add":
            return g, None, read(g)
        if kind == "set":
            last = reshape(_is_last(x, indices, mode), shape=_spread_rows(indices, updates))
            return write(g, zeros_like(updates), "set"), None, select(last, read(g), scalar(0, g.spec.dtype))
        if kind == "mul":
            by_x = write(g, conjugate(updates), "mul")
            return by_x, None, _grad_of_factors(g, x, updates, read, write)
        return _grad_of_extremum(g, y, x, updates, read, write)

    def cpu(self, kernels, x, indices, updates, *, kind, mode="raise"):
        return kernels.emit("scatter", x, indices, updates, over=((0, 0),), kind=kind, mode=mode)

    def xla(self, lax, x, indices, updates, *, kind, mode="raise"):
        jnp = lax.numpy
        depth = indices.shape[-1]
        if updates.size == 0:
            return x
        rows = [column.reshape(-1) for column in _xla_rows(jnp, indices, x.shape, mode)] or [jnp.zeros(1, int)]
        flat = updates.reshape(-1, *x.shape[depth:])
        if depth == 0:
            return _xla_combine(jnp, x, flat, kind)
        if kind == "set":  # which of several writes stays is not defined in XLA: let the last one alone be written
            number = jnp.arange(flat.shape[0])
            last = jnp.full(x.shape[:depth], -1).at[tuple(rows)].max(number, mode="drop")
            mine = last.at[tuple(rows)].get(mode="fill", fill_value=-1) == number
            rows[0] = jnp.where(mine, rows[0], x.shape[0])
        if x.dtype == bool and kind != "set":
            kind = {"add": "max", "mul": "min"}.get(str(kind), str(kind))
        return getattr(x.at[tuple(rows)], "multiply" if kind == "mul" else str(kind))(flat, mode="drop")

    def reference(self, x, indices, updates, *, kind, mode="raise"):
        result = x.copy()
        rows, inside = _resolve_rows("scatter", indices, x.shape, mode)
        for position in np.ndindex(indices.shape[:-1]):
            if not inside[position]:
                continue
            row = tuple(column[position] for column in rows)
            update = updates[position]
            result[row] = update if kind == "set" else _COMBINE[kind](result[row], update)
        return result

    def batch(self, size, mapped, x, indices, updates, *, kind, mode="raise"):
        spread = [
            array if is_mapped else broadcast_to(array, shape=(size, *array.spec.shape))
            for array, is_mapped in zip((x, indices, updates), mapped)
        ]
        return scatter(spread[0], _with_batch_index(spread[1]), spread[2], kind=kind, mode=mode), True

    def samples(self, rng):
        x = rng.normal(size=(4, 3))
        twice = np.array([[1], [3], [1]], np.int32)
        updates = rng.normal(size=(3, 3))
        found = [Sample(x, twice, updates, kind=kind, mode="raise") for kind in KINDS]
        whole = (rng.integers(1, 9, (4,)), np.array([[0], [-1], [0]], np.int64), rng.integers(1, 9, (3,)))
        found += [Sample(*whole, kind=kind, mode="raise") for kind in KINDS]
        far = np.array([[-5, 0], [1, 9], [3, 2]], np.int32)
        found += [
            Sample(x, far, rng.normal(size=(3,)), kind="add", mode="fill"),
            Sample(x, far, rng.normal(size=(3,)), kind="set", mode="clip"),
            Sample(x, np.zeros((2, 0), np.int32), rng.normal(size=(2, 4, 3)), kind="add", mode="raise"),
            Sample(
                x.astype(np.float32), np.zeros((0, 1), np.int32), np.zeros((0, 3), np.float32), kind="set", mode="raise"
            ),
            Sample((x + 1j).astype("complex64"), twice, (updates - 2j).astype("complex64"), kind="mul", mode="raise"),
            BadSample(ShapeError, "for rows of shape", x, twice, updates[:2], kind="add", mode="raise"),
            BadSample(ShapeError, "do not name rows", x, np.zeros((2, 3), np.int32), updates, kind="add", mode="raise"),
            BadSample(DTypeError, "differ", x, twice, updates.astype(np.float32), kind="add", mode="raise"),
            BadSample(DTypeError, "have no max", x + 1j, twice, updates + 1j, kind="max", mode="raise"),
            BadSample(ArgumentError, "kind 'sub'", x, twice, updates, kind="sub", mode="raise"),
        ]
        return found


class ScatterSum(Fused):
    """Rows summed up where `indices` say: the gradient of a gather along the first axis, made in one pass.

    Shapes: indices (*i), updates (*i, *rest) -> (rows, *rest).    Dtypes: indices int32 or int64; updates any number.
    Errors: ShapeError if the updates do not begin with the shape of the indices.    Source: own.
    """

    name = "scatter_sum"

    def infer(self, indices: Spec, updates: Spec, *, rows: int, mode: str = "raise") -> Spec:
        _require_mode(self, mode)
        _require_indices(self, indices)
        lead = updates.shape[: indices.ndim]
        if len(lead) != indices.ndim or any(map(sizes_differ, lead, indices.shape)):
            raise ShapeError(
                f"scatter_sum: updates of shape {updates.shape} for indices of shape {indices.shape}.",
                fix="give one row for each index.",
            )
        return updates.with_shape((rows, *updates.shape[indices.ndim :]))

    def flops(self, indices: Spec, updates: Spec, *, rows: int, mode: str = "raise") -> int:
        return updates.size or 0

    def decompose(self, indices, updates, *, rows, mode="raise"):
        zeros = broadcast_to(scalar(0, updates.spec.dtype), shape=(rows, *updates.spec.shape[indices.spec.ndim :]))
        return scatter(zeros, reshape(indices, shape=(*indices.spec.shape, 1)), updates, kind="add", mode=mode)

    def vjp(self, g, y, indices, updates, *, rows, mode="raise"):
        return None, gather(g, indices, axis=0, mode=mode)

    def cpu(self, kernels, indices, updates, *, rows, mode="raise"):
        return kernels.emit("scatter_sum", kernels.alias(indices, (*indices.spec.shape, 1)), updates, mode=mode)

    def batch(self, size, mapped, indices, updates, *, rows, mode="raise"):
        lead = indices.spec.ndim - mapped[0] + mapped[1]
        zeros = broadcast_to(scalar(0, updates.spec.dtype), shape=(rows, *updates.spec.shape[lead:]))
        vectors = reshape(indices, shape=(*indices.spec.shape, 1))
        return scatter.batch(size, (False, *mapped), zeros, vectors, updates, kind="add", mode=mode)

    def samples(self, rng):
        indices, updates = np.array([[3, 0], [-1, 3]], np.int32), rng.normal(size=(2, 2, 5))
        far = np.array([-7, 1, 9], np.int64)
        return [
            Sample(indices, updates, rows=4, mode="raise"),
            Sample(far, rng.normal(size=(3, 2, 2)), rows=4, mode="fill"),
            Sample(far, rng.normal(size=(3,)).astype(np.float32), rows=3, mode="clip"),
            Sample(indices, rng.integers(0, 9, (2, 2)), rows=5, mode="raise"),
            Sample(np.zeros((0,), np.int32), np.zeros((0, 3), np.float32), rows=2, mode="raise"),
            BadSample(ShapeError, "for indices of shape", indices, updates[:, :1], rows=4, mode="raise"),
            BadSample(DTypeError, "its indices", indices.astype(np.float32), updates, rows=4, mode="raise"),
        ]


def _spread_rows(indices: Any, updates: Any) -> tuple[int, ...]:
    """The shape in which one number for each index vector broadcasts against the updates."""
    lead = indices.spec.shape[:-1]
    return (*lead, *(1,) * (updates.spec.ndim - len(lead)))


def _is_last(x: Any, indices: Any, mode: str) -> Any:
    """True for each index vector whose row no later one names: the one that stays in a scatter of kind "set"."""
    lead = indices.spec.shape[:-1]
    count = int(np.prod(lead))
    if count == 0:
        return broadcast_to(scalar(False, as_dtype("bool")), shape=lead)
    number = reshape(iota(shape=(count,), axis=0, dtype=INT32), shape=lead)
    nobody = broadcast_to(scalar(-1, INT32), shape=x.spec.shape[: indices.spec.shape[-1]])
    last = scatter(nobody, indices, number, kind="set", mode=mode)
    return equal(gather_nd(last, indices, mode=mode), number)


def _grad_of_factors(g: Any, x: Any, updates: Any, read: Any, write: Any) -> Any:
    """Gradient of a scatter of kind "mul" by its updates: the product of all other factors of the element, zeros
    included.
    """
    one, zero = scalar(1, g.spec.dtype), scalar(0, g.spec.dtype)
    is_zero = equal(updates, zero)
    nonzero = select(is_zero, one, updates)
    product = read(write(x, nonzero, "mul"))
    zeros = read(write(zeros_like(x), select(is_zero, one, zero), "add"))
    alone = equal(zeros, select(is_zero, one, zero))  # no other factor is zero
    others = select(alone, divide(product, nonzero), zero)
    return multiply(read(g), conjugate(others))


def _grad_of_extremum(g: Any, y: Any, x: Any, updates: Any, read: Any, write: Any) -> tuple[Any, ...]:
    """Gradient of a scatter of kind "max" or "min": shared in equal parts by all that equal the result."""
    one, zero = scalar(1, g.spec.dtype), scalar(0, g.spec.dtype)
    from_x = select(equal(x, y), one, zero)
    from_update = select(equal(updates, read(y)), one, zero)
    count = write(from_x, from_update, "add")
    share = divide(g, select(equal(count, zero), one, count))
    return multiply(share, from_x), None, multiply(read(share), from_update)


def _xla_combine(jnp: Any, x: Any, updates: Any, kind: str) -> Any:
    """All updates combined into the whole of x."""
    if kind == "set":
        return updates[-1]
    if kind == "add":
        return x + updates.sum(0, dtype=x.dtype)
    if kind == "mul":
        return x * updates.prod(0, dtype=x.dtype)
    return jnp.maximum(x, updates.max(0)) if kind == "max" else jnp.minimum(x, updates.min(0))


class _AlongAxis(Primitive, family=True):
    """Family: indices of as many axes as x, which point along one of them; the other sizes are those of x."""

    def require_lines(self, x: Spec, indices: Spec, axis: int) -> None:
        """Raise unless the indices fit x."""
        _require_indices(self, indices)
        _require_axis(self, axis, x)
        others = [(a, b) for i, (a, b) in enumerate(zip(x.shape, indices.shape)) if i != axis]
        if x.ndim != indices.ndim or any(sizes_differ(a, b) for a, b in others):
            raise ShapeError(
                f"{self.name}: indices of shape {indices.shape} do not fit shape {x.shape} along axis {axis}.",
                fix=f"let all sizes but that of axis {axis} be equal; broadcast first.",
            )


def _line_rows(shape: tuple[int, ...], positions: np.ndarray, axis: int) -> tuple[np.ndarray, ...]:
    rows: list[np.ndarray] = list(np.indices(positions.shape, sparse=True))
    rows[axis] = positions
    return tuple(rows)


class TakeAlongAxis(_AlongAxis):
    """Elements of x that the indices name along one axis: y[.., j, ..] = x[.., indices[.., j, ..], ..].

    Shapes: x (*before, n, *after), indices (*before, m, *after) -> as the indices.
    Dtypes: x any; indices int32 or int64.
    Errors: ShapeError if other sizes differ.    Source: own.
    """

    name = "take_along_axis"

    def infer(self, x: Spec, indices: Spec, *, axis: int, mode: str = "raise") -> Spec:
        _require_mode(self, mode)
        self.require_lines(x, indices, axis)
        return x.with_shape(
            tuple(b if i == axis else b if a is None else a for i, (a, b) in enumerate(zip(x.shape, indices.shape)))
        )

    def vjp(self, g, y, x, indices, *, axis, mode="raise"):
        zeros = broadcast_to(scalar(0, g.spec.dtype), shape=x.spec.shape)
        return put_along_axis(zeros, indices, g, axis=axis, kind="add", mode=mode), None

    def cpu(self, kernels, x, indices, *, axis, mode="raise"):
        return kernels.emit("take_along_axis", x, indices, axis=axis, mode=mode)

    def xla(self, lax, x, indices, *, axis, mode="raise"):
        jnp = lax.numpy
        if x.shape[axis] == 0:
            return jnp.zeros(indices.shape, x.dtype)
        positions = _xla_resolve(jnp, indices, x.shape[axis], mode)
        return jnp.take_along_axis(x, positions, axis, mode="fill", fill_value=_xla_fill(jnp, x, mode))

    def reference(self, x, indices, *, axis, mode="raise"):
        positions, inside = _resolve(self.name, indices, x.shape[axis], axis, mode)
        if x.shape[axis] == 0:
            return np.zeros(indices.shape, x.dtype)
        return np.where(inside, np.take_along_axis(x, positions, axis), np.zeros((), x.dtype))

    def batch(self, size, mapped, x, indices, *, axis, mode="raise"):
        x, indices = _spread_all(size, mapped, x, indices)
        return take_along_axis(x, indices, axis=axis + 1, mode=mode), True

    def samples(self, rng):
        x = rng.normal(size=(3, 4))
        return [
            Sample(x, rng.integers(-4, 4, (3, 6)).astype(np.int32), axis=1, mode="raise"),
            Sample(x, rng.integers(0, 3, (2, 4)), axis=0, mode="raise"),
            Sample(x.astype(np.float32), rng.integers(-9, 9, (3, 2)), axis=1, mode="clip"),
            Sample(rng.normal(size=(2, 3, 2)), rng.integers(-5, 5, (2, 4, 2)), axis=1, mode="fill"),
            Sample(rng.integers(0, 9, (3, 4)), np.zeros((3, 0), np.int32), axis=1, mode="raise"),
            BadSample(ShapeError, "do not fit", x, np.zeros((2, 4), np.int32), axis=1, mode="raise"),
            BadSample(ShapeError, "does not exist", x, np.zeros((3, 4), np.int32), axis=2, mode="raise"),
            BadSample(DTypeError, "its indices", x, np.zeros((3, 4)), axis=1, mode="raise"),
        ]


class PutAlongAxis(_AlongAxis):
    """A copy of x in which x[.., indices[.., j, ..], ..] is combined with updates[.., j, ..], one after the other.

    Shapes: x (*before, n, *after), indices and updates (*before, m, *after) -> as x.
    Dtypes: x and updates one; indices int32 or int64.    Errors: ShapeError if other sizes differ.    Source: own.
    """

    name = "put_along_axis"

    def infer(self, x: Spec, indices: Spec, updates: Spec, *, axis: int, kind: str, mode: str = "raise") -> Spec:
        _require_mode(self, mode)
        _require_kind(self, kind, x)
        self.require_same_dtype(x, updates)
        self.require_lines(x, indices, axis)
        if indices.ndim != updates.ndim or any(map(sizes_differ, indices.shape, updates.shape)):
            raise ShapeError(
                f"put_along_axis: updates of shape {updates.shape} for indices of shape {indices.shape}.",
                fix="give one update for each index.",
            )
        return x

    def vjp(self, g, y, x, indices, updates, *, axis, kind, mode="raise"):
        def read(array: Any) -> Any:
            return take_along_axis(array, indices, axis=axis, mode=mode)

        def write(array: Any, values: Any, how: str) -> Any:
            return put_along_axis(array, indices, values, axis=axis, kind=how, mode=mode)

        if kind == "add":
            return g, None, read(g)
        if kind == "set":
            number = iota(shape=indices.spec.shape, axis=axis, dtype=INT32)
            last = write(broadcast_to(scalar(-1, INT32), shape=x.spec.shape), number, "set")
            mine = select(equal(read(last), number), read(g), scalar(0, g.spec.dtype))
            return write(g, zeros_like(updates), "set"), None, mine
        if kind == "mul":
            return write(g, conjugate(updates), "mul"), None, _grad_of_factors(g, x, updates, read, write)
        return _grad_of_extremum(g, y, x, updates, read, write)

    def cpu(self, kernels, x, indices, updates, *, axis, kind, mode="raise"):
        return kernels.emit("put_along_axis", x, indices, updates, over=((0, 0),), axis=axis, kind=kind, mode=mode)

    def xla(self, lax, x, indices, updates, *, axis, kind, mode="raise"):
        jnp = lax.numpy
        rows = list(jnp.indices(indices.shape, sparse=True))
        rows[axis] = indices
        rows = jnp.broadcast_arrays(*rows)
        columns = jnp.stack([row.astype(indices.dtype) for row in rows], -1)
        return scatter.xla(lax, x, columns, updates, kind=kind, mode=mode)

    def reference(self, x, indices, updates, *, axis, kind, mode="raise"):
        result = x.copy()
        positions, inside = _resolve(self.name, indices, x.shape[axis], axis, mode)
        for place in np.ndindex(indices.shape):
            if inside[place]:
                target = (*place[:axis], positions[place], *place[axis + 1 :])
                update = updates[place]
                result[target] = update if kind == "set" else _COMBINE[kind](result[target], update)
        return result

    def batch(self, size, mapped, x, indices, updates, *, axis, kind, mode="raise"):
        x, indices, updates = _spread_all(size, mapped, x, indices, updates)
        return put_along_axis(x, indices, updates, axis=axis + 1, kind=kind, mode=mode), True

    def samples(self, rng):
        x = rng.normal(size=(3, 4))
        indices = np.array([[0, -1, 0], [2, 2, 1], [3, 1, 0]], np.int32)
        updates = rng.normal(size=(3, 3))
        return [
            *[Sample(x, indices, updates, axis=1, kind=kind, mode="raise") for kind in KINDS],
            Sample(x, rng.integers(-5, 5, (2, 4)), rng.normal(size=(2, 4)), axis=0, kind="add", mode="fill"),
            Sample(rng.integers(0, 9, (3, 4)), indices, rng.integers(0, 9, (3, 3)), axis=1, kind="set", mode="clip"),
            Sample(
                x.astype(np.float32),
                indices[:, :0],
                updates[:, :0].astype(np.float32),
                axis=1,
                kind="add",
                mode="raise",
            ),
            BadSample(ShapeError, "for indices of shape", x, indices, updates[:, :2], axis=1, kind="add", mode="raise"),
            BadSample(ShapeError, "do not fit", x, indices[:2], updates[:2], axis=1, kind="add", mode="raise"),
            BadSample(DTypeError, "differ", x, indices, updates.astype(np.float32), axis=1, kind="add", mode="raise"),
        ]


def _spread_all(size: int, mapped: tuple[bool, ...], *arrays: Any) -> list[Any]:
    return [
        array if is_mapped else broadcast_to(array, shape=(size, *array.spec.shape))
        for array, is_mapped in zip(arrays, mapped)
    ]


gather, gather_nd, scatter, scatter_sum = Gather(), GatherNd(), Scatter(), ScatterSum()
take_along_axis, put_along_axis = TakeAlongAxis(), PutAlongAxis()
