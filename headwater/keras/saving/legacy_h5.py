"""The older `.h5` file: the config as JSON in an attribute, and the weights by layer name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, ShapeError
from headwater.keras.layers.core.input_layer import InputLayer
from headwater.keras.layers.preprocessing.assets import without_files
from headwater.keras.saving import strict_json
from headwater.keras.saving.hdf5 import Reader, h5py_module, put_array
from headwater.keras.saving.serialization import deserialize_keras_object, serialize_keras_object

VERSION = "3.15.1"
_TOP = "top_level_model_weights"


def _layers_of(model: Any) -> list[Any]:
    return [layer for layer in model.layers if not isinstance(layer, InputLayer)]


def _legacy_weights(layer: Any) -> list[Any]:
    """Trainable weights first, as these files have them."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def write_weights(model: Any, group: Any) -> None:
    """Write the weights of a model into an open group."""
    layers = _layers_of(model)
    _put_names(group, "layer_names", [layer.name for layer in layers])
    group.attrs["backend"] = np.bytes_("headwater")
    group.attrs["keras_version"] = np.bytes_(VERSION)
    for layer in sorted(layers, key=lambda layer: layer.name):
        _write_group(group.create_group(layer.name), _legacy_weights(layer))
    own = [*model._trainable_variables, *model._non_trainable_variables]
    _write_group(group.create_group(_TOP), own)


def _write_group(group: Any, variables: list[Any]) -> None:
    names = []
    for index, variable in enumerate(variables):
        name = getattr(variable, "path", None) or f"{variable.name}_{index}"
        names.append(name if name not in names else f"{name}_{index}")
    _put_names(group, "weight_names", names)
    for name, variable in zip(names, variables):
        put_array(group, name, variable)


def _put_names(group: Any, attribute: str, names: list[str]) -> None:
    """Names as an attribute; attributes hold 64 kB, so a long list is cut into numbered ones."""
    data = np.array([name.encode("utf-8") for name in names]) if names else np.array([], dtype="float64")
    pieces = 1
    while names and any(piece.nbytes > 64000 for piece in np.array_split(data, pieces)):
        pieces += 1
    if pieces == 1:
        group.attrs[attribute] = data
    else:
        for index, piece in enumerate(np.array_split(data, pieces)):
            group.attrs[f"{attribute}{index}"] = piece


def _names(attributes: dict[str, Any], attribute: str) -> list[str]:
    found: list[Any] = []
    if attribute in attributes:
        found = list(np.asarray(attributes[attribute]).reshape(-1))
    else:
        index = 0
        while f"{attribute}{index}" in attributes:
            found += list(np.asarray(attributes[f"{attribute}{index}"]).reshape(-1))
            index += 1
    return [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in found]


def write_model(model: Any, file: Any) -> None:
    """Write a model to an open binary file."""
    with h5py_module().File(file, "w") as store:
        store.attrs["backend"] = "headwater"
        store.attrs["keras_version"] = VERSION
        with without_files():
            described = serialize_keras_object(model)
        store.attrs["model_config"] = json.dumps(
            {"class_name": described["class_name"], "config": described["config"]}
        ).encode()
        write_weights(model, store.create_group("model_weights"))
        compiled = model.get_compile_config()
        if not compiled:
            return
        optimizer = compiled.pop("optimizer")
        if optimizer is not None:
            compiled["optimizer_config"] = {key: optimizer[key] for key in ("class_name", "config")}
        store.attrs["training_config"] = json.dumps(compiled).encode()
        if getattr(model.optimizer, "built", False):
            _write_group(store.create_group("optimizer_weights"), model.optimizer.variables)


def read_model(
    source: Any, what: str, custom_objects: Any = None, compiled: bool = True, safe_mode: bool = True
) -> Any:
    """The model that a file holds.

    Args:
        source: path or open binary file.
        what: its name, for messages.
        custom_objects: dict from name to the user's classes and functions that it may name.
        compiled: whether to compile it as it was.
        safe_mode: False lets layers load that call a function of the user's.
    """
    with Reader(source, what) as reader:
        attributes = reader.attributes()
        if "model_config" not in attributes:
            raise ArgumentError(
                f"{what} holds weights only, no model.",
                fix="build the model in Python and call its load_weights.",
                where="",
            )
        config = strict_json.parse(_text(attributes["model_config"]), f"model_config of {what}")
        model = deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
        read_weights(model, reader, "model_weights", what=what)
        if compiled and "training_config" in attributes:
            training = strict_json.parse(_text(attributes["training_config"]), f"training_config of {what}")
            training["optimizer"] = training.pop("optimizer_config", None)
            model.compile_from_config(training)
            _read_optimizer(model, reader)
    return model


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _read_optimizer(model: Any, reader: Reader) -> None:
    if model.optimizer is None or not reader.has_group("optimizer_weights"):
        return
    names = _names(reader.attributes("optimizer_weights"), "weight_names")
    variables = model.optimizer.variables
    values = [reader.array(f"optimizer_weights/{name}") for name in names]
    if len(values) != len(variables) or any(tuple(v.shape) != tuple(a.shape) for v, a in zip(variables, values)):
        import warnings

        warnings.warn("the state of the optimizer in the file does not fit; it starts anew.", stacklevel=3)
        return
    for variable, value in zip(variables, values):
        variable.assign(value)


def read_weights(
    model: Any,
    reader: Reader,
    path: str = "",
    skip_mismatch: bool = False,
    by_name: bool = False,
    what: str = "the file",
) -> None:
    """Give the weights of a model the values of a file: layer by layer in their order, or by name.

    Raises: ArgumentError, ShapeError if they do not fit, unless `skip_mismatch`.
    """
    names = _names(reader.attributes(path), "layer_names")
    stored = {name: _names(reader.attributes(f"{path}/{name}"), "weight_names") for name in names}
    layers = [layer for layer in _layers_of(model) if _legacy_weights(layer)]
    if by_name:
        pairs = [(layer, layer.name) for layer in layers if layer.name in stored]
    else:
        names = [name for name in names if stored[name]]
        if len(names) != len(layers):
            raise ArgumentError(
                f"{what} has weights for {len(names)} layers, and model {model.name!r} has {len(layers)} "
                "with weights.",
                fix="load into a model of the same architecture, or pass by_name=True.", where="",
            )  # fmt: skip
        pairs = list(zip(layers, names))
    plan: list[tuple[Any, np.ndarray]] = []
    for layer, name in pairs:
        variables = _legacy_weights(layer)
        values = [reader.array(f"{path}/{name}/{weight}") for weight in stored[name]]
        fits = len(values) == len(variables) and all(
            tuple(v.shape) == tuple(a.shape) for v, a in zip(variables, values)
        )
        if fits:
            plan += zip(variables, values)
        elif not skip_mismatch:
            raise ShapeError(
                f"layer {layer.name!r} has weights of shapes {[tuple(v.shape) for v in variables]}, and {what} has "
                f"{[value.shape for value in values]} for it.",
                fix="load into a model of the same architecture, or pass skip_mismatch=True.", where="",
            )  # fmt: skip
    top = _names(reader.attributes(f"{path}/{_TOP}"), "weight_names") if reader.has_group(f"{path}/{_TOP}") else []
    own = [*model._trainable_variables, *model._non_trainable_variables]
    if len(top) == len(own):
        plan += [(variable, reader.array(f"{path}/{_TOP}/{name}")) for variable, name in zip(own, top)]
    for variable, value in plan:
        variable.assign(value)
