"""Containers that tell a layer of what is put into them, so that `self.blocks.append(Dense(3))` makes a sub-layer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

Track = Callable[[Any], Any]


@functools.cache
def _register_with_optree() -> None:
    """Let nested-structure functions look into tracked containers as into plain ones."""
    import optree

    everywhere = optree.registry.__GLOBAL_NAMESPACE
    optree.register_pytree_node(
        TrackedList, lambda items: (list(items), None), lambda _, items: list(items), namespace=everywhere
    )
    optree.register_pytree_node(
        TrackedDict,
        lambda items: ([items[key] for key in _ordered(items)], tuple(_ordered(items)), tuple(_ordered(items))),
        lambda keys, values: dict(zip(keys, values)),
        namespace=everywhere,
    )


def _ordered(items: dict) -> list:
    try:
        return sorted(items)
    except TypeError:
        return list(items)


class TrackedList(list):
    """A list whose items a layer tracks."""

    def __init__(self, items: Iterable[Any] = (), track: Track | None = None) -> None:
        _register_with_optree()
        self._track: Track = track or (lambda item: item)
        super().__init__([self._track(item) for item in items])

    def append(self, item: Any) -> None:
        super().append(self._track(item))

    def insert(self, index: Any, item: Any) -> None:
        super().insert(index, self._track(item))

    def extend(self, items: Iterable[Any]) -> None:
        super().extend([self._track(item) for item in items])

    def __iadd__(self, items: Iterable[Any]) -> TrackedList:  # type: ignore[override,misc]
        self.extend(items)
        return self

    def __setitem__(self, index: Any, item: Any) -> None:
        many = isinstance(index, slice)
        super().__setitem__(index, [self._track(each) for each in item] if many else self._track(item))

    def __reduce__(self) -> Any:
        return list, (list(self),)

    def __deepcopy__(self, memo: dict) -> list:
        import copy

        return [copy.deepcopy(item, memo) for item in self]


class TrackedDict(dict):
    """A dict whose values a layer tracks."""

    def __init__(self, items: Any = (), track: Track | None = None) -> None:
        _register_with_optree()
        self._track: Track = track or (lambda item: item)
        super().__init__({key: self._track(value) for key, value in dict(items).items()})

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, self._track(value))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __reduce__(self) -> Any:
        return dict, (dict(self),)

    def __deepcopy__(self, memo: dict) -> dict:
        import copy

        return {key: copy.deepcopy(value, memo) for key, value in self.items()}
