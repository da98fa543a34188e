"""Batches: what `fit`, `evaluate` and `predict` are given, cut into batches of tensors."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from headwater import ops, tree
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.frontend.batches import BatchGatherer
from headwater.frontend.tensor import Tensor
from headwater.keras import settings
from headwater.keras.utils.datasets import pack_x_y_sample_weight as pack
from headwater.keras.utils.datasets import unpack_x_y_sample_weight as unpack


def as_tensor(value: Any, what: str) -> Tensor:
    """One array of the data as a tensor: floats in `floatx()`, whole numbers as they are.

    Raises: DTypeError if it is no array of numbers.
    """
    if isinstance(value, Tensor):
        return value
    if hasattr(value, "to_numpy") and not isinstance(value, np.ndarray):  # a table or a column of pandas and its kin
        value = value.to_numpy()
    try:
        tensor = ops.convert_to_tensor(value)
    except (TypeError, ValueError) as error:
        raise DTypeError(
            f"`{what}` of type {type(value).__name__} is no array of numbers: {str(error).splitlines()[0]}",
            fix="pass NumPy arrays or tensors of one dtype; encode strings as numbers first.",
            where="",
        ) from None
    if tensor.dtype == "float64" and settings.floatx() != "float64" and not isinstance(value, Tensor):
        tensor = ops.cast(tensor, settings.floatx())
    return tensor


def is_array_like(value: Any) -> bool:
    """True for an array, a tensor, a table, or a (nested) list of numbers."""
    if isinstance(value, (Tensor, np.ndarray, np.generic)) or hasattr(value, "__headwater_tensor__"):
        return True
    if hasattr(value, "__array__") or hasattr(value, "__dataframe__"):
        return True
    return _is_list_of_numbers(value)


def _is_list_of_numbers(value: Any) -> bool:
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, (int, float, np.generic))


def _is_arrays(value: Any) -> bool:
    """True for arrays in lists, tuples and dicts."""
    if value is None or is_array_like(value):
        return True
    if isinstance(value, dict):
        return bool(value) and all(map(_is_arrays, value.values()))
    return isinstance(value, (list, tuple)) and bool(value) and all(map(_is_arrays, value))


def _tensors(value: Any, what: str) -> Any:
    if value is None:
        return None
    if is_array_like(value):
        return as_tensor(value, what)
    if isinstance(value, dict):
        return {key: _tensors(item, f"{what}[{key!r}]") for key, item in value.items()}
    return type(value)(_tensors(item, f"{what}[{place}]") for place, item in enumerate(value))


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
        x, y, sample_weight = _tensors(x, "x"), _tensors(y, "y"), _tensors(sample_weight, "sample_weight")
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

    def __iter__(self) -> Iterator[list[Tensor]]:
        self.new_order()
        for step in range(len(self.gatherer)):
            yield self.tensors(step)

    def tensors(self, step: int) -> list[Tensor]:
        """The tensors of one batch."""
        specs = self.gatherer.specs(self.gatherer.count(step))
        return [Tensor(spec, buffer) for spec, buffer in zip(specs, self.gatherer.buffers(step))]

    def on_epoch_end(self) -> None:
        """Nothing to do."""


class StreamBatches:
    """Batches that come one by one: from a generator, a data set, or any iterable.

    Args:
        source: the iterable; each item is x, (x, y) or (x, y, sample_weight).
        class_weight: dict from class to weight, or None.
        shuffle: whether a data set that can be indexed is taken in another order each epoch.
    """

    def __init__(self, source: Any, class_weight: dict[int, float] | None = None, shuffle: Any = False) -> None:
        self.source = source
        self._class_weight = class_weight
        self._indexed = hasattr(source, "__getitem__") and hasattr(source, "__len__")
        self._shuffle = shuffle
        self.structure: Any = None
        self.num_batches = _length(source)
        self._peeked: list[Any] = []

    def peek(self) -> list[Tensor]:
        """The first batch, which the next epoch begins with."""
        iterator = iter(self)
        first = next(iterator, None)
        if first is None:
            raise ArgumentError("the data source gave no batch.", fix="give at least one batch.", where="")
        if _is_one_shot(self.source):
            self._peeked.append(first)
        return first

    def __iter__(self) -> Iterator[list[Tensor]]:
        while self._peeked:
            yield self._peeked.pop(0)
        for item in self._items():
            yield self._leaves(item)

    def _items(self) -> Iterable[Any]:
        if not self._indexed or isinstance(self.source, (list, tuple)):
            return self.source
        begin = getattr(self.source, "on_epoch_begin", None)
        if begin is not None:
            begin()
        count = self.num_batches
        if count is None:
            return (self.source[index] for index in itertools.count())
        indices = np.random.permutation(count) if self._shuffle else range(count)  # noqa: NPY002 - set_random_seed seeds it
        return (self.source[int(index)] for index in indices)

    def _leaves(self, item: Any) -> list[Tensor]:
        x, y, weight = unpack(tuple(item) if isinstance(item, tuple) else item)
        if self._class_weight is not None:
            if weight is not None:
                raise ArgumentError("both class_weight and sample_weight are given.", fix="give one of them.", where="")
            weight = class_weights_of(y, self._class_weight)
        data = pack(_tensors(x, "x"), _tensors(y, "y"), _tensors(weight, "sample_weight"))
        leaves, self.structure = tree.flatten(data)
        return leaves

    def on_epoch_end(self) -> None:
        """Tell the source, if it wants to know."""
        end = getattr(self.source, "on_epoch_end", None)
        if end is not None:
            end()


def _is_one_shot(source: Any) -> bool:
    return hasattr(source, "__next__")


def _length(source: Any) -> int | None:
    for name in ("num_batches", "__len__"):
        found = getattr(source, name, None)
        if found is None:
            continue
        try:
            value = found() if callable(found) else found
        except (TypeError, NotImplementedError):
            continue
        return None if value is None else int(value)
    return None


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


def class_weights_of(y: Any, class_weight: dict[int, float]) -> np.ndarray:
    """The weight of each sample, by the class that its target names.

    Args:
        y: whole numbers, or one-hot rows.
        class_weight: dict from class to weight; classes that it lacks weigh 1.
    """
    if tree.is_nested(y):
        raise ArgumentError(
            "class_weight works for a model of one output.", fix="pass sample_weight instead.", where=""
        )
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(axis=-1) if labels.shape[-1] > 1 else labels[..., 0]
    labels = labels.astype(np.int64)
    size = max(int(labels.max(initial=0)), max(map(int, class_weight), default=0)) + 1
    table = np.ones(size, dtype=np.float32)
    for label, weight in class_weight.items():
        table[int(label)] = weight
    return table[labels]


def make_batches(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    shuffle: Any = False,
    class_weight: dict[int, float] | None = None,
) -> ArrayBatches | StreamBatches:
    """Batches of whatever `fit` takes.

    Raises: ArgumentError for what can't be taken for data.
    """
    if x is None:
        raise ArgumentError("there is no data: x is None.", fix="pass x.", where="")
    if _is_arrays(x) and not _is_sequence_of_batches(x):
        if not _is_arrays(y) or not _is_arrays(sample_weight):
            raise ArgumentError(
                "`x` is an array, and `y` or `sample_weight` is none.", fix="pass arrays for all.", where=""
            )
        if class_weight is not None:
            if sample_weight is not None:
                raise ArgumentError("both class_weight and sample_weight are given.", fix="give one of them.", where="")
            sample_weight = class_weights_of(y, class_weight)
        return ArrayBatches(x, y, sample_weight, batch_size, shuffle)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ArgumentError(
                f"`{name}` is given beside a data source of type {type(x).__name__}, which has to give it itself.",
                fix=f"let the source give (x, y) or (x, y, sample_weight) and leave out `{name}`.", where="",
            )  # fmt: skip
    if not (hasattr(x, "__iter__") or hasattr(x, "__getitem__")) or isinstance(x, (str, bytes)):
        raise DTypeError(
            f"data of type {type(x).__name__} is not understood.",
            fix="pass arrays, lists or dicts of arrays, a generator, a keras.utils.PyDataset or an iterable.",
            where="",
        )
    return StreamBatches(x, class_weight, shuffle)


def _is_sequence_of_batches(x: Any) -> bool:
    return hasattr(x, "__getitem__") and hasattr(x, "on_epoch_end")


def split_for_validation(arrays: Sequence[Any], validation_split: float) -> tuple[list[Any], list[Any]]:
    """The first part of each array, for training, and the last part, for validation.

    Raises: ArgumentError if the data can't be split, or a part would be empty.
    """
    if any(value is not None and not _is_arrays(value) for value in arrays):
        raise ArgumentError(
            "validation_split works for arrays in memory only.", fix="pass validation_data instead.", where=""
        )
    tensors = [_tensors(value, name) for value, name in zip(arrays, ("x", "y", "sample_weight"))]
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


class Epochs:
    """Goes through batches, an epoch at a time.

    Args:
        batches: the batches.
        steps: batches in an epoch; all of them by default.
    """

    def __init__(self, batches: ArrayBatches | StreamBatches, steps: int | None = None) -> None:
        self.batches = batches
        limit = settings.max_steps_per_epoch()
        if limit is not None:
            known = steps or batches.num_batches
            steps = limit if known is None else min(limit, known)
        self.steps = steps
        self._open: Iterator[list[Tensor]] | None = None

    @property
    def num_steps(self) -> int | None:
        """Batches in an epoch, None if not known yet."""
        return self.steps or self.batches.num_batches

    def __iter__(self) -> Iterator[list[Tensor]]:
        """The batches of the next epoch."""
        if self.steps is None:
            yield from self.batches
            self.batches.on_epoch_end()
            return
        done = 0
        fresh = False
        while done < self.steps:
            if self._open is None:
                self._open, fresh = iter(self.batches), True
            leaves = next(self._open, None)
            if leaves is not None:
                fresh = False
                done += 1
                yield leaves
                continue
            self._open = None
            self.batches.on_epoch_end()
            if fresh or _is_exhausted(self.batches):
                warnings.warn(
                    f"the data ran out after {done} of {self.steps} steps of an epoch; "
                    "let it give steps * epochs batches, or repeat.",
                    stacklevel=3,
                )
                return


def _is_exhausted(batches: Any) -> bool:
    return isinstance(batches, StreamBatches) and _is_one_shot(batches.source)
