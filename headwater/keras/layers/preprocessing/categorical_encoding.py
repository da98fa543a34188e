"""Category numbers as vectors: one-hot, multi-hot and counts, of dense rows and of rows of different lengths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.frontend.tracing import is_tracing
from headwater.keras.layers.preprocessing import composite


def encode(inputs: Any, mode: str, depth: int, dtype: str, sparse: bool = False, weights: Any = None) -> Any:
    """Category numbers as vectors of `depth` entries; a number that is no category, below 0 or from `depth` on, is left
    out.

    The last axis of the inputs holds the categories of one sample. Keras (3.15) sums over axis 1 instead where there
    are three or more axes, against its own description; for one or two axes the results are equal.

    Args:
        inputs: whole numbers: a tensor, a RaggedTensor, a SparseTensor, or Rows.
        mode: "int" for the numbers as they are; "one_hot" for a vector for each; "multi_hot" for a vector for each
            sample, with 1 for each category in it; "count" for how often each is in it.
        depth: number of categories.
        dtype: dtype of the result.
        sparse: whether the result is a SparseTensor.
        weights: of the shape of the inputs: what each counts, for "count".
    """
    if mode == "int":
        return composite.map_values(lambda values: ops.cast(values, dtype), inputs)
    if mode == "one_hot":
        return _one_hot(_required_dense(inputs), depth, dtype, sparse)
    values, rows, leading = _rows_of(inputs)
    if sparse:
        return _sparse_rows(values, rows, leading, mode, depth, dtype, weights)
    if is_tracing() or weights is not None:
        found = _counts(values, rows, math.prod(leading), mode, depth, dtype, weights)
    else:
        found = _counts_on_host(np.asarray(values), rows, math.prod(leading), mode, depth, dtype)
    return ops.reshape(found, (*leading, depth))


def output_shape(shape: Any, mode: str, depth: int | None) -> tuple[int | None, ...]:
    """The shape that `encode` gives for inputs of this shape."""
    shape = tuple(shape)
    if mode == "int":
        return shape
    if mode == "one_hot" and not (len(shape) > 1 and shape[-1] == 1):
        return (*shape, depth)
    return (*shape[:-1], depth)


def _required_dense(inputs: Any) -> Any:
    if composite.is_composite(inputs) or isinstance(inputs, composite.Rows):
        raise ArgumentError(
            "one-hot vectors of rows of different lengths are not defined.",
            fix='use output_mode="multi_hot" or "count", or inputs.to_tensor().',
        )
    return inputs


def _one_hot(inputs: Any, depth: int, dtype: str, sparse: bool) -> Any:
    shape = tuple(inputs.shape)
    if len(shape) > 1 and shape[-1] == 1:
        inputs = ops.squeeze(inputs, axis=-1)
    if not sparse:
        return ops.one_hot(inputs, depth, dtype=dtype)
    values = np.asarray(inputs)
    known = (values >= 0) & (values < depth)
    places = np.concatenate([np.argwhere(known), values[known][:, None]], axis=1)
    return composite.sparse_tensor(places, np.ones(len(places)), (*values.shape, depth), dtype)


def _rows_of(inputs: Any) -> tuple[Any, Any, tuple[int, ...]]:
    """The numbers in one line, the sample that each belongs to, and the shape of the samples."""
    if isinstance(inputs, composite.Rows):
        return inputs.values, np.repeat(np.arange(len(inputs.lengths)), inputs.lengths), (len(inputs.lengths),)
    if composite.is_composite(inputs):
        values, rows, count = composite.values_and_rows(inputs)
        return values, rows, (count,)
    shape = tuple(inputs.shape)
    leading, length = (shape[:-1], shape[-1]) if shape else ((), 1)
    rows = np.repeat(np.arange(math.prod(leading), dtype=np.int64), length)
    return ops.reshape(inputs, (-1,)), rows, leading


def _counts(values: Any, rows: Any, num_rows: int, mode: str, depth: int, dtype: str, weights: Any) -> Any:
    """How often each category is in each row, whether it is, or the sum of the weights: (num_rows * depth,)."""
    values = ops.cast(values, "int64")
    known = ops.logical_and(ops.greater_equal(values, 0), ops.less(values, depth))
    places = ops.where(known, ops.add(ops.multiply(rows, depth), values), 0)
    counted = ops.cast(known, dtype)
    if weights is not None:
        weights = ops.reshape(ops.convert_to_tensor(weights, dtype), (-1,))
        counted = ops.where(known, weights, ops.zeros_like(weights))
    counts = ops.segment_sum(counted, places, num_rows * depth)
    return ops.cast(ops.greater(counts, 0), dtype) if mode == "multi_hot" else counts


def _counts_on_host(values: np.ndarray, rows: Any, num_rows: int, mode: str, depth: int, dtype: str) -> Any:
    """The same for values that are there: a third of the time, since only what is not 0 is written."""
    known = (values >= 0) & (values < depth)
    places = np.asarray(rows)[known] * depth + values[known]
    found = np.zeros(num_rows * depth, as_dtype(dtype).numpy)
    if mode == "multi_hot":
        found[places] = 1
    else:
        np.add.at(found, places, found.dtype.type(1))
    return ops.convert_to_tensor(found)


def _sparse_rows(
    values: Any, rows: Any, leading: tuple[int, ...], mode: str, depth: int, dtype: str, weights: Any
) -> Any:
    """The same as a SparseTensor, without the dense rows ever being made."""
    values = np.asarray(values, np.int64)
    known = (values >= 0) & (values < depth)
    cells, back = np.unique(np.asarray(rows)[known] * depth + values[known], return_inverse=True)
    counted = None if weights is None else np.asarray(weights, np.float64).ravel()[known]
    found = np.bincount(back, counted, minlength=len(cells))
    if mode == "multi_hot":
        found = np.ones(len(cells))
    places = (
        np.stack(np.unravel_index(cells, (*leading, depth)), axis=1) if len(cells) else np.zeros((0, len(leading) + 1))
    )
    return composite.sparse_tensor(places, found, (*leading, depth), dtype)
