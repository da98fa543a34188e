"""Sequential: layers one after the other."""

from __future__ import annotations

from typing import Any

from headwater import tree
from headwater.errors import ArgumentError, StateError
from headwater.frontend.tracing import init_scope
from headwater.keras import dtype_policies
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.call_signature import signature_of
from headwater.keras.layers.core.input_layer import Input, InputLayer
from headwater.keras.layers.layer import Layer
from headwater.keras.models.functional import Functional
from headwater.keras.models.model import Model
from headwater.keras.models.repeated_calls import RepeatedCalls
from headwater.keras.name_scope import name_scope


class Sequential(RepeatedCalls, Model):
    """A stack of layers, each of one input and one output.

    Args:
        layers: the layers, in order; the first may be an `Input`.
        trainable: whether optimizers change its variables.
        name: its name.
    Example:
        >>> from headwater import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
        >>> model.output_shape, model.count_params()
        ((None, 1), 19)
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        Layer.__init__(self, trainable=trainable, name=name)
        self._init_trainer()
        self._set_untracked(_functional=None, _stack=[], supports_masking=True)
        if layers:
            for layer in layers:
                self._put(layer)
            self._maybe_rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top of the stack.

        Args:
            layer: a Layer, or what `keras.Input` returned as the first.
            rebuild: whether to make its variables at once, where the shape of the input is known.
        """
        self._put(layer)
        if rebuild and self._functional is not None:
            self._extend(layer)
        elif rebuild:
            self._maybe_rebuild()
        else:
            self._set_untracked(built=False, _functional=None)

    def _extend(self, layer: Layer) -> None:
        """Connect one more layer to those that are connected."""
        self._forget_programs()
        with name_scope(self.name, caller=self), init_scope():
            functional = Functional(self._functional.input, layer(self._functional.output))
        self._set_untracked(_functional=functional)

    def _put(self, layer: Any) -> None:
        stack = self._stack
        if isinstance(layer, KerasTensor) and isinstance(layer._keras_history.operation, InputLayer):
            layer = layer._keras_history.operation
        shape = getattr(layer, "_input_shape_arg", None)
        if shape is not None and not stack:
            dtype = "int32" if type(layer).__name__ == "Embedding" else None
            stack.append(InputLayer(batch_shape=shape, dtype=dtype))
        if callable(layer) and not isinstance(layer, Layer):
            from headwater.keras.layers.core.lambda_layer import Lambda

            layer = Lambda(layer)
        if not isinstance(layer, Layer):
            raise ArgumentError(
                f"a Sequential model is made of layers, and {layer!r} of type {type(layer).__name__} is none.",
                fix="add keras.layers objects, or keras.Input as the first.",
            )
        if any(other.name == layer.name for other in stack):
            raise ArgumentError(
                f"all layers added to a Sequential model need names of their own; there are two {layer.name!r}.",
                fix="pass name= to one of them.",
            )
        if isinstance(layer, InputLayer) and stack and isinstance(stack[0], InputLayer):
            raise ArgumentError(f"Sequential model {self.name!r} has an input already.", fix="remove the second Input.")
        stack.append(layer)
        self._layers.append(layer)
        self._set_untracked(_layers=list(stack))

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off."""
        if not self._stack:
            raise StateError("there is no layer to pop.", fix="add layers first.")
        layer = self._stack.pop()
        self._set_untracked(_layers=list(self._stack), built=False, _functional=None)
        if rebuild:
            self._maybe_rebuild()
        return layer

    def _maybe_rebuild(self) -> None:
        self._set_untracked(built=False, _functional=None)
        self._forget_programs()
        if self._stack and isinstance(self._stack[0], InputLayer) and len(self._stack) > 1:
            self.build(self._stack[0].batch_shape)
        elif (
            self._stack
            and getattr(self._stack[0], "input_shape", None) is not None
            and isinstance(self._stack[0], Functional)
        ):
            self.build(self._stack[0].input_shape)

    def build(self, input_shape: Any = None) -> None:
        """Make the variables of the layers, for inputs of this shape."""
        if not isinstance(input_shape, (tuple, list, dict, type(None))):
            return
        if input_shape is None:
            raise StateError(
                f"Sequential model {self.name!r} can't be built without the shape of its input.",
                fix="pass input_shape=(None, ...).",
            )
        if not self._stack:
            raise StateError(
                f"Sequential model {self.name!r} can't be built: it has no layers.", fix="call model.add(layer)."
            )
        with name_scope(self.name, caller=self):
            if isinstance(self._stack[0], InputLayer):
                if tuple(self._stack[0].batch_shape) != tuple(input_shape):
                    raise ArgumentError(
                        f"Sequential model {self.name!r} is built for inputs {self._stack[0].batch_shape}, "
                        f"not {tuple(input_shape)}.",
                        fix="leave out its Input, or give the same shape.",
                    )
            else:
                dtype = self._stack[0].compute_dtype
                if type(self._stack[0]).__name__ == "Embedding":
                    dtype = "int32"
                self._stack.insert(0, InputLayer(batch_shape=tuple(input_shape), dtype=dtype))
                self._set_untracked(_layers=list(self._stack))
            inputs = self._stack[0].output
            x = inputs
            for layer in self._stack[1:]:
                x = layer(x)
            functional = Functional(inputs, x)
        self._set_untracked(_functional=functional)

    def _build_for(self, arguments: dict[str, Any], tensors: dict[str, list[Any]]) -> None:
        """Build from the first inputs; inputs that are no single tensor run through the layers without it."""
        first = next(iter(arguments.values()), None)
        if not isinstance(first, KerasTensor) and not hasattr(first, "shape"):
            return
        shape = tuple(first.shape)
        from headwater.keras.operations.symbolic import with_unknown_sizes

        shape = with_unknown_sizes(shape)
        with init_scope():
            self.build((None, *shape[1:]) if not isinstance(first, KerasTensor) else shape)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        """The output of the last layer."""
        if self._functional is not None and _fits(self._functional, inputs):
            return self._functional.call(inputs, training=training, mask=mask, **kwargs)
        x = inputs
        for layer in self.layers:
            extra = {}
            signature = signature_of(layer.call)
            if mask is not None and signature.takes_mask:
                extra["mask"] = mask
            if training is not None and signature.takes_training:
                extra["training"] = training
            x = layer(x, **extra)
            mask = tree.map_structure(lambda leaf: getattr(leaf, "_keras_mask", None), x)
        return x

    @property
    def layers(self) -> list[Layer]:
        """Its layers, without the input."""
        stack = self._stack
        return list(stack[1:] if stack and isinstance(stack[0], InputLayer) else stack)

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError("`layers` of a Sequential model can't be set; use `add` and `pop`")

    def compute_output_spec(self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        """The KerasTensor that a call on a KerasTensor gives."""
        if self._functional is not None and _fits(self._functional, inputs):
            return self._functional.compute_output_spec(inputs)
        x = inputs
        for layer in self.layers:
            x = layer.compute_output_spec(x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of this shape."""
        if self._functional is not None:
            return self._functional.compute_output_shape(input_shape)
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def _built_part(self, what: str) -> Functional:
        if self._functional is None:
            raise AttributeError(
                f"Sequential model {self.name!r} has no {what} yet: it is not built; add a keras.Input, call it, "
                "or call build(shape)"
            )
        return self._functional

    @property
    def input_shape(self) -> Any:
        """The shape of its input."""
        return self._built_part("input_shape").input_shape

    @property
    def output_shape(self) -> Any:
        """The shape of its output."""
        return self._built_part("output_shape").output_shape

    @property
    def inputs(self) -> list[KerasTensor]:
        """Its input, in a list."""
        return self._built_part("inputs").inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """Its output, in a list."""
        return self._built_part("outputs").outputs

    @property
    def input(self) -> Any:
        """Its input."""
        return self._built_part("input").input

    @property
    def output(self) -> Any:
        """Its output."""
        return self._built_part("output").output

    @property
    def output_names(self) -> list[str] | None:
        """The name of its last layer, in a list; None before it is built."""
        return self._functional.output_names if self._functional is not None else None

    @property
    def input_names(self) -> list[str]:
        """The name of its input, in a list."""
        return self._built_part("input_names").input_names

    @property
    def input_dtype(self) -> Any:
        """The dtype of its input."""
        layers = self._stack
        return layers[0].compute_dtype if layers else super().input_dtype

    def get_config(self) -> dict[str, Any]:
        """Its layers."""
        from headwater.keras.saving.serialization import serialize_keras_object

        config = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtype_policies.serialize(self.dtype_policy),
            "layers": [serialize_keras_object(layer) for layer in self._stack],
        }
        if self._functional is not None:
            config["build_input_shape"] = list(self._stack[0].batch_shape)
        return config

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape that it was built for."""
        return {"input_shape": self._stack[0].batch_shape} if self._functional is not None else None

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build it for the shape that `get_build_config` returned."""
        if self._functional is None and config and config.get("input_shape"):
            self.build(tuple(config["input_shape"]))

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """The model that `get_config` described."""
        from headwater.keras.saving.serialization import deserialize_keras_object

        name, shape = config.get("name"), config.get("build_input_shape")
        model = cls(name=name)
        for entry in config["layers"]:
            if "module" not in entry and "batch_input_shape" in entry.get("config", {}) and not model._stack:
                _take_older_input(model, entry)
            layer = deserialize_keras_object(entry, custom_objects=custom_objects)
            model.add(layer, rebuild=False)
        model._maybe_rebuild()
        if model._functional is None and shape and isinstance(shape, (tuple, list)):
            model.build(tuple(shape))
        if "trainable" in config and not config["trainable"]:
            model.trainable = False
        return model


def _take_older_input(model: Sequential, entry: dict[str, Any]) -> None:
    """Keras 2 wrote the shape of the input into the config of the first layer."""
    shape = entry["config"].pop("batch_input_shape")
    if entry["class_name"] != "InputLayer":
        dtype = "int32" if entry["class_name"] == "Embedding" else None
        model.add(Input(batch_shape=tuple(shape), dtype=dtype), rebuild=False)
    else:
        entry["config"]["batch_shape"] = shape


def _fits(functional: Functional, inputs: Any) -> bool:
    """Whether inputs have the number of axes that the layers were connected for."""
    wanted = functional.inputs[0].shape
    return hasattr(inputs, "shape") and len(inputs.shape) == len(wanted)
