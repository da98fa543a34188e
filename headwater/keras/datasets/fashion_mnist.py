"""Fashion-MNIST: 70,000 pictures of clothes of 28 x 28 pixels."""

from __future__ import annotations

import gzip

import numpy as np

from headwater.keras.datasets.cache import path_of

Split = tuple[np.ndarray, np.ndarray]


def _read(name: str, offset: int) -> np.ndarray:
    with gzip.open(path_of(f"fashion-mnist/{name}", f"{name} of Fashion-MNIST"), "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=offset)


def load_data() -> tuple[Split, Split]:
    """Training and test data: images (60000, 28, 28) and (10000, 28, 28) of uint8, and their labels.

    Raises: NotFoundError if the four IDX files are not in the cache's folder datasets/fashion-mnist.
    """
    parts = []
    for split in ("train", "t10k"):
        labels = _read(f"{split}-labels-idx1-ubyte.gz", 8)
        parts.append((_read(f"{split}-images-idx3-ubyte.gz", 16).reshape(len(labels), 28, 28), labels))
    return parts[0], parts[1]
