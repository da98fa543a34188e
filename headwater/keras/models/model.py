"""Model: a layer that can be trained, evaluated, saved and looked at."""

from __future__ import annotations

import json
from typing import Any

from headwater import tree
from headwater.errors import ArgumentError, StateError
from headwater.keras import dtype_policies
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.call_signature import signature_of
from headwater.keras.layers.layer import Layer
from headwater.keras.trainers.reports import Reports
from headwater.keras.trainers.trainer import Trainer


def is_functional_call(args: tuple, kwargs: dict[str, Any]) -> bool:
    """True for the arguments Model(inputs, outputs), by position or by name."""
    return len(args) == 2 or (len(args) == 1 and "outputs" in kwargs) or ("inputs" in kwargs and "outputs" in kwargs)


class Model(Trainer, Reports, Layer):
    """Layers put together, with training and saving.

    Made of inputs and outputs, `Model(inputs=x, outputs=y)`, or by a subclass that makes layers in `__init__` and uses
    them in `call`.

    Args:
        inputs: KerasTensors from `keras.Input`, alone or in a list or dict.
        outputs: KerasTensors that layers made of them.
        name: its name.
    Example:
        >>> from headwater import keras
        >>> x = keras.Input((3,))
        >>> model = Model(x, keras.layers.Dense(2)(x))
        >>> model.count_params()
        8
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and is_functional_call(args, kwargs):
            from headwater.keras.models.functional import Functional

            return Functional.__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        from headwater.keras.models import functional

        if is_functional_call(args, kwargs):
            # A subclass that hands inputs and outputs up becomes a functional model of its own class.
            if not isinstance(self, functional.Functional):
                kind = type(
                    type(self).__name__, (type(self), functional.Functional), {"__module__": type(self).__module__}
                )
                self.__class__ = kind
            functional.Functional.__init__(self, *args, **kwargs)
            return
        if args:
            raise ArgumentError(
                f"{type(self).__name__}.__init__ was given {len(args)} arguments by position.",
                fix="pass inputs and outputs, or none: super().__init__().",
                where="",
            )
        Layer.__init__(self, **kwargs)
        self._init_trainer()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What the model computes. Subclasses give it."""
        raise StateError(
            f"model {self.name!r} of class {type(self).__name__} does not say what it computes.",
            fix=f"define {type(self).__name__}.call(self, inputs), or make it by Model(inputs, outputs).",
        )

    def _call_by_mode(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        return self.call(*args, **kwargs)  # of a model made inside a RematScope, the layers are computed again

    @property
    def layers(self) -> list[Layer]:
        """Its layers, without those inside them."""
        return list(self._flatten_layers(include_self=False, recursive=False))

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError(
            "`layers` of a model is set by making layers, not by assigning to it; use another attribute name"
        )

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """One of `layers`, by its name or its number.

        Raises: ArgumentError if there is no such layer.
        """
        if (name is None) == (index is None):
            raise ArgumentError("get_layer takes a name or an index.", fix="pass one of them.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ArgumentError(
                    f"model {self.name!r} has {len(layers)} layers, and no layer {index}.", fix="count from 0."
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        known = ", ".join(repr(layer.name) for layer in layers)
        raise ArgumentError(f"No such layer: {name}.", fix=f"existing layers are: {known}.")

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build it for the shapes that `get_build_config` returned."""
        if not config or self.built:
            return
        try:
            super().build_from_config(config)
        except (ValueError, RuntimeError):
            return  # its call takes more than shapes tell; the first call builds it

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
        *,
        show_costs: bool = False,
    ) -> None:
        """Print the layers, the shapes of their outputs and the numbers of their parameters.

        Args:
            line_length: characters per line.
            positions: where columns end, as shares of the line (below 1) or as characters.
            print_fn: called with the text in place of printing it.
            expand_nested: show the layers of models inside.
            show_trainable: add a column that says whether a layer is trained.
            layer_range: names (or patterns) of the first and the last layer to show.
            show_costs: add what a layer computes and what it gives, both for one row, and the memory of a step.
        """
        from headwater.keras.models.summary import print_summary

        print_summary(
            self, line_length=line_length, positions=positions, print_fn=print_fn, expand_nested=expand_nested,
            show_trainable=show_trainable, layer_range=layer_range, show_costs=show_costs,
        )  # fmt: skip

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Write the model (architecture, weights, compilation, optimizer) to a file.

        Args:
            filepath: path that ends in `.keras`, or `.h5` for the older format.
            overwrite: whether a file that exists may be replaced.
            zipped: accepted; a `.keras` file is always a zip archive.
        """
        from headwater.keras.saving import save_model

        save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None) -> None:
        """Write the weights to a file that ends in `.weights.h5`."""
        from headwater.keras.saving import save_weights

        save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read the weights from a `.weights.h5`, `.keras` or `.h5` file.

        Args:
            filepath: the file.
            skip_mismatch: leave out layers whose weights do not fit, in place of raising.
        """
        from headwater.keras.saving import load_weights

        load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON, for `keras.models.model_from_json`."""
        from headwater.keras.saving import serialize_keras_object

        return json.dumps(serialize_keras_object(self), **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor, as plain data."""
        if type(self).get_config is Model.get_config and type(self).__init__ is not Model.__init__:
            config = self._config_from_init()
            if "name" in config or signature_of(type(self).__init__).takes_any_keyword:
                config["name"] = self.name
        else:
            config = {"name": self.name}
        config["trainable"] = self.trainable
        config["dtype"] = dtype_policies.serialize(self.dtype_policy)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """The model that `get_config` described."""
        from headwater.keras.models import functional

        if {"name", "layers", "input_layers", "output_layers"} <= set(config):
            if cls is Model:
                cls = functional.Functional
            return functional.functional_from_config(cls, config, custom_objects)
        return super().from_config(config)

    def _traced_call(self, *args: Any, **kwargs: Any) -> Any:
        return super()._traced_call(*args, **kwargs)

    def _output_names(self) -> list[str] | None:
        names = getattr(self, "output_names", None)
        return list(names) if names is not None else None

    def _obj_type(self) -> str:
        return "Model"

    def __reduce__(self) -> Any:
        from headwater.keras.saving.model_file import model_bytes, model_from_bytes

        return model_from_bytes, (model_bytes(self),)

    def __deepcopy__(self, memo: dict) -> Any:
        from headwater.keras.saving.model_file import model_bytes, model_from_bytes

        try:
            copy = model_from_bytes(model_bytes(self), safe=False, custom_objects=_own_classes(self))
        except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
            raise StateError(
                f"model {self.name!r} can't be copied: {error}",
                fix="give its classes get_config methods, or use clone_model.",
            ) from error
        memo[id(self)] = copy
        return copy


def _own_classes(model: Model) -> dict[str, Any]:
    """The classes of a model's layers, by name: so that a copy in memory needs no registration."""
    return {
        type(layer).__name__: type(layer)
        for layer in model._flatten_layers()
        if not type(layer).__module__.startswith("headwater.")
    }


def is_symbolic_structure(value: Any) -> bool:
    """True if every leaf is a KerasTensor."""
    return all(isinstance(leaf, KerasTensor) for leaf in tree.leaves(value))


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Model:
    """The model that `Model.to_json` described; its weights are new.

    Args:
        json_string: the description.
        custom_objects: dict from name to the user's classes and functions in it.
    """
    from headwater.keras.saving import deserialize_keras_object
    from headwater.keras.saving.strict_json import parse

    return deserialize_keras_object(parse(json_string, "the JSON string"), custom_objects=custom_objects)
