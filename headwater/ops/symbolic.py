"""The hooks by which ops take more than tensors: symbolic inputs (a functional model that is being built), and
composites (ragged and sparse tensors), which say themselves what an op makes of them.

Every public function carries `@op`. While there is no hook - nobody has built a functional model, nor made a ragged or
sparse tensor - that costs one check of a global. With one, arguments of known concrete types cost a look-up of their
type each.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])
Handler = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]

_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.ndarray)


class _Hook:
    """Answers the ops one of whose arguments it knows.

    Args:
        predicate: says whether it knows a value; it must depend on the type of the value alone, because types are
            remembered.
        handler: gives the result of the op.
    """

    def __init__(self, predicate: Callable[[Any], bool], handler: Handler) -> None:
        self._predicate, self._handler = predicate, handler
        self._others: set[type] = set(_PLAIN)

    def knows(self, value: Any) -> bool:
        """True if it knows `value`, or anything inside a list, tuple or dict."""
        kind = type(value)
        if kind in self._others:
            return False
        if isinstance(value, (list, tuple)):
            return any(map(self.knows, value))
        if isinstance(value, dict):
            return any(map(self.knows, value.values()))
        if self._predicate(value):
            return True
        self._others.add(kind)
        return False

    def answer(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The handler's answer if an argument is known; NotImplemented if none is."""
        if any(map(self.knows, args)) or (kwargs and any(map(self.knows, kwargs.values()))):
            return self._handler(function, args, kwargs)
        return NotImplemented


_symbolic: _Hook | None = None
_composites: _Hook | None = None
_hooks: tuple[_Hook, ...] = ()


def _hang(symbolic: _Hook | None, composites: _Hook | None) -> None:
    global _symbolic, _composites, _hooks
    _symbolic, _composites = symbolic, composites
    _hooks = tuple(hook for hook in (symbolic, composites) if hook is not None)


def set_handler(predicate: Callable[[Any], bool] | None, handler: Handler | None) -> None:
    """Let `handler(function, args, kwargs)` answer every op one of whose arguments is symbolic.

    Args:
        predicate: says whether a value is symbolic, by its type alone.
        handler: gives the result of the op; None takes the hook away.
    """
    _hang(None if predicate is None or handler is None else _Hook(predicate, handler), _composites)


def welcome_composites() -> None:
    """Let arguments that have `__headwater_function__(function, args, kwargs)` answer the ops that are given them: the
    first one of them. Called when one is made: until then ops look for none."""
    if _composites is None:
        _hang(_symbolic, _Hook(lambda value: hasattr(type(value), "__headwater_function__"), _ask_composite))


def _ask_composite(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return _first_composite((*args, *kwargs.values())).__headwater_function__(function, args, kwargs)


def _first_composite(values: Any) -> Any:
    for value in values:
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            value = _first_composite(value)
        if hasattr(type(value), "__headwater_function__"):
            return value
    return None


def op(function: Function) -> Function:
    """Make `function` public: symbolic arguments and composites go to their handlers, all others to the function
    itself.

    The function keeps its `__name__`, by which a functional model is saved, and its signature.
    """

    @functools.wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        if _hooks:
            for hook in _hooks:
                answer = hook.answer(public, args, kwargs)
                if answer is not NotImplemented:
                    return answer
        return function(*args, **kwargs)

    public._is_op = True  # type: ignore[attr-defined]
    return public  # type: ignore[return-value]


def composite_op(function: Function) -> Function:
    """Let composites answer a function of TensorFlow's doors that looks at its arguments before any op does."""

    @functools.wraps(function)
    def public(*args: Any, **kwargs: Any) -> Any:
        if _composites is not None:
            answer = _composites.answer(public, args, kwargs)
            if answer is not NotImplemented:
                return answer
        return function(*args, **kwargs)

    return public  # type: ignore[return-value]


def is_op(value: Any) -> bool:
    """True for a function that `op` made public."""
    return getattr(value, "_is_op", False) is True
