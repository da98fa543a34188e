"""`keras.preprocessing.sequence`: sequences of different lengths as one array, windows of series, pairs of words."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError
from headwater.keras.utils.datasets import PyDataset
from headwater.keras.utils.sequences import pad_sequences

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target of the step after it.

    `keras.utils.timeseries_dataset_from_array` is its successor.

    Args:
        data: the series: (steps, ...).
        targets: a target for each step.
        length: steps that a window reaches back.
        sampling_rate: steps between the steps of a window.
        stride: steps between the ends of windows.
        start_index, end_index: the part of the series that is used, the last step with it.
        shuffle: take windows at random, with replacement.
        reverse: turn windows round.
        batch_size: windows in a batch.
        kwargs: those of `PyDataset`.
    Raises: ShapeError if there are not as many targets as steps; ArgumentError if no window is left.
    Example:
        >>> x, y = TimeseriesGenerator(np.arange(6), np.arange(6) * 10, length=3, batch_size=2)[0]
        >>> x.tolist(), y.tolist()
        ([[0, 1, 2], [1, 2, 3]], [30, 40])
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ShapeError(f"{len(targets)} targets for {len(data)} steps.", fix="give a target for each step.")
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride, self.batch_size = sampling_rate, stride, batch_size
        self.start_index, self.end_index = start_index + length, len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse = shuffle, reverse
        if self.start_index > self.end_index:
            raise ArgumentError(
                f"the first window ends at step {self.start_index}, and the last one is to end at {self.end_index}.",
                fix="give a longer series, or shorter windows.",
            )

    def __len__(self) -> int:
        step = self.batch_size * self.stride
        return (self.end_index - self.start_index + step) // step

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        ends = self._ends(index)
        windows = np.array([self.data[end - self.length : end : self.sampling_rate] for end in ends])
        targets = np.array([self.targets[end] for end in ends])
        return (windows[:, ::-1] if self.reverse else windows), targets

    def _ends(self, index: int) -> np.ndarray:
        if self.shuffle:
            return np.random.randint(self.start_index, self.end_index + 1, self.batch_size)  # noqa: NPY002 - as Keras
        first = self.start_index + self.batch_size * self.stride * index
        return np.arange(first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride)


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """How likely the word of each rank is kept, so that common words do not crowd out others.

    Args:
        size: number of words.
        sampling_factor: share of a word above which it is thinned out.
    Returns: float64 (size,), if words are as common as Zipf's law says.
    Source: Mikolov et al. 2013, arXiv:1310.4546, section 2.3.
    """
    rank = np.arange(size)
    rank[:1] = 1
    inverse = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)  # of the share of each rank
    return np.minimum(1.0, np.sqrt(sampling_factor * inverse))


def skipgrams(
    sequence: Any,
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of words that stand near one another, and as many that need not.

    Args:
        sequence: numbers of words; 0 is none.
        vocabulary_size: the largest number + 1.
        window_size: how far apart the words of a pair may be.
        negative_samples: pairs with a word drawn at random, for each real one.
        shuffle: mix the pairs.
        categorical: labels [0, 1] and [1, 0] instead of 1 and 0.
        sampling_table: how likely each word is kept: see `make_sampling_table`.
        seed: of the mixing.
    Returns: the pairs, and whether each is real.
    Source: Mikolov et al. 2013, arXiv:1301.3781.
    """
    pairs = [
        [word, sequence[near]]
        for place, word in enumerate(sequence)
        if word and (sampling_table is None or sampling_table[word] >= random.random())
        for near in range(max(0, place - window_size), min(len(sequence), place + window_size + 1))
        if near != place and sequence[near]
    ]
    real, drawn = ([0, 1], [1, 0]) if categorical else (1, 0)
    labels: list[Any] = [real] * len(pairs)
    if negative_samples > 0:
        count = int(len(pairs) * negative_samples)
        words = [word for word, _ in pairs]
        random.shuffle(words)
        pairs += [[words[place % len(words)], random.randint(1, vocabulary_size - 1)] for place in range(count)]
        labels += [drawn] * count
    if shuffle:
        seed = random.randint(0, 10**7) if seed is None else seed
        for mixed in (pairs, labels):
            random.seed(seed)  # Keras leaves Python's generator in this state, too
            random.shuffle(mixed)
    return pairs, labels
