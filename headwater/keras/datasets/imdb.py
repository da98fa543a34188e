"""IMDB: 50,000 film reviews as ranks of their words, and whether they praise.

The file that Keras uses holds pickled lists, which can run code when they are read. It is read by an unpickler that
knows lists of numbers and nothing else.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from headwater.errors import ArgumentError
from headwater.keras.datasets.cache import path_of
from headwater.keras.datasets.pickled_lists import read_lists
from headwater.keras.datasets.tables import mixed_texts

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The rank of each word.

    Raises: NotFoundError if the file is neither in the cache nor to be fetched.
    """
    with open(path_of(path, "bfafd718b763782e994055a2d397834f"), encoding="utf-8") as file:
        return json.load(file)


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> tuple[Split, Split]:
    """Training and test data, 25,000 reviews each: lists of ranks, and labels 0 or 1.

    Args:
        path: file in the cache, or an absolute path.
        num_words: words of this rank on are replaced; None for none.
        skip_top: words below this rank are replaced.
        maxlen: longer reviews are left out.
        seed: seed of the mixing.
        start_char: put before each review.
        oov_char: what replaced words become; None drops them.
        index_from: added to ranks.
    Raises: NotFoundError if the file is neither in the cache nor to be fetched.
    """
    if kwargs:
        raise ArgumentError(f"load_data takes no argument {', '.join(kwargs)}.", fix="leave it out.")
    arrays = read_lists(path_of(path, _SHA256, instead="sentiment"))
    parts = []
    for split in ("train", "test"):
        marks = (num_words, skip_top, start_char, oov_char, index_from)
        parts.append(mixed_texts(arrays[f"x_{split}"], arrays[f"y_{split}"], seed, maxlen, *marks))
    return parts[0], parts[1]
