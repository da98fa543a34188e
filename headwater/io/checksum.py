"""CRC-32C, the checksum of TFRecord files and of TensorFlow's checkpoints.

Where `google_crc32c` or `crc32c` is installed, that computes it. Without one NumPy does: long data in lanes side by
side, whose remainders are joined two by two; many records at once.

Source: Castagnoli, Braeuer and Herrmann 1993 (the polynomial); Warren 2013, "Hacker's Delight", chapter 14 (tables).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

_POLYNOMIAL = 0x82F63B78
_ONES = 0xFFFFFFFF
_SHORT = 1024  # bytes up to which plain Python is quicker


def _after_byte(remainders: np.ndarray) -> np.ndarray:
    for _ in range(8):
        remainders = remainders >> 1 ^ np.where(remainders & 1, np.uint32(_POLYNOMIAL), np.uint32(0))
    return remainders


_BYTES = _after_byte(np.arange(256, dtype=np.uint32))
_LIST: list[int] = _BYTES.tolist()


@functools.cache
def _pairs() -> np.ndarray:
    """What two zero bytes make of each remainder of 16 bits."""
    values = np.arange(1 << 16, dtype=np.uint32)
    for _ in range(2):
        values = _BYTES[values & 255] ^ values >> 8
    return values


def crc32c(data: bytes) -> int:
    """The CRC-32C of bytes.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    return (_installed() or of_numpy)(data)


@functools.cache
def _installed() -> Any:
    for name, function in (("google_crc32c", "value"), ("crc32c", "crc32c")):
        try:
            return getattr(__import__(name), function)
        except (ImportError, AttributeError):
            continue
    return None


def of_python(data: bytes, crc: int = _ONES) -> int:
    """The remainder after some bytes, one by one: for short data."""
    table = _LIST
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc


def of_numpy(data: bytes) -> int:
    """The CRC-32C of bytes, in lanes."""
    return of_python(data) ^ _ONES if len(data) < _SHORT else _in_lanes(data, [0], [len(data)])[0]


def crc32c_of_each(data: bytes, starts: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """The CRC-32C of several parts of one string of bytes.

    Example:
        >>> crc32c_of_each(b"123456789a", [0, 9], [9, 1]) == [crc32c(b"123456789"), crc32c(b"a")]
        True
    """
    installed = _installed()
    if installed is not None:
        return [installed(data[start : start + length]) for start, length in zip(starts, lengths)]
    if sum(lengths) < _SHORT:
        return [of_python(data[start : start + length]) ^ _ONES for start, length in zip(starts, lengths)]
    return _in_lanes(data, starts, lengths)


def _in_lanes(data: bytes, starts: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """Each part is cut from its end into lanes of one width, the first filled up with zeros, which change nothing
    while a remainder is zero. What the remainder's beginning with ones adds follows from the length alone."""
    sizes = np.asarray(lengths, np.int64)
    width = 16 if sizes.mean() < 64 else 64
    counts = np.maximum(-(-sizes // width), 1)
    ends = np.cumsum(counts) * width
    padded = np.zeros(int(ends[-1]), np.uint8)
    source = np.frombuffer(data, np.uint8)
    for start, size, end in zip(starts, lengths, ends.tolist()):
        padded[end - size : end] = source[start : start + size]
    crcs = _joined(_of_lanes(padded.view("<u2").reshape(-1, width // 2)), counts, width)
    return (crcs ^ _of_ones(sizes) ^ np.uint32(_ONES)).tolist()


def _of_lanes(words: np.ndarray) -> np.ndarray:
    """The remainder of each row, which begins with zero."""
    table, columns = _pairs(), np.ascontiguousarray(words.T)
    crcs, found = np.zeros(len(words), np.uint32), np.empty(len(words), np.uint32)
    low = crcs.view("<u2")[::2]
    places = np.empty(len(words), np.intp)
    for column in columns:
        np.bitwise_xor(low, column, out=places, casting="unsafe")
        np.take(table, places, out=found, mode="clip")
        crcs >>= np.uint32(16)
        crcs ^= found
    return crcs


def _joined(crcs: np.ndarray, counts: np.ndarray, width: int) -> np.ndarray:
    """The remainder of each part from those of its lanes, two and two at a time; an odd one gets a zero in front."""
    while counts.max() > 1:
        odd = counts & 1
        even = np.zeros(len(crcs) + int(odd.sum()), np.uint32)
        even[np.arange(len(crcs)) + np.repeat(np.cumsum(odd), counts)] = crcs
        crcs = _shifted(even[0::2], width) ^ even[1::2]
        counts, width = (counts + odd) // 2, width * 2
    return crcs


def _of_ones(sizes: np.ndarray) -> np.ndarray:
    """What zero bytes, as many as each size says, make of a remainder of ones."""
    crcs = np.full(len(sizes), _ONES, np.uint32)
    for bit in range(int(sizes.max()).bit_length()):
        crcs = np.where(sizes >> bit & 1, _shifted(crcs, 1 << bit), crcs)
    return crcs


def _shifted(crcs: np.ndarray, width: int) -> np.ndarray:
    """What `width` zero bytes, a power of two, make of remainders."""
    tables = _shift_tables(width)
    return tables[0][crcs & 255] ^ tables[1][crcs >> 8 & 255] ^ tables[2][crcs >> 16 & 255] ^ tables[3][crcs >> 24]


@functools.cache
def _shift_tables(width: int) -> np.ndarray:
    values = np.arange(256, dtype=np.uint32) << np.array([[0], [8], [16], [24]], np.uint32)
    if width == 1:
        return _BYTES[values & 255] ^ values >> 8
    return _shifted(_shifted(values, width // 2), width // 2)
