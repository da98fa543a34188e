"""Sums, products and element-wise functions of sparse tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.sparse_functions import added, product, reduced, to_dense, union_of_places
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.ops.convert import convert_to_tensor
from headwater.sparse.construction import from_dense


def add(a: Any, b: Any, threshold: Any = 0) -> Any:
    """The sum of two tensors of which at least one is sparse: sparse if both are.

    Args:
        a, b: of one shape.
        threshold: of a sparse sum, elements of smaller magnitude are left out.
    Example:
        >>> add(from_dense([1, 0]), from_dense([2, 3])).values.numpy()
        array([3, 3], dtype=int32)
    """
    if isinstance(a, SparseTensor) and isinstance(b, SparseTensor):
        return added(a, b, threshold)
    if not isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        raise ArgumentError("add: neither tensor is sparse.", fix="use tf.add.")
    dense, few = (b, a) if isinstance(a, SparseTensor) else (a, b)
    return ops.add(convert_to_tensor(dense), to_dense(few, validate_indices=False))


def _extreme(sp_a: SparseTensor, sp_b: SparseTensor, choose: Callable[[Any, Any], Any]) -> SparseTensor:
    if sp_a.static_shape != sp_b.static_shape:
        raise ShapeError(
            f"sparse tensors of shapes {sp_a.static_shape} and {sp_b.static_shape}.", fix="give both one shape."
        )
    indices, segments = union_of_places(sp_a, sp_b)
    count = len(sp_a.host_indices())
    parts = []
    for values, places in ((sp_a.values, segments[:count]), (sp_b.values, segments[count:])):
        parts.append(ops.segment_sum(values, places, num_segments=len(indices)))
    return SparseTensor(indices, choose(*parts), sp_a.static_shape)


def maximum(sp_a: SparseTensor, sp_b: SparseTensor, name: str | None = None) -> SparseTensor:
    """The larger of two elements, where either tensor has one; a missing one counts as 0."""
    return _extreme(sp_a, sp_b, ops.maximum)


def minimum(sp_a: SparseTensor, sp_b: SparseTensor, name: str | None = None) -> SparseTensor:
    """The smaller of two elements, where either tensor has one; a missing one counts as 0."""
    return _extreme(sp_a, sp_b, ops.minimum)


def map_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> SparseTensor:
    """What a function makes of the values of sparse arguments, at the same places.

    Args:
        op: called with each SparseTensor replaced by its values.
        args, kwargs: its arguments.
    Raises: ArgumentError if none is sparse, or the places of several differ.
    Example:
        >>> map_values(tf.add, from_dense([1, 0]), 5).values.numpy()
        array([6], dtype=int32)
    """
    found = [value for value in (*args, *kwargs.values()) if isinstance(value, SparseTensor)]
    if not found:
        raise ArgumentError("map_values: no argument is sparse.", fix="call the function itself.")
    first = found[0]
    for other in found[1:]:
        if other.static_shape != first.static_shape or not _same_places(first, other):
            raise ArgumentError("map_values: the places of the arguments differ.", fix="give equal ones.")
    plain = [value.values if isinstance(value, SparseTensor) else value for value in args]
    named = {key: value.values if isinstance(value, SparseTensor) else value for key, value in kwargs.items()}
    return first.with_values(op(*plain, **named))


def _same_places(a: SparseTensor, b: SparseTensor) -> bool:
    return a.indices is b.indices or np.array_equal(a.host_indices(), b.host_indices())


def _reduce(kind: str, sp_input: SparseTensor, axis: Any, keepdims: Any, output_is_sparse: bool) -> Any:
    found = reduced(kind, sp_input, axis, bool(keepdims))
    return from_dense(found) if output_is_sparse else found


def reduce_sum(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    output_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """The sum of the elements along axes; all by default.

    Args:
        sp_input: a sparse tensor.
        axis: an axis, or several.
        keepdims: keep the axes, with size 1.
        output_is_sparse: give a sparse tensor, not a dense one.
    Example:
        >>> reduce_sum(from_dense([[1, 0], [2, 3]]), axis=1).numpy()
        array([1, 5], dtype=int32)
    """
    return _reduce("sum", sp_input, axis, keepdims, output_is_sparse)


def reduce_max(
    sp_input: SparseTensor,
    axis: Any = None,
    keepdims: bool | None = None,
    output_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """The largest of the elements that are there along axes; 0 where there is none."""
    return _reduce("max", sp_input, axis, keepdims, output_is_sparse)


def softmax(sp_input: SparseTensor, name: str | None = None) -> SparseTensor:
    """The softmax of the elements that are there along the last axis.

    Raises: ShapeError for a sparse tensor of less than two axes.
    """
    if sp_input.ndim < 2:
        raise ShapeError(f"softmax of a sparse tensor of shape {sp_input.static_shape}.", fix="give at least two axes.")
    _, rows = np.unique(sp_input.host_indices()[:, :-1], axis=0, return_inverse=True)
    rows = rows.reshape(-1)
    count = int(rows.max(initial=-1)) + 1
    values = sp_input.values
    largest = ops.take(ops.segment_max(values, rows, num_segments=count), rows, axis=0)
    powers = ops.exp(ops.subtract(values, ops.stop_gradient(largest)))
    total = ops.take(ops.segment_sum(powers, rows, num_segments=count), rows, axis=0)
    return sp_input.with_values(ops.divide(powers, total))


def sparse_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Any:
    """The product of two matrices of which one is sparse: dense.

    Args:
        sp_a: (m, k).
        b: (k, n); either may be the sparse one.
        adjoint_a, adjoint_b: take the conjugate transpose of a matrix.
    Returns: (m, n).
    Raises: ShapeError if the matrices do not fit.
    Example:
        >>> sparse_dense_matmul(from_dense([[1.0, 0.0], [0.0, 2.0]]), [[1.0], [3.0]]).numpy()
        array([[1.],
               [6.]], dtype=float32)
    """
    return product(sp_a, b, adjoint_a, adjoint_b)


def sampled_addmm(
    indices: Any,
    values: Any,
    dense_shape: Any,
    mat1: Any,
    mat2: Any,
    beta: float = 1.0,
    alpha: float = 1.0,
    output_type: Any = "float32",
) -> tuple[Any, Any, Any]:
    """Elements of `alpha * mat1 @ mat2 + beta * values` at places alone, as indices, values and shape."""
    indices = convert_to_tensor(indices)
    places = host_array(indices)
    left, right = convert_to_tensor(mat1), convert_to_tensor(mat2)
    batch = tuple(places[:, axis] for axis in range(places.shape[1] - 2))
    rows = ops.get_item(left, (*batch, places[:, -2]))
    columns = ops.get_item(ops.swapaxes(right, -1, -2), (*batch, places[:, -1]))
    products = ops.sum(ops.multiply(rows, columns), axis=-1)
    found = ops.add(ops.multiply(products, alpha), ops.multiply(values, beta))
    return indices, ops.cast(found, output_type), convert_to_tensor(dense_shape)


def _segments(data: Any, indices: Any, segment_ids: Any, num_segments: Any) -> tuple[Any, Any, Any]:
    """Sums of the rows named, by segment; how many each has."""
    segments = host_array(segment_ids)
    if (np.diff(segments) < 0).any():
        raise ArgumentError("segment_ids fall.", fix="sort them, and the indices alike.")
    count = int(num_segments) if num_segments is not None else int(segments.max(initial=-1)) + 1
    if segments.size and segments[-1] >= count:
        raise ArgumentError(f"segment {segments[-1]} of {count}.", fix="raise num_segments.")
    rows = ops.take(convert_to_tensor(data), indices, axis=0)
    sizes = np.bincount(segments, minlength=count).reshape(-1, *(1,) * (rows.spec.ndim - 1))
    return ops.segment_sum(rows, segments, num_segments=count), sizes, rows.spec.dtype


def segment_sum(
    data: Any,
    indices: Any,
    segment_ids: Any,
    num_segments: Any = None,
    name: str | None = None,
    sparse_gradient: bool = False,
) -> Any:
    """The sum of the rows of each segment.

    Args:
        data: rows to choose from.
        indices: numbers of the rows that are taken.
        segment_ids: the segment of each; they must not fall.
        num_segments: how many there are; as many as are named by default.
        sparse_gradient: accepted for TensorFlow's sake.
    """
    return _segments(data, indices, segment_ids, num_segments)[0]


def segment_mean(
    data: Any,
    indices: Any,
    segment_ids: Any,
    num_segments: Any = None,
    name: str | None = None,
    sparse_gradient: bool = False,
) -> Any:
    """The mean of the rows of each segment; 0 for one that has none. Its arguments are those of `segment_sum`."""
    total, sizes, dtype = _segments(data, indices, segment_ids, num_segments)
    return ops.divide(total, ops.cast(np.maximum(sizes, 1), dtype))


def segment_sqrt_n(
    data: Any,
    indices: Any,
    segment_ids: Any,
    num_segments: Any = None,
    name: str | None = None,
    sparse_gradient: bool = False,
) -> Any:
    """The sum of the rows of each segment over the square root of their number. Its arguments are those of
    `segment_sum`."""
    total, sizes, dtype = _segments(data, indices, segment_ids, num_segments)
    return ops.divide(total, ops.cast(np.sqrt(np.maximum(sizes, 1)), dtype))


def bincount(
    values: Any,
    weights: Any = None,
    axis: int | None = 0,
    minlength: Any = None,
    maxlength: Any = None,
    binary_output: bool = False,
    name: str | None = None,
) -> SparseTensor:
    """How often each number occurs, in all or in each row; only those that do.

    Args:
        values: whole numbers: a tensor, or a ragged or sparse one of two axes.
        weights: what each occurrence counts, a tensor, ragged or sparse, like `values`.
        axis: 0 counts in all, -1 in each row.
        minlength: least size of the last axis.
        maxlength: numbers from it on are left out.
        binary_output: 1 for each number that occurs, however often.
    Raises: ArgumentError for a negative number, or contradicting arguments.
    """
    if weights is not None and binary_output:
        raise ArgumentError("bincount: weights and binary_output.", fix="choose one of them.")
    rows, numbers, count = _counted(values)
    if numbers.size and numbers.min() < 0:
        raise ArgumentError(f"bincount of {numbers.min()}.", fix="count numbers from 0.")
    by_row = axis == -1 and count is not None
    size = max(int(numbers.max(initial=-1)) + 1, int(minlength or 0))
    size = size if maxlength is None else min(size, int(maxlength))
    kept = np.flatnonzero(numbers < size)
    places = np.stack([rows[kept], numbers[kept]], 1) if by_row else numbers[kept, None]
    indices, segments = np.unique(places, axis=0, return_inverse=True)
    given = ops.ones((len(numbers),), "int32") if weights is None else _flat_weights(weights)
    total = ops.segment_sum(ops.take(given, kept, axis=0), segments.reshape(-1), num_segments=len(indices))
    total = ops.ones_like(total) if binary_output else total
    return SparseTensor(indices.astype(np.int64), total, (count, size) if by_row else (size,))


def _counted(values: Any) -> tuple[np.ndarray, np.ndarray, int | None]:
    """The row of each number, the numbers, and how many rows there are (None for one axis)."""
    if isinstance(values, SparseTensor):
        return values.host_indices()[:, 0], host_array(values.values), values.static_shape[0]
    if isinstance(values, RaggedTensor):
        return values.partition.rowids, host_array(values.flat_values), values.nrows_static
    array = host_array(convert_to_tensor(values))
    if array.ndim < 2:
        return np.zeros(array.size, np.int64), array.reshape(-1), None
    width = array.shape[-1]
    return np.arange(array.size) // max(width, 1), array.reshape(-1), array.size // max(width, 1)


def _flat_weights(weights: Any) -> Any:
    if isinstance(weights, SparseTensor):
        return weights.values
    return weights.flat_values if isinstance(weights, RaggedTensor) else ops.reshape(convert_to_tensor(weights), (-1,))


def cross(inputs: Sequence[Any], name: str | None = None, separator: str | None = None) -> SparseTensor:
    """For each row all combinations of the values of its features, as strings joined by "_X_" or the separator.

    Args:
        inputs: sparse tensors and tensors of two axes, of integers or strings, with as many rows each.
        separator: what comes in between.
    Example:
        >>> cross([tf.constant([["a"], ["b"]]), tf.constant([["c"], ["d"]])]).values.numpy()
        array([b'a_X_c', b'b_X_d'], dtype=object)
    """
    from headwater.frontend.feature_crosses import joined

    between = b"_X_" if separator is None else separator.encode()
    rows = _combinations(inputs, lambda values: joined(values, between))
    flat = [value for row in rows for value in row]
    return _in_rows(rows, convert_to_tensor(flat, "string"))


def cross_hashed(
    inputs: Sequence[Any], num_buckets: int = 0, hash_key: int | None = None, name: str | None = None
) -> SparseTensor:
    """For each row the hashes of all combinations of the values of its features: int64, below `num_buckets` if it is
    given."""
    from headwater.frontend.feature_crosses import hashed_combinations

    rows = _combinations(inputs, tuple)
    found = hashed_combinations([values for row in rows for values in row], num_buckets, hash_key)
    return _in_rows(rows, convert_to_tensor(found))


def _combinations(inputs: Sequence[Any], combine: Callable[[Any], Any]) -> list[list[Any]]:
    import itertools

    from headwater.frontend.feature_crosses import rows_of

    features = [rows_of(feature) for feature in inputs]
    if len({len(feature) for feature in features}) != 1:
        raise ArgumentError("cross: the features have different numbers of rows.", fix="give as many rows in each.")
    return [[combine(values) for values in itertools.product(*row)] for row in zip(*features)]


def _in_rows(rows: list[list[Any]], values: Any) -> SparseTensor:
    places = [(row, column) for row, items in enumerate(rows) for column in range(len(items))]
    indices = np.array(places, np.int64).reshape(-1, 2)
    return SparseTensor(indices, values, (len(rows), max(map(len, rows), default=0)))
