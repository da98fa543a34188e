"""Where files that come from elsewhere are kept, and whether they are what they must be."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path


def cache_folder() -> str:
    """Where files that come from elsewhere are kept: $KERAS_HOME, or ~/.keras."""
    return os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")


def is_offline() -> bool:
    """Whether nothing may be fetched: HEADWATER_OFFLINE is set."""
    return bool(os.environ.get("HEADWATER_OFFLINE"))


def packages_folder() -> Path:
    """Where the data files of packages are kept, by registry and package."""
    return Path(cache_folder()) / "datasets" / "packages"


def file_digest(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """The hash of a file's contents, in hexadecimal digits."""
    digest = hashlib.new(algorithm)
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def digest_of(root: Path, names: Iterable[str]) -> str:
    """One hash for several files: of their names and contents, in the order of the names."""
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(f"{name}\0{file_digest(root / name)}\n".encode())
    return digest.hexdigest()
