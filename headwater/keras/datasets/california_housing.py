"""California housing: 20,640 districts, 8 figures each, and the median price."""

from __future__ import annotations

import numpy as np

from headwater.errors import ArgumentError
from headwater.keras.datasets.cache import arrays_of
from headwater.keras.datasets.tables import shuffled_split

Split = tuple[np.ndarray, np.ndarray]
_SHA256 = "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"


def load_data(
    version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> tuple[Split, Split]:
    """Training and test data.

    Args:
        version: "large" for all districts, "small" for the first 600.
        path: file in the cache, or an absolute path.
        test_split: share of the test data.
        seed: seed of the mixing before the split.
    Raises: NotFoundError if the file is neither in the cache nor to be fetched.
    """
    if version not in ("large", "small"):
        raise ArgumentError(f"version is {version!r}.", fix="pass 'large' or 'small'.")
    with arrays_of(path, _SHA256) as file:
        x, y = file["x"], file["y"]
    if version == "small":
        x, y = x[:600], y[:600]
    return shuffled_split(x, y, test_split, seed)
