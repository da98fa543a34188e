"""DynamicRaggedShape: what `tf.shape` gives for a ragged tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError
from headwater.frontend.ragged_tensor.partition import RowPartition
from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.ops.convert import convert_to_tensor


class DynamicRaggedShape:
    """The sizes of a ragged tensor: of a ragged axis, the length of each row.

    Args:
        row_partitions: of the ragged axes, the outermost first.
        inner_shape: sizes of the flat values.
        dtype: int32 or int64.
    Example:
        >>> int(tf.shape(tf.ragged.constant([[1, 2], [3]]))[0])
        2
    """

    def __init__(self, row_partitions: list[RowPartition], inner_shape: Any, dtype: Any = "int64") -> None:
        self._row_partitions, self._inner_shape = list(row_partitions), tuple(inner_shape)
        self._dtype = as_dtype(dtype)

    @classmethod
    def from_tensor(cls, ragged: RaggedTensor, dtype: Any = None) -> DynamicRaggedShape:
        """That of a ragged tensor."""
        partitions = ragged.partitions
        return cls(partitions, ragged.flat_values.spec.shape, dtype or partitions[0].splits.dtype)

    @property
    def dtype(self) -> DType:
        """Of its numbers."""
        return self._dtype

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self._row_partitions) + len(self._inner_shape)

    @property
    def num_row_partitions(self) -> int:
        """Number of axes that may be ragged."""
        return len(self._row_partitions)

    @property
    def row_partitions(self) -> tuple[RowPartition, ...]:
        """Of the ragged axes, the outermost first."""
        return tuple(self._row_partitions)

    @property
    def inner_shape(self) -> Any:
        """Sizes of the flat values."""
        return convert_to_tensor(np.array(self._inner_shape, self._dtype.numpy))

    def is_uniform(self, axis: int) -> bool:
        """Whether all rows of an axis have one length by design."""
        return not 0 < axis <= len(self._row_partitions) or self._row_partitions[axis - 1].uniform is not None

    def static_lengths(self) -> list[Any]:
        """For each axis its size, or the lengths of its rows."""
        ragged = [tuple(p.lengths.tolist()) if p.uniform is None else p.uniform for p in self._row_partitions]
        return [self._row_partitions[0].nrows, *ragged, *self._inner_shape[1:]]

    def __getitem__(self, axis: Any) -> Any:
        """The size of an axis.

        Raises: ArgumentError if its rows have different lengths.
        """
        if isinstance(axis, slice):
            return [self[place] for place in range(*axis.indices(self.rank))]
        axis = int(axis) + self.rank if int(axis) < 0 else int(axis)
        if not 0 <= axis < self.rank:
            raise IndexError(f"axis {axis} of {self.rank}")
        if not self.is_uniform(axis):
            raise ArgumentError(
                f"axis {axis} is ragged: it has not one size.", fix="use row_lengths(), or bounding_shape()."
            )
        return convert_to_tensor(self.static_lengths()[axis], self._dtype)

    def __len__(self) -> int:
        return self.rank

    def __repr__(self) -> str:
        return f"<DynamicRaggedShape lengths={self.static_lengths()} num_row_partitions={self.num_row_partitions}>"
