"""Data in batches, and what a batch is made of."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from headwater import tree
from headwater.errors import ArgumentError, DTypeError, ShapeError, UnsupportedError


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


def split_dataset(
    dataset: Any,
    left_size: Any = None,
    right_size: Any = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Data in two parts: the first samples, and the last ones.

    Args:
        dataset: an array, a tuple, list or dict of arrays, a `tf.data.Dataset`, or whatever can be iterated over sample
            by sample.
        left_size: samples of the first part; a share if it is a float below 1.
        right_size: samples of the second part.
        shuffle: mix the samples first.
        seed: seed of the mixing.
        preferred_backend: accepted for compatibility.
    Returns: two `tf.data.Dataset`s, in batches as `dataset` is.
    Raises: ArgumentError if the sizes do not fit; ShapeError for arrays of different lengths.
    Example:
        >>> left, right = split_dataset(np.arange(10), left_size=0.8)
        >>> len(left), [int(number) for number in right]
        (8, [8, 9])
    """
    from headwater.data import AUTOTUNE, Dataset

    arrays, form, batch_size = _samples(dataset)
    totals = {len(array) for array in arrays}
    if len(totals) != 1:
        raise ShapeError(f"arrays of {sorted(totals)} samples are not one data set.", fix="give arrays of one length.")
    (total,) = totals
    first, second = _sizes(total, left_size, right_size)
    order = list(range(total))
    if shuffle:  # as Keras mixes them, but without seeding what the user draws from
        random.Random(random.randint(0, 10**6) if seed is None else seed).shuffle(order)
    parts = []
    for chosen in (order[:first], order[total - second :]):
        part = Dataset.from_tensor_slices(form.unflatten([array[chosen] for array in arrays]))
        parts.append((part if batch_size is None else part.batch(batch_size)).prefetch(AUTOTUNE))
    return parts[0], parts[1]


def _samples(dataset: Any) -> tuple[list[np.ndarray], Any, int | None]:
    """All samples as arrays, their structure, and in batches of how many they came."""
    batch_size = getattr(getattr(dataset, "_stage", None), "batch_size", None)
    if batch_size is not None:
        dataset = dataset.unbatch()
    if not tree.is_nested(dataset) and not hasattr(dataset, "shape"):
        samples = list(dataset)
        if not samples:
            raise ArgumentError("the data set has no samples.", fix="give at least two.")
        dataset = tree.map_structure(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *samples)
    dataset = tuple(dataset) if isinstance(dataset, list) else dataset
    arrays, form = tree.flatten(dataset)
    return [np.asarray(array) for array in arrays], form, batch_size


def _sizes(total: int, left: Any, right: Any) -> tuple[int, int]:
    """Samples of both parts.

    Raises: ArgumentError if they do not fit.
    """
    if left is None and right is None:
        raise ArgumentError("neither left_size nor right_size is given.", fix="pass one of them.")
    first, second = _number(left, total, "left_size"), _number(right, total, "right_size")
    first = total - second if first is None else first  # type: ignore[operator]
    second = total - first if second is None else second
    if first + second > total or first < 1 or second < 1:
        raise ArgumentError(f"{total} samples can't be split into {first} and {second}.", fix="pass sizes that fit.")
    return first, second


def _number(size: Any, total: int, name: str) -> int | None:
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise DTypeError(f"{name}={size!r}.", fix="pass a number of samples, or a share.")
    whole = isinstance(size, (int, np.integer))
    if not 0 < size < (total if whole else 1):
        raise ArgumentError(f"{name}={size} of {total} samples.", fix=f"pass 1 to {total - 1}, or a share below 1.")
    return int(size) if whole else round(size * total)
