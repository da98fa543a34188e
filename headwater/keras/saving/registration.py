"""Names of user classes and functions: registered for good, or for the length of a `with` block."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

from headwater.errors import ArgumentError

_custom_objects: dict[str, Any] = {}
_custom_names: dict[Any, str] = {}


class _Scopes(threading.local):
    stack: tuple[dict[str, Any], ...] = ()


_scopes = _Scopes()


class CustomObjectScope:
    """Within the `with` block, names in configs and files may mean these classes and functions.

    Args:
        custom_objects: dict from name to class or function.
    Example:
        >>> def swish2(x):
        ...     return x
        >>> with CustomObjectScope({"swish2": swish2}):
        ...     get_registered_object("swish2") is swish2
        True
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = custom_objects or {}
        self._before: list[tuple[dict[str, Any], ...]] = []

    def __enter__(self) -> CustomObjectScope:
        self._before.append(_scopes.stack)
        _scopes.stack = (*_scopes.stack, self.custom_objects)
        return self

    def __exit__(self, *exception: object) -> None:
        _scopes.stack = self._before.pop()


custom_object_scope = CustomObjectScope


def get_custom_objects() -> dict[str, Any]:
    """The dict of all classes and functions registered for good; what is added to it can be named in files."""
    return _custom_objects


def find_custom(name: str, custom_objects: dict[str, Any] | None = None) -> Any | None:
    """What `name` means among `custom_objects`, the scopes entered and the registered objects; None if nothing."""
    for table in (custom_objects or {}, *reversed(_scopes.stack), _custom_objects):
        if name in table:
            return table[name]
    return None


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """A decorator that lets files name the class or function it is put on.

    Args:
        package: first part of the registered name "package>name", to keep apart equal names.
        name: second part; that of the class or function if not given.
    Raises: ArgumentError if a class has no `get_config`.
    Example:
        >>> @register_keras_serializable(package="doc")
        ... def double(x):
        ...     return 2 * x
        >>> get_registered_name(double)
        'doc>double'
    """

    def register(item: Any) -> Any:
        registered_name = f"{package}>{name or item.__name__}"
        if inspect.isclass(item) and not hasattr(item, "get_config"):
            raise ArgumentError(
                f"class {item.__name__} can't be registered: it has no get_config method.",
                fix="add `def get_config(self)` that returns the arguments of its constructor.",
            )
        _custom_objects[registered_name] = item
        _custom_names[item] = registered_name
        return item

    return register


def get_registered_name(obj: Any) -> str:
    """The name that a class or function is registered under, or its plain name."""
    try:
        return _custom_names.get(obj) or obj.__name__
    except TypeError:  # not hashable
        return obj.__name__


def is_registered(obj: Any) -> bool:
    """True if the class or function was registered for good."""
    try:
        return obj in _custom_names
    except TypeError:
        return False


def get_registered_object(
    name: str, custom_objects: dict[str, Any] | None = None, module_objects: dict[str, Any] | None = None
) -> Any | None:
    """The class or function that `name` means, None if there is none.

    Args:
        name: registered name, "package>name", or plain name.
        custom_objects: looked at before what is registered.
        module_objects: looked at last.
    """
    found = find_custom(name, custom_objects)
    if found is None and module_objects:
        found = module_objects.get(name)
    return found
