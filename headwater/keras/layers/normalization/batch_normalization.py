"""BatchNormalization: each channel brought to mean 0 and variance 1 over the batch."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.dtypes import result_type
from headwater.errors import ArgumentError, ShapeError, UnsupportedError
from headwater.keras import constraints, initializers, regularizers
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer


class BatchNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with the moments of each channel.

    While training the moments are those of the batch, and their running means are kept; otherwise, and where the layer
    is not trainable, the running means are used.

    Args:
        axis: the axis of the channels.
        momentum: how much of the running means stays at each step.
        epsilon: added to the variance.
        center: whether beta is added.
        scale: whether gamma is multiplied.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: first values.
        beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: of gamma and beta.
        renorm: whether to correct what the batch gives towards what the running means give (Ioffe 2017,
            arXiv:1702.03275).
        renorm_clipping: limits of that correction: a dict with "rmin", "rmax" (of the ratio of the deviations) and
            "dmax" (of the distance of the means).
        renorm_momentum: how much of the running means used for that stays at each step.
        synchronized: only False.
    Raises: ArgumentError for unknown or impossible limits; UnsupportedError for `synchronized`.
    Source: Ioffe and Szegedy 2015, arXiv:1502.03167.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if synchronized:
            raise UnsupportedError(
                "BatchNormalization(synchronized=True) averages moments over machines, which is not served.",
                fix="leave synchronized out.",
                where="",
            )
        self._set_untracked(renorm=renorm, renorm_clipping=_clipping_of(renorm_clipping) if renorm else renorm_clipping)
        self.axis = int(axis[0] if isinstance(axis, (list, tuple)) else axis)
        self.momentum, self.epsilon = float(momentum), float(epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.renorm_momentum, self.synchronized = renorm_momentum, synchronized
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make gamma, beta and the running means."""
        channels = input_shape[self.axis]
        if channels is None:
            raise ShapeError(
                f"BatchNormalization: the input {tuple(input_shape)} has no known size along axis {self.axis}.",
                fix="give the input a full shape.",
            )
        shape = (channels,)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma", shape=shape, initializer=self.gamma_initializer, regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint, autocast=False,
            )  # fmt: skip
        if self.center:
            self.beta = self.add_weight(
                name="beta", shape=shape, initializer=self.beta_initializer, regularizer=self.beta_regularizer,
                constraint=self.beta_constraint, autocast=False,
            )  # fmt: skip
        self.moving_mean = self.add_weight(
            name="moving_mean", shape=shape, initializer=self.moving_mean_initializer, trainable=False, autocast=False
        )
        self.moving_variance = self.add_weight(
            name="moving_variance",
            shape=shape,
            initializer=self.moving_variance_initializer,
            trainable=False,
            autocast=False,
        )
        if self.renorm:
            self._make_renorm_moments(shape)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis % len(input_shape): channels})

    def _make_renorm_moments(self, shape: tuple[int, ...]) -> None:
        def deviation(shape: Any, dtype: Any = None) -> Any:
            return ops.sqrt(_fresh(self.moving_variance_initializer)(shape, dtype=dtype))

        for name, first in (
            ("moving_stddev", deviation),
            ("renorm_mean", _fresh(self.moving_mean_initializer)),
            ("renorm_stddev", deviation),
        ):
            weight = self.add_weight(name=name, shape=shape, initializer=first, trainable=False, autocast=False)
            setattr(self, name, weight)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The input, normalized."""
        x = ops.cast(inputs, result_type(inputs.dtype, "float32"))
        gamma, beta = (None if each is None else ops.cast(each, x.dtype) for each in (self.gamma, self.beta))
        old_mean, old_variance = ops.cast(self.moving_mean, x.dtype), ops.cast(self.moving_variance, x.dtype)
        if not (training and self.trainable):
            x = ops.batch_normalization(x, old_mean, old_variance, self.axis, beta, gamma, self.epsilon)
            return ops.cast(x, self.compute_dtype)
        mean, variance = self._batch_moments(x, mask)
        if self.renorm:
            gamma, beta = self._renormalized(mean, variance, gamma, beta)
            self._keep_renorm_moments(mean, variance)
        else:
            self._keep(self.moving_mean, old_mean, mean, self.momentum)
            self._keep(self.moving_variance, old_variance, variance, self.momentum)
        x = ops.batch_normalization(x, mean, variance, self.axis, beta, gamma, self.epsilon)
        return ops.cast(x, self.compute_dtype)

    @staticmethod
    def _keep(running: Any, old: Any, new: Any, momentum: float) -> None:
        """Move a running mean towards a new value."""
        running.assign(ops.add(ops.multiply(old, momentum), ops.multiply(new, 1.0 - momentum)))

    def _batch_moments(self, x: Any, mask: Any) -> tuple[Any, Any]:
        """Mean and variance of each channel over the batch, without what a mask leaves out."""
        channel = self.axis % len(x.shape)
        axes = tuple(axis for axis in range(len(x.shape)) if axis != channel)
        return ops.moments(x, axes) if mask is None else self._masked_moments(x, mask, axes)

    def _masked_moments(self, x: Any, mask: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
        """Moments over the entries that the mask counts."""
        if len(mask.shape) != len(x.shape) - 1:
            raise ShapeError(
                f"BatchNormalization: a mask of shape {tuple(mask.shape)} for an input of shape {tuple(x.shape)}.",
                fix=f"give the mask {len(x.shape) - 1} axes: those of the input without its channels.",
            )
        counts = ops.broadcast_to(ops.expand_dims(ops.cast(mask, "bool"), axis=-1), x.shape)
        number = ops.add(ops.sum(ops.cast(counts, x.dtype), axis=axes, keepdims=True), ops.epsilon())
        mean = ops.divide(ops.sum(ops.where(counts, x, 0), axis=axes, keepdims=True), number)
        squares = ops.square(ops.where(counts, ops.subtract(x, mean), 0))
        variance = ops.divide(ops.sum(squares, axis=axes, keepdims=True), number)
        return ops.squeeze(mean, axis=axes), ops.squeeze(variance, axis=axes)

    def _renormalized(self, mean: Any, variance: Any, gamma: Any, beta: Any) -> tuple[Any, Any]:
        """Gamma and beta that bring what is normalized by the batch to what the running moments would give."""
        least = ops.sqrt(ops.cast(self.epsilon, mean.dtype))
        deviation = ops.maximum(ops.cast(self.renorm_stddev, mean.dtype), least)
        r = ops.divide(ops.sqrt(ops.add(variance, self.epsilon)), deviation)
        d = ops.divide(ops.subtract(mean, ops.cast(self.renorm_mean, mean.dtype)), deviation)
        limits = self.renorm_clipping or {}
        r = r if limits.get("rmin") is None else ops.maximum(r, limits["rmin"])
        r = r if limits.get("rmax") is None else ops.minimum(r, limits["rmax"])
        d = d if limits.get("dmax") is None else ops.clip(d, -limits["dmax"], limits["dmax"])
        r, d = ops.stop_gradient(r), ops.stop_gradient(d)
        if gamma is not None:
            r, d = ops.multiply(r, gamma), ops.multiply(d, gamma)
        return r, d if beta is None else ops.add(d, beta)

    def _keep_renorm_moments(self, mean: Any, variance: Any) -> None:
        deviation = ops.sqrt(ops.add(variance, self.epsilon))
        for running, value, momentum in (
            (self.renorm_mean, mean, self.renorm_momentum),
            (self.renorm_stddev, deviation, self.renorm_momentum),
            (self.moving_mean, mean, self.momentum),
            (self.moving_stddev, deviation, self.momentum),
        ):
            self._keep(running, ops.cast(running, mean.dtype), value, momentum)
        kept = ops.cast(self.moving_stddev, mean.dtype)
        self.moving_variance.assign(ops.relu(ops.subtract(ops.square(kept), self.epsilon)))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
            "synchronized": self.synchronized,
            "renorm": self.renorm,
            "renorm_clipping": self.renorm_clipping,
            "renorm_momentum": self.renorm_momentum,
        }


def _clipping_of(limits: dict[str, float] | None) -> dict[str, float]:
    """The limits of the correction, checked.

    Raises: ArgumentError if one is unknown, or they exclude one another.
    """
    limits = limits or {}
    low, high, distance = (limits.get(name) for name in ("rmin", "rmax", "dmax"))
    impossible = (low is not None and high is not None and high < low) or (distance is not None and distance < 0)
    if set(limits) - {"rmin", "rmax", "dmax"} or impossible:
        raise ArgumentError(
            f"BatchNormalization: renorm_clipping is {limits}.",
            fix="pass a dict of rmin, rmax (not below rmin) and dmax (not below 0).",
            where="",
        )
    return limits


def _fresh(initializer: Any) -> Any:
    """An initializer that draws the same values again."""
    return initializer.clone() if isinstance(initializer, initializers.Initializer) else initializer
