"""Elements read and written by position: NumPy's indexing, take, where, scatter, slices."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater.errors import ArgumentError, DTypeError, IndexRangeError, ShapeError
from headwater.ir.dispatch import Array
from headwater.ir.spec import broadcast_shapes
from headwater.ops.convert import promote
from headwater.ops.operands import (
    BOOL,
    INT32,
    INT64,
    axis_of,
    boolean,
    cast,
    cut,
    int_of,
    is_known,
    known,
    pair,
    permuted,
    reshape_to,
    sizes_of,
    spread,
    tensor,
)  # fmt: skip
from headwater.ops.symbolic import op
from headwater.primitives import elementwise, index
from headwater.primitives import shape as moves
from headwater.primitives.constant import scalar


def positions(indices: Any, what: str) -> Any:
    """Indices as an int32 or int64 tensor."""
    indices = tensor(indices)
    dtype = indices.spec.dtype
    if dtype is INT32 or dtype is INT64:
        return indices
    if not dtype.is_integer and not (indices.spec.is_static and indices.spec.size == 0):
        raise DTypeError(f"{what}: the indices have dtype {dtype.name}.", fix="cast them to int32 or int64.")
    return cast(indices, INT64 if dtype.size >= 4 and dtype.is_unsigned else INT32)


# NumPy's indexing


class _Step(NamedTuple):
    """What one axis is cut to: every `stride`-th element from start to limit, then in reverse order if `backwards`."""

    start: int
    limit: int
    stride: int
    backwards: bool


class _Advanced(NamedTuple):
    """An integer array that indexes an axis; axis None for a lone True or False, which indexes none."""

    axis: int | None
    places: Any


@op
def getitem(x: Any, index: Any) -> Any:
    """Elements of a tensor by NumPy's rules of indexing.

    Args:
        x: a tensor.
        index: ints, slices, `...`, None (a new axis), integer tensors, bool masks, or a tuple of these.
    Returns: a tensor.
    Raises: IndexRangeError for an index outside of its axis, or too many of them; DTypeError for one that is no whole
        number; ArgumentError for a mask whose values are not known when a function is traced.
    Example:
        >>> getitem([[0, 1, 2], [3, 4, 5]], (..., [0, -1])).numpy()
        array([[0, 2],
               [3, 5]], dtype=int32)

    Source: own; numpy.org, "Indexing on ndarrays".
    """
    x = tensor(x)
    if type(index) is int and x.spec.ndim:
        place = _one(index, x.spec.shape[0], 0, x)
        return reshape_to(cut(x, 0, place, place + 1), x.spec.shape[1:])
    return _taken(x, index if isinstance(index, tuple) else (index,))


@op
def get_item(x: Any, key: Any) -> Any:
    """Elements of a tensor by NumPy's rules of indexing: `x[key]` as a function.

    Args:
        x: a tensor.
        key: as for `getitem`.
    Returns: a tensor.
    Source: own.
    """
    return _taken(tensor(x), key if isinstance(key, tuple) else (key,))


def _taken(x: Any, key: tuple[Any, ...]) -> Any:
    items = _completed(x, [_item(item) for item in key])
    if not builtins.any(isinstance(item, (Array, np.ndarray)) for item in items):
        return _basic(x, items)
    return _mixed(x, items)


def _item(item: Any) -> Any:
    """One index as an int, a slice, None, `...`, a NumPy array, or a traced tensor."""
    if item is None or item is Ellipsis or type(item) is int or isinstance(item, builtins.slice):
        return item
    if isinstance(item, (bool, np.bool_)):
        return np.asarray(item)
    if isinstance(item, Array) and item.buffer is None:
        return item
    if isinstance(item, (str, bytes)):
        raise DTypeError(f"{item!r} is not an index.", fix="index with ints, slices, None, integer tensors or masks.")
    if not isinstance(item, (np.ndarray, Array)) and hasattr(item, "__headwater_tensor__"):
        return _item(tensor(item))
    values = known(item, "indexing", "index")
    if values.size == 0 and values.dtype.kind == "f" and isinstance(item, (list, tuple)):
        return values.astype(np.int32)
    if values.dtype.kind not in "iub":
        raise DTypeError(
            f"an index of dtype {values.dtype} is no position.",
            fix="cast it to an integer dtype, or use a mask of bool.",
        )
    return int(values) if values.ndim == 0 and values.dtype.kind != "b" else values


def _consumed(item: Any) -> int:
    """How many axes of the tensor an index takes."""
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, np.ndarray) and item.dtype.kind == "b":
        return item.ndim
    if isinstance(item, Array) and item.spec.dtype is BOOL:
        return item.spec.ndim
    return 1


def _completed(x: Any, items: list[Any]) -> list[Any]:
    """The indices with slices that take whole axes before `...`, which stays as a mark, or at the end."""
    ndim = x.spec.ndim
    spare = ndim - builtins.sum(map(_consumed, items))
    if spare < 0:
        raise IndexRangeError(
            f"{ndim - spare} indices for a tensor of shape {tuple(x.spec.shape)}.", fix=f"give {ndim} indices at most."
        )
    places = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(places) > 1:
        raise IndexRangeError("an index has more than one `...`.", fix="keep one of them.")
    whole = [builtins.slice(None)] * spare
    return items[: places[0]] + whole + items[places[0] :] if places else items + whole


def _one(item: int, size: int | None, axis: int, x: Any) -> int:
    """An int index, counted from the front."""
    if size is None:
        if item < 0:
            raise ArgumentError(
                f"index {item} counts from the end of axis {axis}, whose size is not known.",
                fix="trace with known sizes.",
            )
        return item
    if not -size <= item < size:
        raise IndexRangeError(
            f"index {item} is out of bounds for axis {axis} of shape {tuple(x.spec.shape)}.",
            fix=f"use an index from {-size} to {size - 1}.",
        )
    return item % size


def _bound(value: Any) -> int | None:
    return None if value is None else int_of(value, "indexing", "slice")


def _step(item: builtins.slice, size: int) -> _Step:
    """A slice as a cut with a positive stride, and whether its order is reversed."""
    start, stop, stride = builtins.slice(_bound(item.start), _bound(item.stop), _bound(item.step)).indices(size)
    count = len(range(start, stop, stride))
    if count == 0:
        return _Step(0, 0, 1, False)
    last = start + (count - 1) * stride
    return _Step(start, last + 1, stride, False) if stride > 0 else _Step(last, start + 1, -stride, True)


def _cut_all(x: Any, steps: Sequence[_Step]) -> Any:
    """All axes cut at once."""
    if builtins.any(step != (0, size, 1, False) for step, size in zip(steps, x.spec.shape)):
        if builtins.any(step[:3] != (0, size, 1) for step, size in zip(steps, x.spec.shape)):
            starts, limits, strides, _ = zip(*steps)
            x = moves.slice_(x, starts=starts, limits=limits, strides=strides)
        turned = tuple(axis for axis, step in enumerate(steps) if step.backwards)
        if turned:
            x = moves.reverse(x, axes=turned)
    return x


def _basic(x: Any, items: Sequence[Any]) -> Any:
    """Ints, slices and new axes only: one slice, one reversal, one reshape."""
    steps, kept_axes = [], []
    for item in items:
        axis = len(steps)
        if item is Ellipsis:
            continue
        if item is None:
            kept_axes.append(None)
        elif isinstance(item, builtins.slice):
            steps.append(_step(item, x.spec.shape[axis]))
            kept_axes.append(axis)
        else:
            place = _one(item, x.spec.shape[axis], axis, x)
            steps.append(_Step(place, place + 1, 1, False))
    found = _cut_all(x, steps)
    return reshape_to(found, [1 if axis is None else found.spec.shape[axis] for axis in kept_axes])


def _mixed(x: Any, items: Sequence[Any]) -> Any:
    """Integer arrays and masks among the indices.

    Slices and new axes are applied first; the arrays then index the axes that are left to them. Their common shape
    stands where the first array stood, or in front if slices stand between arrays.
    """
    steps: list[_Step] = []
    shape: list[int | None] = []  # after slices and new axes
    arrays: list[_Advanced] = []
    groups: list[
        tuple[int, bool]
    ] = []  # for each array, how many slices and new axes came before it, and whether `...` did
    others, passed = 0, False
    for item in items:
        axis = len(steps)
        if item is Ellipsis:
            passed = True
        elif item is None:
            shape.append(1)
            others += 1
        elif isinstance(item, builtins.slice):
            steps.append(_step(item, x.spec.shape[axis]))
            shape.append(None)
            others += 1
        else:
            for places in _arrays_of(item, x, axis):
                consumes = not (isinstance(item, np.ndarray) and item.dtype.kind == "b" and item.ndim == 0)
                arrays.append(_Advanced(len(shape) if consumes else None, places))
                groups.append((others, passed))
                if consumes:
                    steps.append(_Step(0, x.spec.shape[len(steps)], 1, False))
                    shape.append(None)
    cut_down = _cut_all(x, steps)
    sizes = iter(cut_down.spec.shape)
    cut_down = reshape_to(cut_down, [1 if size == 1 else next(sizes) for size in shape])
    return _gathered(cut_down, arrays, groups[0][0] if len(set(groups)) == 1 else 0)


def _arrays_of(item: Any, x: Any, axis: int) -> list[Any]:
    """The integer arrays that an index stands for: a mask of k axes stands for k of them."""
    if isinstance(item, int):
        return [np.asarray(_one(item, x.spec.shape[axis], axis, x), np.int32)]
    is_mask = item.dtype.kind == "b" if isinstance(item, np.ndarray) else item.spec.dtype is BOOL
    if not is_mask:
        return [item]
    if isinstance(item, Array):
        known(item, "indexing with a mask", "index")
    if item.ndim == 0:
        return [np.zeros(int(item), np.int32)]
    covered = x.spec.shape[axis : axis + item.ndim]
    if tuple(covered) != item.shape:
        raise IndexRangeError(
            f"a mask of shape {item.shape} for axes {axis} to {axis + item.ndim - 1} of shape {tuple(x.spec.shape)}.",
            fix=f"give a mask of shape {tuple(covered)}.",
        )
    return [column.astype(np.int32) for column in np.nonzero(item)]


def _gathered(x: Any, arrays: Sequence[_Advanced], place: int) -> Any:
    """x indexed by arrays on several axes; their common shape goes to `place` among the other axes."""
    if len(arrays) == 1 and arrays[0].axis is not None:
        return index.gather(x, _checked(arrays[0].places, x, arrays[0].axis), axis=arrays[0].axis, mode="raise")
    axes = [array.axis for array in arrays if array.axis is not None]
    common = broadcast_shapes(
        *[tuple(np.shape(a.places) if isinstance(a.places, np.ndarray) else a.places.spec.shape) for a in arrays],
        what="indexing",
    )
    rest = [axis for axis in range(x.spec.ndim) if axis not in axes]
    moved = permuted(x, (*axes, *rest))
    columns = promote(*[_checked(a.places, x, a.axis) for a in arrays if a.axis is not None]) if axes else []
    if columns:
        columns = [reshape_to(spread(column, common), (*common, 1)) for column in columns]
        rows = columns[0] if len(columns) == 1 else moves.concatenate(*columns, axis=len(common))
        found = index.gather_nd(moved, rows, mode="raise")
    else:
        found = spread(reshape_to(moved, (*(1,) * len(common), *moved.spec.shape)), (*common, *moved.spec.shape))
    count = len(common)
    order = (*range(count, count + place), *range(count), *range(count + place, found.spec.ndim))
    return permuted(found, order)


def _checked(places: Any, x: Any, axis: int) -> Any:
    """Indices as a tensor; known ones outside of their axis are reported with the shape that the user sees."""
    size = x.spec.shape[axis]
    if isinstance(places, np.ndarray) and places.size and size is not None:
        wrong = places[(places < -size) | (places >= size)]
        if wrong.size:
            raise IndexRangeError(
                f"index {wrong.flat[0]} is out of bounds for an axis of size {size} of shape {tuple(x.spec.shape)}.",
                fix=f"use indices from {-size} to {size - 1}." if size else "check for an empty tensor first.",
            )
    return positions(places, "indexing")


# Functions


@op
def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """Slices of a tensor along an axis, in the order that `indices` names them.

    Args:
        x: a tensor.
        indices: integers of any shape; negative ones count from the end.
        axis: the axis; None takes from all elements in one line.
    Returns: a tensor in which the axis is replaced by the axes of `indices`.
    Raises: IndexRangeError for an index outside of the axis (on XLA, which can't raise: NaN, or 0 for integers).
    Example:
        >>> take([10, 20, 30], [2, 0]).numpy()
        array([30, 10], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    if axis is None:
        x, axis = reshape_to(x, (x.spec.size,)), 0
    return index.gather(x, positions(indices, "take"), axis=axis_of(axis, x.spec.ndim, "take"), mode="raise")


@op
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Any:
    """For each line along an axis, the elements that the same line of `indices` names.

    Args:
        x: a tensor.
        indices: integers, of as many axes as `x`; sizes other than along the axis broadcast. Negative ones count
            from the end.
        axis: the axis; None means all elements in one line.
    Returns: a tensor of the shape of `indices`.
    Raises: ShapeError if the shapes do not fit; IndexRangeError for an index outside of the axis.
    Example:
        >>> take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1).numpy()
        array([[2],
               [3]], dtype=int32)

    Source: own.
    """
    x, indices = tensor(x), positions(indices, "take_along_axis")
    if axis is None:
        x, axis = reshape_to(x, (x.spec.size,)), 0
        indices = reshape_to(indices, (indices.spec.size,))
    place = axis_of(axis, x.spec.ndim, "take_along_axis")
    if x.spec.ndim != indices.spec.ndim:
        raise ShapeError(
            f"take_along_axis: indices of shape {tuple(indices.spec.shape)} for a tensor of shape "
            f"{tuple(x.spec.shape)}.",
            fix="give indices of as many axes as the tensor.",
        )
    rest = broadcast_shapes(
        *[(*t.spec.shape[:place], 1, *t.spec.shape[place + 1 :]) for t in (x, indices)], what="take_along_axis"
    )
    x, indices = (spread(t, (*rest[:place], t.spec.shape[place], *rest[place + 1 :])) for t in (x, indices))
    return index.take_along_axis(x, indices, axis=place, mode="raise")


@op
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """Elements of one tensor where a condition holds, of another elsewhere; or the places where it holds.

    Args:
        condition: a tensor; what is not zero is true.
        x1: what to take where it holds.
        x2: what to take elsewhere; the three shapes broadcast.
    Returns: a tensor of the broadcast shape. With the condition alone a tuple of index tensors, one for each axis,
        as `nonzero`.
    Raises: ArgumentError if only one of x1 and x2 is given.
    Example:
        >>> where([True, False], [1, 2], 0).numpy()
        array([1, 0], dtype=int32)

    Source: own.
    """
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ArgumentError("where: one of x1 and x2 is missing.", fix="give both, or neither.")
    return elementwise.select(boolean(condition), *pair(x1, x2))


@op
def nonzero(x: Any) -> tuple[Any, ...]:
    """The places of the elements that are not zero.

    Args:
        x: a tensor whose values are known.
    Returns: a tuple of int32 tensors, one for each axis, in row-major order.
    Raises: ArgumentError in a traced function: how many there are is not known there.
    Source: own.
    """
    return tuple(tensor(column.astype(np.int32)) for column in np.nonzero(np.atleast_1d(known(x, "nonzero", "x"))))


@op
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Elements of the first tensor whose condition holds.

    Args:
        condlist: conditions, in the order of their weight.
        choicelist: what to take where each holds.
        default: what to take where none holds.
    Returns: a tensor of the broadcast shape.
    Raises: ArgumentError if the lists are not equally long, or empty.
    Source: own.
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ArgumentError(
            f"select: {len(condlist)} conditions for {len(choicelist)} choices.",
            fix="give one condition for each choice.",
        )
    *choices, found = promote(*choicelist, default)
    for condition, choice in zip(reversed(list(condlist)), reversed(choices)):
        found = elementwise.select(boolean(condition), choice, found)
    return found


@op
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """A tensor of zeros to which values are added at places.

    Args:
        indices: index vectors, (..., r): they name places by the first r axes.
        values: what to add, (..., *shape[r:]).
        shape: the shape of the result.
    Returns: a tensor of that shape and of the dtype of the values; where places repeat, values add up.
    Raises: ShapeError if the shapes do not fit.
    Example:
        >>> scatter([[0], [2], [0]], [1.0, 2.0, 3.0], (3,)).numpy()
        array([4., 0., 2.], dtype=float32)

    Source: own.
    """
    values = tensor(values)
    zeros = spread(scalar(0, values.spec.dtype), sizes_of(shape, "scatter"))
    return index.scatter(zeros, positions(indices, "scatter"), values, kind="add", mode="raise")


_REDUCTIONS = {None: "set", "add": "add", "max": "max", "min": "min", "mul": "mul"}


@op
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Any:
    """A copy of a tensor with other values at places.

    Args:
        inputs: a tensor.
        indices: index vectors, (..., r): they name places by the first r axes.
        updates: the values, (..., *inputs.shape[r:]), or what broadcasts to that.
        reduction: how a value combines with what is there: None replaces it; "add", "max", "min", "mul".
    Returns: a tensor like `inputs`.
    Raises: ArgumentError for another reduction; ShapeError if the shapes do not fit.
    Example:
        >>> scatter_update([1, 2, 3], [[1]], [9]).numpy()
        array([1, 9, 3], dtype=int32)

    Source: own.
    """
    if reduction not in _REDUCTIONS:
        raise ArgumentError(
            f"scatter_update: reduction {reduction!r} is unknown.", fix="use None, add, max, min or mul."
        )
    x, places = tensor(inputs), positions(indices, "scatter_update")
    updates = cast(tensor(updates), x.spec.dtype)
    depth = places.spec.shape[-1] if places.spec.ndim else None
    if depth is not None and depth <= x.spec.ndim:
        rows = (*places.spec.shape[:-1], *x.spec.shape[depth:])
        if updates.spec.shape != rows and updates.spec.ndim <= len(rows):
            updates = spread(updates, rows)
    return index.scatter(x, places, updates, kind=_REDUCTIONS[reduction], mode="raise")


@op
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """A block of a tensor.

    Args:
        inputs: a tensor.
        start_indices: the corner of the block, one place for each axis; it may be a tensor of a traced function.
        shape: the sizes of the block; -1 takes the rest of an axis, if its start is known.
    Returns: a tensor of those sizes. The corner is moved where the block would not fit.
    Raises: ShapeError if a size exceeds its axis.
    Example:
        >>> slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2)).numpy()
        array([[2, 3],
               [5, 6]], dtype=int32)

    Source: own.
    """
    x = tensor(inputs)
    wanted = list(sizes_of(shape, "slice"))
    if is_known(start_indices) and not (
        isinstance(start_indices, (list, tuple)) and not builtins.all(map(is_known, start_indices))
    ):
        return _static_slice(x, known(start_indices, "slice", "start_indices").reshape(-1), wanted)
    if -1 in wanted:
        raise ArgumentError("slice: a size of -1 with a start that is not known.", fix="give the size.")
    return moves.dynamic_slice(x, _corner(start_indices, x, "slice"), sizes=tuple(wanted))


def _static_slice(x: Any, starts: np.ndarray, wanted: list[Any]) -> Any:
    if not len(starts) == len(wanted) == x.spec.ndim:
        raise ShapeError(
            f"slice: {len(starts)} starts and {len(wanted)} sizes for shape {tuple(x.spec.shape)}.",
            fix="give one of each for each axis.",
        )
    steps = []
    for axis, (start, size, total) in enumerate(zip(starts.tolist(), wanted, x.spec.shape)):
        start = start + total if start < 0 else start
        size = total - start if size == -1 else size
        if size < 0 or size > total:
            raise ShapeError(
                f"slice: a block of {size} along axis {axis} of shape {tuple(x.spec.shape)}.",
                fix=f"use sizes up to {total}.",
            )
        start = builtins.min(builtins.max(start, 0), total - size)
        steps.append(_Step(start, start + size, 1, False))
    return _cut_all(x, steps)


def _corner(start_indices: Any, x: Any, what: str) -> Any:
    starts = positions(start_indices, what)
    starts = reshape_to(starts, (starts.spec.size,))
    if starts.spec.size != x.spec.ndim:
        raise ShapeError(
            f"{what}: {starts.spec.size} starts for shape {tuple(x.spec.shape)}.", fix="give one for each axis."
        )
    return starts


@op
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """A copy of a tensor with another block at a corner.

    Args:
        inputs: a tensor.
        start_indices: the corner, one place for each axis; it is moved where the block would not fit.
        updates: the block, of as many axes as `inputs`.
    Returns: a tensor like `inputs`.
    Raises: ShapeError if the block is larger than the tensor.
    Example:
        >>> slice_update([1, 2, 3, 4], [1], [8, 9]).numpy()
        array([1, 8, 9, 4], dtype=int32)

    Source: own.
    """
    x = tensor(inputs)
    return moves.update_slice(x, cast(tensor(updates), x.spec.dtype), _corner(start_indices, x, "slice_update"))


@op
def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Index tensors for each axis from places in row-major order.

    Args:
        indices: places, integers of any shape.
        shape: the shape that is indexed.
    Returns: a tuple of tensors of the shape of `indices`, one for each axis.
    Example:
        >>> [int(i) for i in unravel_index(5, (2, 3))]
        [1, 2]

    Source: own.
    """
    flat = positions(indices, "unravel_index")
    sizes = [size or 0 for size in sizes_of(shape, "unravel_index")]
    found = []
    for size in reversed(sizes):
        unit = scalar(builtins.max(size, 1), flat.spec.dtype)
        found.append(elementwise.remainder(flat, unit))
        flat = elementwise.floor_divide(flat, unit)
    return tuple(reversed(found))
