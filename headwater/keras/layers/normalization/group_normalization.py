"""GroupNormalization: groups of channels of each sample brought to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.dtypes import result_type
from headwater.errors import ArgumentError, ShapeError
from headwater.keras import constraints, initializers, regularizers
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer


class GroupNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with the moments of each group of channels of each sample.

    Args:
        groups: number of groups; -1 for as many as there are channels (instance normalization).
        axis: the axis of the channels.
        epsilon: added to the variance.
        center: whether beta is added.
        scale: whether gamma is multiplied.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: of
            these.
    Raises: ArgumentError if `groups` is no positive whole number; ShapeError, when it is built, if the channels can't
        be parted into so many groups.
    Example:
        >>> GroupNormalization(groups=2).compute_output_shape((None, 5, 5, 4))
        (None, 5, 5, 4)

    Source: Wu and He 2018, arXiv:1803.08494.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ArgumentError(
                f"GroupNormalization: groups is {groups!r}.",
                fix="pass a whole number of 1 or more, or -1 for a group for each channel.",
            )
        super().__init__(**kwargs)
        self.supports_masking = True
        self.autocast = False
        self.groups, self.axis, self.epsilon = groups, axis, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta."""
        channels = input_shape[self.axis]
        if channels is None:
            raise ShapeError(
                f"GroupNormalization: the input {tuple(input_shape)} has no known size along axis {self.axis}.",
                fix="give the input a full shape.",
            )
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise ShapeError(
                f"GroupNormalization: {channels} channels can't be parted into {self.groups} groups.",
                fix=f"choose groups that divide {channels}, or -1.",
            )
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma", shape=(channels,), initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer, constraint=self.gamma_constraint, autocast=False,
            )  # fmt: skip
        if self.center:
            self.beta = self.add_weight(
                name="beta", shape=(channels,), initializer=self.beta_initializer,
                regularizer=self.beta_regularizer, constraint=self.beta_constraint, autocast=False,
            )  # fmt: skip
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def call(self, inputs: Any) -> Any:
        """The input, normalized."""
        sizes = tuple(inputs.shape)
        place = self.axis % len(sizes)
        groups = (self.groups, sizes[place] // self.groups)
        x = ops.cast(inputs, result_type(inputs.dtype, "float32"))
        x = ops.reshape(x, (*sizes[:place], *groups, *sizes[place + 1 :]))
        axes = tuple(axis for axis in range(1, len(sizes) + 1) if axis != place)
        mean, variance = ops.moments(x, axes, keepdims=True)
        along = [1] * place + list(groups) + [1] * (len(sizes) - place - 1)
        factor = ops.rsqrt(ops.add(variance, self.epsilon))
        if self.gamma is not None:
            factor = ops.multiply(factor, ops.cast(ops.reshape(self.gamma, along), x.dtype))
        shift = ops.negative(ops.multiply(mean, factor))
        if self.beta is not None:
            shift = ops.add(shift, ops.cast(ops.reshape(self.beta, along), x.dtype))
        x = ops.add(ops.multiply(x, factor), shift)
        return ops.cast(ops.reshape(x, sizes), self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "groups": self.groups,
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }
