"""What static tables are filled with: keys and values of tensors, or of the lines of a file."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.io.paths import local_path, os_errors
from headwater.lookup.tables import host_keys, require_whole
from headwater.ops.convert import convert_to_tensor
from headwater.strings.characters import parsed_float, parsed_whole


class TextFileIndex:
    """What of a line is meant, besides the number of a column."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


class KeyValueTensorInitializer:
    """Keys and values of two tensors.

    Args:
        keys: strings or whole numbers, (count,).
        values: one for each key.
        key_dtype, value_dtype: dtypes; those of the tensors by default.
    Raises: ShapeError if they are not as many.
    """

    def __init__(
        self, keys: Any, values: Any, key_dtype: Any = None, value_dtype: Any = None, name: str | None = None
    ) -> None:
        self._keys = _tensor(keys, key_dtype)
        self._values = _tensor(values, value_dtype)
        require_whole(self.key_dtype, "KeyValueTensorInitializer")
        if tuple(self._keys.spec.shape) != tuple(self._values.spec.shape) or len(self._keys.spec.shape) != 1:
            raise ShapeError(
                f"keys of shape {tuple(self._keys.spec.shape)}, values of {tuple(self._values.spec.shape)}.",
                fix="give one axis of keys, and a value for each.",
            )

    @property
    def key_dtype(self) -> DType:
        """The dtype of keys."""
        return self._keys.spec.dtype

    @property
    def value_dtype(self) -> DType:
        """The dtype of values."""
        return self._values.spec.dtype

    def initialize(self, table: Any) -> None:
        """Fill a table."""
        table._fill(*self.pairs())

    def pairs(self) -> tuple[list[Any], list[Any]]:
        """Keys and values as lists."""
        keys = host_keys(self._keys, self.key_dtype, "a table")[0].tolist()
        return keys, host_keys(self._values, self.value_dtype, "a table")[0].tolist()


def _tensor(values: Any, dtype: Any) -> Any:
    wanted = None if dtype is None else as_dtype(dtype)
    plain = wanted is None or wanted.kind == "string" or hasattr(values, "dtype")
    tensor = convert_to_tensor(values, None if plain else wanted)
    if wanted is not None and tensor.spec.dtype is not wanted:
        raise DTypeError(f"values of {tensor.spec.dtype.name}, not {wanted.name}.", fix=f"cast them to {wanted.name}.")
    return tensor


class TextFileInitializer:
    """Keys and values of the lines of a file.

    Args:
        filename: of a text file, a pair a line.
        key_dtype: string or a whole number's.
        key_index: what of a line is the key: the number of a column, `TextFileIndex.WHOLE_LINE` or `LINE_NUMBER`.
        value_dtype, value_index: the same of the value.
        vocab_size: read so many lines; all by default.
        delimiter: what comes between columns.
        value_index_offset: added to the number of a line.
    Raises: ArgumentError for a dtype that does not go with the index, a line without that column, or too few lines.
    """

    def __init__(
        self,
        filename: Any,
        key_dtype: Any,
        key_index: int,
        value_dtype: Any,
        value_index: int,
        vocab_size: int | None = None,
        delimiter: str = "\t",
        name: str | None = None,
        value_index_offset: int = 0,
    ) -> None:
        self._path = local_path(filename)
        self._key = as_dtype(key_dtype), int(key_index)
        self._value = as_dtype(value_dtype), int(value_index)
        self._size, self._delimiter, self._offset = vocab_size, delimiter.encode(), int(value_index_offset)
        for dtype, index in (self._key, self._value):
            _require_index(dtype, index)

    @property
    def key_dtype(self) -> DType:
        """The dtype of keys."""
        return self._key[0]

    @property
    def value_dtype(self) -> DType:
        """The dtype of values."""
        return self._value[0]

    def initialize(self, table: Any) -> None:
        """Fill a table."""
        table._fill(*self.pairs())

    def pairs(self) -> tuple[list[Any], list[Any]]:
        """Keys and values as lists."""
        with os_errors(self._path), open(self._path, "rb") as file:
            lines = [line.rstrip(b"\n").removesuffix(b"\r") for line in file]
        if self._size is not None:
            if int(self._size) > len(lines):
                raise ArgumentError(
                    f"{self._path!r} has {len(lines)} lines, and vocab_size is {self._size}.", fix="pass a smaller one."
                )
            lines = lines[: int(self._size)]
        keys = [self._part(line, number, *self._key, 0) for number, line in enumerate(lines)]
        return keys, [self._part(line, number, *self._value, self._offset) for number, line in enumerate(lines)]

    def _part(self, line: bytes, number: int, dtype: DType, index: int, offset: int) -> Any:
        if index == TextFileIndex.LINE_NUMBER:
            return number + offset
        text = line
        if index != TextFileIndex.WHOLE_LINE:
            columns = line.split(self._delimiter)
            if index >= len(columns):
                raise ArgumentError(
                    f"line {number} of {self._path!r} has {len(columns)} columns, and column {index} is wanted.",
                    fix="check the delimiter, and the line.",
                )
            text = columns[index]
        if dtype.kind == "string":
            return text
        return parsed_float(text) if dtype.is_floating else parsed_whole(text, dtype)


def _require_index(dtype: DType, index: int) -> None:
    if index == TextFileIndex.LINE_NUMBER and dtype.name not in ("int64", "int32"):
        raise ArgumentError(f"the number of a line as {dtype.name}.", fix="use int64.")
    if index == TextFileIndex.WHOLE_LINE and dtype.kind != "string" and not dtype.is_integer:
        raise ArgumentError(f"a whole line as {dtype.name}.", fix="use string.")
    if index < TextFileIndex.WHOLE_LINE:
        raise ArgumentError(f"column {index} of a line.", fix="use a number from 0, WHOLE_LINE or LINE_NUMBER.")


class DatasetInitializer:
    """Keys and values of the pairs of a data set.

    Args:
        dataset: of pairs of a key and a value, each one element or a batch of them.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        spec = dataset.element_spec
        if not isinstance(spec, tuple) or len(spec) != 2:
            raise ArgumentError("a table of a data set whose elements are no pairs.", fix="give (key, value) elements.")
        self.key_dtype, self.value_dtype = spec[0].dtype, spec[1].dtype

    def initialize(self, table: Any) -> None:
        """Fill a table."""
        table._fill(*self.pairs())

    def pairs(self) -> tuple[list[Any], list[Any]]:
        """Keys and values as lists."""
        keys: list[Any] = []
        values: list[Any] = []
        for key, value in self._dataset:
            keys += np.asarray(key).reshape(-1).tolist()
            values += np.asarray(value).reshape(-1).tolist()
        return keys, values
