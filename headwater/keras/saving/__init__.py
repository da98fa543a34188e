"""`keras.saving`: models, weights and objects to files and plain data, and back."""

from __future__ import annotations

from typing import Any

from headwater.keras.saving.registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from headwater.keras.saving.serialization import deserialize_keras_object, serialize_keras_object

_PLACES = {
    "load_model": "headwater.keras.saving.api",
    "save_model": "headwater.keras.saving.api",
    "load_weights": "headwater.keras.saving.api",
    "save_weights": "headwater.keras.saving.api",
}

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "register_keras_serializable",
    "serialize_keras_object",
    *_PLACES,
]


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = globals()[name] = getattr(importlib.import_module(place), name)
    return value


def __dir__() -> list[str]:
    return __all__
