"""Headwater: a deep-learning framework with TensorFlow's low-level API, Keras's high-level one, and a native core.

    import headwater as tf
    from headwater import keras

Names are loaded with their modules on first use, so that the import costs little more than NumPy's. The table of names is the stub
beside this file, `__init__.pyi`, which editors read too.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_MODULES = ("keras", "ops", "dtypes", "errors", "tree", "backends", "testing")
_NAMES = {
    "headwater.frontend.tensor": ("Tensor",),
    "headwater.frontend.tensor_shape": ("TensorShape",),
    "headwater.frontend.tensor_spec": ("TensorSpec",),
    "headwater.frontend.variable": ("Variable",),
    "headwater.frontend.tape": ("GradientTape", "UnconnectedGradients"),
    "headwater.frontend.function": ("function",),
    "headwater.frontend.tracing": ("init_scope",),
    "headwater.ops.convert": ("convert_to_tensor",),
}  # fmt: skip
_TABLE = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"headwater.{name}")
    if name not in _TABLE:
        raise AttributeError(f"module 'headwater' has no attribute {name!r}")
    value = getattr(importlib.import_module(_TABLE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted((*globals(), *_MODULES, *_TABLE))
