"""One seed for everything that draws numbers."""

from __future__ import annotations

import random

import numpy as np

from headwater.errors import ArgumentError
from headwater.frontend import generator
from headwater.keras.random import seed_generator


def set_random_seed(seed: int) -> None:
    """Seed Python's, NumPy's, `tf.random`'s and the session's generators: a program gives the same numbers at each run.

    Args:
        seed: from 0 to 2^32 - 1.
    Raises: ArgumentError for anything else.
    Example:
        >>> from headwater.keras.random import uniform
        >>> set_random_seed(1)
        >>> first = float(uniform(()))
        >>> set_random_seed(1)
        >>> first == float(uniform(()))
        True
    """
    if not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**32:
        raise ArgumentError(f"{seed!r} is not a seed.", fix="pass an int from 0 to 2**32 - 1.")
    random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002 - scripts draw from the old global generator
    generator.set_seed(int(seed))
    seed_generator.reset_global_generator(int(seed))
