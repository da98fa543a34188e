"""Operation: what layers and ops have in common: a name, a config, and nodes for their calls on symbolic tensors."""

from __future__ import annotations

import inspect
from typing import Any

from headwater import tree
from headwater.errors import ArgumentError, StateError, UnsupportedError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.operations.node import Node
from headwater.keras.operations.symbolic import symbolic_outputs
from headwater.keras.utils.naming import auto_name


class Operation:
    """Something that is called on tensors.

    Called on KerasTensors, it returns KerasTensors and remembers the call; otherwise it computes.

    Args:
        name: how it is called in models and files; made of the class's name if not given.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = object.__new__(cls)
        self.__dict__["_init_arguments"] = (args, kwargs)
        return self

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = auto_name(type(self).__name__)
        if not isinstance(name, str) or "/" in name:
            raise ArgumentError(
                f"a layer is named by a string without '/', not by {name!r}.", fix="choose another name."
            )
        self.name = name
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any(isinstance(leaf, KerasTensor) for leaf in tree.leaves((args, kwargs))):
            return self.symbolic_call(*args, **kwargs)
        return self.call(*args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What it computes. Subclasses give it."""
        raise UnsupportedError(
            f"{type(self).__name__} does not say what it computes.", fix=f"define {type(self).__name__}.call(self, x)."
        )

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """What a call on KerasTensors returns; the call is remembered as a node."""
        outputs = self.compute_output_spec(*args, **kwargs)
        outputs = tree.map_structure(lambda x: _copy(x) if hasattr(x, "_keras_history") else x, outputs)
        Node(self, args, kwargs, outputs)
        return outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Shapes and dtypes of what a call returns, as KerasTensors."""
        return symbolic_outputs(self.call, args, kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor, as plain data.

        Raises: UnsupportedError if the constructor takes values that can't be written down.
        """
        return self._config_from_init()

    def _config_from_init(self) -> dict[str, Any]:
        """The arguments that the constructor was given, defaults included."""
        args, kwargs = self._init_arguments
        try:
            bound = inspect.signature(type(self).__init__).bind(self, *args, **kwargs)
        except TypeError as error:
            raise UnsupportedError(
                f"{type(self).__name__} can't describe itself: {error}.", fix="give the class a get_config method."
            ) from None
        bound.apply_defaults()
        config: dict[str, Any] = {}
        for name, parameter in list(bound.signature.parameters.items())[1:]:
            value = bound.arguments[name]
            if parameter.kind is parameter.VAR_KEYWORD:
                config.update(value)
            elif parameter.kind is not parameter.VAR_POSITIONAL:
                config[name] = value
        for name in ("dtype", "trainable", "activity_regularizer"):  # a layer writes these itself
            config.pop(name, None)
        bad = [name for name, value in config.items() if not _is_plain(value)]
        if bad:
            raise UnsupportedError(
                f"{type(self).__name__} was made with {', '.join(bad)}, "
                "of which it can't tell how to write it to a config.",
                fix=f"give {type(self).__name__} a get_config method that returns the arguments of its constructor.",
            )
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The operation that `get_config` described."""
        return cls(**config)

    def _tensors_of(self, which: str) -> Any:
        if not self._inbound_nodes:
            raise StateError(
                f"{type(self).__name__} {self.name!r} was never called on a symbolic tensor, so it has no {which}.",
                fix="use it in a functional or Sequential model with a known input shape.",
            )
        node = self._inbound_nodes[0]
        tensors = node.input_tensors if which == "input" else node.output_tensors
        if which == "input" and node.is_input:
            tensors = node.output_tensors
        return tensors[0] if len(tensors) == 1 else list(tensors)

    @property
    def input(self) -> Any:
        """The KerasTensor or tensors of its first symbolic call."""
        return self._tensors_of("input")

    @property
    def output(self) -> Any:
        """What its first symbolic call returned."""
        return self._tensors_of("output")

    def __repr__(self) -> str:
        return f"<Operation name={self.name}>"


def _copy(tensor: KerasTensor) -> KerasTensor:
    return KerasTensor(tensor.shape, tensor.dtype, tensor.sparse, tensor.ragged)


def _is_plain(value: Any) -> bool:
    if isinstance(value, (str, int, float, bool, type(None))):
        return True
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    return False
