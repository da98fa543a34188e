"""`keras.ops.numpy`: the functions that NumPy has too, as a namespace."""

from __future__ import annotations

from typing import Any

from headwater import ops

_MODULES = {
    "arithmetic", "bitwise", "comparison", "core", "creation", "elementary", "indexing", "layout", "linalg",
    "linear", "mapping", "padding",
    "reduction", "sorting", "statistics",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    module = ops._table().get(name, "")
    if module.rpartition(".")[2] not in _MODULES or name.startswith("_"):
        raise AttributeError(f"module 'headwater.ops.numpy' has no attribute {name!r}")
    found = globals()[name] = getattr(ops, name)
    return found


def __dir__() -> list[str]:
    return sorted(name for name, module in ops._table().items() if module.rpartition(".")[2] in _MODULES)
