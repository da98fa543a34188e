"""Elements moved without computing: other shapes, other orders, joined, split, repeated."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError
from headwater.ops.convert import promote
from headwater.ops.operands import (
    INT32,
    axes_of,
    axis_of,
    counted,
    cut,
    int_of,
    is_known,
    known,
    number,
    permuted,
    reshape_to,
    resized,
    sizes_of,
    spread,
    tensor,
)  # fmt: skip
from headwater.ops.symbolic import op
from headwater.primitives import elementwise, index
from headwater.primitives import shape as moves
from headwater.primitives.constant import scalar


@op
def reshape(x: Any, newshape: Any) -> Any:
    """The same elements in another shape.

    Args:
        x: a tensor.
        newshape: sizes of the axes; one may be -1 and is computed.
    Returns: a tensor of that shape, the elements in row-major order.
    Raises: ShapeError if the numbers of elements differ.
    Example:
        >>> reshape([1, 2, 3, 4, 5, 6], (2, -1)).shape
        TensorShape([2, 3])

    Source: own.
    """
    x = tensor(x)
    return reshape_to(x, resized(sizes_of(newshape, "reshape"), x, "reshape"))


@op
def ravel(x: Any) -> Any:
    """All elements along one axis, in row-major order.

    Args:
        x: a tensor.
    Returns: a tensor of one axis.
    Source: own.
    """
    x = tensor(x)
    return reshape_to(x, (x.spec.size if x.spec.is_static else None,))


@op
def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """The axes in another order.

    Args:
        x: a tensor.
        axes: axis i of the result is axis axes[i] of `x`; None reverses the order.
    Returns: a tensor with the axes in that order.
    Raises: ShapeError if `axes` does not name each axis once.
    Example:
        >>> transpose([[1, 2, 3], [4, 5, 6]]).shape
        TensorShape([3, 2])

    Source: own.
    """
    x = tensor(x)
    ndim = x.spec.ndim
    if axes is None:
        return permuted(x, range(ndim - 1, -1, -1))
    return permuted(x, tuple(axis_of(axis, ndim, "transpose") for axis in axes) if len(axes) == ndim else tuple(axes))


@op
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.

    Args:
        x: a tensor.
        axis1, axis2: the axes.
    Returns: a tensor with the two axes in each other's place.
    Source: own.
    """
    x = tensor(x)
    order = list(range(x.spec.ndim))
    first, second = axis_of(axis1, x.spec.ndim, "swapaxes"), axis_of(axis2, x.spec.ndim, "swapaxes")
    order[first], order[second] = second, first
    return permuted(x, order)


