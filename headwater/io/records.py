"""TFRecord files: byte strings one after the other, each with its length and checksums.

A record is: length (8 bytes, little-endian), masked CRC-32C of these 8 bytes, the bytes, masked CRC-32C of the bytes.
Files may be compressed as a whole with gzip or zlib. A reader holds one record at a time, and trusts no length before
its checksum.

Source: tensorflow.org, "TFRecord and tf.train.Example" (the format); Castagnoli 1993 (the polynomial).
"""

from __future__ import annotations

import collections
import io
import itertools
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from headwater.errors import ArgumentError, DataLossError, NotFoundError, StateError
from headwater.io.checksum import crc32c, crc32c_of_each

_MASK = 0xA282EAD8
_HEADER = struct.Struct("<QI")
_CRC = struct.Struct("<I")
_LENGTH = struct.Struct("<Q")
CHUNK = 1 << 20


def masked(crc: int) -> int:
    """A checksum as the files have it: turned and moved, so that checksums of checksums are no problem."""
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def framed_together(records: Sequence[bytes]) -> bytes:
    """Records, one after the other, each with its length and checksums; those are computed for all at once."""
    lengths = [len(record) for record in records]
    headers = b"".join(map(_LENGTH.pack, lengths))
    of_headers = crc32c_of_each(headers, range(0, len(headers), 8), [8] * len(records))
    ends = list(itertools.accumulate(lengths))
    of_records = crc32c_of_each(b"".join(records), [0, *ends[:-1]], lengths)
    return b"".join(
        part
        for record, length, header, crc in zip(records, lengths, of_headers, of_records)
        for part in (_HEADER.pack(length, masked(header)), record, _CRC.pack(masked(crc)))
    )


def framed(record: bytes) -> bytes:
    """A record with its length and checksums.

    Example:
        >>> framed(b"abc")[:8]
        b'\\x03\\x00\\x00\\x00\\x00\\x00\\x00\\x00'
    """
    length = struct.pack("<Q", len(record))
    return b"".join([length, _CRC.pack(masked(crc32c(length))), record, _CRC.pack(masked(crc32c(record)))])


COMPRESSIONS = ("", "GZIP", "ZLIB")


def compression_of(kind: Any) -> str:
    """A compression by its name; "" for none.

    Raises: ArgumentError if it is not known.
    """
    name = "" if kind is None else kind.decode() if isinstance(kind, bytes) else str(kind)
    if name.upper() not in COMPRESSIONS:
        raise ArgumentError(f"compression {kind!r} is not known.", fix="use 'GZIP', 'ZLIB' or ''.", where="")
    return name.upper()


def open_bytes(path: str, compression: str = "") -> BinaryIO:
    """A file opened for reading, its compression taken off.

    Raises: NotFoundError if there is none.
    """
    try:
        file: Any = open(path, "rb", buffering=CHUNK)  # noqa: SIM115 - the caller closes it
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path!r}.", fix="check the path.", where="") from None
    if not compression:
        return file
    return io.BufferedReader(_Decompressed(file, path, 47 if compression == "GZIP" else 15), CHUNK)  # type: ignore[return-value]


def require_whole(file: Any) -> None:
    """Raise, at the end of a file that `open_bytes` gave, DataLossError if it ended because it is damaged."""
    failure = getattr(getattr(file, "raw", None), "failure", None)
    if failure is not None:
        raise failure


class _Decompressed(io.RawIOBase):
    """The decompressed bytes of a gzip or zlib file, however many streams it consists of. One that is damaged ends
    there, and has a `failure`."""

    failure: DataLossError | None = None

    def __init__(self, file: BinaryIO, path: str, window: int) -> None:
        self._file, self._path, self._window = file, path, window
        self._stream = zlib.decompressobj(window)
        self._waiting = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        view = memoryview(target)
        while True:
            data = self._waiting or self._file.read(CHUNK)
            if not data:
                return 0 if self._stream.eof or not self._file.tell() else self._failed("they end in the middle")
            if self._stream.eof:
                self._stream = zlib.decompressobj(self._window)
            try:
                found = self._stream.decompress(data, len(view))
            except zlib.error as error:
                return self._failed(str(error))
            self._waiting = self._stream.unconsumed_tail or self._stream.unused_data
            if found:
                view[: len(found)] = found
                return len(found)

    def _failed(self, what: str) -> int:
        self.failure = DataLossError(
            f"{self._path}: the compressed data are damaged: {what}.",
            fix="check compression_type, or get the file anew.",
            where="",
        )
        return 0

    def close(self) -> None:
        self._file.close()
        super().close()


