"""What is computed with sparse tensors: to dense ones, products, sums; and what functions make of sparse arguments."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.ir.dispatch import Array
from headwater.ir.spec import normalize_axis
from headwater.ops.convert import convert_to_tensor
from headwater.primitives.constant import scalar

# Functions that give zero for zero: they work on the values alone.
_OF_VALUES = frozenset((
    "absolute", "abs", "negative", "sign", "square", "sqrt", "cbrt", "expm1", "log1p", "sin", "tan", "arcsin", "arctan",
    "sinh", "tanh", "arcsinh", "arctanh", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu",
    "softsign", "floor", "ceil", "round", "trunc", "rint", "conjugate", "real", "imag", "erf", "cast", "isnan", "isinf",
    "copy", "deg2rad", "rad2deg", "hard_tanh", "soft_shrink", "hard_shrink", "tanh_shrink", "zeros_like",
))  # fmt: skip


def strides_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """How far apart neighbours along each axis lie in row-major order."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def linear(indices: Any, shape: tuple[int, ...]) -> Any:
    """The number of each place in row-major order, of a tensor of places, traced or not."""
    return ops.sum(ops.multiply(indices, np.array(strides_of(shape), np.int64)), axis=1)


def from_dense(tensor: Any) -> SparseTensor:
    """The elements of a tensor that are not zero, nor empty."""
    tensor = convert_to_tensor(tensor)
    empty = b"" if tensor.spec.dtype.kind == "string" else 0
    places = np.argwhere(host_array(tensor) != empty)
    return SparseTensor(places.astype(np.int64), _elements(tensor, places), tensor.spec.shape)


def _elements(tensor: Any, places: np.ndarray) -> Any:
    flat = ops.reshape(tensor, (-1,))
    return ops.take(flat, places @ np.array(strides_of(tensor.spec.shape), np.int64).reshape(-1), axis=0)


def to_dense(sparse: SparseTensor, default_value: Any = None, validate_indices: bool = True) -> Any:
    """The whole tensor; see `tf.sparse.to_dense`."""
    shape, values = sparse.static_shape, sparse.values
    if sparse.indices.buffer is not None:
        _require_places(sparse.host_indices(), shape, validate_indices)
    fill = scalar(0, values.spec.dtype) if default_value is None else convert_to_tensor(default_value)
    fill = ops.broadcast_to(fill if fill.spec.dtype is values.spec.dtype else ops.cast(fill, values.spec.dtype), shape)
    flat = ops.reshape(fill, (math.prod(shape),))
    places = ops.expand_dims(linear(sparse.indices, shape), -1)
    return ops.reshape(ops.scatter_update(flat, places, values), shape)


def _require_places(indices: np.ndarray, shape: tuple[int, ...], in_order: bool) -> None:
    if indices.size and ((indices < 0) | (indices >= shape)).any():
        wrong = indices[((indices < 0) | (indices >= shape)).any(1)][0]
        raise ArgumentError(
            f"a sparse tensor of shape {shape} has an element at {wrong.tolist()}.", fix="give places inside of it."
        )
    numbers = indices @ np.array(strides_of(shape), np.int64).reshape(-1)
    steps = np.diff(numbers)
    if in_order and (steps <= 0).any():
        place = indices[int(np.argmax(steps <= 0)) + 1].tolist()
        raise ArgumentError(
            f"the places of a sparse tensor are not in order, or one is repeated: see {place}.",
            fix="use tf.sparse.reorder first.",
        )


def reordered(sparse: SparseTensor) -> SparseTensor:
    """The elements in row-major order of their places."""
    indices = sparse.host_indices()
    order = np.lexsort(indices.T[::-1]) if indices.shape[1] else np.arange(len(indices))
    return picked(sparse, order)


def picked(
    sparse: SparseTensor, chosen: np.ndarray, indices: np.ndarray | None = None, shape: Any = None
) -> SparseTensor:
    """These elements, at places of their own if they are given, in a whole of another shape if it is given."""
    places = sparse.host_indices()[chosen] if indices is None else indices
    whole = sparse.static_shape if shape is None else shape
    return SparseTensor(places, ops.take(sparse.values, chosen, axis=0), whole)


