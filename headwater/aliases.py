"""Serve the names `tensorflow` and `keras` by Headwater, so that scripts written for them run unmodified.

`python -m headwater run script.py` does so for one script; in a notebook, call `serve_names()` before the first import.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from typing import Any

# The versions whose public names are served; scripts compare them before they choose a code path.
SERVED = {"tensorflow": ("headwater", "2.21.0"), "keras": ("headwater.keras", "3.15.1")}

_REFUSED = {
    "tensorflow.python": "these are TensorFlow's private modules; use the public name under `tensorflow`",
    "tensorflow.core": "these are TensorFlow's private modules; use the public name under `tensorflow`",
    "tensorflow.compat.v1": "graphs and sessions of TensorFlow 1 are not served; use the TensorFlow 2 names",
    "keras.src": "these are Keras's private modules; use the public name under `keras`",
}


def serve_names() -> None:
    """Make `import tensorflow`, `import keras` and their submodules give Headwater's, in this process from now on.

    Modules that are loaded already stay as they are; calling twice changes nothing.

    Raises: ImportError if the real TensorFlow or Keras is loaded already: two cannot share one name.
    Example (a program of its own: the real ones must not be loaded):
        import headwater.aliases

        headwater.aliases.serve_names()
        import tensorflow as tf
        from tensorflow.keras import layers

    Source: own; the hooks are PEP 451's.
    """
    for name in SERVED:
        module = sys.modules.get(name)
        if module is not None and not isinstance(module, _ServedModule):
            raise ImportError(
                f"the real {name} is loaded already, so Headwater cannot serve its name\n"
                f"  fix  call headwater.aliases.serve_names() before anything imports {name}."
            )
    if not any(isinstance(finder, _ServedFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _ServedFinder())


def withdraw_names() -> None:
    """Undo `serve_names`: later imports find the real packages, if they are installed.

    Source: own.
    """
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _ServedFinder)]
    for name in [name for name in sys.modules if _root(name) in SERVED]:
        del sys.modules[name]


class _ServedModule(types.ModuleType):
    """Stands for a served package: its own name and version, and every other attribute of the package behind it."""

    def __init__(self, name: str, target: Any, version: str = "") -> None:
        super().__init__(name, getattr(target, "__doc__", None))
        self.__dict__["_target"] = target
        if version:
            self.__version__ = version
            self.version = types.SimpleNamespace(VERSION=version)
        if hasattr(target, "__all__"):
            self.__all__ = target.__all__

    def __getattr__(self, attribute: str) -> Any:
        if self.__name__ == "tensorflow" and attribute == "keras":
            return importlib.import_module("keras")  # with the version of Keras, as in TensorFlow
        try:
            value = getattr(self._target, attribute)
        except AttributeError:
            raise AttributeError(_not_served(f"{self.__name__}.{attribute}")) from None
        if callable(value):
            self.__dict__[attribute] = value  # found without this method from now on
        return value

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._target), *self.__dict__} - {"_target"})


class _ServedFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `tensorflow...` and `keras...` in Headwater; leaves every other name to the finders after it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if _root(fullname) not in SERVED:
            return None
        if any(fullname == refused or fullname.startswith(refused + ".") for refused in _REFUSED):
            raise ModuleNotFoundError(_not_served(fullname), name=fullname)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        if spec.name in SERVED:
            target, version = SERVED[spec.name]
            return _ServedModule(spec.name, importlib.import_module(target), version)
        return None  # exec_module puts Headwater's own module in its place

    def exec_module(self, module: types.ModuleType) -> None:
        if module.__name__ in SERVED:
            return
        # The import system hands out what it finds in sys.modules now: one module under two names, so that a class
        # imported by either is the same class.
        sys.modules[module.__name__] = _behind(module.__name__)


def _root(fullname: str) -> str:
    return fullname.partition(".")[0]


def _target_name(fullname: str) -> str:
    """Headwater's name for a served one: "tensorflow.keras.layers" is "headwater.keras.layers"."""
    root, _, rest = fullname.partition(".")
    return SERVED[root][0] + (f".{rest}" if rest else "")


def _behind(fullname: str) -> types.ModuleType:
    """The module that a served name below the root stands for."""
    if fullname == "tensorflow.keras":
        return importlib.import_module("keras")
    target = _target_name(fullname)
    if importlib.util.find_spec(target) is not None:
        return importlib.import_module(target)
    parent, _, leaf = fullname.rpartition(".")
    namespace = getattr(sys.modules[parent], leaf, None)
    if isinstance(namespace, types.ModuleType):
        return namespace
    if namespace is not None:  # a class used as a namespace
        return _ServedModule(fullname, namespace)
    raise ModuleNotFoundError(_not_served(fullname), name=fullname)


def refusal(fullname: str) -> str:
    """Why a name will never be served, and what to use; empty for any other name.

    Args:
        fullname: dotted, e.g. "tensorflow.compat.v1.Session".
    Source: own.
    """
    return next((reason for refused, reason in _REFUSED.items() if f"{fullname}.".startswith(f"{refused}.")), "")


def _not_served(fullname: str) -> str:
    remedy = refusal(fullname) or f"dir({fullname.rpartition('.')[0]}) lists what is there"
    for refused, reason in _REFUSED.items():
        if refused.startswith(f"{fullname}."):
            remedy = reason
    return f"{fullname} is not served by Headwater\n  fix  {remedy}."


def explain(error: BaseException) -> str:
    """What to add to an error of a script that asked for a name that is not served; empty for any other error.

    Source: own.
    """
    if isinstance(error, ImportError) and error.name:
        own = {target: root for root, (target, _) in SERVED.items()}
        for target in sorted(own, key=len, reverse=True):
            if error.name == target or error.name.startswith(target + "."):
                served = own[target] + error.name[len(target) :]
                return f"  fix  a name of {served} that is not served by Headwater; dir({served}) lists what is there."
    return ""
