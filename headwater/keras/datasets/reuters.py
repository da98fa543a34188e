"""Reuters: 11,228 newswires as ranks of their words, and their topic.

The file that Keras uses holds pickled lists, which can run code when they are read. It is read by an unpickler that
knows lists of numbers and nothing else.
"""

from __future__ import annotations

import json

import numpy as np

from headwater.keras.datasets.cache import path_of
from headwater.keras.datasets.pickled_lists import read_lists
from headwater.keras.datasets.tables import mixed_texts

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The rank of each word.

    Raises: NotFoundError if the file is neither in the cache nor to be fetched.
    """
    with open(path_of(path, "4d44cc38712099c9e383dc6e5f11a921"), encoding="utf-8") as file:
        return json.load(file)


def get_label_names() -> tuple[str, ...]:
    """The names of the 46 topics."""
    return (
        "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply", "coffee", "sugar",
        "trade", "reserves", "ship", "cotton", "carcass", "crude", "nat-gas", "cpi", "money-fx", "interest", "gnp",
        "meal-feed", "alum", "oilseed", "gold", "tin", "strategic-metal", "livestock", "retail", "ipi", "iron-steel",
        "rubber", "heat", "jobs", "lei", "bop", "zinc", "orange", "pet-chem", "dlr", "gas", "silver", "wpi", "hog",
        "lead",
    )  # fmt: skip


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> tuple[Split, Split]:
    """Training and test data: lists of ranks, and topics from 0 to 45.

    Args:
        path: file in the cache, or an absolute path.
        num_words: words of this rank on are replaced; None for none.
        skip_top: words below this rank are replaced.
        maxlen: longer newswires are left out.
        test_split: share of the test data.
        seed: seed of the mixing.
        start_char: put before each newswire.
        oov_char: what replaced words become; None drops them.
        index_from: added to ranks.
    Raises: NotFoundError if the file is neither in the cache nor to be fetched.
    """
    arrays = read_lists(path_of(path, _SHA256, instead="reuters_r52"))
    marks = (num_words, skip_top, start_char, oov_char, index_from)
    rows, topics = mixed_texts(arrays["x"], arrays["y"], seed, maxlen, *marks)
    first = int(len(rows) * (1 - test_split))
    return (rows[:first], topics[:first]), (rows[first:], topics[first:])
