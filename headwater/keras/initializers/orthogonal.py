"""Orthogonal: a random rotation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras import random
from headwater.keras.backend.standard import standardize_dtype
from headwater.keras.initializers.base import RandomInitializer


class Orthogonal(RandomInitializer):
    """Orthonormal rows or columns, whichever are fewer; axes before the last are taken as one.

    Args:
        gain: factor on all values.
        seed: see `RandomInitializer`.
    Source: Saxe, McClelland and Ganguli 2014, arXiv:1312.6120.
    """

    arguments = ("gain",)

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        if len(shape) < 2:
            raise ShapeError(f"shape {tuple(shape)} has no rows and columns.", fix="use it for two axes or more.")
        dtype = standardize_dtype(dtype)
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q, r = ops.qr(random.normal(tall, dtype="float32" if "16" in dtype else dtype, seed=self.seed))
        q = ops.multiply(q, ops.sign(ops.diagonal(r)))  # makes the rotation uniform, whatever signs QR prefers
        q = q if rows >= columns else ops.transpose(q)
        return ops.multiply(ops.cast(ops.reshape(q, tuple(shape)), dtype), ops.cast(self.gain, dtype))
