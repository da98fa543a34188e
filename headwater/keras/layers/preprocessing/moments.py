"""Mean and variance of a stream, in one pass and constant memory."""

from __future__ import annotations

import math

import numpy as np

_PIECE = 1 << 20  # elements that are worked on at a time


class Moments:
    """Means and variances along some axes of all values so far, in float64.

    Args:
        axes: the axes that are averaged over.
    Example:
        >>> moments = Moments((0,))
        >>> moments.update(np.array([[1.0], [2.0]]))
        >>> moments.update(np.array([[6.0]]))
        >>> float(moments.mean[0]), float(moments.variance[0].round(4))
        (3.0, 4.6667)

    Source: Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances".
    """

    def __init__(self, axes: tuple[int, ...]) -> None:
        self.axes = axes
        self.count = 0
        self.mean = np.zeros(())
        self._squares = np.zeros(())  # sum of squared distances from the mean

    @property
    def variance(self) -> np.ndarray:
        """The mean squared distance from the mean."""
        return self._squares / max(self.count, 1)

    def update(self, values: np.ndarray) -> None:
        """Take values into account; a large array piece by piece, so that it is not copied as a whole."""
        if 0 not in self.axes or values.size <= _PIECE:
            self._merge(np.asarray(values, np.float64))
            return
        rows = max(1, _PIECE * len(values) // values.size)
        for start in range(0, len(values), rows):
            self._merge(np.asarray(values[start : start + rows], np.float64))

    def _merge(self, values: np.ndarray) -> None:
        count = math.prod(values.shape[axis] for axis in self.axes)
        if not count:
            return
        mean = values.mean(axis=self.axes)
        squares = np.square(values - values.mean(axis=self.axes, keepdims=True)).sum(axis=self.axes)
        total = self.count + count
        shift = mean - self.mean
        self.mean = self.mean + shift * (count / total)
        self._squares = self._squares + squares + np.square(shift) * (self.count * (count / total))
        self.count = total