class RecordReader:
    """The records of a TFRecord file, in order. Blocks are read and checked at once; a record that is longer than a
    block is read by itself.

    Args:
        path: of the file.
        compression: "", "GZIP" or "ZLIB".
    Attributes:
        offset: where the next record begins, in uncompressed bytes.
    Raises: NotFoundError if there is no such file; DataLossError while reading if it is damaged or cut short.
    """

    def __init__(self, path: Any, compression: Any = "") -> None:
        self.path = os.fspath(path)
        self.offset = 0
        self._compression = compression_of(compression)
        self._file = open_bytes(self.path, self._compression)
        self._ready: collections.deque[bytes] = collections.deque()
        self._rest = b""  # read, and not yet cut into records
        self._error: DataLossError | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        while not self._ready:
            if self._error is not None:
                raise self._error
            self._read_block()
        record = self._ready.popleft()
        self.offset += len(record) + 16
        return record

    def _read_block(self) -> None:
        """Read a block and cut it into the records that it holds whole.

        Raises: StopIteration at the end of the file.
        """
        offset = self.offset
        block = self._rest + self._more(CHUNK)
        if not block:
            require_whole(self._file)
            raise StopIteration
        starts, lengths, position = _whole_records(block)
        self._rest = block[position:]
        if not starts:
            self._read_one(offset)
            return
        headers = crc32c_of_each(block, [start - 12 for start in starts], [8] * len(starts))
        for start, length, header in zip(starts, lengths, headers):
            if masked(header) != _CRC.unpack_from(block, start - 4)[0]:
                self._fail("the length of a record does not match its checksum", offset)
                break
            offset += length + 16
        good = starts[: len(starts) if self._error is None else _count(starts, lengths, offset - self.offset)]
        self._check(block, good, lengths[: len(good)])

    def _check(self, block: bytes, starts: list[int], lengths: list[int]) -> None:
        """Make the records ready that match their checksums, up to the first that does not."""
        offset = self.offset
        for start, length, crc in zip(starts, lengths, crc32c_of_each(block, starts, lengths) if starts else ()):
            if masked(crc) != _CRC.unpack_from(block, start + length)[0]:
                self._fail("a record does not match its checksum", offset)
                return
            self._ready.append(block[start : start + length])
            offset += length + 16

    def _read_one(self, offset: int) -> None:
        """Read a record that is longer than what was read, or cut short."""
        if len(self._rest) < 12:
            self._rest += self._more(12 - len(self._rest))
            if len(self._rest) < 12:
                raise self._fail("the file ends within the length of a record", offset)
        length, crc = _HEADER.unpack_from(self._rest)
        if masked(crc32c(self._rest[:8])) != crc:
            raise self._fail("the length of a record does not match its checksum", offset)
        parts, left = [self._rest], length + 16 - len(self._rest)
        while left > 0:  # in pieces: a length is no reason to allocate
            parts.append(self._more(min(left, 16 * CHUNK)))
            if not parts[-1]:
                raise self._fail(f"the file ends within a record of {length} bytes", offset)
            left -= len(parts[-1])
        whole = b"".join(parts)
        self._rest = whole[length + 16 :]
        self._check(whole, [12], [length])

    def _more(self, size: int) -> bytes:
        return self._file.read(size)

    def _fail(self, what: str, offset: int) -> DataLossError:
        self._error = DataLossError(
            f"{self.path}: {what}, at byte {offset}.",
            fix="get the file anew, or check compression_type; tf.data's ignore_errors() keeps what comes before.",
            where="",
        )
        return self._error

    def seek(self, offset: int) -> None:
        """Go on with the record at a byte: at once in a plain file, by reading in a compressed one."""
        self._ready.clear()
        self._rest, self._error = b"", None
        if not self._compression:
            self._file.seek(offset)
            self.offset = offset
            return
        self._file.close()
        self._file, self.offset = open_bytes(self.path, self._compression), 0
        while self.offset < offset:
            next(self)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()


def _whole_records(block: bytes) -> tuple[list[int], list[int], int]:
    """Where the records that a block holds whole begin, how long they are, and where the rest begins."""
    starts, lengths, position, size = [], [], 0, len(block)
    while position + 12 <= size:
        (length,) = _LENGTH.unpack_from(block, position)
        if position + length + 16 > size:
            break
        starts.append(position + 12)
        lengths.append(length)
        position += length + 16
    return starts, lengths, position


def _count(starts: list[int], lengths: list[int], size: int) -> int:
    """How many records `size` bytes of a block are."""
    return sum(start + length + 4 <= size for start, length in zip(starts, lengths))


def read_records(path: Any, compression: Any = "") -> Iterator[bytes]:
    """The records of a TFRecord file.

    Example:
        >>> import tempfile
        >>> path = tempfile.mkdtemp() + "/a.tfrecord"
        >>> with open(path, "wb") as file:
        ...     _ = file.write(framed(b"one") + framed(b"two"))
        >>> list(read_records(path))
        [b'one', b'two']
    """
    reader = RecordReader(path, compression)
    try:
        yield from reader
    finally:
        reader.close()


class RecordWriter:
    """Writes a TFRecord file.

    Args:
        path: of the file, which is replaced.
        compression: "", "GZIP" or "ZLIB".
        level: of compression, 0 to 9.
    """

    def __init__(self, path: Any, compression: Any = "", level: int = -1) -> None:
        kind = compression_of(compression)
        try:
            self._file = open(os.fspath(path), "wb", buffering=CHUNK)  # noqa: SIM115
        except FileNotFoundError:
            raise NotFoundError(f"there is no folder for {path!r}.", fix="make it first.", where="") from None
        self._waiting: list[bytes] = []  # not framed yet: checksums of many cost little more than of one
        self._size = 0
        self._stream = None if not kind else zlib.compressobj(level, zlib.DEFLATED, 31 if kind == "GZIP" else 15)

    def write(self, record: bytes) -> None:
        """Write one record."""
        if self._file.closed:
            raise StateError("the file is closed: no record can be written.", fix="write before close().", where="")
        self._waiting.append(bytes(record))
        self._size += len(record) + 16
        if self._size >= CHUNK:
            self._write_waiting()

    def _write_waiting(self) -> None:
        records, self._waiting, self._size = self._waiting, [], 0
        if records:
            data = framed_together(records)
            self._file.write(data if self._stream is None else self._stream.compress(data))

    def flush(self) -> None:
        """Let the file hold what was written."""
        self._write_waiting()
        if self._stream is not None:
            self._file.write(self._stream.flush(zlib.Z_FULL_FLUSH))
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        if self._file.closed:
            return
        self._write_waiting()
        if self._stream is not None:
            self._file.write(self._stream.flush())
        self._file.close()

    def __del__(self) -> None:
        if hasattr(self, "_waiting"):
            self.close()

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()
