"""TokenTable: a dict from byte strings to whole numbers that looks up many at once, where they stand in one buffer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from headwater.keras.layers.preprocessing.number_table import NumberTable

LONGEST = 64  # bytes; longer strings are looked up one by one
_WORD = np.dtype("<u8")
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)  # the first `size` bytes of a word
_FACTORS = np.array([0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93, 0xFF51AFD7ED558CCD], np.uint64)
_FACTORS = np.concatenate([_FACTORS, _FACTORS * _FACTORS * _FACTORS])


class Spans(NamedTuple):
    """Byte strings as pieces of one buffer.

    Attributes:
        buffer: uint8, with at least `LONGEST` bytes after the last string.
        starts: where each begins, int64.
        sizes: how many bytes each has, int64.
    """

    buffer: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray

    def words(self, which: np.ndarray, number: int) -> np.ndarray:
        """The bytes from 8 * number on of some of the strings, as a whole number; zeros follow the last one."""
        count = len(self.buffer) - _WORD.itemsize + 1
        everywhere = np.ndarray((count,), _WORD, self.buffer, strides=(1,))
        left = np.minimum(self.sizes[which] - 8 * number, 8)
        return everywhere[self.starts[which] + 8 * number] & _MASKS[left]

    def longer_than(self, size: int) -> np.ndarray:
        """The numbers of the strings that have more bytes than that, and no more than `LONGEST`."""
        return np.flatnonzero((self.sizes > size) & (self.sizes <= LONGEST))

    def take(self, number: int) -> bytes:
        """One of the strings."""
        start = self.starts[number]
        return self.buffer[start : start + self.sizes[number]].tobytes()

    def laid_out(self, separator: bytes) -> Spans:
        """The same strings one after the other, with one byte between them."""
        starts = np.cumsum(self.sizes + 1) - self.sizes - 1
        count = int(self.sizes.sum()) + len(self.sizes)
        buffer = np.zeros(count + LONGEST, np.uint8)
        buffer[:count] = self.buffer[np.repeat(self.starts - starts, self.sizes + 1) + np.arange(count)]
        buffer[starts + self.sizes] = separator[0]
        return Spans(buffer, starts, self.sizes)

    def to_list(self) -> list[bytes]:
        """All of them."""
        whole = self.buffer.tobytes()
        return [whole[start:stop] for start, stop in zip(self.starts.tolist(), (self.starts + self.sizes).tolist())]


def spans_of(strings: Sequence[bytes]) -> Spans:
    """Byte strings, laid one after the other."""
    sizes = np.fromiter(map(len, strings), np.int64, len(strings))
    buffer = np.frombuffer(b"".join(strings) + bytes(LONGEST), np.uint8)
    return Spans(buffer, np.cumsum(sizes) - sizes, sizes)


class TokenTable:
    """Byte strings and the numbers that belong to them.

    Strings are found by a hash of 64 bits, and then compared: no two are taken for one.

    Args:
        entries: the strings, and the number of each.
    Example:
        >>> TokenTable({b"a": 1, b"b": 2}).values_of(spans_of([b"b", b"c"]), default=0).tolist()
        [2, 0]
    """

    def __init__(self, entries: Mapping[bytes, int]) -> None:
        self._entries = entries
        short = [string for string in entries if len(string) <= LONGEST]
        spans = spans_of(short)
        self._sizes = np.append(spans.sizes, -1)  # the last one is for strings that are not found
        self._values = np.array([*map(entries.__getitem__, short), 0], np.int64)
        self._words = np.zeros((LONGEST // 8, len(self._sizes)), np.uint64)
        for number in range(LONGEST // 8):
            which = spans.longer_than(8 * number)
            self._words[number, which] = spans.words(which, number)
        hashes = spans.sizes + (self._words[:, :-1] * _FACTORS[:, None]).sum(axis=0).view(np.int64)
        self._places = NumberTable({key: place for place, key in enumerate(hashes.tolist())})

    def values_of(self, spans: Spans, default: int) -> np.ndarray:
        """The number of each string, `default` for those that are not in the table; int64."""
        hashes, words = spans.sizes.astype(np.uint64), []
        for number in range(LONGEST // 8):
            which = spans.longer_than(8 * number)
            if not which.size:
                break
            words.append((which, spans.words(which, number)))
            hashes[which] += words[-1][1] * _FACTORS[number]
        places = self._places.values_of(hashes.view(np.int64), -1)
        equal = self._sizes[places] == spans.sizes
        for number, (which, found) in enumerate(words):
            equal[which] &= self._words[number, places[which]] == found
        result = np.where(equal, self._values[places], default)
        for other in np.flatnonzero(((places >= 0) & ~equal) | (spans.sizes > LONGEST)):
            result[other] = self._entries.get(spans.take(other), default)
        return result
