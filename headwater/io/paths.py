"""Paths as users give them, to local files; and the system's errors as ours."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from headwater.errors import (
    AlreadyExistsError,
    ArgumentError,
    HeadwaterError,
    NotFoundError,
    OutOfMemoryError,
    PermissionDeniedError,
    StateError,
    UnknownError,
    UnsupportedError,
)
from headwater.ir.dispatch import Array

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")


def local_path(path: Any) -> str:
    """A path as a str.

    Args:
        path: a str, bytes, something with `__fspath__`, or a string tensor; "file://" before it does not count.
    Raises: UnsupportedError for a path of another scheme; ArgumentError for what is no path.
    """
    if isinstance(path, (Array, np.ndarray, np.generic)):
        from headwater.strings.elements import texts

        path = texts(path, "a path").item()
    if isinstance(path, (bytes, str)) or hasattr(path, "__fspath__"):
        path = os.fsdecode(path)
    if not isinstance(path, str):
        raise ArgumentError(f"{path!r:.60} is no path.", fix="pass a str, bytes or a pathlib.Path.")
    if "\0" in path:
        raise ArgumentError(f"the path {path!r:.60} holds a zero byte.", fix="pass the name of a file.")
    scheme = _SCHEME.match(path)
    if scheme is None:
        return path
    if scheme[1].lower() != "file":
        raise UnsupportedError(
            f"{path!r:.80} is not a local file.", fix="download it first; only local files are read and written."
        )
    return path[len(scheme[0]) :]


@contextlib.contextmanager
def os_errors(path: str) -> Iterator[None]:
    """Turn the system's errors about a file into ours, which are what TensorFlow's users catch."""
    try:
        yield
    except HeadwaterError:
        raise
    except FileNotFoundError:
        raise NotFoundError(f"{path!r} does not exist.", fix=f"look in {os.getcwd()!r}, or check the path.") from None
    except PermissionError as error:
        raise PermissionDeniedError(f"{path!r}: {error.strerror}.", fix="ask its owner for the right to it.") from None
    except FileExistsError:
        raise AlreadyExistsError(
            f"{path!r} exists already.", fix="choose another name, or pass overwrite=True."
        ) from None
    except (IsADirectoryError, NotADirectoryError) as error:
        raise StateError(f"{path!r}: {error.strerror}.", fix="pass the path of a file, not of a directory.") from None
    except MemoryError:
        raise OutOfMemoryError(f"{path!r} does not fit into memory.", fix="read it piece by piece.") from None
    except OSError as error:
        if error.errno == 39:
            raise StateError(f"{path!r} is a directory that is not empty.", fix="use tf.io.gfile.rmtree.") from None
        raise UnknownError(f"{path!r}: {error.strerror or error}.", fix="see what the system says of it.") from None
