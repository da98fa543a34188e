"""RaggedTensor: a tensor whose rows have different lengths. Its values are one flat tensor; how they are cut into rows
is known to the host."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from headwater import ops
from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.frontend.operators import Operators
from headwater.frontend.ragged_tensor.partition import RowPartition, host_integers
from headwater.frontend.tensor_shape import TensorShape
from headwater.ops.convert import convert_to_tensor
from headwater.ops.symbolic import welcome_composites


class RaggedTensor(Operators):
    """Rows of different lengths, at any depth: a tensor of values, and for each ragged axis where its rows end.

    Make one with `tf.ragged.constant` or a method `from_...`. Operators and most of TensorFlow's functions take it;
    gradients flow through its values. Functions that need values of its rows run op by op under `tf.function`.

    Args:
        values: a tensor, or a RaggedTensor for more than one ragged axis.
        row_partition: how they are cut.
        internal: accepted for TensorFlow's sake.
    Example:
        >>> rows = RaggedTensor.from_row_lengths([3, 1, 4, 1], [2, 0, 2])
        >>> rows
        <tf.RaggedTensor [[3, 1], [], [4, 1]]>
        >>> tf.reduce_sum(rows, axis=1).numpy()
        array([4, 0, 5], dtype=int32)
    """

    __slots__ = ("_values", "_partition", "__weakref__")

    def __init__(self, values: Any, row_partition: RowPartition, internal: bool = False) -> None:
        welcome_composites()
        if not isinstance(values, RaggedTensor):
            values = convert_to_tensor(values)
            if not values.spec.shape:
                raise ShapeError("the values of a ragged tensor are one number.", fix="pass at least one axis.")
        count = values.nrows_static if isinstance(values, RaggedTensor) else values.spec.shape[0]
        if count != row_partition.nvals:
            raise ArgumentError(
                f"the rows hold {row_partition.nvals} values together, and there are {count}.",
                fix="let row_splits end with, or row_lengths add up to, the number of values.",
            )
        self._values, self._partition = values, row_partition

    # Made of values and rows

    @classmethod
    def from_row_splits(
        cls, values: Any, row_splits: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Rows by their bounds: row i holds values[row_splits[i]:row_splits[i + 1]]."""
        return cls(values, RowPartition.from_splits(row_splits))

    @classmethod
    def from_row_lengths(
        cls, values: Any, row_lengths: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Rows by their lengths."""
        return cls(values, RowPartition.from_lengths(row_lengths))

    @classmethod
    def from_value_rowids(
        cls, values: Any, value_rowids: Any, nrows: Any = None, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Rows by the row that each value belongs to, in rising order."""
        return cls(values, RowPartition.from_rowids(value_rowids, nrows))

    @classmethod
    def from_row_starts(
        cls, values: Any, row_starts: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Rows by where they begin."""
        values = _as_values(values)
        starts = host_integers(row_starts, "row_starts").reshape(-1)
        return cls.from_row_splits(values, np.append(starts, starts.dtype.type(_count(values))))

    @classmethod
    def from_row_limits(
        cls, values: Any, row_limits: Any, name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Rows by where they end."""
        limits = host_integers(row_limits, "row_limits").reshape(-1)
        return cls.from_row_splits(values, np.insert(limits, 0, 0))

    @classmethod
    def from_uniform_row_length(
        cls, values: Any, uniform_row_length: Any, nrows: Any = None, validate: bool = True, name: str | None = None
    ) -> RaggedTensor:
        """Rows of one length.

        Raises: ArgumentError if it does not divide the number of values.
        """
        values, length = _as_values(values), int(uniform_row_length)
        count = _count(values)
        rows = int(nrows) if nrows is not None else count // length if length else 0
        if rows * length != count:
            raise ArgumentError(
                f"rows of length {length} do not take {count} values.", fix="pass a length that divides their number."
            )
        return cls(values, RowPartition.of_uniform(rows, length))

    @classmethod
    def from_nested_row_splits(
        cls, flat_values: Any, nested_row_splits: Sequence[Any], name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Rows of rows by their bounds, the outermost first."""
        return _nested(flat_values, nested_row_splits, cls.from_row_splits)

    @classmethod
    def from_nested_row_lengths(
        cls, flat_values: Any, nested_row_lengths: Sequence[Any], name: str | None = None, validate: bool = True
    ) -> RaggedTensor:
        """Rows of rows by their lengths, the outermost first."""
        return _nested(flat_values, nested_row_lengths, cls.from_row_lengths)

    @classmethod
    def from_nested_value_rowids(
        cls,
        flat_values: Any,
        nested_value_rowids: Sequence[Any],
        nested_nrows: Sequence[Any] | None = None,
        name: str | None = None,
        validate: bool = True,
    ) -> RaggedTensor:
        """Rows of rows by the row that each value belongs to, the outermost first."""
        counts = nested_nrows if nested_nrows is not None else [None] * len(nested_value_rowids)
        pairs = list(zip(nested_value_rowids, counts))
        return _nested(flat_values, pairs, lambda values, pair: cls.from_value_rowids(values, *pair))

    @classmethod
    def from_tensor(
        cls,
        tensor: Any,
        lengths: Any = None,
        padding: Any = None,
        ragged_rank: int = 1,
        name: str | None = None,
        row_splits_dtype: Any = "int64",
    ) -> RaggedTensor:
        """The rows of a tensor: all of each, its first `lengths[i]` elements, or without the `padding` at its end."""
        from headwater.frontend.ragged_tensor.conversion import from_tensor

        return from_tensor(tensor, lengths, padding, ragged_rank, row_splits_dtype)

    @classmethod
    def from_sparse(cls, st_input: Any, name: str | None = None, row_splits_dtype: Any = "int64") -> RaggedTensor:
        """The values of each row of a SparseTensor of two axes, which must stand at the rows' beginnings."""
        from headwater.frontend.ragged_tensor.conversion import from_sparse

        return from_sparse(st_input, row_splits_dtype)

    # What it is

    @property
    def values(self) -> Any:
        """All rows one after the other: a tensor, or a RaggedTensor of one ragged axis less."""
        return self._values

    @property
    def flat_values(self) -> Any:
        """The values inside all ragged axes: a tensor."""
        return self._values.flat_values if isinstance(self._values, RaggedTensor) else self._values

    @property
    def partition(self) -> RowPartition:
        """How `values` are cut."""
        return self._partition

    @property
    def partitions(self) -> list[RowPartition]:
        """That of each ragged axis, the outermost first."""
        inner = self._values.partitions if isinstance(self._values, RaggedTensor) else []
        return [self._partition, *inner]

    @property
    def dtype(self) -> DType:
        """The dtype of its values."""
        return self._values.dtype

    @property
    def shape(self) -> TensorShape:
        """Its sizes; None for an axis whose rows have different lengths."""
        return TensorShape([self._partition.nrows, self._partition.uniform, *self._values.shape[1:]])

    def get_shape(self) -> TensorShape:
        """Its sizes."""
        return self.shape

    @property
    def ragged_rank(self) -> int:
        """Number of axes that may be ragged."""
        return 1 + (self._values.ragged_rank if isinstance(self._values, RaggedTensor) else 0)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return 1 + len(self._values.shape)

    @property
    def row_splits(self) -> Any:
        """The bounds of the rows, (rows + 1,)."""
        return convert_to_tensor(self._partition.splits)

    @property
    def nested_row_splits(self) -> tuple[Any, ...]:
        """The bounds of the rows of each ragged axis, the outermost first."""
        return tuple(convert_to_tensor(partition.splits) for partition in self.partitions)

    @property
    def uniform_row_length(self) -> Any:
        """The length of all rows where it is one by design; None otherwise."""
        length = self._partition.uniform
        return None if length is None else convert_to_tensor(length, as_dtype(self._partition.splits.dtype))

    @property
    def nrows_static(self) -> int:
        """Number of rows, as a Python number."""
        return self._partition.nrows

    def nrows(self, out_type: Any = None, name: str | None = None) -> Any:
        """Number of rows."""
        return convert_to_tensor(self._partition.nrows, as_dtype(out_type or self._partition.splits.dtype))

    def row_starts(self, name: str | None = None) -> Any:
        """Where each row begins among the values."""
        return convert_to_tensor(self._partition.splits[:-1])

    def row_limits(self, name: str | None = None) -> Any:
        """Where each row ends among the values."""
        return convert_to_tensor(self._partition.splits[1:])

    def row_lengths(self, axis: int = 1, name: str | None = None) -> Any:
        """Lengths of the rows: of axis 1 a tensor, of a deeper axis a RaggedTensor of one axis less."""
        axis = int(axis) % self.ndim if axis < 0 else int(axis)
        if axis == 0:
            return self.nrows()
        if axis == 1:
            return convert_to_tensor(self._partition.lengths)
        if isinstance(self._values, RaggedTensor):
            return self.with_values(self._values.row_lengths(axis - 1))
        shape = self._values.spec.shape
        lengths = np.full(shape[: axis - 1], shape[axis - 1], self._partition.splits.dtype)
        return self.with_values(convert_to_tensor(lengths))

    def nested_row_lengths(self, name: str | None = None) -> tuple[Any, ...]:
        """Lengths of the rows of each ragged axis, the outermost first."""
        return tuple(convert_to_tensor(partition.lengths) for partition in self.partitions)

    def value_rowids(self, name: str | None = None) -> Any:
        """The row of each value."""
        return convert_to_tensor(self._partition.rowids)

    def nested_value_rowids(self, name: str | None = None) -> tuple[Any, ...]:
        """The row of each value, for each ragged axis, the outermost first."""
        return tuple(convert_to_tensor(partition.rowids) for partition in self.partitions)

    def bounding_shape(self, axis: Any = None, name: str | None = None, out_type: Any = None) -> Any:
        """The sizes of the smallest tensor that holds it."""
        inner = self.flat_values.spec.shape[1:]
        sizes = [self._partition.nrows, *(partition.longest for partition in self.partitions), *inner]
        chosen = sizes if axis is None else np.asarray(sizes)[host_array(axis)]
        return convert_to_tensor(np.asarray(chosen, as_dtype(out_type or self._partition.splits.dtype).numpy))

    def consumers(self) -> list[Any]:
        """Accepted for TensorFlow's sake: there is no graph."""
        return []

    # The same rows with something changed

    def with_values(self, new_values: Any) -> RaggedTensor:
        """The same rows of other values, as many as there are."""
        return RaggedTensor(_as_values(new_values), self._partition)

    def with_flat_values(self, new_values: Any) -> Any:
        """The same rows of other flat values, as many as there are."""
        if isinstance(self._values, RaggedTensor):
            return self.with_values(self._values.with_flat_values(new_values))
        return self.with_values(new_values)

    def with_row_splits_dtype(self, dtype: Any) -> RaggedTensor:
        """The same with bounds of int32 or int64."""
        values = self._values.with_row_splits_dtype(dtype) if isinstance(self._values, RaggedTensor) else self._values
        return RaggedTensor(values, self._partition.with_dtype(dtype))

    def merge_dims(self, outer_axis: int, inner_axis: int) -> Any:
        """The axes from one to another as one."""
        from headwater.frontend.ragged_tensor.conversion import merge_dims

        return merge_dims(self, outer_axis, inner_axis)

    # Turned into something else

    def to_tensor(self, default_value: Any = None, name: str | None = None, shape: Any = None) -> Any:
        """A tensor of the smallest shape that holds it, or of `shape`; `default_value` (0 or "") where rows are short.

        Args:
            default_value: one value, or values of the shape inside the ragged axes.
            shape: sizes to pad or cut to; None for as many as there are.
        """
        from headwater.frontend.ragged_tensor.conversion import to_tensor

        return to_tensor(self, default_value, shape)

    def to_sparse(self, name: str | None = None) -> Any:
        """A SparseTensor with each value at its place."""
        from headwater.frontend.ragged_tensor.conversion import to_sparse

        return to_sparse(self)

    def to_list(self) -> list[Any]:
        """Nested lists of Python values."""
        values = self._values.to_list() if isinstance(self._values, RaggedTensor) else host_array(self._values).tolist()
        splits = self._partition.splits.tolist()
        return [values[start:end] for start, end in itertools.pairwise(splits)]

    def numpy(self) -> np.ndarray:
        """An array of its rows: of objects, if their lengths differ."""
        if not isinstance(self._values, RaggedTensor):
            values = host_array(self._values)
            lengths = self._partition.lengths
            if len(lengths) and (lengths == lengths[0]).all():
                return values.reshape(len(lengths), lengths[0], *values.shape[1:])
            rows = np.split(values, self._partition.splits[1:-1].tolist())
        else:
            rows = [row.numpy() for row in self]
        found = np.empty(self._partition.nrows, object)
        found[:] = rows if self._partition.nrows else []
        return found

    def __headwater_flatten__(self) -> tuple[list[Any], Any]:
        return [self.flat_values, *self.nested_row_splits], _Form(tuple(p.uniform for p in self.partitions))

    def __headwater_function__(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from headwater.frontend.ragged_tensor.functions import answer

        return answer(function, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        from headwater.frontend.ragged_tensor.indexing import getitem

        return getitem(self, key)

    def __len__(self) -> int:
        return self._partition.nrows

    def __iter__(self) -> Any:
        return iter([self[row] for row in range(len(self))])

    def __bool__(self) -> bool:
        raise ShapeError("a ragged tensor is neither true nor false.", fix="reduce it with tf.reduce_any.")

    def __matmul__(self, other: Any) -> Any:
        return ops.matmul(self, other)

    def __repr__(self) -> str:
        return f"<tf.RaggedTensor {self._shown()}>"

    __str__ = __repr__

    def _shown(self) -> str:
        if self.flat_values.buffer is None:
            return f"shape={self.shape}, dtype={self.dtype.name}"
        return _shown_rows(self.to_list())


class _Form(NamedTuple):
    """What makes a RaggedTensor of its flat values and row splits again."""

    uniforms: tuple[int | None, ...]

    def __call__(self, parts: Sequence[Any]) -> Any:
        found, splits = parts[0], parts[1:]
        for row_splits, length in reversed(list(zip(splits, self.uniforms))):
            found = RaggedTensor(found, RowPartition(host_integers(row_splits, "row_splits"), length))
        return found


def _shown_rows(rows: list[Any], most: int = 10) -> str:
    if len(rows) <= most:
        return str(rows)
    shown = [*map(str, rows[: most // 2]), "...", *map(str, rows[-(most // 2) :])]
    return f"[{', '.join(shown)}]"


def _as_values(values: Any) -> Any:
    return values if isinstance(values, RaggedTensor) else convert_to_tensor(values)


def _count(values: Any) -> int:
    return values.nrows_static if isinstance(values, RaggedTensor) else values.spec.shape[0]


def _nested(flat_values: Any, nested: Sequence[Any], make: Any) -> RaggedTensor:
    if not len(nested):
        raise ArgumentError("a ragged tensor without rows.", fix="give the rows of at least one ragged axis.")
    found = flat_values
    for rows in reversed(nested):
        found = make(found, rows)
    return found
