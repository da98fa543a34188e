"""Logs: values of metrics that are read back only when somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from headwater import ops


def as_number(value: Any) -> Any:
    """A scalar tensor as a Python float; other values as they are."""
    if hasattr(value, "__headwater_tensor__") or ops.is_tensor(value):
        value = ops.convert_to_tensor(value)
        return float(value) if not value.shape else value.numpy()
    return value


def as_numbers(logs: dict[str, Any]) -> dict[str, Any]:
    """Logs as Python numbers, by name in alphabetical order; logs inside logs are spread out."""
    found: dict[str, Any] = {}
    for name in sorted(logs):
        value = logs[name]
        if isinstance(value, dict):
            found.update(as_numbers(value))
        else:
            found[name] = as_number(value)
    return found


class LazyLogs(dict):
    """A dict of numbers that asks for them when it is first read.

    Args:
        read: gives the numbers.
    """

    def __init__(self, read: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self._read: Callable[[], dict[str, Any]] | None = read

    def _load(self) -> None:
        if self._read is not None:
            read, self._read = self._read, None
            for name, value in read().items():
                super().setdefault(name, value)

    def __getitem__(self, name: str) -> Any:
        self._load()
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._load()
        return super().get(name, default)

    def __iter__(self) -> Iterator[str]:
        self._load()
        return super().__iter__()

    def __len__(self) -> int:
        self._load()
        return super().__len__()

    def __bool__(self) -> bool:
        return True

    def __contains__(self, name: object) -> bool:
        self._load()
        return super().__contains__(name)

    def keys(self) -> Any:
        self._load()
        return super().keys()

    def values(self) -> Any:
        self._load()
        return super().values()

    def items(self) -> Any:
        self._load()
        return super().items()

    def copy(self) -> dict[str, Any]:
        self._load()
        return dict(super().items())

    def __eq__(self, other: object) -> bool:
        self._load()
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        self._load()
        return super().__repr__()

    def __reduce__(self) -> Any:
        return dict, (self.copy(),)
