"""TensorArray: tensors of one shape by number, which a loop fills. Inside a traced loop it is one stacked tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, IndexRangeError, ShapeError
from headwater.frontend.tensor_shape import TensorShape
from headwater.frontend.tracing import constant_value, is_tracing
from headwater.ir.dispatch import Array
from headwater.ops.convert import convert_to_tensor


class _Form:
    """What all states of one array share: the shape of its elements is learned at the first write."""

    def __init__(self, dtype: DType, element_shape: tuple[int, ...] | None, dynamic: bool) -> None:
        self.dtype, self.element_shape, self.dynamic = dtype, element_shape, dynamic


class TensorArray:
    """Tensors of one shape and dtype, by number.

    Args:
        dtype: of the elements.
        size: how many; a number that is known when a function is traced.
        dynamic_size: grow when a larger number is written; not in a loop that tensors decide.
        clear_after_read, tensor_array_name, handle, flow, infer_shape, colocate_with_first_write_call, name: accepted
            for TensorFlow's sake.
        element_shape: shape of the elements; that of the first one written by default.
    Raises: IndexRangeError for a number outside; ShapeError for an element of another shape.
    Example:
        >>> array = TensorArray("float32", size=2)
        >>> array = array.write(0, 1.0).write(1, 2.0)
        >>> array.stack().numpy()
        array([1., 2.], dtype=float32)
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Any = None,
        flow: Any = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        known = None if element_shape is None or None in TensorShape(element_shape) else tuple(element_shape)
        self._form = _Form(as_dtype(dtype), known, bool(dynamic_size))
        self._items: list[Any] | None = [None] * (0 if size is None else _known_size(size))
        self._stacked: Any = None

    # What it is

    @property
    def dtype(self) -> DType:
        """The dtype of its elements."""
        return self._form.dtype

    @property
    def element_shape(self) -> TensorShape | None:
        """The shape of its elements; None before the first write."""
        return None if self._form.element_shape is None else TensorShape(self._form.element_shape)

    @property
    def dynamic_size(self) -> bool:
        """Whether it grows."""
        return self._form.dynamic

    def _length(self) -> int:
        return len(self._items) if self._items is not None else self._stacked.shape[0]

    def size(self, name: str | None = None) -> Any:
        """How many elements it has: an int32 tensor."""
        return convert_to_tensor(self._length(), "int32")

    def __len__(self) -> int:
        return self._length()

    def identity(self) -> TensorArray:
        """Itself."""
        return self

    def close(self, name: str | None = None) -> None:
        """Accepted: memory is given back when nobody holds it."""

    # Elements

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with an element set: go on with what this returns."""
        value = self._element(value)
        place = _known_index(index)
        if self._items is None or place is None:
            return self._written_at(index, value)
        items = list(self._items) if is_tracing() else self._items
        if place >= len(items) and self._form.dynamic:
            items.extend([None] * (place + 1 - len(items)))
        self._require(place, len(items))
        items[place] = value
        return self._with(items=items)

    def _written_at(self, index: Any, value: Any) -> TensorArray:
        place = ops.reshape(ops.cast(index, "int32"), (1, 1))
        return self._with(stacked=ops.scatter_update(self._as_stacked(), place, ops.expand_dims(value, 0)))

    def read(self, index: Any, name: str | None = None) -> Any:
        """The element of a number."""
        place = _known_index(index)
        if self._items is None or place is None:
            return self._as_stacked()[convert_to_tensor(index)]
        self._require(place, len(self._items))
        return self._zero() if self._items[place] is None else self._items[place]

    def stack(self, name: str | None = None) -> Any:
        """All elements along a new axis 0; zeros for those never written."""
        return self._as_stacked()

    def gather(self, indices: Any, name: str | None = None) -> Any:
        """The elements of these numbers along a new axis 0."""
        return ops.take(self._as_stacked(), indices, axis=0)

    def concat(self, name: str | None = None) -> Any:
        """All elements joined along their axis 0."""
        stacked = self._as_stacked()
        if len(stacked.shape) < 2:
            raise ShapeError("concat of a TensorArray of numbers.", fix="use stack().")
        return ops.reshape(stacked, (-1, *stacked.shape[2:]))

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of `value` as its elements."""
        value = ops.cast(value, self._form.dtype)
        self._learn(tuple(value.shape[1:]))
        return self._with(items=list(ops.unstack(value)))

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The array with the rows of `value` as its elements of these numbers."""
        array = self
        for index, row in zip(ops.unstack(convert_to_tensor(indices)), ops.unstack(convert_to_tensor(value))):
            array = array.write(index, row)
        return array

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The array with parts of `value`, of these lengths, as its elements; the lengths must be equal."""
        sizes = [int(size) for size in np.asarray(lengths)]
        if len(set(sizes)) > 1:
            raise ShapeError(f"split: lengths {sizes} differ.", fix="the elements of an array have one shape.")
        return self.unstack(ops.reshape(value, (len(sizes), sizes[0], *convert_to_tensor(value).shape[1:])))

    # Carried through a loop: as one stacked tensor

    def __headwater_ready__(self) -> bool:
        """Whether the shape of the elements is known, so that a loop can carry it; tracing a write makes it so."""
        return self._form.element_shape is not None

    def __headwater_parts__(self) -> list[Any]:
        return [self._as_stacked()]

    def __headwater_from_parts__(self, parts: Sequence[Any]) -> TensorArray:
        return self._with(stacked=parts[0])

    # Inside

    def _with(self, items: list[Any] | None = None, stacked: Any = None) -> TensorArray:
        if items is self._items and items is not None:
            return self
        array = object.__new__(type(self))
        array._form, array._items, array._stacked = self._form, items, stacked
        return array

    def _element(self, value: Any) -> Any:
        tensor = convert_to_tensor(value, None if isinstance(value, Array) else self._form.dtype)
        if tensor.spec.dtype is not self._form.dtype:
            raise ArgumentError(
                f"a value of dtype {tensor.spec.dtype.name} is written to a TensorArray of {self._form.dtype.name}.",
                fix="cast it first.",
            )
        self._learn(tuple(tensor.spec.shape))
        return tensor

    def _learn(self, shape: tuple[int, ...]) -> None:
        if self._form.element_shape is None:
            self._form.element_shape = shape
        elif self._form.element_shape != shape:
            raise ShapeError(
                f"a value of shape {shape} is written to a TensorArray of elements of {self._form.element_shape}.",
                fix="write elements of one shape.",
            )

    def _require(self, place: int, length: int) -> None:
        if not 0 <= place < length:
            raise IndexRangeError(
                f"number {place} of a TensorArray of size {length}.", fix="make it larger, or use dynamic_size=True."
            )

    def _zero(self) -> Any:
        if self._form.element_shape is None:
            raise ArgumentError(
                "nothing was written to a TensorArray, so the shape of its elements is not known.",
                fix="pass element_shape.",
            )
        return ops.zeros(self._form.element_shape, self._form.dtype)

    def _as_stacked(self) -> Any:
        if self._items is None:
            return self._stacked
        if not self._items:
            if self._form.dynamic and is_tracing():
                raise ArgumentError(
                    "a TensorArray of size 0 goes into a loop that tensors decide: it can't grow there.",
                    fix="give it its final size: tf.TensorArray(dtype, size=n), with a number n.",
                )
            return ops.zeros((0, *(self._form.element_shape or ())), self._form.dtype)
        zero = self._zero() if any(item is None for item in self._items) else None
        return ops.stack([zero if item is None else item for item in self._items])


def _known_index(index: Any) -> int | None:
    """The number, or None if it is a traced tensor."""
    if isinstance(index, Array) and index.buffer is None:
        return None
    return int(index)


def _known_size(size: Any) -> int:
    if not (isinstance(size, Array) and size.buffer is None):
        return int(size)
    try:
        return int(constant_value(size))
    except RuntimeError:
        raise ArgumentError(
            "the size of a TensorArray depends on the arguments of a traced function.",
            fix="give a number, or a size that comes from a shape: tf.shape(x)[0], x.shape[0].",
        ) from None
