"""SequenceExamples parsed: features of the whole, and lists of features of its steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DataLossError
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.ragged_tensor.partition import RowPartition
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.io import wire
from headwater.io.columns import (
    Bounds,
    Examples,
    Record,
    column_of,
    damaged_example,
    dtype_of,
    find_features,
    joined,
    names_of,
)
from headwater.io.features import FixedLenSequenceFeature, RaggedFeature, VarLenFeature
from headwater.io.parsing import _tensor, alone, padded, parser_of
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import texts


class _Sequence(Record):
    """A serialized SequenceExample: the features of the whole, and where the lists of steps lie."""

    def __init__(self, data: bytes, index: int, name: str = "") -> None:
        features: dict[bytes, Bounds] = {}
        lists: dict[bytes, Bounds] = {}
        try:
            for number, kind, value in wire.fields(data):
                if kind == wire.BYTES and number in (1, 2):
                    (features if number == 1 else lists).update(find_features(data, *value))
        except DataLossError as error:
            raise damaged_example(f"example {index}", error) from None
        super().__init__(data, index, features, name)
        self.lists = lists

    def steps(self, key: str, feature: Any) -> list[Any] | None:
        """The values of each step; None without such a list."""
        bounds = self.lists.get(key.encode())
        if bounds is None:
            return None
        dtype = dtype_of(feature, key)
        places = [
            value for number, kind, value in wire.fields(self.data, *bounds) if number == 1 and kind == wire.BYTES
        ]
        found = [self.values_at(place, key, dtype) for place in places]
        return [joined([], dtype) if values is None else values for values in found]


def _dense_steps(records: Sequence[_Sequence], key: str, feature: FixedLenSequenceFeature) -> tuple[Any, Any]:
    dtype, shape = dtype_of(feature, key), tuple(feature.shape)
    size, rows, lengths = math.prod(shape), [], []
    for record in records:
        steps = record.steps(key, feature)
        if steps is None and not feature.allow_missing:
            raise ArgumentError(
                f"{record.where} has no list of features {key!r}.", fix="pass allow_missing=True if it may lack it."
            )
        for step, values in enumerate(steps or []):
            if len(values) != size:
                raise ArgumentError(
                    f"step {step} of {key!r} of {record.where} has {len(values)} values, and the shape is {shape}.",
                    fix="expect that shape, or a VarLenFeature.",
                )
        rows.append(joined(steps or [], dtype))
        lengths.append(len(steps or []))
    found = padded(column_of(rows, dtype), shape, dtype, feature.default_value, key)
    return found, convert_to_tensor(np.array(lengths, np.int64))


def _sparse_steps(records: Sequence[_Sequence], key: str, feature: VarLenFeature) -> SparseTensor:
    dtype = dtype_of(feature, key)
    nested = [record.steps(key, feature) or [] for record in records]
    outer = RowPartition.from_lengths(np.array(list(map(len, nested)), np.int64))
    steps = [values for item in nested for values in item]
    inner = RowPartition.from_lengths(np.array(list(map(len, steps)), np.int64))
    rows = inner.rowids
    indices = np.stack([outer.rowids[rows], outer.columns[rows], inner.columns], 1)
    flat = joined(steps, dtype)
    return SparseTensor(indices, _tensor(flat, (len(flat),), dtype), (len(records), outer.longest, inner.longest))


def _ragged_steps(records: Sequence[_Sequence], key: str, feature: RaggedFeature) -> RaggedTensor:
    dtype = dtype_of(feature, key)
    if feature.partitions:
        raise ArgumentError(f"{key!r}: partitions inside steps.", fix="leave them out, and cut the values afterwards.")
    nested = [record.steps(feature.value_key or key, feature) or [] for record in records]
    steps = [values for item in nested for values in item]
    kind = as_dtype(feature.row_splits_dtype).numpy
    flat = joined(steps, dtype)
    lengths = [np.array(list(map(len, rows)), kind) for rows in (nested, steps)]
    return RaggedTensor.from_nested_row_lengths(_tensor(flat, (len(flat),), dtype), lengths)


def _parsed(records: list[_Sequence], context: Any, sequences: Any, batched: bool) -> tuple[Any, Any, Any]:
    examples = Examples(lambda: records)
    whole = {key: parser_of(feature, key)(examples, key, feature) for key, feature in sorted((context or {}).items())}
    steps, lengths = {}, {}
    for key, feature in sorted((sequences or {}).items()):
        if isinstance(feature, FixedLenSequenceFeature):
            steps[key], lengths[key] = _dense_steps(records, key, feature)
        elif isinstance(feature, VarLenFeature):
            steps[key] = _sparse_steps(records, key, feature)
        elif isinstance(feature, RaggedFeature):
            steps[key] = _ragged_steps(records, key, feature)
        else:
            raise ArgumentError(
                f"the steps of {key!r} are expected to be {feature!r:.80}.",
                fix="use FixedLenSequenceFeature, VarLenFeature or RaggedFeature.",
            )
    if not batched:
        whole, steps = ({key: alone(value, None) for key, value in found.items()} for found in (whole, steps))
    return whole, steps, lengths


def parse_sequence_example(
    serialized: Any,
    context_features: dict[str, Any] | None = None,
    sequence_features: dict[str, Any] | None = None,
    example_names: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The features of serialized SequenceExamples, as tensors by name.

    Args:
        serialized: strings, (batch,).
        context_features: what is expected of the whole, as for `parse_example`.
        sequence_features: what is expected of the steps: FixedLenSequenceFeature, VarLenFeature or RaggedFeature.
        example_names: names of the examples, for errors.
    Returns: the features of the whole; those of the steps, (batch, steps, ...); how many steps of each dense one
        there are, int64 (batch,).
    Raises: ArgumentError for a string that is no SequenceExample, or features that are not as expected.
    """
    array = texts(serialized, "parse_sequence_example")
    if array.ndim != 1:
        raise ArgumentError(f"parse_sequence_example of strings of shape {array.shape}.", fix="pass (batch,) strings.")
    names = names_of(example_names, len(array))
    records = [_Sequence(data, index, label) for index, (data, label) in enumerate(zip(array.tolist(), names))]
    return _parsed(records, context_features, sequence_features, batched=True)


def parse_single_sequence_example(
    serialized: Any,
    context_features: dict[str, Any] | None = None,
    sequence_features: dict[str, Any] | None = None,
    example_name: Any = None,
    name: str | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The features of one serialized SequenceExample: those of the whole, and those of its steps, (steps, ...)."""
    array = texts(serialized, "parse_single_sequence_example")
    if array.ndim:
        raise ArgumentError(
            f"parse_single_sequence_example of strings of shape {array.shape}.", fix="use parse_sequence_example."
        )
    record = _Sequence(array.item(), 0, names_of(example_name, 1)[0])
    return _parsed([record], context_features, sequence_features, batched=False)[:2]
