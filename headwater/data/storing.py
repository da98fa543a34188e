"""Elements in files: caches, snapshots, and data sets that are saved.

A folder of a saved data set has `dataset.json` with its spec and the number of elements, and TFRecord files with the
elements, each encoded as states are. It is written aside and renamed: there is a whole one or none.
"""

from __future__ import annotations

import json
import os
import shutil
import weakref
from collections.abc import Callable
from typing import Any

from headwater.data import specs
from headwater.data.calls import Call
from headwater.data.sources import Elements
from headwater.data.specs import Signature
from headwater.data.stage import Cursor, Run, Stage, Through
from headwater.data.state import decode, encode
from headwater.data.structure import Element, Form, as_array
from headwater.errors import ArgumentError, DataLossError, NotFoundError
from headwater.frontend.ragged_tensor import RaggedTensorSpec
from headwater.frontend.sparse_tensor import SparseTensorSpec
from headwater.frontend.tensor_spec import TensorSpec
from headwater.io.records import RecordReader, RecordWriter

_INDEX = "dataset.json"


def described_spec(spec: Any) -> Any:
    """A structure of specs as JSON has it."""
    if isinstance(spec, dict):
        return {"dict": {str(key): described_spec(item) for key, item in spec.items()}}
    if isinstance(spec, tuple):
        return {"tuple": [described_spec(item) for item in spec]}
    if isinstance(spec, specs.NoneTensorSpec):
        return {"none": True}
    if isinstance(spec, TensorSpec):
        return {"tensor": [spec.dtype.name, None if spec.shape is None else list(spec.shape)]}
    kind = type(spec).__name__
    if kind in ("RaggedTensorSpec", "SparseTensorSpec"):
        more = [spec.ragged_rank, spec.row_splits_dtype.name] if kind == "RaggedTensorSpec" else []
        return {kind: [spec.dtype.name, None if spec.shape is None else list(spec.shape), *more]}
    raise ArgumentError(f"elements of {spec} can't be kept in a file.", fix="turn them into tensors with map().")


def spec_from(described: Any) -> Any:
    """What `described_spec` described.

    Raises: DataLossError if it is nothing of that.
    """
    try:
        ((kind, content),) = described.items()
        if kind == "dict":
            return {key: spec_from(item) for key, item in content.items()}
        if kind == "tuple":
            return tuple(map(spec_from, content))
        if kind == "none":
            return specs.NoneTensorSpec()
        if kind == "tensor":
            return TensorSpec(content[1], content[0])
        if kind == "RaggedTensorSpec":
            return RaggedTensorSpec(content[1], content[0], content[2], content[3])
        if kind == "SparseTensorSpec":
            return SparseTensorSpec(content[1], content[0])
    except (AttributeError, ValueError, TypeError, IndexError):
        pass
    raise DataLossError("the description of the elements is damaged.", fix="save the data set anew.", where="")


class ElementWriter:
    """Writes elements into a new folder, which is there when `finish` was called.

    Args:
        path: of the folder.
        compression: "GZIP", or None for none; "AUTO", "SNAPPY" and "NONE" stand for none.
        shard_of: the number of the file that an element goes to, for it and its index.
    """

    def __init__(
        self, path: str, compression: Any = None, shard_of: Callable[[Element, int], int] | None = None
    ) -> None:
        self.path, self.shard_of = path, shard_of
        self.kind = "GZIP" if compression == "GZIP" else ""
        self.aside = f"{path}.{os.getpid()}.{id(self):x}.part"
        self.writers: dict[int, RecordWriter] = {}
        self.count = 0
        os.makedirs(self.aside)
        self._clean = weakref.finalize(self, _removed, self.writers, self.aside)

    def write(self, element: Element) -> None:
        """Write one element."""
        shard = 0 if self.shard_of is None else self.shard_of(element, self.count)
        if shard not in self.writers:
            path = os.path.join(self.aside, f"shard-{len(self.writers):05d}.tfrecord")
            self.writers[shard] = RecordWriter(path, self.kind)
        self.writers[shard].write(encode(element))
        self.count += 1

    def finish(self, signature: Signature, replace: bool = True) -> None:
        """Let the folder be there, in place of one that is, if `replace`."""
        if not self._clean.alive:
            return
        for writer in self.writers.values():
            writer.close()
        index = {
            "format": "headwater dataset 1", "spec": described_spec(signature.element_spec), "count": self.count,
            "compression": self.kind, "shards": len(self.writers),
        }  # fmt: skip
        with open(os.path.join(self.aside, _INDEX), "w", encoding="utf-8") as file:
            json.dump(index, file)
            file.flush()
            os.fsync(file.fileno())
        if replace or not is_whole(self.path):
            _replace(self.aside, self.path)
            self._clean.detach()
        else:
            self.abandon()

    def abandon(self) -> None:
        """Forget what was written."""
        self._clean()


