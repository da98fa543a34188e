"""Rows of a query of an SQLite file."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.data import specs
from headwater.data.dataset import Dataset
from headwater.data.sources import Counted
from headwater.data.stage import Cursor, Run, Stage
from headwater.data.structure import Element, flat_tuple
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DataLossError
from headwater.frontend.tensor_spec import TensorSpec


class _Query(Stage):
    label = "SqlDataset"

    def __init__(self, path: str, query: str, dtypes: Any) -> None:
        super().__init__()
        self.path, self.query, self.dtypes = path, query, dtypes
        self.signature = specs.Signature(flat_tuple(len(dtypes)), [TensorSpec((), dtype) for dtype in dtypes])  # type: ignore[misc]

    def open(self, run: Run) -> Cursor:
        return _QueryCursor(self)


class _QueryCursor(Counted):
    """Its place is the number of a row: the query is made again."""

    def __init__(self, stage: _Query) -> None:
        self.stage = stage
        self.rows: Any = None

    def _opened(self) -> Any:
        import sqlite3
        from urllib.parse import quote

        try:
            database = sqlite3.connect(f"file:{quote(self.stage.path)}?mode=ro", uri=True, check_same_thread=False)
            rows = database.execute(self.stage.query)
            if len(rows.description or ()) != len(self.stage.dtypes):
                raise ArgumentError(
                    f"the query gives {len(rows.description or ())} columns, not {len(self.stage.dtypes)}.",
                    fix="give a dtype for each column.",
                )
            for _ in range(self.position):
                next(rows, None)
            return rows
        except sqlite3.Error as error:
            raise DataLossError(f"{self.stage.path}: {error}.", fix="check the file and the query.") from None

    def __next__(self) -> Element:
        if self.rows is None:
            self.rows = self._opened()
        row = next(self.rows)
        self.position += 1
        return tuple([_value(item, dtype) for item, dtype in zip(row, self.stage.dtypes)])

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.rows = None


def _value(item: Any, dtype: Any) -> Any:
    if dtype == "string":
        return b"" if item is None else item if isinstance(item, bytes) else str(item).encode()
    return dtype.numpy.type(0 if item is None else item)


class SqlDataset(Dataset):
    """The rows of a query of an SQLite file, as tuples.

    Args:
        driver_name: "sqlite".
        data_source_name: path of the file, which is opened for reading only.
        query: in SQL.
        output_types: a dtype for each column.
    """

    def __init__(self, driver_name: Any, data_source_name: Any, query: Any, output_types: Any) -> None:
        from headwater.data.transformations import text_of

        if text_of(driver_name) != "sqlite":
            raise ArgumentError(f"the driver {driver_name!r} is not known.", fix="use 'sqlite'.", where="")
        dtypes = [as_dtype(dtype) for dtype in np.ravel(np.array(output_types, dtype=object)).tolist()]
        super().__init__(_Query(text_of(data_source_name), text_of(query), dtypes))
