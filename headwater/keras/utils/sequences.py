"""Sequences of different lengths as one array."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError

_SIDES = ("pre", "post")


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences cut or filled up to one length.

    Args:
        sequences: list of sequences.
        maxlen: the length; that of the longest by default.
        dtype: dtype of the result.
        padding: "pre" or "post": where values are added.
        truncating: "pre" or "post": where values are dropped.
        value: what is added.
    Returns: (sequences, maxlen, ...).
    Raises: ArgumentError for what is no list of sequences; ShapeError if their items have different shapes.
    Example:
        >>> pad_sequences([[1, 2, 3], [4]])
        array([[1, 2, 3],
               [0, 0, 4]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in _SIDES:
            raise ArgumentError(f"{name} is {side!r}.", fix="pass 'pre' or 'post'.")
    if not hasattr(sequences, "__len__"):
        raise ArgumentError(f"{sequences!r} is not a list of sequences.", fix="pass a list.")
    lengths = [_length(sequence) for sequence in sequences]
    item_shape = next((np.shape(sequence)[1:] for sequence in sequences if len(sequence)), ())
    maxlen = max(lengths, default=0) if maxlen is None else maxlen
    holds_text = np.issubdtype(np.dtype(dtype), np.str_) or np.issubdtype(np.dtype(dtype), np.bytes_)
    if isinstance(value, str) and np.dtype(dtype) != object and not holds_text:
        raise ArgumentError(f"the value {value!r} is no {dtype}.", fix="pass dtype=object for strings.")
    padded = np.full((len(lengths), maxlen, *item_shape), value, dtype=dtype)
    for row, sequence in zip(padded, sequences, strict=True):
        if not len(sequence) or not maxlen:
            continue
        kept = np.asarray(sequence[-maxlen:] if truncating == "pre" else sequence[:maxlen], dtype=dtype)
        if kept.shape[1:] != item_shape:
            raise ShapeError(
                f"items of shape {kept.shape[1:]} among items of shape {item_shape}.", fix="give items of one shape."
            )
        if padding == "pre":
            row[maxlen - len(kept) :] = kept
        else:
            row[: len(kept)] = kept
    return padded


def _length(sequence: Iterable[Any]) -> int:
    try:
        return len(sequence)  # type: ignore[arg-type]
    except TypeError:
        raise ArgumentError(f"{sequence!r} among the sequences is none.", fix="pass a list of lists.") from None
