"""TensorFlow's functions on the shape and the places of tensors, which it has at the top level: `tf.reshape`,
`tf.gather`, ..."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.frontend.symbolic_range import SymbolicRange
from headwater.frontend.tensor import Tensor  # also lets the backend load
from headwater.frontend.tensor_shape import TensorShape
from headwater.ir.dispatch import Array
from headwater.ops.convert import as_numpy, convert_to_tensor, promote
from headwater.ops.symbolic import composite_op
from headwater.primitives.elementwise import to_complex
from headwater.tree import is_composite


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = "Const") -> Any:
    """A tensor with the values of a Python number, a nested list or an array.

    Args:
        value: the values.
        dtype: Python floats become float32 and ints int32 by default.
        shape: shape of the result; one number fills it, other values must be as many as it has elements.
    Raises: ShapeError if the values do not fill the shape.
    Example:
        >>> constant([1, 2, 3]).dtype
        tf.int32
    """
    if dtype is None and _is_python_complex(value):
        dtype = "complex128"
    if dtype is not None:
        _require_exact(value, as_dtype(dtype))
    tensor = convert_to_tensor(value, dtype)
    if shape is None:
        return tensor
    sizes = _sizes(shape)
    return ops.broadcast_to(ops.reshape(tensor, ()), sizes) if tensor.size == 1 else ops.reshape(tensor, sizes)


def _require_exact(value: Any, dtype: Any) -> None:
    """Raise DTypeError if a Python number would lose its fraction, or its value."""
    if isinstance(value, (list, tuple)):
        for item in value:
            _require_exact(item, dtype)
    elif (type(value) is float and not dtype.is_inexact) or (type(value) is int and dtype.is_bool):
        raise DTypeError(f"constant: {value!r} is no {dtype.name}.", fix="use tf.cast on the values as they are.")
    elif type(value) is int and dtype.is_integer and not dtype.min <= value <= dtype.max:
        raise DTypeError(f"constant: {value!r} does not fit into {dtype.name}.", fix="choose a wider dtype.")


def _is_python_complex(value: Any) -> bool:
    """True for a Python complex number, or a nested list that holds one."""
    if isinstance(value, (list, tuple)):
        return any(map(_is_python_complex, value))
    return type(value) is builtins.complex


def _sizes(shape: Any) -> tuple[int, ...]:
    """A shape given as numbers, as a tensor, or as a list with tensors among its items."""
    if isinstance(shape, (int, np.integer)):
        return (int(shape),)
    if isinstance(shape, Tensor):
        return tuple(int(size) for size in np.atleast_1d(as_numpy(_static(shape))))
    return tuple(-1 if size is None else int(_static(size)) for size in shape)


def _static(value: Any) -> Any:
    """A value that must be known now; a traced tensor that depends on shapes alone is."""
    if isinstance(value, Array) and value.buffer is None:
        from headwater.frontend.tracing import constant_value

        return constant_value(value)
    return value


def is_tensor(x: Any) -> bool:
    """True for a tensor, a variable, a ragged or a sparse tensor."""
    return isinstance(x, Array) or hasattr(x, "__headwater_tensor__") or is_composite(x)


def zeros(shape: Any, dtype: Any = "float32", name: str | None = None, layout: Any = None) -> Any:
    """A tensor of zeros."""
    return ops.zeros(_sizes(shape), dtype=as_dtype(dtype))


def ones(shape: Any, dtype: Any = "float32", name: str | None = None, layout: Any = None) -> Any:
    """A tensor of ones."""
    return ops.ones(_sizes(shape), dtype=as_dtype(dtype))


def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Any:
    """A tensor filled with one value."""
    return ops.broadcast_to(convert_to_tensor(value), _sizes(dims))


def zeros_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """A tensor of zeros, of the shape of another."""
    return ops.zeros_like(input, dtype=dtype)


def ones_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Any:
    """A tensor of ones, of the shape of another."""
    return ops.ones_like(input, dtype=dtype)


def eye(
    num_rows: int,
    num_columns: int | None = None,
    batch_shape: Any = None,
    dtype: Any = "float32",
    name: str | None = None,
) -> Any:
    """The identity matrix, or a batch of it."""
    matrix = ops.eye(int(num_rows), None if num_columns is None else int(num_columns), dtype=as_dtype(dtype))
    return matrix if batch_shape is None else ops.broadcast_to(matrix, (*_sizes(batch_shape), *matrix.shape))


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = "range") -> Any:
    """Numbers from `start` (0 if only one bound is given) up to `limit`, without it, in steps of `delta`.

    With bounds that are traced tensors it can be looped over, but is no tensor: the size of a tensor is known when a
        function is traced.
    """
    if limit is None:
        start, limit = 0, start
    bounds = [_static_or_traced(bound) for bound in (start, limit, delta)]
    if any(isinstance(bound, Array) and bound.buffer is None for bound in bounds):
        return SymbolicRange(*bounds)
    numbers = [bound.numpy() if isinstance(bound, Array) else bound for bound in bounds]
    if numbers[2] == 0:
        raise ArgumentError("range: a step of 0 never arrives.", fix="give a step other than 0.")
    return ops.arange(*numbers, dtype=dtype)


def _static_or_traced(value: Any) -> Any:
    from headwater.errors import StateError

    try:
        return _static(value.__headwater_tensor__() if hasattr(value, "__headwater_tensor__") else value)
    except StateError:
        return value


def linspace(start: Any, stop: Any, num: int, name: str | None = None, axis: int = 0) -> Any:
    """`num` numbers at equal distances from `start` to `stop`, both included."""
    return ops.linspace(start, stop, int(num), axis=axis)


def reshape(tensor: Any, shape: Any, name: str | None = None) -> Any:
    """The same elements in another shape; one size may be -1."""
    return ops.reshape(tensor, _sizes(shape))


def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str | None = "transpose") -> Any:
    """Axes in another order, reversed by default."""
    a, order = convert_to_tensor(a), None if perm is None else [int(axis) for axis in as_numpy(perm)]
    if order is not None and len(order) != len(a.shape):
        raise ShapeError(
            f"transpose: perm {order} for a tensor of shape {tuple(a.shape)}.", fix="name each axis of it once."
        )
    result = ops.transpose(a, axes=order)
    return ops.conj(result) if conjugate else result


def expand_dims(input: Any, axis: Any, name: str | None = None) -> Any:
    """A new axis of size 1."""
    return ops.expand_dims(input, int(axis))


def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """Without its axes of size 1, or without those named."""
    return ops.squeeze(input, axis=tuple(axis) if isinstance(axis, list) else axis)


@composite_op
def concat(values: Any, axis: int, name: str | None = "concat") -> Any:
    """Tensors joined along an axis."""
    return ops.concatenate(values if isinstance(values, (list, tuple)) else [values], axis=int(axis))


@composite_op
def stack(values: Any, axis: int = 0, name: str | None = "stack") -> Any:
    """Tensors of one shape along a new axis."""
    return ops.stack(values, axis=axis)


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str | None = "unstack") -> list[Any]:
    """The parts along an axis, without it."""
    return list(ops.unstack(value, num=num, axis=axis))


@composite_op
def split(
    value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None, name: str | None = "split"
) -> list[Any]:
    """Parts along an axis: so many equal ones, or of these sizes, of which one may be -1."""
    value = convert_to_tensor(value)
    if isinstance(num_or_size_splits, (int, np.integer)):
        return list(ops.split(value, int(num_or_size_splits), axis=axis))
    sizes = list(_sizes(num_or_size_splits))
    total = value.shape[axis]
    if -1 in sizes:
        sizes[sizes.index(-1)] = total - sum(size for size in sizes if size != -1)
    if sum(sizes) != total:
        raise ShapeError(
            f"split: sizes {sizes} add up to {sum(sizes)}, and axis {axis} has {total}.", fix="give sizes that add up."
        )
    return list(ops.split(value, np.cumsum(sizes)[:-1].tolist(), axis=axis))


@composite_op
def tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """The tensor repeated along each axis."""
    input, counts = convert_to_tensor(input), _sizes(multiples)
    if len(counts) != len(input.shape):
        raise ShapeError(
            f"tile: multiples {counts} for a tensor of shape {tuple(input.shape)}.",
            fix="give one number for each axis.",
        )
    return ops.tile(input, counts)


def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Any:
    """Each element repeated."""
    return ops.repeat(input, repeats, axis=axis)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None) -> Any:
    """A frame around it, of a constant or by mirroring ("REFLECT" without the edge, "SYMMETRIC" with it)."""
    widths = [tuple(map(int, pair)) for pair in as_numpy(paddings)]
    mode, tensor = mode.lower(), convert_to_tensor(tensor)
    if len(widths) != len(tensor.shape):
        raise ShapeError(
            f"pad: {len(widths)} pairs for a tensor of shape {tuple(tensor.shape)}.", fix="give a pair for each axis."
        )
    return ops.pad(tensor, widths, mode=mode, **({"constant_values": constant_values} if mode == "constant" else {}))


@composite_op
def reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """The order of the elements along axes reversed."""
    return ops.flip(tensor, axis=_sizes(axis))


def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
    """Elements moved along axes, those that leave at one end entering at the other."""
    shifts, axes = _sizes(shift), _sizes(axis)
    for amount, place in zip(shifts, axes):
        input = ops.roll(input, amount, axis=place)
    return input


def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Any:
    """Repeated along new axes and axes of size 1, to a shape."""
    return ops.broadcast_to(input, _sizes(shape))


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The shape that two shapes broadcast to."""
    return TensorShape(np.broadcast_shapes(tuple(shape_x), tuple(shape_y)))


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The shape that two shapes broadcast to, as a tensor."""
    return constant(list(np.broadcast_shapes(_sizes(shape_x), _sizes(shape_y))), "int32")


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Any]:
    """Coordinates of a grid, from those of its axes."""
    return list(ops.meshgrid(*args, indexing=indexing))


@composite_op
def shape(input: Any, out_type: Any = None, name: str | None = None) -> Any:
    """The sizes of a tensor, as a tensor."""
    return constant(
        list(convert_to_tensor(input).spec.shape),
        out_type or "int32",
        shape=(len(convert_to_tensor(input).spec.shape),),
    )


def shape_n(input: Sequence[Any], out_type: Any = "int32", name: str | None = None) -> list[Any]:
    """The sizes of several tensors."""
    return [shape(item, out_type) for item in input]


@composite_op
def size(input: Any, out_type: Any = None, name: str | None = None) -> Any:
    """The number of elements, as a tensor."""
    return constant(convert_to_tensor(input).spec.size, out_type or "int32")


@composite_op
def rank(input: Any, name: str | None = None) -> Any:
    """The number of axes, as a tensor."""
    return constant(len(convert_to_tensor(input).spec.shape), "int32")


def identity(input: Any, name: str | None = None) -> Any:
    """A tensor of the same values."""
    return ops.copy(input)


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """The tensor, once it is sure that it has this shape; None means any size.

    Raises: ShapeError if it has not.
    """
    tensor = convert_to_tensor(x)
    tensor.shape.assert_is_compatible_with(TensorShape(shape))
    return tensor


def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """The values in another dtype: towards zero from float to integer."""
    return ops.cast(x, as_dtype(dtype))


def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Any:
    """The values in another dtype, held at its bounds."""
    return ops.saturate_cast(value, as_dtype(dtype))


@composite_op
def bitcast(input: Any, type: Any, name: str | None = None) -> Any:
    """The bits read as another dtype: a smaller one adds an axis of the parts, a larger one takes that axis away."""
    input, dtype = convert_to_tensor(input), as_dtype(type)
    if dtype.size == input.dtype.size:
        return ops.view(input, dtype)
    if dtype.size < input.dtype.size:
        return ops.view(ops.expand_dims(input, -1), dtype)
    parts = dtype.size // input.dtype.size
    if not input.shape or input.shape[-1] != parts:
        raise ShapeError(
            f"bitcast: {parts} numbers of {input.dtype.name} make one of {dtype.name}, and the shape is "
            f"{tuple(input.shape)}.",
            fix=f"give it a last axis of size {parts}.",
        )
    return ops.squeeze(ops.view(input, dtype), -1)


@composite_op
def one_hot(
    indices: Any,
    depth: int,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Any:
    """Numbers as vectors: `on_value` (1) at the place of the number, `off_value` (0) elsewhere."""
    hot = ops.one_hot(indices, int(depth), axis=-1 if axis is None else axis, dtype="bool")
    if dtype is None:
        given = on_value if on_value is not None else off_value
        dtype = "float32" if given is None else convert_to_tensor(given).dtype
    return ops.where(
        hot,
        convert_to_tensor(1 if on_value is None else on_value, dtype),
        convert_to_tensor(0 if off_value is None else off_value, dtype),
    )


@composite_op
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """x where the condition holds, y elsewhere; with the condition alone the places where it holds: int64 (count,
    axes)."""
    if x is None and y is None:
        return ops.transpose(ops.cast(ops.stack(ops.nonzero(condition)), "int64"))
    if x is None or y is None:
        raise ArgumentError("where takes both x and y, or neither.", fix="pass both.")
    return ops.where(condition, x, y)


@composite_op
def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Any:
    """Elements along an axis by their numbers.

    Args:
        params: what to take from.
        indices: whole numbers from 0.
        axis: along which; the first after the batch axes by default.
        batch_dims: how many leading axes are common to both.
    Raises: IndexError, eagerly, if a number is outside.
    """
    params, indices = convert_to_tensor(params), convert_to_tensor(indices)
    place = batch_dims if axis is None else int(axis) % len(params.shape)
    if not batch_dims:
        return ops.take(params, indices, axis=place)
    return _gather_batched(params, indices, place, int(batch_dims))


def _gather_batched(params: Any, indices: Any, axis: int, batch_dims: int) -> Any:
    batch = tuple(params.shape[:batch_dims])
    count = int(np.prod(batch))
    flat_params = ops.reshape(
        ops.moveaxis(params, axis, batch_dims), (count * params.shape[axis], *_without(params.shape, axis)[batch_dims:])
    )
    offsets = ops.reshape(
        ops.arange(count, dtype=indices.dtype) * params.shape[axis], (count, *(1,) * (len(indices.shape) - batch_dims))
    )
    flat_indices = ops.reshape(indices, (count, *indices.shape[batch_dims:])) + offsets
    found = ops.take(flat_params, flat_indices, axis=0)
    inner = indices.shape[batch_dims:]
    found = ops.reshape(found, (*batch, *inner, *_without(params.shape, axis)[batch_dims:]))
    source = tuple(_steps(batch_dims, batch_dims + len(inner)))
    return (
        ops.moveaxis(found, source, tuple(_steps(axis, axis + len(inner)))) if inner and axis != batch_dims else found
    )


def _steps(start: int, stop: int) -> list[int]:
    return list(np.arange(start, stop))


def _without(shape: Sequence[int], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


@composite_op
def gather_nd(
    params: Any, indices: Any, batch_dims: int = 0, name: str | None = None, bad_indices_policy: str = ""
) -> Any:
    """Elements or slices by their full places: the last axis of `indices` holds a place in the leading axes of
    `params`."""
    params, indices = convert_to_tensor(params), convert_to_tensor(indices)
    if batch_dims:
        grid = ops.meshgrid(
            *[ops.arange(size, dtype=indices.dtype) for size in indices.shape[:batch_dims]], indexing="ij"
        )
        extra = [1] * (len(indices.shape) - batch_dims)
        heads = [ops.broadcast_to(ops.reshape(axis, (*axis.shape, *extra)), (*indices.shape[:-1], 1)) for axis in grid]
        indices = ops.concatenate([*heads, indices], axis=-1)
    return params[tuple(ops.unstack(indices, axis=-1))]


def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None, bad_indices_policy: str = "") -> Any:
    """Zeros of a shape, with `updates` added at places."""
    return ops.scatter(indices, updates, _sizes(shape))


def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Any:
    """The tensor with the elements or slices at places replaced."""
    return ops.scatter_update(tensor, indices, updates)


def tensor_scatter_nd_add(
    tensor: Any, indices: Any, updates: Any, name: str | None = None, bad_indices_policy: str = ""
) -> Any:
    """The tensor with `updates` added at places."""
    return ops.scatter_update(tensor, indices, updates, reduction="add")


def tensor_scatter_nd_sub(
    tensor: Any, indices: Any, updates: Any, name: str | None = None, bad_indices_policy: str = ""
) -> Any:
    """The tensor with `updates` subtracted at places."""
    return ops.scatter_update(tensor, indices, ops.negative(updates), reduction="add")


def tensor_scatter_nd_max(
    tensor: Any, indices: Any, updates: Any, name: str | None = None, bad_indices_policy: str = ""
) -> Any:
    """The tensor with the larger of old and new at places."""
    return ops.scatter_update(tensor, indices, updates, reduction="max")


def tensor_scatter_nd_min(
    tensor: Any, indices: Any, updates: Any, name: str | None = None, bad_indices_policy: str = ""
) -> Any:
    """The tensor with the smaller of old and new at places."""
    return ops.scatter_update(tensor, indices, updates, reduction="min")


@composite_op
def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str | None = "boolean_mask") -> Any:
    """The elements or slices where a mask holds; the values of the mask must be known."""
    tensor, mask = convert_to_tensor(tensor), convert_to_tensor(mask)
    place = 0 if axis is None else int(axis)
    return tensor[(slice(None),) * place + (mask,)]


def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Any:
    """A block: from `begin`, of `size`, where -1 means to the end."""
    input_ = convert_to_tensor(input_)
    sizes = [
        full - start if wanted == -1 else wanted
        for full, start, wanted in zip(input_.shape, _sizes(begin), _sizes(size))
    ]
    return ops.slice(input_, _sizes(begin), sizes)


def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Any:
    """What Python's slices begin:end:stride give; bit i of a mask says that bound i is open, an ellipsis, a new axis,
    or one element."""
    begins, ends = _sizes(begin), _sizes(end)
    steps = _sizes(strides) if strides is not None else (1,) * len(begins)
    index: list[Any] = []
    for place, (first, last, step) in enumerate(zip(begins, ends, steps)):
        bit = 1 << place
        if ellipsis_mask & bit:
            index.append(Ellipsis)
        elif new_axis_mask & bit:
            index.append(None)
        elif shrink_axis_mask & bit:
            index.append(first)
        else:
            index.append(slice(None if begin_mask & bit else first, None if end_mask & bit else last, step))
    return convert_to_tensor(input_)[tuple(index)]


def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = "bool", name: str | None = None) -> Any:
    """True for the first `lengths[i]` places of row i."""
    lengths = convert_to_tensor(lengths)
    longest = int(_static(ops.max(lengths) if maxlen is None else maxlen))
    return ops.cast(ops.less(ops.arange(longest, dtype=lengths.dtype), ops.expand_dims(lengths, -1)), as_dtype(dtype))


def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = "int32", name: str | None = None
) -> Any:
    """Where each value would go so that the sequence stays sorted."""
    sequence = convert_to_tensor(sorted_sequence)
    if len(sequence.shape) == 1:
        return ops.cast(ops.searchsorted(sequence, values, side=side), out_type)
    rows, wanted = ops.unstack(ops.reshape(sequence, (-1, sequence.shape[-1]))), convert_to_tensor(values)
    wanted_rows = ops.unstack(ops.reshape(wanted, (-1, wanted.shape[-1])))
    found = [ops.searchsorted(row, row_values, side=side) for row, row_values in zip(rows, wanted_rows)]
    return ops.cast(ops.reshape(ops.stack(found), wanted.shape), out_type)


def sort(values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None) -> Any:
    """The elements in order along an axis."""
    ordered = ops.sort(values, axis=axis)
    return ops.flip(ordered, axis) if _descends(direction) else ordered


def argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Any:
    """The places of the elements in order along an axis; equal ones keep their order."""
    values = convert_to_tensor(values)
    if not _descends(direction):
        return ops.cast(ops.argsort(values, axis=axis), "int32")
    backwards = ops.argsort(ops.flip(values, axis), axis=axis)
    return ops.flip(ops.cast(values.shape[axis] - 1 - backwards, "int32"), axis)


def _descends(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ArgumentError(f"sort: direction {direction!r}.", fix='use "ASCENDING" or "DESCENDING".')
    return direction == "DESCENDING"


class Unique(NamedTuple):
    """What `unique` gives."""

    y: Any
    idx: Any


class UniqueWithCounts(NamedTuple):
    """What `unique_with_counts` gives."""

    y: Any
    idx: Any
    count: Any  # type: ignore[assignment]


def unique(x: Any, out_idx: Any = "int32", name: str | None = None) -> tuple[Any, Any]:
    """The different values in the order of their first place, and for each element which one it is."""
    values, places, _ = unique_with_counts(x, out_idx)
    return Unique(values, places)


def unique_with_counts(x: Any, out_idx: Any = "int32", name: str | None = None) -> tuple[Any, Any, Any]:
    """The different values in the order of their first place, for each element which one it is, and how often each
    occurs."""
    array = as_numpy(_static(convert_to_tensor(x)))
    values, first, inverse, counts = np.unique(array, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    position = np.empty_like(order)
    position[order] = np.arange(len(order))
    return UniqueWithCounts(
        constant(values[order]), constant(position[inverse.reshape(-1)], out_idx), constant(counts[order], out_idx)
    )


@composite_op
def complex(real: Any, imag: Any, name: str | None = None) -> Any:
    """Complex numbers from their parts, float32 or float64."""
    real, imag = promote(real, imag)
    return to_complex(real, imag)


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Any]:
    """Tensors of the same values."""
    return [identity(item) for item in input]


def guarantee_const(input: Any, name: str | None = None) -> Any:
    """The tensor: it is one value, always."""
    return convert_to_tensor(input)


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Any:
    """Places in an array of a shape, (axes, places), from places in it laid flat."""
    return ops.stack(ops.unravel_index(convert_to_tensor(indices), _sizes(dims)))


def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: int | None = None, batch_axis: int | None = None, name: str | None = None
) -> Any:
    """For each item b of `batch_axis` (0 by default) the first `seq_lengths[b]` elements along `seq_axis` reversed."""
    input, lengths = convert_to_tensor(input), convert_to_tensor(seq_lengths)
    along, across = int(seq_axis or 0), int(batch_axis or 0)
    places = ops.arange(input.shape[along], dtype=lengths.dtype)
    limits = ops.expand_dims(lengths, 1)
    turned = ops.where(ops.less(places, limits), limits - 1 - places, places)
    rows = ops.moveaxis(input, (across, along), (0, 1))
    turned = ops.reshape(turned, (*turned.shape, *(1,) * (len(input.shape) - 2)))
    return ops.moveaxis(
        ops.take_along_axis(rows, ops.broadcast_to(turned, rows.shape), axis=1), (0, 1), (across, along)
    )


def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """The elements, held between two bounds."""
    return ops.minimum(ops.maximum(t, clip_value_min), clip_value_max)


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """The tensor, scaled down to a Euclidean norm where it is longer."""
    t = convert_to_tensor(t)
    total = ops.sum(ops.square(t), axis=axes, keepdims=True)
    positive = ops.greater(total, 0)
    norm = ops.where(positive, ops.sqrt(ops.where(positive, total, ops.ones_like(total))), total)
    return ops.divide(ops.multiply(t, clip_norm), ops.maximum(norm, ops.cast(clip_norm, t.dtype)))


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Any:
    """Euclidean norm of all elements of several tensors; None among them counts nothing."""
    squares = [ops.sum(ops.square(t)) for t in t_list if t is not None]
    return ops.sqrt(ops.sum(ops.stack(squares))) if squares else constant(0.0)


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """Tensors scaled down together so that their global norm is at most `clip_norm`; and the norm that they had."""
    norm = global_norm(t_list) if use_norm is None else convert_to_tensor(use_norm)
    scale = ops.multiply(clip_norm, ops.minimum(ops.reciprocal(norm), ops.divide(1.0, clip_norm)))
    scale = ops.where(ops.isfinite(norm), scale, float("nan"))
    return [None if t is None else ops.multiply(t, ops.cast(scale, convert_to_tensor(t).dtype)) for t in t_list], norm


@composite_op
def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> list[Any]:
    """Rows sorted into lists by their partition's number; the numbers must be known."""
    numbers = as_numpy(_static(convert_to_tensor(partitions)))
    data = convert_to_tensor(data)
    flat = ops.reshape(data, (numbers.size, *data.shape[numbers.ndim :]))
    return [ops.take(flat, np.flatnonzero(numbers.reshape(-1) == i), axis=0) for i in np.arange(num_partitions)]


