"""Text files that hold tables: comma- and tab-separated values, as columns."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from headwater.datasets.loaded import Columns

_MISSING = {"", "NA", "NaN", "nan", "?"}


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """The text of a file, which may be compressed by gzip."""
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode(encoding, errors="replace")


def read_table(
    path: Path, separator: str = ",", names: Sequence[str] | None = None, skip: int = 0, encoding: str = "utf-8"
) -> Columns:
    """The columns of a file: numbers where all of a column's values are numbers or missing, else text.

    Args:
        path: the file.
        separator: what stands between values.
        names: names of the columns, if the first row does not give them.
        skip: rows to pass over after the names.
        encoding: of the file.
    """
    quoting = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
    limit = csv.field_size_limit(1 << 24)
    try:
        rows = csv.reader(io.StringIO(read_text(path, encoding), newline=""), delimiter=separator, quoting=quoting)
        header = list(names) if names is not None else next(rows)
        body = [row for row in rows if row][skip:]
    finally:
        csv.field_size_limit(limit)
    whole = [row if len(row) == len(header) else (row + [""] * len(header))[: len(header)] for row in body]
    return {name or "index": column_of(values) for name, values in zip(header, zip(*whole))}


def column_of(values: Sequence[str]) -> np.ndarray:
    """Values that were read as text, as whole numbers, as floats (NaN where missing), or as text."""
    try:
        return np.array([int(value) for value in values])
    except (ValueError, OverflowError):
        pass
    try:
        return np.array([np.nan if value in _MISSING else float(value) for value in values])
    except ValueError:
        return text_column(values)


def text_column(values: Sequence[str | None]) -> np.ndarray:
    """Strings as a column: an array of objects, so that one long text does not make all others long."""
    column = np.empty(len(values), object)
    column[:] = list(values)
    return column
