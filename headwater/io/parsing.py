"""Examples parsed: from strings to tensors, by what is expected of each feature.

A serialized Example is walked once, for where the lists of its features lie; only lists that are asked for are read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DataLossError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.ragged_tensor.partition import RowPartition
from headwater.frontend.ragged_tensor.rearrangement import stack as stack_ragged
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.io import wire
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
from headwater.io.messages import packed, read_values
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import objects, of_strings, texts

_KINDS = {1: "bytes", 2: "float", 3: "int64"}
_DTYPES = {"bytes": "string", "float": "float32", "int64": "int64"}
Bounds = tuple[int, int]


class Found(NamedTuple):
    """A feature of an example: the kind of its values, and where their list lies."""

    kind: str
    bounds: Bounds


def find_features(data: bytes, start: int, end: int) -> dict[bytes, Bounds]:
    """Where the feature of each name lies in a serialized Features message; the last one of a name counts."""
    found = {}
    for number, kind, value in wire.fields(data, start, end):
        if number == 1 and kind == wire.BYTES:
            name, bounds = b"", (0, 0)
            for part, part_kind, part_value in wire.fields(data, *value):
                if part_kind == wire.BYTES and part == 1:
                    name = data[part_value[0] : part_value[1]]
                elif part_kind == wire.BYTES and part == 2:
                    bounds = part_value
            found[name] = bounds
    return found


def _kind_of(data: bytes, bounds: Bounds) -> Found | None:
    """What a Feature message holds; None if nothing."""
    found = None
    for number, kind, value in wire.fields(data, *bounds):
        if number in _KINDS and kind == wire.BYTES:
            found = Found(_KINDS[number], value)
    return found


def read_list(data: bytes, found: Found) -> Any:
    """The values of a list: an array of numbers, or a list of bytes."""
    parts = []
    for number, kind, value in wire.fields(data, *found.bounds):
        if number == 1:
            whole = found.kind != "bytes" and kind == wire.BYTES
            parts.append(packed(found.kind, data, *value) if whole else read_values(found.kind, kind, value, data))
    if found.kind == "bytes":
        return [text for part in parts for text in part]
    kind = np.float32 if found.kind == "float" else np.int64
    return np.asarray(parts[0], kind) if len(parts) == 1 else np.concatenate([np.zeros(0, kind), *parts]).astype(kind)


class _Record:
    """A serialized example, one of a batch: gives the values of its features, and says where it is in errors."""

    def __init__(self, data: bytes, index: int, features: dict[bytes, Bounds], name: str = "") -> None:
        self.data, self.index, self.features, self.name = data, index, features, name

    @property
    def where(self) -> str:
        """Which one it is."""
        return f"example {self.index}" + (f" ({self.name})" if self.name else "")

    def values(self, key: str, dtype: DType) -> Any:
        """The values of a feature; None if it has no such one.

        Raises: ArgumentError if they are of another dtype.
        """
        bounds = self.features.get(key.encode())
        return None if bounds is None else self.values_at(bounds, key, dtype)

    def values_at(self, bounds: Bounds, key: str, dtype: DType) -> Any:
        """The values of the feature that lies there."""
        try:
            found = _kind_of(self.data, bounds)
            if found is None:
                return None
            if _DTYPES[found.kind] == dtype.name:
                return read_list(self.data, found)
        except DataLossError as error:
            raise _damaged(self.where, error) from None
        raise ArgumentError(
            f"feature {key!r} of {self.where} holds {_DTYPES[found.kind]} values, not {dtype.name}.",
            fix=f"expect dtype {_DTYPES[found.kind]}, and cast afterwards.",
        )


def _damaged(where: str, error: DataLossError) -> ArgumentError:
    return ArgumentError(f"{where} could not be parsed: {error.what}", fix="see who wrote it; it is no Example.")


def _record(data: bytes, index: int, name: str = "") -> _Record:
    features: dict[bytes, Bounds] = {}
    try:
        for number, kind, value in wire.fields(data):
            if number == 1 and kind == wire.BYTES:
                features.update(find_features(data, *value))
    except DataLossError as error:
        raise _damaged(f"example {index}", error) from None
    return _Record(data, index, features, name)


def dtype_of(feature: Any, key: str) -> DType:
    """The dtype that a feature is expected to have.

    Raises: ArgumentError for one that examples can't have.
    """
    dtype = as_dtype(feature.dtype)
    if dtype.name not in ("float32", "int64", "string"):
        raise ArgumentError(
            f"feature {key!r} is expected as {dtype.name}.", fix="expect float32, int64 or string, and cast afterwards."
        )
    return dtype


def _tensor(values: Any, shape: Sequence[int], dtype: DType) -> Any:
    """A tensor of an array of numbers or a list of bytes."""
    if dtype.kind == "string":
        return of_strings(list(values), tuple(shape))
    return convert_to_tensor(np.asarray(values, dtype.numpy).reshape(tuple(shape)))


def _joined(parts: Sequence[Any], dtype: DType) -> Any:
    if dtype.kind == "string":
        return [value for part in parts for value in part]
    return np.concatenate([np.zeros(0, dtype.numpy), *parts])


def _empty(dtype: DType) -> Any:
    return [] if dtype.kind == "string" else np.zeros(0, dtype.numpy)


def _default(value: Any, dtype: DType, shape: Sequence[int], key: str) -> Any:
    tensor = convert_to_tensor(value, None if dtype.kind == "string" else dtype)
    array = host_array(tensor)
    if array.size != math.prod(shape) and array.size != 1:
        raise ArgumentError(
            f"feature {key!r} has a default of shape {array.shape}, and the shape {tuple(shape)}.",
            fix="give a default of that shape.",
        )
    flat = array.reshape(-1).tolist() * (math.prod(shape) if array.size == 1 and math.prod(shape) != 1 else 1)
    return flat if dtype.kind == "string" else np.array(flat, dtype.numpy)


def _parsed_fixed(records: Sequence[_Record], key: str, feature: FixedLenFeature) -> Any:
    dtype, shape = dtype_of(feature, key), tuple(feature.shape)
    rows = [_fixed_values(record, key, feature, dtype, shape) for record in records]
    return _tensor(_joined(rows, dtype), (len(records), *shape), dtype)


def _fixed_values(record: _Record, key: str, feature: FixedLenFeature, dtype: DType, shape: Any) -> Any:
    """The values of one example, as many as its shape says."""
    if None in shape or -1 in shape:
        raise ArgumentError(
            f"feature {key!r} has the shape {shape}, not all of which is known.", fix="use FixedLenSequenceFeature."
        )
    values = record.values(key, dtype)
    if values is None:
        if feature.default_value is None:
            raise ArgumentError(
                f"{record.where} has no feature {key!r}, of {dtype.name}.",
                fix="pass a default_value, or expect a VarLenFeature.",
            )
        values = _default(feature.default_value, dtype, shape, key)
    if len(values) != math.prod(shape):
        raise ArgumentError(
            f"feature {key!r} of {record.where} has {len(values)} values, and its shape is {shape}.",
            fix="expect that shape, or a VarLenFeature.",
        )
    return values


def _alone_fixed(record: _Record, key: str, feature: FixedLenFeature) -> Any:
    dtype, shape = dtype_of(feature, key), tuple(feature.shape)
    return _tensor(_fixed_values(record, key, feature, dtype, shape), shape, dtype)


def _alone_varying(record: _Record, key: str, feature: VarLenFeature) -> SparseTensor:
    dtype = dtype_of(feature, key)
    values = record.values(key, dtype)
    values = _empty(dtype) if values is None else values
    count = len(values)
    return SparseTensor(np.arange(count)[:, None], _tensor(values, (count,), dtype), (count,))


def _parsed_sequence(records: Sequence[_Record], key: str, feature: FixedLenSequenceFeature) -> Any:
    dtype, shape = dtype_of(feature, key), tuple(feature.shape)
    if not feature.allow_missing:
        raise ArgumentError(f"feature {key!r} of an Example is a sequence.", fix="pass allow_missing=True.")
    rows = []
    for record in records:
        values = record.values(key, dtype)
        rows.append(_empty(dtype) if values is None else values)
        _require_steps(len(rows[-1]), shape, key, record)
    return padded(rows, shape, dtype, feature.default_value, key)


def _require_steps(count: int, shape: Sequence[int], key: str, record: _Record) -> None:
    size = math.prod(shape)
    if size and count % size:
        raise ArgumentError(
            f"feature {key!r} of {record.where} has {count} values, which are no steps of shape {tuple(shape)}.",
            fix="expect the shape of a step, or a VarLenFeature.",
        )


def padded(rows: Sequence[Any], shape: Sequence[int], dtype: DType, default: Any, key: str) -> Any:
    """Rows of values of steps as one tensor, (rows, steps, ...), shorter ones padded."""
    size = max(math.prod(shape), 1)
    steps = max((len(row) // size for row in rows), default=0)
    fill = b"" if dtype.kind == "string" else 0
    if default is not None:
        fill = _default(default, dtype, (), key)[0]
    if dtype.kind == "string":
        flat = [value for row in rows for value in [*row, *[fill] * (steps * size - len(row))]]
        return of_strings(flat, (len(rows), steps, *shape))
    array = np.full((len(rows), steps * size), fill, dtype.numpy)
    for place, row in zip(array, rows):
        place[: len(row)] = row
    return convert_to_tensor(array.reshape(len(rows), steps, *shape))


def _parsed_varying(records: Sequence[_Record], key: str, feature: VarLenFeature) -> Any:
    dtype = dtype_of(feature, key)
    found = [record.values(key, dtype) for record in records]
    rows = [_empty(dtype) if values is None else values for values in found]
    partition = RowPartition.from_lengths(np.array(list(map(len, rows)), np.int64))
    indices = np.stack([partition.rowids, partition.columns], 1)
    values = _joined(rows, dtype)
    return SparseTensor(indices, _tensor(values, (len(values),), dtype), (len(rows), partition.longest))


def _parsed_sparse(records: Sequence[_Record], key: str, feature: SparseFeature) -> Any:
    dtype = dtype_of(feature, key)
    many = isinstance(feature.index_key, (list, tuple))
    keys = list(feature.index_key) if many else [feature.index_key]
    sizes = [int(size) for size in (feature.size if isinstance(feature.size, (list, tuple)) else [feature.size])]
    if len(keys) != len(sizes):
        raise ArgumentError(
            f"feature {key!r} has {len(keys)} index keys, {len(sizes)} sizes.", fix="pass one for each."
        )
    indices, rows = [], []
    for record in records:
        values = record.values(feature.value_key, dtype)
        values = _empty(dtype) if values is None else values
        places = [record.values(name, as_dtype("int64")) for name in keys]
        columns = [_empty(as_dtype("int64")) if place is None else place for place in places]
        if any(len(column) != len(values) for column in columns):
            raise ArgumentError(
                f"feature {key!r} of {record.where} has {len(values)} values and {list(map(len, columns))} places.",
                fix="write as many places as values.",
            )
        own = np.stack([np.full(len(values), len(rows)), *columns], 1).astype(np.int64)
        _require_inside(own[:, 1:], sizes, key, record)
        order = np.arange(len(own)) if feature.already_sorted else np.lexsort(own.T[::-1])
        indices.append(own[order])
        rows.append([values[place] for place in order] if dtype.kind == "string" else values[order])
    flat = _joined(rows, dtype)
    whole = np.concatenate([np.zeros((0, len(keys) + 1), np.int64), *indices])
    return SparseTensor(whole, _tensor(flat, (len(flat),), dtype), (len(rows), *sizes))


def _require_inside(places: np.ndarray, sizes: Sequence[int], key: str, record: _Record) -> None:
    if places.size and ((places < 0) | (places >= sizes)).any():
        raise ArgumentError(
            f"feature {key!r} of {record.where} has places outside of {tuple(sizes)}.", fix="expect a larger size."
        )


_PARTITIONS: dict[type, Callable[..., RaggedTensor]] = {
    RowSplits: RaggedTensor.from_row_splits,
    RowLengths: RaggedTensor.from_row_lengths,
    RowStarts: RaggedTensor.from_row_starts,
    RowLimits: RaggedTensor.from_row_limits,
    ValueRowIds: RaggedTensor.from_value_rowids,
}


def _parsed_ragged(records: Sequence[_Record], key: str, feature: RaggedFeature) -> Any:
    items = [_rows_of(record, key, feature) for record in records]
    if not feature.partitions:
        return _in_rows(items, dtype_of(feature, key), feature.row_splits_dtype)
    if not items:
        return _in_rows([], dtype_of(feature, key), feature.row_splits_dtype)
    return stack_ragged(items).with_row_splits_dtype(feature.row_splits_dtype)


def _in_rows(rows: Sequence[Any], dtype: DType, splits_dtype: Any) -> RaggedTensor:
    flat = _joined(rows, dtype)
    lengths = np.array(list(map(len, rows)), as_dtype(splits_dtype).numpy)
    return RaggedTensor.from_row_lengths(_tensor(flat, (len(flat),), dtype), convert_to_tensor(lengths))


def _rows_of(record: _Record, key: str, feature: RaggedFeature) -> Any:
    """The values of one example: as they are, or in the rows that its partitions say."""
    dtype = dtype_of(feature, key)
    values = record.values(feature.value_key or key, dtype)
    values = _empty(dtype) if values is None else values
    if not feature.partitions:
        return values
    found: Any = _tensor(values, (len(values),), dtype)
    for partition in reversed(feature.partitions):
        if isinstance(partition, UniformRowLength):
            found = RaggedTensor.from_uniform_row_length(found, partition.length)
            continue
        numbers = record.values(partition.key, as_dtype("int64"))
        found = _PARTITIONS[type(partition)](found, np.zeros(0, np.int64) if numbers is None else numbers)
    return found.with_row_splits_dtype(feature.row_splits_dtype)


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


def _names(example_names: Any, count: int) -> list[str]:
    if example_names is None:
        return [""] * count
    return [name.decode("utf-8", "replace") for name in texts(example_names, "example_names").reshape(-1).tolist()]


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
    names = _names(example_names, len(array))
    records = [_record(data, index, label) for index, (data, label) in enumerate(zip(array.tolist(), names))]
    return {key: parser_of(feature, key)(records, key, feature) for key, feature in sorted(features.items())}


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
    record = _record(array.item(), 0, _names(example_names, 1)[0])
    return {key: _alone(record, key, feature) for key, feature in sorted(features.items())}


# What parses one example without the detour by a batch of one: the commonest features, for data sets of examples.
_ALONE: dict[type, Callable[..., Any]] = {FixedLenFeature: _alone_fixed, VarLenFeature: _alone_varying}


def _alone(record: _Record, key: str, feature: Any) -> Any:
    parser = _ALONE.get(type(feature))
    if parser is not None:
        return parser(record, key, feature)
    return alone(parser_of(feature, key)([record], key, feature), feature)


def alone(batch: Any, feature: Any) -> Any:
    """The only item of a batch."""
    if isinstance(batch, SparseTensor):
        return SparseTensor(batch.host_indices()[:, 1:], batch.values, batch.static_shape[1:])
    return batch[0]


def string_values(values: list[bytes]) -> np.ndarray:
    """Byte strings as an array."""
    return objects(values, (len(values),))
