"""Archives unpacked with care: regular files and folders only, under names that stay inside the folder, up to a size.

What an archive says of itself is not trusted: links, devices and names that lead out of the folder are refused, before
anything is written, and bytes are counted as they are written, not as they are declared.
"""

from __future__ import annotations

import os
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from headwater.errors import DataLossError, PermissionDeniedError, ResourceExhaustedError

LIMIT = 64 << 30  # bytes that an archive may unpack to
_MAX_FILES = 10_000_000
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

Wanted = Callable[[str], bool]


def safe_name(name: str) -> str:
    """The name of a member of an archive as a relative path inside the folder; empty for the folder itself.

    Raises: PermissionDeniedError for a name that leads out of it.
    Example:
        >>> safe_name("./pictures/cat.png")
        'pictures/cat.png'
    """
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    absolute = name.startswith(("/", "\\"))
    if absolute or any(part == ".." or ":" in part or "\0" in part or _RESERVED.fullmatch(part) for part in parts):
        raise PermissionDeniedError(
            f"the archive holds {name!r}, which would be written outside of its folder.",
            fix="do not unpack this archive; fetch it from where its makers have it.",
            where="",
        )
    return "/".join(parts)


def unpack(path: str | os.PathLike[str], folder: str | os.PathLike[str], formats: Any = "auto") -> bool:
    """Unpack a zip or tar archive (compressed by gzip, bzip2 or xz) into a folder.

    Args:
        path: the archive.
        folder: where to; made if it is not there.
        formats: "zip", "tar", a list of these, or "auto" for both.
    Returns: whether it is an archive of these formats.
    Raises: PermissionDeniedError for one that reaches out of the folder or holds links; DataLossError for a damaged
        one; ResourceExhaustedError for one that is too large.
    """
    formats = ("tar", "zip") if formats == "auto" else (formats,) if isinstance(formats, str) else tuple(formats or ())
    try:
        if "tar" in formats and tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                unpack_tar(archive, folder)
            return True
        if "zip" in formats and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                unpack_zip(archive, folder)
            return True
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        if isinstance(error, (PermissionDeniedError, ResourceExhaustedError)):
            raise
        raise DataLossError(f"{path} is damaged: {error}", fix="fetch it again.", where="") from None
    return False


def unpack_zip(archive: zipfile.ZipFile, folder: str | os.PathLike[str], wanted: Wanted = lambda name: True) -> int:
    """Unpack the wanted members of a zip archive; returns how many files that were."""
    members = [(safe_name(info.filename), info) for info in archive.infolist() if not info.is_dir()]
    for name, info in members:
        if (info.external_attr >> 16) & 0o170000 not in (0, 0o100000):
            raise _no_plain_file(name)
    return _write_all(((name, archive.open(info)) for name, info in members if name and wanted(name)), folder)


def unpack_tar(archive: tarfile.TarFile, folder: str | os.PathLike[str], wanted: Wanted = lambda name: True) -> int:
    """Unpack the wanted members of a tar archive, which may be a stream; returns how many files that were.

    Links and devices among what is not wanted are passed over.
    """
    return _write_all(_tar_files(archive, wanted), folder)


def _tar_files(archive: tarfile.TarFile, wanted: Wanted) -> Iterator[tuple[str, IO[bytes]]]:
    for member in archive:
        name = safe_name(member.name)
        if member.isdir() or not name or not wanted(name):
            continue
        file = archive.extractfile(member) if member.isreg() else None
        if file is None:
            raise _no_plain_file(name)
        yield name, file


def _no_plain_file(name: str) -> PermissionDeniedError:
    return PermissionDeniedError(
        f"the archive holds {name!r}, which is a link or a device, not a file.",
        fix="do not unpack this archive; fetch it from where its makers have it.",
        where="",
    )


def _write_all(files: Iterator[tuple[str, IO[bytes]]], folder: str | os.PathLike[str]) -> int:
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    left, count = LIMIT, 0
    for count, (name, source) in enumerate(files, 1):
        if count > _MAX_FILES:
            raise _too_large()
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with source, open(target, "wb") as file:
            while block := source.read(min(1 << 20, left + 1)):
                left -= len(block)
                if left < 0:
                    raise _too_large()
                file.write(block)
    return count


def _too_large() -> ResourceExhaustedError:
    return ResourceExhaustedError(
        f"the archive unpacks to more than {LIMIT >> 30} GB.", fix="unpack it by hand if that is right.", where=""
    )
