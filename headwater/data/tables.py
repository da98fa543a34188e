"""Rows of tables: Parquet and Arrow files through pyarrow, a part at a time, and frames of whatever library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from headwater.data.readers import paths_of
from headwater.data.specs import Signature
from headwater.data.stage import UNKNOWN, Cursor, Run, Stage
from headwater.data.structure import LEAF, Element, as_array, as_component, dict_form
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DataLossError, NotFoundError, UnsupportedError
from headwater.frontend.tensor_spec import TensorSpec


def _pyarrow(module: str) -> Any:
    try:
        return __import__(f"pyarrow.{module}", fromlist=["_"])
    except ImportError:
        raise UnsupportedError(
            "Parquet and Arrow files are read with pyarrow, which is not installed.",
            fix="pip install pyarrow",
            where="",
        ) from None


class Blocks(Stage):
    """Rows that come in blocks of columns: a batch is cut from them without looking at rows one by one.

    Args:
        parts: makes a reader for each part: called, it gives an iterator of blocks, lists of arrays of one length.
        signature: of a row.
        size: rows altogether, if it is known.
        label: what messages call it.
    """

    def __init__(
        self, parts: Sequence[Callable[[], Iterator[list[Any]]]], signature: Signature, size: int, label: str
    ) -> None:
        super().__init__()
        self.parts, self.size, self.label = parts, size, label
        self.signature = signature  # type: ignore[misc]

    def cardinality(self) -> int:
        return self.size

    def open(self, run: Run) -> Cursor:
        return BlocksCursor(self)


class BlocksCursor(Cursor):
    """Its place is the number of a part, of a block in it and of a row in that."""

    def __init__(self, stage: Blocks) -> None:
        self.stage = stage
        self.part, self.block, self.row = 0, -1, 0
        self.blocks: Iterator[list[Any]] | None = None
        self.columns: list[Any] = []
        self.size = 0

    def __next__(self) -> Element:
        while self.row >= self.size:
            self._next_block()
        self.row += 1
        return tuple([column[self.row - 1] for column in self.columns])

    def take_batch(self, count: int) -> Element | None:
        """The next `count` rows as columns, fewer at the end; None if there are none."""
        parts: list[list[Any]] = []
        left = count
        try:
            while left:
                while self.row >= self.size:
                    self._next_block()
                end = min(self.size, self.row + left)
                parts.append([column[self.row : end] for column in self.columns])
                left -= end - self.row
                self.row = end
        except StopIteration:
            pass
        if not parts:
            return None
        return tuple(parts[0]) if len(parts) == 1 else tuple([np.concatenate(column) for column in zip(*parts)])

    def _next_block(self) -> None:
        while True:
            if self.blocks is None:
                if self.part >= len(self.stage.parts):
                    raise StopIteration
                self.blocks, self.block = self.stage.parts[self.part](), -1
            columns = next(self.blocks, None)
            if columns is None:
                self.blocks, self.part, self.size = None, self.part + 1, 0
                continue
            self.columns, self.block, self.row = columns, self.block + 1, 0
            self.size = len(columns[0]) if columns else 0
            return

    def state(self) -> dict[str, Any]:
        return {"part": self.part, "block": self.block if self.blocks is not None else -1, "row": self.row}

    def restore(self, state: dict[str, Any]) -> None:
        self.part, self.blocks, self.size, self.row = int(state["part"]), None, 0, 0
        if state["block"] >= 0:
            for _ in range(int(state["block"]) + 1):
                self._next_block()
            self.row = int(state["row"])


def _signature(schema: Any, names: Sequence[str], path: str) -> Signature:
    found = {name: TensorSpec((), _dtype(schema.field(name).type, name, path)) for name in names}
    return Signature(dict_form(found, [LEAF] * len(found)), [found[name] for name in sorted(found)])


def _dtype(kind: Any, name: str, path: str) -> Any:
    import pyarrow as arrow

    types = arrow.types
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        return as_dtype("string")
    try:
        return as_dtype(kind.to_pandas_dtype())
    except (NotImplementedError, TypeError):
        raise ArgumentError(
            f"{path}: column {name!r} of type {kind} is no column of numbers or texts.",
            fix="leave it out: pass the names of the other columns.",
            where="",
        ) from None


def _arrays(batch: Any, signature: Signature, path: str) -> list[Any]:
    """The columns of a record batch as arrays, in the order of their names."""
    out = []
    for name, spec in zip(sorted(batch.schema.names), signature.specs):
        column = batch.column(batch.schema.get_field_index(name))
        if hasattr(column, "dictionary_decode"):
            column = column.dictionary_decode()
        if spec.dtype == "string":
            values = [item.encode() if isinstance(item, str) else item or b"" for item in column.to_pylist()]
            array = np.empty(len(values), object)
            array[:] = values
        else:
            if column.null_count and not spec.dtype.is_floating:
                raise DataLossError(
                    f"{path}: column {name!r} has rows without a value, which {spec.dtype.name} can't say.",
                    fix="fill them before, or keep the column as floats.",
                    where="",
                )
            array = column.to_numpy(zero_copy_only=False).astype(spec.dtype.numpy, copy=False)
        out.append(array)
    return out


def _columns(schema: Any, columns: Sequence[str] | None, path: str) -> list[str]:
    names = list(schema.names) if columns is None else list(columns)
    for name in names:
        if name not in schema.names:
            raise ArgumentError(
                f"{path} has no column {name!r}.", fix=f"use some of {', '.join(schema.names)}.", where=""
            )
    return names


def parquet_rows(filenames: Any, columns: Sequence[str] | None = None, block_rows: int = 65536) -> Blocks:
    """The rows of Parquet files, read `block_rows` at a time.

    Raises: NotFoundError, DataLossError if a file is not there or no Parquet; ArgumentError for a column that is not
        there.
    """
    parquet = _pyarrow("parquet")
    paths = paths_of(filenames)

    def opened(path: str) -> Any:
        return _opened(parquet.ParquetFile, path, "Parquet")

    first = opened(paths[0])
    names = _columns(first.schema_arrow, columns, paths[0])
    signature = _signature(first.schema_arrow, names, paths[0])
    parts, size = [], 0

    def reader(path: str, group: int) -> Callable[[], Iterator[list[Any]]]:
        def blocks() -> Iterator[list[Any]]:
            file = opened(path)
            try:
                for batch in file.iter_batches(block_rows, row_groups=[group], columns=names):
                    yield _arrays(batch, signature, path)
            except OSError as error:
                raise DataLossError(f"{path} is damaged: {error}.", fix="get the file anew.", where="") from None

        return blocks

    for path in paths:
        file = opened(path)
        _same_columns(file.schema_arrow, names, signature, path)
        parts += [reader(path, group) for group in range(file.metadata.num_row_groups)]
        size += file.metadata.num_rows
    return Blocks(parts, signature, size, "from_parquet")


def _same_columns(schema: Any, names: Sequence[str], signature: Signature, path: str) -> None:
    if _signature(schema, _columns(schema, names, path), path).specs != signature.specs:
        raise ArgumentError(
            f"{path}: its columns have other types than those of the first file.", fix="read it by itself.", where=""
        )


def _opened(make: Callable[[str], Any], path: str, kind: str) -> Any:
    import pyarrow as arrow

    try:
        return make(path)
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path!r}.", fix="check the path.", where="") from None
    except (arrow.ArrowInvalid, OSError) as error:
        raise DataLossError(f"{path} is no {kind} file: {error}.", fix="get the file anew.", where="") from None


def arrow_rows(source: Any, columns: Sequence[str] | None = None) -> Blocks:
    """The rows of an Arrow table, or of Arrow (Feather) files, mapped into memory."""
    import_file = _pyarrow("ipc").open_file
    arrow = __import__("pyarrow")
    if isinstance(source, arrow.Table):
        tables = [("the table", lambda: source.to_batches())]
        schema = source.schema
        size = source.num_rows
    else:
        paths = paths_of(source)

        def mapped(path: str) -> Any:
            return _opened(lambda p: import_file(arrow.memory_map(p)), path, "Arrow")

        def batches(path: str) -> Callable[[], Any]:
            def read() -> Any:
                file = mapped(path)
                return (file.get_batch(number) for number in range(file.num_record_batches))

            return read

        tables = [(path, batches(path)) for path in paths]
        schema, size = mapped(paths[0]).schema, UNKNOWN
    names = _columns(schema, columns, tables[0][0])
    signature = _signature(schema, names, tables[0][0])

    def reader(path: str, read: Callable[[], Any]) -> Callable[[], Iterator[list[Any]]]:
        def blocks() -> Iterator[list[Any]]:
            for batch in read():
                yield _arrays(batch.select(names), signature, path)

        return blocks

    return Blocks([reader(*table) for table in tables], signature, size, "from_arrow")


def frame_columns(frame: Any) -> dict[str, np.ndarray]:
    """The columns of a frame of pandas, polars or another library that has the interchange protocol."""
    from headwater.frontend import frames

    return {name: as_array(as_component(values)) for name, values in frames.columns(frame).items()}
