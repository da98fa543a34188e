"""The binary files of both CIFAR sets: records of labels and three planes of 32 x 32 bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headwater.keras import settings
from headwater.keras.datasets.cache import path_of

_PIXELS = 3 * 32 * 32


def read_records(names: Sequence[str], label_bytes: int, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of some files.

    Args:
        names: files in the cache.
        label_bytes: labels of each record.
        label: which of them is wanted.
    """
    records = [np.fromfile(path_of(name, f"{name} of the binary version"), np.uint8) for name in names]
    table = np.concatenate(records).reshape(-1, label_bytes + _PIXELS)
    images = table[:, label_bytes:].reshape(-1, 3, 32, 32)
    if settings.image_data_format() == "channels_last":
        images = images.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), table[:, label : label + 1].copy()
