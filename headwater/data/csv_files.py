"""Rows of CSV files, with a dtype for each column: RFC 4180, as TensorFlow reads it."""

from __future__ import annotations

import collections
import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.data import specs
from headwater.data.readers import Pieces, files, matching_files
from headwater.data.stage import Over, Stage
from headwater.data.structure import Element, as_array, as_component, flat_tuple, flatten
from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DataLossError
from headwater.io.records import compression_of

_INFERRED = ("int32", "int64", "float32", "float64", "string")  # tried in this order


class Column:
    """How the texts of a column become values.

    Args:
        default: a dtype, for a column that must have a value in each row; or the value of an empty field.
    """

    def __init__(self, default: Any) -> None:
        self.required = isinstance(default, (DType, type, np.dtype))
        if self.required:
            self.dtype, self.default = as_dtype(default), None
        else:
            value = as_array(as_component(default))
            self.required = value.size == 0
            self.dtype = as_dtype(value.dtype)
            self.default = None if self.required else value.ravel()[0]
        self.parse = _parser(self.dtype)


def _parser(dtype: DType) -> Callable[[str], Any]:
    if dtype == "string":
        return lambda text: text.encode("latin-1")
    if dtype.is_integer:
        make, low, high = dtype.numpy.type, int(dtype.min), int(dtype.max)

        def whole(text: str) -> Any:
            value = int(text)
            if not low <= value <= high:
                raise ValueError(f"{text} does not fit into {dtype.name}")
            return make(value)

        return whole
    if dtype.is_floating:
        return lambda text: dtype.numpy.type(float(text))
    raise ArgumentError(f"a CSV column can't be {dtype.name}.", fix="use int, float or string.", where="")


class Rows(Pieces):
    """The rows of one file, as tuples of values.

    Args:
        path, compression: of the file.
        columns: one for each field that is wanted.
        chosen: places of those fields; all for None.
        header: whether the first row is left out.
        delimiter, quotes, missing: how fields are separated, whether they may be quoted, and what stands for none.
    """

    def __init__(
        self,
        path: str,
        compression: str,
        columns: Sequence[Column],
        chosen: Sequence[int] | None,
        header: bool,
        delimiter: str,
        quotes: bool,
        missing: str,
    ) -> None:
        super().__init__(path, compression)
        self.columns, self.chosen, self.header, self.missing = columns, chosen, header, missing
        self.delimiter, self.quotes = delimiter, quotes
        self._begin()

    def _begin(self) -> None:
        text = io.TextIOWrapper(self.file, "latin-1", newline="")  # one character for each byte
        quoting = csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE
        self.rows = csv.reader(text, delimiter=self.delimiter, quoting=quoting, strict=True)
        if self.header:
            next(self.rows, None)

    def __next__(self) -> Element:
        try:
            fields = next(self.rows)
            while not fields:  # an empty line
                fields = next(self.rows)
        except csv.Error as error:
            raise self._wrong(str(error)) from None
        self.offset += 1
        return self.values(fields)

    def values(self, fields: Sequence[str]) -> Element:
        """The values of a row."""
        if self.chosen is not None:
            if len(fields) <= max(self.chosen, default=-1):
                raise self._wrong(f"it has {len(fields)} fields, and field {max(self.chosen)} is wanted")
            fields = [fields[place] for place in self.chosen]
        elif len(fields) != len(self.columns):
            raise self._wrong(f"it has {len(fields)} fields, not {len(self.columns)}")
        return tuple(map(self._value, self.columns, fields, range(len(fields))))

    def _value(self, column: Column, text: str, place: int) -> Any:
        if not text or text == self.missing:
            if column.default is None:
                raise self._wrong(f"field {place} is required and is missing")
            return column.default
        try:
            return column.parse(text)
        except ValueError:
            raise self._wrong(f"field {place} is {text!r}, no {column.dtype.name}") from None

    def _wrong(self, what: str) -> DataLossError:
        return DataLossError(
            f"{self.path}, line {self.rows.line_num}: {what}.",
            fix="mend the file, give the column a default, or use ignore_errors().",
            where="",
        )

    def seek(self, offset: int) -> None:
        """Go to a row by its number."""
        while self.offset < offset:
            try:
                next(self)
            except DataLossError:
                continue


