"""Fourier transforms. As in Keras, complex numbers come and go as pairs (real part, imaginary part)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.ops.operands import cast, const, cut, inexact, int_of, permuted, reshape_to, spread, tensor
from headwater.ops.symbolic import op
from headwater.primitives import elementwise, index
from headwater.primitives import fft as transforms
from headwater.primitives import shape as moves
from headwater.primitives.constant import scalar


def _joined(x: Any, what: str) -> Any:
    """A complex tensor from a pair (real part, imaginary part)."""
    if not isinstance(x, (list, tuple)) or len(x) != 2:
        raise ArgumentError(
            f"{what}: {type(x).__name__} is not a pair of a real and an imaginary part.",
            fix="give a tuple of two float tensors.",
        )
    real, imag = tensor(x[0]), tensor(x[1])
    if real.spec.shape != imag.spec.shape:
        raise ShapeError(
            f"{what}: a real part of shape {tuple(real.spec.shape)} and an imaginary part of shape "
            f"{tuple(imag.spec.shape)}.",
            fix="give two parts of one shape.",
        )
    if not real.spec.dtype.is_floating or not imag.spec.dtype.is_floating:
        raise ArgumentError(
            f"{what}: parts of dtype {real.spec.dtype.name} and {imag.spec.dtype.name}.", fix="give two float tensors."
        )
    return elementwise.to_complex(real, cast(imag, real.spec.dtype))


def _parted(x: Any) -> tuple[Any, Any]:
    return elementwise.real(x), elementwise.imag(x)


@op
def fft(x: Any) -> tuple[Any, Any]:
    """The Fourier transform along the last axis.

    Args:
        x: a pair (real part, imaginary part) of float tensors of one shape.
    Returns: a pair of tensors of that shape.
    Raises: ArgumentError or ShapeError if `x` is no such pair.
    Source: Cooley and Tukey 1965.
    """
    x = _joined(x, "fft")
    return _parted(transforms.fft(x, axes=(x.spec.ndim - 1,)))


@op
def fft2(x: Any) -> tuple[Any, Any]:
    """The Fourier transform along the last two axes.

    Args:
        x: a pair (real part, imaginary part) of float tensors of one shape.
    Returns: a pair of tensors of that shape.
    Raises: ArgumentError or ShapeError if `x` is no such pair.
    Source: Cooley and Tukey 1965.
    """
    x = _joined(x, "fft2")
    return _parted(transforms.fft(x, axes=_last_two(x, "fft2")))


@op
def ifft2(x: Any) -> tuple[Any, Any]:
    """The inverse Fourier transform along the last two axes.

    Args:
        x: a pair (real part, imaginary part) of float tensors of one shape.
    Returns: a pair of tensors of that shape.
    Raises: ArgumentError or ShapeError if `x` is no such pair.
    Source: Cooley and Tukey 1965.
    """
    x = _joined(x, "ifft2")
    return _parted(transforms.ifft(x, axes=_last_two(x, "ifft2")))


def _last_two(x: Any, what: str) -> tuple[int, int]:
    if x.spec.ndim < 2:
        raise ShapeError(
            f"{what}: shape {tuple(x.spec.shape)} has not two axes.", fix="give a tensor of two axes or more."
        )
    return x.spec.ndim - 2, x.spec.ndim - 1


def _of_length(x: Any, length: int) -> Any:
    """The last axis cut or filled with zeros to a length."""
    axis, size = x.spec.ndim - 1, x.spec.shape[-1]
    if size > length:
        return cut(x, axis, 0, length)
    if size == length:
        return x
    high = (*(0,) * axis, length - size)
    return moves.pad(x, scalar(0, x.spec.dtype), low=(0,) * (axis + 1), high=high, interior=(0,) * (axis + 1))


@op
def rfft(x: Any, fft_length: int | None = None) -> tuple[Any, Any]:
    """The first half of the Fourier transform of real numbers along the last axis.

    Args:
        x: a float tensor (..., n).
        fft_length: to which n is cut or filled up with zeros.
    Returns: a pair of tensors (..., n // 2 + 1): real and imaginary part.
    Source: Cooley and Tukey 1965.
    """
    x = inexact(x)
    if fft_length is not None:
        x = _of_length(x, int_of(fft_length, "rfft", "fft_length"))
    return _parted(transforms.rfft(x, axis=x.spec.ndim - 1))


@op
def irfft(x: Any, fft_length: int | None = None) -> Any:
    """Real numbers from the first half of their Fourier transform along the last axis.

    Args:
        x: a pair (real part, imaginary part) of float tensors (..., bins).
        fft_length: how many numbers; 2 * (bins - 1), if not given.
    Returns: a float tensor (..., fft_length).
    Source: Cooley and Tukey 1965.
    """
    x = _joined(x, "irfft")
    size = 2 * (x.spec.shape[-1] - 1) if fft_length is None else int_of(fft_length, "irfft", "fft_length")
    return transforms.irfft(x, axis=x.spec.ndim - 1, size=size)


def _window(window: Any, length: int, total: int, dtype: Any, what: str) -> Any:
    """The window of a frame: `length` numbers in the middle of `total`."""
    if window is None:
        return spread(scalar(1, dtype), (total,))
    if isinstance(window, str):
        edges = {"hann": 0.5, "hamming": 0.54}
        if window not in edges:
            raise ArgumentError(
                f"{what}: window {window!r} is unknown.", fix='use "hann", "hamming", None or a tensor.'
            )
        share = edges[window]
        values = tensor((share - (1 - share) * np.cos(2 * np.pi * np.arange(length) / length)).astype(dtype.numpy))
    else:
        values = cast(tensor(window), dtype)
    if values.spec.shape != (length,):
        raise ShapeError(
            f"{what}: a window of shape {tuple(values.spec.shape)} for sequences of {length}.",
            fix=f"give a window of shape ({length},).",
        )
    left = (total - length) // 2
    return (
        moves.pad(values, scalar(0, dtype), low=(left,), high=(total - length - left,), interior=(0,))
        if total > length
        else values
    )


def frames(x: Any, length: int, stride: int) -> Any:
    """Windows of the last axis, every `stride` elements: (..., n) -> (..., windows, length)."""
    count = max(0, 1 + (x.spec.shape[-1] - length) // stride)
    places = np.arange(count)[:, None] * stride + np.arange(length)
    return index.gather(x, tensor(places.astype(np.int32)), axis=x.spec.ndim - 1, mode="clip")


def overlap_add(x: Any, stride: int) -> Any:
    """The inverse of `frames` but for sums where windows overlap: (..., windows, length) -> (..., n)."""
    *lead, count, length = x.spec.shape
    total = length + stride * (count - 1)
    batch = math.prod(lead)
    places = (np.arange(count)[:, None] * stride + np.arange(length)).reshape(-1, 1)
    rows = permuted(reshape_to(x, (batch, count * length)), (1, 0))
    zeros = spread(scalar(0, x.spec.dtype), (total, batch))
    found = index.scatter(zeros, tensor(places.astype(np.int32)), rows, kind="add", mode="clip")
    return reshape_to(permuted(found, (1, 0)), (*lead, total))


@op
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Windows of the last axis.

    Args:
        x: a tensor (..., n).
        sequence_length: elements of a window.
        sequence_stride: elements from one window's start to the next one's.
    Returns: a tensor (..., windows, sequence_length).
    Raises: ArgumentError if an amount is not positive.
    Example:
        >>> extract_sequences([1, 2, 3, 4, 5], 3, 2).numpy()
        array([[1, 2, 3],
               [3, 4, 5]], dtype=int32)

    Source: own.
    """
    length = int_of(sequence_length, "extract_sequences", "sequence_length")
    stride = int_of(sequence_stride, "extract_sequences", "sequence_stride")
    if length < 1 or stride < 1:
        raise ArgumentError(
            f"extract_sequences: windows of {length} every {stride}.", fix="give a length and a stride of 1 or more."
        )
    return frames(tensor(x), length, stride)


@op
def stft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> tuple[Any, Any]:
    """Fourier transforms of windows of the last axis.

    Args:
        x: a float tensor (..., n).
        sequence_length: elements of a window.
        sequence_stride: elements from one window's start to the next one's.
        fft_length: length of the transforms, `sequence_length` or more.
        window: weights of a window: "hann", "hamming", None for ones, or a tensor (sequence_length,).
        center: whether `x` is mirrored at its ends, so that window i is centred on element i * sequence_stride.
    Returns: a pair of tensors (..., windows, fft_length // 2 + 1): real and imaginary part.
    Raises: DTypeError if `x` is not float32 or float64; ArgumentError if the transforms are too short.
    Source: Allen and Rabiner 1977, "A unified approach to short-time Fourier analysis and synthesis".
    """
    from headwater.ops.padding import pad

    x = tensor(x)
    if x.spec.dtype not in ("float32", "float64"):
        raise DTypeError(f"stft: dtype {x.spec.dtype.name}.", fix="cast to float32 or float64.")
    if fft_length < sequence_length:
        raise ArgumentError(
            f"stft: transforms of {fft_length} for sequences of {sequence_length}.",
            fix=f"use an fft_length of {sequence_length} or more.",
        )
    weights = _window(window, sequence_length, fft_length, x.spec.dtype, "stft")
    if center:
        x = pad(x, [*[(0, 0)] * (x.spec.ndim - 1), (fft_length // 2, fft_length // 2)], mode="reflect")
    windows = elementwise.multiply(frames(x, fft_length, sequence_stride), weights)
    return _parted(transforms.rfft(windows, axis=windows.spec.ndim - 1))


@op
def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Any:
    """The numbers whose windows have given Fourier transforms: the inverse of `stft` with the same arguments.

    Args:
        x: a pair (real part, imaginary part) of float tensors (..., windows, fft_length // 2 + 1).
        sequence_length, sequence_stride, fft_length, window, center: as for `stft`.
        length: how many numbers; as many as the windows cover, if not given.
    Returns: a float tensor (..., n).
    Raises: ShapeError if there are no windows.
    Source: Griffin and Lim 1984, "Signal estimation from modified short-time Fourier transform".
    """
    x = _joined(x, "istft")
    if x.spec.ndim < 2:
        raise ShapeError(
            f"istft: shape {tuple(x.spec.shape)} has no axis of windows.",
            fix="give parts of shape (..., windows, bins).",
        )
    weights = _window(window, sequence_length, fft_length, x.spec.dtype.real_dtype, "istft")
    windows = elementwise.multiply(transforms.irfft(x, axis=x.spec.ndim - 1, size=fft_length), weights)
    total = overlap_add(windows, sequence_stride)
    power = overlap_add(spread(elementwise.square(weights), windows.spec.shape[-2:]), sequence_stride)
    covered = elementwise.greater(power, const(1e-10, power))
    found = elementwise.divide(total, elementwise.select(covered, power, const(1, power)))
    start = fft_length // 2 if center else 0
    end = start + length if length is not None else found.spec.shape[-1] - start
    end = max(min(end, found.spec.shape[-1]), start)
    return cut(found, found.spec.ndim - 1, min(start, found.spec.shape[-1]), end)
