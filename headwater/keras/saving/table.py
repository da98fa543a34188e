"""The closed table: what a file may name. Public classes, and pure functions, of this package; nothing is imported by a
name from a file, and the module that a config gives only chooses between groups of this table.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any

# Group -> package. The order is that of the search when a config gives no module, as files of Keras 2 do not.
_GROUPS = {
    "layers": "headwater.keras.layers",
    "models": "headwater.keras.models",
    "initializers": "headwater.keras.initializers",
    "regularizers": "headwater.keras.regularizers",
    "constraints": "headwater.keras.constraints",
    "optimizers.schedules": "headwater.keras.optimizers.schedules",
    "optimizers": "headwater.keras.optimizers",
    "losses": "headwater.keras.losses",
    "metrics": "headwater.keras.metrics",
    "dtype_policies": "headwater.keras.dtype_policies",
    "random": "headwater.keras.random",
}
_FUNCTION_GROUPS = {
    "activations": "headwater.keras.activations",
    "losses": "headwater.keras.losses",
    "metrics": "headwater.keras.metrics",
}
# Written under the shortest public name that Keras has for them.
_TOP_LEVEL = frozenset(
    {"Sequential", "Model", "Layer", "Variable", "Operation", "Function", "InputSpec"}
    | {"DTypePolicy", "FloatDTypePolicy", "SeedGenerator", "Initializer", "Loss", "Metric", "Optimizer", "Regularizer"}
)
# Classes that Keras exports under another name than their own.
_WRITTEN_AS = {"GroupedQueryAttention": "GroupQueryAttention"}


@functools.cache
def _classes(group: str) -> dict[str, type]:
    package = importlib.import_module(_GROUPS[group])
    named = ((name, getattr(package, name)) for name in dir(package) if not name.startswith("_"))
    found = {name: value for name, value in named if inspect.isclass(value) and value.__module__.startswith(_ORIGIN)}
    if group == "models":
        from headwater.keras.models.functional import Functional

        found["Functional"] = Functional
    if group == "layers":
        from headwater.keras.layers.preprocessing import features

        found.update({name: getattr(features, name) for name in ("Cross", "Feature", "TFDConcat", "TFDIdentity")})
    if group == "optimizers":
        found.update(_legacy_optimizer_names(found))
    return found


_ORIGIN = "headwater.keras."


def _legacy_optimizer_names(found: dict[str, type]) -> dict[str, type]:
    """Keras 2.11-2.15 wrote "Custom>Adam" and the like; plain class names cover the rest."""
    return {f"Custom>{name}": value for name, value in found.items()}


@functools.cache
def _functions(group: str) -> dict[str, Any]:
    package = importlib.import_module(_FUNCTION_GROUPS[group])
    aliases = getattr(package, "ALL_OBJECTS_DICT", {})
    named = [(name, getattr(package, name)) for name in dir(package) if not name.startswith("_")]
    named += list(aliases.items())
    excluded = {"get", "serialize", "deserialize"}
    return {
        name: value
        for name, value in named
        if inspect.isfunction(value) and name not in excluded and value.__module__.startswith(_ORIGIN)
    }


def group_of(module: str | None) -> str | None:
    """The group that a module path written by Keras belongs to: "keras.src.layers.core.dense" is of "layers"."""
    if not module:
        return None
    parts = module.split(".")
    if parts[0] == "tensorflow" and len(parts) > 1:
        parts = parts[1:]
    if parts[0] not in ("keras", "tf_keras"):
        return None
    parts = [part for part in parts[1:] if part not in ("src", "api", "_tf_keras", "keras", "v2")]
    if parts[:2] == ["optimizers", "schedules"]:
        return "optimizers.schedules"
    return parts[0] if parts else "top"


def find_class(module: str | None, name: str) -> type | None:
    """The class of the table that a config names, None if there is none."""
    if module and group_of(module) is None:
        return None  # a user's module: only custom objects can answer
    group = group_of(module)
    if group == "utils":
        from headwater.keras.utils import FeatureSpace

        return FeatureSpace if name == "FeatureSpace" else None
    if group in _GROUPS:
        found = _classes(group).get(name)
        if found is not None:
            return found
    if group == "ops":
        return None  # these become nodes of a graph, see operations/op_node.py
    for other in _GROUPS:
        found = _classes(other).get(name)
        if found is not None:
            return found
    return None


def find_function(module: str | None, name: str) -> Any | None:
    """The pure function of the table that a config names, None if there is none."""
    group = group_of(module)
    order = [group] if group in _FUNCTION_GROUPS else []
    for candidate in (*order, *_FUNCTION_GROUPS):
        found = _functions(candidate).get(name)
        if found is not None:
            return found
    return None


def public_name(cls: type) -> tuple[str, str, str | None] | None:
    """How Keras writes a class of the table: (module, class name, registered name); None for a user's class."""
    if not cls.__module__.startswith(_ORIGIN):
        return None
    name = cls.__name__
    if name == "Functional":
        return "keras.src.models.functional", "Functional", "Functional"
    if name in _TOP_LEVEL:
        return "keras", name, None
    parts = cls.__module__.removeprefix(_ORIGIN).split(".")
    group = "optimizers.schedules" if parts[:2] == ["optimizers", "schedules"] else parts[0]
    if group in _GROUPS and _classes(group).get(name) is cls:
        return f"keras.{group}", _WRITTEN_AS.get(name, name), None
    return None
