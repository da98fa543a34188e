"""CIFAR-10: 60,000 colour pictures of 32 x 32 pixels in 10 classes."""

from __future__ import annotations

import numpy as np

from headwater.keras.datasets.cifar import read_records

Split = tuple[np.ndarray, np.ndarray]


def load_data() -> tuple[Split, Split]:
    """Training and test data: images (50000, 32, 32, 3) and (10000, 32, 32, 3) of uint8, and labels (..., 1).

    Raises: NotFoundError if the binary version's files are not in the cache's folder datasets/cifar-10-batches-bin.
    """
    train = read_records([f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)], label_bytes=1, label=0)
    return train, read_records(["cifar-10-batches-bin/test_batch.bin"], label_bytes=1, label=0)
