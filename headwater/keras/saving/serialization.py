"""Objects to plain data and back, in the form of Keras 3: {"module", "class_name", "config", "registered_name"}.

Reading is data first: a name in a config only chooses an entry of the closed table (`table.py`) or one of the caller's
custom objects. No code is stored, and none is loaded.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, HeadwaterError, RangeError
from headwater.keras.saving import registration, table

MAX_DEPTH = 100

_PLAIN = (str, int, float, bool, type(None))


class UnknownObjectError(ArgumentError, TypeError):
    """A config names something that is neither built in nor among the custom objects."""


class _State(threading.local):
    unsafe: bool = False
    written: dict[int, dict[str, Any]] | None = None
    read: dict[int, Any] | None = None
    depth: int = 0


_state = _State()


@contextmanager
def unsafe_scope(safe_mode: bool | None) -> Iterator[None]:
    """Within it, layers that a caller vouched for with `safe_mode=False` may load; None changes nothing."""
    previous = _state.unsafe
    if safe_mode is not None:
        _state.unsafe = not safe_mode
    try:
        yield
    finally:
        _state.unsafe = previous


def in_safe_mode() -> bool:
    """True unless the caller of the loading function passed `safe_mode=False`."""
    return not _state.unsafe


@contextmanager
def sharing_scope() -> Iterator[None]:
    """Within it, one object met twice is written with an id, and objects with one id are read as one."""
    previous = _state.written, _state.read
    _state.written, _state.read = {}, {}
    try:
        yield
    finally:
        _state.written, _state.read = previous


@contextmanager
def _deeper() -> Iterator[None]:
    _state.depth += 1
    try:
        if _state.depth > MAX_DEPTH:
            raise RangeError(
                f"a config is nested deeper than {MAX_DEPTH} levels.", fix="check where the file or object comes from."
            )
        yield
    finally:
        _state.depth -= 1


# ---- writing
# ----------------------------------------------------------------------------------------------------------


def serialize_keras_object(obj: Any) -> Any:
    """Plain data (dicts, lists, strings, numbers) that `deserialize_keras_object` makes `obj` of again.

    Args:
        obj: an object with `get_config`, a function, an array, a dtype, or a structure of these and of plain values.
    Raises: UnknownObjectError for an object that can't be described.
    Example:
        >>> serialize_keras_object({"axis": (1, 2), "start": b"a"})["start"]
        {'class_name': '__bytes__', 'config': {'value': 'a'}}
    """
    if isinstance(obj, _PLAIN):
        return str(obj) if isinstance(obj, str) else obj
    with _deeper():
        return _serialize(obj)


def _special(name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": name, "config": config}


def _serialize(obj: Any) -> Any:
    if isinstance(obj, (list, tuple)):
        return type(obj)([serialize_keras_object(item) for item in obj]) if type(obj) in (list, tuple) else list(obj)
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    if isinstance(obj, bytes):
        return _special("__bytes__", {"value": obj.decode("latin-1")})
    if isinstance(obj, np.ndarray):
        return _special("__numpy__", {"value": obj.tolist(), "dtype": obj.dtype.name})
    if isinstance(obj, np.generic):
        return obj.item()
    if obj is Ellipsis:
        return _special("__ellipsis__", {})
    if isinstance(obj, slice):
        parts = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return _special("__slice__", {key: serialize_keras_object(value) for key, value in parts.items()})
    if isinstance(obj, np.dtype):
        return obj.name
    if hasattr(obj, "_keras_history"):
        return _serialize_keras_tensor(obj)
    if ops.is_tensor(obj):
        return _special("__tensor__", {"value": obj.numpy().tolist(), "dtype": str(obj.dtype)})
    if inspect.isfunction(obj) or inspect.isbuiltin(obj):
        return _serialize_function(obj)
    if inspect.isclass(obj):
        return _serialize_class(obj)
    if hasattr(obj, "get_config"):
        return _serialize_object(obj)
    if hasattr(obj, "__name__"):  # a compiled function, a partial with a name
        return _serialize_function(obj)
    raise UnknownObjectError(
        f"{obj!r} of type {type(obj).__name__} can't be written to a config.",
        fix="give its class a get_config method, or pass plain values.",
    )


def _serialize_keras_tensor(tensor: Any) -> dict[str, Any]:
    history = tensor._keras_history
    position = [history.operation.name, history.node_index, history.tensor_index]
    config = {"shape": list(tensor.shape), "dtype": str(tensor.dtype), "keras_history": position}
    return _special("__keras_tensor__", config)


def _serialize_function(function: Any) -> dict[str, Any]:
    registered = registration.get_registered_name(function)
    if registration.is_registered(function):
        return {
            "module": "builtins",
            "class_name": "function",
            "config": registered,
            "registered_name": registered,
        }
    return {
        "module": "builtins",
        "class_name": "function",
        "config": function.__name__,
        "registered_name": "function",
    }


def _names_of(cls: type) -> tuple[str | None, str, str | None]:
    public = table.public_name(cls)
    if public is not None:
        return public
    module = None if cls.__module__ in ("builtins", "__main__") else cls.__module__
    return module, cls.__name__, registration.get_registered_name(cls)


def _serialize_class(cls: type) -> dict[str, Any]:
    module, name, registered = _names_of(cls)
    return {"module": module, "class_name": "__class__", "config": name, "registered_name": registered}


def _serialize_object(obj: Any) -> dict[str, Any]:
    names = getattr(obj, "_serialized_names", None)  # operations of a graph are written as Keras's own classes
    module, name, registered = names() if names is not None else _names_of(type(obj))
    inner = serialize_keras_object(obj.get_config())
    config = {"module": module, "class_name": name, "config": inner, "registered_name": registered}
    for key, method in (("build_config", "get_build_config"), ("compile_config", "get_compile_config")):
        get = getattr(obj, method, None)
        part = get() if get is not None else None
        if part is not None:
            config[key] = serialize_keras_object(part) if key == "compile_config" else _lists(part)
    _remember_written(obj, config)
    return config


def _lists(value: Any) -> Any:
    """Shapes as JSON has them: lists."""
    if isinstance(value, (list, tuple)):
        return [_lists(item) for item in value]
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return value


def _remember_written(obj: Any, config: dict[str, Any]) -> None:
    if _state.written is None:
        return
    first = _state.written.get(id(obj))
    if first is None:
        _state.written[id(obj)] = config
    else:
        first["shared_object_id"] = config["shared_object_id"] = id(obj)


# ---- reading
# ----------------------------------------------------------------------------------------------------------


def deserialize_keras_object(
    config: Any,
    custom_objects: dict[str, Any] | None = None,
    safe_mode: bool | None = None,
    *,
    module_objects: dict[str, Any] | None = None,
    printable_module_name: str = "object",
) -> Any:
    """The object that plain data describes.

    Args:
        config: what `serialize_keras_object` returned, perhaps through JSON; a plain string is a name.
        custom_objects: dict from name to the user's classes and functions that the config may name.
        safe_mode: False lets layers load that hold a caller's function (`Lambda`); code is never read from a config.
        module_objects: dict from name to class or function for plain strings.
        printable_module_name: what the object should be, for messages.
    Raises: UnknownObjectError if a name is not known; ArgumentError if the config is malformed.
    """
    with unsafe_scope(safe_mode), registration.CustomObjectScope(custom_objects), _deeper():
        return _deserialize(config, module_objects, printable_module_name)


def _deserialize(config: Any, module_objects: dict[str, Any] | None = None, what: str = "object") -> Any:
    if isinstance(config, str):
        return _deserialize_name(config, module_objects, what)
    if config is None or isinstance(config, _PLAIN):
        return config
    if isinstance(config, (list, tuple)):
        with _deeper():
            return [_deserialize(item) for item in config]
    if not isinstance(config, dict):
        return config
    with _deeper():
        if "class_name" not in config or "config" not in config:
            return {key: _deserialize(value) for key, value in config.items()}
        return _deserialize_described(config, module_objects, what)


def _deserialize_name(name: str, module_objects: dict[str, Any] | None, what: str) -> Any:
    custom = registration.find_custom(name)
    if custom is not None:
        return custom
    if module_objects is None:
        return name
    found = module_objects.get(name)
    if found is None:
        raise UnknownObjectError(
            f"{name!r} is not a known {what}.",
            fix=f"use one of the built-in names, or pass custom_objects={{{name!r}: ...}}.",
        )
    return found() if inspect.isclass(found) else found


def _deserialize_described(config: dict[str, Any], module_objects: dict[str, Any] | None, what: str) -> Any:
    class_name, inner = config["class_name"], config["config"]
    special = _SPECIAL.get(class_name) if isinstance(class_name, str) else None
    if special is not None:
        return special(inner)
    if class_name in ("__class__", "function"):
        return _find(config, inner if isinstance(inner, str) else None, class_name == "function")
    if not isinstance(class_name, str) or not isinstance(inner, (dict, type(None))):
        raise ArgumentError(
            f"a config of class {class_name!r} holds {type(inner).__name__} instead of a dict.",
            fix="check that the file is complete and was written by Keras.",
        )
    shared = config.get("shared_object_id")
    if shared is not None and _state.read is not None and shared in _state.read:
        return _state.read[shared]
    cls = _find(config, class_name, False, module_objects)
    instance = _make(cls, inner or {})
    if shared is not None and _state.read is not None:
        _state.read[shared] = instance
    build_config = config.get("build_config")
    if build_config and hasattr(instance, "build_from_config"):
        instance.build_from_config(build_config)
    compile_config = config.get("compile_config")
    if compile_config and hasattr(instance, "compile_from_config"):
        instance.compile_from_config(compile_config)
    return instance


def _make(cls: Any, inner: dict[str, Any]) -> Any:
    if not hasattr(cls, "from_config"):
        raise UnknownObjectError(f"{cls!r} has no from_config method.", fix="derive it from a Keras class.")
    try:
        return cls.from_config(inner)
    except TypeError as error:
        if isinstance(error, HeadwaterError):
            raise
        raise UnknownObjectError(
            f"{cls.__name__} can't be made from its config: {error}.",
            fix=f"let {cls.__name__}.get_config return exactly the arguments of its constructor.",
        ) from error


def _find(
    config: dict[str, Any], name: str | None, function: bool, module_objects: dict[str, Any] | None = None
) -> Any:
    if name is None:
        raise ArgumentError("a config names a function by something that is no string.", fix="check the file.")
    module, registered = config.get("module"), config.get("registered_name")
    names = [candidate for candidate in (registered, name) if isinstance(candidate, str) and candidate != "function"]
    for candidate in names:
        custom = registration.find_custom(candidate)
        if custom is not None:
            return custom
    lookup = table.find_function if function else table.find_class
    found = lookup(module if isinstance(module, str) and module != "builtins" else None, name)
    if found is None and not function and table.group_of(module) == "ops":
        from headwater.keras.operations.op_node import OpNode

        return OpNode.named(name)
    if found is None and module_objects:
        found = module_objects.get(name)
    if found is None:
        kind = "function" if function else "class"
        raise UnknownObjectError(
            f"a config names the {kind} {name!r}, which is neither built in nor a custom object.",
            fix=f"pass custom_objects={{{name!r}: {name}}}, or put @keras.saving.register_keras_serializable() on it.",
        )
    return found


def _read_array(inner: dict[str, Any]) -> np.ndarray:
    return np.array(inner["value"], dtype=ops.convert_to_numpy(np.zeros((), inner["dtype"])).dtype)


def _refuse_lambda(inner: Any) -> Any:
    raise UnknownObjectError(
        "the file holds a Python lambda as code, which is never run.",
        fix="pass the function through custom_objects, or rebuild the model in Python and load its weights.",
    )


_SPECIAL: dict[str, Any] = {
    "__tuple__": lambda inner: tuple(_deserialize(item) for item in inner["value"]),
    "__bytes__": lambda inner: inner["value"].encode("latin-1"),
    "__numpy__": _read_array,
    "__tensor__": lambda inner: ops.convert_to_tensor(_read_array(inner)),
    "__ellipsis__": lambda inner: Ellipsis,
    "__slice__": lambda inner: slice(*(_deserialize(inner[part]) for part in ("start", "stop", "step"))),
    "__lambda__": _refuse_lambda,
}
