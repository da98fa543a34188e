"""Buckets that tokens are hashed into, as TensorFlow hashes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import headwater as tf
from headwater import ops


def hash_buckets(tokens: np.ndarray, count: int, salt: Sequence[int] | None) -> np.ndarray:
    """The bucket of each token: its hash modulo their number.

    Args:
        tokens: an array of `bytes` objects, or of whole numbers, which are hashed as decimal text.
        count: how many buckets there are.
        salt: two whole numbers, the key of SipHash; None for FarmHash.
    Returns: int64, of the shape of `tokens`.
    """
    texts = tokens if tokens.dtype == object else np.char.mod("%d", tokens).astype(np.bytes_).astype(object)
    tensor: Any = ops.convert_to_tensor(texts)
    if salt is None:
        return np.asarray(tf.strings.to_hash_bucket_fast(tensor, count))
    return np.asarray(tf.strings.to_hash_bucket_strong(tensor, count, list(salt)))
