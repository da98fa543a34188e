"""Data files of R: `.rda`, and the pairs of `.rdx` and `.rdb` in which its packages keep data. Data alone is read; code
in such a file is refused."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from headwater.errors import DataLossError

_OPENERS = ((b"\x1f\x8b", gzip.decompress), (b"BZh", bz2.decompress), (b"\xfd7zXZ", lzma.decompress))
_NOTHING = {254, 253, 252, 251, 250, 242, 241}  # NULL, and environments that every session has
_MISSING_INT = -(2**31)
_MAX_DEPTH = 100
_MAX_COUNT = 10**8  # of numbers that are written in short


class RVector(NamedTuple):
    """A vector of R with its attributes: numbers as an array, strings and lists as a list."""

    values: Any
    attributes: dict[str, Any]


def read_rda(data: bytes) -> dict[str, Any]:
    """The objects of an `.rda` file, by name. Tables are dicts of columns.

    Raises: DataLossError for what is no such file, or is cut short.
    """
    with _damage_told():
        data = _unpacked(data)
        if data[:4] != b"RDX2" and data[:4] != b"RDX3":
            raise DataLossError("this is no .rda file.", fix="fetch it again.", where="")
        return {name: plain(value) for name, value in _Reader(data[5:]).document().items()}


def read_package_data(index: bytes, data: bytes, name: str) -> Any:
    """One object of a package's Rdata.rdx (the index) and Rdata.rdb (the data).

    Raises: DataLossError if the package has no such object.
    """
    with _damage_told():
        table = _Reader(zlib.decompress(index) if index[:1] == b"\x78" else _unpacked(index)).document()
        places = _named(_named(table)["variables"])
        if name not in places:
            raise DataLossError(f"there is no {name!r} among {', '.join(places)}.", fix="name one of these.", where="")
        start, length = (int(number) for number in places[name].values)
        return plain(_Reader(_segment(data[start : start + length])).document())


@contextlib.contextmanager
def _damage_told() -> Iterator[None]:
    """Whatever damaged data makes Python raise, as one error."""
    try:
        yield
    except DataLossError:
        raise
    except (ArithmeticError, AttributeError, EOFError, LookupError, OSError, TypeError, ValueError, zlib.error,
            lzma.LZMAError, StopIteration) as error:  # fmt: skip
        raise DataLossError(f"the data of R is damaged: {error}", fix="fetch the file again.", where="") from None


def _unpacked(data: bytes) -> bytes:
    for mark, unpack in _OPENERS:
        if data.startswith(mark):
            return unpack(data)
    return data


def _segment(data: bytes) -> bytes:
    """What one entry of an .rdb holds: a length, the kind of compression for two of the kinds, and the rest."""
    body = data[4:]
    if body[:1] == b"2":
        return bz2.decompress(body[1:])
    if body[:1] == b"Z":
        return lzma.decompress(body[1:], format=lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA2, "preset": 6}])
    return zlib.decompress(body)


def _named(vector: RVector) -> dict[str, Any]:
    return dict(zip(vector.attributes["names"].values, vector.values))


def plain(value: Any) -> Any:
    """A value of R as Python has it: a table or named list as a dict, a factor as its labels, a vector as an array."""
    if not isinstance(value, RVector):
        return value
    names = value.attributes.get("names")
    if isinstance(value.values, list) and value.values and not isinstance(value.values[0], (str, type(None))):
        items = [plain(item) for item in value.values]
        return dict(zip(names.values, items)) if names is not None else items
    levels = value.attributes.get("levels")
    if levels is not None:
        return _labels(np.asarray(value.values), levels.values)
    if isinstance(value.values, list):
        array = np.empty(len(value.values), object)
        array[:] = value.values
        return array
    shape = value.attributes.get("dim")
    array = _with_gaps(value.values)
    return array.reshape([int(size) for size in shape.values], order="F") if shape is not None else array


def _labels(codes: np.ndarray, levels: list[str]) -> np.ndarray:
    table = np.array([None, *levels], object)
    return table[np.where(codes == _MISSING_INT, 0, codes)]


def _with_gaps(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.int32 and (values == _MISSING_INT).any():
        return np.where(values == _MISSING_INT, np.nan, values.astype(np.float64))
    return values


class _Reader:
    """Reads R's binary form of its objects ("XDR")."""

    def __init__(self, data: bytes) -> None:
        self._data, self._place, self._depth = data, 0, 0
        self._seen: list[Any] = []

    def document(self) -> Any:
        """The object that the data holds."""
        if self._take(2) != b"X\n":
            raise DataLossError("this is not R's binary form.", fix="fetch the file again.", where="")
        version = self._int()
        self._take(8)  # the versions that wrote it and that read it
        if version == 3:
            self._take(self._int())  # the encoding
        return self._item()

    def _take(self, count: int) -> bytes:
        found = self._data[self._place : self._place + count]
        if count < 0 or len(found) < count:
            raise DataLossError("the data of R ends in the middle of a value.", fix="fetch the file again.", where="")
        self._place += count
        return found

    def _int(self) -> int:
        return int.from_bytes(self._take(4), "big", signed=True)

    def _length(self) -> int:
        length = self._int()
        return (self._int() << 32) + (self._int() & 0xFFFFFFFF) if length == -1 else length

    def _numbers(self, dtype: str) -> np.ndarray:
        length = self._length()
        values = np.frombuffer(self._take(length * np.dtype(dtype).itemsize), dtype)
        return values.astype(values.dtype.newbyteorder("="))

    def _item(self) -> Any:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise DataLossError("the data of R is nested too deeply.", fix="fetch the file again.", where="")
        try:
            return self._read()
        finally:
            self._depth -= 1

    def _read(self) -> Any:
        flags = self._int()
        kind, has_attributes, has_tag = flags & 0xFF, bool(flags & 0x200), bool(flags & 0x400)
        if kind in _NOTHING:
            return None
        if kind == 255:
            return self._seen[(flags >> 8 or self._int()) - 1]
        if kind == 1:
            self._seen.append(self._item())
            return self._seen[-1]
        if kind == 9:
            return self._text(flags >> 12)
        if kind == 2:
            return self._pairs(has_attributes, has_tag)
        if kind == 238:
            return self._compact()
        if kind in (247, 248, 249):
            self._int()
            self._seen.append([self._item() for _ in range(self._int())])
            return self._seen[-1]
        values = self._vector(kind)
        return RVector(values, self._item() or {} if has_attributes else {})

    def _vector(self, kind: int) -> Any:
        if kind in (10, 13):
            return self._numbers(">i4")
        if kind == 14:
            return self._numbers(">f8")
        if kind == 15:
            return self._numbers(">c16")
        if kind in (16, 19, 20):
            return [self._item() for _ in range(self._length())]
        if kind == 24:
            return np.frombuffer(self._take(self._length()), np.uint8)
        raise DataLossError(f"the data of R holds something of kind {kind}, which is no data.", where="")

    def _text(self, levels: int) -> str | None:
        length = self._int()
        if length == -1:
            return None
        return self._take(length).decode("latin-1" if levels & 4 else "utf-8", errors="replace")

    def _pairs(self, has_attributes: bool, has_tag: bool) -> dict[str, Any]:
        """A list of pairs, read in a loop: it may be long."""
        found: dict[str, Any] = {}
        while True:
            if has_attributes:
                self._item()
            tag = self._item() if has_tag else str(len(found))
            found[tag] = self._item()
            flags = self._int()
            kind, has_attributes, has_tag = flags & 0xFF, bool(flags & 0x200), bool(flags & 0x400)
            if kind != 2:
                return found

    def _compact(self) -> Any:
        """A vector that is written in short: a sequence, numbers to be read as text, or another vector wrapped."""
        name = next(iter(self._item().values()))
        state, attributes = self._item(), self._item() or {}
        if name in ("compact_intseq", "compact_realseq"):
            count, first, step = state.values
            if not 0 <= count <= _MAX_COUNT:
                raise DataLossError(
                    f"the data of R tells of {count:g} numbers in short.", fix="fetch it again.", where=""
                )
            values: Any = first + step * np.arange(int(count))
            return RVector(values.astype(np.int32) if name == "compact_intseq" else values, attributes)
        inner = next(iter(state.values())) if isinstance(state, dict) else state.values[0]
        if name == "deferred_string":
            return RVector([f"{number:g}" for number in inner.values], attributes)
        return RVector(inner.values, {**inner.attributes, **attributes})
