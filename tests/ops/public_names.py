"""The stub of `headwater.ops`, as it follows from the modules: `python tests/ops/public_names.py` writes it."""

from __future__ import annotations

import importlib
import pathlib

import headwater.ops
from headwater.ops.symbolic import is_op

FOLDER = pathlib.Path(headwater.ops.__file__).parent
STUB = FOLDER / "__init__.pyi"
NAMESPACES = ("image", "linalg", "nn", "numpy", "random")
PLAIN = {
    "control": ("custom_gradient",),
    "mapping": ("jvp", "vectorize"),
    "recompute": ("rematerialize",),
    "defaults": ("epsilon", "floatx", "image_data_format", "set_epsilon", "set_floatx", "set_image_data_format"),
}


def modules() -> list[str]:
    """The modules that define public functions."""
    return sorted(
        path.stem
        for path in FOLDER.glob("*.py")
        if path.stem != "__init__" and path.stem not in ("numpy", "nn", "image")
    )


def names_of(module: str) -> list[str]:
    """The public functions that a module defines, aliases included."""
    loaded = importlib.import_module(f"headwater.ops.{module}")
    found = [
        name
        for name, value in vars(loaded).items()
        if is_op(value) and value.__module__ == loaded.__name__ and not name.startswith("_")
    ]
    return sorted([*found, *PLAIN.get(module, ())])


def stub() -> str:
    """The text of the stub."""
    lines = [
        '"""Public names of `headwater.ops` and the modules that define them. Written by tests/ops/public_names.py."""',
        "",
    ]
    present = [name for name in NAMESPACES if (FOLDER / f"{name}.py").exists() or (FOLDER / name).is_dir()]
    if present:
        lines.append(f"from headwater.ops import ({', '.join(f'{name} as {name}' for name in present)})")
    for module in modules():
        if module == "random":
            continue
        names = names_of(module)
        if names:
            lines += [f"from headwater.ops.{module} import (", *[f"    {name} as {name}," for name in names], ")"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    STUB.write_text(stub(), encoding="utf-8")