def _removed(writers: dict[int, RecordWriter], path: str) -> None:
    for writer in writers.values():
        writer.close()
    shutil.rmtree(path, ignore_errors=True)


def _replace(aside: str, path: str) -> None:
    """Let the folder `aside` be the one at `path`."""
    if os.path.exists(path):
        old = f"{path}.{os.getpid()}.old"
        os.replace(path, old)
        os.replace(aside, path)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(aside, path)


def is_whole(path: str) -> bool:
    """Whether a folder of elements is there."""
    return os.path.isfile(os.path.join(path, _INDEX))


class Stored(Stage):
    """The elements of a folder that an `ElementWriter` wrote.

    Args:
        path: of the folder.
        signature: of the elements, if it is known better.
    Raises: NotFoundError, DataLossError if there is none or it is damaged.
    """

    label = "load"

    def __init__(self, path: str, signature: Signature | None = None) -> None:
        super().__init__()
        self.path = path
        found = self._read_index()
        self.signature = signature or found  # type: ignore[misc]
        if self.signature.form != found.form:
            raise ArgumentError(
                f"element_spec has the structure {self.signature.form}, and what was saved {found.form}.",
                fix="leave element_spec out.",
                where="",
            )

    def _read_index(self) -> Signature:
        """What the folder says of its elements."""
        try:
            with open(os.path.join(self.path, _INDEX), encoding="utf-8") as file:
                index = json.load(file)
            self.kind, self.count, self.shards = str(index["compression"]), int(index["count"]), int(index["shards"])
            return Signature.of(spec_from(index["spec"]))
        except FileNotFoundError:
            raise NotFoundError(
                f"there is no saved data set at {self.path!r}.", fix="save one with dataset.save(path).", where=""
            ) from None
        except (ValueError, KeyError, TypeError) as error:
            raise DataLossError(f"{self.path}/{_INDEX} is damaged: {error}.", fix="save it anew.", where="") from None

    def reader(self, number: int) -> RecordReader:
        """Reads one file, from its beginning."""
        return RecordReader(os.path.join(self.path, f"shard-{number:05d}.tfrecord"), self.kind)

    def read(self, reader: RecordReader) -> Element | None:
        """The next element; None at the end of a file."""
        record = next(reader, None)
        return None if record is None else tuple(decode(record))

    def cardinality(self) -> int:
        return self.count

    def open(self, run: Run) -> Cursor:
        return _StoredCursor(self)

    def shard(self, number: int) -> StoredShard:
        """The elements of one file."""
        return StoredShard(self, number)


class StoredShard(Stage):
    """The elements of one file of a saved data set."""

    label = "load"

    def __init__(self, whole: Stored, number: int) -> None:
        super().__init__()
        self.whole, self.number = whole, number
        self.signature = whole.signature  # type: ignore[misc]

    def open(self, run: Run) -> Cursor:
        return _StoredCursor(self.whole, self.number, self.number + 1)


class _StoredCursor(Cursor):
    def __init__(self, stage: Stored, first: int = 0, end: int | None = None) -> None:
        self.stage = stage
        self.number, self.end = first, stage.shards if end is None else end
        self.reader: RecordReader | None = None

    def __next__(self) -> Element:
        while self.number < self.end:
            if self.reader is None:
                self.reader = self.stage.reader(self.number)
            element = self.stage.read(self.reader)
            if element is not None:
                return element
            self.reader.close()
            self.reader, self.number = None, self.number + 1
        raise StopIteration

    def state(self) -> dict[str, Any]:
        return {"number": self.number, "offset": 0 if self.reader is None else self.reader.offset}

    def restore(self, state: dict[str, Any]) -> None:
        self.number, self.reader = int(state["number"]), None
        if state["offset"]:
            self.reader = self.stage.reader(self.number)
            self.reader.seek(int(state["offset"]))


