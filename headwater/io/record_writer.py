"""TFRecordWriter and its options."""

from __future__ import annotations

from typing import Any

from headwater.errors import ArgumentError, DTypeError, StateError
from headwater.io.paths import local_path, os_errors
from headwater.io.records import RecordWriter


class TFRecordOptions:
    """How a file of records is compressed.

    Args:
        compression_type: "GZIP", "ZLIB" or "" for none.
        compression_level: 0 to 9; the library's own by default.
        flush_mode, input_buffer_size, output_buffer_size, window_bits, compression_method, mem_level,
            compression_strategy: accepted for TensorFlow's sake.
    Raises: ArgumentError for another compression.
    """

    compression_type_map = {0: "", 1: "ZLIB", 2: "GZIP"}  # noqa: RUF012 - a table that TensorFlow has, too

    def __init__(
        self,
        compression_type: Any = None,
        flush_mode: int | None = None,
        input_buffer_size: int | None = None,
        output_buffer_size: int | None = None,
        window_bits: int | None = None,
        compression_level: int | None = None,
        compression_method: int | None = None,
        mem_level: int | None = None,
        compression_strategy: int | None = None,
    ) -> None:
        kind = self.compression_type_map.get(compression_type, compression_type)
        if kind not in (None, "", "GZIP", "ZLIB"):
            raise ArgumentError(f"compression_type {compression_type!r}.", fix="use 'GZIP', 'ZLIB' or ''.")
        self.compression_type = compression_type
        self.compression_level = compression_level
        self._kind = kind or ""

    @classmethod
    def get_compression_type_string(cls, options: Any) -> str:
        """The compression that options, or the name of one, say."""
        if not options:
            return ""
        return options._kind if isinstance(options, cls) else cls(options)._kind


class TFRecordWriter:
    """Writes a file of records, as `tf.data.TFRecordDataset` reads it.

    Args:
        path: of the file.
        options: TFRecordOptions, or the name of a compression.
    Raises: NotFoundError and its kin if the file can't be made.
    Example:
        >>> import tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "data.tfrecord")
        >>> with TFRecordWriter(path) as writer:
        ...     writer.write(b"first")
        >>> os.path.getsize(path)
        21
    """

    def __init__(self, path: Any, options: Any = None) -> None:
        options = options if isinstance(options, TFRecordOptions) else TFRecordOptions(options or "")
        self._path = local_path(path)
        level = options.compression_level
        with os_errors(self._path):
            self._writer: RecordWriter | None = RecordWriter(
                self._path, TFRecordOptions.get_compression_type_string(options), -1 if level is None else level
            )

    def _open(self) -> RecordWriter:
        if self._writer is None:
            raise StateError(f"the writer of {self._path!r} is closed.", fix="write before close(), or make another.")
        return self._writer

    def write(self, record: Any) -> None:
        """Write one record, of bytes (a str is written as UTF-8)."""
        record = record.numpy() if hasattr(record, "numpy") else record
        data = record.encode() if isinstance(record, str) else record
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise DTypeError(f"{record!r:.60} is no record.", fix="pass bytes: example.SerializeToString().")
        with os_errors(self._path):
            self._open().write(bytes(data))

    def flush(self) -> None:
        """Let the file hold what was written."""
        with os_errors(self._path):
            self._open().flush()

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            with os_errors(self._path):
                self._writer.close()
            self._writer = None

    def __enter__(self) -> TFRecordWriter:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()
