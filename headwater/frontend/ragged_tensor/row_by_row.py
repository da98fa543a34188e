"""What is computed along ragged axes row by row: cumulative sums, softmax, products, counts, partitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, UnsupportedError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor.broadcasting import broadcast_flat
from headwater.frontend.ragged_tensor.conversion import places_of, to_tensor
from headwater.frontend.ragged_tensor.indexing import take
from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.frontend.ragged_tensor.rearrangement import as_ragged, rank, stack
from headwater.frontend.ragged_tensor.reduction import aggregate
from headwater.ir.spec import normalize_axis
from headwater.ops.convert import convert_to_tensor

Function = Callable[..., Any]


def _padded(x: RaggedTensor, padding: Any, compute: Callable[[Any], Any]) -> RaggedTensor:
    """What a function of padded rows gives, without the padding: x has one ragged axis."""
    computed = compute(to_tensor(x, padding, None))
    return x.with_values(computed[tuple(places_of([x.partition]))])


def _along(x: Any, axis: int, padding: Any, compute: Callable[[Any, int], Any]) -> Any:
    """A function along an axis that keeps the lengths of rows."""
    if not isinstance(x, RaggedTensor):
        return compute(x, axis)
    if axis > 1:
        return x.with_values(_along(x.values, axis - 1, padding, compute))
    if axis == 0 or isinstance(x.values, RaggedTensor):
        raise UnsupportedError(f"a function along axis {axis} of this ragged tensor.", fix="use to_tensor() first.")
    return _padded(x, padding, lambda dense: compute(dense, 1))


def cumsum(function: Function, x: RaggedTensor, axis: Any = 0, *args: Any, **kwargs: Any) -> Any:
    """Sums up to each element, along an axis."""
    place = normalize_axis(int(axis), x.ndim, "cumsum")
    return _along(x, place, None, lambda dense, along: function(dense, along, *args, **kwargs))


def softmax(function: Function, x: RaggedTensor, axis: Any = -1, **kwargs: Any) -> Any:
    """The softmax of the elements that are there, along an axis."""
    place = normalize_axis(-1 if axis is None else int(axis), x.ndim, "softmax")
    lowest = float(x.dtype.min) if x.dtype.is_floating else None
    return _along(x, place, lowest, lambda dense, along: function(dense, along))


def matmul(function: Function, a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
    """Products of the matrices of a batch, which may have different sizes.

    Raises: ArgumentError if one of them has not one batch axis.
    """
    a, b = (x if isinstance(x, RaggedTensor) else convert_to_tensor(x) for x in (a, b))
    if rank(a) == rank(b) == 2:
        return function(_whole(a), _whole(b), *args, **kwargs)
    if rank(a) != 3 or rank(b) not in (2, 3):
        raise ArgumentError(
            f"matmul of {rank(a)} and {rank(b)} axes, of which some are ragged.",
            fix="give one batch axis, or to_tensor().",
        )
    others = [b] * len(a) if rank(b) == 2 else [b[row] for row in range(len(a))]
    return stack([function(_whole(x), _whole(y), *args, **kwargs) for x, y in zip(a, others)])


def _whole(x: Any) -> Any:
    return to_tensor(x, None, None) if isinstance(x, RaggedTensor) else x


def bincount(
    function: Function,
    arr: RaggedTensor,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = "int32",
    name: str | None = None,
    axis: Any = None,
    binary_output: bool = False,
) -> Any:
    """How often each number occurs: in all, or (axis -1) in each row."""
    flat_weights = weights.flat_values if isinstance(weights, RaggedTensor) else weights
    if axis != -1:
        return function(arr.flat_values, flat_weights, minlength, maxlength, dtype, binary_output=binary_output)
    numbers, rows = host_array(arr.flat_values, "what is counted"), arr.partition.rowids
    size = max(int(numbers.max(initial=-1)) + 1, int(minlength or 0))
    size = size if maxlength is None else min(size, int(maxlength))
    kept = np.flatnonzero(numbers < size)
    given = ops.ones((len(numbers),), as_dtype(dtype)) if weights is None else convert_to_tensor(flat_weights)
    places = rows[kept] * size + numbers[kept]
    total = ops.segment_sum(ops.take(given, kept, axis=0), places, num_segments=arr.nrows_static * size)
    total = ops.cast(ops.greater(total, 0), total.dtype) if binary_output else total
    return ops.reshape(total, (arr.nrows_static, size))


def dynamic_partition(function: Function, data: Any, partitions: Any, num_partitions: int, name: Any = None) -> Any:
    """Rows sorted into lists by their partition's number."""
    if isinstance(partitions, RaggedTensor):
        data, partitions = as_ragged(data, partitions.ragged_rank).flat_values, partitions.flat_values
        return function(data, partitions, num_partitions)
    numbers = host_array(partitions, "partitions")
    if numbers.ndim != 1:
        raise ArgumentError(f"partitions of shape {numbers.shape} for ragged rows.", fix="give a number for each row.")
    return [take(data, np.flatnonzero(numbers == number)) for number in range(int(num_partitions))]


def checked(function: Function, *args: Any, **kwargs: Any) -> Any:
    """An assertion about elements: of the flat values of its ragged arguments."""
    operands = [place for place, value in enumerate(args[:2]) if rank_of(value)]
    flat, _ = broadcast_flat([args[place] for place in operands])
    given = list(args)
    for place, values in zip(operands, flat):
        given[place] = values
    return function(*given, **kwargs)


def rank_of(value: Any) -> int:
    """Number of axes of an argument that may be a number."""
    return rank(value if isinstance(value, RaggedTensor) else convert_to_tensor(value))


def segment_mean(root: bool) -> Function:
    """The mean of the rows of each segment; or (`root`) their sum over the root of their number."""

    def mean(function: Function, data: Any, segment_ids: Any, num_segments: Any = None, name: Any = None) -> Any:
        segments = host_array(segment_ids, "segment_ids")
        count = int(num_segments) if num_segments is not None else int(segments.max(initial=-1)) + 1
        total = aggregate("sum", data, segments, count)
        sizes = aggregate("sum", data.with_flat_values(ops.ones_like(data.flat_values)), segments, count)
        return ops.divide_no_nan(total, ops.sqrt(sizes) if root else sizes)

    return mean


ANSWERS: dict[str, Function] = {
    "cumsum": cumsum, "softmax": softmax, "matmul": matmul, "bincount": bincount, "check": checked,
    "dynamic_partition": dynamic_partition, "assert_near": checked, "assert_all_finite": checked,
    "segment_mean": segment_mean(False), "unsorted_segment_mean": segment_mean(False),
    "unsorted_segment_sqrt_n": segment_mean(True),
}  # fmt: skip
