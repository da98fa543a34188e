"""Pipeline: layers one after the other, as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater import tree
from headwater.errors import ArgumentError
from headwater.keras.layers.call_signature import signature_of
from headwater.keras.layers.layer import Layer


class Pipeline(Layer):
    """Applies layers one after the other, usually to data before it reaches a model.

    Args:
        layers: the layers.
        name: its name.
    Example:
        >>> pipeline = keras.layers.Pipeline([keras.layers.Rescaling(2.0), keras.layers.Rescaling(1.0, offset=1.0)])
        >>> pipeline(np.array([1.0, 2.0], "float32")).numpy().tolist()
        [3.0, 5.0]
    """

    def __init__(self, layers: Sequence[Any], name: str | None = None) -> None:
        super().__init__(name=name)
        self._pipeline_layers = list(layers)
        self._convert_input_args = False

    @property
    def layers(self) -> list[Any]:
        """The layers."""
        return self._pipeline_layers

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        """What the last layer returns."""
        for layer in self._pipeline_layers:
            signature = signature_of(layer.call)
            arguments: dict[str, Any] = {"mask": mask} if signature.takes_mask else {}
            if signature.takes_training and training is not None:
                arguments["training"] = training
            inputs = layer(inputs, **arguments)
            mask = tree.map_structure(lambda leaf: getattr(leaf, "_keras_mask", None), inputs)
        return inputs

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Pipeline:
        """The layer that `get_config` described."""
        from headwater.keras.saving import deserialize_keras_object

        layers = config.get("layers")
        if not isinstance(layers, (list, tuple)):
            raise ArgumentError(f"the config of a Pipeline has layers={layers!r}.", fix="give a list of configs.")
        return cls(**{**config, "layers": [deserialize_keras_object(layer) for layer in layers]})

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        from headwater.keras.saving import serialize_keras_object

        return {"layers": [serialize_keras_object(layer) for layer in self._pipeline_layers], "name": self.name}
