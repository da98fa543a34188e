"""HostLayer: a layer that computes on the host, such as one of strings, wherever it is called."""

from __future__ import annotations

from typing import Any

from headwater import ops, tree
from headwater.frontend.prelude import on_host
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.layer import Layer


class HostLayer(Layer):
    """Base of layers whose work is done by Python and NumPy. Called eagerly, they do it at once; in a step of training
    that is traced, it is done before the program runs, or by a call from within it.

    Subclasses give `_prepared(inputs)`, which makes tensors of what they are given, and `_computed_on_host(inputs)`,
    which is only called on eager tensors.
    """

    _convert_input_args = False

    def call(self, inputs: Any) -> Any:
        """What the layer makes of its inputs."""
        inputs = self._prepared(inputs)
        return on_host(self._computed_on_host, inputs, lambda: self._promised(inputs))

    def _prepared(self, inputs: Any) -> Any:
        return inputs if ops.is_tensor(inputs) else ops.convert_to_tensor(inputs)

    def _computed_on_host(self, inputs: Any) -> Any:
        raise NotImplementedError

    def _promised(self, inputs: Any) -> tuple[tuple[int | None, ...], Any]:
        """Shape and dtype of what a call on tensors of these shapes returns."""
        described = tree.map_structure(lambda tensor: KerasTensor(tensor.shape, tensor.dtype), inputs)
        found = self.compute_output_spec(described)
        return tuple(found.shape), found.dtype
