"""TensorFlow's `tf.lookup.experimental`: tables that change."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.lookup.tables import MutableTable, host_keys, key_list, require_whole
from headwater.ops.convert import convert_to_tensor

__all__ = ["DenseHashTable", "MutableHashTable"]


class MutableHashTable(MutableTable):
    """A table that changes. A `tf.train.Checkpoint` keeps what it holds.

    Args:
        key_dtype: string, int32 or int64.
        value_dtype: of the values.
        default_value: what an unknown key gives; its shape is that of a value.
        checkpoint: accepted; a checkpoint keeps every table that it finds.
    Example:
        >>> table = MutableHashTable("string", "int64", -1)
        >>> table.insert(["a"], [7])
        >>> table.lookup(tf.constant(["a", "b"])).numpy()
        array([ 7, -1])
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        name: str | None = "MutableHashTable",
        checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:
        super().__init__(key_dtype, value_dtype, default_value, name)
        require_whole(self.key_dtype, "MutableHashTable")

    def lookup(self, keys: Any, dynamic_default_values: Any = None, name: str | None = None) -> Any:
        """The values of keys; for unknown ones the default, or `dynamic_default_values`, one or one for each key."""
        found = super().lookup(keys)
        if dynamic_default_values is None:
            return found
        flat = keys.flat_values if isinstance(keys, RaggedTensor) else keys
        array, _ = host_keys(flat, self.key_dtype, "lookup")
        known = self._found(array).reshape(array.shape) > 0
        values = host_array(found.flat_values if isinstance(found, RaggedTensor) else found)
        given = host_array(convert_to_tensor(dynamic_default_values))
        shown = known.reshape(*known.shape, *(1,) * self._default.ndim)
        mixed = self._as_tensor(np.where(shown, values, given))
        return found.with_flat_values(mixed) if isinstance(found, RaggedTensor) else mixed


class DenseHashTable(MutableTable):
    """A table that changes, two keys of which are set aside. Here it works as a MutableHashTable does; TensorFlow
    exports empty places, too, this one only keys that are there.

    Args:
        key_dtype: string, int32 or int64.
        value_dtype: of the values.
        default_value: what an unknown key gives; its shape is that of a value.
        empty_key, deleted_key: keys that are never used; their shape is that of a key.
        initial_num_buckets, checkpoint: accepted for TensorFlow's sake.
    Raises: ArgumentError if the two are equal, or one of them is inserted.
    """

    def __init__(
        self,
        key_dtype: Any,
        value_dtype: Any,
        default_value: Any,
        empty_key: Any,
        deleted_key: Any,
        initial_num_buckets: int | None = None,
        name: str | None = "MutableDenseHashTable",
        checkpoint: bool = True,
        experimental_is_anonymous: bool = False,
    ) -> None:
        super().__init__(key_dtype, value_dtype, default_value, name)
        require_whole(self.key_dtype, "DenseHashTable")
        empty = host_keys(empty_key, as_dtype(key_dtype), "empty_key")[0]
        deleted = host_keys(deleted_key, as_dtype(key_dtype), "deleted_key")[0]
        self._key_shape = empty.shape
        self._reserved = {*key_list(empty, self._key_shape), *key_list(deleted, self._key_shape)}
        if len(self._reserved) < 2 or empty.shape != deleted.shape:
            raise ArgumentError("empty_key and deleted_key are equal.", fix="choose two keys that never occur.")

    def _require_usable(self, keys: Any, what: str) -> None:
        array, _ = host_keys(keys, self.key_dtype, what)
        for key in key_list(array, self._key_shape):
            if key in self._reserved:
                raise ArgumentError(
                    f"{what}: the key {key!r} is set aside.", fix="choose other empty and deleted keys."
                )

    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The values of keys; the default for those that are unknown."""
        if not isinstance(keys, RaggedTensor) and not hasattr(keys, "host_indices"):
            self._require_usable(keys, "lookup")
        return super().lookup(keys)

    def insert(self, keys: Any, values: Any, name: str | None = None) -> None:
        """Give keys values; those that are there get other ones."""
        self._require_usable(keys, "insert")
        super().insert(keys, values)

    def insert_or_assign(self, keys: Any, values: Any, name: str | None = None) -> None:
        """As `insert`."""
        self.insert(keys, values)

    def remove(self, keys: Any, name: str | None = None) -> None:
        """Forget keys, of which some may be unknown."""
        self._require_usable(keys, "remove")
        super().remove(keys)

    def erase(self, keys: Any, name: str | None = None) -> None:
        """As `remove`."""
        self.remove(keys)
