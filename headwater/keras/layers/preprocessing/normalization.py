"""Normalization: features brought to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, ShapeError, StateError
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.preprocessing.adapting import batches_of
from headwater.keras.layers.preprocessing.moments import Moments


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
            _moments=None, _keep=None,
        )  # fmt: skip
        if mean is not None:
            self._check_given()
        self.invert = invert
        self.supports_masking = True

    def _check_given(self) -> None:
        mean, variance = self.input_mean, self.input_variance
        if mean.shape != variance.shape or mean.ndim > len(self.axis):
            raise ShapeError(
                f"Normalization: mean of shape {mean.shape}, variance of shape {variance.shape}, for axis {self.axis}.",
                fix="give both one shape, with no more axes than `axis` names.",
                where="",
            )

    def build(self, input_shape: Any) -> None:
        """Make the variables for means and variances, unless they were given."""
        if input_shape is None:
            return
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

    # ---- adapting ---------------------------------------------------------------------------------------------------

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find means and variances of data, in float64, in one pass and constant memory.

        Args:
            data: an array, or an iterable of batches: a Dataset, a generator, a list of arrays. A Dataset of single
                rows is batched.
            batch_size: accepted; not needed.
            steps: how many batches to take of an iterable; None for all.
        Raises: StateError if means were given to the constructor; ShapeError if the data does not fit the layer.
        """
        self.reset_state()
        for batch in batches_of(_iterated(data), steps, first_only=True):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Take a batch into account."""
        if self.input_mean is not None:
            raise StateError(
                "Normalization has been given its means.", fix="leave out `mean` and `variance` to adapt it."
            )
        values = np.asarray(data)
        if not self.built:
            self.build((None, *values.shape[1:]) if 0 not in self._kept_of(values) else values.shape)
        elif values.ndim == 1 and len(self._spread) == 2 and self._spread[1] == 1:
            values = values[:, None]
        self._require_fit(values.shape)
        if self._moments is None:
            self._set_untracked(_moments=Moments(self._reduce))
        self._moments.update(values)

    def _kept_of(self, values: np.ndarray) -> set[int]:
        return {axis % values.ndim for axis in self.axis if values.ndim}

    def _require_fit(self, shape: tuple[int, ...]) -> None:
        fits = len(shape) == len(self._spread) and all(shape[axis] == self._spread[axis] for axis in self._keep)
        if not fits:
            known = tuple(size if axis in self._keep else None for axis, size in enumerate(self._spread))
            raise ShapeError(
                f"{self.name!r} was built for inputs of shape {known} and is to adapt to data of shape {tuple(shape)}.",
                fix="make a new layer, or give it data of that shape.",
            )

    def finalize_state(self) -> None:
        """Make means and variances of what was seen."""
        moments = self._moments
        if self.input_mean is not None or moments is None:
            return
        if not moments.count:
            raise ArgumentError("Normalization.adapt was given no data.", fix="pass at least one batch.")
        self.adapt_mean.assign(moments.mean.astype("float32"))
        self.adapt_variance.assign(moments.variance.astype("float32"))
        self.count.assign(np.int32(min(moments.count, 2**31 - 1)))
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what was seen."""
        self._set_untracked(_moments=None)

    # ---- normalizing ------------------------------------------------------------------------------------------------

    @property
    def mean(self) -> Any:
        """The means, in a shape that broadcasts with the inputs; None before the layer is built."""
        return self._spread_out(self.input_mean, self.__dict__.get("adapt_mean"))

    @property
    def variance(self) -> Any:
        """The variances, likewise."""
        return self._spread_out(self.input_variance, self.__dict__.get("adapt_variance"))

    def _spread_out(self, given: Any, adapted: Any) -> Any:
        if self._keep is None:
            return None
        if given is None:
            return ops.cast(ops.reshape(adapted, self._spread), self.compute_dtype)
        sizes = [1] * len(self._spread)  # those of `given` belong to the last of the axes that are kept
        for place in range(1, given.ndim + 1):
            sizes[self._keep[-place]] = given.shape[-place]
        return ops.convert_to_tensor(np.broadcast_to(given.reshape(sizes), self._spread), self.compute_dtype)

    def call(self, inputs: Any) -> Any:
        """The input, normalized."""
        mean, variance = self.mean, self.variance
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


def _iterated(data: Any) -> Any:
    """A list of arrays as the iterable of batches that it is, and a Dataset of single rows in batches."""
    if isinstance(data, (list, tuple)) and len(data) and all(hasattr(item, "shape") for item in data):
        return iter(data)
    spec = getattr(data, "element_spec", None)
    spec = spec[0] if isinstance(spec, tuple) else spec
    return data.batch(128) if spec is not None and len(spec.shape) == 1 else data
