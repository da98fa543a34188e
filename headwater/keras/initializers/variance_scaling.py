"""Initializers whose spread follows from how many values a unit takes in or gives out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from headwater.errors import ArgumentError
from headwater.keras import random
from headwater.keras.initializers.base import RandomInitializer

_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("uniform", "truncated_normal", "untruncated_normal")
_STDDEV_OF_TRUNCATED = 0.87962566103423978  # of a standard normal cut at two standard deviations


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """How many values a unit of a kernel takes in, and how many units each value goes to.

    Args:
        shape: (inputs, outputs) of a matrix, (*window, inputs, outputs) of a convolution.
        input_axes: axes whose sizes multiply to the first number; given together with `output_axes`.
        output_axes: axes whose sizes multiply to the second.
    Example:
        >>> compute_fans((3, 3, 16, 32))
        (144, 288)
    """
    shape = tuple(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[axis] for axis in input_axes), math.prod(shape[axis] for axis in output_axes)
    if not shape:
        return 1, 1
    if len(shape) == 1:
        return int(shape[0]), int(shape[0])
    window = math.prod(shape[:-2])
    return int(shape[-2] * window), int(shape[-1] * window)


class VarianceScaling(RandomInitializer):
    """Random values of variance scale / n, where n counts a unit's inputs, its outputs, or their mean.

    Args:
        scale: numerator of the variance, above 0.
        mode: what n is: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal" ("normal" is the same), "untruncated_normal" or "uniform".
        seed: see `RandomInitializer`.
        input_axes: axes of the shape that count as inputs; see `compute_fans`.
        output_axes: axes of the shape that count as outputs.
    Source: Glorot and Bengio 2010; He et al. 2015, arXiv:1502.01852; LeCun et al. 1998, "Efficient BackProp".
    """

    arguments = ("scale", "mode", "distribution", "input_axes", "output_axes")

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        if scale <= 0.0:
            raise ArgumentError(f"scale is {scale}: a variance is above 0.", fix="pass a positive scale.")
        if mode not in _MODES:
            raise ArgumentError(f"{mode!r} does not say what to scale by.", fix=f"use one of {', '.join(_MODES)}.")
        distribution = distribution.lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in _DISTRIBUTIONS:
            raise ArgumentError(
                f"{distribution!r} is no distribution here.", fix=f"use one of {', '.join(_DISTRIBUTIONS)}."
            )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def counting(self, input_axes: Sequence[int], output_axes: Sequence[int]) -> VarianceScaling:
        """The same initialiser for weights with these axes of inputs and outputs; itself if it knows its axes."""
        if self.input_axes is not None and self.output_axes is not None:
            return self
        axes = {"input_axes": list(input_axes), "output_axes": list(output_axes)}
        return type(self).from_config({**self.get_config(), **axes, "seed": self.seed})

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, count)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, minval=-limit, maxval=limit, dtype=dtype, seed=self.seed)
        stddev = math.sqrt(variance)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, stddev=stddev, dtype=dtype, seed=self.seed)
        return random.truncated_normal(shape, stddev=stddev / _STDDEV_OF_TRUNCATED, dtype=dtype, seed=self.seed)


class _Preset(VarianceScaling):
    """A `VarianceScaling` with its first three arguments fixed."""

    arguments = ("input_axes", "output_axes")
    preset: tuple[float, str, str]

    def __init__(
        self, seed: Any = None, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
    ) -> None:
        super().__init__(*self.preset, seed=seed, input_axes=input_axes, output_axes=output_axes)


class GlorotUniform(_Preset):
    """Uniform, variance 2 / (inputs + outputs): keeps the scale of activations and gradients under tanh."""

    preset = (1.0, "fan_avg", "uniform")


class GlorotNormal(_Preset):
    """Truncated normal, variance 2 / (inputs + outputs)."""

    preset = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_Preset):
    """Uniform, variance 2 / inputs: keeps the scale under relu."""

    preset = (2.0, "fan_in", "uniform")


class HeNormal(_Preset):
    """Truncated normal, variance 2 / inputs."""

    preset = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_Preset):
    """Uniform, variance 1 / inputs."""

    preset = (1.0, "fan_in", "uniform")


class LecunNormal(_Preset):
    """Truncated normal, variance 1 / inputs: what selu asks for."""

    preset = (1.0, "fan_in", "truncated_normal")
