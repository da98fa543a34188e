"""The binary files of both CIFAR sets: records of labels and three planes of 32 x 32 bytes."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from headwater.errors import DataLossError
from headwater.keras import settings
from headwater.keras.utils.files import cache_folder, get_file

ORIGIN = "https://www.cs.toronto.edu/~kriz/"  # the sets' own page, which also has the hashes of the binary versions
_PIXELS = 3 * 32 * 32


def folder_of(folder: str, archive: str, md5: str) -> str:
    """Where the files are: the folder in the cache, or what is fetched and unpacked for it.

    Args:
        folder: that the archive holds.
        archive: its name at `ORIGIN`.
        md5: its hash.
    Raises: NotFoundError if it is not there and can't be fetched.
    """
    path = os.path.join(cache_folder(), "datasets", folder)
    if os.path.isdir(path):
        return path
    name = archive.partition(".")[0]
    return os.path.join(get_file(name, f"{ORIGIN}{archive}", extract=True, file_hash=md5), folder)


def read_records(paths: Sequence[str], label_bytes: int, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of some files.

    Args:
        paths: the files.
        label_bytes: labels of each record.
        label: which of them is wanted.
    Raises: DataLossError if a file does not hold whole records.
    """
    size = label_bytes + _PIXELS
    records = [np.fromfile(path, np.uint8) for path in paths]
    for path, record in zip(paths, records):
        if record.size % size or not record.size:
            raise DataLossError(
                f"{path} has {record.size} bytes, which are no records of {size}.", fix="fetch it again."
            )
    table = np.concatenate(records).reshape(-1, size)
    images = table[:, label_bytes:].reshape(-1, 3, 32, 32)
    if settings.image_data_format() == "channels_last":
        images = images.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), table[:, label : label + 1].copy()
