"""Quantiles of a stream, in constant memory: a summary of values and of how many of the stream each stands for."""

from __future__ import annotations

import numpy as np


def empty() -> np.ndarray:
    """The summary of nothing: (2, 0); the first row has values, the second what each of them weighs."""
    return np.zeros((2, 0), np.float32)


def summarized(values: np.ndarray, epsilon: float) -> np.ndarray:
    """The summary of some values: about 1 / epsilon of them, evenly spaced in their order.

    Args:
        values: any shape.
        epsilon: share of the values that one of the summary stands for.
    Returns: (2, n), float32.
    """
    ordered = np.sort(values, axis=None)
    step = max(ordered.size * epsilon, 1.0)
    kept = ordered[int(step - 1) :: int(step)]
    return np.stack([kept, np.full_like(kept, step)])


def merged(one: np.ndarray, other: np.ndarray, epsilon: float) -> np.ndarray:
    """The summary of two streams, from theirs."""
    both = np.concatenate([one, other], axis=1)
    return compressed(both[:, np.argsort(both[0])], epsilon)


def compressed(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """A summary with about 1 / epsilon values, found between the old ones by how much of the stream lies below them."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    below = summary[1].cumsum()
    known = below / below[-1]
    values = np.interp(shares, known, summary[0])
    weights = np.diff(np.interp(shares, known, below), prepend=0.0)
    return np.stack([values, weights]).astype(np.float32)


def boundaries(summary: np.ndarray, num_bins: int) -> np.ndarray:
    """The values that part a stream into bins of equally many."""
    return compressed(summary, 1.0 / num_bins)[0, :-1]
