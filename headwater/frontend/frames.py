"""Tables of other libraries (pandas, polars, Arrow and whatever speaks an interchange protocol) as NumPy arrays.

Nothing is imported for them: pandas and polars give their columns by name, Arrow by number, and for the others there is
the dataframe interchange protocol, read here by hand, and at last the Arrow C stream, which pyarrow reads.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from headwater.errors import DTypeError, UnsupportedError


def is_frame(value: Any) -> bool:
    """True for a table: of pandas, polars, Arrow, or with `__dataframe__` or an Arrow C stream of columns."""
    if isinstance(value, np.ndarray) or hasattr(value, "__headwater_tensor__"):
        return False
    if hasattr(value, "__dataframe__"):
        return True
    return hasattr(value, "__arrow_c_stream__") and not is_column(value)


def is_column(value: Any) -> bool:
    """True for one column of a table: with `to_numpy`, and no columns of its own."""
    return hasattr(value, "to_numpy") and not hasattr(value, "columns") and not isinstance(value, np.ndarray)


def column(values: Any) -> np.ndarray:
    """The values of a column as an array; numbers among which some are missing as floats with NaN."""
    array = np.asarray(_to_numpy(values))
    if array.dtype != object:
        return array
    try:  # whole numbers with a missing one
        return np.array([np.nan if _is_missing(each) else float(_number(each)) for each in array.tolist()])
    except (TypeError, ValueError):
        return array


def _to_numpy(values: Any) -> Any:
    try:
        return values.to_numpy()
    except (TypeError, ValueError):  # Arrow copies what it can't share only if it is told to
        return values.to_numpy(zero_copy_only=False)


def _is_missing(value: Any) -> bool:
    return value is None or value != value or type(value).__name__ == "NAType"


def _number(value: Any) -> Any:
    if isinstance(value, (str, bytes)):
        raise TypeError("text")
    return value


def columns(frame: Any) -> dict[str, np.ndarray]:
    """The columns of a table by name.

    Raises: UnsupportedError for a table that needs pyarrow, if that is not installed.
    """
    if hasattr(frame, "column_names") and hasattr(frame, "column"):  # Arrow
        return {name: column(frame.column(place)) for place, name in enumerate(frame.column_names)}
    names = getattr(frame, "columns", None)
    if names is not None and not callable(names) and hasattr(frame, "__getitem__"):  # pandas, polars
        return {name: column(frame[name]) for name in names}
    if hasattr(frame, "__dataframe__"):
        interchange = frame.__dataframe__(allow_copy=True)
        return {name: _interchanged(interchange, name) for name in interchange.column_names()}
    return columns(_arrow().table(frame))


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise UnsupportedError(
            "this table gives its columns as an Arrow C stream, which pyarrow reads, and pyarrow is not installed.",
            fix="pip install pyarrow, or pass a dict of NumPy arrays.",
            where="",
        ) from None
    return pyarrow


def matrix(frame: Any, what: str = "the table") -> np.ndarray:
    """A table as a matrix of one dtype, with a row for each of its rows.

    Raises: DTypeError if some columns hold text and others numbers.
    """
    found = columns(frame)
    text = [name for name, values in found.items() if values.dtype.kind in "OSUMm"]
    if text and len(text) < len(found):
        raise DTypeError(
            f"`{what}`: of the table's {len(found)} columns, {', '.join(map(repr, text[:5]))} hold no numbers.",
            fix="leave them out, encode them as numbers, or pass dict(table) to a model with an input for each column.",
            where="",
        )
    if not found:
        return np.zeros((len(frame), 0))
    return np.stack(list(found.values()), axis=1)


# ---- the dataframe interchange protocol ----------------------------------------------------------------------------

_KINDS = {0: "i", 1: "u", 2: "f"}
_BOOL, _STRING, _CATEGORY = 20, 21, 23
_NAN, _SENTINEL, _BITS, _BYTES = 1, 2, 3, 4  # how a column says which values are missing


def _interchanged(frame: Any, name: str) -> np.ndarray:
    parts = [_chunk(part, name) for part in frame.get_column_by_name(name).get_chunks()]
    return np.concatenate(parts) if parts else np.zeros(0)


def _chunk(part: Any, name: str) -> np.ndarray:
    kind = part.dtype[0]
    buffers, size, offset = part.get_buffers(), part.size(), part.offset
    if kind == _STRING:
        values: Any = np.array(list(_texts(buffers, size, offset)), dtype=object)
    elif kind == _CATEGORY:
        labels = _interchanged_categories(part)
        values = labels[_numbers(buffers["data"], size, offset)]
    elif kind in _KINDS or kind == _BOOL:
        values = _numbers(buffers["data"], size, offset)
    else:
        raise DTypeError(
            f"the column {name!r} is of a kind that has no NumPy dtype.", fix="leave it out, or encode it.", where=""
        )
    missing = _missing(part, buffers, values, offset)
    if not missing.any():
        return values
    if values.dtype.kind in "iub":
        values = values.astype(np.float64)
    values = values.copy()
    values[missing] = None if values.dtype == object else np.nan
    return values


def _interchanged_categories(part: Any) -> np.ndarray:
    described = part.describe_categorical
    return _chunk(described["categories"], "categories")


def _numbers(described: Any, size: int, offset: int) -> np.ndarray:
    buffer, (kind, width, _, _) = described
    if kind == _BOOL and width == 1:
        bits = np.unpackbits(_bytes(buffer), bitorder="little")
        return bits[offset : offset + size].astype(bool)
    dtype = np.dtype(bool) if kind == _BOOL else np.dtype(f"{_KINDS[kind]}{width // 8}")
    return _bytes(buffer)[offset * dtype.itemsize : (offset + size) * dtype.itemsize].view(dtype).copy()


def _texts(buffers: Any, size: int, offset: int) -> Iterator[str]:
    data = _bytes(buffers["data"][0]).tobytes()
    places = _numbers(buffers["offsets"], size + 1, offset)
    for start, stop in itertools.pairwise(places):
        yield data[start:stop].decode("utf-8")


def _bytes(buffer: Any) -> np.ndarray:
    """The memory of a buffer, copied: it belongs to the table."""
    if not buffer.bufsize:
        return np.zeros(0, np.uint8)
    return np.frombuffer(ctypes.string_at(buffer.ptr, buffer.bufsize), np.uint8)


def _missing(part: Any, buffers: Any, values: np.ndarray, offset: int) -> np.ndarray:
    kind, mark = part.describe_null
    if kind == _NAN:
        return values != values
    if kind == _SENTINEL:
        return values == mark
    if kind in (_BITS, _BYTES) and buffers["validity"] is not None:
        return _numbers(buffers["validity"], len(values), offset).astype(bool) == bool(mark)
    return np.zeros(len(values), bool)
