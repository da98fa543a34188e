"""Files that layers keep in a model's archive beside its variables, such as vocabularies: `assets/<path>/<name>`.

Layers of this package give and take them as bytes. Layers of users have Keras's `save_assets(dir_path)` and
`load_assets(dir_path)`, and get a temporary folder.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.saving import state

FOLDER = "assets"


def collected(root: Any) -> dict[str, bytes]:
    """The files of all layers of a model, by their names in the archive."""
    found: dict[str, bytes] = {}
    for path, obj in state.walk(root):
        for name, content in _files_of(obj).items():
            found["/".join(part for part in (FOLDER, path, name) if part)] = content
    return found


def restored(root: Any, names: Sequence[str], read: Callable[[str], bytes]) -> None:
    """Give the layers of a model their files.

    Args:
        root: the model.
        names: of the members of the archive.
        read: gives the content of one.
    Raises: ArgumentError if a file does not hold what its layer keeps in it.
    """
    names = [name for name in names if name.startswith(f"{FOLDER}/")]
    for path, obj in state.walk(root):
        if not (hasattr(obj, "_take_assets") or hasattr(obj, "load_assets")):
            continue
        prefix = f"{FOLDER}/{path}/" if path else f"{FOLDER}/"
        files = {name.removeprefix(prefix): read(name) for name in names if name.startswith(prefix)}
        if files or _is_own(obj, "load_assets"):
            _give(obj, files)


def _is_own(obj: Any, method: str) -> bool:
    """Whether a layer gives and takes bytes: it is of this package, and no subclass of a user's does it otherwise."""
    found = getattr(type(obj), method, None)
    return found is not None and found.__module__.startswith("headwater.")


def _files_of(obj: Any) -> dict[str, bytes]:
    if _is_own(obj, "save_assets"):
        return obj._assets()
    if not hasattr(obj, "save_assets"):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        obj.save_assets(folder)
        return dict(_read_folder(folder))


def _read_folder(folder: str) -> list[tuple[str, bytes]]:
    found = []
    for place, _, files in os.walk(folder):
        for name in sorted(files):
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found.append((os.path.relpath(path, folder).replace(os.sep, "/"), file.read()))
    return found


def _give(obj: Any, files: dict[str, bytes]) -> None:
    if _is_own(obj, "load_assets"):
        obj._take_assets(files)
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            parts = name.split("/")
            if any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts):
                raise ArgumentError(
                    f"the file names an asset {name!r}.", fix="check where the file comes from.", where=""
                )
            os.makedirs(os.path.join(folder, *parts[:-1]), exist_ok=True)
            with open(os.path.join(folder, *parts), "wb") as file:
                file.write(content)
        obj.load_assets(folder)
