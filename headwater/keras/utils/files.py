"""Files that come from elsewhere: fetched once, checked, and kept in the cache."""

from __future__ import annotations

import os
import re
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from headwater.datasets.archives import unpack
from headwater.datasets.cache import cache_folder, file_digest, is_offline
from headwater.errors import ArgumentError, DataLossError, NotFoundError
from headwater.keras.utils.io import print_msg
from headwater.keras.utils.progbar import Progbar

__all__ = ["cache_folder", "get_file"]

SECONDS = 20.0  # that a server may be silent for
_SCHEMES = ("http", "https", "ftp", "file")


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
    """The path of a file in the cache, fetched from its address if it is not there yet.

    A file appears in the cache whole or not at all. Archives are unpacked with care: no links, nothing outside of
    their folder. Without a network (or with HEADWATER_OFFLINE set) a file that is not there is an error that says where
    to put it.

    Args:
        fname: its name; the last part of `origin` by default.
        origin: its address, of http, https, ftp or file.
        md5_hash, file_hash, hash_algorithm: what the contents must hash to ("md5" or "sha256"; "auto" goes by the
            length).
        cache_subdir: folder within the cache, or an absolute path.
        cache_dir: the cache; $KERAS_HOME or ~/.keras by default.
        untar, extract: unpack it.
        archive_format: "tar", "zip", a list of these, or "auto" for both.
        force_download: fetch it even if it is there.
    Returns: the path of the file, or of the folder that it was unpacked into: `fname` up to its first dot with
        `_extracted`, or without a dot `fname` itself, as Keras names them.
    Raises: NotFoundError if it is not there and can't be fetched; DataLossError if its contents do not hash to what
        they must, or are a damaged archive; PermissionDeniedError for an archive that reaches out of its folder.
    """
    if fname is None and origin is None:
        raise ArgumentError("get_file is given neither a name nor an address.", fix="pass origin='https://...'.")
    given = os.fspath(fname) if fname else None
    if given is not None and os.path.basename(given) != given:
        raise ArgumentError(f"fname={given!r} is a path.", fix="name the file; cache_dir and cache_subdir say where.")
    name = given or os.path.basename(urllib.parse.urlsplit(str(origin)).path)
    if not name:
        raise ArgumentError(f"the address {origin!r} ends in no name.", fix="pass fname=.")
    folder = _writable(cache_dir or cache_folder()) / cache_subdir
    unpacks = extract or untar
    path, unpacked = _places(folder, name, named=given is not None) if unpacks else (folder / name, folder)
    if unpacks and not force_download and not path.exists() and _is_full(unpacked):
        return str(unpacked)  # unpacked by hand
    wanted = file_hash if file_hash is not None else md5_hash
    algorithm = "md5" if file_hash is None and md5_hash is not None else hash_algorithm
    fresh = _bring(path, origin, wanted, algorithm, force_download)
    if not unpacks:
        return str(path)
    if fresh or not _is_full(unpacked):
        _unpack_whole(path, unpacked, "tar" if untar else archive_format)
    return str(unpacked)


def _places(folder: Path, name: str, named: bool) -> tuple[Path, Path]:
    """Where an archive lies, and what it is unpacked into."""
    if named and "." in name:
        return folder / name, folder / f"{name.partition('.')[0]}_extracted"
    return folder / f"{name}_archive", folder / name


def _is_full(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _writable(cache: str) -> Path:
    """The cache, or one among the temporary files if that can't be written to."""
    path = Path(os.path.expanduser(cache))
    there = next(each for each in (path, *path.parents) if each.exists())
    return path if os.access(there, os.W_OK) else Path(tempfile.gettempdir()) / ".keras"


def _bring(path: Path, origin: str | None, wanted: str | None, algorithm: str, force: bool) -> bool:
    """Have the right file at `path`; whether it was fetched for that."""
    if path.exists() and not force:
        if wanted is None or _digest(path, wanted, algorithm) == wanted:
            return False
        if origin is None or is_offline():
            raise _wrong_hash(path, wanted, algorithm)
        print_msg(f"{path} is not what it must be (its hash is not {wanted}): it is fetched again.")
    if origin is None or is_offline():
        raise NotFoundError(
            f"{path} is not there, and files are not downloaded{' without an address' if origin is None else ''}.",
            fix=f"put {origin or path.name} there by hand{'' if origin is None else ', or unset HEADWATER_OFFLINE'}.",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(f"{path}.{os.getpid()}.part")
    try:
        _download(str(origin), part, path)
        if wanted is not None and _digest(part, wanted, algorithm) != wanted:
            raise _wrong_hash(part, wanted, algorithm)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return True


def _download(origin: str, part: Path, path: Path) -> None:
    if urllib.parse.urlsplit(origin).scheme not in _SCHEMES:
        raise ArgumentError(f"the address {origin!r} is none of {', '.join(_SCHEMES)}.", fix="pass a full address.")
    print_msg(f"Downloading data from {origin}")
    try:
        with urllib.request.urlopen(origin, timeout=SECONDS) as source, open(part, "wb") as file:
            total = int(source.headers.get("Content-Length") or 0) or None
            bar, done = Progbar(total, unit_name="byte"), 0
            while block := source.read(1 << 18):
                file.write(block)
                done += len(block)
                bar.update(done)
            if total is not None and done != total:
                raise OSError(f"it ends after {done} of {total} bytes")
    except (OSError, ValueError) as error:  # URLError and HTTPError are OSErrors
        raise NotFoundError(
            f"{path} is not there, and could not be fetched from {origin}: {_reason(error)}.",
            fix=f"look at the network and the address, or put the file at {path} by hand.",
        ) from None


def _reason(error: Exception) -> Any:
    return error.reason if type(error) is urllib.error.URLError else error


def _unpack_whole(path: Path, folder: Path, formats: Any) -> None:
    """Unpack into a folder that appears only when all is there."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".unpacking-") as scratch:
        inner = Path(scratch) / "all"
        if not unpack(path, inner, formats):
            raise DataLossError(
                f"{path} is no archive of the kinds {formats!r}.",
                fix="pass extract=False, or fetch it again.",
                where="",
            )
        if folder.exists():
            os.replace(folder, Path(scratch) / "old")
        os.replace(inner, folder)


def _digest(path: Path, wanted: str, algorithm: str) -> str:
    return file_digest(path, _kind(wanted, algorithm))


def _kind(wanted: str, algorithm: str) -> str:
    if algorithm == "auto":
        algorithm = "sha256" if len(wanted) == 64 else "md5"
    if algorithm not in ("md5", "sha256") or not re.fullmatch(r"[0-9a-f]+", wanted):
        raise ArgumentError(f"{wanted!r} is no {algorithm} hash.", fix="pass hexadecimal digits of md5 or sha256.")
    return algorithm


def _wrong_hash(path: Path, wanted: str, algorithm: str) -> DataLossError:
    return DataLossError(
        f"{path} has the {_kind(wanted, algorithm)} {_digest(path, wanted, algorithm)}, not {wanted}.",
        fix="fetch the file again, from where its makers have it.",
    )
