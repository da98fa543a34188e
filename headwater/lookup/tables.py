"""What every table does: keys to values, of tensors, ragged and sparse ones."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DTypeError, NotTraceableError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.frontend.prelude import before_programs
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.io import wire
from headwater.io.tensor_proto import parse_tensor, serialize_tensor
from headwater.lookup.string_index import StringIndex
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import objects, of_strings, texts

_LOOKED_UP = 4  # look-ups in a dict that take as long as one key of an index


def host_keys(keys: Any, dtype: DType, what: str) -> tuple[np.ndarray, Any]:
    """Keys as an array.

    Returns: the array, and its tensor.
    Raises: DTypeError if they are of another dtype; NotTraceableError for a traced tensor.
    """
    tensor = convert_to_tensor(keys) if hasattr(keys, "spec") else convert_to_tensor(keys, _wanted(keys, dtype))
    if tensor.spec.dtype is not dtype:
        raise DTypeError(
            f"{what}: keys of {tensor.spec.dtype.name} in a table of {dtype.name} keys.",
            fix=f"cast them to {dtype.name}.",
        )
    if dtype.kind == "string":
        return texts(tensor, what), tensor
    if tensor.buffer is None:
        raise NotTraceableError(
            f"{what}: keys that depend on the arguments of a function being traced; tables are the host's.",
            fix="look keys up outside of it, or let tf.function run it op by op.",
        )
    return host_array(tensor), tensor


def _wanted(keys: Any, dtype: DType) -> DType | None:
    return None if dtype.kind == "string" or hasattr(keys, "dtype") else dtype


def key_list(array: np.ndarray, key_shape: tuple[int, ...]) -> list[Any]:
    """The keys of an array, hashable: vectors as tuples."""
    if not key_shape:
        return array.reshape(-1).tolist()
    return list(map(tuple, array.reshape(-1, *key_shape).tolist()))


def _looked_up(table: Any, keys: Any, name: str | None = None) -> Any:
    """Shape and dtype of the values of keys that are not known yet."""
    lead = keys.spec.shape[: keys.spec.ndim - len(table._key_shape)]
    return (*lead, *table.default_value.spec.shape), table.value_dtype


class Table:
    """Base of the tables.

    Args:
        key_dtype, value_dtype: of what goes in and comes out.
        default: what an unknown key gives: an array of the shape of a value.
        name: for people.
    """

    def __init__(self, key_dtype: Any, value_dtype: Any, default: Any, name: str | None) -> None:
        self._key_dtype, self._value_dtype = as_dtype(key_dtype), as_dtype(value_dtype)
        kind = None if self._value_dtype.kind == "string" else self._value_dtype
        tensor = convert_to_tensor(default, kind if not hasattr(default, "spec") else None)
        if tensor.spec.dtype is not self._value_dtype:
            raise DTypeError(
                f"a default of {tensor.spec.dtype.name} in a table of {self._value_dtype.name} values.",
                fix=f"cast it to {self._value_dtype.name}.",
            )
        self._default = host_array(tensor)
        self._default_tensor = tensor
        self._key_shape: tuple[int, ...] = ()
        self._rows: dict[Any, int] = {}
        self._values: list[Any] = []
        self._array: np.ndarray | None = None  # the default, then the values, once they were asked for
        self._index: StringIndex | None = None  # of the keys in the order of their rows, once that paid
        self._lock = threading.RLock()
        self._name = name

    @property
    def key_dtype(self) -> DType:
        """The dtype of keys."""
        return self._key_dtype

    @property
    def value_dtype(self) -> DType:
        """The dtype of values."""
        return self._value_dtype

    @property
    def name(self) -> str | None:
        """A name for people."""
        return self._name

    @property
    def default_value(self) -> Any:
        """What an unknown key gives."""
        return self._default_tensor

    @property
    def resource_handle(self) -> Table:
        """Itself: tables are the host's."""
        return self

    def size(self, name: str | None = None) -> Any:
        """How many keys it holds: int64."""
        return convert_to_tensor(len(self._rows), as_dtype("int64"))

    def __len__(self) -> int:
        return len(self._rows)

    def _put(self, keys: Iterable[Any], values: Iterable[Any]) -> None:
        with self._lock:
            for key, value in zip(keys, values):
                row = self._rows.get(key)
                if row is None:
                    self._rows[key] = len(self._values)
                    self._values.append(value)
                else:
                    self._values[row] = value
            self._array = self._index = None

    def _drop(self, keys: Iterable[Any]) -> None:
        with self._lock:
            for key in keys:
                self._rows.pop(key, None)
            kept = list(self._rows.items())
            self._rows = {key: place for place, (key, _) in enumerate(kept)}
            self._values = [self._values[row] for _, row in kept]
            self._array = self._index = None

    def _stacked(self) -> np.ndarray:
        """The default, then the values in the order of their rows."""
        with self._lock:
            if self._array is None:
                default = self._default.item() if not self._default.shape else self._default
                rows = [default, *self._values]
                if self._value_dtype.kind == "string":
                    flat = [text for row in rows for text in np.asarray(row, object).reshape(-1).tolist()]
                    self._array = objects(flat, (len(rows), *self._default.shape))
                else:
                    self._array = np.asarray(rows, self._value_dtype.numpy).reshape(len(rows), *self._default.shape)
            return self._array

    def _found(self, keys: np.ndarray) -> np.ndarray:
        """The row of each key in `_stacked`: 0 for one that is unknown."""
        index = self._index_for(keys)
        if index is not None:
            return index.places(keys.reshape(-1)) + 1
        listed = key_list(keys, self._key_shape)
        return np.fromiter(map(self._rows.get, listed, itertools.repeat(-1)), np.int64, len(listed)) + 1

    def _index_for(self, keys: np.ndarray) -> StringIndex | None:
        """The index of the keys; made where as many are looked up as it takes: the table may change soon."""
        if self._index is None and self._key_dtype.kind == "string" and not self._key_shape:
            with self._lock:
                if keys.size * _LOOKED_UP >= len(self._rows):
                    self._index = StringIndex(list(self._rows))
        return self._index

    @before_programs(_looked_up)
    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys; the default for those that are unknown.

        Args:
            keys: a tensor, or a ragged or sparse one.
        Returns: values in the form of the keys.
        Raises: DTypeError for keys of another dtype.
        """
        if isinstance(keys, RaggedTensor):
            return keys.with_flat_values(self.lookup(keys.flat_values))
        if isinstance(keys, SparseTensor):
            return keys.with_values(self.lookup(keys.values))
        array, _ = host_keys(keys, self._key_dtype, "lookup")
        lead = array.shape[: array.ndim - len(self._key_shape)]
        rows = self._found(array)
        return self._as_tensor(self._stacked()[rows].reshape((*lead, *self._default.shape)))

    def _as_tensor(self, array: np.ndarray) -> Any:
        if self._value_dtype.kind == "string":
            return of_strings(array.reshape(-1).tolist(), array.shape)
        return convert_to_tensor(array)

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)

    def export(self, name: str | None = None) -> tuple[Any, Any]:
        """All keys, and their values."""
        with self._lock:
            keys = list(self._rows)
            values = self._stacked()[1:]
            order = [self._rows[key] for key in keys]
        return self._keys_tensor(keys), self._as_tensor(values[np.array(order, np.int64)])

    def _keys_tensor(self, keys: Sequence[Any]) -> Any:
        if self._key_dtype.kind == "string":
            return of_strings(list(keys), (len(keys),))
        return convert_to_tensor(np.array(keys, self._key_dtype.numpy).reshape(len(keys), *self._key_shape))

    def _pairs(self, keys: Any, values: Any, what: str) -> tuple[list[Any], list[Any]]:
        """Keys and values that fit together, as lists."""
        array, _ = host_keys(keys, self._key_dtype, what)
        kind = None if self._value_dtype.kind == "string" or hasattr(values, "dtype") else self._value_dtype
        tensor = convert_to_tensor(values, kind)
        if tensor.spec.dtype is not self._value_dtype:
            raise DTypeError(
                f"{what}: values of {tensor.spec.dtype.name} in a table of {self._value_dtype.name} values.",
                fix=f"cast them to {self._value_dtype.name}.",
            )
        lead = array.shape[: array.ndim - len(self._key_shape)]
        if tuple(tensor.spec.shape) != (*lead, *self._default.shape):
            raise ShapeError(
                f"{what}: values of shape {tuple(tensor.spec.shape)} for keys of shape {array.shape}.",
                fix=f"give one value of shape {self._default.shape} for each key.",
            )
        given = host_keys(tensor, self._value_dtype, what)[0].reshape(-1, *self._default.shape)
        return key_list(array, self._key_shape), given.tolist() if not self._default.shape else list(given)


class MutableTable(Table):
    """Base of the tables that change. A checkpoint keeps what they hold."""

    def insert(self, keys: Any, values: Any, name: str | None = None) -> None:
        """Give keys values; those that are there get other ones."""
        self._put(*self._pairs(keys, values, "insert"))

    def remove(self, keys: Any, name: str | None = None) -> None:
        """Forget keys, of which some may be unknown."""
        array, _ = host_keys(keys, self._key_dtype, "remove")
        self._drop(key_list(array, self._key_shape))

    def saved_state(self) -> bytes:
        """Its keys and values as bytes."""
        keys, values = self.export()
        return b"".join(wire.bytes_field(n, serialize_tensor(x).numpy()) for n, x in ((1, keys), (2, values)))

    def restore_saved_state(self, data: bytes) -> None:
        """Hold what those bytes say.

        Raises: DataLossError for damaged bytes; DTypeError for a table of other dtypes.
        """
        parts = {
            number: data[bounds[0] : bounds[1]] for number, kind, bounds in wire.fields(data) if kind == wire.BYTES
        }
        if set(parts) != {1, 2}:
            raise wire.damaged("it holds no table")
        keys, values = parse_tensor(parts[1], self._key_dtype), parse_tensor(parts[2], self._value_dtype)
        pairs = self._pairs(keys, values, "restore")
        with self._lock:
            self._rows, self._values = {}, []
            self._put(*pairs)


def require_whole(dtype: DType, what: str) -> None:
    """Raise ArgumentError unless a dtype can be that of keys."""
    if not (dtype.is_integer or dtype.kind == "string"):
        raise ArgumentError(f"{what}: keys of {dtype.name}.", fix="use strings, int32 or int64.")
