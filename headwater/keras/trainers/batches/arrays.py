"""Arrays in memory, cut into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from headwater import ops, tree
from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.batches import BatchGatherer
from headwater.frontend.tensor import Tensor
from headwater.keras.trainers.batches.tensors import are_arrays, tensors_of
from headwater.keras.utils.datasets import pack_x_y_sample_weight as pack


class ArrayBatches:
    """Arrays in memory, cut into batches.

    Args:
        x, y, sample_weight: arrays, or lists or dicts of them, whose first axis counts samples.
        batch_size: samples in a batch; 32 by default.
        shuffle: whether each epoch takes the samples in another order; "batch" changes the order of batches only.
    Raises: ShapeError if the numbers of samples differ; ArgumentError if there are none.
    """

    def __init__(
        self, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int | None = None, shuffle: Any = False
    ) -> None:
        if batch_size is not None and (
            isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1
        ):
            raise ArgumentError(
                f"batch_size={batch_size!r} is not a positive whole number.", fix="pass e.g. 32.", where=""
            )
        self.shuffle = shuffle
        x, y, sample_weight = tensors_of(x, "x"), tensors_of(y, "y"), tensors_of(sample_weight, "sample_weight")
        self.num_samples = _count_samples(x, y, sample_weight)
        self.batch_size = min(int(batch_size or 32), self.num_samples)
        self.leaves, self.structure = tree.flatten(pack(x, y, sample_weight))
        self.gatherer = BatchGatherer(self.leaves, self.batch_size)
        self.num_batches: int | None = len(self.gatherer)

    def order(self) -> np.ndarray | None:
        """The samples' order for one epoch; None for the order that they are in."""
        if not self.shuffle:
            return None
        if self.shuffle != "batch":
            return np.random.permutation(self.num_samples)  # noqa: NPY002 - set_random_seed seeds it
        whole = self.num_samples // self.batch_size
        starts = np.random.permutation(whole) * self.batch_size  # noqa: NPY002 - set_random_seed seeds it
        rows = (starts[:, None] + np.arange(self.batch_size)).reshape(-1)
        return np.concatenate([rows, np.arange(whole * self.batch_size, self.num_samples)])

    def new_order(self) -> None:
        """Take the samples in another order from now on, if they are shuffled."""
        order = self.order()
        if order is not None:
            self.gatherer.set_order(order)

    def __iter__(self) -> Iterator[tuple[list[Tensor], Any]]:
        """The tensors of each batch, and the structure that puts them together."""
        self.new_order()
        for step in range(len(self.gatherer)):
            yield self.tensors(step), self.structure

    def tensors(self, step: int) -> list[Tensor]:
        """The tensors of one batch."""
        specs = self.gatherer.specs(self.gatherer.count(step))
        return [Tensor(spec, buffer) for spec, buffer in zip(specs, self.gatherer.buffers(step))]

    def peek(self) -> tuple[list[Tensor], Any]:
        """The first batch, unshuffled."""
        return self.tensors(0), self.structure

    def on_epoch_end(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


def _count_samples(x: Any, y: Any, sample_weight: Any) -> int:
    counts: dict[str, list[int]] = {}
    for name, value in (("x", x), ("y", y), ("sample_weight", sample_weight)):
        for leaf in tree.leaves(value) if value is not None else ():
            if leaf is None:
                continue
            if not leaf.shape:
                raise ShapeError(
                    f"`{name}` is one number, not an array of samples.", fix="add an axis for the samples.", where=""
                )
            counts.setdefault(name, []).append(leaf.shape[0])
    sizes = {count for found in counts.values() for count in found}
    if not sizes:
        raise ArgumentError("there is no data: x is None.", fix="pass x.", where="")
    if len(sizes) > 1:
        told = ", ".join(f"'{name}' has {'/'.join(map(str, found))}" for name, found in counts.items())
        raise ShapeError(
            f"Data cardinality is ambiguous: {told} samples.",
            fix="give arrays with the same number of samples.",
            where="",
        )
    (count,) = sizes
    if count == 0:
        raise ArgumentError("there is no data: the arrays have 0 samples.", fix="pass at least one sample.", where="")
    return count


def split_for_validation(arrays: Sequence[Any], validation_split: float) -> tuple[list[Any], list[Any]]:
    """The first part of each array, for training, and the last part, for validation.

    Raises: ArgumentError if the data can't be split, or a part would be empty.
    """
    if any(value is not None and not are_arrays(value) for value in arrays):
        raise ArgumentError(
            "validation_split works for arrays in memory only.", fix="pass validation_data instead.", where=""
        )
    tensors = [tensors_of(value, name) for value, name in zip(arrays, ("x", "y", "sample_weight"))]
    count = _count_samples(*tensors)
    at = int(np.floor(count * (1.0 - validation_split)))
    if not 0 < at < count:
        raise ArgumentError(
            f"validation_split={validation_split} of {count} samples leaves a part empty.",
            fix="give more data, or another validation_split.", where="",
        )  # fmt: skip

    def part(chosen: slice) -> list[Any]:
        return [
            None if value is None else tree.map_structure(lambda leaf: _cut(leaf, chosen), value) for value in tensors
        ]

    return part(slice(0, at)), part(slice(at, count))


def _cut(tensor: Tensor, chosen: slice) -> Tensor:
    return ops.convert_to_tensor(np.ascontiguousarray(np.asarray(tensor)[chosen]), tensor.dtype)
