"""MNIST: 70,000 handwritten digits of 28 x 28 pixels."""

from __future__ import annotations

import numpy as np

from headwater.keras.datasets.cache import arrays_of

Split = tuple[np.ndarray, np.ndarray]


def load_data(path: str = "mnist.npz") -> tuple[Split, Split]:
    """Training and test data: images (60000, 28, 28) and (10000, 28, 28) of uint8, and their labels.

    Args:
        path: file in the cache, or an absolute path.
    Raises: NotFoundError if the file is not there.
    """
    with arrays_of(path, "mnist.npz (arrays x_train, y_train, x_test, y_test)") as file:
        return (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])
