"""States of cursors, and elements, as bytes: a text of JSON with what is nested, then the arrays it refers to.

The layout: length of the text (8 bytes, little-endian), the text, the arrays one after the other. Strings are arrays of
lengths followed by their bytes. Nothing in it is code.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.data.sources import Elements
from headwater.data.specs import Signature
from headwater.data.structure import as_array, is_composite
from headwater.dtypes import DTYPES, as_dtype
from headwater.errors import DataLossError, UnsupportedError
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.frontend.tensor import Tensor

_DEPTH = 200  # of nesting, at most


def encode(value: Any) -> bytes:
    """A state or an element as bytes.

    Raises: UnsupportedError for what can't be kept, such as a data set that is not held in memory.
    """
    arrays: list[bytes] = []
    text = json.dumps(_described(value, arrays), separators=(",", ":")).encode()
    return b"".join([len(text).to_bytes(8, "little"), text, *arrays])


def _described(value: Any, arrays: list[bytes]) -> Any:
    if value is None or (isinstance(value, (bool, int, float, str)) and not isinstance(value, np.generic)):
        return value
    if isinstance(value, dict):
        return {"d": {str(key): _described(item, arrays) for key, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"l" if isinstance(value, list) else "t": [_described(item, arrays) for item in value]}
    if is_composite(value):
        return _described_composite(value, arrays)
    if hasattr(value, "_stage"):
        return _described_dataset(value, arrays)
    if isinstance(value, (bytes, np.ndarray, np.generic, Tensor)):
        return _described_array(value, arrays)
    raise UnsupportedError(
        f"a {type(value).__name__} in a pipeline can't be saved.",
        fix="save before the stage that makes it, or turn it into tensors with map().",
        where="",
    )


def _described_array(value: Any, arrays: list[bytes]) -> Any:
    array = as_array(value)
    dtype = as_dtype(array.dtype)
    if dtype == "string":
        items = [item if isinstance(item, bytes) else str(item).encode() for item in array.ravel().tolist()]
        raw = np.array([len(item) for item in items], "<i8").tobytes() + b"".join(items)
    else:
        raw = np.ascontiguousarray(array).tobytes()
    arrays.append(raw)
    kind = "b" if isinstance(value, bytes) else "a"
    return {kind: [dtype.name, list(array.shape), len(raw)]}


def _described_composite(value: Any, arrays: list[bytes]) -> Any:
    if isinstance(value, SparseTensor):
        parts = [value.indices, value.values, value.dense_shape]
        return {"s": [_described_array(part, arrays) for part in parts]}
    splits, inner = [], value
    while is_composite(inner):
        splits.append(_described_array(inner.row_splits, arrays))
        inner = inner.values
    return {"r": [*splits, _described_array(inner, arrays)]}


def _described_dataset(value: Any, arrays: list[bytes]) -> Any:
    stage = value._stage
    if not isinstance(stage, Elements):
        raise UnsupportedError(
            "a data set inside of a data set can't be saved unless its elements are in memory.",
            fix="flatten it with flat_map() first, or save at another place.",
            where="",
        )
    form = stage.signature.form.unflatten([None] * stage.signature.form.count)
    return {"e": [_described(form, []), _described(list(stage.elements), arrays)]}


def decode(data: bytes) -> Any:
    """What `encode` made bytes of; arrays are writeable copies.

    Raises: DataLossError if the bytes are none of `encode`, or cut short.
    """
    view = memoryview(data)
    try:
        length = int.from_bytes(view[:8], "little")
        if length > len(view) - 8:
            raise ValueError("it is cut short")
        described = json.loads(bytes(view[8 : 8 + length]))
        reader = _Reader(view[8 + length :])
        return reader.value(described, 0)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise DataLossError(
            f"what was saved of a pipeline can't be read: {error}.", fix="restore an older one.", where=""
        ) from None


class _Reader:
    """Takes arrays off bytes in order."""

    def __init__(self, view: memoryview) -> None:
        self.view, self.position = view, 0

    def value(self, described: Any, depth: int) -> Any:
        if depth > _DEPTH:
            raise ValueError("it is nested too deep")
        if not isinstance(described, dict):
            if isinstance(described, list):
                raise ValueError("a list stands where none can")
            return described
        ((kind, content),) = described.items()
        if kind == "d":
            return {key: self.value(item, depth + 1) for key, item in content.items()}
        if kind in "lt":
            items = [self.value(item, depth + 1) for item in content]
            return items if kind == "l" else tuple(items)
        if kind in "ab":
            array = self.array(*content)
            return array[()] if kind == "b" else array
        return self.object(kind, content, depth)

    def array(self, name: str, shape: Sequence[int], nbytes: int) -> Any:
        """The next array."""
        raw = self.view[self.position : self.position + nbytes]
        if len(raw) != nbytes or nbytes < 0:
            raise ValueError("it is cut short")
        self.position += nbytes
        if name == "string":
            return _strings(raw, tuple(shape))
        array = np.frombuffer(raw, np.uint8).copy().view(DTYPES[name].numpy).reshape(shape)
        return array if array.shape else array[()]

    def object(self, kind: str, content: Any, depth: int) -> Any:
        """A ragged or sparse tensor, or a data set of elements."""
        if kind == "e":
            return self._dataset(content, depth)
        parts = [self.array(*part["a"]) for part in content]
        if kind == "s":
            return SparseTensor(*parts)
        if kind != "r":
            raise ValueError(f"{kind!r} is not known")
        value = parts.pop()
        while parts:
            value = RaggedTensor.from_row_splits(value, parts.pop())
        return value

    def _dataset(self, content: Any, depth: int) -> Any:
        from headwater.data.dataset import Dataset
        from headwater.data.structure import flatten

        form = flatten(self.value(content[0], depth + 1))[1]
        elements = [tuple(element) for element in self.value(content[1], depth + 1)]
        signature = Signature.of_values(elements[0], form) if elements else Signature(form, [])
        return Dataset(Elements(elements, signature))


def _strings(raw: memoryview, shape: tuple[int, ...]) -> np.ndarray:
    count = int(np.prod(shape, dtype=np.int64))
    if not 0 <= count <= len(raw) // 8:
        raise ValueError("it is cut short")
    lengths = np.frombuffer(raw[: 8 * count], "<i8")
    if (lengths < 0).any() or int(lengths.sum()) != len(raw) - 8 * count:
        raise ValueError("the strings are cut short")
    ends = np.cumsum(lengths) + 8 * count
    items = np.empty(count, object)
    for place, (end, size) in enumerate(zip(ends.tolist(), lengths.tolist())):
        items[place] = bytes(raw[end - size : end])
    return items.reshape(shape)
