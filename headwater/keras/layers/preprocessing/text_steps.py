"""Texts to tokens, on the host: standardized, split, joined to n-grams; and rows of tokens padded to one length."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterable, Sequence

import numpy as np

PUNCTUATION = string.punctuation.encode()
_AS_IT_IS = bytes(range(256))
_LOWER = _AS_IT_IS.lower()  # ASCII letters alone, as tf.strings.lower has it
STANDARDIZATIONS = {
    "lower": (_LOWER, b""),
    "strip_punctuation": (_AS_IT_IS, PUNCTUATION),
    "lower_and_strip_punctuation": (_LOWER, PUNCTUATION),
}


def objects(values: Iterable[bytes], count: int) -> np.ndarray:
    """An object array of `count` values."""
    return np.fromiter(values, object, count)


def standardized(texts: np.ndarray, how: str) -> np.ndarray:
    """Texts with ASCII letters made small, punctuation removed, or both.

    Args:
        texts: array of bytes.
        how: one of `STANDARDIZATIONS`.
    Example:
        >>> standardized(np.array([b"Don't!"], object), "lower_and_strip_punctuation").tolist()
        [b'dont']
    """
    table, removed = STANDARDIZATIONS[how]
    return objects((text.translate(table, removed) for text in texts.ravel().tolist()), texts.size).reshape(texts.shape)


def words(text: bytes) -> list[bytes]:
    """What stands between white space."""
    return text.split()


def characters(text: bytes) -> list[bytes]:
    """The characters of a UTF-8 text; bytes that are none become U+FFFD."""
    return [character.encode() for character in text.decode("utf-8", "replace")]


SPLITS = {"whitespace": words, "character": characters}


def split(texts: np.ndarray, how: str) -> tuple[np.ndarray, np.ndarray]:
    """The tokens of texts: all in one line, and how many each text has.

    Args:
        texts: array of bytes, of one axis.
        how: "whitespace" or "character".
    """
    return _in_line(list(map(SPLITS[how], texts.tolist())))


def _in_line(rows: Sequence[Sequence[bytes]]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    return objects(itertools.chain.from_iterable(rows), int(lengths.sum())), lengths


def ngrams(tokens: np.ndarray, lengths: np.ndarray, widths: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Tokens joined by blanks, `width` neighbours at a time, of each row, for one width after the other.

    Args:
        tokens: those of all rows, in one line.
        lengths: how many each row has.
        widths: e.g. (1, 2) for single tokens and pairs.
    Example:
        >>> ngrams(np.array([b"a", b"b", b"c"], object), np.array([3]), (1, 2))[0].tolist()
        [b'a', b'b', b'c', b'a b', b'b c']
    """
    flat, ends = tokens.tolist(), np.cumsum(lengths).tolist()
    rows = []
    for begin, end in zip([0, *ends], ends):
        row = flat[begin:end]
        rows.append([b" ".join(gram) for width in widths for gram in zip(*(row[i:] for i in range(width)))])
    return _in_line(rows)


def padded(values: np.ndarray, lengths: np.ndarray, size: int | None) -> np.ndarray:
    """Rows of one length: cut after `size` values, or filled up with zeros.

    Args:
        values: those of all rows, in one line.
        lengths: how many each row has.
        size: length of the rows; None for that of the longest.
    Returns: (rows, size).
    """
    size = int(lengths.max(initial=0)) if size is None else size
    result = np.zeros((len(lengths), size), values.dtype)
    places = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    kept = places < size
    result[rows[kept], places[kept]] = values[kept]
    return result