def csv_rows(
    filenames: Any,
    record_defaults: Sequence[Any],
    compression: Any = None,
    header: bool = False,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    select_cols: Any = None,
    exclude_cols: Any = None,
    num_parallel_reads: Any = None,
) -> Stage:
    """The rows of CSV files."""
    kind = compression_of(compression)
    columns = [Column(default) for default in record_defaults]
    chosen = _chosen(select_cols, exclude_cols, len(columns))

    def read(path: str) -> Any:
        return Rows(path, kind, columns, chosen, bool(header), field_delim, use_quote_delim, na_value)

    signature = specs.Signature(flat_tuple(len(columns)), [specs.TensorSpec((), column.dtype) for column in columns])
    return files(filenames, read, "CsvDataset", num_parallel_reads, signature)


def _chosen(select: Any, exclude: Any, count: int) -> list[int] | None:
    if select is not None and exclude is not None:
        raise ArgumentError("both select_cols and exclude_cols are given.", fix="give one of them.", where="")
    if select is not None:
        places = [int(place) for place in np.asarray(select).ravel()]
        if sorted(set(places)) != places or len(places) != count or (places and places[0] < 0):
            raise ArgumentError(
                f"select_cols={places} are not {count} places in order.",
                fix="give as many record_defaults as columns, which rise.",
                where="",
            )
        return places
    if exclude is not None:
        left_out = {int(place) for place in np.asarray(exclude).ravel()}
        places = [place for place in range(count + len(left_out)) if place not in left_out]
        return places[:count]
    return None


def column_names_of(path: str, compression: str, delimiter: str, quotes: bool, encoding: str) -> list[str]:
    """The names in the first row of a file."""
    for row in _texts(path, compression, delimiter, quotes, encoding):
        return row
    raise DataLossError(f"{path} is empty, and has no names of columns.", fix="pass column_names.", where="")


def _texts(path: str, compression: str, delimiter: str, quotes: bool, encoding: str) -> Any:
    pieces = Pieces(path, compression)
    text = io.TextIOWrapper(pieces.file, encoding, newline="")
    try:
        yield from csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    except UnicodeDecodeError as error:
        raise DataLossError(f"{path} is not in {encoding}: {error}.", fix="pass encoding.", where="") from None
    finally:
        pieces.close()


def inferred_defaults(
    path: str, compression: str, delimiter: str, quotes: bool, missing: str, header: bool, places: Sequence[int],
    limit: int | None,
) -> list[Any]:  # fmt: skip
    """A default for each wanted column, of the smallest dtype that its first rows are of."""
    kinds = [0] * len(places)
    for number, row in enumerate(_texts(path, compression, delimiter, quotes, "latin-1")):
        if (header and number == 0) or not row:
            continue
        if limit is not None and number >= limit + int(header):
            break
        for at, place in enumerate(places):
            text = row[place] if place < len(row) else ""
            if text and text != missing:
                while not _is_of(text, _INFERRED[kinds[at]]):
                    kinds[at] += 1
    return ["" if _INFERRED[kind] == "string" else np.zeros(1, _INFERRED[kind]) for kind in kinds]


def _is_of(text: str, kind: str) -> bool:
    if kind == "string":
        return True
    try:
        if kind.startswith("int"):
            info = np.iinfo(kind)
            return info.min <= int(text) <= info.max
        value = float(text)
        return kind == "float64" or abs(value) <= float(np.finfo(np.float32).max) or not np.isfinite(value)
    except ValueError:
        return False


