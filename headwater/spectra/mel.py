"""The mel scale: frequencies as far apart as they sound."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.ops.convert import convert_to_tensor
from headwater.ops.operands import known


def _mel(hertz: np.ndarray) -> np.ndarray:
    return 1127.0 * np.log(1.0 + hertz / 700.0)


def linear_to_mel_weight_matrix(
    num_mel_bins: Any = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0,
    dtype: Any = "float32",
    name: str | None = None,
) -> Any:
    """How much each bin of a spectrogram counts in each bin of the mel scale: spectrogram @ matrix is a mel
    spectrogram.

    Args:
        num_mel_bins: how many bins the result has; their triangles are equally wide in mel.
        num_spectrogram_bins: how many bins a spectrogram has, fft_length // 2 + 1: from 0 to half the sample rate.
        sample_rate: samples of a second.
        lower_edge_hertz, upper_edge_hertz: where the first triangle begins and the last ends.
        dtype: a float dtype.
    Returns: (num_spectrogram_bins, num_mel_bins).
    Raises: ArgumentError for numbers that do not go together.
    Example:
        >>> linear_to_mel_weight_matrix(10, 65).shape
        TensorShape([65, 10])

    Source: Stevens, Volkmann and Newman 1937; the formula is that of HTK.
    """
    bins, lines, rate = (int(known(each, "linear_to_mel_weight_matrix", "an argument")) for each in
                         (num_mel_bins, num_spectrogram_bins, sample_rate))  # fmt: skip
    found = as_dtype(dtype)
    if bins < 1 or rate < 1 or not 0 <= lower_edge_hertz < upper_edge_hertz <= rate / 2 or not found.is_floating:
        raise ArgumentError(
            f"linear_to_mel_weight_matrix: {bins} bins from {lower_edge_hertz} to {upper_edge_hertz} Hz, at "
            f"{rate} samples a second, dtype {found.name}.",
            fix="give 0 <= lower < upper <= sample_rate / 2, one bin or more, and a float dtype.",
        )
    return convert_to_tensor(mel_weights(bins, lines, rate, lower_edge_hertz, upper_edge_hertz).astype(found.numpy))


def mel_weights(bins: int, lines: int, rate: int, lower: float, upper: float) -> np.ndarray:
    """The matrix of `linear_to_mel_weight_matrix` in float64, whatever the edges are."""
    frequencies = _mel(np.linspace(0.0, rate / 2.0, lines)[1:, None])
    edges = np.linspace(_mel(np.float64(lower)), _mel(np.float64(upper)), bins + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    weights = np.minimum((frequencies - low) / (middle - low), (high - frequencies) / (high - middle))
    return np.pad(np.maximum(weights, 0), [(1, 0), (0, 0)])
