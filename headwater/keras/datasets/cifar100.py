"""CIFAR-100: 60,000 colour pictures of 32 x 32 pixels in 100 classes of 20 kinds."""

from __future__ import annotations

import os

import numpy as np

from headwater.errors import ArgumentError
from headwater.keras.datasets.cifar import folder_of, read_records

Split = tuple[np.ndarray, np.ndarray]


def load_data(label_mode: str = "fine") -> tuple[Split, Split]:
    """Training and test data: images (50000, 32, 32, 3) and (10000, 32, 32, 3) of uint8, and labels (..., 1).

    Args:
        label_mode: "fine" for the 100 classes, "coarse" for the 20 kinds.
    Raises: NotFoundError if the binary version is neither in the cache's folder datasets/cifar-100-binary nor to be
        fetched.
    """
    if label_mode not in ("fine", "coarse"):
        raise ArgumentError(f"label_mode is {label_mode!r}.", fix="pass 'fine' or 'coarse'.")
    place = 1 if label_mode == "fine" else 0
    folder = folder_of("cifar-100-binary", "cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8")
    train, test = (
        read_records([os.path.join(folder, f"{split}.bin")], label_bytes=2, label=place) for split in ("train", "test")
    )
    return train, test
