"""Arrays made ready for a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Integers as rows with a 1 at their place (one-hot).

    Args:
        x: integers from 0 on; a last axis of size 1 is dropped.
        num_classes: length of the rows; the largest integer + 1 by default.
    Returns: an array with one axis more; a tensor if `x` is one.
    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    if ops.is_tensor(x):
        if len(x.shape) > 1 and x.shape[-1] == 1:
            x = ops.squeeze(x, axis=-1)
        return ops.one_hot(x, num_classes)
    labels = np.array(x, dtype="int64")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    width = num_classes or int(labels.max()) + 1
    rows = np.zeros((labels.size, width))
    rows[np.arange(labels.size), labels.ravel()] = 1
    return rows.reshape((*labels.shape, width))


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """x with vectors of length 1.

    Args:
        x: array or tensor.
        axis: the axis that vectors lie along.
        order: of the norm; 2 for Euclid's.
    Returns: an array; a tensor if `x` is one. Vectors of length 0 stay.
    Example:
        >>> normalize(np.array([[3.0, 4.0]]))
        array([[0.6, 0.8]])
    """
    if ops.is_tensor(x):
        return ops.normalize(x, axis=axis, order=order)
    lengths = np.linalg.norm(np.asarray(x), order, axis, keepdims=True)
    return x / np.where(lengths == 0, 1, lengths)
