"""Bidirectional: one recurrent layer forwards in time, another backwards."""

from __future__ import annotations

from typing import Any

from headwater import ops, tree
from headwater.errors import ArgumentError, StateError
from headwater.keras.layers.call_signature import signature_of
from headwater.keras.layers.layer import Layer
from headwater.keras.saving import deserialize_keras_object, serialize_keras_object

MERGE_MODES = ("sum", "mul", "ave", "concat", None)


class Bidirectional(Layer):
    """A recurrent layer applied in both directions of time, each with weights of its own.

    Args:
        layer: the layer; a copy of it runs forwards.
        merge_mode: how both outputs become one: "concat", "sum", "mul", "ave"; None for a pair.
        weights: first values of all weights, forwards before backwards.
        backward_layer: what runs backwards; by default a copy of the layer.
    Raises: ArgumentError for what is no layer, for another merge_mode, and if the two layers do not fit together.
    Source: Schuster and Paliwal 1997, "Bidirectional recurrent neural networks".
    """

    def __init__(
        self, layer: Any, merge_mode: str | None = "concat", weights: Any = None, backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        for each in (layer, layer if backward_layer is None else backward_layer):
            if not isinstance(each, Layer):
                raise ArgumentError(f"Bidirectional wraps a layer, and {each!r} is none.", fix="pass an RNN layer.")
        if merge_mode not in MERGE_MODES:
            raise ArgumentError(f"Bidirectional: merge_mode={merge_mode!r}.", fix=f"use one of {MERGE_MODES}.")
        super().__init__(**kwargs)
        self.forward_layer = _copied(layer, "forward_")
        if backward_layer is None:
            backward_layer = _copied(layer, "backward_", go_backwards=True)
        self.backward_layer = backward_layer
        self._check_both()
        for each in (self.forward_layer, self.backward_layer):
            if hasattr(each, "zero_output_for_mask"):
                each.zero_output_for_mask = each.return_sequences
        self.merge_mode = merge_mode
        if weights:
            half = len(weights) // 2
            self.forward_layer._set_untracked(_initial_weights=list(weights[:half]))
            self.backward_layer._set_untracked(_initial_weights=list(weights[half:]))
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def _check_both(self) -> None:
        if self.forward_layer.go_backwards == self.backward_layer.go_backwards:
            raise ArgumentError(
                f"Bidirectional: both layers have go_backwards={self.forward_layer.go_backwards}.",
                fix="let the backward layer go backwards, and the other not.",
            )
        for name in ("stateful", "return_sequences", "return_state"):
            one, other = getattr(self.forward_layer, name), getattr(self.backward_layer, name)
            if one != other:
                raise ArgumentError(
                    f"Bidirectional: {name} is {one!r} forwards and {other!r} backwards.",
                    fix=f"give both layers the same {name}.",
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build both layers."""
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        """Both outputs, merged; with `return_state` the states of both behind them."""
        half = None if initial_state is None else len(initial_state) // 2
        found = []
        for number, layer in enumerate((self.forward_layer, self.backward_layer)):
            extra: dict[str, Any] = {}
            if signature_of(layer.call).takes_training:
                extra["training"] = training
            if signature_of(layer.call).takes_mask:
                extra["mask"] = mask
            if half is not None:
                extra["initial_state"] = list(initial_state[half:] if number else initial_state[:half])
            found.append(layer(sequences, **extra))
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*found[0][1:], *found[1][1:])
            found = [each[0] for each in found]
        forward, backward = (ops.cast(each, self.compute_dtype) for each in found)
        if self.return_sequences:
            backward = ops.flip(backward, axis=1)
        merged = self._merged(forward, backward)
        if not self.return_state:
            return merged
        return (*merged, *states) if self.merge_mode is None else (merged, *states)

    def _merged(self, forward: Any, backward: Any) -> Any:
        if self.merge_mode == "concat":
            return ops.concatenate([forward, backward], axis=-1)
        if self.merge_mode == "mul":
            return ops.multiply(forward, backward)
        if self.merge_mode is None:
            return forward, backward
        total = ops.add(forward, backward)
        return ops.divide(total, 2) if self.merge_mode == "ave" else total

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The shape of the merged output; with `return_state` a tuple that ends in those of the states."""
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        states: tuple[Any, ...] = ()
        if self.return_state:
            shape, states = shape[0], tuple(shape[1:])
        if self.merge_mode == "concat":
            shape = (*shape[:-1], 2 * shape[-1])
        merged = (shape, shape) if self.merge_mode is None else (shape,)
        if self.return_state or self.merge_mode is None:
            return (*merged, *states, *states)
        return shape

    def compute_mask(self, _: Any, mask: Any) -> Any:
        """The mask of the input, for outputs of all steps; None for states."""
        mask = tree.leaves(mask)[0] if mask is not None else None
        output = mask if self.return_sequences else None
        outputs = [output] * (2 if self.merge_mode is None else 1)
        if not self.return_state:
            return tuple(outputs) if self.merge_mode is None else output
        return [*outputs, *(None for _ in range(2 * len(self.forward_layer.state_size)))]

    @property
    def states(self) -> Any:
        """The states of both layers, if they are stateful."""
        one, other = self.forward_layer.states, self.backward_layer.states
        return (*one, *other) if one and other else None

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    def reset_state(self) -> None:
        """Set the states of stateful layers to zero.

        Raises: StateError if they are not stateful.
        """
        if not self.stateful:
            raise StateError("Bidirectional: its layers are not stateful.", fix="make them with stateful=True.")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The layer that `get_config` described."""
        config = dict(config)
        for name in ("layer", "backward_layer"):
            if config.get(name) is not None:
                config[name] = deserialize_keras_object(config[name], custom_objects=custom_objects)
        return cls(**config)


def _copied(layer: Any, prefix: str, **changes: Any) -> Any:
    """A new layer of the same config, without its weights."""
    config = serialize_keras_object(layer)
    inner = {**config["config"], **changes, "name": f"{prefix}{layer.name.removeprefix(prefix)}"}
    return deserialize_keras_object({**config, "config": inner})
