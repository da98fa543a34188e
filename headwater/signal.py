"""TensorFlow's `tf.signal`: Fourier and cosine transforms, windows and frames. Complex numbers are complex tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.ops.convert import convert_to_tensor
from headwater.ops.signal import frames, overlap_add
from headwater.primitives import fft as transforms

__all__ = [
    "dct", "fft", "fft2d", "fft3d", "fftshift", "frame", "hamming_window", "hann_window", "idct", "ifft", "ifft2d",
    "ifft3d", "ifftshift", "inverse_stft", "inverse_stft_window_fn", "irfft", "irfft2d", "irfft3d", "kaiser_window",
    "overlap_and_add", "rfft", "rfft2d", "rfft3d", "stft", "vorbis_window",
]  # fmt: skip


def _last(x: Any, count: int) -> tuple[int, ...]:
    rank = len(x.shape)
    if rank < count:
        raise ArgumentError(f"a transform over {count} axes of shape {tuple(x.shape)}.", fix="give it more axes.")
    return tuple(np.arange(rank - count, rank).tolist())


def _complex_transform(primitive: Callable[..., Any], count: int, x: Any) -> Any:
    x = convert_to_tensor(x)
    return primitive(x, axes=_last(x, count))


def fft(input: Any, name: str | None = None) -> Any:
    """The Fourier transform of complex numbers along the last axis."""
    return _complex_transform(transforms.fft, 1, input)


def fft2d(input: Any, name: str | None = None) -> Any:
    """The Fourier transform along the last two axes."""
    return _complex_transform(transforms.fft, 2, input)


def fft3d(input: Any, name: str | None = None) -> Any:
    """The Fourier transform along the last three axes."""
    return _complex_transform(transforms.fft, 3, input)


def ifft(input: Any, name: str | None = None) -> Any:
    """The inverse Fourier transform along the last axis."""
    return _complex_transform(transforms.ifft, 1, input)


def ifft2d(input: Any, name: str | None = None) -> Any:
    """The inverse Fourier transform along the last two axes."""
    return _complex_transform(transforms.ifft, 2, input)


def ifft3d(input: Any, name: str | None = None) -> Any:
    """The inverse Fourier transform along the last three axes."""
    return _complex_transform(transforms.ifft, 3, input)


def _fitted(x: Any, sizes: Any, axes: tuple[int, ...]) -> Any:
    """The axes cut, or filled up with zeros, to sizes."""
    for axis, size in zip(axes, sizes):
        x = x[(slice(None),) * axis + (slice(0, size),)]
        missing = size - x.shape[axis]
        if missing > 0:
            x = ops.pad(x, [(0, missing) if place == axis else (0, 0) for place in range(len(x.shape))])
    return x


def _real(x: Any, fft_length: Any, count: int) -> Any:
    x = convert_to_tensor(x)
    axes = _last(x, count)
    if fft_length is not None:
        x = _fitted(x, [int(size) for size in np.atleast_1d(np.asarray(fft_length))], axes)
    found = transforms.rfft(x, axis=axes[-1])
    return transforms.fft(found, axes=axes[:-1]) if count > 1 else found


def _inverse_real(x: Any, fft_length: Any, count: int) -> Any:
    x = convert_to_tensor(x)
    axes = _last(x, count)
    if fft_length is None:
        sizes = [*(x.shape[axis] for axis in axes[:-1]), 2 * (x.shape[-1] - 1)]
    else:
        sizes = [int(size) for size in np.atleast_1d(np.asarray(fft_length))]
    x = _fitted(x, [*sizes[:-1], sizes[-1] // 2 + 1], axes)
    x = transforms.ifft(x, axes=axes[:-1]) if count > 1 else x
    return transforms.irfft(x, axis=axes[-1], size=sizes[-1])


def rfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """The first half of the Fourier transform of real numbers along the last axis: (..., n) -> (..., n // 2 + 1)."""
    return _real(input_tensor, fft_length, 1)


def rfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """As `rfft`, over the last two axes."""
    return _real(input_tensor, fft_length, 2)


def rfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """As `rfft`, over the last three axes."""
    return _real(input_tensor, fft_length, 3)


def irfft(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """Real numbers from the first half of their Fourier transform."""
    return _inverse_real(input_tensor, fft_length, 1)


def irfft2d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """As `irfft`, over the last two axes."""
    return _inverse_real(input_tensor, fft_length, 2)


def irfft3d(input_tensor: Any, fft_length: Any = None, name: str | None = None) -> Any:
    """As `irfft`, over the last three axes."""
    return _inverse_real(input_tensor, fft_length, 3)


def _shifted(x: Any, axes: Any, by: Callable[[int], int]) -> Any:
    x = convert_to_tensor(x)
    places = range(len(x.shape)) if axes is None else np.atleast_1d(np.asarray(axes)).tolist()
    for axis in places:
        x = ops.roll(x, by(x.shape[axis]), axis=axis)
    return x


def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """The halves of each axis swapped, so that frequency 0 comes to the middle."""
    return _shifted(x, axes, lambda size: size // 2)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """What undoes `fftshift`."""
    return _shifted(x, axes, lambda size: -(size // 2))


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
    """
    x = ops.moveaxis(convert_to_tensor(signal), axis, -1)
    size, length, step = x.shape[-1], int(frame_length), int(frame_step)
    if pad_end:
        missing = max(0, length + step * (-(-size // step) - 1) - size)
        x = ops.pad(x, [*[(0, 0)] * (len(x.shape) - 1), (0, missing)], constant_values=pad_value)
    place = axis % len(x.shape)
    return ops.moveaxis(frames(x, length, step), (-2, -1), (place, place + 1))


def overlap_and_add(signal: Any, frame_step: int, name: str | None = None) -> Any:
    """Windows put back, added where they overlap: (..., windows, length) -> (..., n)."""
    return overlap_add(convert_to_tensor(signal), int(frame_step))


def _raised_cosine(length: int, periodic: bool, dtype: Any, share: float) -> Any:
    count = int(length)
    if count == 1:
        return ops.ones((1,), as_dtype(dtype))
    turn = count if periodic and count % 2 == 0 else count - 1 + (1 if periodic else 0)
    values = share - (1 - share) * np.cos(2 * np.pi * np.arange(count) / turn)
    return convert_to_tensor(values.astype(as_dtype(dtype).numpy))


def hann_window(window_length: int, periodic: bool = True, dtype: Any = "float32", name: str | None = None) -> Any:
    """A window that falls to 0 at its ends as a cosine."""
    return _raised_cosine(window_length, periodic, dtype, 0.5)


def hamming_window(window_length: int, periodic: bool = True, dtype: Any = "float32", name: str | None = None) -> Any:
    """A window that falls to 0.08 at its ends as a cosine."""
    return _raised_cosine(window_length, periodic, dtype, 0.54)


def kaiser_window(window_length: int, beta: float = 12.0, dtype: Any = "float32", name: str | None = None) -> Any:
    """Kaiser's window: the larger `beta`, the steeper."""
    return convert_to_tensor(np.kaiser(int(window_length), float(beta)).astype(as_dtype(dtype).numpy))


def vorbis_window(window_length: int, dtype: Any = "float32", name: str | None = None) -> Any:
    """The window of Vorbis: sin(pi / 2 * sin²)."""
    places = (np.arange(int(window_length)) + 0.5) / int(window_length)
    return convert_to_tensor(np.sin(np.pi / 2 * np.sin(np.pi * places) ** 2).astype(as_dtype(dtype).numpy))


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
    windows = _fitted(windows, [length], (len(windows.shape) - 1,))
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
        x = _fitted(x, [int(n)], (len(x.shape) - 1,))
    return ops.matmul(x, convert_to_tensor(_cosines(type, x.shape[-1], norm == "ortho").astype(x.dtype.numpy)))


def idct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Any:
    """The inverse of `dct` but for a factor: with "ortho" exactly."""
    return dct(input, {1: 1, 2: 3, 3: 2, 4: 4}.get(type, type), n, axis, norm)
