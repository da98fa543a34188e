"""Module: an object that finds the variables and modules among its attributes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any

from headwater.frontend.variable import Variable


class Module:
    """Base of objects that own variables.

    Args:
        name: by default the class's name in snake case.
    Example:
        >>> class Line(Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.slope = Variable(2.0)
        >>> len(Line().trainable_variables)
        1
    """

    def __init__(self, name: str | None = None) -> None:
        self._module_name = name or re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def name(self) -> str:
        """Its name."""
        return self._module_name

    @property
    def name_scope(self) -> Any:
        """A context that does nothing: names are not scoped."""
        import contextlib

        return contextlib.nullcontext(self.name)

    @property
    def variables(self) -> tuple[Any, ...]:
        """All variables of it and of the modules inside, in the order of their attributes' names."""
        return self._flatten(lambda value: isinstance(value, Variable))

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those variables that are trainable."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Any, ...]:
        """Those variables that are not trainable."""
        return tuple(variable for variable in self.variables if not variable.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """All modules inside."""
        return self._flatten(lambda value: isinstance(value, Module))

    def _flatten(self, wanted: Callable[[Any], bool]) -> tuple[Any, ...]:
        found: dict[int, Any] = {}
        seen = {id(self)}
        pending: list[Any] = [self]
        while pending:
            owner = pending.pop(0)
            own_variables = getattr(owner, "variables", ()) if not isinstance(owner, Module) else ()
            for value in (*_attributes(owner), *own_variables):
                if wanted(value):
                    found.setdefault(id(value), value)
                if id(value) not in seen and not isinstance(value, Variable):
                    seen.add(id(value))
                    if isinstance(value, Module) or hasattr(value, "trainable_variables"):
                        pending.append(value)
        return tuple(found.values())

    @classmethod
    def with_name_scope(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """A decorator that does nothing: names are not scoped."""

        @functools.wraps(method)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            return method(self, *args, **kwargs)

        return call


def _attributes(owner: Any) -> Iterator[Any]:
    """What an object holds in its attributes, looking into lists, tuples and dicts."""
    for name in sorted(vars(owner)) if hasattr(owner, "__dict__") else ():
        if not name.startswith("__"):
            yield from _leaves(vars(owner)[name])


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from _leaves(value[key])
    else:
        yield value
