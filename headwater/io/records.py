"""TFRecord files: byte strings one after the other, each with its length and checksums.

A record is: length (8 bytes, little-endian), masked CRC-32C of these 8 bytes, the bytes, masked CRC-32C of the bytes.
Files may be compressed as a whole with gzip or zlib. A reader holds one record at a time, and trusts no length before
its checksum.

Source: tensorflow.org, "TFRecord and tf.train.Example" (the format); Castagnoli 1993 (the polynomial).
"""

from __future__ import annotations

import collections
import io
import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from headwater.backends.cpu import native
from headwater.errors import ArgumentError, DataLossError, NotFoundError, StateError
from headwater.io.checksum import crc32c, masked

_HEADER = struct.Struct("<QI")
CHUNK = 1 << 20
_DAMAGES = {1: "the length of a record does not match its checksum", 2: "a record does not match its checksum"}


def framed(*records: bytes) -> bytes:
    """Records, one after the other, each with its length and checksums.

    Example:
        >>> framed(b"abc")[:8]
        b'\\x03\\x00\\x00\\x00\\x00\\x00\\x00\\x00'
    """
    return native.frame_records(records)


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
        """Read a block and make the records ready that it holds whole.

        Raises: StopIteration at the end of the file.
        """
        block = self._rest + self._more(CHUNK)
        if not block:
            require_whole(self._file)
            raise StopIteration
        records, end, damage = native.scan_records(block)
        self._ready.extend(records)
        self._rest = block[end:]
        if damage:
            self._fail(_DAMAGES[damage], self.offset + end)
        elif not records:
            self._read_one()

    def _read_one(self) -> None:
        """Read a record that is longer than what was read, or cut short."""
        if len(self._rest) < _HEADER.size:
            self._rest += self._more(_HEADER.size - len(self._rest))
            if len(self._rest) < _HEADER.size:
                raise self._fail("the file ends within the length of a record", self.offset)
        length, crc = _HEADER.unpack_from(self._rest)
        if masked(crc32c(self._rest[:8])) != crc:
            raise self._fail(_DAMAGES[1], self.offset)
        parts, left = [self._rest], length + 16 - len(self._rest)
        while left > 0:  # in pieces: a length is no reason to allocate
            parts.append(self._more(min(left, 16 * CHUNK)))
            if not parts[-1]:
                raise self._fail(f"the file ends within a record of {length} bytes", self.offset)
            left -= len(parts[-1])
        whole = b"".join(parts)
        records, end, damage = native.scan_records(whole)
        self._ready.extend(records)
        self._rest = whole[end:]
        if damage:
            self._fail(_DAMAGES[damage], self.offset + end)

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
        self._waiting: list[bytes] = []  # not framed yet
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
            data = framed(*records)
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
