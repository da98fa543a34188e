"""CRC-32C, the checksum of TFRecord files and of TensorFlow's checkpoints.

Where `google_crc32c` or `crc32c` is installed, that computes it. Without one NumPy does: long data in lanes side by
side, whose remainders are joined two by two; many short records in a lane each.

Source: Castagnoli, Braeuer and Herrmann 1993 (the polynomial); Warren 2013, "Hacker's Delight", chapter 14 (tables).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_POLYNOMIAL = 0x82F63B78
_ONES = 0xFFFFFFFF


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
    return _function()(data)


@functools.cache
def _function() -> Callable[[bytes], int]:
    return _installed() or of_numpy


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
    size = len(data)
    if size < 1024:
        return of_python(data) ^ _ONES
    width = max(32, 1 << size.bit_length() // 2 - 1)
    lanes = size // width
    depth = (lanes - 1).bit_length()
    crcs = np.zeros(1 << depth, np.uint32)  # zeros in front change nothing
    crcs[-lanes:] = _lanes(np.frombuffer(data, "<u2", lanes * width // 2).reshape(lanes, width // 2))
    for level in range(depth):
        crcs = _shifted(crcs[0::2], width << level) ^ crcs[1::2]
    return of_python(bytes(data[lanes * width :]), int(crcs[0])) ^ _ONES


def _lanes(words: np.ndarray) -> np.ndarray:
    """The remainder of each row; the first begins with ones, as the whole does."""
    table, columns = _pairs(), np.ascontiguousarray(words.T)
    crcs = np.zeros(len(words), np.uint32)
    crcs[0] = _ONES
    for column in columns:
        crcs = table[(crcs ^ column) & 0xFFFF] ^ crcs >> 16
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


def crc32c_of_each(data: bytes, starts: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """The CRC-32C of several parts of one string of bytes.

    Example:
        >>> crc32c_of_each(b"123456789a", [0, 9], [9, 1]) == [crc32c(b"123456789"), crc32c(b"a")]
        True
    """
    installed = _installed()
    if installed is not None:
        return [installed(data[start : start + length]) for start, length in zip(starts, lengths)]
    if len(starts) < 8 or max(lengths) > 4096:
        return [of_numpy(data[start : start + length]) for start, length in zip(starts, lengths)]
    return _side_by_side(data, starts, lengths)


def _side_by_side(data: bytes, starts: Sequence[int], lengths: Sequence[int]) -> list[int]:
    """A lane for each part, the longest first: the lanes that still have bytes are the first ones."""
    flat = np.frombuffer(data, np.uint8)
    sizes = np.asarray(lengths)
    order = np.argsort(-sizes, kind="stable")
    places = np.asarray(starts)[order]
    alive = len(order) - np.searchsorted(sizes[order][::-1], np.arange(int(sizes.max())), side="right")
    crcs = np.full(len(order), _ONES, np.uint32)
    for step, count in enumerate(alive.tolist()):
        now = crcs[:count]
        crcs[:count] = _BYTES[(now ^ flat[places[:count] + step]) & 255] ^ now >> 8
    out = np.empty(len(order), np.uint32)
    out[order] = crcs ^ np.uint32(_ONES)
    return out.tolist()
