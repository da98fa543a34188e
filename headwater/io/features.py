"""What is expected of the features of an example: how many values, of which dtype, in which form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple


class FixedLenFeature(NamedTuple):
    """As many values in each example: a dense tensor.

    Attributes:
        shape: of the values.
        dtype: float32, int64 or string.
        default_value: values where an example lacks the feature; without them that is an error.
    """

    shape: Any
    dtype: Any
    default_value: Any = None


class FixedLenSequenceFeature(NamedTuple):
    """Values of a shape for each step, of as many steps as there are: a dense tensor, padded in a batch.

    Attributes:
        shape: of the values of one step.
        dtype: float32, int64 or string.
        allow_missing: whether an example may lack the feature.
        default_value: what shorter examples are padded with: 0, or the empty string.
    """

    shape: Any
    dtype: Any
    allow_missing: bool = False
    default_value: Any = None


class VarLenFeature(NamedTuple):
    """Any number of values: a SparseTensor.

    Attributes:
        dtype: float32, int64 or string.
    """

    dtype: Any


class SparseFeature(NamedTuple):
    """Values of one feature at places that others name: a SparseTensor.

    Attributes:
        index_key: name of the feature of places, or of several, one for each axis.
        value_key: name of the feature of values.
        dtype: float32, int64 or string.
        size: of the axis, or sizes of the axes.
        already_sorted: whether the places are in order.
    """

    index_key: Any
    value_key: str
    dtype: Any
    size: Any
    already_sorted: bool = False


class RowSplits(NamedTuple):
    """Rows by their bounds, which a feature of this name holds."""

    key: str


class RowLengths(NamedTuple):
    """Rows by their lengths, which a feature of this name holds."""

    key: str


class RowStarts(NamedTuple):
    """Rows by where they begin, which a feature of this name holds."""

    key: str


class RowLimits(NamedTuple):
    """Rows by where they end, which a feature of this name holds."""

    key: str


class ValueRowIds(NamedTuple):
    """Rows by the row of each value, which a feature of this name holds."""

    key: str


class UniformRowLength(NamedTuple):
    """Rows of one length."""

    length: int


class _RaggedFeature(NamedTuple):
    dtype: Any
    value_key: str | None = None
    partitions: Sequence[Any] = ()
    row_splits_dtype: Any = "int32"
    validate: bool = False


class RaggedFeature(_RaggedFeature):
    """Any number of values, in rows: a RaggedTensor.

    Attributes:
        dtype: float32, int64 or string.
        value_key: name of the feature of values; that under which this is asked for by default.
        partitions: how values are cut into rows, the outermost first: `RaggedFeature.RowLengths("key")` and its kin.
        row_splits_dtype: int32 or int64.
        validate: accepted; rows are always checked.
    """

    __slots__ = ()
    RowSplits: ClassVar[Any] = RowSplits
    RowLengths: ClassVar[Any] = RowLengths
    RowStarts: ClassVar[Any] = RowStarts
    RowLimits: ClassVar[Any] = RowLimits
    ValueRowIds: ClassVar[Any] = ValueRowIds
    UniformRowLength: ClassVar[Any] = UniformRowLength
