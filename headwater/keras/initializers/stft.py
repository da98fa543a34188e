"""STFT: the kernel that makes a convolution a short-time Fourier transform."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras.backend.standard import standardize_dtype
from headwater.keras.initializers.base import Initializer

_SIDES = ("real", "imag")
_SCALINGS = (None, "density", "spectrum")


def _cosine_window(coefficients: Sequence[float]) -> Any:
    def window(size: int, periodic: bool) -> np.ndarray:
        if size == 1:
            return np.ones(1)
        angle = 2.0 * np.pi * np.arange(size) / (size if periodic else size - 1)
        return sum(((-1) ** k) * a * np.cos(k * angle) for k, a in enumerate(coefficients))

    return window


_WINDOWS = {
    "hann": _cosine_window((0.5, 0.5)),
    "hamming": _cosine_window((0.54, 0.46)),
    "blackman": _cosine_window((0.42, 0.5, 0.08)),
    "boxcar": lambda size, periodic: np.ones(size),
}


class STFT(Initializer):
    """Windowed cosines or sines, of shape (frame_length, 1, fft_length // 2 + 1).

    Args:
        side: "real" (cosines) or "imag" (sines).
        window: name of a window ("hann", "hamming", "blackman", "boxcar"), an array of `frame_length` values, or None.
        scaling: "density", "spectrum" or None: what the window is divided by.
        periodic: True for a named window that repeats after `frame_length` values, False for a symmetric one.
    """

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ) -> None:
        if side not in _SIDES:
            raise ArgumentError(f"{side!r} is no side of a transform.", fix=f"use one of {', '.join(_SIDES)}.")
        if isinstance(window, str) and window not in _WINDOWS:
            raise ArgumentError(
                f"{window!r} names no window.", fix=f"use one of {', '.join(_WINDOWS)}, or pass its values."
            )
        if scaling not in _SCALINGS:
            raise ArgumentError(f"{scaling!r} is no scaling.", fix="use 'density', 'spectrum' or None.")
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        frame_length, _, bins = shape
        angle = -np.pi * np.outer(np.arange(frame_length), np.arange(bins)) / (bins - 1)
        kernel = np.cos(angle) if self.side == "real" else np.sin(angle)
        kernel = kernel * self._scaled_window(frame_length)[:, None]
        return ops.cast(kernel[:, None, :].astype("float32"), standardize_dtype(dtype))

    def _scaled_window(self, frame_length: int) -> np.ndarray:
        if self.window is None:
            return np.ones(frame_length)
        if isinstance(self.window, str):
            window = _WINDOWS[self.window](frame_length, self.periodic)
        else:
            window = np.asarray(self.window)
        if window.shape != (frame_length,):
            raise ShapeError(
                f"a window of shape {window.shape} does not fit frames of {frame_length}.", fix="pass as many values."
            )
        divisor = {"density": np.sqrt(np.sum(window**2)), "spectrum": np.sum(np.abs(window)), None: 1.0}[self.scaling]
        return window / divisor

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this initializer again."""
        return {"side": self.side, "window": self.window, "periodic": self.periodic, "scaling": self.scaling}
