"""NumberTable: a dict from whole numbers to whole numbers that looks up arrays."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: multiplied by it, near numbers lie far apart


class NumberTable:
    """Whole numbers and the values that belong to them.

    Args:
        entries: the numbers, and the value of each.
    Example:
        >>> NumberTable({5: 1, 7: 2}).values_of(np.array([7, 6]), default=0).tolist()
        [2, 0]

    Source: Knuth 1998, "The Art of Computer Programming", volume 3, section 6.4 (hashing, linear probing).
    """

    def __init__(self, entries: Mapping[int, int]) -> None:
        self._keys = np.array([*entries, 0], np.int64)  # the last one is for slots that are empty
        self._values = np.array([*entries.values(), 0], np.int64)
        self._first, last = min(entries, default=0), max(entries, default=0)
        self._range = last - self._first + 1 if last - self._first < 8 * len(entries) + 1024 else 0
        if self._range:  # near each other: a number is its own slot
            self._places = np.full(self._range + 1, -1, np.int64)
            self._places[self._keys[:-1] - self._first] = np.arange(len(entries))
            return
        bits = max(3, int(4 * len(entries)).bit_length())  # an eighth to a quarter full: most are found at once
        self._shift, self._mask = np.uint64(64 - bits), (1 << bits) - 1
        self._places = np.full(1 << bits, -1, np.int64)
        self._fill()

    def _fill(self) -> None:
        slots, pending = self._home(self._keys), np.arange(len(self._keys) - 1)
        while pending.size:
            free = pending[self._places[slots[pending]] < 0]
            self._places[slots[free]] = free  # of several that want one slot, one gets it
            pending = pending[self._places[slots[pending]] != pending]
            slots[pending] = (slots[pending] + 1) & self._mask

    def _home(self, keys: np.ndarray) -> np.ndarray:
        return ((keys.view(np.uint64) * _GOLDEN) >> self._shift).astype(np.int64)

    def values_of(self, keys: np.ndarray, default: int) -> np.ndarray:
        """The value of each number, `default` for those that are not in the table.

        Args:
            keys: int64, of any shape.
            default: a value.
        Returns: int64, of the shape of `keys`.
        """
        wanted = np.ascontiguousarray(keys, np.int64).reshape(-1)
        if self._range:
            inside = (wanted >= self._first) & (wanted < self._first + self._range)
            places = self._places[np.where(inside, wanted - self._first, self._range)]
            return np.where(places >= 0, self._values[places], default).reshape(np.shape(keys))
        slots = self._home(wanted)
        places = self._places[slots]
        result = np.where((places >= 0) & (self._keys[places] == wanted), self._values[places], default)
        open_ = np.flatnonzero((places >= 0) & (self._keys[places] != wanted))
        while open_.size:
            slots[open_] = (slots[open_] + 1) & self._mask
            places = self._places[slots[open_]]
            found = (places >= 0) & (self._keys[places] == wanted[open_])
            result[open_[found]] = self._values[places[found]]
            open_ = open_[(places >= 0) & ~found]
        return result.reshape(np.shape(keys))
