"""Pooling, channels last, over one to three spatial axes: the largest or the mean of each window.

The winner of a window of max pooling is never stored: its gradient finds it again. Of equal elements the first in the
order of the window wins; NaN beats every number.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import DTypeError, ShapeError
from headwater.ir.primitive import BadSample, Primitive, Sample
from headwater.ir.spec import Spec, sizes_differ
from headwater.primitives.constant import scalar
from headwater.primitives.elementwise import cast
from headwater.primitives.shape import broadcast_to, reshape
from headwater.primitives.windows import Pairs, inside, output_sizes, padded, taps

_FLOAT32 = as_dtype("float32")


class Pooling(Primitive, family=True):
    """Base of all: attributes window, strides, padding, one entry for each spatial axis."""

    def _counts(
        self, sizes: tuple[int | None, ...], window: tuple[int, ...], strides: tuple[int, ...], padding: Pairs
    ) -> tuple[Any, ...]:
        counts = output_sizes(self.name, sizes, window, strides, padding, (1,) * len(window))
        if any(not (0 <= low < size and 0 <= high < size) for size, (low, high) in zip(window, padding)):
            raise ShapeError(
                f"{self.name}: padding {padding} for a window {window}: a window could lie in the padding alone.",
                fix="pad by less than the window on each side.",
            )
        return counts

    def _require_images(self, spec: Spec, role: str) -> None:
        self.require_dtype(spec, ("uint", "int", "float") if self.name == "max_pool" else ("float",), role)
        self.require_rank(spec, 3, 5, role)

    def _require_windows(self, g: Spec, wanted: tuple[int | None, ...]) -> None:
        if g.ndim != len(wanted) or any(map(sizes_differ, g.shape, wanted)):
            raise ShapeError(
                f"{self.name}: g has shape {g.shape} where the windows give {wanted}.",
                fix="give the gradient of what the pooling returns.",
            )

    def _emit(self, kernels: Any, *args: Any, **attrs: Any) -> Any:
        """The native kernel; 16-bit floats go through it as float32."""
        dtype = args[0].spec.dtype
        if dtype.is_floating and dtype.size == 2:
            return kernels.decompose(
                lambda *args: cast(self(*(cast(array, dtype=_FLOAT32) for array in args), **attrs), dtype=dtype), *args
            )
        low = tuple(low for low, _ in attrs["padding"])
        return kernels.emit(self.name, *args, window=attrs["window"], strides=attrs["strides"], low=low)

    def batch(self, size, mapped, *args, **attrs):
        if any(None in array.spec.shape for array in args):
            return NotImplemented
        args = [
            array if is_mapped else broadcast_to(array, shape=(size, *array.spec.shape))
            for array, is_mapped in zip(args, mapped)
        ]
        y = self(
            *(reshape(array, shape=(size * array.spec.shape[1], *array.spec.shape[2:])) for array in args), **attrs
        )
        return reshape(y, shape=(size, args[0].spec.shape[1], *y.spec.shape[1:])), True


def _least(dtype: np.dtype) -> Any:
    """What loses against every element."""
    return dtype.type(np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf)


def _windows(numpy: Any, x: Any, window: tuple[int, ...], counts: Any, strides: Any, padding: Pairs, fill: Any) -> Any:
    """The elements of each window along a new first axis."""
    whole = padded(numpy, x, padding, fill)
    places = taps(window, counts, strides, padding, (1,) * len(window))
    return numpy.stack([whole[(slice(None), *where)] for _, where in places])


def _winners(numpy: Any, x: Any, window: tuple[int, ...], counts: Any, strides: Any, padding: Pairs) -> Any:
    """The number of the winner in each window, in a first axis of size 1."""
    return _windows(numpy, x, window, counts, strides, padding, _least(x.dtype)).argmax(0)[None]


class MaxPool(Pooling):
    """The largest element of each window.

    Shapes: x (batch, *spatial, channels) -> (batch, *windows, channels).    Dtypes: any number, y the same.
    Errors: ShapeError if a window does not fit or lies in the padding alone.    Source: Dumoulin and Visin 2016,
    arXiv:1603.07285, chapter 3.
    """

    name = "max_pool"

    def infer(self, x: Spec, *, window: tuple[int, ...], strides: tuple[int, ...], padding: Pairs) -> Spec:
        self._require_images(x, "x")
        return x.with_shape((x.shape[0], *self._counts(x.shape[1:-1], window, strides, padding), x.shape[-1]))

    def vjp(self, g, y, x, **attrs):
        return (max_pool_gradient(x, g, **attrs),)

    def cpu(self, kernels, x, *, window, strides, padding):
        return self._emit(kernels, x, window=window, strides=strides, padding=padding)

    def xla(self, lax, x, *, window, strides, padding):
        whole = ((0, 0), *padding, (0, 0))
        return lax.lax.reduce_window(x, _least(x.dtype), lax.lax.max, (1, *window, 1), (1, *strides, 1), whole)

    def reference(self, x, *, window, strides, padding):
        counts = self._counts(x.shape[1:-1], window, strides, padding)
        return _windows(np, x, window, counts, strides, padding, _least(x.dtype)).max(0)

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        x = np.ones((1, 4, 4, 2))
        plain = {"strides": (2, 2), "padding": ((0, 0), (0, 0))}
        return [
            *(Sample(case.x(rng), **case.attrs) for case in _CASES),
            Sample(rng.integers(-9, 9, (2, 7, 3)).astype(np.int32), window=(2,), strides=(2,), padding=((1, 1),)),
            BadSample(ShapeError, "does not fit spatial axis 1", x, window=(2, 5), **plain),
            BadSample(ShapeError, "in the padding alone", x, window=(2, 2), strides=(2, 2), padding=((2, 0), (0, 0))),
            BadSample(ShapeError, "3 to 5 wanted", np.ones((4, 4)), window=(2, 2), **plain),
        ]


class MaxPoolGradient(Pooling):
    """The gradient of max pooling: each element of `g` goes to the winner of its window.

    Shapes: x (batch, *spatial, channels), g (batch, *windows, channels) -> as x.    Dtypes: both the same float.
    Errors: ShapeError if `g` is not what the pooling of `x` gives.    Source: own.
    """

    name = "max_pool_gradient"

    def infer(self, x: Spec, g: Spec, *, window: tuple[int, ...], strides: tuple[int, ...], padding: Pairs) -> Spec:
        self.require_same_dtype(x, g)
        self._require_images(x, "x")
        counts = self._counts(x.shape[1:-1], window, strides, padding)
        self._require_windows(g, (x.shape[0], *counts, x.shape[-1]))
        return x

    def vjp(self, h, y, x, g, **attrs):
        return broadcast_to(scalar(0, x.spec.dtype), shape=x.spec.shape), max_pool_take(x, h, **attrs)

    def cpu(self, kernels, x, g, *, window, strides, padding):
        return self._emit(kernels, x, g, window=window, strides=strides, padding=padding)

    def xla(self, lax, x, g, *, window, strides, padding):
        _, pull = lax.jax.vjp(lambda x: max_pool.xla(lax, x, window=window, strides=strides, padding=padding), x)
        return pull(g)[0]

    def reference(self, x, g, *, window, strides, padding):
        winners = _winners(np, x, window, g.shape[1:-1], strides, padding)[0]
        whole = padded(np, np.zeros_like(x), padding, 0)
        places = taps(window, g.shape[1:-1], strides, padding, (1,) * len(window))
        for number, (_, where) in enumerate(places):
            whole[(slice(None), *where)] += np.where(winners == number, g, np.zeros_like(g))
        return whole[(slice(None), *inside(x.shape[1:-1], padding))]

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        ties = rng.integers(0, 3, (2, 6, 6, 9)).astype(np.float32)
        pooled = {"window": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0))}
        lapping = {"window": (3, 3), "strides": (2, 2), "padding": ((1, 1), (0, 1))}
        return [
            *(Sample(case.x(rng), case.g(rng), **case.attrs) for case in _CASES),
            Sample(ties, rng.normal(size=(2, 3, 3, 9)).astype(np.float32), differentiable=(1,), **pooled),
            Sample(ties, rng.normal(size=(2, 3, 3, 9)).astype(np.float32), differentiable=(1,), **lapping),
            BadSample(ShapeError, "where the windows give", np.ones((1, 4, 4, 2)), np.ones((1, 3, 2, 2)), **pooled),
            BadSample(DTypeError, "dtype int32", np.ones((1, 4, 4, 2), "i4"), np.ones((1, 2, 2, 2), "i4"), **pooled),
        ]


class MaxPoolTake(Pooling):
    """The elements of h at the winners of the windows of x: the gradient of the gradient of max pooling.

    Shapes: x and h (batch, *spatial, channels) -> (batch, *windows, channels).    Dtypes: both the same float.
    Errors: ShapeError if x and h differ.    Source: own.
    """

    name = "max_pool_take"

    def infer(self, x: Spec, h: Spec, *, window: tuple[int, ...], strides: tuple[int, ...], padding: Pairs) -> Spec:
        self.require_same_dtype(x, h)
        self._require_images(x, "x")
        if x.ndim != h.ndim or any(map(sizes_differ, x.shape, h.shape)):
            raise ShapeError(f"{self.name}: shapes {x.shape} and {h.shape} differ.", fix="give two of one shape.")
        return x.with_shape((x.shape[0], *self._counts(x.shape[1:-1], window, strides, padding), x.shape[-1]))

    def vjp(self, g, y, x, h, **attrs):
        return broadcast_to(scalar(0, x.spec.dtype), shape=x.spec.shape), max_pool_gradient(x, g, **attrs)

    def cpu(self, kernels, x, h, *, window, strides, padding):
        return self._emit(kernels, x, h, window=window, strides=strides, padding=padding)

    def xla(self, lax, x, h, *, window, strides, padding):
        return self._take(lax.numpy, x, h, window, strides, padding)

    def reference(self, x, h, *, window, strides, padding):
        return self._take(np, x, h, window, strides, padding)

    def _take(self, numpy, x, h, window, strides, padding):
        counts = self._counts(x.shape[1:-1], window, strides, padding)
        winners = _winners(numpy, x, window, counts, strides, padding)
        return numpy.take_along_axis(_windows(numpy, h, window, counts, strides, padding, 0), winners, 0)[0]

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        x, h = np.ones((1, 4, 4, 2)), np.ones((1, 4, 4, 3))
        return [
            *(Sample(case.x(rng), case.x(rng), **case.attrs) for case in _CASES),
            BadSample(ShapeError, "differ", x, h, window=(2, 2), strides=(2, 2), padding=((0, 0), (0, 0))),
        ]


def _cells(sizes: Any, window: tuple[int, ...], counts: Any, strides: Any, padding: Pairs) -> np.ndarray:
    """How many places of each window lie in the input: an array (*windows)."""
    found = np.ones((), np.int64)
    for size, length, count, stride, (low, _) in zip(sizes, window, counts, strides, padding):
        first = np.arange(count) * stride - low
        here = np.minimum(first + length, size) - np.maximum(first, 0)
        found = found[..., None] * here
    return found


class AveragePool(Pooling):
    """The mean of each window; what is padding does not count.

    Shapes: x (batch, *spatial, channels) -> (batch, *windows, channels).    Dtypes: any float, y the same; 16-bit
    floats add up in float32.
    Errors: ShapeError if a window does not fit or lies in the padding alone.    Source: Dumoulin and Visin 2016,
    arXiv:1603.07285, chapter 3.
    """

    name = "average_pool"

    def infer(self, x: Spec, *, window: tuple[int, ...], strides: tuple[int, ...], padding: Pairs) -> Spec:
        self.require_dtype(x, ("float",))
        self.require_rank(x, 3, 5)
        return x.with_shape((x.shape[0], *self._counts(x.shape[1:-1], window, strides, padding), x.shape[-1]))

    def vjp(self, g, y, x, **attrs):
        return (average_pool_gradient(g, sizes=x.spec.shape[1:-1], **attrs),)

    def cpu(self, kernels, x, *, window, strides, padding):
        return self._emit(kernels, x, window=window, strides=strides, padding=padding)

    def xla(self, lax, x, *, window, strides, padding):
        return self._mean(lax.numpy, x, window, strides, padding)

    def reference(self, x, *, window, strides, padding):
        return self._mean(np, x, window, strides, padding)

    def _mean(self, numpy, x, window, strides, padding):
        counts = self._counts(x.shape[1:-1], window, strides, padding)
        wide = x.astype(np.float32) if x.dtype.itemsize == 2 else x
        total = _windows(numpy, wide, window, counts, strides, padding, 0).sum(0)
        cells = _cells(x.shape[1:-1], window, counts, strides, padding)
        return (total / cells[None, ..., None].astype(wide.dtype)).astype(x.dtype)

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        x = np.ones((1, 4, 4, 2))
        return [
            *(Sample(case.x(rng), **case.attrs) for case in _CASES),
            BadSample(ShapeError, "on 2 spatial axes", x, window=(2,), strides=(2, 2), padding=((0, 0), (0, 0))),
        ]


class AveragePoolGradient(Pooling):
    """The gradient of average pooling: each element of `g`, divided by what its window holds, goes to all of it.

    Shapes: g (batch, *windows, channels) -> (batch, *sizes, channels).    Dtypes: any float, the result the same.
    Errors: ShapeError if `g` is not what the pooling of an input of `sizes` gives.    Source: own.
    """

    name = "average_pool_gradient"

    def infer(
        self,
        g: Spec,
        *,
        sizes: tuple[int | None, ...],
        window: tuple[int, ...],
        strides: tuple[int, ...],
        padding: Pairs,
    ) -> Spec:
        self.require_dtype(g, ("float",))
        self.require_rank(g, 3, 5)
        self._require_windows(g, (g.shape[0], *self._counts(sizes, window, strides, padding), g.shape[-1]))
        return g.with_shape((g.shape[0], *sizes, g.shape[-1]))

    def vjp(self, h, y, g, *, sizes, **attrs):
        return (average_pool(h, **attrs),)

    def cpu(self, kernels, g, *, sizes, window, strides, padding):
        return self._emit(kernels, g, sizes=sizes, window=window, strides=strides, padding=padding)

    def xla(self, lax, g, *, sizes, window, strides, padding):
        x = lax.numpy.zeros((g.shape[0], *sizes, g.shape[-1]), g.dtype)
        _, pull = lax.jax.vjp(lambda x: average_pool.xla(lax, x, window=window, strides=strides, padding=padding), x)
        return pull(g)[0]

    def reference(self, g, *, sizes, window, strides, padding):
        wide = g.astype(np.float32) if g.dtype.itemsize == 2 else g
        cells = _cells(sizes, window, g.shape[1:-1], strides, padding)
        shares = wide / cells[None, ..., None].astype(wide.dtype)
        whole = padded(np, np.zeros((g.shape[0], *sizes, g.shape[-1]), wide.dtype), padding, 0)
        for _, where in taps(window, g.shape[1:-1], strides, padding, (1,) * len(window)):
            whole[(slice(None), *where)] += shares
        return whole[(slice(None), *inside(sizes, padding))].astype(g.dtype)

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        g, plain = np.ones((1, 2, 2, 2)), {"window": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0))}
        return [
            *(Sample(case.g(rng), sizes=case.sizes, **case.attrs) for case in _CASES),
            BadSample(ShapeError, "where the windows give", g, sizes=(6, 4), **plain),
        ]


class _Case:
    """Sizes for samples of all. Elements differ by more than a difference quotient moves them."""

    def __init__(
        self, shape: tuple[int, ...], window: Any, strides: Any, padding: Any = None, dtype: Any = np.float64
    ) -> None:
        self.shape, self.dtype, self.sizes = shape, dtype, shape[1:-1]
        padding = padding or ((0, 0),) * len(window)
        self.attrs: dict[str, Any] = {"window": window, "strides": strides, "padding": padding}
        counts = output_sizes("max_pool", self.sizes, window, strides, padding, (1,) * len(window))
        self.windows = (shape[0], *counts, shape[-1])

    def x(self, rng: np.random.Generator) -> np.ndarray:
        count = math.prod(self.shape)
        return ((rng.permutation(count) - count / 2) / 16).reshape(self.shape).astype(self.dtype)

    def g(self, rng: np.random.Generator) -> np.ndarray:
        return rng.normal(size=self.windows).astype(self.dtype)


_CASES = [
    _Case((2, 6, 3), (2,), (2,)),
    _Case((2, 5, 4, 3), (2, 2), (2, 2)),
    _Case((1, 5, 7, 2), (3, 3), (2, 1), ((1, 1), (0, 2))),
    _Case((1, 4, 3, 4, 2), (2, 2, 2), (2, 1, 2), ((0, 1), (1, 0), (0, 0))),
    _Case((1, 8, 8, 19), (2, 2), (2, 2), None, np.float32),
    _Case((1, 7, 7, 3), (3, 3), (1, 1), ((1, 1), (1, 1)), np.float32),
    _Case((1, 7, 7, 8), (1, 1), (2, 3), None, np.float32),
    _Case((1, 5, 6, 4), (2, 3), (2, 2), ((0, 1), (1, 1)), np.float16),
    _Case((0, 4, 4, 2), (2, 2), (2, 2)),
]

max_pool: Any = MaxPool()
max_pool_gradient: Any = MaxPoolGradient()
max_pool_take: Any = MaxPoolTake()
average_pool: Any = AveragePool()
average_pool_gradient: Any = AveragePoolGradient()
