"""The backends, loaded by name on first use, and the one that is in use.

cpu        the native runtime: the default
xla        jax.jit: GPUs and TPUs, an optional extra
reference  NumPy, one primitive after another: the oracle
"""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from typing import Any

from headwater.backends.base import Backend
from headwater.errors import ArgumentError
from headwater.ir import dispatch
from headwater.ir.spec import Spec

NAMES = ("cpu", "xla", "reference")
_loaded: dict[str, Backend] = {}
_current: Backend | None = None


def get(name: str) -> Backend:
    """The backend of that name.

    Raises: ArgumentError if there is none of that name.
    """
    require_name(name)
    if name not in _loaded:
        _loaded[name] = importlib.import_module(f"headwater.backends.{name}").load()
    return _loaded[name]


def require_name(name: str | None) -> None:
    """Raise ArgumentError if there is no backend of that name; None stands for the one in use."""
    if name is not None and name not in NAMES:
        raise ArgumentError(f"there is no backend {name!r}.", fix=f"use one of {', '.join(NAMES)}.")


def current() -> Backend:
    """The backend in use; HEADWATER_BACKEND names the first one, "cpu" if it is not set."""
    if _current is None:
        use(os.environ.get("HEADWATER_BACKEND", "cpu"))
    assert _current is not None
    return _current


def transfer(buffer: Any, spec: Spec, source: Backend, target: Backend) -> Any:
    """A buffer of one backend as one of another, by NumPy: without a copy where both can share memory. Buffers of
    strings are the host's, whatever the backend."""
    if source is target or spec.dtype.kind == "string":
        return buffer
    return target.from_numpy(source.to_numpy(buffer, spec))


def use(name: str) -> None:
    """Run everything from now on by the backend `name`: "cpu", "xla" or "reference".

    Raises: ArgumentError if there is none of that name; ImportError if it is not installed.
    Example:
        >>> use("cpu")
    """
    global _current
    _current = get(name)
    dispatch.set_executor(_current)


@contextlib.contextmanager
def using(name: str) -> Iterator[Backend]:
    """Run what is inside by another backend."""
    previous = current()
    use(name)
    try:
        yield get(name)
    finally:
        use(previous.name)


class _FirstUse:
    """Stands for the backend until something runs: importing Headwater loads none."""

    def __getattr__(self, name: str) -> object:
        return getattr(current(), name)


dispatch.set_executor(_FirstUse())  # type: ignore[arg-type]
