"""MelSpectrogram: how loud a sound is at each pitch and time."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.layers.layer import Layer
from headwater.spectra.mel import mel_weights

_ARGUMENTS = (
    "fft_length", "sequence_stride", "sequence_length", "window", "sampling_rate", "num_mel_bins", "min_freq",
    "max_freq", "power_to_db", "top_db", "mag_exp", "min_power", "ref_power",
)  # fmt: skip


class MelSpectrogram(Layer):
    """The loudness of sounds in bins of the mel scale, window by window.

    Args:
        fft_length: length of the transform of each window.
        sequence_stride: samples from one window to the next.
        sequence_length: samples of a window; `fft_length` by default.
        window: "hann", "hamming", or a tensor of weights.
        sampling_rate: samples of a second.
        num_mel_bins: how many bins there are.
        min_freq, max_freq: lowest and highest frequency, in Hertz; half the rate by default.
        power_to_db: whether loudness is given in decibels.
        top_db: how far below the loudest value of the batch the quietest lies at most, in decibels.
        mag_exp: 1 for magnitudes, 2 for powers.
        min_power: what counts as silence.
        ref_power: the power of 0 decibels.
    Returns: (..., num_mel_bins, windows) for sounds (..., samples); there are 1 + samples // sequence_stride windows,
        and `compute_output_shape` says so. (That of Keras 3.15 says one more for some lengths.)
    Raises: ArgumentError for windows longer than their transforms.
    Example:
        >>> keras.layers.MelSpectrogram(fft_length=64, sequence_stride=16, num_mel_bins=8)(np.ones((2, 160))).shape
        TensorShape([2, 8, 11])

    Source: Stevens, Volkmann and Newman 1937, "A scale for the measurement of the psychological magnitude pitch".
    """

    def __init__(
        self, fft_length: int = 2048, sequence_stride: int = 512, sequence_length: int | None = None,
        window: Any = "hann", sampling_rate: int = 16000, num_mel_bins: int = 128, min_freq: float = 20.0,
        max_freq: float | None = None, power_to_db: bool = True, top_db: float = 80.0, mag_exp: float = 2.0,
        min_power: float = 1e-10, ref_power: float = 1.0, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.fft_length, self.sequence_stride = fft_length, sequence_stride
        self.sequence_length = sequence_length or fft_length
        if fft_length < self.sequence_length:
            raise ArgumentError(
                f"MelSpectrogram: transforms of {fft_length} for windows of {self.sequence_length}.",
                fix="use an fft_length of sequence_length or more.",
                where="",
            )
        self._set_untracked(window=window)
        self.sampling_rate, self.num_mel_bins = sampling_rate, num_mel_bins
        self.min_freq, self.max_freq = min_freq, max_freq or int(sampling_rate / 2)
        self.power_to_db, self.top_db, self.mag_exp = power_to_db, top_db, mag_exp
        self.min_power, self.ref_power = min_power, ref_power

    def call(self, inputs: Any) -> Any:
        """The spectrograms of sounds."""
        dtype = self.compute_dtype if self.compute_dtype in ("float32", "float64") else "float32"
        real, imag = ops.stft(
            ops.cast(inputs, dtype), sequence_length=self.sequence_length, sequence_stride=self.sequence_stride,
            fft_length=self.fft_length, window=self.window, center=True,
        )  # fmt: skip
        power = ops.square(real) + ops.square(imag)
        found = power if self.mag_exp == 2 else ops.power(ops.sqrt(power), self.mag_exp)
        found = ops.matmul(found, ops.cast(self._weights(), dtype))
        if self.power_to_db:
            found = self._decibels(found)
        return ops.cast(ops.swapaxes(found, -1, -2), self.compute_dtype)

    def _weights(self) -> np.ndarray:
        lines = self.fft_length // 2 + 1
        return mel_weights(self.num_mel_bins, lines, self.sampling_rate, self.min_freq, self.max_freq)

    def _decibels(self, power: Any) -> Any:
        reference = max(abs(float(self.ref_power)), self.min_power)
        found = 10.0 * ops.log10(ops.maximum(power, self.min_power)) - 10.0 * float(np.log10(reference))
        return ops.maximum(found, ops.max(found) - self.top_db)

    def linear_to_mel_weight_matrix(
        self, num_mel_bins: int = 20, num_spectrogram_bins: int = 129, sampling_rate: int = 8000,
        lower_edge_hertz: float = 125.0, upper_edge_hertz: float = 3800.0, dtype: str = "float32",
    ) -> Any:  # fmt: skip
        """How much each bin of a spectrogram counts in each bin of the mel scale; see
        `tf.signal.linear_to_mel_weight_matrix`."""
        edges = lower_edge_hertz, upper_edge_hertz
        return ops.cast(mel_weights(num_mel_bins, num_spectrogram_bins, sampling_rate, *edges), dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """(..., num_mel_bins, windows)."""
        *front, samples = input_shape
        windows = None if samples is None else 1 + samples // self.sequence_stride
        return (*front, self.num_mel_bins, windows)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), **{name: getattr(self, name) for name in _ARGUMENTS}}
