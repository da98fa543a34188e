"""Activation functions as layers: functions of one value each, and softmax along axes."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras import activations, constraints, initializers, regularizers
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer


class _SameShape(Layer):
    """A layer whose output has the shape of its input, and its mask."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.built = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape


class Activation(_SameShape):
    """Applies an activation function.

    Args:
        activation: its name, or the function.
    Example:
        >>> Activation("relu")([-1.0, 2.0]).numpy().tolist()
        [0.0, 2.0]
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """activation(x)."""
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class ReLU(_SameShape):
    """max(x, 0), bounded above by `max_value`, with slope `negative_slope` below `threshold`.

    Args:
        max_value: upper bound; None for none.
        negative_slope: slope below the threshold.
        threshold: where the upper part begins.
    Example:
        >>> ReLU(max_value=1.0)([-1.0, 0.5, 2.0]).numpy().tolist()
        [0.0, 0.5, 1.0]
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        if (
            (max_value is not None and max_value < 0)
            or slope is None
            or slope < 0
            or threshold is None
            or threshold < 0
        ):
            raise ArgumentError(
                f"ReLU: max_value={max_value}, negative_slope={slope}, threshold={threshold}: none may be negative.",
                fix="pass 0 or more.",
            )
        self.max_value, self.negative_slope, self.threshold = max_value, slope, threshold

    def call(self, inputs: Any) -> Any:
        """The function."""
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        own = {"max_value": self.max_value, "negative_slope": self.negative_slope, "threshold": self.threshold}
        return {**super().get_config(), **own}


class LeakyReLU(_SameShape):
    """x where it is positive, `negative_slope` x elsewhere.

    Args:
        negative_slope: slope below 0.
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        if negative_slope is None:
            raise ArgumentError("LeakyReLU: negative_slope is None.", fix="pass a number.")
        self.negative_slope = negative_slope

    def call(self, inputs: Any) -> Any:
        """The function."""
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(_SameShape):
    """x where it is positive, alpha (exp(x) - 1) elsewhere.

    Args:
        alpha: the bound below, with its sign changed.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, inputs: Any) -> Any:
        """The function."""
        return activations.elu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "alpha": self.alpha}


class Softmax(_SameShape):
    """exp(x) divided by its sum along an axis, or several; entries that the mask leaves out count as minus infinity.

    Args:
        axis: the axis or axes.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = tuple(axis) if isinstance(axis, list) else axis

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The function."""
        if mask is None:
            return self._softmax(inputs)
        keep = self._kept(mask, inputs)
        found = self._softmax(ops.where(keep, inputs, -3.0e4 if inputs.dtype == "float16" else -1.0e9))
        return ops.where(keep, found, 0.0)  # 0 even where nothing along the axis is left

    def _softmax(self, x: Any) -> Any:
        if not isinstance(self.axis, tuple):
            return activations.softmax(x, axis=self.axis)
        if len(self.axis) == 1:
            return activations.softmax(x, axis=self.axis[0])
        return ops.exp(ops.subtract(x, ops.logsumexp(x, axis=self.axis, keepdims=True)))

    def _kept(self, mask: Any, inputs: Any) -> Any:
        """The mask as bool.

        Raises: ShapeError if it does not broadcast to the input.
        """
        own, full = tuple(mask.shape), tuple(inputs.shape)
        if len(own) > len(full) or any(a not in (1, b) for a, b in zip(reversed(own), reversed(full))):
            raise ShapeError(
                f"Softmax: a mask of shape {own} for an input of shape {full}.",
                fix="give the mask the shape of the input, or 1 along some of its axes.",
            )
        return mask if mask.dtype.is_bool else ops.greater(mask, 0.5)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "axis": self.axis}


class PReLU(Layer):
    """x where it is positive, alpha x elsewhere, with an alpha for each position that is learned.

    Args:
        alpha_initializer, alpha_regularizer, alpha_constraint: of the slopes.
        shared_axes: axes along which one slope serves all, counted with the batch as 0.
    Source: He et al. 2015, arXiv:1502.01852, section 2.1.
    """

    def __init__(
        self, alpha_initializer: Any = "Zeros", alpha_regularizer: Any = None, alpha_constraint: Any = None,
        shared_axes: Any = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        if shared_axes is not None:
            shared_axes = [shared_axes] if isinstance(shared_axes, int) else list(shared_axes)
        self._set_untracked(shared_axes=shared_axes)

    def build(self, input_shape: Any) -> None:
        """Make the slopes."""
        sizes = list(input_shape[1:])
        shared = self.shared_axes or []
        for axis in shared:
            sizes[axis - 1] = 1
        self.alpha = self.add_weight(
            name="alpha", shape=tuple(sizes), initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer, constraint=self.alpha_constraint,
        )  # fmt: skip
        axes = {axis: input_shape[axis] for axis in range(1, len(input_shape)) if axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Any:
        """The function."""
        positive = activations.relu(inputs)
        return ops.subtract(positive, ops.multiply(self.alpha, activations.relu(ops.negative(inputs))))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }
