"""Mean and variance, found together in one pass."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headwater.errors import DTypeError, ShapeError
from headwater.ir.fused import Fused
from headwater.ir.primitive import BadSample, Sample
from headwater.ir.spec import Spec
from headwater.primitives.constant import scalar
from headwater.primitives.custom import stop_gradient
from headwater.primitives.elementwise import add, maximum, multiply, square, subtract
from headwater.primitives.reduce import reduce_sum
from headwater.primitives.shape import reshape, slice_


def _mean(x: Any, axes: tuple[int, ...]) -> Any:
    """The mean along axes."""
    count = math.prod(x.spec.shape[axis] for axis in axes)
    return multiply(reduce_sum(x, axes=axes), scalar(1 / count if count else math.nan, x.spec.dtype))


def _with_axes(value: Any, x: Any, axes: tuple[int, ...]) -> Any:
    """A reduced value with its axes back, of size 1."""
    return reshape(value, shape=tuple(1 if axis in axes else size for axis, size in enumerate(x.spec.shape)))


class Moments(Fused):
    """Mean and variance of x along axes: the mean of x, and of (x - mean)^2.

    The mean of squares less the square of the mean needs one pass over x where the mean of squared deviations needs
    two, but it is exact only while the mean is not large against the deviation. So first a shift is subtracted that is
    about as large: the mean of the first entry along the first of the axes, as of the first sample of a batch.
    Shapes: any with the axes -> without them, twice.    Dtypes: float32, float64, the same.
    Errors: ShapeError if the axes are none, or no distinct axes of x; DTypeError for another dtype.
    Source: Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", section 3.
    """

    name = "moments"
    multiple = True

    def infer(self, x: Spec, *, axes: tuple[int, ...]) -> tuple[Spec, Spec]:
        if not x.dtype.is_floating or x.dtype.size < 4:
            raise DTypeError(f"moments: its input has dtype {x.dtype.name}.", fix="cast it to float32.")
        if not axes or len(set(axes)) != len(axes) or any(not 0 <= axis < x.ndim for axis in axes):
            raise ShapeError(
                f"moments: axes {axes} are no distinct axes of shape {x.shape}.", fix="name each axis once."
            )
        rest = x.with_shape(tuple(size for axis, size in enumerate(x.shape) if axis not in axes))
        return rest, rest

    def decompose(self, x, *, axes):
        limits = tuple(min(1, size) if axis == axes[0] else size for axis, size in enumerate(x.spec.shape))
        first = slice_(x, starts=(0,) * x.spec.ndim, limits=limits, strides=(1,) * x.spec.ndim)
        shift = stop_gradient(_mean(first, axes))
        less = subtract(x, _with_axes(shift, x, axes))
        mean, power = _mean(less, axes), _mean(square(less), axes)
        variance = maximum(subtract(power, square(mean)), scalar(0, x.spec.dtype))
        return add(mean, shift), variance

    def vjp(self, g, y, x, *, axes):
        count = math.prod(x.spec.shape[axis] for axis in axes)
        of_mean = multiply(g[0], scalar(1 / max(count, 1), x.spec.dtype))
        of_variance = multiply(g[1], scalar(2 / max(count, 1), x.spec.dtype))
        deviation = subtract(x, _with_axes(y[0], x, axes))
        return (add(multiply(deviation, _with_axes(of_variance, x, axes)), _with_axes(of_mean, x, axes)),)

    def reference(self, x, *, axes):
        return np.mean(x, axis=axes), np.var(x, axis=axes)

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        return [
            Sample(rng.normal(size=(4, 3, 5)), axes=(0, 1)),
            Sample(rng.normal(size=(3, 4, 2)).astype(np.float32) + 100, axes=(0, 2)),
            Sample(rng.normal(size=(5, 7)), axes=(1,)),
            Sample(rng.normal(size=(6,)), axes=(0,)),
            BadSample(ShapeError, "no distinct axes", np.ones((2, 3)), axes=(2,)),
            BadSample(ShapeError, "no distinct axes", np.ones((2, 3)), axes=()),
            BadSample(DTypeError, "cast it to float32", np.ones((2, 3), np.float16), axes=(0,)),
        ]


moments: Any = Moments()
