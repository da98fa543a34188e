"""Lambda: a function as a layer."""

from __future__ import annotations

import inspect
from typing import Any

from headwater import tree
from headwater.errors import ArgumentError, StateError
from headwater.keras.layers.layer import Layer


class Lambda(Layer):
    """Calls a function on its input.

    A file keeps the function's name, never its code. So a model with Lambda layers loads with `safe_mode=False` and the
    function among `custom_objects`; a subclass of Layer loads without either.

    Args:
        function: called with the input (and `mask`, `training` where it takes them).
        output_shape: shape of one output, or a function from input shape to output shape; found by tracing if not
            given.
        mask: the mask of the output, or a function from input and mask to it.
        arguments: more keyword arguments of the function.
    Example:
        >>> Lambda(lambda x: x * 2)([1.0, 2.0]).numpy().tolist()
        [2.0, 4.0]
    """

    def __init__(
        self, function: Any, output_shape: Any = None, mask: Any = None, arguments: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ArgumentError(f"Lambda: {function!r} is no function.", fix="pass a function of the input.")
        self.function = function
        self.arguments = dict(arguments or {})
        self.mask = mask
        self.supports_masking = mask is not None
        self.built = True
        self._set_untracked(_output_shape=output_shape)
        try:
            names = inspect.signature(function).parameters
        except (TypeError, ValueError):
            names = {}
        self._set_untracked(_passes=tuple(name for name in ("mask", "training") if name in names))

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """The function's result."""
        given = {"mask": mask, "training": training}
        return self.function(inputs, **{**self.arguments, **{name: given[name] for name in self._passes}})

    def compute_output_shape(self, input_shape: Any) -> Any:
        """What `output_shape` says, or the shape of the function's result."""
        declared = self._output_shape
        if declared is None:
            return super().compute_output_shape(input_shape)
        if callable(declared):
            return declared(input_shape)
        first = tree.leaves(input_shape)[0] if not isinstance(input_shape, tuple) else input_shape[0]
        return (first, *((declared,) if isinstance(declared, int) else declared))

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Shapes and dtypes of what the function gives."""
        if self._output_shape is not None:
            return super().compute_output_spec(*args, **kwargs)
        from headwater.keras.operations.symbolic import symbolic_outputs

        return symbolic_outputs(self._traced_call, args, kwargs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """What `mask` says."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor; functions by name."""
        from headwater.keras.saving import serialize_keras_object

        config = {**super().get_config(), "function": serialize_keras_object(self.function)}
        if self._output_shape is not None:
            config["output_shape"] = (
                serialize_keras_object(self._output_shape) if callable(self._output_shape) else self._output_shape
            )
        if self.mask is not None:
            config["mask"] = serialize_keras_object(self.mask)
        config["arguments"] = serialize_keras_object(self.arguments)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None, safe_mode: bool | None = None) -> Lambda:
        """The layer that `get_config` described, if the caller allows it.

        Raises: StateError unless loading was told `safe_mode=False`.
        """
        from headwater.keras.saving import deserialize_keras_object
        from headwater.keras.saving.serialization import in_safe_mode

        if safe_mode is None:
            safe_mode = in_safe_mode()
        if safe_mode:
            raise UnsafeLambdaError(
                "the file has a Lambda layer, which calls a function of its own.",
                fix="if you trust the function, pass safe_mode=False and custom_objects={name: function}.",
            )
        config = dict(config)
        for key in ("function", "output_shape", "mask"):
            if isinstance(config.get(key), dict):
                config[key] = deserialize_keras_object(config[key], custom_objects=custom_objects)
        config["arguments"] = deserialize_keras_object(config.get("arguments") or {})
        if isinstance(config.get("output_shape"), list):
            config["output_shape"] = tuple(config["output_shape"])
        return super().from_config(config)


class UnsafeLambdaError(StateError, ValueError):
    """A file holds a function that its reader did not vouch for."""
