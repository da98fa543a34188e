"""Images of other sizes: each entry along an axis of the result is a weighted sum of entries of the source.

The weights follow from the two sizes and the method; they are a band of a matrix, mostly a narrow one.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, ShapeError
from headwater.ir.fused import Fused
from headwater.ir.graph import Literal
from headwater.ir.primitive import BadSample, Sample
from headwater.ir.spec import Spec
from headwater.primitives.constant import constant
from headwater.primitives.elementwise import cast
from headwater.primitives.linear import matmul
from headwater.primitives.shape import broadcast_to, reshape

# Weights of a pixel by its distance; `lib` is NumPy, or `headwater.ops` where distances are tensors.


def _triangle(lib: Any, x: Any) -> Any:
    return lib.maximum(1.0 - x, 0.0)


def _cubic(lib: Any, x: Any) -> Any:
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return lib.where(x >= 2.0, 0.0, lib.where(x >= 1.0, far, near))


def _mitchell(lib: Any, x: Any) -> Any:
    near = (7.0 / 6.0 * x - 2.0) * x * x + 8.0 / 9.0
    far = ((-7.0 / 18.0 * x + 2.0) * x - 10.0 / 3.0) * x + 16.0 / 9.0
    return lib.where(x >= 2.0, 0.0, lib.where(x >= 1.0, far, near))


def _gaussian(lib: Any, x: Any) -> Any:
    return lib.where(x >= 1.5, 0.0, lib.exp(-2.0 * x * x))


def _lanczos(radius: float) -> Callable[[Any, Any], Any]:
    def kernel(lib: Any, x: Any) -> Any:
        waves = radius * lib.sin(math.pi * x) * lib.sin(math.pi * x / radius)
        found = lib.where(x > 1e-3, waves / lib.where(x != 0, math.pi**2 * x * x, 1.0), 1.0)
        return lib.where(x > radius, 0.0, found)

    return kernel


KERNELS: dict[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("linear", "bilinear", "trilinear"), _triangle),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), _cubic),
    "lanczos3": _lanczos(3.0),
    "lanczos5": _lanczos(5.0),
}
_FURTHER = {"gaussian": _gaussian, "mitchellcubic": _mitchell}  # of `tf.image.resize` alone
_LEAST = 1000 * 2.0**-23  # weights with a smaller sum are taken for none
_STEPS = 1024  # in which TensorFlow's bicubic kernel is tabulated


def mixing_weights(lib: Any, size: int, count: int, scale: Any, shift: Any, method: str, antialias: bool) -> Any:
    """How much of each of `size` pixels is in each of `count` pixels of the result: (count, size)."""
    step = 1.0 / scale
    wide = lib.maximum(step, 1.0) if antialias else 1.0
    centres = (np.arange(count, dtype="float32") + 0.5) * step - shift * step
    pixels = np.arange(size, dtype="float32")[None, :] + 0.5
    distances = lib.abs(pixels - centres[:, None]) * (1.0 / wide)
    weights = (KERNELS | _FURTHER)[method](lib, distances)
    total = lib.sum(weights, axis=1, keepdims=True)
    weights = lib.where(lib.abs(total) > _LEAST, weights / lib.where(total != 0, total, 1.0), 0.0)
    inside = lib.logical_and(centres >= 0, centres <= size)
    return lib.where(inside[:, None], weights, 0.0)


def _area_weights(size: int, count: int) -> np.ndarray:
    """How much of each of `size` pixels lies in each of `count` equal parts of the axis."""
    scale = np.float32(size) / np.float32(count)
    edges = np.arange(count + 1, dtype="float32") * scale
    pixel = np.arange(size, dtype="float32")
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (np.maximum(overlap, 0) / scale).astype("float32")


def _tabulated_cubic_weights(size: int, count: int) -> np.ndarray:
    """Keys's weights of the four pixels around each place, at places rounded to 1024ths of a pixel; pixels beyond the
    border count for nothing."""
    place = (np.arange(count, dtype="float32") + np.float32(0.5)) * (np.float32(size) / np.float32(count)) - 0.5
    first = np.floor(place)
    part = np.rint((place - first) * _STEPS) / _STEPS
    weights = np.zeros((count, size), "float64")
    for offset in range(-1, 3):
        distance, index = np.abs(part - offset), (first + offset).astype(int)
        near = (1.5 * distance - 2.5) * distance**2 + 1
        far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
        inside = (index >= 0) & (index < size)
        rows = np.arange(count)[inside]
        weights[rows, index[inside]] += np.where(distance <= 1, near, far)[inside]
    total = weights.sum(1, keepdims=True)
    return (weights / np.where(np.abs(total) < 1e-20, 1, total)).astype("float32")


_TABLES = {"area": _area_weights, "tabulated_bicubic": _tabulated_cubic_weights}
METHODS = (*KERNELS, *_FURTHER, *_TABLES)
_FLOAT32 = as_dtype("float32")


@functools.lru_cache(maxsize=512)
def weights_of(size: int, count: int, method: str, antialias: bool) -> np.ndarray:
    """How much of each of `size` pixels is in each of `count` pixels of an axis of another length: (count, size).

    Args:
        size, count: lengths of the axis in the source and in the result.
        method: one of METHODS.
        antialias: whether every pixel counts where the axis becomes shorter.
    """
    if method in _TABLES:
        return _TABLES[method](size, count)
    scale = np.float32(count) / np.float32(size)  # in float32 throughout, as the libraries do that we are held to
    return mixing_weights(np, size, count, scale, np.float32(0), method, antialias).astype("float32")


@functools.lru_cache(maxsize=512)
def _matrix(size: int, count: int, method: str, antialias: bool, transposed: bool) -> np.ndarray:
    """What an axis of `size` entries is multiplied with to have `count`: (count, size), float32."""
    if transposed:
        return np.ascontiguousarray(weights_of(count, size, method, antialias).T)
    return weights_of(size, count, method, antialias)


@functools.lru_cache(maxsize=512)
def _band(size: int, count: int, method: str, antialias: bool, transposed: bool) -> dict[str, tuple[Any, ...]]:
    """Where the entries begin that each entry of the result comes from, and their weights, as many for each."""
    matrix = _matrix(size, count, method, antialias, transposed)
    first = np.argmax(matrix != 0, axis=1)
    last = size - 1 - np.argmax(matrix[:, ::-1] != 0, axis=1)
    empty = ~(matrix != 0).any(axis=1)  # nothing of the source is in it
    first[empty] = last[empty] = 0
    terms = int((last - first).max()) + 1
    starts = np.minimum(first, size - terms)
    weights = matrix[np.arange(count)[:, None], starts[:, None] + np.arange(terms)]
    return {"starts": tuple(starts.tolist()), "weights": tuple(weights.reshape(-1).tolist())}


class Resample(Fused):
    """Images of another size; with `transposed`, the gradient of that by the images.

    Shapes: (batch, height, width, channels) -> (batch, *sizes, channels).    Dtypes: uint8, which gives float32, or any
    float, which is kept. `method` is one of METHODS; with `antialias` every pixel counts where images become smaller.
    Errors: ShapeError for another rank, or without pixels; ArgumentError for an unknown method.
    Source: Keys 1981, "Cubic convolution interpolation for digital image processing"; Duchon 1979, "Lanczos filtering
    in one and two dimensions"; Mitchell and Netravali 1988, "Reconstruction filters in computer graphics".
    """

    name = "resample"

    def infer(self, x: Spec, *, sizes: tuple[int, int], method: str, antialias: bool, transposed: bool = False) -> Spec:
        self.require_rank(x, 4, 4, "images")
        if x.dtype != "uint8":
            self.require_dtype(x, ("float",), "images other than uint8")
        if method not in METHODS:
            raise ArgumentError(f"resample: method {method!r} is unknown.", fix=f"use one of {', '.join(METHODS)}.")
        if 0 in x.shape[1:3] or min(sizes) < 1:
            raise ShapeError(
                f"resample: images of shape {x.shape} to size {sizes}.", fix="leave out those without pixels."
            )
        spec = x if x.dtype.is_floating else Spec(x.shape, _FLOAT32)
        return spec.with_shape((x.shape[0], *sizes, x.shape[3]))

    def flops(self, x: Spec, **attrs: Any) -> int:
        rows, columns = self._bands(x, **attrs)
        (tall, wide), pixels = attrs["sizes"], (x.shape[0] or 1) * (x.shape[3] or 1)
        per_row = len(rows["weights"]) // tall * (x.shape[2] or 1) + len(columns["weights"])
        return 2 * pixels * tall * per_row if wide else 0

    def _bands(self, x: Spec, *, sizes: Any, method: str, antialias: bool, transposed: bool = False) -> list[Any]:
        return [_band(length, count, method, antialias, transposed) for length, count in zip(x.shape[1:3], sizes)]

    def decompose(self, x, *, sizes, method, antialias, transposed=False):
        dtype = x.spec.dtype if x.spec.dtype.is_floating else _FLOAT32
        (images, height, width, channels), (tall, wide) = x.spec.shape, sizes

        def mixed(rows: Any, length: int, count: int) -> Any:
            weights = _matrix(length, count, method, antialias, transposed).astype(dtype.numpy)
            lead = rows.spec.shape[0]
            return matmul(broadcast_to(constant(value=Literal(weights)), shape=(lead, count, length)), rows)

        x = reshape(cast(x, dtype=dtype), shape=(images, height, width * channels))
        x = reshape(mixed(x, height, tall), shape=(images * tall, width, channels))
        return reshape(mixed(x, width, wide), shape=(images, tall, wide, channels))

    def vjp(self, g, y, x, *, sizes, method, antialias, transposed=False):
        if not x.spec.dtype.is_floating:
            return (None,)
        back = {"sizes": tuple(x.spec.shape[1:3]), "method": method, "antialias": antialias}
        return (self(g, **back, transposed=not transposed),)

    def cpu(self, kernels, x, **attrs):
        dtype = x.spec.dtype
        if dtype == "float64":
            return super().cpu(kernels, x, **attrs)
        if dtype not in ("uint8", "float32"):
            return kernels.decompose(lambda x: cast(self(cast(x, dtype=_FLOAT32), **attrs), dtype=dtype), x)
        rows, columns = self._bands(x.spec, **attrs)
        return kernels.emit(
            "resample", x, row_starts=rows["starts"], row_weights=rows["weights"],
            column_starts=columns["starts"], column_weights=columns["weights"],
        )  # fmt: skip

    def batch(self, size, mapped, x, **attrs):
        if None in x.spec.shape[1:]:
            return NotImplemented
        y = self(reshape(x, shape=(size * x.spec.shape[1], *x.spec.shape[2:])), **attrs)
        return reshape(y, shape=(size, x.spec.shape[1], *y.spec.shape[1:])), True

    def samples(self, rng):
        images = rng.normal(size=(2, 6, 5, 3))
        whole = rng.integers(0, 256, (1, 7, 9, 3)).astype(np.uint8)
        kinds = [
            ((3, 9), "bilinear", False), ((4, 2), "bilinear", True), ((9, 11), "bicubic", False),
            ((2, 5), "area", False), ((7, 4), "tabulated_bicubic", False), ((6, 5), "gaussian", False),
        ]  # fmt: skip
        found = [Sample(images, sizes=size, method=method, antialias=smooth) for size, method, smooth in kinds]
        found += [
            Sample(images.astype(np.float32)[..., :channels], sizes=(4, 8), method="lanczos3", antialias=True)
            for channels in (1, 2, 3)
        ]
        return [
            *found,
            Sample(whole, sizes=(4, 5), method="bilinear", antialias=False),
            Sample(images.astype(np.float32), sizes=(9, 3), method="bilinear", antialias=False, transposed=True),
            BadSample(ShapeError, "4 wanted", images[0], sizes=(3, 3), method="bilinear", antialias=False),
            BadSample(ShapeError, "to size", images[:, :0], sizes=(3, 3), method="area", antialias=False),
            BadSample(ArgumentError, "is unknown", images, sizes=(3, 3), method="odd", antialias=False),
        ]


resample = Resample()
