"""What a layer's `call` takes: found once per class, so that a call need not ask again."""

from __future__ import annotations

import inspect
from typing import Any


class CallSignature:
    """The parameters of a method, without `self`.

    Attributes:
        names: names of its parameters, in order.
        first: the name of the first one.
        takes_training, takes_mask: whether it has these.
        default_training: the default of `training`.
        open_ended: whether it takes *args or **kwargs.
    """

    def __init__(self, function: Any) -> None:
        self.signature = inspect.signature(function)
        parameters = list(self.signature.parameters.values())
        self.names = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        self.first = self.names[0] if self.names else None
        variadic = {p.kind for p in parameters}
        self.takes_any_keyword = inspect.Parameter.VAR_KEYWORD in variadic
        self.open_ended = self.takes_any_keyword or inspect.Parameter.VAR_POSITIONAL in variadic
        self.takes_training = "training" in self.names or self.takes_any_keyword
        self.takes_mask = "mask" in self.names
        training = self.signature.parameters.get("training")
        has_default = training is not None and training.default is not training.empty
        self.default_training = training.default if has_default else None
        self.simple = len(self.names) == 1 and not self.open_ended

    def bind(self, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Argument names to values, for what was given."""
        if len(args) <= len(self.names) and not self.open_ended and not kwargs:
            return dict(zip(self.names, args))
        bound = self.signature.bind_partial(*args, **kwargs)
        arguments = dict(bound.arguments)
        for name, parameter in self.signature.parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD and name in arguments:
                arguments.update(arguments.pop(name))
        return arguments


_cache: dict[Any, CallSignature] = {}


def signature_of(method: Any) -> CallSignature:
    """The signature of a bound method; remembered by its function."""
    function = getattr(method, "__func__", method)
    found = _cache.get(function)
    if found is None:
        found = _cache[function] = CallSignature(method)
    return found
