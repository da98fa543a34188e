"""Keras: layers, models and their training, with the names, arguments and files of Keras 3.

Names are loaded on first use, so that `from headwater import keras` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "3.15.1"  # of the interface that is served

_SUBMODULES = frozenset(
    [
        "activations",
        "backend",
        "callbacks",
        "config",
        "constraints",
        "datasets",
        "dtype_policies",
        "initializers",
        "layers",
        "legacy",
        "losses",
        "metrics",
        "models",
        "ops",
        "mixed_precision",
        "optimizers",
        "preprocessing",
        "random",
        "regularizers",
        "saving",
        "tree",
        "utils",
        "visualization",
        "applications",
    ]
)
_PLACES = {
    "DTypePolicy": "dtype_policies",
    "FloatDTypePolicy": "dtype_policies",
    "Function": "operations.graph",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers",
    "KerasTensor": "keras_tensor",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Operation": "operations.operation",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "RematScope": "rematerialization",
    "Sequential": "models",
    "StatelessScope": "variable",
    "Variable": "variable",
    "name_scope": "name_scope",
    "remat": "rematerialization",
}

__all__ = [*sorted(_SUBMODULES), *_PLACES, "version"]


def version() -> str:
    """The version of Keras whose interface is served."""
    return __version__


def __getattr__(name: str) -> Any:
    if name == "ops":
        module = importlib.import_module("headwater.ops")
    elif name in _SUBMODULES:
        try:
            module = importlib.import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    elif name in _PLACES:
        module = getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = module
    return module


def __dir__() -> list[str]:
    return __all__
