"""BatchNormalization: each channel brought to mean 0 and variance 1 over the batch."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ShapeError, UnsupportedError
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
        renorm, renorm_clipping, renorm_momentum, synchronized: only their defaults.
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
        if renorm:
            raise UnsupportedError("BatchNormalization(renorm=True) is not served.", fix="leave renorm out.", where="")
        self.axis = int(axis[0] if isinstance(axis, (list, tuple)) else axis)
        self.momentum, self.epsilon, self.center, self.scale = momentum, epsilon, center, scale
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
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis % len(input_shape): channels})

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The input, normalized."""
        narrow = inputs.dtype in ("float16", "bfloat16")
        x = ops.cast(inputs, "float32") if narrow else inputs
        ndim = len(x.shape)
        channel = self.axis % ndim
        axes = tuple(axis for axis in range(ndim) if axis != channel)
        spread = tuple(size if axis == channel else 1 for axis, size in enumerate(x.shape))
        if training and self.trainable:
            mean, variance = self._batch_moments(x, axes, mask)
            for running, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                old = ops.cast(running, x.dtype)
                running.assign(ops.add(ops.multiply(old, self.momentum), ops.multiply(value, 1.0 - self.momentum)))
        else:
            mean, variance = ops.cast(self.moving_mean, x.dtype), ops.cast(self.moving_variance, x.dtype)
        factor = ops.rsqrt(ops.add(variance, self.epsilon))
        if self.gamma is not None:
            factor = ops.multiply(factor, ops.cast(self.gamma, x.dtype))
        x = ops.multiply(ops.subtract(x, ops.reshape(mean, spread)), ops.reshape(factor, spread))
        if self.beta is not None:
            x = ops.add(x, ops.reshape(ops.cast(self.beta, x.dtype), spread))
        return ops.cast(x, self.compute_dtype)

    def _batch_moments(self, x: Any, axes: tuple[int, ...], mask: Any) -> tuple[Any, Any]:
        if mask is None:
            mean = ops.mean(x, axis=axes, keepdims=True)
            variance = ops.mean(ops.square(ops.subtract(x, mean)), axis=axes)
            return ops.squeeze(mean, axis=axes), variance
        weights = ops.cast(mask, x.dtype)
        while len(weights.shape) < len(x.shape):
            weights = ops.expand_dims(weights, axis=-1)
        weights = ops.broadcast_to(weights, x.shape)
        count = ops.add(ops.sum(weights, axis=axes, keepdims=True), 1e-7)
        mean = ops.divide(ops.sum(ops.multiply(weights, x), axis=axes, keepdims=True), count)
        squares = ops.multiply(weights, ops.square(ops.subtract(x, mean)))
        variance = ops.divide(ops.sum(squares, axis=axes, keepdims=True), count)
        return ops.squeeze(mean, axis=axes), ops.squeeze(variance, axis=axes)

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
            "renorm": False,
            "renorm_clipping": None,
            "renorm_momentum": self.renorm_momentum,
        }
