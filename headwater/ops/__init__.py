"""Public functions on tensors: NumPy's names and rules with Keras's promotion of dtypes. `keras.ops` is this package.

A name is loaded with its module on first use. The table of names is the stub beside this file, which editors read
too; a test holds it equal to what the modules define.
"""

from __future__ import annotations

import functools
import importlib
import pathlib
import re
from typing import Any

_IMPORT = re.compile(r"^from headwater\.ops(?:\.(\w+))? import \(([^)]*)\)", re.MULTILINE)


@functools.cache
def _table() -> dict[str, str]:
    """The module of each public name."""
    text = pathlib.Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    return {
        name: f"headwater.ops.{module}" if module else f"headwater.ops.{name}"
        for module, names in _IMPORT.findall(text)
        for name in re.findall(r"(\w+) as", names)
    }


def __getattr__(name: str) -> Any:
    module = None if name.startswith("_") else _table().get(name)
    if module is None:
        raise AttributeError(f"module 'headwater.ops' has no attribute {name!r}")
    # By name, because they stand beside and above this package: what results are, and how functions are differentiated.
    importlib.import_module("headwater.frontend.tensor")
    if module in ("headwater.ops.control", "headwater.ops.mapping", "headwater.ops.recompute"):
        importlib.import_module("headwater.autodiff")
    loaded = importlib.import_module(module)
    found = loaded if module == f"headwater.ops.{name}" and _is_module_name(name) else getattr(loaded, name)
    globals()[name] = found
    return found


def _is_module_name(name: str) -> bool:
    return name in ("image", "linalg", "nn", "numpy", "random")


def __dir__() -> list[str]:
    return sorted({*globals(), *_table()})
