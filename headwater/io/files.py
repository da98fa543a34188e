"""Whole files as strings, and files found by patterns."""

from __future__ import annotations

import os
from typing import Any

from headwater.backends.cpu import native
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError
from headwater.frontend.prelude import before_programs
from headwater.io import gfile
from headwater.io.paths import local_path, os_errors
from headwater.strings.elements import of_strings, texts

_SMALL = 4 << 20  # bytes of a file that are read without Python's file object, which costs as much as they do


@before_programs(lambda filename, name=None: ((), as_dtype("string")))
def read_file(filename: Any, name: str | None = None) -> Any:
    """What a file holds: one string.

    Raises: NotFoundError if it does not exist.
    """
    path = local_path(filename)
    with os_errors(path):
        data = native.read_small_file(os.fsencode(path), _SMALL)
        if data is None:
            with open(path, "rb") as file:
                data = file.read()
    return of_strings([data], ())


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Write one string into a file; directories that it is in come to be."""
    path, data = local_path(filename), texts(contents, "write_file")
    if data.ndim:
        raise ArgumentError(f"write_file of strings of shape {data.shape}.", fix="pass one string.")
    with os_errors(path):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(data.item())


def matching_files(pattern: Any, name: str | None = None) -> Any:
    """Paths of files that match a pattern, or one of several, in order: strings."""
    patterns = texts(pattern, "matching_files").reshape(-1).tolist()
    found = sorted({os.fsencode(path) for one in patterns for path in gfile.glob(one)})
    return of_strings(found, (len(found),))


def match_filenames_once(pattern: Any, name: str | None = None) -> Any:
    """Paths of files that match a pattern, looked for now."""
    return matching_files(pattern)
