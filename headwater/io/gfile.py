"""TensorFlow's `tf.io.gfile`: local files and directories."""

from __future__ import annotations

import glob as _glob
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from headwater.errors import AlreadyExistsError, ArgumentError, PermissionDeniedError, StateError
from headwater.io.paths import local_path, os_errors

_MODES = ("r", "w", "a", "r+", "w+", "a+")


class GFile:
    """A local file, opened when it is first read or written.

    Args:
        name: its path.
        mode: "r", "w", "a", "r+", "w+" or "a+"; with "b" for bytes, otherwise str of UTF-8.
    Raises: ArgumentError for another mode; on use NotFoundError and its kin.
    Example:
        >>> import tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "notes.txt")
        >>> with GFile(path, "w") as file:
        ...     _ = file.write("first\\nsecond\\n")
        >>> GFile(path).readlines()
        ['first\\n', 'second\\n']
    """

    def __init__(self, name: Any, mode: str = "r") -> None:
        if mode.replace("b", "") not in _MODES:
            raise ArgumentError(
                f"a file's mode {mode!r}.", fix=f"use one of {', '.join(_MODES)}, with a 'b' for bytes."
            )
        self._path, self._mode, self._file = local_path(name), mode, None

    @property
    def name(self) -> str:
        """Its path."""
        return self._path

    @property
    def mode(self) -> str:
        """How it is opened."""
        return self._mode

    def _binary(self) -> bool:
        return "b" in self._mode

    def _open(self, to: str) -> Any:
        """The file, for reading or writing.

        Raises: PermissionDeniedError if its mode does not allow it.
        """
        allowed = "+" in self._mode or (to == "read") == self._mode.startswith("r")
        if not allowed:
            raise PermissionDeniedError(
                f"{self._path!r} was opened with mode {self._mode!r}, and is to {to}.", fix="open it with another mode."
            )
        if self._file is None:
            with os_errors(self._path):
                if os.path.isdir(self._path):
                    raise StateError(f"{self._path!r} is a directory.", fix="use tf.io.gfile.listdir.")
                self._file = open(self._path, self._mode.replace("b", "") + "b")  # noqa: SIM115 - closed by close()
        return self._file

    def _given(self, data: bytes) -> Any:
        return data if self._binary() else data.decode("utf-8", "surrogateescape")

    def size(self) -> int:
        """Its size in bytes."""
        with os_errors(self._path):
            if self._file is not None:
                self._file.flush()
            return os.stat(self._path).st_size

    def seekable(self) -> bool:
        """True: places in it can be sought."""
        return True

    def read(self, n: int = -1) -> Any:
        """Its next `n` bytes (characters of a text file), or all that is left."""
        file = self._open("read")
        with os_errors(self._path):
            if self._binary() or n < 0:
                return self._given(file.read(n))
            return self._read_characters(file, n)

    def _read_characters(self, file: Any, count: int) -> str:
        start, data = file.tell(), file.read(4 * count)
        text = data.decode("utf-8", "surrogateescape")[:count]
        file.seek(start + len(text.encode("utf-8", "surrogateescape")))
        return text

    def readline(self) -> Any:
        """Its next line, with the line feed."""
        file = self._open("read")
        with os_errors(self._path):
            return self._given(file.readline())

    def readlines(self) -> list[Any]:
        """All lines that are left, with their line feeds."""
        return list(self)

    def write(self, file_content: Any) -> int:
        """Write str or bytes; how many there were."""
        file = self._open("write")
        data = file_content.encode("utf-8", "surrogateescape") if isinstance(file_content, str) else bytes(file_content)
        with os_errors(self._path):
            file.write(data)
        return len(file_content)

    def tell(self) -> int:
        """The place in it, in bytes."""
        return 0 if self._file is None else self._file.tell()

    def seek(self, offset: int | None = None, whence: int = 0, position: int | None = None) -> None:
        """Go to a place, counted from its beginning, from here (1), or from its end (2)."""
        place = position if offset is None else offset
        if place is None:
            raise ArgumentError("seek without a place.", fix="pass offset.")
        if whence not in (0, 1, 2):
            raise ArgumentError(f"seek: whence {whence}.", fix="use 0, 1 or 2.")
        self._open("read" if self._mode.startswith("r") else "write").seek(place, whence)

    def flush(self) -> None:
        """Let the file hold what was written."""
        if self._file is not None:
            with os_errors(self._path):
                self._file.flush()

    def close(self) -> None:
        """Finish with it; a file that was to be written comes to be, though nothing was."""
        if self._file is None and not self._mode.startswith("r"):
            self._open("write")
        if self._file is not None:
            with os_errors(self._path):
                self._file.close()
            self._file = None

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __enter__(self) -> GFile:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_file", None) is not None:
            self._file.close()


