"""Signals cut into frames, put back, and transformed frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.ops.convert import convert_to_tensor
from headwater.ops.signal import frames, overlap_add
from headwater.spectra.transforms import fitted, irfft, rfft
from headwater.spectra.windows import hann_window


def frame(
    signal: Any,
    frame_length: int,
    frame_step: int,
    pad_end: bool = False,
    pad_value: Any = 0,
    axis: int = -1,
    name: str | None = None,
) -> Any:
    """Windows of an axis, every `frame_step` elements: (..., n, ...) -> (..., windows, frame_length, ...).

    Args:
        signal: what to cut.
        frame_length, frame_step: elements of a window, and from one's start to the next one's.
        pad_end: fill up the last windows with `pad_value` instead of leaving them out.
        axis: which axis.
    Raises: ArgumentError for a length or a step below 1.
    """
    length, step = int(frame_length), int(frame_step)
    if length < 1 or step < 1:
        raise ArgumentError(f"frames of {length} elements, every {step}.", fix="give a length and a step of 1 or more.")
    x = ops.moveaxis(convert_to_tensor(signal), axis, -1)
    size = x.shape[-1]
    if pad_end:
        missing = max(0, length + step * (-(-size // step) - 1) - size)
        x = ops.pad(x, [*[(0, 0)] * (len(x.shape) - 1), (0, missing)], constant_values=pad_value)
    place = axis % len(x.shape)
    return ops.moveaxis(frames(x, length, step), (-2, -1), (place, place + 1))


def overlap_and_add(signal: Any, frame_step: int, name: str | None = None) -> Any:
    """Windows put back, added where they overlap: (..., windows, length) -> (..., n)."""
    return overlap_add(convert_to_tensor(signal), int(frame_step))


def _weights(window_fn: Callable[..., Any] | None, length: int, dtype: Any) -> Any:
    return 1.0 if window_fn is None else window_fn(length, dtype=dtype)


def stft(
    signals: Any,
    frame_length: int,
    frame_step: int,
    fft_length: int | None = None,
    window_fn: Callable[..., Any] | None = hann_window,
    pad_end: bool = False,
    name: str | None = None,
) -> Any:
    """Fourier transforms of windows of real signals: (..., n) -> complex (..., windows, fft_length // 2 + 1).

    Args:
        signals: float tensor.
        frame_length, frame_step: elements of a window, and from one's start to the next one's.
        fft_length: the next power of 2 from `frame_length` on by default.
        window_fn: gives the weights in a window from its length and a dtype; None for ones.
        pad_end: fill up the last windows with zeros.
    """
    windows = frame(signals, frame_length, frame_step, pad_end=pad_end)
    windows = windows * _weights(window_fn, int(frame_length), windows.dtype)
    return rfft(windows, [_enclosing(int(frame_length)) if fft_length is None else int(fft_length)])


def _enclosing(length: int) -> int:
    return 1 << (length - 1).bit_length()


def inverse_stft(
    stfts: Any,
    frame_length: int,
    frame_step: int,
    fft_length: int | None = None,
    window_fn: Callable[..., Any] | None = hann_window,
    name: str | None = None,
) -> Any:
    """Signals from the Fourier transforms of their windows; with `inverse_stft_window_fn` it undoes `stft`."""
    length = int(frame_length)
    windows = irfft(stfts, [_enclosing(length) if fft_length is None else int(fft_length)])
    windows = fitted(windows, [length], (len(windows.shape) - 1,))
    return overlap_and_add(windows * _weights(window_fn, length, windows.dtype), frame_step)


def inverse_stft_window_fn(
    frame_step: int, forward_window_fn: Callable[..., Any] = hann_window, name: str | None = None
) -> Callable[..., Any]:
    """The window with which `inverse_stft` undoes an `stft` with `forward_window_fn`."""

    def window(frame_length: int, dtype: Any) -> Any:
        forward = forward_window_fn(frame_length, dtype=dtype)
        overlaps = -(-int(frame_length) // int(frame_step))
        power = ops.pad(ops.square(forward), [(0, overlaps * int(frame_step) - int(frame_length))])
        total = ops.sum(ops.reshape(power, (overlaps, int(frame_step))), axis=0)
        return forward / ops.tile(total, overlaps)[: int(frame_length)]

    return window
