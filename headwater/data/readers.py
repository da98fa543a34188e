"""Sources that read files: lines, records, records of one length, and lists of files."""

from __future__ import annotations

import glob as globs
import os
from collections.abc import Callable, Sequence
from typing import Any

from headwater.data.nesting import FlatMap, Interleave
from headwater.data.sources import Elements
from headwater.data.specs import Signature, single
from headwater.data.stage import Cursor, Run, Stage
from headwater.data.structure import Element, as_array, as_component
from headwater.errors import ArgumentError, DataLossError, NotFoundError
from headwater.frontend.tensor_spec import TensorSpec
from headwater.io.records import CHUNK, RecordReader, compression_of, open_bytes, require_whole

_STRINGS = single(TensorSpec((), "string"))


class Files(Stage):
    """What is in files, one after the other.

    Args:
        paths: of the files.
        read: makes a reader of a path: an iterator of elements, or strings, with `offset`, `seek(offset)` and
            `close()`.
        label: what messages call it.
        signature: of the elements.
    """

    def __init__(self, paths: Sequence[str], read: Callable[[str], Any], label: str, signature: Signature) -> None:
        super().__init__()
        self.paths, self.read, self.label = list(paths), read, label
        self.signature = signature  # type: ignore[misc]

    def open(self, run: Run) -> Cursor:
        return _FilesCursor(self)


class _FilesCursor(Cursor):
    """Its place is the number of a file, and an offset in it."""

    def __init__(self, stage: Files) -> None:
        self.stage = stage
        self.number = 0
        self.reader: Any = None

    def __next__(self) -> Element:
        paths = self.stage.paths
        while self.number < len(paths):
            if self.reader is None:
                self._open()
            try:
                found = next(self.reader)
                return found if type(found) is tuple else (found,)
            except StopIteration:
                self.reader.close()
                self.reader = None
                self.number += 1
        raise StopIteration

    def _open(self) -> None:
        path = self.stage.paths[self.number]
        try:
            self.reader = self.stage.read(path)
        except Exception:
            self.number += 1  # whoever ignores errors goes on with the next file
            raise

    def state(self) -> dict[str, Any]:
        return {"number": self.number, "offset": -1 if self.reader is None else self.reader.offset}

    def restore(self, state: dict[str, Any]) -> None:
        self.number, self.reader = int(state["number"]), None
        if state["offset"] >= 0:
            self._open()
            self.reader.seek(int(state["offset"]))


class Pieces:
    """A reader of a file that gives pieces of it; where it stands is counted in uncompressed bytes.

    Args:
        path: of the file.
        compression: "", "GZIP" or "ZLIB".
    """

    def __init__(self, path: str, compression: str) -> None:
        self.path, self.compression = path, compression
        self.offset = 0
        self.file = open_bytes(path, compression)

    def __iter__(self) -> Any:
        return self

    def seek(self, offset: int) -> None:
        """Go to a byte: at once in a plain file, by reading in a compressed one."""
        if not self.compression:
            self.file.seek(offset)
        else:
            left = offset
            while left and (part := self.file.read(min(left, CHUNK))):
                left -= len(part)
        self.offset = offset

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def __del__(self) -> None:
        if hasattr(self, "file"):
            self.close()


class Lines(Pieces):
    """The lines of a file, without their ends."""

    def __next__(self) -> bytes:
        line = self.file.readline()
        if not line:
            require_whole(self.file)
            raise StopIteration
        self.offset += len(line)
        if line.endswith(b"\n"):
            return line[:-2] if line.endswith(b"\r\n") else line[:-1]
        return line


class FixedLength(Pieces):
    """Records of one length, between a header and a footer that are left out."""

    def __init__(self, path: str, compression: str, record: int, header: int, footer: int) -> None:
        super().__init__(path, compression)
        self.record, self.footer = record, footer
        if not compression:
            size = os.path.getsize(path) - header - footer
            if size < 0 or size % record:
                raise DataLossError(
                    f"{path}: {size} bytes between header and footer are no whole number of records of {record} bytes.",
                    fix="check record_bytes, header_bytes and footer_bytes.",
                    where="",
                )
        self.ahead = b""
        self.seek(header)

    def __next__(self) -> bytes:
        while len(self.ahead) < self.record + self.footer:
            more = self.file.read(self.record + self.footer - len(self.ahead))
            if not more:
                return self._ended()
            self.ahead += more
        found, self.ahead = self.ahead[: self.record], self.ahead[self.record :]
        self.offset += self.record
        return found

    def _ended(self) -> bytes:
        require_whole(self.file)
        if len(self.ahead) != self.footer:
            raise DataLossError(
                f"{self.path}: the last record, at byte {self.offset}, is cut short.",
                fix="check record_bytes, or get the file anew.",
                where="",
            )
        raise StopIteration

    def seek(self, offset: int) -> None:
        self.ahead = b""
        super().seek(offset)


