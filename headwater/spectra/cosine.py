"""Cosine transforms."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError
from headwater.ops.convert import convert_to_tensor
from headwater.spectra.framing import frame, overlap_and_add
from headwater.spectra.transforms import fitted
from headwater.spectra.windows import vorbis_window


@functools.lru_cache(maxsize=64)
def _cosines(kind: int, size: int, orthonormal: bool) -> np.ndarray:
    """The matrix of a cosine transform of that kind, for row vectors."""
    n, k = np.arange(size)[:, None], np.arange(size)[None, :]
    if kind == 1:
        matrix = 2 * np.cos(np.pi * n * k / (size - 1))
        matrix[0], matrix[-1] = matrix[0] / 2, matrix[-1] / 2
    elif kind == 2:
        matrix = 2 * np.cos(np.pi * (n + 0.5) * k / size)
        if orthonormal:
            matrix = matrix * np.where(k == 0, np.sqrt(0.25 / size), np.sqrt(0.5 / size))
    elif kind == 3:
        if orthonormal:
            return _cosines(2, size, True).T
        matrix = np.where(n == 0, 1.0, 2 * np.cos(np.pi * n * (k + 0.5) / size))
    else:
        matrix = 2 * np.cos(np.pi * (n + 0.5) * (k + 0.5) / size)
        matrix = matrix * np.sqrt(0.5 / size) if orthonormal else matrix
    return matrix


def dct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Any:
    """The cosine transform of a kind (1 to 4) along the last axis; `norm` "ortho" makes it orthonormal.

    Source: Ahmed, Natarajan and Rao 1974; as a product with the matrix of the transform.
    """
    if type not in (1, 2, 3, 4) or norm not in (None, "ortho") or (type == 1 and norm) or axis != -1:
        raise ArgumentError(f"dct: kind {type}, norm {norm!r}, axis {axis}.", fix="use kind 1 to 4 on the last axis.")
    x = convert_to_tensor(input)
    if n is not None:
        x = fitted(x, [int(n)], (len(x.shape) - 1,))
    return ops.matmul(x, convert_to_tensor(_cosines(type, x.shape[-1], norm == "ortho").astype(x.dtype.numpy)))


def idct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Any:
    """The inverse of `dct` but for a factor: with "ortho" exactly."""
    return dct(input, {1: 1, 2: 3, 3: 2, 4: 4}.get(type, type), n, axis, norm)


def _weighed(frames: Any, window_fn: Callable[..., Any] | None) -> Any:
    """Frames times their window; without one, times the square root of a half."""
    if window_fn is None:
        return frames * ops.cast(np.sqrt(0.5), frames.dtype)
    return frames * window_fn(frames.shape[-1], dtype=frames.dtype)


def mdct(
    signals: Any, frame_length: int, window_fn: Callable[..., Any] | None = vorbis_window, pad_end: bool = False,
    norm: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """The modified cosine transform: of frames that overlap by half, each gives half as many numbers.

    Args:
        signals: float tensor (..., n).
        frame_length: elements of a frame, a multiple of 4.
        window_fn: gives the weights in a frame from its length and a dtype; None for equal ones.
        pad_end: fill up the last frames with zeros.
        norm: None, or "ortho".
    Returns: (..., frames, frame_length // 2).
    Raises: ArgumentError for another frame length.
    Source: Princen and Bradley 1986, "Analysis/synthesis filter bank design based on time domain aliasing
    cancellation".
    """
    length = int(frame_length)
    if length < 4 or length % 4:
        raise ArgumentError(f"mdct: frames of {length}.", fix="use a multiple of 4.")
    frames = _weighed(frame(signals, length, length // 2, pad_end=pad_end), window_fn)
    a, b, c, d = ops.split(frames, 4, axis=-1)
    folded = ops.concatenate([-ops.flip(c, axis=-1) - d, a - ops.flip(b, axis=-1)], axis=-1)
    return dct(folded, type=4, norm=norm)


def inverse_mdct(
    mdcts: Any, window_fn: Callable[..., Any] | None = vorbis_window, norm: str | None = None, name: str | None = None
) -> Any:
    """The signals of which `mdct`, with the same window and norm, gives `mdcts`; but for half a frame at each end.

    Args:
        mdcts: float tensor (..., frames, n).
        window_fn, norm: as for `mdct`; the squares of the window's halves must add up to 1.
    Returns: (..., (frames + 1) * n).
    """
    mdcts = convert_to_tensor(mdcts)
    size = mdcts.shape[-1]
    found = dct(mdcts, type=4, norm=norm)
    found = found if norm == "ortho" else found * ops.cast(0.5 / size, found.dtype)
    first, second = ops.split(found, 2, axis=-1)
    unfolded = [second, -ops.flip(second, axis=-1), -ops.flip(first, axis=-1), -first]
    return overlap_and_add(_weighed(ops.concatenate(unfolded, axis=-1), window_fn), size)


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Any:
    """Cepstral coefficients of sounds: the cosine transform of logarithms of mel spectrograms, scaled as HTK does.

    Args:
        log_mel_spectrograms: float tensor (..., bins).
    Returns: (..., bins), of which usually the first 13 are used.
    Raises: ArgumentError if there are no bins.
    Source: Davis and Mermelstein 1980, "Comparison of parametric representations for monosyllabic word recognition".
    """
    x = convert_to_tensor(log_mel_spectrograms)
    if not x.shape or not x.shape[-1]:
        raise ArgumentError(f"a spectrogram of shape {tuple(x.shape)} has no bins.", fix="give (..., bins).")
    return dct(x, type=2) * ops.cast((2.0 * x.shape[-1]) ** -0.5, x.dtype)
