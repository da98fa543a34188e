"""Ragged and sparse tensors as components of elements: their specs, their rows, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.frontend.ragged_tensor import RaggedTensor, RaggedTensorSpec
from headwater.frontend.sparse_tensor import SparseTensor, SparseTensorSpec

COMPOSITES = (RaggedTensor, SparseTensor)
COMPOSITE_SPECS = (RaggedTensorSpec, SparseTensorSpec)


def spec_of_composite(value: Any) -> Any:
    """The spec of a ragged or sparse tensor."""
    return (RaggedTensorSpec if isinstance(value, RaggedTensor) else SparseTensorSpec).from_value(value)


def batched(spec: Any, size: int | None) -> Any:
    """The spec of a batch of such tensors."""
    shape = None if spec.shape is None else [size, *spec.shape]
    if isinstance(spec, SparseTensorSpec):
        return SparseTensorSpec(shape, spec.dtype)
    return RaggedTensorSpec(shape, spec.dtype, spec.ragged_rank + 1, spec.row_splits_dtype)


def unbatched(spec: Any) -> Any:
    """The spec of a row. Rows of a ragged tensor with one ragged axis are dense, of a ragged rank of 0."""
    shape = None if spec.shape is None else spec.shape[1:]
    if isinstance(spec, SparseTensorSpec):
        return SparseTensorSpec(shape, spec.dtype)
    return RaggedTensorSpec(shape, spec.dtype, max(spec.ragged_rank - 1, 0), spec.row_splits_dtype)


def merged(a: Any, b: Any) -> Any:
    """The spec of what one or the other describes; None if they are of two kinds."""
    if type(a) is not type(b) or a.dtype is not b.dtype:
        return None
    same = a.shape is not None and b.shape is not None and len(a.shape) == len(b.shape)
    shape = [m if m == n else None for m, n in zip(a.shape, b.shape)] if same else None
    if isinstance(a, SparseTensorSpec):
        return SparseTensorSpec(shape, a.dtype)
    if a.ragged_rank != b.ragged_rank:
        return None
    return RaggedTensorSpec(shape, a.dtype, a.ragged_rank, a.row_splits_dtype)


def is_ragged_row(spec: Any) -> bool:
    """Whether components are dense, and batches of them ragged."""
    return isinstance(spec, RaggedTensorSpec) and spec.ragged_rank == 0


class Rows:
    """The rows of a ragged or sparse tensor, by their numbers."""

    def __init__(self, whole: Any) -> None:
        self.whole = whole
        self.shape = (int(np.asarray(whole.nrows())) if isinstance(whole, RaggedTensor) else whole.static_shape[0],)
        if isinstance(whole, SparseTensor):
            self._indices, self._values = np.asarray(whole.indices), np.asarray(whole.values)
            order = np.argsort(self._indices[:, 0], kind="stable")
            self._indices, self._values = self._indices[order], self._values[order]
            self._ends = np.searchsorted(self._indices[:, 0], np.arange(self.shape[0] + 1))
        elif whole.ragged_rank == 1:
            self._flat, self._ends = np.asarray(whole.values), np.asarray(whole.row_splits)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, row: int) -> Any:
        whole = self.whole
        if isinstance(whole, RaggedTensor) and whole.ragged_rank > 1:
            return whole[row]
        span = slice(int(self._ends[row]), int(self._ends[row + 1]))
        if isinstance(whole, RaggedTensor):
            return self._flat[span]
        return SparseTensor(self._indices[span][:, 1:], self._values[span], whole.static_shape[1:])


def stack(components: Sequence[Any]) -> Any:
    """Ragged or sparse tensors as one of one more axis."""
    if isinstance(components[0], RaggedTensor):
        from headwater.frontend.ragged_tensor.rearrangement import stack as stack_ragged

        return stack_ragged(list(components), 0)
    indices = [np.insert(np.asarray(c.indices), 0, place, axis=1) for place, c in enumerate(components)]
    values = np.concatenate([np.asarray(component.values) for component in components])
    sizes = np.max([component.static_shape for component in components], axis=0)
    return SparseTensor(np.concatenate(indices), values, [len(components), *sizes.tolist()])


def ragged_of(arrays: Sequence[np.ndarray], rank: int, row_splits_dtype: Any) -> Any:
    """Arrays of one number of axes as a ragged tensor of one more, of which `rank` are ragged."""
    levels: list[np.ndarray] = []
    parts: list[np.ndarray] = list(arrays)
    for _ in range(rank):
        lengths = [len(part) for part in parts]
        levels.append(np.concatenate([[0], np.cumsum(lengths)]).astype(np.dtype(str(row_splits_dtype))))
        parts = [row for part in parts for row in part] if len(levels) < rank else parts
    inner = arrays[0].shape[rank:]
    flat = [part.reshape(-1, *inner) for part in parts if part.size] or [np.empty((0, *inner), arrays[0].dtype)]
    value: Any = np.concatenate(flat)
    for splits in reversed(levels):
        value = RaggedTensor.from_row_splits(value, splits, validate=False)
    return value