class FileCache(Through):
    """Keeps the elements of the first whole pass in a folder; later passes, and programs, take them from there.

    Args:
        source: the input.
        path: of the folder.
        compression: as for `ElementWriter`.
        label: what messages call it: "cache" or "snapshot".
        shard_of: as for `ElementWriter`.
        reader: makes a stage of the stored data set, in place of reading it in order.
    """

    keeps_elements = True

    def __init__(
        self,
        source: Stage,
        path: str,
        compression: Any = None,
        label: str = "cache",
        shard_of: Callable[[Element, int], int] | None = None,
        reader: Callable[[Stored], Stage] | None = None,
    ) -> None:
        super().__init__(source)
        self.path, self.compression, self.label = path, compression, label
        self.shard_of, self.reader = shard_of, reader

    def over_rows(self, inputs: Any) -> Stage | None:
        return None

    @property
    def signature(self) -> Signature:  # type: ignore[override]
        """As it is in the folder, if that is there."""
        return Stored(self.path).signature if is_whole(self.path) else self.inputs[0].signature

    @property
    def form(self) -> Form:
        return self.signature.form if is_whole(self.path) else self.inputs[0].form

    def cardinality(self) -> int:
        return self.inputs[0].cardinality()

    def open(self, run: Run) -> Cursor:
        if is_whole(self.path):
            stored = Stored(self.path)
            return _Reading(run.open(stored if self.reader is None else self.reader(stored)))
        return _Writing(self, run)


class _Reading(Cursor):
    """Reads what is there."""

    def __init__(self, upstream: Cursor) -> None:
        self.upstream = upstream

    def __next__(self) -> Element:
        return next(self.upstream)

    def state(self) -> dict[str, Any]:
        return {"reading": self.upstream.state()}

    def restore(self, state: dict[str, Any]) -> None:
        if "reading" in state:
            self.upstream.restore(state["reading"])
            return
        for _ in range(int(state["position"])):  # it was being written then
            next(self)


class _Writing(Cursor):
    """Passes on what it writes. The folder is there when the pass is over."""

    def __init__(self, stage: FileCache, run: Run) -> None:
        self.stage, self.run = stage, run
        self.upstream = run.open(stage.inputs[0])
        self.start = self.upstream.state()
        self.position = 0
        self._begin()

    def _begin(self) -> None:
        self._writer = ElementWriter(self.stage.path, self.stage.compression, self.stage.shard_of)

    def __next__(self) -> Element:
        try:
            element = next(self.upstream)
        except StopIteration:
            self._writer.finish(self.stage.inputs[0].signature, replace=False)
            raise
        self._writer.write(element)
        self.position += 1
        return element

    def state(self) -> dict[str, Any]:
        return {"position": self.position, "start": self.start}

    def restore(self, state: dict[str, Any]) -> None:
        """Write anew what was written up to there."""
        if "reading" in state:
            raise NotFoundError(
                f"{self.stage.path!r} is not there any more, which the iterator read from.",
                fix="restore the folder, or begin a new iterator.",
                where="",
            )
        self.upstream = self.run.open(self.stage.inputs[0])
        self.upstream.restore(state["start"])
        self.start, self.position = state["start"], 0
        self._writer.abandon()
        self._begin()
        while self.position < int(state["position"]):
            next(self)


def shard_function(function: Callable[..., Any] | None, source: Stage) -> Callable[[Element, int], int] | None:
    """A user's function from an element to the number of its part, as `ElementWriter` calls it."""
    if function is None:
        return None
    owner = Through(source)
    owner.label = "shard_func"
    active = Call(function, source, owner, traceable=False).begin(Run())
    return lambda element, index: int(as_array(active(element, index)[0]))


def reading_function(function: Callable[[Any], Any] | None) -> Callable[[Stored], Stage] | None:
    """A user's function from the data set of the parts' data sets to a data set, as a function of stages."""
    if function is None:
        return None

    def reader(stored: Stored) -> Stage:
        from headwater.data.dataset import Dataset

        parts = [(Dataset(stored.shard(number)),) for number in range(stored.shards)]
        whole = Elements(parts, specs.single(specs.DatasetSpec(stored.signature.element_spec)))
        return function(Dataset(whole))._stage

    return reader
