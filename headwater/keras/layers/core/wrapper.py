"""Wrapper: a layer around another layer."""

from __future__ import annotations

from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.layers.layer import Layer


class Wrapper(Layer):
    """Base of layers that wrap one layer, in `self.layer`.

    Args:
        layer: the layer inside.
    """

    def __init__(self, layer: Layer, **kwargs: Any) -> None:
        if not isinstance(layer, Layer):
            raise ArgumentError(
                f"a Wrapper wraps a layer, and {layer!r} is none.", fix="pass a keras.layers object.", where=""
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the layer inside."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        from headwater.keras.saving import serialize_keras_object

        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The layer that `get_config` described."""
        from headwater.keras.saving import deserialize_keras_object

        config = dict(config)
        config["layer"] = deserialize_keras_object(config["layer"], custom_objects=custom_objects)
        return super().from_config(config)
