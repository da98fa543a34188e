"""Where a variable is made: the names of the layers around it become its path."""

from __future__ import annotations

import contextvars
from typing import Any

_names: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("headwater_name_scope", default=())


def current_path() -> str:
    """The names entered, joined by "/"."""
    return "/".join(_names.get())


class name_scope:  # noqa: N801 - the name that Keras gives it
    """Within the `with` block, `name` is part of the path of new variables.

    Args:
        name: without "/".
        deduplicate, override_parent: accepted for compatibility with Keras; a layer that enters its own name twice, as
            its `build` inside its `call`, counts once.
        caller: who enters; the same caller right inside itself adds nothing.
    Example:
        >>> with name_scope("encoder"):
        ...     current_path()
        'encoder'
    """

    def __init__(
        self, name: str, caller: Any = None, deduplicate: bool = True, override_parent: str | None = None
    ) -> None:
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"a scope is named by a string without '/', not by {name!r}")
        self.name, self._caller, self._deduplicate, self._override = name, caller, deduplicate, override_parent
        self._tokens: list[contextvars.Token] = []

    def __enter__(self) -> name_scope:
        names = _names.get()
        if self._override is not None:
            names = tuple(part for part in self._override.split("/") if part)
        if not (self._caller is not None and self._deduplicate and names[-1:] == (self.name,)):
            names = (*names, self.name)
        self._tokens.append(_names.set(names))
        return self

    def __exit__(self, *exception: object) -> None:
        _names.reset(self._tokens.pop())
