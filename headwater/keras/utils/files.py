"""Files that come from elsewhere."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from headwater.errors import ArgumentError, NotFoundError


def cache_folder() -> str:
    """Where files that come from elsewhere are kept: $KERAS_HOME, or ~/.keras."""
    return os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: str | None = None,
    force_download: bool = False,
) -> str:
    """The path of a file in the cache. Nothing is downloaded: a file that is not there is an error that says where to
    put it.

    Args:
        fname: its name; the last part of `origin` by default.
        origin: its address.
        md5_hash, file_hash, hash_algorithm: what the contents must hash to ("md5" or "sha256"; "auto" goes by the
            length).
        cache_subdir: folder within the cache, or an absolute path.
        cache_dir: the cache; $KERAS_HOME or ~/.keras by default.
        untar, extract, archive_format, force_download: accepted for compatibility.
    Returns: the path of the file, or of the folder of that name without its ending if that is there and `extract` is
    asked for.
    Raises: NotFoundError if it is not there; ArgumentError if its contents do not hash to what they must.
    """
    if fname is None and origin is None:
        raise ArgumentError("get_file is given neither a name nor an address.", fix="pass origin='https://...'.")
    fname = fname or os.path.basename(str(origin).split("?")[0])
    path = os.path.join(cache_dir or cache_folder(), cache_subdir, fname)
    folder = path.removesuffix(".gz").removesuffix(".tar").removesuffix(".tgz").removesuffix(".zip")
    if (untar or extract) and folder != path and os.path.isdir(folder):
        return folder
    if not os.path.exists(path):
        raise NotFoundError(
            f"{path} is not there, and files are not downloaded.", fix=f"put {origin or fname} there by hand."
        )
    _check_hash(path, file_hash or md5_hash, hash_algorithm)
    return path


def _check_hash(path: str, wanted: str | None, algorithm: str) -> None:
    if wanted is None:
        return
    if algorithm == "auto":
        algorithm = "sha256" if len(wanted) == 64 else "md5"
    digest = hashlib.new(algorithm)
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != wanted:
        raise ArgumentError(
            f"{path} has the {algorithm} {digest.hexdigest()}, not {wanted}.", fix="fetch the file again."
        )
