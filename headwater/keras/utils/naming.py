"""Names for what the user did not name: "dense", "dense_1", "dense_2" ..., counted per session."""

from __future__ import annotations

import collections
import re
from typing import Any

_uses: collections.defaultdict[str, int] = collections.defaultdict(int)

_NOT_A_WORD = re.compile(r"\W+")
_WORD_AFTER_ANY = re.compile(r"(.)([A-Z][a-z]+)")
_CAPITAL_AFTER_SMALL = re.compile(r"([a-z])([A-Z])")


def to_snake_case(name: str) -> str:
    """The name of a class as Keras writes it in names of objects.

    Example:
        >>> to_snake_case("MaxPooling2D"), to_snake_case("MeanSquaredError")
        ('max_pooling2d', 'mean_squared_error')
    """
    name = _WORD_AFTER_ANY.sub(r"\1_\2", _NOT_A_WORD.sub("", name))
    return _CAPITAL_AFTER_SMALL.sub(r"\1_\2", name).lower()


def uniquify(name: str) -> str:
    """`name` the first time it is asked for, then `name_1`, `name_2` and so on."""
    count = _uses[name]
    _uses[name] = count + 1
    return f"{name}_{count}" if count else name


def auto_name(prefix: str) -> str:
    """A name that is new in this session, made of a class name: "Dense" gives "dense", then "dense_1"."""
    return uniquify(to_snake_case(prefix))


def get_uid(prefix: str = "") -> int:
    """The next number, from 1 on, of those given out under `prefix`."""
    _uses[prefix] += 1
    return _uses[prefix]


def reset_uids() -> None:
    """Start counting anew: what `clear_session` does to names."""
    _uses.clear()


def get_object_name(value: Any) -> str:
    """The name under which a loss or metric shows in logs: its own, or its function's or class's in snake case."""
    if hasattr(value, "name"):
        return value.name
    if hasattr(value, "__name__"):
        return to_snake_case(value.__name__)
    return to_snake_case(type(value).__name__)
