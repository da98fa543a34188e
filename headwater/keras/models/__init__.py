"""`keras.models`: models, and reading and writing them."""

from __future__ import annotations

from typing import Any

_PLACES = {
    "Model": "headwater.keras.models.model",
    "Sequential": "headwater.keras.models.sequential",
    "model_from_json": "headwater.keras.models.model",
    "clone_model": "headwater.keras.models.cloning",
    "load_model": "headwater.keras.saving",
    "save_model": "headwater.keras.saving",
}

__all__ = list(_PLACES)


def __getattr__(name: str) -> Any:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = globals()[name] = getattr(importlib.import_module(place), name)
    return value


def __dir__() -> list[str]:
    return __all__
