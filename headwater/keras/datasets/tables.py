"""Splitting a table, and cutting lists of words down, as the loaders of Keras do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.errors import ArgumentError

Split = tuple[np.ndarray, np.ndarray]


def mixed(x: np.ndarray, y: np.ndarray, seed: int) -> Split:
    """Rows in the order that `seed` gives."""
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    return x[order], y[order]


def shuffled_split(x: np.ndarray, y: np.ndarray, test_split: float, seed: int) -> tuple[Split, Split]:
    """Mixed rows in two parts, the test data last."""
    if not 0 <= test_split < 1:
        raise ArgumentError(f"test_split is {test_split}.", fix="pass a share of 0 or more, below 1.")
    x, y = mixed(x, y, seed)
    first = int(len(x) * (1 - test_split))
    return (x[:first], y[:first]), (x[first:], y[first:])


def marked_words(
    rows: Sequence[Sequence[int]],
    num_words: int | None,
    skip_top: int,
    start_char: int | None,
    oov_char: int | None,
    index_from: int | None,
) -> list[list[int]]:
    """Ranks of words as they go into a model: a start mark, ranks moved up, rare and too common words replaced.

    Args:
        rows: ranks of the words of each text, 1 for the commonest.
        num_words: words of this rank on are replaced; None for none.
        skip_top: words below this rank are replaced.
        start_char: put before each text; None for nothing.
        oov_char: what replaced words become; None drops them.
        index_from: added to ranks.
    """
    moved = [[rank + (index_from or 0) for rank in row] for row in rows]
    if start_char is not None:
        moved = [[start_char, *row] for row in moved]
    limit = num_words or max(
        (max(row, default=0) for row in moved), default=0
    )  # the rarest word is replaced, as in Keras

    def keep(rank: int) -> bool:
        return skip_top <= rank < limit

    if oov_char is None:
        return [[rank for rank in row if keep(rank)] for row in moved]
    return [[rank if keep(rank) else oov_char for rank in row] for row in moved]


def mixed_texts(texts: Sequence[list[int]], labels: Any, seed: int, maxlen: int | None, *marks: Any) -> Split:
    """Texts as `marked_words` makes them of `marks`, in the order that `seed` gives, those shorter than `maxlen`."""
    rows, labels = mixed(_of_lists(texts), np.asarray(labels), seed)
    words = marked_words(list(rows), *marks)
    kept = [place for place, row in enumerate(words) if maxlen is None or len(row) < maxlen]
    return _of_lists([words[place] for place in kept]), labels[kept]


def _of_lists(lists: Sequence[list[int]]) -> np.ndarray:
    rows = np.empty(len(lists), dtype=object)
    rows[:] = lists
    return rows
