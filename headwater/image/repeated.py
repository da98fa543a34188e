"""Plain calls that repeat run as one program instead of operation by operation.

Pictures of a data set mostly have a few sizes. After a few calls with the same shapes and settings they are compiled:
the many passes over a picture become a few. Both ways give the same bits.
"""

from __future__ import annotations

import collections
import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from headwater.frontend.function import function as compiled
from headwater.frontend.function import functions_run_eagerly
from headwater.frontend.tensor import Tensor
from headwater.frontend.tracing import is_plain

Function = TypeVar("Function", bound=Callable[..., Any])

_COMPILED_FROM = 3
_KEPT = 32  # programs of a function, and counts of what may become one
_SETTINGS = (int, float, str, bool, type(None))


class _Programs:
    """What was called how often, and the programs of what was called often. Threads share it."""

    def __init__(self) -> None:
        self._known: collections.OrderedDict[Any, Any] = collections.OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: Any) -> Any:
        """The program of a key, None as long as there is none."""
        with self._lock:
            found = self._known.get(key)
        return None if isinstance(found, int) else found

    def count(self, key: Any, make: Callable[[], Any]) -> None:
        """Note a call that succeeded; enough of them make a program."""
        with self._lock:
            found = self._known.pop(key, 0)
            if isinstance(found, int):
                found = make() if found + 1 >= _COMPILED_FROM else found + 1
            self._known[key] = found
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)


def _setting(value: Any) -> Any:
    """A setting as something that can be a key.

    Raises: TypeError for what is none.
    """
    if isinstance(value, (list, tuple)):
        return tuple(_setting(item) for item in value)
    if isinstance(value, _SETTINGS):
        return type(value), value
    raise TypeError


def compiled_when_repeated(function: Function) -> Function:
    """`function`, whose calls become programs once they repeat.

    Args:
        function: of a picture, or a batch, and then of tensors and settings; it must only compute.
    """
    programs = _Programs()

    @functools.wraps(function)
    def call(image: Any, *args: Any, **kwargs: Any) -> Any:
        given = [image, *args, *kwargs.values()]
        if not isinstance(image, (Tensor, np.ndarray)) or not is_plain() or functions_run_eagerly():
            return function(image, *args, **kwargs)
        moving = [isinstance(value, Tensor) or value is image for value in given]
        try:
            key = (
                len(args),
                *kwargs,
                *((value.shape, value.dtype) if moves else _setting(value) for value, moves in zip(given, moving)),
            )
        except TypeError:
            return function(image, *args, **kwargs)

        def make() -> Any:
            def run(*tensors: Any) -> Any:
                left = iter(tensors)
                values = [next(left) if moves else value for value, moves in zip(given, moving)]
                return function(*values[: 1 + len(args)], **dict(zip(kwargs, values[1 + len(args) :])))

            return compiled(run, autograph=False)

        program = programs.of(key)
        if program is None:
            found = function(image, *args, **kwargs)
            programs.count(key, make)
            return found
        return program(*(value for value, moves in zip(given, moving) if moves))

    return call  # type: ignore[return-value]