class FileStatistics:
    """What the system says of a file: `length` in bytes, `mtime_nsec`, `is_directory`."""

    def __init__(self, length: int, mtime_nsec: int, is_directory: bool) -> None:
        self.length, self.mtime_nsec, self.is_directory = length, mtime_nsec, is_directory

    def __repr__(self) -> str:
        return f"FileStatistics(length={self.length}, mtime_nsec={self.mtime_nsec}, is_directory={self.is_directory})"


def exists(path: Any) -> bool:
    """Whether there is a file or directory."""
    return os.path.exists(local_path(path))


def isdir(path: Any) -> bool:
    """Whether it is a directory."""
    return os.path.isdir(local_path(path))


def join(path: Any, *paths: Any) -> Any:
    """Parts of a path put together; the last absolute one begins it."""
    joined = os.path.join(*(os.fsdecode(part) for part in (path, *paths)))
    return os.fsencode(joined) if isinstance(path, bytes) else joined


def listdir(path: Any) -> list[str]:
    """Names of what is in a directory.

    Raises: NotFoundError if it is none.
    """
    place = local_path(path)
    with os_errors(place):
        if not os.path.isdir(place):
            raise FileNotFoundError
        return os.listdir(place)


def glob(pattern: Any) -> list[str]:
    """Paths that match a pattern, or one of several; `*` and `?` match no slash and no leading dot."""
    patterns = pattern if isinstance(pattern, (list, tuple)) else [pattern]
    return [path for one in patterns for path in sorted(_glob.glob(local_path(one)))]


def mkdir(path: Any) -> None:
    """Make a directory; the one that it is in must exist."""
    place = local_path(path)
    with os_errors(place):
        os.mkdir(place)


def makedirs(path: Any) -> None:
    """Make a directory and those that it is in, where they do not exist."""
    place = local_path(path)
    with os_errors(place):
        os.makedirs(place, exist_ok=True)


def remove(path: Any) -> None:
    """Remove a file, or an empty directory."""
    place = local_path(path)
    with os_errors(place):
        (os.rmdir if os.path.isdir(place) and not os.path.islink(place) else os.remove)(place)


def rmtree(path: Any) -> None:
    """Remove a directory and all that is in it.

    Raises: NotFoundError if it does not exist; StateError if it is a file.
    """
    place = local_path(path)
    with os_errors(place):
        shutil.rmtree(place)


def _require_free(path: str, overwrite: bool) -> None:
    if not overwrite and os.path.exists(path):
        raise AlreadyExistsError(f"{path!r} exists already.", fix="pass overwrite=True, or choose another name.")


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copy a file.

    Raises: AlreadyExistsError if there is one and `overwrite` is not set.
    """
    source, target = local_path(src), local_path(dst)
    _require_free(target, overwrite)
    with os_errors(source):
        shutil.copyfile(source, target)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Give a file or directory another path.

    Raises: AlreadyExistsError if there is one and `overwrite` is not set.
    """
    source, target = local_path(src), local_path(dst)
    _require_free(target, overwrite)
    with os_errors(source):
        os.replace(source, target)


def stat(path: Any) -> FileStatistics:
    """What the system says of a file."""
    place = local_path(path)
    with os_errors(place):
        found = os.stat(place)
        return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(place))


def walk(
    top: Any, topdown: bool = True, onerror: Callable[[Any], Any] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """For each directory, from `top` on: its path, the names of the directories in it, and those of its files."""
    return os.walk(local_path(top), topdown=topdown, onerror=onerror)


def get_registered_schemes() -> list[str]:
    """The schemes of paths that are understood: local files only."""
    return ["", "file"]