def paths_of(filenames: Any) -> list[str]:
    """Paths that a user gave: one, a list, or a tensor of strings.

    Raises: ArgumentError if they are none.
    """
    if isinstance(filenames, (str, bytes, os.PathLike)):
        return [os.fsdecode(filenames)]
    if isinstance(filenames, (list, tuple)):
        return [path for item in filenames for path in paths_of(item)]
    array = as_array(as_component(filenames))
    if array.dtype.kind != "O":
        raise ArgumentError(f"file names of dtype {array.dtype} are no strings.", fix="pass paths.", where="")
    return [os.fsdecode(item) for item in array.ravel()]


def files(
    filenames: Any,
    read: Callable[[str], Any],
    label: str,
    num_parallel_reads: Any = None,
    signature: Signature = _STRINGS,
) -> Stage:
    """A stage that reads files.

    Args:
        filenames: paths, or a data set of paths.
        read: as for `Files`.
        label: what messages call it.
        num_parallel_reads: how many files are read at once, their elements in turn; one after the other for None.
        signature: of the elements.
    """
    from headwater.data.dataset import Dataset
    from headwater.data.mapping import parallelism

    def of_path(path: Any) -> Any:
        return Dataset(Files(paths_of(path), read, label, signature))

    source = getattr(filenames, "_stage", None)
    if num_parallel_reads is None:
        if source is None:
            return Files(paths_of(filenames), read, label, signature)
        stage: Any = FlatMap(source, of_path)
    else:
        count = parallelism(num_parallel_reads)
        paths = _path_elements(paths_of(filenames), label) if source is None else source
        stage = Interleave(paths, of_path, count, 1, count, None)
    stage._inner = signature
    stage.label = label
    return stage


def _path_elements(paths: Sequence[str], label: str) -> Elements:
    stage = Elements([(os.fsencode(path),) for path in paths], _STRINGS)
    stage.label = label
    return stage


def text_lines(filenames: Any, compression: Any, num_parallel_reads: Any) -> Stage:
    """The lines of files."""
    kind = compression_of(compression)
    return files(filenames, lambda path: Lines(path, kind), "TextLineDataset", num_parallel_reads)


def records(filenames: Any, compression: Any, num_parallel_reads: Any) -> Stage:
    """The records of TFRecord files."""
    kind = compression_of(compression)
    return files(filenames, lambda path: RecordReader(path, kind), "TFRecordDataset", num_parallel_reads)


def fixed_length_records(
    filenames: Any, record_bytes: int, header_bytes: Any, footer_bytes: Any, compression: Any, num_parallel_reads: Any
) -> Stage:
    """Records of one length."""
    kind = compression_of(compression)
    record, header, footer = int(record_bytes), int(header_bytes or 0), int(footer_bytes or 0)
    if record < 1 or header < 0 or footer < 0:
        raise ArgumentError(
            f"record_bytes={record_bytes}, header_bytes={header_bytes}, footer_bytes={footer_bytes} are no sizes.",
            fix="pass record_bytes of at least 1, and others of at least 0.",
            where="",
        )
    return files(
        filenames,
        lambda path: FixedLength(path, kind, record, header, footer),
        "FixedLengthRecordDataset",
        num_parallel_reads,
    )


def matching_files(patterns: Any) -> Stage:
    """The paths of the files that match patterns, in order.

    Raises: NotFoundError if there are none.
    """
    given = paths_of(patterns)
    found = sorted({path for pattern in given for path in globs.glob(pattern)})
    if not found:
        raise NotFoundError(
            f"no files match {' or '.join(map(repr, given))}.", fix="check the pattern and the folder.", where=""
        )
    return _path_elements(found, "list_files")
