"""Tables that are filled once: StaticHashTable, and StaticVocabularyTable, which has buckets for unknown words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, StateError
from headwater.frontend.fingerprints import fingerprint64
from headwater.frontend.prelude import before_programs
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.lookup.tables import Table, host_keys
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import objects


class StaticHashTable(Table):
    """A table that never changes.

    Args:
        initializer: keys and values: KeyValueTensorInitializer, TextFileInitializer.
        default_value: what an unknown key gives.
    Raises: StateError if one key is given different values.
    Example:
        >>> table = StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2]), -1)
        >>> table.lookup(tf.constant(["b", "c"])).numpy()
        array([ 2, -1], dtype=int32)
    """

    def __init__(
        self, initializer: Any, default_value: Any, name: str | None = None, experimental_is_anonymous: bool = False
    ) -> None:
        super().__init__(initializer.key_dtype, initializer.value_dtype, default_value, name)
        initializer.initialize(self)

    def _fill(self, keys: Sequence[Any], values: Sequence[Any]) -> None:
        seen: dict[Any, Any] = {}
        for key, value in zip(keys, values):
            if seen.setdefault(key, value) != value:
                raise StateError(
                    f"the key {key!r} of a table is given {seen[key]!r} and {value!r}.", fix="give each key one value."
                )
        self._put(seen, seen.values())


class StaticVocabularyTable:
    """Numbers of words, with buckets for unknown ones, which are chosen by their hash.

    Args:
        initializer: words and their numbers, int64, from 0; None for buckets alone.
        num_oov_buckets: how many buckets there are; they are numbered after the words.
        lookup_key_dtype: dtype of what is looked up: string, or a whole number's.
    Raises: ArgumentError without buckets; DTypeError for numbers that are not int64.
    Example:
        >>> words = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([0, 1], tf.int64))
        >>> StaticVocabularyTable(words, 3).lookup(tf.constant(["b", "z"])).numpy()
        array([1, 3])
    """

    def __init__(
        self,
        initializer: Any,
        num_oov_buckets: int,
        lookup_key_dtype: Any = None,
        name: str | None = None,
        experimental_is_anonymous: bool = False,
    ) -> None:
        if int(num_oov_buckets) <= 0:
            raise ArgumentError(f"{num_oov_buckets} buckets for unknown words.", fix="pass at least 1.")
        self._buckets, self._table, self._name = int(num_oov_buckets), None, name
        if initializer is not None:
            if as_dtype(initializer.value_dtype).name != "int64":
                raise DTypeError(
                    f"a vocabulary's numbers are {as_dtype(initializer.value_dtype).name}.", fix="cast them to int64."
                )
            self._table = StaticHashTable(initializer, np.int64(-1))
        own = "string" if initializer is None else initializer.key_dtype
        self._key_dtype = as_dtype(lookup_key_dtype or own)
        if self._key_dtype.kind != "string" and not self._key_dtype.is_integer:
            raise DTypeError(f"words of {self._key_dtype.name}.", fix="look up strings or whole numbers.")

    key_dtype = property(lambda self: self._key_dtype, doc="The dtype of what is looked up.")
    value_dtype = property(lambda self: as_dtype("int64"), doc="int64.")
    name = property(lambda self: self._name, doc="A name for people.")
    resource_handle = property(lambda self: self, doc="Itself: tables are the host's.")

    def size(self, name: str | None = None) -> Any:
        """How many numbers there are: of words and of buckets."""
        return convert_to_tensor((0 if self._table is None else len(self._table)) + self._buckets, as_dtype("int64"))

    @before_programs(lambda table, keys, name=None: (keys.spec.shape, as_dtype("int64")))
    def lookup(self, keys: Any, name: str | None = None) -> Any:
        """The numbers of words: int64, in the form of the keys, a tensor or a ragged or sparse one."""
        if isinstance(keys, RaggedTensor):
            return keys.with_flat_values(self.lookup(keys.flat_values))
        if isinstance(keys, SparseTensor):
            return keys.with_values(self.lookup(keys.values))
        array, _ = host_keys(keys, self._key_dtype, "lookup")
        words = array.reshape(-1)
        found = np.full(len(words), -1, np.int64)
        known = 0
        if self._table is not None:
            same = self._table.key_dtype.kind == self._key_dtype.kind
            own = words if same else objects(list(map(_spelled, words.tolist())), words.shape)
            found, known = self._table._stacked()[self._table._found(own)], len(self._table)
        unknown = np.flatnonzero(found < 0)
        hashes = fingerprint64(list(map(_spelled, words[unknown].tolist())))
        found = found.copy()
        found[unknown] = known + (hashes % np.uint64(self._buckets)).astype(np.int64)
        return convert_to_tensor(found.reshape(array.shape))

    def __getitem__(self, keys: Any) -> Any:
        return self.lookup(keys)


def _spelled(word: Any) -> bytes:
    return word if isinstance(word, bytes) else str(word).encode()
