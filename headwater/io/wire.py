"""The wire format of protocol buffers: numbers and fields, read from bytes that may be hostile, and written.

Source: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from headwater.errors import DataLossError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MASK = (1 << 64) - 1


def damaged(why: str) -> DataLossError:
    """What to raise for bytes that are no message."""
    return DataLossError(f"a protocol buffer is damaged: {why}.", fix="read the record again, or write it anew.")


def read_varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    """A number of 1 to 10 bytes, and where it ends.

    Raises: DataLossError if it is cut short or too long.
    """
    result = shift = 0
    while place < end:
        byte = data[place]
        place += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & _MASK, place
        shift += 7
        if shift >= 70:
            raise damaged("a number has more than 10 bytes")
    raise damaged("it ends inside a number")


def fields(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, Any]]:
    """The fields of a message: number, wire type, and value: a number, or for BYTES the bounds of the bytes.

    Args:
        data: bytes that hold the message.
        start, end: where it lies in them.
    Raises: DataLossError if a field is cut short, or of an unknown kind.
    """
    place, end = start, len(data) if end is None else end
    while place < end:
        key, place = read_varint(data, place, end)
        number, kind = key >> 3, key & 7
        if kind == BYTES:
            size, place = read_varint(data, place, end)
            value: Any = (place, place + size)
            place += size
        elif kind == VARINT:
            value, place = read_varint(data, place, end)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
            value = int.from_bytes(data[place : place + size], "little")
            place += size
        else:
            raise damaged(f"a field has the wire type {kind}")
        if place > end:
            raise damaged(f"field {number} reaches past the end")
        if not number:
            raise damaged("a field has the number 0")
        yield number, kind, value


def signed(value: int) -> int:
    """A number of 64 bits as a signed one."""
    return value - (1 << 64) if value >= 1 << 63 else value


def read_varints(data: bytes, start: int, end: int) -> np.ndarray:
    """Numbers packed one after the other: uint64.

    Raises: DataLossError if the last one is cut short, or one is too long.
    """
    raw = np.frombuffer(data, np.uint8, end - start, start)
    last = raw < 0x80
    if last.all():
        return raw.astype(np.uint64)
    ends = np.flatnonzero(last)
    if not len(ends) or ends[-1] != len(raw) - 1:
        raise damaged("it ends inside a number")
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (ends - starts).max() >= 10:
        raise damaged("a number has more than 10 bytes")
    within = (np.arange(len(raw)) - np.repeat(starts, ends - starts + 1)).astype(np.uint64)
    parts = (raw & 0x7F).astype(np.uint64) << (np.uint64(7) * within)
    return np.add.reduceat(parts, starts)


def varint(value: int) -> bytes:
    """A number as it is written; negative ones take 10 bytes."""
    value &= _MASK
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def varint_field(number: int, value: int) -> bytes:
    """A field that holds a number."""
    return varint(number << 3 | VARINT) + varint(value)


def bytes_field(number: int, value: bytes) -> bytes:
    """A field that holds bytes, or a message."""
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def packed_floats(values: Sequence[float]) -> bytes:
    """float32 numbers one after the other."""
    return struct.pack(f"<{len(values)}f", *values)


def packed_varints(values: Sequence[int]) -> bytes:
    """Numbers one after the other."""
    return b"".join(map(varint, values))
