"""Texts to tokens, on the host: standardized, split, joined to n-grams; and rows of tokens padded to one length."""

from __future__ import annotations

import itertools
import string
from collections.abc import Iterable, Sequence

import numpy as np

from headwater.keras.layers.preprocessing.token_table import LONGEST, Spans, spans_of

PUNCTUATION = string.punctuation.encode()
_END = b"\xff"  # after each text, where many are split together
_BETWEEN = np.isin(np.arange(256), np.frombuffer(b" \t\n\r\v\f" + _END, np.uint8))
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


def all_words(texts: np.ndarray, how: str | None) -> list[bytes]:
    """The words of all texts, one text after the other: those of `words_of`, without saying where a text ends."""
    table, removed = (_AS_IT_IS, b"") if how is None else STANDARDIZATIONS[how]
    return b" ".join(texts.tolist()).translate(table, removed).split()


def words_of(texts: np.ndarray, how: str | None) -> tuple[Spans, np.ndarray]:
    """`split` of what `standardized` gives, by white space, of all texts at once, as pieces of one buffer.

    Args:
        texts: array of bytes, of one axis.
        how: one of `STANDARDIZATIONS`, or None.
    Returns: the words of all texts, and how many each text has.
    """
    table, removed = (_AS_IT_IS, b"") if how is None else STANDARDIZATIONS[how]
    together = b" " + _END.join([*texts.tolist(), b""])
    if together.count(_END) != len(texts):  # a text has that byte, which is none of UTF-8's
        return _one_by_one(texts if how is None else standardized(texts, how))
    buffer = np.frombuffer(together.translate(table, removed) + bytes(LONGEST), np.uint8)
    between = _BETWEEN[buffer]
    edges = np.flatnonzero(between[1:] != between[:-1])[:-1] + 1  # without that before the bytes that follow
    starts, stops = edges[::2], edges[1::2]
    counts = np.searchsorted(starts, np.flatnonzero(buffer == _END[0]))
    return Spans(buffer, starts, stops - starts), np.diff(counts, prepend=0)


def _one_by_one(texts: np.ndarray) -> tuple[Spans, np.ndarray]:
    rows = list(map(words, texts.tolist()))
    strings, lengths = _in_line(rows)
    return spans_of(strings.tolist()), lengths


def joined_words(words: Spans, lengths: np.ndarray, widths: Sequence[int]) -> tuple[Spans, np.ndarray]:
    """`ngrams` of what `words_of` gives."""
    words = words.laid_out(b" ")
    rows = np.repeat(np.arange(len(lengths)), lengths)
    stops, firsts, counts = words.starts + words.sizes, [], np.zeros(len(lengths), np.int64)
    sizes = []
    for width in widths:
        first = np.flatnonzero(rows[: max(len(rows) - width + 1, 0)] == rows[width - 1 :]) if width else rows[:0]
        firsts.append(first)
        sizes.append(stops[first + width - 1] - words.starts[first])
        counts += np.maximum(lengths - width + 1, 0) if width else 0
    first = np.concatenate(firsts)
    order = np.argsort(rows[first], kind="stable")
    return Spans(words.buffer, words.starts[first[order]], np.concatenate(sizes)[order]), counts


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


def cut(values: np.ndarray, lengths: np.ndarray, size: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Rows of no more than `size` values; all of them, if it is None. Arguments and results are as for `ngrams`."""
    if size is None:
        return values, lengths
    places = np.arange(len(values)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return values[places < size], np.minimum(lengths, size)


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
