"""Mean and variance in one pass over the input."""

from __future__ import annotations

from typing import Any

from headwater import ops


def shifted_moments(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any, Any]:
    """The input less a shift, the shift, and the moments of what is left, with `axes` kept as 1.

    The mean of squares less the square of the mean needs one pass over the input where the mean of squared deviations
    needs two, but it is exact only while the mean is not large against the deviation. So a shift is subtracted first
    that is about as large: the mean of the first entry along the first of `axes` (the first sample of a batch). The
    moments do not depend on it, so no gradient flows through it.

    Args:
        x: a float tensor.
        axes: at least one axis to reduce over.
    Returns: x - shift; the shift; the mean of x - shift; the variance, which is that of `x` too.
    Source: Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", section 3.
    """
    sample = ops.stop_gradient(x[(*[slice(None)] * axes[0], slice(0, 1))])
    shift = ops.mean(sample, axis=axes, keepdims=True)
    x = ops.subtract(x, shift)
    mean = ops.mean(x, axis=axes, keepdims=True)
    power = ops.mean(ops.square(x), axis=axes, keepdims=True)
    return x, shift, mean, ops.maximum(ops.subtract(power, ops.square(mean)), 0.0)
