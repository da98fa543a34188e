"""Sources that give batches one by one: generators, data sets, loaders, whatever can be iterated over."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from headwater import tree
from headwater.errors import ArgumentError
from headwater.frontend.tensor import Tensor
from headwater.keras.trainers.batches.class_weights import class_weights_of, refuse_both
from headwater.keras.trainers.batches.tensors import tensors_of
from headwater.keras.trainers.batches.workers import batches_of_workers
from headwater.keras.utils.datasets import PyDataset
from headwater.keras.utils.datasets import pack_x_y_sample_weight as pack
from headwater.keras.utils.datasets import unpack_x_y_sample_weight as unpack

Batch = tuple[list[Tensor], Any]  # the tensors, and the structure that puts them together

INFINITE = -1  # what `cardinality` of a data set without end is


class StreamBatches:
    """Batches of a source.

    Args:
        source: the iterable; each item is x, (x, y) or (x, y, sample_weight).
        class_weight: dict from class to weight, or None.
        shuffle: whether a data set that can be indexed is taken in another order each epoch.
    """

    def __init__(self, source: Any, class_weight: dict[int, float] | None = None, shuffle: Any = False) -> None:
        self.source = source
        self._class_weight = class_weight
        self._shuffle = shuffle
        self.num_batches, self.is_endless = _length(source)
        self._structures: dict[int, Any] = {}
        self._begun: tuple[Batch, Iterator[Batch]] | None = None

    @property
    def is_one_shot(self) -> bool:
        """Whether the source can be gone through only once."""
        return hasattr(self.source, "__next__")

    @property
    def is_cheap(self) -> bool:
        """Whether its batches lie ready, or are made ahead by workers: a thread more gains nothing."""
        return isinstance(self.source, (list, tuple)) or self._has_workers

    @property
    def _has_workers(self) -> bool:
        source = self.source
        return isinstance(source, PyDataset) and source.workers > (0 if source.use_multiprocessing else 1)

    def peek(self) -> Batch:
        """The first batch, which the next pass begins with."""
        iterator = iter(self)
        first = next(iterator, None)
        if first is None:
            raise no_batch()
        self._begun = first, iterator
        return first

    def __iter__(self) -> Iterator[Batch]:
        """One pass through the source."""
        begun, self._begun = self._begun, None
        return self._pass() if begun is None else _from_first(*begun)

    def _pass(self) -> Iterator[Batch]:
        items = self._items()
        try:
            for item in items:
                yield self._batch(item)
        finally:
            if hasattr(items, "close") and items is not self.source:
                items.close()

    def _items(self) -> Iterator[Any]:
        source = self.source
        if not _is_indexed(source):
            return iter(source)
        begin = getattr(source, "on_epoch_begin", None)
        if begin is not None:
            begin()
        # What an epoch shuffles may change how many batches there are.
        self.num_batches = _length(source)[0]
        indices = self._indices()
        if self._has_workers:
            return batches_of_workers(source, indices)
        return (source[index] for index in indices)

    def _indices(self) -> Iterator[int]:
        if self.num_batches is None:
            return itertools.count()
        if self._shuffle:
            return iter(np.random.permutation(self.num_batches).tolist())  # noqa: NPY002 - set_random_seed seeds it
        return iter(range(self.num_batches))

    def _batch(self, item: Any) -> Batch:
        if type(item) is tuple and self._class_weight is None and self._are_plain(item):
            return list(item), self._structures[len(item)]
        x, y, weight = unpack(item)
        if self._class_weight is not None:
            refuse_both(weight)
            weight = class_weights_of(y, self._class_weight)
        leaves, structure = tree.flatten(
            pack(tensors_of(x, "x"), tensors_of(y, "y"), tensors_of(weight, "sample_weight"))
        )
        for leaf in leaves:
            if leaf is not None and not leaf.shape:
                raise unbatched(self.source, leaves)
        return leaves, structure

    def _are_plain(self, item: tuple) -> bool:
        """Whether a batch is two or three tensors, as most are, and needs no work."""
        if not 1 < len(item) < 4:
            return False
        for part in item:
            if type(part) is not Tensor or not part.spec.shape:
                return False
        if len(item) not in self._structures:
            self._structures[len(item)] = tree.flatten(item)[1]
        return True

    def on_epoch_end(self) -> None:
        """Tell the source, if it wants to know."""
        end = getattr(self.source, "on_epoch_end", None)
        if end is not None:
            end()

    def close(self) -> None:
        """End a pass that was begun and not gone on with."""
        begun, self._begun = self._begun, None
        if begun is not None:
            begun[1].close()  # type: ignore[attr-defined]


def _from_first(first: Batch, rest: Iterator[Batch]) -> Iterator[Batch]:
    try:
        yield first
        yield from rest
    finally:
        rest.close()  # type: ignore[attr-defined]


def _is_indexed(source: Any) -> bool:
    """Whether batches are asked for by number, rather than in the source's own order."""
    if isinstance(source, (list, tuple)):
        return False
    return hasattr(source, "__getitem__") and (hasattr(source, "__len__") or isinstance(source, PyDataset))


def _length(source: Any) -> tuple[int | None, bool]:
    """How many batches a pass has, None if that is not known, and whether it is known to have no end."""
    for name in ("num_batches", "cardinality", "__len__"):
        found = getattr(source, name, None)
        if found is None:
            continue
        try:
            value = found() if callable(found) else found
        except (TypeError, NotImplementedError):
            continue
        if value is None:
            return None, isinstance(source, PyDataset)
        return (int(value), False) if int(value) >= 0 else (None, int(value) == INFINITE)
    return None, False


def no_batch() -> ArgumentError:
    """What to raise for a source that is empty."""
    return ArgumentError("the data source gave no batch.", fix="give at least one batch.", where="")


def unbatched(source: Any, leaves: list[Tensor]) -> ArgumentError:
    """What to raise for a source that gives single samples."""
    shapes = ", ".join(str(tuple(leaf.shape)) for leaf in leaves if leaf is not None)
    batched = hasattr(source, "batch")
    return ArgumentError(
        f"the {type(source).__name__} gives single samples, of shapes {shapes}, where batches are needed.",
        fix="batch it: dataset.batch(32)." if batched else "let each item be arrays whose first axis counts samples.",
        where="",
    )
