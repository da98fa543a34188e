"""Which objects of a model have variables to keep, and under which path: Keras's layout of `.weights.h5` files."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.layers.layer import Layer
from headwater.keras.saving.hdf5 import Reader, put_array
from headwater.keras.utils.naming import to_snake_case

MAX_DEPTH = 100


def _is_saveable(value: Any) -> bool:
    if isinstance(value, Layer):
        return True
    from headwater.keras.optimizers import Optimizer

    return isinstance(value, Optimizer)


@functools.cache
def _known_attributes() -> frozenset[str]:
    """What every layer and model has: none of it but these two leads to objects that a file keeps."""
    from headwater.keras.models.sequential import Sequential

    return (frozenset(dir(Sequential(name="reference"))) | {"operations", "_operations", "_map"}) - {
        "optimizer",
        "layers",
    }


@functools.cache
def _attributes_of_optimizers() -> frozenset[str]:
    """What every optimizer has: what else one has may be optimizers inside it."""
    from headwater.keras.optimizers import Optimizer

    return frozenset(dir(Optimizer(0.0, name="reference")))


def _children(obj: Any) -> Iterator[tuple[str, Any]]:
    """Attributes that may lead to other saveable objects, in the order of their names."""
    from headwater.keras.models.functional import Functional
    from headwater.keras.models.sequential import Sequential

    if isinstance(obj, (Sequential, Functional)):
        yield "layers", obj.layers
    skipped = _known_attributes() if isinstance(obj, Layer) else _attributes_of_optimizers()
    for name in sorted(dir(obj), key=lambda name: (name.startswith("_"), name)):  # private ones last
        if name.startswith("__") or name in skipped:
            continue
        try:
            value = getattr(obj, name)
        except Exception:  # a property that is not ready
            continue
        yield name, value


def walk(root: Any) -> Iterator[tuple[str, Any]]:
    """Each object of a model that has variables of its own, with its path in the file.

    Args:
        root: the model.
    """
    seen: set[int] = set()
    yield from _walk(root, "", seen, 0)


def _walk(obj: Any, path: str, seen: set[int], depth: int) -> Iterator[tuple[str, Any]]:
    if id(obj) in seen:
        return
    if depth > MAX_DEPTH:
        raise ArgumentError(f"the layers of a model are nested deeper than {MAX_DEPTH}.", fix="use fewer levels.")
    seen.add(id(obj))
    yield path, obj
    for name, value in _children(obj):
        inner = f"{path}/{name}" if path else name
        if _is_saveable(value):
            yield from _walk(value, inner, seen, depth + 1)
        elif isinstance(value, (list, tuple, dict, set)):
            yield from _walk_container(value, inner, seen, depth + 1)


def _walk_container(values: Any, path: str, seen: set[int], depth: int) -> Iterator[tuple[str, Any]]:
    used: dict[str, int] = {}
    for value in list(values.values()) if isinstance(values, dict) else list(values):
        if not _is_saveable(value):
            continue
        name = to_snake_case(type(value).__name__)
        if name in used:
            used[name] += 1
            name = f"{name}_{used[name]}"
        else:
            used[name] = 0
        yield from _walk(value, f"{path}/{name}", seen, depth)


def write_state(root: Any, file: Any) -> None:
    """Write the variables of a model into an open HDF5 file."""
    for path, obj in walk(root):
        store: dict[str, Any] = {}
        if hasattr(obj, "save_own_variables"):
            obj.save_own_variables(store)
        group = file.create_group(f"{path}/vars" if path else "vars")
        group.attrs["name"] = obj.name
        for name, value in store.items():
            put_array(group, name, value)


def read_state(root: Any, reader: Reader, skip_mismatch: bool = False, what: str = "the file") -> None:
    """Give the variables of a model the values of a file.

    Raises: ArgumentError, naming each layer whose variables do not fit, unless `skip_mismatch`.
    """
    from headwater.keras.optimizers import Optimizer

    problems: list[str] = []
    for path, obj in walk(root):
        inner = f"{path}/vars" if path else "vars"
        store = reader.variables(inner)
        if not hasattr(obj, "load_own_variables"):
            continue
        if not len(store) and not _has_variables(obj):
            continue
        if isinstance(obj, Optimizer) and len(store) <= 2 < len(obj.variables):
            continue  # saved before its first step: it had no slots yet
        try:
            obj.load_own_variables(store)
        except (ValueError, KeyError, TypeError) as error:
            message = f"{obj.name!r} ({inner}): {str(error).splitlines()[0]}"
            if isinstance(obj, Optimizer) or skip_mismatch:
                warnings.warn(f"the variables of {message} They stay as they are.", stacklevel=4)
            else:
                problems.append(message)
    if problems:
        shown = "; ".join(problems[:5]) + ("; ..." if len(problems) > 5 else "")
        raise ArgumentError(
            f"{len(problems)} objects of model {root.name!r} can't be loaded from {what}: {shown}",
            fix="load into a model of the same architecture, built for the same inputs, or pass skip_mismatch=True.",
            where="",
        )


def _has_variables(obj: Any) -> bool:
    if isinstance(obj, Layer):
        return bool(obj._trainable_variables or obj._non_trainable_variables)
    return bool(obj.variables)
