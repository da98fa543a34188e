"""TensorSpec: the shape and dtype of a tensor that is expected."""

from __future__ import annotations

from typing import Any

from headwater import dtypes
from headwater.dtypes import DType, as_dtype
from headwater.frontend.tensor_shape import TensorShape


class TensorSpec:
    """Shape and dtype of a tensor, with an optional name.

    Args:
        shape: sizes; None for one that is not known.
        dtype: a dtype or its name.
        name: for people.
    Example:
        >>> TensorSpec([None, 3], "float32").shape
        TensorShape([None, 3])
    """

    def __init__(self, shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> None:
        self.shape = None if shape is None else TensorShape(shape)
        self.dtype: DType = as_dtype(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of a tensor."""
        return cls(tensor.shape, tensor.dtype, name)

    from_spec = from_tensor

    def is_compatible_with(self, other: Any) -> bool:
        """True if a tensor, or another spec, could be what this one describes."""
        if self.dtype is not as_dtype(other.dtype):
            return False
        return self.shape is None or other.shape is None or self.shape.is_compatible_with(other.shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (self.shape, self.dtype, self.name) == (
            other.shape,
            other.dtype,
            other.name,
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype, self.name))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype=tf.{self.dtype.name}, name={self.name!r})"
