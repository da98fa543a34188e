"""Config: a dict whose entries are attributes, too."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any


class Config:
    """Settings of an experiment, as attributes, that can be frozen and written as JSON.

    Example:
        >>> config = Config(rate=0.1)
        >>> config.layers = 3
        >>> config["layers"], config.to_json()
        (3, '{"rate": 0.1, "layers": 3}')
    """

    __attrs__: Any = None

    def __init__(self, **kwargs: Any) -> None:
        self._config = dict(kwargs)
        self._frozen = False
        self.__attrs__ = {*dir(self)}

    def freeze(self) -> None:
        """Allow no more changes."""
        self._frozen = True

    def unfreeze(self) -> None:
        """Allow changes again."""
        self._frozen = False

    def _check_thawed(self) -> None:
        if self.__dict__.get("_frozen"):
            raise ValueError("this Config is frozen; call unfreeze() to change it")

    def __setitem__(self, key: str, item: Any) -> None:
        self._check_thawed()
        self._config[key] = item

    def __getitem__(self, key: str) -> Any:
        return self._config[key]

    def __delitem__(self, key: str) -> None:
        self._check_thawed()
        del self._config[key]

    def __contains__(self, item: object) -> bool:
        return item in self._config

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._config))

    def __len__(self) -> int:
        return len(self._config)

    def __repr__(self) -> str:
        return f"<Config {self._config}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Config) and self._config == other._config

    __hash__ = None  # type: ignore[assignment]

    def as_dict(self) -> dict[str, Any]:
        """A copy as a dict."""
        return dict(self._config)

    def to_json(self) -> str:
        """The entries as JSON."""
        return json.dumps(self._config)

    def keys(self) -> Any:
        """The names."""
        return self._config.keys()

    def values(self) -> Any:
        """The values."""
        return self._config.values()

    def items(self) -> Any:
        """Pairs of name and value."""
        return self._config.items()

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name, or `default`."""
        return self._config.get(key, default)

    def pop(self, *args: Any) -> Any:
        """Remove a name and return its value."""
        self._check_thawed()
        return self._config.pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take names and values over."""
        self._check_thawed()
        self._config.update(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = self.__attrs__
        if attributes is None or name in attributes:
            super().__setattr__(name, value)
        else:
            self[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_config":
            raise AttributeError(name)
        if name in self._config:
            return self._config[name]
        close = difflib.get_close_matches(name, self._config, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise AttributeError(f"this Config has no entry {name!r}{hint}")
