"""From names and configs to activation functions, and back."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.activations import functions
from headwater.keras.utils import identifiers

ALL_OBJECTS_DICT: dict[str, Callable[..., Any]] = {
    name: value for name, value in vars(functions).items() if isinstance(value, types.FunctionType) and name[0] != "_"
}
ALL_OBJECTS_DICT.update(swish=functions.silu, hard_swish=functions.hard_silu)


def serialize(activation: Callable[..., Any]) -> Any:
    """The name of one of Keras's own functions; the registered name, or the config, of another one.

    Example:
        >>> serialize(functions.relu)
        'relu'
    """
    name = getattr(activation, "__name__", None)
    if isinstance(activation, types.FunctionType) and ALL_OBJECTS_DICT.get(str(name)) is activation:
        return name
    from headwater.keras.saving import get_registered_name, serialize_keras_object

    config = serialize_keras_object(activation)
    if "config" not in config:
        raise ArgumentError(
            f"activation {activation!r} has no name that a file could hold.",
            fix="decorate it with keras.saving.register_keras_serializable().",
        )
    return get_registered_name(activation) if isinstance(config["config"], str) else config


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The function that a config describes."""
    from headwater.keras.saving import deserialize_keras_object

    return deserialize_keras_object(config, custom_objects=custom_objects, module_objects=ALL_OBJECTS_DICT)


def get(identifier: Any) -> Callable[..., Any]:
    """The function that `identifier` means: a name ("relu"), a config, a callable, or None for `linear`.

    Raises: ArgumentError if it means none.
    Example:
        >>> get("swish").__name__
        'silu'
    """
    if identifier is None:
        return functions.linear
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return identifiers.lookup(identifier, ALL_OBJECTS_DICT, "an activation")
    if callable(identifier):
        return identifier
    raise identifiers.unknown(identifier, ALL_OBJECTS_DICT, "an activation")
