"""Data in batches, and what a batch is made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import tree
from headwater.errors import ArgumentError, ShapeError, UnsupportedError


class PyDataset:
    """Base of data sets that are made batch by batch. A subclass gives `__getitem__(index)`, one batch, and `__len__`,
    their number.

    A batch is (inputs, targets), (inputs, targets, sample_weights), or inputs alone.

    Args:
        workers: threads that make batches ahead.
        use_multiprocessing: make them in processes instead.
        max_queue_size: batches that are made ahead at most.
    Attributes:
        timeout: seconds that a worker may take for a batch before that is an error; None, the default, for as long as
            it takes.
    Example:
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 2
        ...     def __getitem__(self, index):
        ...         return np.array([[index]]), np.array([[index**2]])
        >>> Squares().num_batches
        2
    """

    timeout: float | None = None

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self._workers, self._use_multiprocessing, self._max_queue_size = workers, use_multiprocessing, max_queue_size

    @property
    def workers(self) -> int:
        """Threads that make batches ahead."""
        return getattr(self, "_workers", 1)

    @workers.setter
    def workers(self, value: int) -> None:
        self._workers = value

    @property
    def use_multiprocessing(self) -> bool:
        """Whether batches are made in processes."""
        return getattr(self, "_use_multiprocessing", False)

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._use_multiprocessing = value

    @property
    def max_queue_size(self) -> int:
        """Batches that are made ahead at most."""
        return getattr(self, "_max_queue_size", 10)

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._max_queue_size = value

    @property
    def num_batches(self) -> int | None:
        """Number of batches of an epoch; None for a data set without end."""
        try:
            return len(self)  # type: ignore[arg-type]
        except (TypeError, NotImplementedError):
            return None

    def __getitem__(self, index: int) -> Any:
        raise UnsupportedError(
            f"{type(self).__name__} has no batches.", fix="define __getitem__(self, index) and __len__(self)."
        )

    def on_epoch_begin(self) -> None:
        """Called as an epoch begins."""

    def on_epoch_end(self) -> None:
        """Called as an epoch ends: the place to shuffle."""


Sequence = PyDataset


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What a data set would yield for a batch of these: x alone if it is one array, else a tuple.

    Example:
        >>> pack_x_y_sample_weight(1, 2)
        (1, 2)
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights of a batch; None for what it has not.

    Example:
        >>> unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if 1 <= len(data) <= 3:
        return (*data, None, None)[:3]  # type: ignore[return-value]
    raise ArgumentError(f"a batch of {len(data)} parts.", fix="yield (x,), (x, y) or (x, y, sample_weight).")


def _count(total: int, left: Any, right: Any) -> int:
    """Number of samples in the first part."""

    def number(size: Any) -> int:
        return round(size * total) if isinstance(size, float) and 0 < size < 1 else int(size)

    if left is None and right is None:
        raise ArgumentError("neither left_size nor right_size is given.", fix="pass one of them.")
    first = number(left) if left is not None else total - number(right)
    second = number(right) if right is not None else total - first
    if not (0 < first < total and 0 < second <= total - first):
        raise ArgumentError(f"{total} samples can't be split into {first} and {second}.", fix="pass sizes that fit.")
    return first


def split_dataset(
    dataset: Any,
    left_size: Any = None,
    right_size: Any = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Data in two parts.

    Args:
        dataset: an array, a tuple, list or dict of arrays, or whatever can be iterated over sample by sample.
        left_size: samples of the first part; a share if it is a float below 1.
        right_size: samples of the second part.
        shuffle: mix the samples first.
        seed: seed of the mixing.
        preferred_backend: accepted for compatibility.
    Returns: two parts of the form of `dataset`, as NumPy arrays.
    Raises: ArgumentError if the sizes do not fit.
    Example:
        >>> left, right = split_dataset(np.arange(10), left_size=0.8)
        >>> len(left), len(right)
        (8, 2)
    """
    if not tree.is_nested(dataset) and not hasattr(dataset, "shape"):
        samples = list(dataset)
        dataset = tree.map_structure(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *samples)
    arrays, form = tree.flatten(dataset)
    arrays = [np.asarray(array) for array in arrays]
    totals = {len(array) for array in arrays}
    if len(totals) != 1:
        raise ShapeError(f"arrays of {sorted(totals)} samples are not one data set.", fix="give arrays of one length.")
    (total,) = totals
    order = np.random.default_rng(seed).permutation(total) if shuffle else np.arange(total)
    first = _count(total, left_size, right_size)
    last = total if right_size is None or left_size is None else first + _count(total, right_size, None)
    return tuple(form.unflatten([array[part] for array in arrays]) for part in (order[:first], order[first:last]))  # type: ignore[return-value]
