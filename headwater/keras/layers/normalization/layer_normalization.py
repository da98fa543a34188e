"""LayerNormalization: each sample brought to mean 0 and variance 1 along axes of its features."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras import constraints, initializers, regularizers
from headwater.keras.layers.layer import Layer


class LayerNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with the moments of each sample along `axis`.

    Args:
        axis: axis or axes of the features.
        epsilon: added to the variance.
        center: whether beta is added.
        scale: whether gamma is multiplied.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: of
            these.
    Source: Ba, Kiros and Hinton 2016, arXiv:1607.06450.
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        self.__dict__["rms_scaling"] = kwargs.pop("rms_scaling", False)
        super().__init__(**kwargs)
        self._set_untracked(axis=list(axis) if isinstance(axis, (list, tuple)) else axis)
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True

    def _axes(self, ndim: int) -> tuple[int, ...]:
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        return tuple(sorted(axis % ndim for axis in axes))

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta."""
        if not isinstance(self.axis, list):
            self._set_untracked(axis=[self.axis])
        sizes = tuple(input_shape[axis] for axis in self._axes(len(input_shape)))
        self.gamma = self.beta = None
        if self.scale or self.rms_scaling:
            self.gamma = self.add_weight(
                name="gamma", shape=sizes, initializer=self.gamma_initializer, regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint, autocast=False,
            )  # fmt: skip
        if self.center and not self.rms_scaling:
            self.beta = self.add_weight(
                name="beta", shape=sizes, initializer=self.beta_initializer, regularizer=self.beta_regularizer,
                constraint=self.beta_constraint, autocast=False,
            )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The input, normalized."""
        x = ops.layer_normalization(
            inputs, self.gamma, self.beta, axis=self.axis, epsilon=self.epsilon, rms_scaling=self.rms_scaling
        )
        return ops.cast(x, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "rms_scaling": self.rms_scaling,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }
