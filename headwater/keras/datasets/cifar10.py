"""CIFAR-10: 60,000 colour pictures of 32 x 32 pixels in 10 classes."""

from __future__ import annotations

import os

import numpy as np

from headwater.keras.datasets.cifar import folder_of, read_records

Split = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Split, Split]:
    """Training and test data: images (50000, 32, 32, 3) and (10000, 32, 32, 3) of uint8, and labels (..., 1).

    Raises: NotFoundError if the binary version is neither in the cache's folder datasets/cifar-10-batches-bin nor to be
        fetched.
    """
    folder = folder_of("cifar-10-batches-bin", "cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")
    train = [os.path.join(folder, f"data_batch_{part}.bin") for part in range(1, 6)]
    test = [os.path.join(folder, "test_batch.bin")]
    return read_records(train, label_bytes=1, label=0), read_records(test, label_bytes=1, label=0)
