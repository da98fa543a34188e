"""Functional: a model made of the graph between its inputs and its outputs."""

from __future__ import annotations

from typing import Any

from headwater import ops, tree
from headwater.errors import ArgumentError, ShapeError
from headwater.keras import dtype_policies
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.call_signature import signature_of
from headwater.keras.layers.core.input_layer import Input, InputLayer
from headwater.keras.layers.input_spec import InputSpec
from headwater.keras.layers.layer import Layer
from headwater.keras.models.model import Model
from headwater.keras.models.repeated_calls import RepeatedCalls
from headwater.keras.operations.graph import Function
from headwater.keras.operations.node import node_of


class Functional(RepeatedCalls, Function, Model):
    """What `Model(inputs, outputs)` makes.

    Args:
        inputs: KerasTensors, alone or in a list or dict.
        outputs: KerasTensors made of them by layers and ops.
        name: its name.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        trainable = kwargs.pop("trainable", None)
        dtype = kwargs.pop("dtype", None)
        Layer.__init__(self, name=name or self._default_name(), dtype=dtype, **kwargs)
        self._init_trainer()
        for leaf in tree.leaves(outputs):
            if not isinstance(leaf, KerasTensor):
                raise ArgumentError(
                    f"the outputs of a model are KerasTensors, and one is {type(leaf).__name__}.",
                    fix="apply layers or keras.ops to what keras.Input returned.",
                )
        inputs, outputs = _with_own_inputs(inputs, outputs)
        self._tie(inputs, outputs)
        if trainable is not None:
            self.trainable = trainable

    def _default_name(self) -> str | None:
        if type(self) is Functional:
            from headwater.keras.utils.naming import auto_name

            return auto_name("functional")
        return None

    def _tie(self, inputs: Any, outputs: Any) -> None:
        self._set_graph(inputs, outputs)
        layers = [operation for operation in self._map.operations if isinstance(operation, Layer)]
        self._set_untracked(
            _layers=layers,
            input_names=[tensor.name for tensor in self._inputs],
            output_names=[tensor._keras_history.operation.name for tensor in self._outputs],
            built=True,
            _build_shapes={"input_shape": _shape_structure(inputs)},
            supports_masking=True,
        )

    @property
    def layers(self) -> list[Layer]:
        """Its layers, in Keras's order."""
        return [operation for operation in self._map.operations if isinstance(operation, Layer)]

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError("`layers` of a model can't be set")

    @property
    def input(self) -> Any:
        """Its inputs, in the structure that they were given in."""
        return self._inputs_struct

    @property
    def output(self) -> Any:
        """Its outputs, in the structure that they were given in."""
        return self._outputs_struct

    @property
    def input_shape(self) -> Any:
        """Shapes of its inputs, in their structure."""
        return _shape_structure(self._inputs_struct)

    @property
    def output_shape(self) -> Any:
        """Shapes of its outputs, in their structure."""
        return _shape_structure(self._outputs_struct)

    @property
    def input_spec(self) -> Any:
        """What it demands of its inputs."""
        if "_input_spec" in self.__dict__ and self.__dict__["_input_spec"] is not None:
            return self.__dict__["_input_spec"]
        specs = [
            InputSpec(
                shape=(None, *tensor.shape[1:]) if tensor.shape else (),
                allow_last_axis_squeeze=True,
                name=name,
                optional=getattr(tensor._keras_history.operation, "optional", False),
            )
            for name, tensor in zip(self._input_keys(), self._inputs)
        ]
        return specs if len(specs) > 1 else specs[0] if specs else None

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        self.__dict__["_input_spec"] = value

    def _input_keys(self) -> list[str]:
        """The keys of a dict of inputs, in the order of `inputs`."""
        struct = self._inputs_struct
        if isinstance(struct, dict):
            by_id = {id(tensor): key for key, tensor in struct.items()}
            return [by_id.get(id(tensor), tensor.name) for tensor in self._inputs]
        return self.input_names

    def build(self, input_shape: Any) -> None:
        """Nothing: it is built by being described."""
        self.built = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        """Its outputs."""
        values = self._ordered_inputs(inputs)
        if mask is not None:
            for value, value_mask in zip(values, tree.leaves(mask)):
                if value_mask is not None:
                    value._keras_mask = value_mask
        return self._run(values, lambda operation: _caller(operation, training))

    def compute_output_spec(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The KerasTensors that a call on KerasTensors gives."""
        return Function.compute_output_spec(self, inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of its outputs for inputs of these shapes."""
        placeholders = _placeholders_like(input_shape, self._inputs)
        outputs = self._run(placeholders, lambda operation: operation.compute_output_spec)
        return tree.map_structure(lambda x: tuple(x.shape), outputs)

    def _ordered_inputs(self, inputs: Any) -> list[Any]:
        """The values in the order of `inputs`, in the dtype and rank of their placeholders."""
        if isinstance(inputs, dict):
            keys = self._input_keys()
            named = keys if set(keys) <= set(inputs) else self.input_names
            if set(named) <= set(inputs):
                values = [inputs[key] for key in named]
            else:
                values = [inputs.get(key) for key in keys] if self._all_optional(keys, inputs) else tree.leaves(inputs)
        else:
            values = tree.leaves(inputs)
        if len(values) != len(self._inputs):
            raise ShapeError(
                f"model {self.name!r} has {len(self._inputs)} inputs and is given {len(values)}.",
                fix="pass a list, or a dict by the names of the inputs, with an entry for each.",
            )
        return [self._fitted(value, tensor) for value, tensor in zip(values, self._inputs)]

    def _all_optional(self, keys: list[str], inputs: dict[str, Any]) -> bool:
        return all(
            key in inputs or getattr(tensor._keras_history.operation, "optional", False)
            for key, tensor in zip(keys, self._inputs)
        )

    def _fitted(self, value: Any, placeholder: KerasTensor) -> Any:
        if value is None or isinstance(value, KerasTensor):
            return value
        mask = getattr(value, "_keras_mask", None)
        fitted = value if value.dtype is placeholder.dtype else ops.cast(value, placeholder.dtype)
        shape, wanted = fitted.shape, placeholder.shape
        if len(shape) == len(wanted) + 1 and shape[-1] == 1:
            fitted = ops.squeeze(fitted, axis=-1)
        elif len(shape) == len(wanted) - 1 and wanted[-1] == 1:
            fitted = ops.expand_dims(fitted, axis=-1)
        elif len(shape) != len(wanted):
            raise ShapeError(
                f"model {self.name!r} expects an input of shape {wanted} and is given one of shape {tuple(shape)}.",
                fix="add or remove axes.",
            )
        if mask is not None:
            fitted._keras_mask = mask
        return fitted

    def get_build_config(self) -> dict[str, Any]:
        """Nothing to build: the graph says all."""
        return {"input_shape": None}

    # ---- config -----------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Its layers and how they are connected."""
        if type(self).get_config is Functional.get_config and not _takes_inputs_and_outputs(type(self)):
            return Model.get_config(self)
        from headwater.keras.saving.serialization import serialize_keras_object

        positions = self._node_positions()
        layers = []
        for operation in self._map.operations:
            entry = serialize_keras_object(operation)
            nodes = [node for node in operation._inbound_nodes if node in positions and not node.is_input]
            entry["name"] = operation.name
            entry["inbound_nodes"] = [_node_config(node, positions) for node in nodes]
            layers.append(entry)

        def place(tensor: KerasTensor) -> list[Any]:
            history = tensor._keras_history
            return [history.operation.name, positions[node_of(tensor)], history.tensor_index]

        config = {"name": self.name, "trainable": self.trainable, "layers": layers}
        config["input_layers"] = _map_tensors(place, self._inputs_struct)
        config["output_layers"] = _map_tensors(place, self._outputs_struct)
        return config

    def _node_positions(self) -> dict[Any, int]:
        """The number of each node of this model among those of its operation that belong to this model."""
        own = set(self._map.nodes)
        positions = {}
        for operation in self._map.operations:
            for position, node in enumerate(node for node in operation._inbound_nodes if node in own):
                positions[node] = position
        return positions


def _caller(operation: Any, training: bool | None) -> Any:
    if training is None or not isinstance(operation, Layer) or not signature_of(operation.call).takes_training:
        return operation
    return lambda *args, **kwargs: operation(*args, **{**kwargs, "training": training})


def _with_own_inputs(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """The graph with an Input of its own in place of each input that is the output of a layer."""
    flat = tree.leaves(inputs)
    for tensor in flat:
        if not isinstance(tensor, KerasTensor):
            raise ArgumentError(
                f"the inputs of a model are KerasTensors, and one is {type(tensor).__name__}.",
                fix="make them with keras.Input.",
            )
    if all(isinstance(tensor._keras_history.operation, InputLayer) for tensor in flat):
        return inputs, outputs
    part = Function(inputs, outputs, name="part")
    fresh = [
        tensor
        if isinstance(tensor._keras_history.operation, InputLayer)
        else Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)
        for tensor in flat
    ]
    form = tree.flatten(inputs)[1]
    return form.unflatten(fresh), part._run(fresh, lambda operation: operation)


def _takes_inputs_and_outputs(cls: type) -> bool:
    names = (
        signature_of(cls.__init__).names if cls.__init__ is not Functional.__init__ else ["self", "inputs", "outputs"]
    )
    return "inputs" in names and "outputs" in names


def _shape_structure(structure: Any) -> Any:
    leaves, form = tree.flatten(structure)
    shapes = [tuple(leaf.shape) for leaf in leaves]
    return form.unflatten(shapes)


def _placeholders_like(shape: Any, inputs: list[KerasTensor]) -> list[KerasTensor]:
    def flat(shape: Any) -> list[Any]:
        if isinstance(shape, dict):
            return [item for key in sorted(shape) for item in flat(shape[key])]
        if isinstance(shape, (list, tuple)) and any(isinstance(item, (list, tuple, dict)) for item in shape):
            return [item for part in shape for item in flat(part)]
        return [shape]

    return [KerasTensor(sizes, tensor.dtype) for sizes, tensor in zip(flat(shape), inputs)]


def _map_tensors(place: Any, structure: Any) -> Any:
    if isinstance(structure, dict):
        return {
            key: _map_tensors(place, value) if not isinstance(value, KerasTensor) else place(value)
            for key, value in structure.items()
        }
    if isinstance(structure, (list, tuple)):
        return [place(value) if isinstance(value, KerasTensor) else _map_tensors(place, value) for value in structure]
    return place(structure)


def _node_config(node: Any, positions: dict[Any, int]) -> dict[str, Any]:
    from headwater.keras.saving.serialization import serialize_keras_object

    def describe(value: Any) -> Any:
        if isinstance(value, KerasTensor):
            history = value._keras_history
            place = [history.operation.name, positions[node_of(value)], history.tensor_index]
            config = {"shape": list(value.shape), "dtype": str(value.dtype), "keras_history": place}
            return {"class_name": "__keras_tensor__", "config": config}
        if isinstance(value, dict):
            return {key: describe(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [describe(item) for item in value]
        return serialize_keras_object(value)

    return {
        "args": [describe(arg) for arg in node.args],
        "kwargs": {key: describe(value) for key, value in node.kwargs.items()},
    }


# ---- from a config --------------------------------------------------------------------------------------------------


def functional_from_config(cls: type, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The model that `Functional.get_config` described.

    Raises: ArgumentError if the config names layers that it does not describe, or connects them in a circle.
    """
    from headwater.keras.saving.serialization import deserialize_keras_object

    layers: dict[str, Any] = {}
    waiting: list[tuple[str, int, Any]] = []
    for entry in config["layers"]:
        if "module" not in entry and "name" not in entry.get("config", {}):
            entry = {**entry, "config": {**entry["config"], "name": entry["name"]}}
        layer = deserialize_keras_object(entry, custom_objects=custom_objects)
        if entry["name"] in layers:
            raise ArgumentError(f"two layers of the file are named {entry['name']!r}.", fix="check the file.")
        layers[entry["name"]] = layer
        waiting += [(entry["name"], position, node) for position, node in enumerate(_nodes_of(entry))]
    made: dict[tuple[str, int], list[KerasTensor]] = {
        (name, 0): layer._inbound_nodes[0].output_tensors
        for name, layer in layers.items()
        if isinstance(layer, InputLayer)
    }
    _apply_nodes(layers, waiting, made)

    def tensor_at(place: Any) -> KerasTensor:
        name, node, index = place[:3]
        if (name, node) not in made or not 0 <= index < len(made[(name, node)]):
            raise ArgumentError(f"the file speaks of an output {place} that no layer has.", fix="check the file.")
        return made[(name, node)][index]

    inputs = _tensors_at(config["input_layers"], tensor_at)
    outputs = _tensors_at(config["output_layers"], tensor_at)
    rest = {key: value for key, value in config.items() if key not in ("layers", "input_layers", "output_layers")}
    if isinstance(rest.get("dtype"), dict):
        rest["dtype"] = dtype_policies.deserialize(rest["dtype"])
    return cls(inputs=inputs, outputs=outputs, **rest)


def _apply_nodes(layers: dict[str, Any], waiting: list[Any], made: dict[tuple[str, int], list[KerasTensor]]) -> None:
    """Call the layers as the config says, each call once what it needs is there."""
    while waiting:
        left = []
        for name, position, node in waiting:
            earlier_open = any(other == name and place < position for other, place, _ in left)
            try:
                ready = not earlier_open
                args, kwargs = _arguments(node, made) if ready else ((), {})
            except KeyError:
                ready = False
            if not ready:
                left.append((name, position, node))
                continue
            result = layers[name](*args, **kwargs)
            made[(name, position)] = [leaf for leaf in tree.leaves(result) if isinstance(leaf, KerasTensor)]
        if len(left) == len(waiting):
            names = sorted({name for name, _, _ in left})
            raise ArgumentError(
                f"the file connects the layers {names} in a circle, or to layers that it lacks.", fix="check the file."
            )
        waiting[:] = left


def _nodes_of(entry: dict[str, Any]) -> list[Any]:
    return list(entry.get("inbound_nodes", []))


def _arguments(node: Any, made: dict[tuple[str, int], list[KerasTensor]]) -> tuple[tuple, dict[str, Any]]:
    """The arguments of one call. Raises KeyError while a tensor that it needs is not made yet."""
    from headwater.keras.saving.serialization import deserialize_keras_object

    def restore(value: Any) -> Any:
        if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
            name, position, index = value["config"]["keras_history"]
            return made[(name, position)][index]
        if isinstance(value, dict) and "class_name" not in value:
            return {key: restore(item) for key, item in value.items()}
        if isinstance(value, list):
            return [restore(item) for item in value]
        return deserialize_keras_object(value)

    if isinstance(node, dict):
        return tuple(restore(arg) for arg in node["args"]), {
            key: restore(value) for key, value in node["kwargs"].items()
        }
    # Keras 2: [[name, node, tensor, kwargs], ...], one entry for each input.
    entries = [node] if node and isinstance(node[0], str) else node
    tensors = [made[(entry[0], entry[1])][entry[2]] for entry in entries]
    kwargs = entries[0][3] if entries and len(entries[0]) > 3 else {}
    return (tensors[0] if len(tensors) == 1 else tensors,), dict(kwargs)


def _tensors_at(places: Any, tensor_at: Any) -> Any:
    if isinstance(places, dict):
        return {key: _tensors_at(value, tensor_at) for key, value in places.items()}
    if isinstance(places, (list, tuple)) and places and isinstance(places[0], str):
        return tensor_at(places)
    if isinstance(places, (list, tuple)):
        found = [_tensors_at(place, tensor_at) for place in places]
        return found[0] if len(found) == 1 else found
    raise ArgumentError("the inputs or outputs of the file are malformed.", fix="check the file.")
