"""Fourier transforms. Complex numbers are complex tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError
from headwater.ops.convert import convert_to_tensor
from headwater.ops.operands import axis_of
from headwater.primitives import fft as transforms


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


def fitted(x: Any, sizes: Any, axes: tuple[int, ...]) -> Any:
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
        x = fitted(x, [int(size) for size in np.atleast_1d(np.asarray(fft_length))], axes)
    found = transforms.rfft(x, axis=axes[-1])
    return transforms.fft(found, axes=axes[:-1]) if count > 1 else found


def _inverse_real(x: Any, fft_length: Any, count: int) -> Any:
    x = convert_to_tensor(x)
    axes = _last(x, count)
    if fft_length is None:
        sizes = [*(x.shape[axis] for axis in axes[:-1]), 2 * (x.shape[-1] - 1)]
    else:
        sizes = [int(size) for size in np.atleast_1d(np.asarray(fft_length))]
    x = fitted(x, [*sizes[:-1], sizes[-1] // 2 + 1], axes)
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


_NORMS = (None, "backward", "ortho", "forward")


def _places(x: Any, fft_length: Any, axes: Any, norm: str | None) -> tuple[list[int], list[int]]:
    """The axes of a transform over any of them, and the sizes to which they are brought.

    Raises: ArgumentError for an unknown norm, or another number of sizes.
    """
    rank = len(x.shape)
    if norm not in _NORMS:
        raise ArgumentError(f"norm {norm!r} is unknown.", fix="use 'backward', 'ortho' or 'forward'.")
    sizes = None if fft_length is None else [int(size) for size in np.atleast_1d(np.asarray(fft_length))]
    if axes is None:
        count = rank if sizes is None else len(sizes)
        places = list(range(rank - count, rank))
    else:
        places = [axis_of(int(axis), rank, "a Fourier transform") for axis in np.atleast_1d(np.asarray(axes))]
    sizes = [x.shape[axis] for axis in places] if sizes is None else sizes
    if len(sizes) != len(places):
        raise ArgumentError(f"{len(sizes)} lengths for axes {places}.", fix="give a length for each axis.")
    return places, sizes


def _factor(norm: str | None, sizes: list[int], inverse: bool) -> float:
    """What to multiply a transform by, of which only the inverse is divided by the number of elements."""
    count = float(np.prod(sizes))
    return {"ortho": count**0.5 if inverse else count**-0.5, "forward": count if inverse else 1 / count}.get(norm, 1.0)


def _scaled(x: Any, factor: float) -> Any:
    return x if factor == 1.0 else x * ops.cast(factor, x.dtype)


def _complex(x: Any) -> Any:
    x = convert_to_tensor(x)
    return x if "complex" in str(x.dtype) else ops.cast(x, "complex64")


def fftnd(
    input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Any:
    """The Fourier transform along any axes.

    Args:
        input_tensor: complex numbers.
        fft_length: to which length each axis is cut or filled up with zeros.
        axes: which axes; all by default, or the last ones if there are fewer lengths.
        norm: "backward" (the inverse is divided by the number of elements), "ortho" or "forward".
    Raises: ArgumentError for an unknown norm, or another number of lengths.
    """
    x = _complex(input_tensor)
    places, sizes = _places(x, fft_length, axes, norm)
    return _scaled(transforms.fft(fitted(x, sizes, tuple(places)), axes=tuple(places)), _factor(norm, sizes, False))


def ifftnd(
    input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Any:
    """The inverse Fourier transform along any axes; arguments as for `fftnd`."""
    x = _complex(input_tensor)
    places, sizes = _places(x, fft_length, axes, norm)
    return _scaled(transforms.ifft(fitted(x, sizes, tuple(places)), axes=tuple(places)), _factor(norm, sizes, True))


def rfftnd(
    input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Any:
    """The Fourier transform of real numbers along any axes, of which the last is halved; arguments as for `fftnd`."""
    x = convert_to_tensor(input_tensor)
    places, sizes = _places(x, fft_length, axes, norm)
    found = transforms.rfft(fitted(x, sizes, tuple(places)), axis=places[-1])
    found = transforms.fft(found, axes=tuple(places[:-1])) if places[:-1] else found
    return _scaled(found, _factor(norm, sizes, False))


def irfftnd(
    input_tensor: Any, fft_length: Any = None, axes: Any = None, norm: str | None = None, name: str | None = None
) -> Any:
    """Real numbers from their Fourier transform along any axes; arguments as for `fftnd`."""
    x = _complex(input_tensor)
    places, sizes = _places(x, fft_length, axes, norm)
    if fft_length is None:
        sizes[-1] = 2 * (sizes[-1] - 1)
    x = fitted(x, [*sizes[:-1], sizes[-1] // 2 + 1], tuple(places))
    x = transforms.ifft(x, axes=tuple(places[:-1])) if places[:-1] else x
    return _scaled(transforms.irfft(x, axis=places[-1], size=sizes[-1]), _factor(norm, sizes, True))
