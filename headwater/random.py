"""TensorFlow's `tf.random`: draws from a global stream, from a Generator, or stateless from a seed."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.frontend.generator import (
    Generator,
    draw_key,
    global_generator,
    set_global_generator,
    set_seed,
    stateless_key,
    uniform_of,
)  # fmt: skip
from headwater.ops import random as draws

__all__ = [
    "Generator", "categorical", "fold_in", "gamma", "get_global_generator", "normal", "poisson", "set_global_generator",
    "set_seed", "shuffle", "split", "stateless_binomial", "stateless_categorical", "stateless_gamma",
    "stateless_normal",
    "stateless_poisson", "stateless_truncated_normal", "stateless_uniform", "truncated_normal", "uniform",
]  # fmt: skip


def get_global_generator() -> Generator:
    """The stream of draws that are given no generator."""
    return global_generator()


def normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Numbers from the normal distribution.

    Args:
        shape: sizes of the result.
        mean, stddev: of the distribution; they broadcast to `shape`.
        dtype: a float dtype.
        seed: for a stream of its own.
    Example:
        >>> normal((2, 3)).shape
        TensorShape([2, 3])
    """
    return draws.normal(draw_key(seed), shape, mean, stddev, dtype)


def truncated_normal(
    shape: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Numbers from the normal distribution within two standard deviations of the mean."""
    return draws.truncated_normal(draw_key(seed), shape, mean, stddev, dtype)


def uniform(
    shape: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = "float32",
    seed: int | None = None,
    name: str | None = None,
) -> Any:
    """Numbers from `minval` up to `maxval`, without it: floats from 0 to 1 by default, or whole numbers if `dtype` is
    an integer."""
    return uniform_of(draw_key(seed), shape, minval, maxval, dtype)


def gamma(
    shape: Any, alpha: Any, beta: Any = None, dtype: Any = "float32", seed: int | None = None, name: str | None = None
) -> Any:
    """Numbers from gamma distributions.

    Args:
        shape: how many for each pair of parameters: in front of their own shape in the result.
        alpha: shape parameters.
        beta: inverse scales; 1 by default.
    """
    return _gamma(draw_key(seed), shape, alpha, beta, dtype)


def _gamma(key: Any, shape: Any, alpha: Any, beta: Any, dtype: Any) -> Any:
    alpha, beta = ops.cast(alpha, dtype), ops.cast(1.0 if beta is None else beta, dtype)
    alpha = ops.broadcast_to(alpha, (alpha + beta).shape)
    return draws.gamma(key, (*_sizes(shape), *alpha.shape), alpha, dtype) / beta


def poisson(shape: Any, lam: Any, dtype: Any = "float32", seed: int | None = None, name: str | None = None) -> Any:
    """Numbers from Poisson distributions of mean `lam`; `shape` goes in front of the shape of `lam`."""
    lam = ops.convert_to_tensor(lam)
    return ops.cast(draws.poisson(draw_key(seed), (*_sizes(shape), *lam.shape), lam), dtype)


def categorical(
    logits: Any, num_samples: int, dtype: Any = None, seed: int | None = None, name: str | None = None
) -> Any:
    """Classes drawn from unnormalised log-probabilities: logits (batch, classes) -> int64 (batch, num_samples)."""
    return draws.categorical(draw_key(seed), logits, int(num_samples), dtype or "int64")


def shuffle(value: Any, seed: int | None = None, name: str | None = None) -> Any:
    """The rows of `value` in random order."""
    return draws.shuffle(draw_key(seed), ops.convert_to_tensor(value))


def _sizes(shape: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in ([shape] if isinstance(shape, int) else shape))


# Stateless: the same seed gives the same numbers


def split(seed: Any, num: int = 2, alg: Any = "auto_select") -> Any:
    """Seeds made of one: (num, 2)."""
    return ops.cast(draws.split(stateless_key(seed), num)[:, :2], ops.convert_to_tensor(seed).dtype)


def fold_in(seed: Any, data: Any, alg: Any = "auto_select") -> Any:
    """A seed made of a seed and a number."""
    return ops.cast(draws.fold_in(stateless_key(seed), data)[:2], ops.convert_to_tensor(seed).dtype)


def stateless_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """`normal` for a seed of two numbers."""
    return draws.normal(stateless_key(seed), shape, mean, stddev, dtype)


def stateless_truncated_normal(
    shape: Any,
    seed: Any,
    mean: Any = 0.0,
    stddev: Any = 1.0,
    dtype: Any = "float32",
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """`truncated_normal` for a seed of two numbers."""
    return draws.truncated_normal(stateless_key(seed), shape, mean, stddev, dtype)


def stateless_uniform(
    shape: Any,
    seed: Any,
    minval: Any = 0,
    maxval: Any = None,
    dtype: Any = "float32",
    name: str | None = None,
    alg: Any = "auto_select",
) -> Any:
    """`uniform` for a seed of two numbers."""
    return uniform_of(stateless_key(seed), shape, minval, maxval, dtype)


def stateless_categorical(
    logits: Any, num_samples: int, seed: Any, dtype: Any = "int64", name: str | None = None
) -> Any:
    """`categorical` for a seed of two numbers."""
    return draws.categorical(stateless_key(seed), logits, int(num_samples), dtype)


def stateless_gamma(
    shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = "float32", name: str | None = None
) -> Any:
    """Gamma draws of the whole `shape` for a seed of two numbers; the parameters broadcast to it."""
    sizes = _sizes(shape)
    alpha = ops.broadcast_to(ops.cast(alpha, dtype), sizes)
    return draws.gamma(stateless_key(seed), sizes, alpha, dtype) / ops.cast(1.0 if beta is None else beta, dtype)


def stateless_poisson(shape: Any, seed: Any, lam: Any, dtype: Any = "int32", name: str | None = None) -> Any:
    """Poisson draws of the whole `shape` for a seed of two numbers; `lam` broadcasts to it."""
    return ops.cast(draws.poisson(stateless_key(seed), _sizes(shape), lam), dtype)


def stateless_binomial(
    shape: Any, seed: Any, counts: Any, probs: Any, output_dtype: Any = "int32", name: str | None = None
) -> Any:
    """Binomial draws of the whole `shape` for a seed of two numbers."""
    return ops.cast(draws.binomial(stateless_key(seed), _sizes(shape), counts, probs), output_dtype)
