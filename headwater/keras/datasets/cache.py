"""Files of data sets: in the cache, or fetched from where Keras has them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from headwater.errors import NotFoundError
from headwater.keras.utils.files import cache_folder, get_file

KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def path_of(
    name: str, file_hash: str | None = None, subfolder: str = "", origin: str = KERAS_FILES, instead: str = ""
) -> str:
    """The path of a data set's file, which is fetched if it is not in the cache.

    Args:
        name: its name, or an absolute path, which is taken as it is.
        file_hash: what its contents must hash to, if it has to be fetched.
        subfolder: of the cache's folder datasets.
        origin: the address of the folder that has it.
        instead: a set of `headwater.datasets` that serves a like purpose, for the message.
    Raises: NotFoundError if it is not there and can't be fetched.
    """
    path = name if os.path.isabs(name) else os.path.join(cache_folder(), "datasets", subfolder, name)
    if os.path.exists(path):
        return path
    if os.path.isabs(name):
        raise NotFoundError(f"data set file {path} is not there.", fix="look at the path.")
    try:
        return get_file(name, f"{origin}{name}", file_hash=file_hash, cache_subdir=os.path.join("datasets", subfolder))
    except NotFoundError as error:
        if instead:
            error.fix += f" Or use headwater.datasets.load({instead!r}), which comes from a package registry."
        raise


@contextmanager
def arrays_of(name: str, file_hash: str | None = None) -> Iterator[np.lib.npyio.NpzFile]:
    """The arrays of an .npz file; pickled objects are refused, because reading them could run code."""
    with np.load(path_of(name, file_hash), allow_pickle=False) as file:
        yield file
