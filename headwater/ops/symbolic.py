"""The hook by which ops take symbolic inputs: the tensors of a functional model that is being built.

Every public function carries `@op`. While no handler is registered - nobody has built a functional model - that
costs one check of a global. With a handler, arguments of known concrete types cost a look-up of their type each.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

_handler: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any] | None = None
_predicate: Callable[[Any], bool] | None = None
_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.ndarray)
_concrete: set[type] = set(_PLAIN)


def set_handler(
    predicate: Callable[[Any], bool] | None,
    handler: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any] | None,
) -> None:
    """Let `handler(function, args, kwargs)` answer every op one of whose arguments is symbolic.

    Args:
        predicate: says whether a value is symbolic; it must depend on the type of the value alone, because types are
            remembered.
        handler: gives the result of the op; None switches the hook off.
    """
    global _handler, _predicate
    _handler, _predicate = handler, predicate
    _concrete.clear()
    _concrete.update(_PLAIN)


def is_symbolic(value: Any) -> bool:
    """True if `value`, or anything inside a list, tuple or dict, is symbolic."""
    kind = type(value)
    if kind in _concrete or _predicate is None:
        return False
    if isinstance(value, (list, tuple)):
        return any(map(is_symbolic, value))
    if isinstance(value, dict):
        return any(map(is_symbolic, value.values()))
    if _predicate(value):
        return True
    _concrete.add(kind)
    return False


def maybe_symbolic(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The handler's answer if an argument is symbolic; NotImplemented if none is."""
    if _handler is not None and (any(map(is_symbolic, args)) or (kwargs and any(map(is_symbolic, kwargs.values())))):
        return _handler(function, args, kwargs)
    return NotImplemented


def op(function: Function) -> Function:
    """Make `function` public: symbolic arguments go to the handler, all others to the function itself.

    The function keeps its `__name__`, by which a functional model is saved, and its signature.
    """

    @functools.wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        if _handler is not None:
            answer = maybe_symbolic(public, args, kwargs)
            if answer is not NotImplemented:
                return answer
        return function(*args, **kwargs)

    public._is_op = True  # type: ignore[attr-defined]
    return public  # type: ignore[return-value]


def is_op(value: Any) -> bool:
    """True for a function that `op` made public."""
    return getattr(value, "_is_op", False) is True
