"""Discrete Fourier transforms, on the host by NumPy's pocketfft.

Gradients of complex functions follow TensorFlow: the cotangent of x is the adjoint map applied to that of y. The
matrix F of the
transform is symmetric, so its adjoint is its conjugate: size * ifft for fft, fft / size for ifft.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from headwater.dtypes import DType, as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.ir.graph import Literal
from headwater.ir.primitive import BadSample, Primitive, Sample
from headwater.ir.spec import Spec
from headwater.primitives.constant import constant, scalar
from headwater.primitives.elementwise import multiply


def _complex_dtype(dtype: DType) -> DType:
    return as_dtype("complex64" if dtype == "float32" else "complex128")


def _fft(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return np.fft.fftn(x, axes=axes).astype(x.dtype, copy=False) if axes else x.copy()


def _ifft(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    return np.fft.ifftn(x, axes=axes).astype(x.dtype, copy=False) if axes else x.copy()


def _rfft(x: np.ndarray, axis: int) -> np.ndarray:
    return np.fft.rfft(x, axis=axis).astype(_complex_dtype(as_dtype(x.dtype)).numpy, copy=False)


def _irfft(x: np.ndarray, axis: int, size: int) -> np.ndarray:
    return np.fft.irfft(x, size, axis=axis).astype(as_dtype(x.dtype).real_dtype.numpy, copy=False)


class _Transform(Primitive, family=True):
    """Family: a transform along axes that exist and are not empty."""

    def require_axes(self, x: Spec, axes: tuple[int, ...]) -> None:
        """Raise unless the axes are distinct axes of x with elements."""
        if len(set(axes)) != len(axes) or any(not 0 <= axis < x.ndim for axis in axes):
            raise ShapeError(
                f"{self.name}: axes {axes} are not distinct axes of shape {x.shape}.", fix="name each axis once."
            )
        if any(x.shape[axis] == 0 for axis in axes):
            raise ShapeError(
                f"{self.name}: nothing to transform in shape {x.shape} along {axes}.", fix="pad the axis first."
            )


class _Complex(_Transform, family=True):
    """Family: complex to complex."""

    def infer(self, x: Spec, *, axes: tuple[int, ...]) -> Spec:
        self.require_dtype(x, ("complex",))
        self.require_axes(x, axes)
        return x

    def batch(self, size, mapped, x, *, axes):
        return self(x, axes=tuple(axis + 1 for axis in axes)), True

    def samples(self, rng):
        def draw(*shape: int) -> np.ndarray:
            return rng.normal(size=shape) + 1j * rng.normal(size=shape)

        return [
            Sample(draw(8), axes=(0,)),
            Sample(draw(3, 5), axes=(1,)),
            Sample(draw(2, 3, 4), axes=(0, 2)),
            Sample(draw(2, 7).astype("complex64"), axes=(0, 1)),
            Sample(draw(0, 4), axes=(1,)),
            BadSample(ShapeError, "distinct axes", draw(3), axes=(1,)),
            BadSample(ShapeError, "nothing to transform", draw(0, 4), axes=(0,)),
            BadSample(DTypeError, "has dtype float64", np.ones(3), axes=(0,)),
        ]


def _scaled(x: Any, factor: float) -> Any:
    return multiply(x, scalar(factor, x.spec.dtype))


def _count(x: Any, axes: tuple[int, ...]) -> int:
    return math.prod(x.spec.shape[axis] for axis in axes)


class FFT(_Complex):
    """Discrete Fourier transform along `axes`, y[k] = sum over n of x[n] exp(-2 pi i k n / size).

    Shapes: any with these axes -> the same.    Dtypes: complex.    Errors: ShapeError if an axis is empty.
    Source: Cooley and Tukey 1965; NumPy's pocketfft computes it.
    """

    name = "fft"

    def vjp(self, g, y, x, *, axes):
        return (_scaled(ifft(g, axes=axes), _count(x, axes)),)

    def cpu(self, kernels, x, *, axes):
        return kernels.host(functools.partial(_fft, axes=axes), x)

    def xla(self, lax, x, *, axes):
        for axis in axes:
            x = lax.numpy.fft.fft(x, axis=axis)
        return x

    def reference(self, x, *, axes):
        return _fft(x, axes)


class IFFT(_Complex):
    """Inverse of the Fourier transform along `axes`, y[n] = (1 / size) sum over k of x[k] exp(2 pi i k n / size).

    Shapes: any with these axes -> the same.    Dtypes: complex.    Errors: ShapeError if an axis is empty.
    Source: Cooley and Tukey 1965; NumPy's pocketfft computes it.
    """

    name = "ifft"

    def vjp(self, g, y, x, *, axes):
        return (_scaled(fft(g, axes=axes), 1 / _count(x, axes)),)

    def cpu(self, kernels, x, *, axes):
        return kernels.host(functools.partial(_ifft, axes=axes), x)

    def xla(self, lax, x, *, axes):
        for axis in axes:
            x = lax.numpy.fft.ifft(x, axis=axis)
        return x

    def reference(self, x, *, axes):
        return _ifft(x, axes)


def _weights(size: int, bins: int, inner: float, axis: int, ndim: int, dtype: DType) -> Any:
    """1 for the bins that are their own mirror image (0, and size / 2 if that is whole), `inner` for the others."""
    weights = np.full(bins, inner)
    weights[0] = 1
    if size % 2 == 0 and bins == size // 2 + 1:
        weights[-1] = 1
    shape = tuple(bins if i == axis else 1 for i in range(ndim))
    return constant(value=Literal(weights.reshape(shape).astype(dtype.numpy)))


class RFFT(_Transform):
    """The first half (size // 2 + 1 bins) of the Fourier transform of real numbers along `axis`; the rest mirrors it.

    Shapes: (*before, n, *after) -> (*before, n // 2 + 1, *after).
    Dtypes: float32 -> complex64, float64 -> complex128.
    Errors: ShapeError if the axis is empty.    Source: own, for the gradient: Re(adjoint), written as one irfft.
    """

    name = "rfft"

    def infer(self, x: Spec, *, axis: int) -> Spec:
        self.require_dtype(x, ("float",))
        if x.dtype.size < 4:
            raise DTypeError(f"rfft: its input has dtype {x.dtype.name}.", fix="cast it to float32.")
        self.require_axes(x, (axis,))
        size = x.shape[axis]
        bins = None if size is None else size // 2 + 1
        return Spec((*x.shape[:axis], bins, *x.shape[axis + 1 :]), _complex_dtype(x.dtype))

    def vjp(self, g, y, x, *, axis):
        size = x.spec.shape[axis]
        halves = _weights(size, g.spec.shape[axis], 0.5, axis, g.spec.ndim, g.spec.dtype)
        return (_scaled(irfft(multiply(g, halves), axis=axis, size=size), size),)

    def cpu(self, kernels, x, *, axis):
        return kernels.host(functools.partial(_rfft, axis=axis), x)

    def xla(self, lax, x, *, axis):
        return lax.numpy.fft.rfft(x, axis=axis)

    def reference(self, x, *, axis):
        return _rfft(x, axis)

    def batch(self, size, mapped, x, *, axis):
        return rfft(x, axis=axis + 1), True

    def samples(self, rng):
        return [
            Sample(rng.normal(size=(8,)), axis=0),
            Sample(rng.normal(size=(3, 5)), axis=1),
            Sample(rng.normal(size=(6, 2)).astype(np.float32), axis=0),
            Sample(rng.normal(size=(2, 1)), axis=1),
            BadSample(ShapeError, "distinct axes", np.ones(3), axis=1),
            BadSample(DTypeError, "has dtype float16", np.ones(3, np.float16), axis=0),
            BadSample(DTypeError, "has dtype complex64", np.ones(3, np.complex64), axis=0),
        ]


class IRFFT(_Transform):
    """Real numbers from the first half of their Fourier transform, along `axis`; the inverse of rfft for that `size`.

    Bins beyond size // 2 are not used, missing ones are 0, and the imaginary parts of bins 0 and size / 2 are ignored.
    Shapes: (*before, bins, *after) -> (*before, size, *after).    Dtypes: complex64 -> float32, complex128 -> float64.
    Errors: ShapeError if the axis is empty or size is not positive.
    Source: own, for the gradient: one rfft, each bin twice.
    """

    name = "irfft"

    def infer(self, x: Spec, *, axis: int, size: int) -> Spec:
        self.require_dtype(x, ("complex",))
        self.require_axes(x, (axis,))
        if size < 1:
            raise ShapeError(f"irfft: a size of {size}.", fix="ask for at least one element.")
        return Spec((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype.real_dtype)

    def vjp(self, g, y, x, *, axis, size):
        from headwater.primitives.shape import pad, slice_

        ndim, bins, own = g.spec.ndim, x.spec.shape[axis], size // 2 + 1
        spectrum = rfft(g, axis=axis)
        spectrum = _scaled(multiply(spectrum, _weights(size, own, 2.0, axis, ndim, spectrum.spec.dtype)), 1 / size)
        if bins < own:
            limits = tuple(bins if i == axis else n for i, n in enumerate(spectrum.spec.shape))
            return (slice_(spectrum, starts=(0,) * ndim, limits=limits, strides=(1,) * ndim),)
        high = tuple(bins - own if i == axis else 0 for i in range(ndim))
        zero = scalar(0, spectrum.spec.dtype)
        return (pad(spectrum, zero, low=(0,) * ndim, high=high, interior=(0,) * ndim) if bins > own else spectrum,)

    def cpu(self, kernels, x, *, axis, size):
        return kernels.host(functools.partial(_irfft, axis=axis, size=size), x)

    def xla(self, lax, x, *, axis, size):
        return lax.numpy.fft.irfft(x, size, axis=axis)

    def reference(self, x, *, axis, size):
        return _irfft(x, axis, size)

    def batch(self, count, mapped, x, *, axis, size):
        return irfft(x, axis=axis + 1, size=size), True

    def samples(self, rng):
        def draw(*shape: int) -> np.ndarray:
            return rng.normal(size=shape) + 1j * rng.normal(size=shape)

        return [
            Sample(draw(5), axis=0, size=8),
            Sample(draw(2, 4), axis=1, size=7),
            Sample(draw(3, 6), axis=1, size=6),
            Sample(draw(3, 2), axis=1, size=8),
            Sample(draw(4, 2).astype("complex64"), axis=0, size=6),
            Sample(draw(1, 2), axis=0, size=1),
            BadSample(ShapeError, "a size of 0", draw(3), axis=0, size=0),
            BadSample(ShapeError, "distinct axes", draw(3), axis=1, size=4),
            BadSample(DTypeError, "has dtype float64", np.ones(3), axis=0, size=4),
        ]


fft, ifft, rfft, irfft = FFT(), IFFT(), RFFT(), IRFFT()