def make_csv_dataset(
    file_pattern: Any,
    batch_size: int,
    column_names: Sequence[str] | None = None,
    column_defaults: Sequence[Any] | None = None,
    label_name: str | None = None,
    select_columns: Sequence[Any] | None = None,
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    header: bool = True,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: int | None = None,
    num_parallel_reads: int | None = None,
    sloppy: bool = False,
    num_rows_for_inference: int | None = 100,
    compression_type: Any = None,
    ignore_errors: bool = False,
    encoding: str = "utf-8",
) -> Any:
    """A data set of batches of the rows of CSV files: dicts from the names of the columns, and the label beside them.

    Args:
        file_pattern: paths, or patterns.
        batch_size: rows in a batch.
        column_names: of the columns; from the first row of the first file by default.
        column_defaults: a value for empty fields, or a dtype, for each column that is wanted; by default what the first
            `num_rows_for_inference` rows hold.
        label_name: the column that is given as the label.
        select_columns: names or places of the columns that are wanted.
        field_delim, use_quote_delim, na_value, header, compression_type, encoding: how the files are written.
        num_epochs: passes over the rows; without end for None, and then all batches are full.
        shuffle, shuffle_buffer_size, shuffle_seed: as in `Dataset.shuffle`.
        prefetch_buffer_size: batches that are made ready ahead.
        num_parallel_reads: files that are read at once.
        sloppy: whether rows may come in the order in which they are ready.
        ignore_errors: whether rows that can't be read are left out.
    Returns: a Dataset.
    """
    from headwater.data.dataset import Dataset

    paths = [element[0].decode() for element in matching_files(file_pattern).elements]  # type: ignore[attr-defined]
    kind = compression_of(compression_type)
    if column_names is None and not header:
        raise ArgumentError("the files have no header to take names from.", fix="pass column_names.", where="")
    names = list(column_names or column_names_of(paths[0], kind, field_delim, use_quote_delim, encoding))
    if len(set(names)) != len(names):
        raise ArgumentError(f"column names {names} are not unique.", fix="pass column_names.", where="")
    places = _places(select_columns, names)
    if column_defaults is None:
        defaults = inferred_defaults(
            paths[0], kind, field_delim, use_quote_delim, na_value, header, places, num_rows_for_inference
        )
    else:
        defaults = list(column_defaults)
        if len(defaults) == len(names) and len(places) != len(names):
            defaults = [defaults[place] for place in places]
    wanted = [names[place] for place in places]
    if label_name is not None and label_name not in wanted:
        raise ArgumentError(f"there is no column {label_name!r}.", fix=f"use one of {', '.join(wanted)}.", where="")
    if len(defaults) != len(wanted):
        raise ArgumentError(
            f"{len(defaults)} column_defaults are given for {len(wanted)} columns.", fix="give one each.", where=""
        )
    partial = places if len(places) != len(names) else None
    stage = csv_rows(
        paths, defaults, compression_type, header, field_delim, use_quote_delim, na_value, partial,
        num_parallel_reads=num_parallel_reads,
    )  # fmt: skip
    dataset: Any = Dataset(stage)
    if ignore_errors:
        dataset = dataset.ignore_errors()
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    if num_epochs != 1:
        dataset = dataset.repeat(num_epochs)
    dataset = dataset.batch(batch_size, drop_remainder=num_epochs is None)
    dataset = Dataset(Named(dataset._stage, wanted, label_name))
    return dataset.prefetch(-1 if prefetch_buffer_size is None else prefetch_buffer_size)


def _places(select: Sequence[Any] | None, names: list[str]) -> list[int]:
    if select is None:
        return list(range(len(names)))
    try:
        places = [int(item) if isinstance(item, (int, np.integer)) else names.index(item) for item in select]
    except ValueError:
        missing = [item for item in select if isinstance(item, str) and item not in names]
        raise ArgumentError(
            f"there is no column {missing[0]!r}.", fix=f"use some of {', '.join(names)}.", where=""
        ) from None
    if any(not 0 <= place < len(names) for place in places):
        raise ArgumentError(f"select_columns={list(select)} are not all there.", fix="use names.", where="")
    return sorted(places)


class Named(Stage):
    """The components of its input's elements in a dict, in which each has a name, and one of them beside it.

    Args:
        source: the input.
        names: of the components.
        label: the name of the one that is taken out; None for none.
    """

    label = "named columns"

    def __init__(self, source: Stage, names: Sequence[str], label: str | None) -> None:
        super().__init__(source)
        self.names, self.target = list(names), label

    @property
    def signature(self) -> specs.Signature:  # type: ignore[override]
        """Dict, or pair of dict and label."""
        return specs.Signature.of(self.packed(self.inputs[0].signature.specs))

    def packed(self, values: Sequence[Any]) -> Any:
        """Values under their names."""
        found = collections.OrderedDict(zip(self.names, values))
        return found if self.target is None else (found, found.pop(self.target))

    def cardinality(self) -> int:
        return self.inputs[0].cardinality()

    def open(self, run: Any) -> Any:
        return _NamedCursor(self, run)


class _NamedCursor(Over):
    def __next__(self) -> Element:
        return flatten(self.stage.packed(next(self.upstream)))[0]