def product(a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False) -> Any:
    """The product of two matrices of which one is sparse; see `tf.sparse.sparse_dense_matmul`."""
    if not isinstance(a, SparseTensor):
        left = product(b, a, not adjoint_b, not adjoint_a)
        return ops.conj(ops.transpose(left)) if left.spec.dtype.is_complex else ops.transpose(left)
    b = to_dense(b) if isinstance(b, SparseTensor) else convert_to_tensor(b)
    if a.ndim != 2 or b.spec.ndim != 2:
        raise ShapeError(
            f"a product of a sparse tensor of shape {a.static_shape} and one of {tuple(b.spec.shape)}.",
            fix="give two matrices.",
        )
    b = _adjoint(b) if adjoint_b else b
    values = ops.conj(a.values) if adjoint_a and a.dtype.is_complex else a.values
    rows, columns = (a.indices[:, 1], a.indices[:, 0]) if adjoint_a else (a.indices[:, 0], a.indices[:, 1])
    height, width = reversed(a.static_shape) if adjoint_a else a.static_shape
    if width != b.spec.shape[0]:
        raise ShapeError(
            f"a product of shapes {(height, width)} and {tuple(b.spec.shape)}.",
            fix="give as many columns on the left as rows on the right.",
        )
    terms = ops.multiply(ops.expand_dims(values, 1), ops.take(b, columns, axis=0))
    return ops.segment_sum(terms, rows, num_segments=height)


def _adjoint(b: Any) -> Any:
    return ops.conj(ops.transpose(b)) if b.spec.dtype.is_complex else ops.transpose(b)


def reduced(kind: str, sparse: SparseTensor, axis: Any = None, keepdims: bool = False) -> Any:
    """A dense tensor of the elements combined along axes, "sum" or "max"; 0 where there are none."""
    shape = sparse.static_shape
    given = range(len(shape)) if axis is None else np.atleast_1d(np.asarray(axis)).tolist()
    axes = {normalize_axis(int(place), len(shape), "a reduction") for place in given}
    rest = [place for place in range(len(shape)) if place not in axes]
    kept = tuple(shape[place] for place in rest)
    count = math.prod(kept)
    if rest:
        segments = linear(ops.take(sparse.indices, np.array(rest), axis=1), kept)
    else:
        segments = ops.zeros((sparse.indices.spec.shape[0],), "int64")
    found = getattr(ops, f"segment_{kind}")(sparse.values, segments, num_segments=count)
    if kind != "sum":
        occupied = ops.segment_sum(ops.ones_like(segments), segments, num_segments=count)
        found = ops.where(ops.greater(occupied, 0), found, ops.zeros_like(found))
    whole = tuple(1 if place in axes else size for place, size in enumerate(shape))
    return ops.reshape(found, whole if keepdims else kept)


def scaled(function: Callable[..., Any], sparse: SparseTensor, dense: Any) -> SparseTensor:
    """A sparse tensor multiplied with, or divided by, a tensor that broadcasts to it."""
    dense = convert_to_tensor(dense, None if isinstance(dense, Array) else sparse.dtype)
    if dense.spec.ndim:
        whole = ops.broadcast_to(dense, np.broadcast_shapes(dense.spec.shape, sparse.static_shape))
        if tuple(whole.spec.shape) != sparse.static_shape:
            raise ShapeError(
                f"a tensor of shape {tuple(dense.spec.shape)} does not broadcast to {sparse.static_shape}.",
                fix="give one of that shape, or with axes of size 1.",
            )
        dense = ops.take(ops.reshape(whole, (-1,)), linear(sparse.indices, sparse.static_shape), axis=0)
    return sparse.with_values(function(sparse.values, dense))


