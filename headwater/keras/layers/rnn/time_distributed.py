"""TimeDistributed: one layer, applied to each step by itself."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ShapeError
from headwater.keras.layers.call_signature import signature_of
from headwater.keras.layers.core.wrapper import Wrapper
from headwater.keras.layers.layer import Layer

# Layers of this package that mix the rows of a batch, or whose rows see more than their own values.
_MIXING = {"BatchNormalization", "Lambda", "ActivityRegularization", "SpectralNormalization", "AlphaDropout"}
_OWN = __name__.partition(".layers.")[0]


class TimeDistributed(Wrapper):
    """A layer applied to each step of the second axis, always with the same weights.

    Args:
        layer: the layer, for inputs without that axis.
    Raises: ShapeError, when it is called, for inputs of fewer than three axes or a mask of other sizes.
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Build the layer inside for one step."""
        if not self.layer.built:
            self.layer.build(_step_shape(input_shape))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of the layer's output with the axis of time in second place."""
        shape = self.layer.compute_output_shape(_step_shape(input_shape))
        return (shape[0], input_shape[1], *shape[1:])

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The layer's outputs for all steps."""
        if mask is not None and (len(mask.shape) < 2 or tuple(mask.shape[:2]) != tuple(inputs.shape[:2])):
            raise ShapeError(
                f"TimeDistributed: a mask of shape {tuple(mask.shape)} for inputs of shape {tuple(inputs.shape)}.",
                fix="give a mask whose first two sizes are the batch and the steps.",
            )
        signature = signature_of(self.layer.call)
        extra: dict[str, Any] = {"training": training} if signature.takes_training else {}
        mask = mask if signature.takes_mask else None
        if works_by_row(self.layer, training):
            return self._all_at_once(inputs, mask, extra)
        outputs = []
        for step in range(inputs.shape[1]):
            if mask is not None:
                extra["mask"] = mask[:, step]
            outputs.append(self.layer.call(inputs[:, step], **extra))
        return ops.stack(outputs, axis=1)

    def _all_at_once(self, inputs: Any, mask: Any, extra: dict[str, Any]) -> Any:
        """Steps as further rows of the batch."""
        batch, length = inputs.shape[:2]
        if mask is not None:
            extra["mask"] = ops.reshape(mask, (batch * length, *mask.shape[2:]))
        outputs = self.layer.call(ops.reshape(inputs, (batch * length, *inputs.shape[2:])), **extra)
        return ops.reshape(outputs, (batch, length, *outputs.shape[1:]))


def _step_shape(shape: Any) -> tuple[Any, ...]:
    if not isinstance(shape, (tuple, list)) or len(shape) < 3:
        raise ShapeError(
            f"TimeDistributed takes inputs of three axes or more, and is given {shape}.",
            fix="give inputs (batch, time, ...).",
        )
    return (shape[0], *shape[2:])


def works_by_row(layer: Any, training: Any) -> bool:
    """Whether each row of the layer's output follows from the same row of its input alone, so far as is known."""
    if type(layer).__name__ in ("Sequential", "Functional") and type(layer).__module__.startswith(_OWN):
        parts = getattr(layer, "operations", layer.layers)
        return all(isinstance(part, Layer) and works_by_row(part, training) for part in parts)
    if not type(layer).__module__.startswith(f"{_OWN}.layers."):
        return False
    if layer.activity_regularizer is not None or getattr(layer, "stateful", False):
        return False
    if type(layer).__name__ == "BatchNormalization":
        return not training or not layer.trainable
    inner = list(layer._flatten_layers(include_self=False, recursive=False))
    return type(layer).__name__ not in _MIXING and all(works_by_row(each, training) for each in inner)