def dynamic_stitch(indices: Sequence[Any], data: Sequence[Any], name: str | None = None) -> Any:
    """Rows put together by their numbers; of several for one place the last stays."""
    numbers = [as_numpy(_static(convert_to_tensor(index))) for index in indices]
    rows = [
        ops.reshape(item, (number.size, *convert_to_tensor(item).shape[number.ndim :]))
        for number, item in zip(numbers, data)
    ]
    flat = np.concatenate([number.reshape(-1) for number in numbers])
    chosen = np.zeros(int(flat.max()) + 1 if flat.size else 0, np.int64)
    chosen[flat] = np.arange(flat.size)
    return ops.take(ops.concatenate(rows, axis=0), chosen, axis=0)


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: int = 100, dtype: Any = "int32", name: str | None = None
) -> Any:
    """How many values fall into each of `nbins` bins of equal width."""
    bins = histogram_fixed_width_bins(values, value_range, nbins)
    return ops.segment_sum(ops.ones_like(ops.ravel(bins), dtype), ops.ravel(bins), num_segments=int(nbins))


def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: int = 100, dtype: Any = "int32", name: str | None = None
) -> Any:
    """Which of `nbins` bins of equal width each value falls into; the outermost take what lies outside."""
    low, high = (float(bound) for bound in as_numpy(value_range))
    scaled = ops.floor(ops.multiply(ops.divide(ops.subtract(values, low), high - low), nbins))
    return ops.cast(ops.clip(scaled, 0, nbins - 1), dtype)
