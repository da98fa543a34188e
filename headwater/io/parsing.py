"""Examples parsed: from strings to tensors, by what is expected of each feature."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, NotTraceableError
from headwater.frontend.host_values import host_array
from headwater.frontend.prelude import before_programs
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.ragged_tensor.partition import RowPartition
from headwater.frontend.ragged_tensor.rearrangement import stack as stack_ragged
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.io.columns import Column, Examples, dtype_of, examples_of, index_keys
from headwater.io.features import (
    FixedLenFeature,
    FixedLenSequenceFeature,
    RaggedFeature,
    RowLengths,
    RowLimits,
    RowSplits,
    RowStarts,
    SparseFeature,
    UniformRowLength,
    ValueRowIds,
    VarLenFeature,
)
from headwater.ir.dispatch import array_from_numpy
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import texts


def _tensor(values: Any, shape: Sequence[int], dtype: DType) -> Any:
    """A tensor of an array of numbers or of bytes objects."""
    array = np.asarray(values).reshape(tuple(shape))
    return array_from_numpy(array) if dtype.kind == "string" else convert_to_tensor(np.asarray(array, dtype.numpy))


def _default(value: Any, dtype: DType, shape: Sequence[int], key: str) -> np.ndarray:
    """Default values: as many as a shape has, or one."""
    tensor = convert_to_tensor(value, None if dtype.kind == "string" else dtype)
    array = host_array(tensor)
    if array.size != math.prod(shape) and array.size != 1:
        raise ArgumentError(
            f"feature {key!r} has a default of shape {array.shape}, and the shape {tuple(shape)}.",
            fix="give a default of that shape.",
        )
    return array.reshape(-1)


def _first(where: np.ndarray) -> int | None:
    """The first place that is true."""
    places = np.flatnonzero(where)
    return int(places[0]) if len(places) else None


def _fixed_values(examples: Examples, key: str, feature: FixedLenFeature) -> np.ndarray:
    """The values of all examples, of each as many as its shape says."""
    dtype, shape = dtype_of(feature, key), tuple(feature.shape)
    if None in shape or -1 in shape:
        raise ArgumentError(
            f"feature {key!r} has the shape {shape}, not all of which is known.", fix="use FixedLenSequenceFeature."
        )
    values, counts = examples.column(key, dtype)
    size, missing = math.prod(shape), counts < 0
    wrong = _first((missing & (feature.default_value is None)) | (~missing & (counts != size)))
    if wrong is not None and missing[wrong]:
        raise ArgumentError(
            f"{examples.where(wrong)} has no feature {key!r}, of {dtype.name}.",
            fix="pass a default_value, or expect a VarLenFeature.",
        )
    if wrong is not None:
        raise ArgumentError(
            f"feature {key!r} of {examples.where(wrong)} has {counts[wrong]} values, and its shape is {shape}.",
            fix="expect that shape, or a VarLenFeature.",
        )
    if not missing.any():
        return values
    found = np.empty((len(counts), size), values.dtype)
    found[~missing], found[missing] = values.reshape(-1, size), _default(feature.default_value, dtype, shape, key)
    return found


def _parsed_fixed(examples: Examples, key: str, feature: FixedLenFeature) -> Any:
    values = _fixed_values(examples, key, feature)
    count = len(examples.column(key, dtype_of(feature, key)).counts)
    return _tensor(values, (count, *feature.shape), dtype_of(feature, key))


def _alone_fixed(examples: Examples, key: str, feature: FixedLenFeature) -> Any:
    return _tensor(_fixed_values(examples, key, feature), tuple(feature.shape), dtype_of(feature, key))


def _alone_varying(examples: Examples, key: str, feature: VarLenFeature) -> SparseTensor:
    dtype = dtype_of(feature, key)
    values, count = examples.column(key, dtype).values, len(examples.column(key, dtype).values)
    return SparseTensor(np.arange(count)[:, None], _tensor(values, (count,), dtype), (count,))


def _parsed_sequence(examples: Examples, key: str, feature: FixedLenSequenceFeature) -> Any:
    dtype, shape = dtype_of(feature, key), tuple(feature.shape)
    if not feature.allow_missing:
        raise ArgumentError(f"feature {key!r} of an Example is a sequence.", fix="pass allow_missing=True.")
    column = examples.column(key, dtype)
    wrong = _first(column.lengths % max(math.prod(shape), 1) != 0)
    if wrong is not None:
        raise ArgumentError(
            f"feature {key!r} of {examples.where(wrong)} has {column.counts[wrong]} values, "
            f"which are no steps of shape {shape}.",
            fix="expect the shape of a step, or a VarLenFeature.",
        )
    return padded(column, shape, dtype, feature.default_value, key)


def padded(column: Column, shape: Sequence[int], dtype: DType, default: Any, key: str) -> Any:
    """Rows of values of steps as one tensor, (rows, steps, ...), shorter ones padded."""
    fill = b"" if dtype.kind == "string" else 0
    if default is not None:
        fill = _default(default, dtype, (), key)[0]
    rows = RowPartition.from_lengths(column.lengths)
    steps = rows.longest // max(math.prod(shape), 1)
    array = np.full((len(column.counts), steps * max(math.prod(shape), 1)), fill, column.values.dtype)
    array[rows.rowids, rows.columns] = column.values
    return _tensor(array, (len(array), steps, *shape), dtype)


def _parsed_varying(examples: Examples, key: str, feature: VarLenFeature) -> Any:
    dtype = dtype_of(feature, key)
    column = examples.column(key, dtype)
    rows = RowPartition.from_lengths(column.lengths)
    indices = np.stack([rows.rowids, rows.columns], 1)
    values = _tensor(column.values, column.values.shape, dtype)
    return SparseTensor(indices, values, (len(column.counts), rows.longest))


def _parsed_sparse(examples: Examples, key: str, feature: SparseFeature) -> Any:
    dtype, keys = dtype_of(feature, key), index_keys(feature)
    sizes = [int(size) for size in (feature.size if isinstance(feature.size, (list, tuple)) else [feature.size])]
    if len(keys) != len(sizes):
        raise ArgumentError(
            f"feature {key!r} has {len(keys)} index keys, {len(sizes)} sizes.", fix="pass one for each."
        )
    column = examples.column(feature.value_key, dtype)
    places = [examples.column(name, as_dtype("int64")) for name in keys]
    wrong = _first(np.any([place.lengths != column.lengths for place in places], axis=0))
    if wrong is not None:
        raise ArgumentError(
            f"feature {key!r} of {examples.where(wrong)} has {column.lengths[wrong]} values and "
            f"{[int(place.lengths[wrong]) for place in places]} places.",
            fix="write as many places as values.",
        )
    rows = RowPartition.from_lengths(column.lengths).rowids
    indices = np.stack([rows, *(place.values for place in places)], 1)
    outside = _first(((indices[:, 1:] < 0) | (indices[:, 1:] >= sizes)).any(axis=1))
    if outside is not None:
        raise ArgumentError(
            f"feature {key!r} of {examples.where(rows[outside])} has places outside of {tuple(sizes)}.",
            fix="expect a larger size.",
        )
    order = rows.argsort(kind="stable") if feature.already_sorted else np.lexsort(indices.T[::-1])
    values = _tensor(column.values[order], column.values.shape, dtype)
    return SparseTensor(indices[order], values, (len(column.counts), *sizes))


_PARTITIONS: dict[type, Callable[..., RaggedTensor]] = {
    RowSplits: RaggedTensor.from_row_splits,
    RowLengths: RaggedTensor.from_row_lengths,
    RowStarts: RaggedTensor.from_row_starts,
    RowLimits: RaggedTensor.from_row_limits,
    ValueRowIds: RaggedTensor.from_value_rowids,
}


def _parsed_ragged(examples: Examples, key: str, feature: RaggedFeature) -> Any:
    dtype = dtype_of(feature, key)
    column = examples.column(feature.value_key or key, dtype)
    if not feature.partitions or not len(column.counts):
        lengths = convert_to_tensor(column.lengths.astype(as_dtype(feature.row_splits_dtype).numpy))
        return RaggedTensor.from_row_lengths(_tensor(column.values, column.values.shape, dtype), lengths)
    bounds = [
        examples.column(partition.key, as_dtype("int64")).rows() if hasattr(partition, "key") else None
        for partition in feature.partitions
    ]
    items = [
        _cut(_tensor(values, values.shape, dtype), feature, [rows and rows[index] for rows in bounds])
        for index, values in enumerate(column.rows())
    ]
    return stack_ragged(items).with_row_splits_dtype(feature.row_splits_dtype)


def _cut(values: Any, feature: RaggedFeature, bounds: Sequence[Any]) -> Any:
    """The values of one example in the rows that its partitions say."""
    for partition, numbers in reversed(list(zip(feature.partitions, bounds))):
        if isinstance(partition, UniformRowLength):
            values = RaggedTensor.from_uniform_row_length(values, partition.length)
        else:
            values = _PARTITIONS[type(partition)](values, numbers)
    return values.with_row_splits_dtype(feature.row_splits_dtype)


_PARSERS: dict[type, Callable[..., Any]] = {
    FixedLenFeature: _parsed_fixed,
    FixedLenSequenceFeature: _parsed_sequence,
    VarLenFeature: _parsed_varying,
    SparseFeature: _parsed_sparse,
    RaggedFeature: _parsed_ragged,
}


def parser_of(feature: Any, key: str) -> Callable[..., Any]:
    """What parses a feature.

    Raises: ArgumentError for what describes none.
    """
    parser = _PARSERS.get(type(feature))
    if parser is None:
        raise ArgumentError(
            f"feature {key!r} is expected to be {feature!r:.80}.",
            fix="use tf.io.FixedLenFeature, VarLenFeature, SparseFeature, RaggedFeature or FixedLenSequenceFeature.",
        )
    return parser


@before_programs()
def parse_example(serialized: Any, features: dict[str, Any], example_names: Any = None, name: str | None = None) -> Any:
    """The features of serialized Examples, as tensors by name.

    Args:
        serialized: strings, (batch,); or one string, which gives tensors without the axis of the batch.
        features: what is expected, by name: FixedLenFeature and its kin.
        example_names: names of the examples, for errors.
    Returns: a dict of tensors; of VarLenFeature and SparseFeature SparseTensors, of RaggedFeature RaggedTensors.
    Raises: ArgumentError for a string that is no Example, or one whose features are not as expected: it names both.
    Example:
        >>> example = tf.train.Example()
        >>> example.features.feature["size"].int64_list.value.extend([1, 2])
        >>> parsed = parse_example([example.SerializeToString()], {"size": FixedLenFeature([2], tf.int64)})
        >>> parsed["size"].numpy()
        array([[1, 2]])
    """
    array = texts(serialized, "parse_example")
    if not features:
        raise ArgumentError("parse_example: no features are expected.", fix="name at least one.")
    if array.ndim == 0:
        return parse_single_example(serialized, features, example_names)
    if array.ndim > 1:
        raise ArgumentError(f"parse_example of strings of shape {array.shape}.", fix="reshape them to one axis.")
    parsers = {key: parser_of(feature, key) for key, feature in sorted(features.items())}
    examples = examples_of(array, features, example_names)
    return {key: parser(examples, key, features[key]) for key, parser in parsers.items()}


def _parse_rows(serialized: Any, features: dict[str, Any], example_names: Any = None, name: str | None = None) -> Any:
    """`parse_single_example` of each of several strings.

    Raises: NotTraceableError for features that may have another shape in each example.
    """
    if example_names is not None or not all(type(feature) is FixedLenFeature for feature in features.values()):
        raise NotTraceableError("features of any length are parsed for one example at a time.")
    return parse_example(serialized, features)


@before_programs(on_rows=_parse_rows)
def parse_single_example(
    serialized: Any, features: dict[str, Any], example_names: Any = None, name: str | None = None
) -> Any:
    """The features of one serialized Example, as tensors by name, without an axis for a batch.

    Args:
        serialized: one string.
        features: what is expected, by name.
        example_names: the name of the example, for errors.
    """
    array = texts(serialized, "parse_single_example")
    if array.ndim:
        raise ArgumentError(f"parse_single_example of strings of shape {array.shape}.", fix="use tf.io.parse_example.")
    parsers = {key: _alone_parser(feature, key) for key, feature in sorted(features.items())}
    examples = examples_of(array.reshape(1), features, example_names)
    return {key: parser(examples, key, features[key]) for key, parser in parsers.items()}


# What parses one example without the detour by a batch of one: the commonest features, for data sets of examples.
_ALONE: dict[type, Callable[..., Any]] = {FixedLenFeature: _alone_fixed, VarLenFeature: _alone_varying}


def _alone_parser(feature: Any, key: str) -> Callable[..., Any]:
    """What parses a feature of the only example."""
    parser = parser_of(feature, key)
    return _ALONE.get(type(feature)) or (lambda examples, key, feature: alone(parser(examples, key, feature), feature))


def alone(batch: Any, feature: Any) -> Any:
    """The only item of a batch."""
    if isinstance(batch, SparseTensor):
        return SparseTensor(batch.host_indices()[:, 1:], batch.values, batch.static_shape[1:])
    return batch[0]
