"""From the strings, configs and classes that users pass to the objects they mean."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from headwater.errors import ArgumentError


def lookup(name: str, table: Mapping[str, Any], kind: str) -> Any:
    """What `name` means in `table`, or among the objects that the user registered.

    Args:
        name: the string a user gave.
        table: names and aliases of one kind of object.
        kind: what the objects are, with its article, for the message: "a loss".
    Raises: ArgumentError listing the closest names.
    """
    found = table.get(name)
    if found is None:
        found = _registered(name)
    if found is None:
        raise unknown(name, table, kind)
    return found


def _registered(name: str) -> Any:
    from headwater.keras.saving import get_registered_object

    return get_registered_object(name)


def unknown(name: Any, table: Mapping[str, Any], kind: str) -> ArgumentError:
    """The error for an identifier that means nothing."""
    close = difflib.get_close_matches(str(name), table, n=4, cutoff=0.5) or difflib.get_close_matches(
        str(name).lower(), table, n=4, cutoff=0.4
    )
    hint = f"did you mean {', '.join(map(repr, close))}?" if close else f"use one of {', '.join(sorted(table))}."
    return ArgumentError(f"{name!r} does not name {kind}.", fix=hint)


def resolve(identifier: Any, table: Mapping[str, Any], kind: str, deserialize: Callable[[Any], Any]) -> Any:
    """The object that `identifier` means: None, a name, a config, a class (which is called) or the object itself.

    Raises: ArgumentError if it means nothing.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        found = deserialize(identifier)
    elif isinstance(identifier, str):
        found = lookup(identifier, table, kind)
    else:
        found = identifier
    if not callable(found):
        raise unknown(identifier, table, kind)
    return found() if inspect.isclass(found) else found
