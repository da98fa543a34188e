"""RaggedTensorSpec: what a ragged tensor is expected to be."""

from __future__ import annotations

from typing import Any

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError
from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.frontend.tensor_shape import TensorShape
from headwater.frontend.tensor_spec import TensorSpec


class RaggedTensorSpec:
    """Shape, dtype and ragged axes of a ragged tensor.

    Args:
        shape: sizes; None for a ragged axis, and for one that is not known.
        dtype: of the values.
        ragged_rank: number of axes that may be ragged; by default all but the first.
        row_splits_dtype: int32 or int64.
        flat_values_spec: spec of the flat values.
    Raises: ArgumentError if `ragged_rank` is missing and can't be told from the shape.
    Example:
        >>> tf.RaggedTensorSpec([None, None], tf.int32)
        RaggedTensorSpec(TensorShape([None, None]), tf.int32, 1, tf.int64)
    """

    value_type = RaggedTensor

    def __init__(
        self,
        shape: Any = None,
        dtype: Any = "float32",
        ragged_rank: int | None = None,
        row_splits_dtype: Any = "int64",
        flat_values_spec: TensorSpec | None = None,
    ) -> None:
        if flat_values_spec is not None:
            dtype = flat_values_spec.dtype
        self.shape = None if shape is None else TensorShape(shape)
        if ragged_rank is None:
            if self.shape is None:
                raise ArgumentError(
                    "a RaggedTensorSpec knows neither its shape nor its ragged_rank.", fix="pass one of them."
                )
            ragged_rank = max(len(self.shape) - 1, 0)
        if self.shape is not None and ragged_rank >= max(len(self.shape), 1):
            raise ArgumentError(
                f"a shape of {len(self.shape)} axes has no {ragged_rank} ragged ones.",
                fix="pass a smaller ragged_rank.",
            )
        self.dtype: DType = as_dtype(dtype)
        self.ragged_rank, self.row_splits_dtype = int(ragged_rank), as_dtype(row_splits_dtype)
        self.flat_values_spec = flat_values_spec

    @classmethod
    def from_value(cls, value: RaggedTensor) -> RaggedTensorSpec:
        """That of a ragged tensor."""
        return cls(value.shape, value.dtype, value.ragged_rank, as_dtype(value.partition.splits.dtype))

    from_tensor = from_value

    def is_compatible_with(self, other: Any) -> bool:
        """True if a ragged tensor, or another spec, could be what this one describes."""
        other = RaggedTensorSpec.from_value(other) if isinstance(other, RaggedTensor) else other
        if not isinstance(other, RaggedTensorSpec):
            return False
        fits = self.shape is None or other.shape is None or self.shape.is_compatible_with(other.shape)
        return fits and (self.dtype, self.ragged_rank) == (other.dtype, other.ragged_rank)

    def _key(self) -> tuple[Any, ...]:
        shape = None if self.shape is None else tuple(self.shape)
        return shape, self.dtype, self.ragged_rank, self.row_splits_dtype

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RaggedTensorSpec) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        splits = self.row_splits_dtype
        shape = "TensorShape(None)" if self.shape is None else repr(self.shape)
        return f"RaggedTensorSpec({shape}, {self.dtype!r}, {self.ragged_rank}, {splits!r})"
