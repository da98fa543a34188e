"""Files of a layer in a folder, by name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any


def write(files: dict[str, bytes], folder: Any) -> None:
    """Write files into a folder."""
    for name, content in files.items():
        with open(os.path.join(os.fspath(folder), name), "wb") as file:
            file.write(content)


def read(folder: Any, names: Sequence[str]) -> dict[str, bytes]:
    """Those of the files that the folder has."""
    found = {}
    for name in names:
        path = os.path.join(os.fspath(folder), name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                found[name] = file.read()
    return found
