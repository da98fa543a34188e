"""Fashion-MNIST: 70,000 pictures of clothes of 28 x 28 pixels."""

from __future__ import annotations

import gzip
import os

import numpy as np

from headwater import datasets
from headwater.datasets.images import read_idx
from headwater.errors import NotFoundError
from headwater.keras.datasets.cache import path_of
from headwater.keras.utils.files import cache_folder

Split = tuple[np.ndarray, np.ndarray]


def _read(name: str) -> np.ndarray:
    with gzip.open(path_of(name, subfolder="fashion-mnist"), "rb") as file:
        return read_idx(file.read())


def load_data() -> tuple[Split, Split]:
    """Training and test data: images (60000, 28, 28) and (10000, 28, 28) of uint8, and their labels.

    From the cache's folder datasets/fashion-mnist, else from the package dataset-fashion-mnist where
    `headwater.datasets` finds it, else fetched.

    Raises: NotFoundError if there is none of these.
    """
    card = datasets.card("fashion_mnist")
    if not os.path.isdir(os.path.join(cache_folder(), "datasets", "fashion-mnist")) and card.origin.find() is not None:
        data = card.load(download=False)
        return data.arrays("train"), data.arrays("test")
    try:
        parts = [
            (_read(f"{split}-images-idx3-ubyte.gz"), _read(f"{split}-labels-idx1-ubyte.gz"))
            for split in ("train", "t10k")
        ]
    except NotFoundError as error:
        error.fix += f" `{card.command}` brings them from Debian."
        raise
    return parts[0], parts[1]
