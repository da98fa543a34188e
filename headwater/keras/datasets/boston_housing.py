"""Boston housing: 506 districts, 13 figures each, and the median price."""

from __future__ import annotations

import numpy as np

from headwater.keras.datasets.cache import arrays_of
from headwater.keras.datasets.tables import shuffled_split

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> tuple[Split, Split]:
    """Training and test data.

    Args:
        path: file in the cache, or an absolute path.
        test_split: share of the test data.
        seed: seed of the mixing before the split.
    Raises: NotFoundError if the file is neither in the cache nor to be fetched.
    """
    with arrays_of(path, _SHA256) as file:
        return shuffled_split(file["x"], file["y"], test_split, seed)