def added(a: SparseTensor, b: SparseTensor, threshold: Any = 0) -> SparseTensor:
    """The sum of two sparse tensors; see `tf.sparse.add`."""
    if a.static_shape != b.static_shape:
        raise ShapeError(
            f"add: sparse tensors of shapes {a.static_shape} and {b.static_shape}.", fix="give both one shape."
        )
    indices, segments = union_of_places(a, b)
    values = ops.concatenate([a.values, b.values], axis=0)
    if not len(indices):
        return SparseTensor(indices, values, a.static_shape)
    total = SparseTensor(indices, ops.segment_sum(values, segments, num_segments=len(indices)), a.static_shape)
    bound = host_array(threshold)
    if not bound:
        return total
    return picked(total, np.flatnonzero(np.abs(host_array(total.values)) >= bound))


def union_of_places(a: SparseTensor, b: SparseTensor) -> tuple[np.ndarray, np.ndarray]:
    """The places of two sparse tensors in order, each once; and which one each element of a, then of b, stands at."""
    strides = np.array(strides_of(a.static_shape), np.int64).reshape(-1)
    both = np.concatenate([a.host_indices(), b.host_indices()])
    _, first, segments = np.unique(both @ strides, return_index=True, return_inverse=True)
    return both[first], segments.reshape(-1)


def answer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function gives for arguments of which at least one is sparse: sparse where zeros stay zero, else of the
    whole tensors."""
    name = function.__name__.removeprefix("reduce_")
    if name in _OF_VALUES and isinstance(args[0] if args else None, SparseTensor):
        return args[0].with_values(function(args[0].values, *args[1:], **kwargs))
    own = _ANSWERS.get(name)
    found = NotImplemented if own is None else own(function, args, kwargs)
    return (
        function(*map(_whole, args), **{k: _whole(v) for k, v in kwargs.items()}) if found is NotImplemented else found
    )


def _whole(value: Any) -> Any:
    if isinstance(value, SparseTensor):
        return to_dense(value, validate_indices=False)
    return type(value)(map(_whole, value)) if type(value) in (list, tuple) else value


def _multiply(function: Any, args: Any, kwargs: Any) -> Any:
    a, b = args[:2]
    if isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        return scaled(function, a, b)
    return scaled(function, b, a) if not isinstance(a, SparseTensor) else NotImplemented


def _divide(function: Any, args: Any, kwargs: Any) -> Any:
    a, b = args[:2]
    return scaled(function, a, b) if not isinstance(b, SparseTensor) else NotImplemented


def _add(function: Any, args: Any, kwargs: Any) -> Any:
    return added(*args[:2]) if all(isinstance(x, SparseTensor) for x in args[:2]) else NotImplemented


def _matmul(function: Any, args: Any, kwargs: Any) -> Any:
    a, b = args[:2]
    ranks = [x.ndim if isinstance(x, SparseTensor) else convert_to_tensor(x).spec.ndim for x in (a, b)]
    if ranks == [2, 2] and len(args) == 2:
        return product(a, b)
    return NotImplemented


def _sum(function: Any, args: Any, kwargs: Any) -> Any:
    return reduced("sum", *args, **{key: value for key, value in kwargs.items() if key in ("axis", "keepdims")})


def _shape(function: Any, args: Any, kwargs: Any) -> Any:
    out_type = kwargs.get("out_type") or (args[1] if len(args) > 1 else None) or "int32"
    return convert_to_tensor(np.array(args[0].static_shape, as_dtype(out_type).numpy))


def _size(function: Any, args: Any, kwargs: Any) -> Any:
    return convert_to_tensor(math.prod(args[0].static_shape), as_dtype("int32"))


def _rank(function: Any, args: Any, kwargs: Any) -> Any:
    return convert_to_tensor(args[0].ndim, as_dtype("int32"))


_ANSWERS: dict[str, Callable[..., Any]] = {
    "multiply": _multiply, "true_divide": _divide, "divide": _divide, "add": _add, "matmul": _matmul, "dot": _matmul,
    "sum": _sum, "shape": _shape, "size": _size, "rank": _rank,
}  # fmt: skip
