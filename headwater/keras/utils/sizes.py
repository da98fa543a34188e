"""Bytes: of variables, and for people to read."""

from __future__ import annotations

import math
from typing import Any

from headwater.dtypes import as_dtype


def variable_bytes(variable: Any) -> int:
    """Bytes of the values of a variable."""
    return math.prod(variable.shape) * as_dtype(variable.dtype).size


def readable_size(size: float) -> str:
    """A number of bytes for people.

    Example:
        >>> readable_size(1536)
        '1.50 KB'
    """
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"
