"""SparseTensor: a tensor of which few elements are not zero, as the places and values of those."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from headwater import ops
from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, NotTraceableError, ShapeError
from headwater.frontend.operators import Operators
from headwater.frontend.ragged_tensor.partition import host_integers
from headwater.frontend.tensor_shape import TensorShape
from headwater.ops.convert import convert_to_tensor
from headwater.ops.symbolic import welcome_composites


class SparseTensor(Operators):
    """Elements by their places; all others are zero (or empty).

    Functions that look at places run op by op under `tf.function` where a sparse tensor is an argument; products,
    `to_dense` and sums are compiled.

    Args:
        indices: places, int64, (elements, axes); in row-major order for most functions: see `tf.sparse.reorder`.
        values: the elements, (elements,).
        dense_shape: sizes of the whole.
    Raises: ShapeError if there are not as many places as values, or not as many axes as sizes.
    Example:
        >>> few = SparseTensor([[0, 0], [1, 2]], [1.0, 2.0], [3, 4])
        >>> tf.sparse.to_dense(few).numpy()
        array([[1., 0., 0., 0.],
               [0., 0., 2., 0.],
               [0., 0., 0., 0.]], dtype=float32)
    """

    __slots__ = ("_indices", "_values", "_shape", "__weakref__")

    def __init__(self, indices: Any, values: Any, dense_shape: Any) -> None:
        welcome_composites()
        self._values = convert_to_tensor(values)
        shape = host_integers(
            np.asarray(dense_shape, np.int64) if _is_plain(dense_shape) else dense_shape, "dense_shape"
        )
        self._shape = tuple(int(size) for size in shape.reshape(-1))
        self._indices = _as_indices(indices, len(self._shape))
        found, wanted = self._indices.spec.shape, (self._values.spec.shape[:1] or (None,))[0]
        if len(found) != 2 or found[1] != len(self._shape) or found[0] != wanted or len(self._values.spec.shape) != 1:
            raise ShapeError(
                f"a sparse tensor of {len(self._shape)} axes has indices of shape {tuple(found)} and values of shape "
                f"{tuple(self._values.spec.shape)}.",
                fix="give indices of shape (elements, axes) and values of shape (elements,).",
            )

    @classmethod
    def from_value(cls, sparse_tensor_value: Any) -> SparseTensor:
        """That of a value with the same three parts."""
        if isinstance(sparse_tensor_value, cls):
            return sparse_tensor_value
        return cls(sparse_tensor_value.indices, sparse_tensor_value.values, sparse_tensor_value.dense_shape)

    @property
    def indices(self) -> Any:
        """The places: int64, (elements, axes)."""
        return self._indices

    @property
    def values(self) -> Any:
        """The elements, (elements,)."""
        return self._values

    @property
    def dense_shape(self) -> Any:
        """The sizes of the whole: int64."""
        return convert_to_tensor(np.array(self._shape, np.int64))

    @property
    def static_shape(self) -> tuple[int, ...]:
        """The sizes of the whole, as Python numbers."""
        return self._shape

    @property
    def shape(self) -> TensorShape:
        """The sizes of the whole."""
        return TensorShape(self._shape)

    def get_shape(self) -> TensorShape:
        """The sizes of the whole."""
        return self.shape

    @property
    def dtype(self) -> DType:
        """The dtype of its elements."""
        return self._values.spec.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._shape)

    def host_indices(self) -> np.ndarray:
        """The places as an array.

        Raises: NotTraceableError if they are not known yet.
        """
        if self._indices.buffer is None:
            raise NotTraceableError(
                "the places of a sparse tensor depend on the arguments of a function that is being traced.",
                fix="look at them outside of it, or let tf.function run it op by op.",
            )
        return np.asarray(self._indices)

    def with_values(self, new_values: Any) -> SparseTensor:
        """The same places with other elements."""
        return SparseTensor(self._indices, new_values, self._shape)

    def consumers(self) -> list[Any]:
        """Accepted for TensorFlow's sake: there is no graph."""
        return []

    def eval(self, feed_dict: Any = None, session: Any = None) -> SparseTensor:
        """Itself: everything has its value at once."""
        return self

    def __headwater_flatten__(self) -> tuple[list[Any], Any]:
        return [self._indices, self._values, self.dense_shape], _Form(self._shape)

    def __headwater_function__(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from headwater.frontend.sparse_functions import answer

        return answer(function, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        raise ArgumentError("a sparse tensor is not indexed.", fix="use tf.sparse.slice, or tf.sparse.to_dense first.")

    def __repr__(self) -> str:
        return f"SparseTensor(indices={self._indices}, values={self._values}, dense_shape={self.dense_shape})"

    __str__ = __repr__


class _Form(NamedTuple):
    """What makes a SparseTensor of its indices and values again: its sizes stay what they were."""

    shape: tuple[int, ...]

    def __call__(self, parts: Any) -> SparseTensor:
        return SparseTensor(parts[0], parts[1], self.shape)


def _is_plain(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(size, (int, np.integer)) for size in value)


def _as_indices(indices: Any, axes: int) -> Any:
    if isinstance(indices, (list, tuple)) and not len(indices):
        return convert_to_tensor(np.zeros((0, axes), np.int64))
    tensor = convert_to_tensor(np.asarray(indices) if isinstance(indices, (list, tuple)) else indices)
    return tensor if tensor.spec.dtype == "int64" else ops.cast(tensor, "int64")


class SparseTensorSpec:
    """Shape and dtype of a sparse tensor that is expected.

    Args:
        shape: sizes; None for one that is not known.
        dtype: a dtype or its name.
    Example:
        >>> SparseTensorSpec([None, 3])
        SparseTensorSpec(TensorShape([None, 3]), tf.float32)
    """

    value_type = SparseTensor

    def __init__(self, shape: Any = None, dtype: Any = "float32") -> None:
        self.shape = None if shape is None else TensorShape(shape)
        self.dtype: DType = as_dtype(dtype)

    @classmethod
    def from_value(cls, value: SparseTensor) -> SparseTensorSpec:
        """That of a sparse tensor."""
        return cls(value.shape, value.dtype)

    from_tensor = from_value

    def is_compatible_with(self, other: Any) -> bool:
        """True if a sparse tensor, or another spec, could be what this one describes."""
        if not isinstance(other, (SparseTensor, SparseTensorSpec)) or self.dtype is not other.dtype:
            return False
        return self.shape is None or other.shape is None or self.shape.is_compatible_with(other.shape)

    def _key(self) -> tuple[Any, ...]:
        return None if self.shape is None else tuple(self.shape), self.dtype

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SparseTensorSpec) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        shape = "TensorShape(None)" if self.shape is None else repr(self.shape)
        return f"SparseTensorSpec({shape}, {self.dtype!r})"
