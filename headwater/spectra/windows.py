"""Windows: how much each element of a frame counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import DTypeError
from headwater.ops.convert import convert_to_tensor


def _floats(dtype: Any) -> Any:
    """The dtype.

    Raises: DTypeError unless it is a float.
    """
    found = as_dtype(dtype)
    if not found.is_floating:
        raise DTypeError(f"a window of dtype {found.name}.", fix="use a float dtype.")
    return found


def _raised_cosine(length: int, periodic: bool, dtype: Any, share: float) -> Any:
    count = int(length)
    if count == 1:
        return ops.ones((1,), _floats(dtype))
    turn = count if periodic and count % 2 == 0 else count - 1 + (1 if periodic else 0)
    values = share - (1 - share) * np.cos(2 * np.pi * np.arange(count) / turn)
    return convert_to_tensor(values.astype(_floats(dtype).numpy))


def hann_window(window_length: int, periodic: bool = True, dtype: Any = "float32", name: str | None = None) -> Any:
    """A window that falls to 0 at its ends as a cosine."""
    return _raised_cosine(window_length, periodic, dtype, 0.5)


def hamming_window(window_length: int, periodic: bool = True, dtype: Any = "float32", name: str | None = None) -> Any:
    """A window that falls to 0.08 at its ends as a cosine."""
    return _raised_cosine(window_length, periodic, dtype, 0.54)


def kaiser_window(window_length: int, beta: float = 12.0, dtype: Any = "float32", name: str | None = None) -> Any:
    """Kaiser's window: the larger `beta`, the steeper."""
    return convert_to_tensor(np.kaiser(int(window_length), float(beta)).astype(_floats(dtype).numpy))


def vorbis_window(window_length: int, dtype: Any = "float32", name: str | None = None) -> Any:
    """The window of Vorbis: sin(pi / 2 * sin²)."""
    places = (np.arange(int(window_length)) + 0.5) / int(window_length)
    return convert_to_tensor(np.sin(np.pi / 2 * np.sin(np.pi * places) ** 2).astype(_floats(dtype).numpy))


def kaiser_bessel_derived_window(
    window_length: int, beta: float = 12.0, dtype: Any = "float32", name: str | None = None
) -> Any:
    """A window whose halves' squares add up to 1, as `mdct` needs it, made of Kaiser's.

    Args:
        window_length: how many elements, even.
        beta: the larger, the steeper.
        dtype: a float dtype.
    """
    reached = np.cumsum(np.kaiser(int(window_length) // 2 + 1, float(beta)))
    half = np.sqrt(reached[:-1] / reached[-1])
    return convert_to_tensor(np.concatenate([half, half[::-1]]).astype(_floats(dtype).numpy))
