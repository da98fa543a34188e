"""TensorFlow's TensorProto: tensors as bytes, and back; sparse ones in three parts.

Source: github.com/tensorflow/tensorflow, tensorflow/core/framework/{tensor,tensor_shape,types}.proto.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headwater.dtypes import DTYPES, DType, as_dtype
from headwater.errors import ArgumentError, DTypeError
from headwater.frontend.host_values import host_array
from headwater.frontend.prelude import before_programs
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.io import wire
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import objects, of_strings, texts

_NUMBERS = {
    "float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "string": 7, "complex64": 8, "int64": 9,
    "bool": 10, "bfloat16": 14, "uint16": 17, "complex128": 18, "float16": 19, "uint32": 22, "uint64": 23,
}  # fmt: skip
_NAMES = {number: name for name, number in _NUMBERS.items()}
# Fields that hold values one by one: by number, how they are packed. Several dtypes share one.
_VALUES = {5: "<f4", 6: "<f8", 7: None, 9: "<f4", 10: None, 11: None, 12: "<f8", 13: None, 16: None, 17: None}
_MOST_REPEATED = 1 << 28  # elements that one value may stand for


def serialize_tensor(tensor: Any, name: str | None = None) -> Any:
    """A tensor as a string: a TensorProto.

    Example:
        >>> parse_tensor(serialize_tensor([1, 2]), "int32").numpy()
        array([1, 2], dtype=int32)
    """
    return of_strings([_serialized(convert_to_tensor(tensor))], ())


def _serialized(tensor: Any) -> bytes:
    dtype = tensor.spec.dtype
    sizes = [wire.varint_field(1, size) if size else b"" for size in tensor.spec.shape]
    shape = b"".join(wire.bytes_field(2, size) for size in sizes)
    head = wire.varint_field(1, _NUMBERS[dtype.name]) + wire.bytes_field(2, shape)
    if dtype.kind == "string":
        return head + b"".join(wire.bytes_field(8, text) for text in texts(tensor, "serialize_tensor").reshape(-1))
    content = np.ascontiguousarray(host_array(tensor)).tobytes()
    return head + (wire.bytes_field(4, content) if content else b"")


@before_programs()
def parse_tensor(serialized: Any, out_type: Any, name: str | None = None) -> Any:
    """The tensor that a string holds, a TensorProto.

    Args:
        serialized: one string.
        out_type: its dtype.
    Raises: DataLossError for a damaged string; DTypeError for a tensor of another dtype.
    """
    array = texts(serialized, "parse_tensor")
    if array.ndim:
        raise ArgumentError(f"parse_tensor of strings of shape {array.shape}.", fix="pass one string.")
    return _parsed(array.item(), as_dtype(out_type))


def _parsed(data: bytes, wanted: DType) -> Any:
    dtype, shape, content, strings = None, (), None, []
    values: list[np.ndarray] = []
    for number, kind, value in wire.fields(data):
        if number == 1 and kind == wire.VARINT:
            dtype = DTYPES.get(_NAMES.get(value, ""))
        elif number == 2 and kind == wire.BYTES:
            shape = _parsed_shape(data, *value)
        elif number == 4 and kind == wire.BYTES:
            content = value
        elif number == 8 and kind == wire.BYTES:
            strings.append(data[value[0] : value[1]])
        elif number in _VALUES:
            values.append(_parsed_values(number, kind, value, data))
    if dtype is None:
        raise wire.damaged("it names no dtype that is known")
    if dtype is not wanted:
        raise DTypeError(
            f"parse_tensor: the tensor is of {dtype.name}, not {wanted.name}.", fix=f"pass {dtype.name!r}."
        )
    if dtype.kind == "string":
        return _of_strings(strings if content is None else _string_list(data, *content, shape), shape)
    if content is not None:
        return _of_content(data[content[0] : content[1]], dtype, shape)
    return _of_values(np.concatenate(values) if values else np.zeros(0), dtype, shape)


def dtype_of_number(number: int) -> DType:
    """The dtype that TensorFlow's files call by a number.

    Raises: DataLossError for a number that is none.
    """
    name = _NAMES.get(number)
    if name is None:
        raise wire.damaged(f"no dtype has the number {number}")
    return as_dtype(name)


def _string_list(data: bytes, start: int, end: int, shape: tuple[int, ...]) -> list[bytes]:
    """Strings in a row: the lengths of all, then the bytes of all."""
    lengths = []
    for _ in range(math.prod(shape)):
        length, start = wire.read_varint(data, start, end)
        lengths.append(length)
    if sum(lengths) != end - start:
        raise wire.damaged("the lengths of strings are not those of their bytes")
    found = []
    for length in lengths:
        found.append(data[start : start + length])
        start += length
    return found


def _parsed_shape(data: bytes, start: int, end: int) -> tuple[int, ...]:
    sizes = []
    for number, kind, value in wire.fields(data, start, end):
        if number == 2 and kind == wire.BYTES:
            found = [v for n, k, v in wire.fields(data, *value) if n == 1 and k == wire.VARINT]
            sizes.append(wire.signed(found[-1]) if found else 0)
    if any(size < 0 for size in sizes) or len(sizes) > 64:
        raise wire.damaged(f"its shape is {tuple(sizes[:8])}")
    return tuple(sizes)


def _parsed_values(number: int, kind: int, value: Any, data: bytes) -> np.ndarray:
    layout = _VALUES[number]
    if kind == wire.BYTES:
        start, end = value
        if layout is None:
            return wire.read_varints(data, start, end)
        size = np.dtype(layout).itemsize
        if (end - start) % size:
            raise wire.damaged("packed numbers end inside one")
        return np.frombuffer(data, layout, (end - start) // size, start)
    if layout is None:
        return np.array([value], np.uint64)
    return np.frombuffer(value.to_bytes(np.dtype(layout).itemsize, "little"), layout)


def _of_strings(strings: list[bytes], shape: tuple[int, ...]) -> Any:
    count = math.prod(shape)
    if len(strings) != count:
        if len(strings) != 1 or count > _MOST_REPEATED:
            raise wire.damaged(f"{len(strings)} strings for a shape of {shape}")
        strings = strings * count
    return of_strings(strings, shape)


def _of_content(content: bytes, dtype: DType, shape: tuple[int, ...]) -> Any:
    if len(content) != math.prod(shape) * dtype.size:
        raise wire.damaged(f"{len(content)} bytes for a {dtype.name} tensor of shape {shape}")
    kind = dtype.numpy if dtype.name != "bfloat16" else np.dtype(np.uint16)
    array = np.frombuffer(content, kind).reshape(shape)
    return convert_to_tensor(array.view(dtype.numpy).copy())


def _of_values(values: np.ndarray, dtype: DType, shape: tuple[int, ...]) -> Any:
    """Numbers given one by one; the last one stands for those that are missing."""
    count = math.prod(shape)
    if dtype.is_complex:
        values = values[: len(values) // 2 * 2].astype(np.float64)
        values = values[::2] + 1j * values[1::2]
    elif dtype.name in ("float16", "bfloat16"):
        values = values.astype(np.uint16).view(dtype.numpy)
    elif values.dtype == np.uint64:
        values = values.view(np.int64) if not dtype.is_unsigned else values
    if len(values) > count or count > max(len(values), _MOST_REPEATED):
        raise wire.damaged(f"{len(values)} values for a shape of {shape}")
    if len(values) < count:
        last = values[-1:] if len(values) else np.zeros(1, values.dtype)
        values = np.concatenate([values, np.repeat(last, count - len(values))])
    return convert_to_tensor(values.astype(dtype.numpy).reshape(shape))


def serialize_sparse(sp_input: SparseTensor, out_type: Any = "string", name: str | None = None) -> Any:
    """A sparse tensor as three strings: its indices, values and shape."""
    return of_strings([_serialized(part) for part in (sp_input.indices, sp_input.values, sp_input.dense_shape)], (3,))


def serialize_many_sparse(sp_input: SparseTensor, out_type: Any = "string", name: str | None = None) -> Any:
    """Each item of a batch, along the first axis, as three strings: (batch, 3)."""
    indices, values, shape = sp_input.host_indices(), sp_input.values, sp_input.static_shape
    array = host_array(values)
    parts = []
    for item in range(shape[0]):
        chosen = indices[:, 0] == item
        own = SparseTensor(indices[chosen, 1:], convert_to_tensor(array[chosen], values.spec.dtype), shape[1:])
        parts += [_serialized(part) for part in (own.indices, own.values, own.dense_shape)]
    return of_strings(parts, (shape[0], 3))


def deserialize_many_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> Any:
    """The batch of sparse tensors that (batch, 3) strings hold, as one sparse tensor of one axis more.

    Raises: DataLossError for damaged strings; ArgumentError for another shape of them.
    """
    array = texts(serialized_sparse, "deserialize_many_sparse")
    if array.ndim != 2 or array.shape[1] != 3:
        raise ArgumentError(f"deserialize_many_sparse of strings of shape {array.shape}.", fix="pass (batch, 3).")
    kind, indices, values, sizes = as_dtype(dtype), [], [], []
    for item, (places, elements, shape) in enumerate(array.tolist()):
        own = np.asarray(host_array(_parsed(places, as_dtype("int64"))))
        indices.append(np.insert(own, 0, item, axis=1))
        values.append(host_array(_parsed(elements, kind)))
        sizes.append(np.asarray(host_array(_parsed(shape, as_dtype("int64")))))
    if not sizes:
        whole = [0, *([0] * (rank or 1))]
        return SparseTensor(np.zeros((0, len(whole)), np.int64), convert_to_tensor(objects([], 0), kind), whole)
    if len({len(size) for size in sizes}) > 1:
        raise ArgumentError("deserialize_many_sparse: tensors of different numbers of axes.", fix="give one number.")
    joined = np.concatenate(values)
    whole = [len(array), *np.max(sizes, axis=0).tolist()]
    return SparseTensor(np.concatenate(indices), convert_to_tensor(joined, kind), whole)
