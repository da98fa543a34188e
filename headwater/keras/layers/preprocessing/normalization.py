"""Normalization: features brought to mean 0 and variance 1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, ShapeError, StateError
from headwater.keras.layers.layer import Layer


class Normalization(Layer):
    """(x - mean) / sqrt(variance), with means and variances that are given, or found by `adapt`.

    Args:
        axis: axis or axes that have means of their own, the batch being 0; None for one mean of all.
        mean: the means.
        variance: the variances.
        invert: whether to undo it: x * sqrt(variance) + mean.
    Example:
        >>> layer = Normalization()
        >>> layer.adapt(np.array([[1.0], [2.0], [3.0]]))
        >>> layer(np.array([[2.0]])).numpy().tolist()
        [[0.0]]
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if axis is None:
            axis = ()
        self.axis = (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise ArgumentError(
                f"Normalization: mean={mean} and variance={variance}: one is missing.",
                fix="pass both, or neither.",
                where="",
            )
        self._set_untracked(
            input_mean=None if mean is None else np.asarray(mean, "float32"),
            input_variance=None if variance is None else np.asarray(variance, "float32"),
        )
        self.invert = invert
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the variables for means and variances, unless they were given."""
        ndim = len(input_shape)
        if any(not -ndim <= axis < ndim for axis in self.axis):
            raise ShapeError(
                f"Normalization: axis {self.axis} does not exist in an input of {ndim} axes.", fix="name other axes."
            )
        keep = tuple(sorted(axis % ndim for axis in self.axis))
        if any(input_shape[axis] is None for axis in keep):
            raise ShapeError(
                f"Normalization: the input {tuple(input_shape)} has unknown sizes along axes {keep}.",
                fix="give the input a full shape.",
            )
        sizes = tuple(input_shape[axis] for axis in keep)
        self._set_untracked(
            _keep=keep, _reduce=tuple(axis for axis in range(ndim) if axis not in keep), _sizes=sizes,
            _spread=tuple(input_shape[axis] if axis in keep else 1 for axis in range(ndim)),
        )  # fmt: skip
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(name="mean", shape=sizes, initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight(name="variance", shape=sizes, initializer="ones", trainable=False)
            self.count = self.add_weight(name="count", shape=(), dtype="int32", initializer="zeros", trainable=False)
            self._set_untracked(mean=None, variance=None)
        else:
            spread = self._spread if self._keep else ()
            self._set_untracked(
                mean=np.broadcast_to(self.input_mean.reshape(-1) if self._keep else self.input_mean, sizes).reshape(
                    spread
                ),
                variance=np.broadcast_to(
                    self.input_variance.reshape(-1) if self._keep else self.input_variance, sizes
                ).reshape(spread),
            )

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find means and variances of data, in float64.

        Args:
            data: an array, or an iterable of batches.
            batch_size, steps: accepted; `steps` limits the batches taken of an iterable.
        Raises: StateError if means were given to the constructor.
        """
        if self.input_mean is not None:
            raise StateError(
                "Normalization has been given its means.", fix="leave out `mean` and `variance` to adapt it."
            )
        moments = None
        for batch in _batches(data, steps):
            values = np.asarray(batch, dtype=np.float64)
            if values.ndim == 1:
                values = values[:, None] if self.built and len(getattr(self, "_spread", ())) == 2 else values
            if not self.built:
                self.build((None, *values.shape[1:]) if values.ndim > 1 else values.shape)
            moments = _merged(moments, values, self._reduce)
        if moments is None:
            raise ArgumentError("Normalization.adapt was given no data.", fix="pass at least one batch.")
        count, mean, square = moments
        self.adapt_mean.assign(mean.astype("float32"))
        self.adapt_variance.assign((square / count).astype("float32"))
        self.count.assign(np.int32(min(count, 2**31 - 1)))
        self.finalize_state()

    def finalize_state(self) -> None:
        """Nothing to do: the variables are read when the layer is called."""

    def _moments(self) -> tuple[Any, Any]:
        if self.mean is not None:
            return self.mean, self.variance
        spread = self._spread if self._keep else ()
        return ops.reshape(self.adapt_mean, spread), ops.reshape(self.adapt_variance, spread)

    def call(self, inputs: Any) -> Any:
        """The input, normalized."""
        mean, variance = (ops.convert_to_tensor(value, self.compute_dtype) for value in self._moments())
        inputs = ops.cast(inputs, self.compute_dtype)
        scale = ops.maximum(ops.sqrt(variance), 1e-7)
        if self.invert:
            return ops.add(mean, ops.multiply(inputs, scale))
        return ops.divide(ops.subtract(inputs, mean), scale)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": None if self.input_mean is None else self.input_mean.tolist(),
            "variance": None if self.input_variance is None else self.input_variance.tolist(),
        }

    def load_own_variables(self, store: Any) -> None:
        """Take means and variances from `store`."""
        super().load_own_variables(store)
        self.finalize_state()


def _batches(data: Any, steps: int | None) -> Any:
    if hasattr(data, "shape") or (isinstance(data, (list, tuple)) and not hasattr(data[0], "shape")):
        yield data
        return
    for index, batch in enumerate(data):
        if steps is not None and index >= steps:
            return
        yield batch[0] if isinstance(batch, (tuple, list)) else batch


def _merged(moments: Any, values: np.ndarray, axes: tuple[int, ...]) -> tuple[int, np.ndarray, np.ndarray]:
    """Count, mean and sum of squared deviations of all values so far (Chan, Golub and LeVeque 1979)."""
    count = math.prod(values.shape[axis] for axis in axes)
    mean = values.mean(axis=axes)
    square = ((values - values.mean(axis=axes, keepdims=True)) ** 2).sum(axis=axes)
    if moments is None:
        return count, mean, square
    old_count, old_mean, old_square = moments
    total = old_count + count
    shift = mean - old_mean
    return total, old_mean + shift * count / total, old_square + square + shift**2 * old_count * count / total
