"""Files of a layer in a folder, by name."""

from __future__ import annotations

import contextlib
import contextvars
import os
from collections.abc import Iterator, Sequence
from typing import Any

_without_files: contextvars.ContextVar[bool] = contextvars.ContextVar("headwater_without_files", default=False)


@contextlib.contextmanager
def without_files() -> Iterator[None]:
    """Within it, configs hold what layers keep in files otherwise: for formats that have no place for files."""
    token = _without_files.set(True)
    try:
        yield
    finally:
        _without_files.reset(token)


def have_a_place() -> bool:
    """Whether what is being written has a place for files."""
    return not _without_files.get()


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
