"""STFTSpectrogram: Fourier transforms of windows, as convolutions whose kernels can be trained."""

from __future__ import annotations

import math
import warnings
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, DTypeError
from headwater.keras import initializers, settings
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer
from headwater.ops.defaults import data_format_of

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")
_ARGUMENTS = (
    "mode", "frame_length", "frame_step", "fft_length", "window", "periodic", "scaling", "padding", "data_format",
    "expand_dims",
)  # fmt: skip


class STFTSpectrogram(Layer):
    """Spectrograms of sounds, computed by convolutions with windowed cosines and sines.

    Args:
        mode: "log" (logarithms of magnitudes), "magnitude", "psd" (powers), "real", "imag", "angle", or "stft" (real
            and imaginary parts, one after the other).
        frame_length: samples of a window.
        frame_step: samples from one window to the next; half a window by default.
        fft_length: length of the transform; the next power of two by default.
        window: name of a window, an array of `frame_length` weights, or None.
        periodic: True for a named window that repeats after `frame_length` samples.
        scaling: "density", "spectrum" or None.
        padding: "valid", or "same" (zeros around the sounds).
        expand_dims: whether channels keep an axis of their own; otherwise they lie beside one another.
        data_format: "channels_last" (batch, samples, channels) or "channels_first"; None takes the configured one.
    Raises: ArgumentError for arguments that do not go together; DTypeError for sounds that are no floats.
    Source: Allen and Rabiner 1977, "A unified approach to short-time Fourier analysis and synthesis".
    """

    def __init__(
        self, mode: str = "log", frame_length: int = 256, frame_step: int | None = None,
        fft_length: int | None = None, window: Any = "hann", periodic: bool = False,
        scaling: str | None = "density", padding: str = "valid", expand_dims: bool = False,
        data_format: str | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        _check(mode, frame_length, frame_step, fft_length, scaling, padding)
        super().__init__(**kwargs)
        self.mode, self.frame_length, self.frame_step, self.fft_length = mode, frame_length, frame_step, fft_length
        self._set_untracked(window=window)
        self.periodic, self.scaling, self.padding, self.expand_dims = periodic, scaling, padding, expand_dims
        self.data_format = data_format_of(data_format, "STFTSpectrogram")
        initializers.STFT("real", window, scaling, periodic)  # which refuses an unknown window
        self.input_spec = InputSpec(ndim=3)

    @property
    def _step(self) -> int:
        return self.frame_step or self.frame_length // 2

    @property
    def _bins(self) -> int:
        length = self.fft_length or 2 ** math.ceil(math.log2(self.frame_length))
        return length // 2 + 1

    def build(self, input_shape: Any) -> None:
        """Make the kernels."""
        for side, other in (("real", "imag"), ("imag", "real")):
            if self.mode != other:
                kernel = self.add_weight(
                    name=f"{side}_kernel", shape=(self.frame_length, 1, self._bins),
                    initializer=initializers.STFT(side, self.window, self.scaling, self.periodic),
                )  # fmt: skip
                setattr(self, f"{side}_kernel", kernel)

    def call(self, inputs: Any) -> Any:
        """The spectrograms of sounds (batch, samples, channels)."""
        if str(inputs.dtype) not in ("float16", "bfloat16", "float32", "float64"):
            raise DTypeError(f"STFTSpectrogram: sounds of dtype {inputs.dtype}.", fix="cast them to floats.")
        real = None if self.mode == "imag" else self._side(inputs, self.real_kernel)
        imag = None if self.mode == "real" else self._side(inputs, self.imag_kernel)
        if self.mode in ("real", "imag"):
            return self._arranged(imag if real is None else real)
        if self.mode == "angle":
            return self._arranged(ops.arctan2(imag, real))
        if self.mode == "stft":
            return self._arranged(ops.concatenate([real, imag], axis=2))
        power = ops.square(real) + ops.square(imag)
        if self.mode == "psd":  # one-sided: all bins but the first and the last stand for two
            both = ops.pad(power[:, :, 1:-1, :], [[0, 0], [0, 0], [1, 1], [0, 0]])
            return self._arranged(power + both)
        least = settings.epsilon()
        magnitude = self._arranged(ops.sqrt(ops.maximum(power, least)))
        return magnitude if self.mode == "magnitude" else ops.log(ops.maximum(magnitude, least))

    def _side(self, inputs: Any, kernel: Any) -> Any:
        """Each channel of each sound by each kernel: (batch, channels, bins, windows)."""
        first = self.data_format == "channels_first"
        sounds = inputs if first else ops.transpose(inputs, (0, 2, 1))
        batch, channels, samples = sounds.shape
        sounds = ops.reshape(sounds, (batch * channels, samples, 1))
        kernel = ops.cast(kernel, inputs.dtype)
        found = ops.conv(sounds, kernel, strides=self._step, padding=self.padding, data_format="channels_last")
        windows = found.shape[1]
        return ops.reshape(ops.transpose(found, (0, 2, 1)), (batch, channels, -1, windows))

    def _arranged(self, found: Any) -> Any:
        batch, channels, bins, windows = found.shape
        last = self.data_format == "channels_last"
        if self.expand_dims:
            return ops.transpose(found, (0, 3, 2, 1) if last else (0, 1, 3, 2))
        found = ops.reshape(found, (batch, channels * bins, windows))
        return ops.transpose(found, (0, 2, 1)) if last else found

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the spectrograms."""
        last = self.data_format == "channels_last"
        batch, samples, channels = input_shape if last else (input_shape[0], input_shape[2], input_shape[1])
        bins = self._bins * (2 if self.mode == "stft" else 1)
        windows = None
        if samples is not None:
            reach = samples if self.padding == "same" else samples - self.frame_length + 1
            windows = -(-reach // self._step)
        if self.expand_dims:
            return (batch, windows, bins, channels) if last else (batch, channels, windows, bins)
        wide = None if channels is None else bins * channels
        return (batch, windows, wide) if last else (batch, wide, windows)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), **{name: getattr(self, name) for name in _ARGUMENTS}}


def _check(
    mode: str, frame_length: int, frame_step: int | None, fft_length: int | None, scaling: str | None, padding: str
) -> None:
    """Raise ArgumentError for arguments that are unknown or do not go together."""
    wrong = None
    if frame_step is not None and not 1 <= frame_step <= frame_length:
        wrong = f"frame_step={frame_step}", f"use 1 to frame_length, {frame_length}."
    elif fft_length is not None and fft_length < frame_length:
        wrong = f"fft_length={fft_length}", f"use frame_length, {frame_length}, or more."
    elif mode not in _MODES:
        wrong = f"mode={mode!r}", f"use one of {', '.join(_MODES)}."
    elif scaling not in ("density", "spectrum", None):
        wrong = f"scaling={scaling!r}", "use 'density', 'spectrum' or None."
    elif padding not in ("valid", "same"):
        wrong = f"padding={padding!r}", "use 'valid' or 'same'."
    if wrong:
        raise ArgumentError(f"STFTSpectrogram: {wrong[0]}.", fix=wrong[1], where="")
    if fft_length is not None and fft_length & (fft_length - 1):
        warnings.warn(f"STFTSpectrogram: fft_length={fft_length} is no power of two, which is slower.", stacklevel=3)