@op
def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other places, the rest in their order.

    Args:
        x: a tensor.
        source: one axis or several.
        destination: where each goes.
    Returns: a tensor with the axes moved.
    Raises: ShapeError if an axis does not exist or is named twice.
    Example:
        >>> moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
        TensorShape([3, 4, 2])

    Source: own.
    """
    x = tensor(x)
    ndim = x.spec.ndim
    sources = [
        axis_of(axis, ndim, "moveaxis") for axis in ([source] if not isinstance(source, (list, tuple)) else source)
    ]
    targets = [
        axis_of(axis, ndim, "moveaxis")
        for axis in ([destination] if not isinstance(destination, (list, tuple)) else destination)
    ]
    if len(sources) != len(targets) or len(set(sources)) != len(sources) or len(set(targets)) != len(targets):
        raise ShapeError(
            f"moveaxis: {source} does not go to {destination}.",
            fix="give as many destinations as sources, each axis once.",
        )
    order = [axis for axis in range(ndim) if axis not in sources]
    for target, origin in sorted(zip(targets, sources)):
        order.insert(target, origin)
    return permuted(x, order)


@op
def expand_dims(x: Any, axis: Any) -> Any:
    """New axes of size 1.

    Args:
        x: a tensor.
        axis: where they stand in the result, an int or several.
    Returns: a tensor of more axes.
    Raises: ShapeError if there is no such place.
    Example:
        >>> expand_dims([1, 2, 3], 0).shape
        TensorShape([1, 3])

    Source: own.
    """
    x = tensor(x)
    count = len(axis) if isinstance(axis, (list, tuple)) else 1
    places = axes_of(axis, x.spec.ndim + count, "expand_dims")
    old = iter(x.spec.shape)
    return reshape_to(x, [1 if place in places else next(old) for place in range(x.spec.ndim + count)])


@op
def squeeze(x: Any, axis: Any = None) -> Any:
    """Axes of size 1 removed.

    Args:
        x: a tensor.
        axis: which ones, an int or several; None removes all.
    Returns: a tensor of fewer axes.
    Raises: ShapeError if one of them has another size.
    Example:
        >>> squeeze([[[1], [2]]]).shape
        TensorShape([2])

    Source: own.
    """
    x = tensor(x)
    sizes = x.spec.shape
    if axis is None:
        gone = tuple(place for place, size in enumerate(sizes) if size == 1)
    else:
        gone = axes_of(axis, x.spec.ndim, "squeeze")
        wrong = [place for place in gone if sizes[place] not in (1, None)]
        if wrong:
            raise ShapeError(
                f"squeeze: axis {wrong[0]} of shape {tuple(sizes)} has size {sizes[wrong[0]]}, not 1.",
                fix="name axes of size 1 alone.",
            )
    return reshape_to(x, [size for place, size in enumerate(sizes) if place not in gone])


@op
def broadcast_to(x: Any, shape: Any) -> Any:
    """`x` repeated along new leading axes and along axes of size 1.

    Args:
        x: a tensor.
        shape: the shape of the result; -1 keeps a size.
    Returns: a tensor of that shape.
    Raises: ShapeError if `x` does not broadcast to it.
    Example:
        >>> broadcast_to([1, 2], (2, 2)).numpy()
        array([[1, 2],
               [1, 2]], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    sizes = list(sizes_of(shape, "broadcast_to"))
    missing = len(sizes) - x.spec.ndim
    return spread(
        x,
        [
            x.spec.shape[place - missing] if size == -1 and place >= missing else size
            for place, size in enumerate(sizes)
        ],
    )


@op
def concatenate(xs: Sequence[Any], axis: int = 0) -> Any:
    """Tensors joined along an axis.

    Args:
        xs: tensors whose shapes differ along `axis` at most; mixed dtypes promote.
        axis: the axis; None joins all elements in one line.
    Returns: one tensor.
    Raises: ShapeError if other sizes differ.
    Example:
        >>> concatenate([[[1, 2]], [[3, 4]]], axis=1).numpy()
        array([[1, 2, 3, 4]], dtype=int32)

    Source: own.
    """
    parts = promote(*_listed(xs, "concatenate"))
    if axis is None:
        parts, axis = [ravel(part) for part in parts], 0
    place = axis_of(axis, parts[0].spec.ndim, "concatenate")
    return parts[0] if len(parts) == 1 else moves.concatenate(*parts, axis=place)


def _listed(xs: Any, what: str) -> list[Any]:
    """The items of a list of tensors, or of a tensor along its first axis."""
    items = list(xs) if isinstance(xs, (list, tuple)) else list(unstack(xs))
    if not items:
        raise ArgumentError(f"{what}: nothing to join.", fix="give at least one tensor.")
    return items


@op
def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Tensors of one shape, joined along a new axis.

    Args:
        x: tensors of one shape; mixed dtypes promote.
        axis: where the new axis stands in the result.
    Returns: a tensor of one axis more.
    Raises: ShapeError if the shapes differ.
    Example:
        >>> stack([[1, 2], [3, 4]], axis=1).numpy()
        array([[1, 3],
               [2, 4]], dtype=int32)

    Source: own.
    """
    parts = promote(*_listed(x, "stack"))
    first = parts[0].spec.shape
    for part in parts:
        if len(part.spec.shape) != len(first) or any(
            a != b and None not in (a, b) for a, b in zip(first, part.spec.shape)
        ):
            raise ShapeError(
                f"stack: shapes {tuple(first)} and {tuple(part.spec.shape)} differ.", fix="give tensors of one shape."
            )
    place = axis_of(axis, len(first) + 1, "stack")
    parts = [reshape_to(part, (*part.spec.shape[:place], 1, *part.spec.shape[place:])) for part in parts]
    return parts[0] if len(parts) == 1 else moves.concatenate(*parts, axis=place)


def _at_least(x: Any, ndim: int) -> Any:
    """`x` with axes of size 1 put in front, or behind for a third one, as NumPy's `atleast_2d` and `atleast_3d` do."""
    x = tensor(x)
    sizes = x.spec.shape
    if len(sizes) >= ndim:
        return x
    if ndim < 3:
        return reshape_to(x, (*(1,) * (ndim - len(sizes)), *sizes))
    return reshape_to(x, {0: (1, 1, 1), 1: (1, *sizes, 1), 2: (*sizes, 1)}[len(sizes)])


@op
def hstack(xs: Sequence[Any]) -> Any:
    """Tensors joined along the second axis, or along the only one.

    Args:
        xs: tensors.
    Returns: one tensor.
    Source: own.
    """
    parts = [_at_least(x, 1) for x in _listed(xs, "hstack")]
    return concatenate(parts, axis=0 if parts[0].spec.ndim == 1 else 1)


@op
def vstack(xs: Sequence[Any]) -> Any:
    """Tensors joined along the first axis; a tensor of one axis counts as a row.

    Args:
        xs: tensors.
    Returns: one tensor.
    Source: own.
    """
    return concatenate([_at_least(x, 2) for x in _listed(xs, "vstack")], axis=0)


@op
def dstack(xs: Sequence[Any]) -> Any:
    """Tensors joined along the third axis.

    Args:
        xs: tensors.
    Returns: one tensor of three axes or more.
    Source: own.
    """
    return concatenate([_at_least(x, 3) for x in _listed(xs, "dstack")], axis=2)


@op
def append(x1: Any, x2: Any, axis: int | None = None) -> Any:
    """The second tensor joined to the first.

    Args:
        x1, x2: tensors.
        axis: the axis; None joins all elements in one line.
    Returns: one tensor.
    Source: own.
    """
    return concatenate([x1, x2], axis=axis)  # type: ignore[arg-type]


def _boundaries(x: Any, sections: Any, axis: int, what: str, even: bool) -> list[int]:
    """Where parts end, from a number of parts or from the places to cut at."""
    size = x.spec.shape[axis]
    if isinstance(sections, (list, tuple)) or getattr(sections, "ndim", 0) or len(getattr(sections, "shape", ())):
        places = [int(place) for place in known(sections, what, "indices_or_sections").reshape(-1)]
        return [builtins.min(place + size if place < 0 else place, size) for place in places] + [size]
    count = int_of(sections, what, "indices_or_sections")
    if count < 1 or (even and size % count):
        raise ShapeError(
            f"{what}: axis {axis} of shape {tuple(x.spec.shape)} does not divide into {count} equal parts.",
            fix="choose a number of parts that divides the size, give the places to cut at, or use array_split.",
        )
    small, larger = divmod(size, count)
    ends = [small * (part + 1) + builtins.min(part + 1, larger) for part in range(count)]
    return ends


def _parts(x: Any, sections: Any, axis: int, what: str, even: bool) -> list[Any]:
    x = tensor(x)
    place = axis_of(axis, x.spec.ndim, what)
    start, found = 0, []
    for end in _boundaries(x, sections, place, what, even):
        found.append(cut(x, place, builtins.min(start, end), end))
        start = end
    return found


@op
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts of a tensor along an axis.

    Args:
        x: a tensor.
        indices_or_sections: the number of equal parts, or the places to cut at.
        axis: the axis.
    Returns: a list of tensors.
    Raises: ShapeError if the axis does not divide into that number of equal parts.
    Example:
        >>> [part.numpy().tolist() for part in split([1, 2, 3, 4], 2)]
        [[1, 2], [3, 4]]

    Source: own.
    """
    return _parts(x, indices_or_sections, axis, "split", even=True)


@op
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts of a tensor along an axis, the first ones larger by one element if it does not divide evenly.

    Args:
        x: a tensor.
        indices_or_sections: the number of parts, or the places to cut at.
        axis: the axis.
    Returns: a list of tensors.
    Source: own.
    """
    return _parts(x, indices_or_sections, axis, "array_split", even=False)


@op
def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Parts of a tensor along its second axis, or along its only one.

    Args:
        x: a tensor.
        indices_or_sections: the number of equal parts, or the places to cut at.
    Returns: a list of tensors.
    Source: own.
    """
    x = tensor(x)
    return _parts(x, indices_or_sections, 0 if x.spec.ndim == 1 else 1, "hsplit", even=True)


@op
def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Parts of a tensor along its first axis.

    Args:
        x: a tensor of two axes or more.
        indices_or_sections: the number of equal parts, or the places to cut at.
    Returns: a list of tensors.
    Source: own.
    """
    return _parts(x, indices_or_sections, 0, "vsplit", even=True)


@op
def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Parts of a tensor along its third axis.

    Args:
        x: a tensor of three axes or more.
        indices_or_sections: the number of equal parts, or the places to cut at.
    Returns: a list of tensors.
    Source: own.
    """
    return _parts(x, indices_or_sections, 2, "dsplit", even=True)


@op
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """The items of a tensor along an axis, which is gone from them.

    Args:
        x: a tensor.
        num: the size of the axis; it is known without.
        axis: the axis.
    Returns: a list of tensors.
    Raises: ShapeError if `num` is not the size of the axis.
    Source: own.
    """
    x = tensor(x)
    place = axis_of(axis, x.spec.ndim, "unstack")
    size = x.spec.shape[place]
    if num is not None and num != size:
        raise ShapeError(
            f"unstack: axis {place} of shape {tuple(x.spec.shape)} has {size} items, not {num}.", fix="leave `num` out."
        )
    rest = (*x.spec.shape[:place], *x.spec.shape[place + 1 :])
    return [reshape_to(cut(x, place, item, item + 1), rest) for item in range(size)]


@op
def tile(x: Any, repeats: Any) -> Any:
    """`x` laid side by side with itself.

    Args:
        x: a tensor.
        repeats: how often along each axis, counted from the last one.
    Returns: a tensor whose sizes are multiplied by `repeats`.
    Example:
        >>> tile([1, 2], (2, 2)).numpy()
        array([[1, 2, 1, 2],
               [1, 2, 1, 2]], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    counts = [int(count) for count in sizes_of(repeats, "tile")]
    ndim = builtins.max(len(counts), x.spec.ndim)
    counts = [1] * (ndim - len(counts)) + counts
    sizes = (1,) * (ndim - x.spec.ndim) + tuple(x.spec.shape)
    apart = [item for size in sizes for item in (1, size)]
    wide = [item for count, size in zip(counts, sizes) for item in (count, size)]
    return reshape_to(spread(reshape_to(x, apart), wide), [count * size for count, size in zip(counts, sizes)])


@op
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element repeated.

    Args:
        x: a tensor.
        repeats: how often, one number or one for each element along the axis.
        axis: the axis; None repeats the elements in one line.
    Returns: a tensor that is longer along `axis`.
    Raises: ArgumentError if different `repeats` are not known when a function is traced.
    Example:
        >>> repeat([1, 2], 2).numpy()
        array([1, 1, 2, 2], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    place = axis_of(axis, x.spec.ndim, "repeat")
    counts = known(repeats, "repeat", "repeats").reshape(-1)
    size = x.spec.shape[place]
    if counts.size == 1:
        count = int(counts[0])
        before, after = x.spec.shape[:place], x.spec.shape[place + 1 :]
        wide = spread(reshape_to(x, (*before, size, 1, *after)), (*before, size, count, *after))
        return reshape_to(wide, (*before, size * count, *after))
    if counts.size != size:
        raise ShapeError(
            f"repeat: {counts.size} repeats for axis {place} of shape {tuple(x.spec.shape)}.",
            fix=f"give one number, or {size}.",
        )
    return index.gather(x, tensor(np.repeat(np.arange(size, dtype=np.int32), counts)), axis=place, mode="clip")


@op
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Elements moved along axes; what is moved out at the end comes back at the start.

    Args:
        x: a tensor.
        shift: by how many places, one number or one for each axis.
        axis: one axis or several; None rolls all elements in one line.
    Returns: a tensor like `x`.
    Example:
        >>> roll([1, 2, 3, 4], 1).numpy()
        array([4, 1, 2, 3], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    if axis is None:
        return reshape_to(roll(ravel(x), shift, 0), x.spec.shape)
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    shifts = list(shift) if isinstance(shift, (list, tuple)) else [shift] * len(axes)
    if len(axes) == 1 and len(shifts) > 1:
        axes *= len(shifts)
    if len(shifts) != len(axes):
        raise ArgumentError(
            f"roll: {len(shifts)} shifts for {len(axes)} axes.", fix="give one shift, or one for each axis."
        )
    for each, amount in zip(axes, shifts):
        x = _rolled(x, amount, axis_of(each, x.spec.ndim, "roll"))
    return x


def _rolled(x: Any, shift: Any, axis: int) -> Any:
    size = x.spec.shape[axis]
    if size == 0:
        return x
    if is_known(shift):
        amount = int_of(shift, "roll", "shift") % size
        return (
            moves.concatenate(cut(x, axis, size - amount, size), cut(x, axis, 0, size - amount), axis=axis)
            if amount
            else x
        )
    shift = elementwise.cast(tensor(shift), dtype=INT32)
    places = elementwise.subtract(counted(size, 1, 0, INT32), reshape_to(shift, ()))
    return index.gather(x, elementwise.remainder(places, scalar(size, INT32)), axis=axis, mode="clip")


@op
def flip(x: Any, axis: Any = None) -> Any:
    """The order of the elements reversed along axes.

    Args:
        x: a tensor.
        axis: one axis or several; None means all.
    Returns: a tensor like `x`.
    Example:
        >>> flip([[1, 2], [3, 4]], axis=1).numpy()
        array([[2, 1],
               [4, 3]], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    axes = axes_of(axis, x.spec.ndim, "flip")
    return moves.reverse(x, axes=axes) if axes else x


@op
def fliplr(x: Any) -> Any:
    """The order of the elements reversed along the second axis.

    Args:
        x: a tensor of two axes or more.
    Returns: a tensor like `x`.
    Source: own.
    """
    return flip(x, 1)


@op
def flipud(x: Any) -> Any:
    """The order of the elements reversed along the first axis.

    Args:
        x: a tensor of one axis or more.
    Returns: a tensor like `x`.
    Source: own.
    """
    return flip(x, 0)


@op
def rot90(array: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Any:
    """A tensor turned by quarter turns in the plane of two axes, from the first towards the second.

    Args:
        array: a tensor of two axes or more.
        k: number of quarter turns.
        axes: the plane.
    Returns: the turned tensor.
    Raises: ShapeError if there are fewer than two axes, or the two are one.
    Example:
        >>> rot90([[1, 2], [3, 4]]).numpy()
        array([[2, 4],
               [1, 3]], dtype=int32)

    Source: own.
    """
    x = tensor(array)
    if x.spec.ndim < 2 or len(axes) != 2:
        raise ShapeError(
            f"rot90: shape {tuple(x.spec.shape)} has no plane of axes {tuple(axes)}.",
            fix="give a tensor of two axes or more, and two axes.",
        )
    first, second = (axis_of(axis, x.spec.ndim, "rot90") for axis in axes)
    if first == second:
        raise ShapeError(f"rot90: axes {tuple(axes)} are one axis.", fix="name two different axes.")
    turns = k % 4
    if turns == 0:
        return x
    if turns == 2:
        return flip(x, (first, second))
    return swapaxes(flip(x, second), first, second) if turns == 1 else flip(swapaxes(x, first, second), second)


@op
def meshgrid(*x: Any, indexing: str = "xy") -> list[Any]:
    """Coordinates of the points of a grid, one tensor for each axis.

    Args:
        x: the coordinates along each axis, tensors of one axis.
        indexing: "xy" puts the first two axes in the order of a picture (rows are the second), "ij" in that of a
            matrix.
    Returns: a list of tensors of the shape of the grid.
    Raises: ArgumentError for another indexing.
    Source: own.
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"meshgrid: indexing {indexing!r} is unknown.", fix='use "xy" or "ij".')
    lines = [ravel(line) for line in x]
    places = list(range(len(lines)))
    if indexing == "xy" and len(lines) > 1:
        places[0], places[1] = 1, 0
    sizes = [0] * len(lines)
    for place, line in zip(places, lines):
        sizes[place] = line.spec.shape[0]
    return [
        spread(reshape_to(line, [sizes[place] if other == place else 1 for other in range(len(lines))]), sizes)
        for place, line in zip(places, lines)
    ]


# Diagonals and triangles


def _diagonal_bounds(rows: int, columns: int, offset: int) -> tuple[int, int]:
    """Row-major place of the first element of a diagonal, and its length."""
    start = offset if offset >= 0 else -offset * columns
    length = builtins.min(rows, columns - offset) if offset >= 0 else builtins.min(rows + offset, columns)
    return start, builtins.max(length, 0)


@op
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The diagonals of matrices.

    Args:
        x: a tensor of two axes or more.
        offset: which diagonal: above the main one if positive, below if negative.
        axis1: the axis of rows.
        axis2: the axis of columns.
    Returns: a tensor without the two axes, the diagonals along a new last axis.
    Example:
        >>> diagonal([[1, 2], [3, 4]]).numpy()
        array([1, 4], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    if x.spec.ndim < 2:
        raise ShapeError(
            f"diagonal: shape {tuple(x.spec.shape)} is no matrix.", fix="give a tensor of two axes or more."
        )
    x = moveaxis(x, (axis1, axis2), (-2, -1))
    *lead, rows, columns = x.spec.shape
    start, length = _diagonal_bounds(rows, columns, int_of(offset, "diagonal", "offset"))
    flat = reshape_to(x, (*lead, rows * columns))
    end = start + (length - 1) * (columns + 1) + 1 if length else start
    return cut(flat, len(lead), builtins.min(start, rows * columns), builtins.min(end, rows * columns), columns + 1)


@op
def diag(x: Any, k: int = 0) -> Any:
    """The matrix with a vector on a diagonal, or a diagonal of a matrix.

    Args:
        x: a tensor of one axis, or of two.
        k: which diagonal: above the main one if positive, below if negative.
    Returns: a square matrix for a vector, a vector for a matrix.
    Raises: ShapeError for another number of axes.
    Example:
        >>> diag([1, 2]).numpy()
        array([[1, 0],
               [0, 2]], dtype=int32)

    Source: own.
    """
    x = tensor(x)
    if x.spec.ndim == 2:
        return diagonal(x, k)
    if x.spec.ndim != 1:
        raise ShapeError(
            f"diag: shape {tuple(x.spec.shape)} is neither a vector nor a matrix.",
            fix="use diagonal for batches of matrices.",
        )
    length, offset = x.spec.shape[0], int_of(k, "diag", "k")
    size = length + builtins.abs(offset)
    start, _ = _diagonal_bounds(size, size, offset)
    inner = length + size * builtins.max(length - 1, 0)
    padded = (
        moves.pad(x, scalar(0, x.spec.dtype), low=(start,), high=(size * size - start - inner,), interior=(size,))
        if length
        else x
    )
    return reshape_to(padded if length else spread(scalar(0, x.spec.dtype), (size * size,)), (size, size))


@op
def diagflat(x: Any, k: int = 0) -> Any:
    """The matrix with all elements of a tensor on a diagonal.

    Args:
        x: a tensor.
        k: which diagonal: above the main one if positive, below if negative.
    Returns: a square matrix.
    Source: own.
    """
    return diag(ravel(x), k)


def below_diagonal(rows: int, columns: int, k: int) -> Any:
    """A bool matrix: True on the k-th diagonal and below it."""
    row, column = counted(rows, 2, 0, INT32), counted(columns, 2, 1, INT32)
    return elementwise.greater_equal(elementwise.add(row, scalar(k, INT32)), column)


def _triangle(x: Any, k: int, lower: bool, what: str) -> Any:
    x = tensor(x)
    if x.spec.ndim < 2:
        raise ShapeError(f"{what}: shape {tuple(x.spec.shape)} is no matrix.", fix="give a tensor of two axes or more.")
    rows, columns = x.spec.shape[-2:]
    zero = scalar(0, x.spec.dtype)
    below = below_diagonal(rows, columns, int_of(k, what, "k") if lower else int_of(k, what, "k") - 1)
    return elementwise.select(below, x, zero) if lower else elementwise.select(below, zero, x)


@op
def tril(x: Any, k: int = 0) -> Any:
    """The lower triangle of matrices, zeros above.

    Args:
        x: a tensor of shape (..., rows, columns).
        k: the diagonal up to which elements are kept.
    Returns: a tensor like `x`.
    Example:
        >>> tril([[1, 2], [3, 4]]).numpy()
        array([[1, 0],
               [3, 4]], dtype=int32)

    Source: own.
    """
    return _triangle(x, k, True, "tril")


@op
def triu(x: Any, k: int = 0) -> Any:
    """The upper triangle of matrices, zeros below.

    Args:
        x: a tensor of shape (..., rows, columns).
        k: the diagonal from which on elements are kept.
    Returns: a tensor like `x`.
    Source: own.
    """
    return _triangle(x, k, False, "triu")


@op
def copy(x: Any) -> Any:
    """`x` as a tensor. Tensors never change, so it may share memory with `x`.

    Args:
        x: a tensor.
    Returns: a tensor like `x`.
    Source: own.
    """
    return tensor(x)


@op
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The Vandermonde matrix: column i holds a power of each element.

    Args:
        x: a tensor of one axis.
        N: number of columns; as many as rows, if not given.
        increasing: whether the powers grow from left to right.
    Returns: a matrix of shape (len(x), N).
    Raises: ShapeError if `x` has not one axis.
    Source: own.
    """
    x = number(x)
    if x.spec.ndim != 1:
        raise ShapeError(f"vander: shape {tuple(x.spec.shape)} is no vector.", fix="give a tensor of one axis.")
    size = x.spec.shape[0]
    columns = size if N is None else int_of(N, "vander", "N")
    powers = np.arange(columns) if increasing else np.arange(columns)[::-1]
    exponents = elementwise.cast(tensor(powers.astype(np.int32).reshape(1, -1)), dtype=x.spec.dtype)
    return elementwise.power(spread(reshape_to(x, (size, 1)), (size, columns)), exponents)


@op
def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Images whose channels are laid out in square blocks of pixels.

    Args:
        x: images, (batch, height, width, channels), or (batch, channels, height, width) for "channels_first".
        block_size: pixels along an edge of a block; its square divides the number of channels.
        data_format: the order of the axes.
    Returns: images of block_size times the height and width, and channels / block_size**2 channels.
    Raises: ShapeError if the channels do not divide.
    Source: Shi et al. 2016, arXiv:1609.05158.
    """
    x = tensor(x)
    last = data_format == "channels_last"
    n, h, w, c = x.spec.shape if last else (x.spec.shape[0], *x.spec.shape[2:], x.spec.shape[1])
    b = block_size
    if c % (b * b):
        raise ShapeError(
            f"depth_to_space: {c} channels do not fill blocks of {b} x {b} pixels.",
            fix=f"use a multiple of {b * b} channels.",
        )
    rest = c // (b * b)
    if last:
        return reshape_to(permuted(reshape_to(x, (n, h, w, b, b, rest)), (0, 1, 3, 2, 4, 5)), (n, h * b, w * b, rest))
    return reshape_to(permuted(reshape_to(x, (n, rest, b, b, h, w)), (0, 1, 4, 2, 5, 3)), (n, rest, h * b, w * b))


@op
def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Images whose square blocks of pixels are laid out as channels.

    Args:
        x: images, (batch, height, width, channels), or (batch, channels, height, width) for "channels_first".
        block_size: pixels along an edge of a block; it divides height and width.
        data_format: the order of the axes.
    Returns: images of height / block_size, width / block_size and channels * block_size**2.
    Raises: ShapeError if the blocks do not fit.
    Source: Shi et al. 2016, arXiv:1609.05158.
    """
    x = tensor(x)
    last = data_format == "channels_last"
    n, h, w, c = x.spec.shape if last else (x.spec.shape[0], *x.spec.shape[2:], x.spec.shape[1])
    b = block_size
    if h % b or w % b:
        raise ShapeError(
            f"space_to_depth: {h} x {w} pixels do not divide into blocks of {b} x {b}.",
            fix=f"crop or pad to multiples of {b}.",
        )
    if last:
        return reshape_to(
            permuted(reshape_to(x, (n, h // b, b, w // b, b, c)), (0, 1, 3, 2, 4, 5)), (n, h // b, w // b, c * b * b)
        )
    return reshape_to(
        permuted(reshape_to(x, (n, c, h // b, b, w // b, b)), (0, 1, 3, 5, 2, 4)), (n, c * b * b, h // b, w // b)
    )
