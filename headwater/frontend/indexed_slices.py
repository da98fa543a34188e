"""IndexedSlices: rows of a large tensor that is zero elsewhere."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.dtypes import DType
from headwater.errors import ArgumentError
from headwater.frontend.tensor_shape import TensorShape
from headwater.ops.convert import convert_to_tensor


class IndexedSlices:
    """Rows by their numbers; several for one number add up.

    Args:
        values: the rows, (rows, ...).
        indices: their numbers, (rows,).
        dense_shape: shape of the whole tensor.
    Example:
        >>> IndexedSlices(tf.constant([5.0]), tf.constant([1]), tf.constant([3])).to_dense().numpy()
        array([0., 5., 0.], dtype=float32)
    """

    def __init__(self, values: Any, indices: Any, dense_shape: Any = None) -> None:
        self.values, self.indices = convert_to_tensor(values), convert_to_tensor(indices)
        self.dense_shape = None if dense_shape is None else convert_to_tensor(dense_shape)

    @property
    def dtype(self) -> DType:
        """The dtype of the rows."""
        return self.values.dtype

    @property
    def shape(self) -> TensorShape | None:
        """The shape of the whole tensor; None if it was not given."""
        return None if self.dense_shape is None else TensorShape(int(size) for size in self.dense_shape.numpy())

    def to_dense(self) -> Any:
        """The whole tensor.

        Raises: ArgumentError if its shape was not given.
        """
        if self.dense_shape is None:
            raise ArgumentError("IndexedSlices without a dense_shape have no whole tensor.", fix="pass dense_shape.")
        return ops.scatter(ops.expand_dims(self.indices, -1), self.values, self.shape)

    __headwater_tensor__ = to_dense

    def __neg__(self) -> IndexedSlices:
        return IndexedSlices(ops.negative(self.values), self.indices, self.dense_shape)

    def __repr__(self) -> str:
        return f"IndexedSlices(indices={self.indices!r}, values={self.values!r}, dense_shape={self.dense_shape!r})"
