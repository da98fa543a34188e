"""Hash buckets of strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.errors import ArgumentError
from headwater.frontend.fingerprints import fingerprint64, hash64, siphash
from headwater.frontend.host_values import host_array
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import of_numbers, string_op, texts


def _buckets(hashes: np.ndarray, num_buckets: int, shape: Any) -> Any:
    if int(num_buckets) < 1:
        raise ArgumentError(f"{num_buckets} hash buckets.", fix="pass num_buckets of at least 1.")
    return of_numbers((hashes % np.uint64(num_buckets)).astype(np.int64), shape, "int64")


@string_op
def to_hash_bucket(input: Any, num_buckets: int, name: str | None = None) -> Any:
    """The bucket of each string, by TensorFlow's older hash, which it may change: int64.

    Args:
        input: strings.
        num_buckets: how many buckets there are.
    """
    array = texts(input, "to_hash_bucket")
    return _buckets(hash64(array.reshape(-1).tolist()), num_buckets, array.shape)


@string_op
def to_hash_bucket_fast(input: Any, num_buckets: int, name: str | None = None) -> Any:
    """The bucket of each string, by FarmHash's fingerprint, which never changes: int64.

    Args:
        input: strings.
        num_buckets: how many buckets there are.
    Example:
        >>> to_hash_bucket_fast(["Hello", "TensorFlow", "2.x"], 3).numpy()
        array([0, 2, 2])
    """
    array = texts(input, "to_hash_bucket_fast")
    return _buckets(fingerprint64(array.reshape(-1).tolist()), num_buckets, array.shape)


@string_op
def to_hash_bucket_strong(input: Any, num_buckets: int, key: Sequence[int], name: str | None = None) -> Any:
    """The bucket of each string, by SipHash with a key: nobody who lacks the key can fill one bucket: int64.

    Args:
        input: strings.
        num_buckets: how many buckets there are.
        key: two whole numbers.
    Example:
        >>> to_hash_bucket_strong(["Hello", "TF"], 3, [1, 2]).numpy()
        array([2, 0])
    """
    if len(key) != 2:
        raise ArgumentError(f"a key of {len(key)} numbers.", fix="pass two whole numbers.")
    array = texts(input, "to_hash_bucket_strong")
    hashes = siphash(array.reshape(-1).tolist(), (int(key[0]), int(key[1])))
    return _buckets(hashes, num_buckets, array.shape)


def fingerprint(data: Any, method: str = "farmhash64", name: str | None = None) -> Any:
    """FarmHash's fingerprint of each row: uint8, (rows, 8).

    Args:
        data: strings, (rows,), or numbers, of which the bytes of each row count.
        method: "farmhash64".
    Raises: ArgumentError for another method.
    """
    if not isinstance(method, str) or method != "farmhash64":
        raise ArgumentError(f"fingerprint: method {method!r}.", fix="use 'farmhash64'.")
    array = host_array(convert_to_tensor(data))
    rows = array.tolist() if array.dtype == object and array.ndim == 1 else [row.tobytes() for row in array]
    return convert_to_tensor(fingerprint64(rows).astype("<u8").view(np.uint8).reshape(len(rows), 8))
