"""Files of data sets: where they must lie, and what to do if they don't."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from headwater.errors import NotFoundError
from headwater.keras.utils.files import cache_folder


def path_of(name: str, source: str) -> str:
    """The path of a data set's file.

    Raises: NotFoundError if it is not there.
    """
    path = name if os.path.isabs(name) else os.path.join(cache_folder(), "datasets", name)
    if not os.path.exists(path):
        raise NotFoundError(
            f"data set file {path} is not there, and data sets are not downloaded.",
            fix=f"put {source} there by hand, or set KERAS_HOME to the folder whose datasets/ has it.",
        )
    return path


@contextmanager
def arrays_of(name: str, source: str) -> Iterator[np.lib.npyio.NpzFile]:
    """The arrays of an .npz file; pickled objects are refused, because reading them could run code."""
    with np.load(path_of(name, source), allow_pickle=False) as file:
        yield file
