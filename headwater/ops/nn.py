"""`keras.ops.nn`: the functions that neural networks are made of, as a namespace."""

from __future__ import annotations

from typing import Any

from headwater import ops

_MODULES = {
    "activations",
    "alignment",
    "attention",
    "categorical",
    "convolution",
    "normalization",
    "patches",
    "pooling",
}
_NAMES = {"depth_to_space", "polar", "psnr", "sigmoid", "space_to_depth", "tanh"}


def _is_served(name: str, module: str) -> bool:
    return name in _NAMES or module.rpartition(".")[2] in _MODULES


def __getattr__(name: str) -> Any:
    module = ops._table().get(name, "")
    if not _is_served(name, module) or name.startswith("_") or not module:
        raise AttributeError(f"module 'headwater.ops.nn' has no attribute {name!r}")
    found = globals()[name] = getattr(ops, name)
    return found


def __dir__() -> list[str]:
    return sorted(name for name, module in ops._table().items() if _is_served(name, module))
