"""Strings decoded: numbers laid out in bytes, lines of tables, base64, compressed data, Examples in JSON."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DataLossError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.frontend.prelude import before_programs
from headwater.io.example import BytesList, Example, Feature, Features, FloatList, Int64List
from headwater.ops.convert import convert_to_tensor
from headwater.strings.characters import parsed_float, parsed_whole
from headwater.strings.elements import mapped, of_strings, string_op, texts


@string_op
def decode_raw(
    input_bytes: Any,
    out_type: Any,
    little_endian: bool = True,
    fixed_length: int | None = None,
    name: str | None = None,
) -> Any:
    """The numbers that strings are the bytes of.

    Args:
        input_bytes: strings of one length.
        out_type: dtype of the numbers.
        little_endian: whether the lowest byte comes first.
        fixed_length: cut or fill (with zeros) each string to so many bytes first.
    Returns: a tensor with an axis more, of the numbers.
    Raises: ShapeError for strings of different lengths, or of a length that does not divide.
    Example:
        >>> decode_raw(b"\\x01\\x00\\x02\\x00", "int16").numpy()
        array([1, 2], dtype=int16)
    """
    dtype, array = as_dtype(out_type), texts(input_bytes, "decode_raw")
    if dtype.kind == "string":
        raise ArgumentError("decode_raw to strings.", fix="pass the dtype of numbers.")
    values = array.reshape(-1).tolist()
    if fixed_length is not None:
        size = int(fixed_length)
        if size < 1 or size % dtype.size:
            raise ArgumentError(
                f"decode_raw: fixed_length {size} for {dtype.name}.", fix="pass a multiple of its size."
            )
        values = [text[:size].ljust(size, b"\0") for text in values]
    lengths = {len(text) for text in values}
    if len(lengths) > 1 or any(length % dtype.size for length in lengths):
        raise ShapeError(
            f"decode_raw: strings of {' and '.join(map(str, sorted(lengths)))} bytes as {dtype.name}.",
            fix="give strings of one length, a multiple of the dtype's size, or pass fixed_length.",
        )
    kind = np.dtype(np.uint16) if dtype.name == "bfloat16" else dtype.numpy
    layout = kind if dtype.size == 1 else kind.newbyteorder("<" if little_endian else ">")
    found = np.frombuffer(b"".join(values), layout).astype(kind).view(dtype.numpy)
    return convert_to_tensor(found.reshape(*array.shape, (lengths.pop() if lengths else 0) // dtype.size))


@string_op
def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> Any:
    """Strings in base64, in the alphabet for URLs; with `=` at the end if `pad`.

    Example:
        >>> encode_base64("Hello").numpy(), decode_base64("SGVsbG8").numpy()
        (b'SGVsbG8', b'Hello')
    """

    def encoded(text: bytes) -> bytes:
        found = base64.urlsafe_b64encode(text)
        return found if pad else found.rstrip(b"=")

    return mapped(encoded, input, "encode_base64")


@string_op
def decode_base64(input: Any, name: str | None = None) -> Any:
    """Strings that base64 stands for, in the alphabet for URLs, with or without `=` at the end.

    Raises: ArgumentError for a string that is none.
    """

    def decoded(text: bytes) -> bytes:
        bare = text.rstrip(b"=")
        try:
            return base64.b64decode(bare + b"=" * (-len(bare) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise ArgumentError(
                f"{text[:40]!r} is no base64: {error}.", fix="use '-' and '_', not '+' and '/'."
            ) from None

    return mapped(decoded, input, "decode_base64")


@string_op
def decode_compressed(bytes: Any, compression_type: str = "", name: str | None = None) -> Any:
    """Strings with their compression taken off: "ZLIB", "GZIP" or "" for none.

    Raises: ArgumentError for another compression; DataLossError for damaged data.
    """
    ways = {"": lambda data: data, "ZLIB": zlib.decompress, "GZIP": gzip.decompress}
    if compression_type not in ways:
        raise ArgumentError(f"compression_type {compression_type!r}.", fix="use 'ZLIB', 'GZIP' or ''.")

    def decompressed(data: Any) -> Any:
        try:
            return ways[compression_type](data)
        except (zlib.error, EOFError, OSError) as error:
            raise DataLossError(f"{compression_type} data is damaged: {error}.", fix="read or write it anew.") from None

    return mapped(decompressed, bytes, "decode_compressed")


@before_programs()
def decode_csv(
    records: Any,
    record_defaults: Sequence[Any],
    field_delim: str = ",",
    use_quote_delim: bool = True,
    na_value: str = "",
    select_cols: Sequence[int] | None = None,
    name: str | None = None,
) -> list[Any]:
    """The columns of lines of a table.

    Args:
        records: lines, without line feeds; of any shape.
        record_defaults: for each column its dtype, if it must not be empty, or the value of an empty field.
        field_delim: what comes between fields.
        use_quote_delim: whether `"` around a field lets it hold delimiters, and `""` stands for one quote in it.
        na_value: text that counts as empty, too.
        select_cols: numbers of the columns that are wanted, in rising order; all by default.
    Returns: for each column a tensor of the shape of `records`.
    Raises: ArgumentError for a line of another number of fields, or a field that is no value: it names both.
    Example:
        >>> first, second = decode_csv(["1,a", "2,b"], [0, ""])
        >>> first.numpy(), second.numpy()
        (array([1, 2], dtype=int32), array([b'a', b'b'], dtype=object))
    """
    array, delimiter = texts(records, "decode_csv"), field_delim.encode()
    if len(delimiter) != 1:
        raise ArgumentError(f"decode_csv: field_delim {field_delim!r}.", fix="use one character of one byte.")
    chosen = None if select_cols is None else [int(column) for column in select_cols]
    if chosen is not None and (
        len(chosen) != len(record_defaults) or chosen != sorted(set(chosen)) or chosen[:1] < [0]
    ):
        raise ArgumentError(
            f"decode_csv: select_cols {chosen} for {len(record_defaults)} defaults.",
            fix="name columns in rising order, one for each default.",
        )
    columns = [_Column(default, place) for place, default in enumerate(record_defaults)]
    for row, line in enumerate(array.reshape(-1).tolist()):
        fields = _fields(line, delimiter, use_quote_delim, row)
        if chosen is None and len(fields) != len(columns):
            raise _wrong_count(row, len(fields), len(columns))
        if chosen is not None and len(fields) <= chosen[-1]:
            raise _wrong_count(row, len(fields), chosen[-1] + 1)
        for column, field in zip(columns, fields if chosen is None else [fields[place] for place in chosen]):
            column.add(field, na_value.encode(), row)
    return [column.tensor(array.shape) for column in columns]


def _wrong_count(row: int, found: int, wanted: int) -> ArgumentError:
    return ArgumentError(
        f"decode_csv: record {row} has {found} fields, and {wanted} are expected.",
        fix="give a default for each column, and check delimiters and quotes of the line.",
    )


class _Column:
    """A column of a table while lines are read."""

    def __init__(self, default: Any, place: int) -> None:
        self.place, self.values = place, []
        self.default: Any = None
        if isinstance(default, (DType, type, np.dtype)):
            self.dtype = as_dtype(default)
        else:
            tensor = convert_to_tensor(default)
            self.dtype = tensor.spec.dtype
            values = host_array(tensor).reshape(-1).tolist()
            if len(values) > 1:
                raise ArgumentError(f"column {place} has {len(values)} defaults.", fix="give one value, or none: [].")
            self.default = values[0] if values else None
        if self.dtype.name not in ("float32", "float64", "int32", "int64", "string"):
            raise ArgumentError(
                f"column {place} is of {self.dtype.name}.", fix="use float32, float64, int32, int64 or string."
            )

    def add(self, field: bytes, empty: bytes, row: int) -> None:
        """Take the field of a line.

        Raises: ArgumentError if it is no value of the column's dtype.
        """
        if field in (b"", empty):
            if self.default is None:
                raise ArgumentError(
                    f"decode_csv: column {self.place} of record {row} is empty.", fix="give the column a default."
                )
            self.values.append(self.default)
            return
        try:
            self.values.append(self._parsed(field))
        except ArgumentError as error:
            raise ArgumentError(
                f"decode_csv: column {self.place} of record {row}, {field[:40]!r}, is no {self.dtype.name}.",
                fix=error.fix,
            ) from None

    def _parsed(self, field: bytes) -> Any:
        if self.dtype.kind == "string":
            return field
        return parsed_float(field) if self.dtype.is_floating else parsed_whole(field, self.dtype)

    def tensor(self, shape: Any) -> Any:
        """The column as a tensor."""
        if self.dtype.kind == "string":
            return of_strings(self.values, shape)
        return convert_to_tensor(np.array(self.values, self.dtype.numpy).reshape(shape))


_MARKS = (b'"', b"\r", b"\n")  # what only stands in quoted fields


def _fields(line: bytes, delimiter: bytes, quotes: bool, row: int) -> list[bytes]:
    """The fields of a line; the rules are those of RFC 4180."""
    if not quotes or not any(mark in line for mark in _MARKS):
        return line.split(delimiter)
    fields, place = [], 0
    while True:
        if line.startswith(b'"', place):
            field, place = _quoted(line, place + 1, row)
        else:
            end = line.find(delimiter, place)
            field, place = (line[place:], len(line)) if end < 0 else (line[place:end], end)
            if any(mark in field for mark in _MARKS):
                raise _bad_quotes(row)
        fields.append(field)
        if place == len(line):
            return fields
        if line[place : place + 1] != delimiter:
            raise _bad_quotes(row)
        place += 1


def _quoted(line: bytes, place: int, row: int) -> tuple[bytes, int]:
    parts = []
    while True:
        end = line.find(b'"', place)
        if end < 0:
            raise _bad_quotes(row)
        parts.append(line[place:end])
        if line[end + 1 : end + 2] != b'"':
            return b'"'.join(parts), end + 1
        place = end + 2


def _bad_quotes(row: int) -> ArgumentError:
    return ArgumentError(
        f"decode_csv: the quotes of record {row} do not close, or quotes or line feeds stand in a field without.",
        fix='quote whole fields, write "" for a quote inside, or pass use_quote_delim=False.',
    )


def decode_json_example(json_examples: Any, name: str | None = None) -> Any:
    """Examples written in JSON, serialized as `parse_example` takes them.

    Raises: ArgumentError for a string that is no Example in JSON.
    """

    def decoded(text: bytes) -> bytes:
        try:
            return _example_of(json.loads(text)).SerializeToString()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ArgumentError(
                f"{text[:60]!r} is no Example in JSON: {str(error)[:80]}.",
                fix='write {"features": {"feature": {"name": {"int64List": {"value": [1]}}}}}.',
            ) from None

    return mapped(decoded, json_examples, "decode_json_example")


def _either(data: dict[str, Any], *names: str) -> Any:
    if not isinstance(data, dict):
        raise ValueError(f"{data!r:.40} is no object")
    unknown = set(data) - set(names)
    if unknown:
        raise ValueError(f"unknown field {sorted(unknown)[0]!r}")
    return next((data[name] for name in names if name in data), None)


def _example_of(data: Any) -> Example:
    features = _either(_either(data, "features") or {}, "feature") or {}
    return Example(features=Features(feature={key: _feature_of(value) for key, value in features.items()}))


def _feature_of(data: Any) -> Feature:
    _either(data, "bytesList", "bytes_list", "floatList", "float_list", "int64List", "int64_list")
    for name, kind, read in (
        ("bytes", BytesList, _json_bytes),
        ("float", FloatList, float),
        ("int64", Int64List, int),
    ):
        for key in (f"{name}List", f"{name}_list"):
            if key in data:
                values = [read(value) for value in _either(data[key], "value") or []]
                return Feature(**{f"{name}_list": kind(value=values)})
    return Feature()


def _json_bytes(value: str) -> bytes:
    standard = value.replace("-", "+").replace("_", "/")
    return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
