"""The values of the features of serialized Examples: a column for each feature.

Batches are parsed natively. Where anything about them is odd, examples are walked one by one, for where the lists of
their features lie; only lists that are asked for are read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater.backends.cpu import native
from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DataLossError
from headwater.io import wire
from headwater.io.features import RaggedFeature, SparseFeature
from headwater.io.messages import packed, read_values
from headwater.strings.elements import objects, texts

_KINDS = {1: "bytes", 2: "float", 3: "int64"}
_DTYPES = {"bytes": "string", "float": "float32", "int64": "int64"}
_NUMBERS = {_DTYPES[kind]: number for number, kind in _KINDS.items()}
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


class Record:
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
            raise damaged_example(self.where, error) from None
        raise ArgumentError(
            f"feature {key!r} of {self.where} holds {_DTYPES[found.kind]} values, not {dtype.name}.",
            fix=f"expect dtype {_DTYPES[found.kind]}, and cast afterwards.",
        )


def damaged_example(where: str, error: DataLossError) -> ArgumentError:
    """What to raise for a string that is no example."""
    return ArgumentError(f"{where} could not be parsed: {error.what}", fix="see who wrote it; it is no Example.")


def _record(data: bytes, index: int, name: str = "") -> Record:
    features: dict[bytes, Bounds] = {}
    try:
        for number, kind, value in wire.fields(data):
            if number == 1 and kind == wire.BYTES:
                features.update(find_features(data, *value))
    except DataLossError as error:
        raise damaged_example(f"example {index}", error) from None
    return Record(data, index, features, name)


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


class Column(NamedTuple):
    """The values of one feature of all examples.

    Attributes:
        values: one after the other; strings are `bytes` objects.
        counts: how many each example has; -1 where it has no such feature.
    """

    values: np.ndarray
    counts: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """How many values each example has."""
        return np.maximum(self.counts, 0)

    def rows(self) -> list[np.ndarray]:
        """The values of each example."""
        return np.split(self.values, np.cumsum(self.lengths)[:-1]) if len(self.counts) else []


def column_of(rows: Sequence[Any], dtype: DType) -> Column:
    """A column of the values of each example, None for an example without the feature."""
    counts = np.array([-1 if row is None else len(row) for row in rows], np.int64)
    return Column(joined([row for row in rows if row is not None], dtype), counts)


class Examples:
    """A batch of serialized examples: gives the values of their features.

    Args:
        records: the examples.
        columns: those that are known, by name and dtype.
    """

    def __init__(self, records: Callable[[], Sequence[Record]], columns: dict[Any, Column] | None = None) -> None:
        self._columns = columns
        self._made = records

    @functools.cached_property
    def records(self) -> Sequence[Record]:
        """The examples one by one; where there is anything wrong, they have the words for it."""
        return self._made()

    def column(self, key: str, dtype: DType) -> Column:
        """The values of a feature.

        Raises: ArgumentError if they are of another dtype, or an example is damaged.
        """
        if self._columns is not None:
            return self._columns[key, dtype]
        return column_of([record.values(key, dtype) for record in self.records], dtype)

    def where(self, index: int) -> str:
        """Which example one is."""
        return self.records[index].where


def index_keys(feature: SparseFeature) -> list[str]:
    """The names of the features that hold places, one for each axis."""
    return list(feature.index_key) if isinstance(feature.index_key, (list, tuple)) else [feature.index_key]


def _wanted(features: dict[str, Any]) -> list[tuple[str, DType]]:
    """Names and dtypes of what must be read of examples, each once."""
    found: dict[tuple[str, DType], None] = {}
    for key, feature in features.items():
        keys, places = [key], []
        if isinstance(feature, SparseFeature):
            keys, places = [feature.value_key], index_keys(feature)
        elif isinstance(feature, RaggedFeature):
            keys, places = [feature.value_key or key], [part.key for part in feature.partitions if hasattr(part, "key")]
        found.update(dict.fromkeys((name, dtype_of(feature, key)) for name in keys))
        found.update(dict.fromkeys((name, as_dtype("int64")) for name in places))
    return list(found)


def _columns_of(array: np.ndarray, features: dict[str, Any]) -> dict[Any, Column] | None:
    """The columns that features need; None if an example is odd in any way, or a name is wanted in two dtypes."""
    wanted = _wanted(features)
    names = [key.encode() for key, _ in wanted]
    if len(set(names)) != len(names):
        return None
    found = native.parse_examples(np.ascontiguousarray(array), names, [_NUMBERS[dtype.name] for _, dtype in wanted])
    if found is None:
        return None
    return {pair: Column(_as_array(values), np.asarray(counts)) for pair, (values, counts) in zip(wanted, found)}


def _as_array(values: Any) -> np.ndarray:
    return objects(values, (len(values),)) if type(values) is list else np.asarray(values)


def joined(parts: Sequence[Any], dtype: DType) -> np.ndarray:
    """The values of several lists as one array."""
    if dtype.kind == "string":
        values = [value for part in parts for value in part]
        return objects(values, (len(values),))
    return np.concatenate([np.zeros(0, dtype.numpy), *parts])


def names_of(example_names: Any, count: int) -> list[str]:
    """The names of examples, empty ones where none are given."""
    if example_names is None:
        return [""] * count
    return [name.decode("utf-8", "replace") for name in texts(example_names, "example_names").reshape(-1).tolist()]


def examples_of(array: np.ndarray, features: dict[str, Any], example_names: Any) -> Examples:
    """The examples of a batch of strings."""
    names = names_of(example_names, len(array))

    def records() -> list[Record]:
        return [_record(data, index, label) for index, (data, label) in enumerate(zip(array.tolist(), names))]

    return Examples(records, _columns_of(array, features))
