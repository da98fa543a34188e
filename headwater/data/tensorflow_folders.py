"""Data sets that TensorFlow's `Dataset.save` wrote: `dataset_spec.pb`, `snapshot.metadata`, and a folder with a
TFRecord file for each part, in which each component of an element is a record: a TensorProto.

Source: github.com/tensorflow/tensorflow, tensorflow/core/protobuf/{snapshot,struct}.proto; files that TensorFlow 2.21
wrote.
"""

from __future__ import annotations

import glob
import os
from typing import Any

from headwater.data.specs import Signature
from headwater.data.storing import Stored
from headwater.data.structure import Element
from headwater.dtypes import as_dtype
from headwater.errors import DataLossError, UnsupportedError
from headwater.frontend.tensor_spec import TensorSpec
from headwater.io import wire
from headwater.io.records import RecordReader
from headwater.io.tensor_proto import dtype_of_number, parse_tensor

_SPEC, _METADATA = "dataset_spec.pb", "snapshot.metadata"
_GZIP = b"\x1f\x8b"


def is_of_tensorflow(path: str) -> bool:
    """Whether a folder is one that TensorFlow saved a data set in."""
    return os.path.isfile(os.path.join(path, _SPEC)) and os.path.isfile(os.path.join(path, _METADATA))


class StoredByTensorFlow(Stored):
    """The elements of a folder that TensorFlow wrote; parts come one after the other.

    Args:
        path: of the folder.
        signature: of the elements, if it is known better.
    Raises: DataLossError if it is damaged; UnsupportedError for elements that are no tensors.
    """

    def _read_index(self) -> Signature:
        run, self.count = _metadata(os.path.join(self.path, _METADATA))
        self._files = sorted(glob.glob(os.path.join(glob.escape(self.path), run, "*.shard", "*.snapshot")))
        self.shards = len(self._files)
        found = Signature.of(_structure(_bytes_of(os.path.join(self.path, _SPEC))))
        self._dtypes = [as_dtype(spec.dtype) for spec in found.specs]
        return found

    def reader(self, number: int) -> RecordReader:
        """Reads one file, from its beginning."""
        path = self._files[number]
        with open(path, "rb") as file:
            return RecordReader(path, "GZIP" if file.read(2) == _GZIP else "")

    def read(self, reader: RecordReader) -> Element | None:
        """The next element; None at the end of a file."""
        components = []
        for dtype in self._dtypes:
            record = next(reader, None)
            if record is None:
                break
            components.append(parse_tensor(record, dtype))
        if components and len(components) < len(self._dtypes):
            raise DataLossError(f"{reader.path} ends within an element.", fix="save it anew.", where="")
        return tuple(components) if components else None


def _bytes_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _metadata(path: str) -> tuple[str, int]:
    """The name of the folder of files, and the number of elements."""
    data, run, count = _bytes_of(path), b"", -1
    for number, kind, value in wire.fields(data):
        if number == 2 and kind == wire.BYTES:
            run = data[value[0] : value[1]]
        elif number == 6 and kind == wire.VARINT:
            count = wire.signed(value)
    if not run.isdigit() or count < 0:
        raise DataLossError(f"{path} names no run of digits, or no number of elements.", fix="save it anew.", where="")
    return run.decode(), count


def _only(data: bytes) -> tuple[int, bytes]:
    """The number and the bytes of the only field of a message."""
    found = [(number, data[value[0] : value[1]]) for number, kind, value in wire.fields(data) if kind == wire.BYTES]
    if len(found) != 1:
        raise wire.damaged("a structure is of no kind, or of several")
    return found[0]


def _parts(data: bytes, number: int) -> list[bytes]:
    """The bytes of the fields of a number."""
    return [data[v[0] : v[1]] for found, kind, v in wire.fields(data) if found == number and kind == wire.BYTES]


def _structure(data: bytes, depth: int = 0) -> Any:
    """The structure of specs that a StructuredValue says."""
    kind, content = _only(data)
    if depth > 50:
        raise wire.damaged("a structure nests too deeply")
    if kind == 33:
        return _tensor_spec(content)
    if kind in (51, 52):
        return tuple(_structure(part, depth + 1) for part in _parts(content, 1))
    if kind == 53:
        pairs = [(_parts(entry, 1), _parts(entry, 2)) for entry in _parts(content, 1)]
        return {b"".join(key).decode(): _structure(b"".join(value), depth + 1) for key, value in sorted(pairs)}
    raise UnsupportedError(
        "the elements that TensorFlow saved are not tensors in tuples and dicts.",
        fix="save dense tensors: ragged and sparse ones are kept in a form that only TensorFlow reads.",
    )


def _tensor_spec(data: bytes) -> TensorSpec:
    shape: tuple[int | None, ...] | None = ()
    dtype = 0
    for number, kind, value in wire.fields(data):
        if number == 2 and kind == wire.BYTES:
            shape = _shape(data[value[0] : value[1]])
        elif number == 3 and kind == wire.VARINT:
            dtype = value
    return TensorSpec(shape, dtype_of_number(dtype))


def _shape(data: bytes) -> tuple[int | None, ...] | None:
    """The sizes that a TensorShapeProto says: None for one that is open, or for a rank that is."""
    sizes: list[int | None] = []
    for number, kind, value in wire.fields(data):
        if number == 3 and kind == wire.VARINT and value:
            return None
        if number == 2 and kind == wire.BYTES:
            size = next((wire.signed(v) for n, k, v in wire.fields(data, *value) if n == 1 and k == wire.VARINT), 0)
            sizes.append(None if size < 0 else size)
    return tuple(sizes)
