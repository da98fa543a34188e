"""The distributions: of `headwater.ops.random`, with Keras's arguments and a seed in place of a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import ops
from headwater.errors import DTypeError, ShapeError
from headwater.keras.backend.standard import is_float_dtype, is_int_dtype, standardize_dtype
from headwater.keras.random.seed_generator import draw_key
from headwater.ops import random as stateless


def normal(shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a normal distribution.

    Args:
        shape: shape of the result.
        mean: mean of the distribution.
        stddev: its standard deviation.
        dtype: float dtype of the result; `floatx()` by default.
        seed: an int (always the same numbers), a `SeedGenerator` (others each time), or None (others each time).
    Example:
        >>> bool((normal((3,), seed=1) == normal((3,), seed=1)).numpy().all())
        True
    """
    return stateless.normal(draw_key(seed), tuple(shape), mean, stddev, dtype=standardize_dtype(dtype))


def truncated_normal(
    shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Numbers of a normal distribution, those beyond two standard deviations drawn again. Arguments as in `normal`."""
    return stateless.truncated_normal(draw_key(seed), tuple(shape), mean, stddev, dtype=standardize_dtype(dtype))


def uniform(shape: Sequence[int], minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers spread evenly over [minval, maxval).

    Args:
        shape: shape of the result.
        minval: lower bound, included.
        maxval: upper bound, excluded.
        dtype: float dtype of the result; `floatx()` by default.
        seed: as in `normal`.
    Raises: DTypeError if the dtype is no float; `randint` draws integers.
    """
    if not is_float_dtype(dtype):
        raise DTypeError(
            f"uniform numbers of dtype {dtype} are not floats.", fix="use keras.random.randint for integers."
        )
    return stateless.uniform(draw_key(seed), tuple(shape), minval, maxval, dtype=standardize_dtype(dtype))


def randint(shape: Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Integers from minval up to, not including, maxval.

    Raises: DTypeError if the dtype is no integer; `uniform` draws floats.
    """
    if not is_int_dtype(dtype):
        raise DTypeError(f"random integers can't have dtype {dtype}.", fix="use keras.random.uniform for floats.")
    return stateless.randint(draw_key(seed), tuple(shape), minval, maxval, dtype=standardize_dtype(dtype))


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Classes drawn with probabilities softmax(logits).

    Args:
        logits: (batch, classes).
        num_samples: draws per row.
        dtype: integer dtype of the result.
        seed: as in `normal`.
    Returns: (batch, num_samples).
    Raises: ShapeError if logits has not two axes.
    """
    logits = ops.convert_to_tensor(logits)
    if len(logits.shape) != 2:
        raise ShapeError(
            f"logits of shape {tuple(logits.shape)} are not (batch, classes).", fix="reshape them to two axes."
        )
    return stateless.categorical(draw_key(seed), logits, num_samples, dtype=standardize_dtype(dtype))


def dropout(inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Any = None) -> Any:
    """Inputs with a share of them set to 0, and the others scaled up so that the mean stays.

    Args:
        inputs: tensor of floats.
        rate: share that is set to 0.
        noise_shape: shape of the mask, which broadcasts: 1 where all share one decision; None where the inputs' size is
            meant.
        seed: as in `normal`.
    """
    inputs = ops.convert_to_tensor(inputs)
    return stateless.dropout(draw_key(seed), inputs, rate, noise_shape=_mask_shape(inputs, noise_shape))


def _mask_shape(inputs: Any, noise_shape: Sequence[int | None] | None) -> tuple[int, ...] | None:
    if noise_shape is None:
        return None
    return tuple(size if wanted is None else wanted for size, wanted in zip(inputs.shape, noise_shape, strict=True))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """x with its slices along `axis` in random order."""
    return stateless.shuffle(draw_key(seed), ops.convert_to_tensor(x), axis=axis)


def gamma(shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a gamma distribution of shape `alpha` (which broadcasts to `shape`) and scale 1."""
    return stateless.gamma(draw_key(seed), tuple(shape), alpha, dtype=standardize_dtype(dtype))


def beta(shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a beta distribution; `alpha` and `beta` broadcast to `shape`."""
    return stateless.beta(draw_key(seed), tuple(shape), alpha, beta, dtype=standardize_dtype(dtype))


def binomial(shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """How many of `counts` trials succeed, each with probability `probabilities`; both broadcast to `shape`."""
    return stateless.binomial(draw_key(seed), tuple(shape), counts, probabilities, dtype=standardize_dtype(dtype))
