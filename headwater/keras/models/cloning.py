"""clone_model: a model of the same architecture with new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import tree
from headwater.errors import ArgumentError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.core.input_layer import Input, InputLayer
from headwater.keras.layers.layer import Layer
from headwater.keras.models.functional import Functional
from headwater.keras.models.sequential import Sequential


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A model with new layers of the same configs, and so with new weights.

    Args:
        model: a Sequential or functional model; another one is made again from its config.
        input_tensors: KerasTensors to start from; new Inputs by default.
        clone_function: gives the new layer for a layer; by default one of the same config.
        call_function: calls a new layer, `call_function(layer, *args, **kwargs)`.
        recursive: whether `clone_function` sees the layers of models inside, too.
    """
    if not isinstance(model, (Sequential, Functional)):
        if input_tensors is not None or clone_function is not None or call_function is not None:
            raise ArgumentError(
                f"model {model.name!r} is a class of its own, so its layers can't be replaced.",
                fix="clone Sequential and functional models; others clone without further arguments.", where="",
            )  # fmt: skip
        return type(model).from_config(model.get_config())
    chosen = clone_function or _same_config

    def clone(layer: Any) -> Any:
        if recursive and isinstance(layer, (Sequential, Functional)):
            return clone_model(layer, clone_function=clone_function, call_function=call_function, recursive=True)
        return chosen(layer) if isinstance(layer, Layer) else layer

    if isinstance(model, Sequential):
        return _clone_sequential(model, input_tensors, clone)
    return _clone_functional(model, input_tensors, clone, call_function)


def _same_config(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())


def _clone_sequential(model: Sequential, input_tensors: Any, clone: Callable[[Any], Any]) -> Sequential:
    layers = [clone(layer) for layer in model.layers]
    first: Any = None
    if input_tensors is not None:
        (first,) = tree.leaves(input_tensors)
    elif model._stack and isinstance(model._stack[0], InputLayer):
        own = model._stack[0]
        first = Input(batch_shape=own.batch_shape, dtype=own.dtype, name=own.name)
    copy = Sequential([first, *layers] if first is not None else layers, name=model.name, trainable=model.trainable)
    return copy


def _clone_functional(model: Functional, input_tensors: Any, clone: Callable[[Any], Any], call_function: Any) -> Any:
    new: dict[int, Any] = {}
    for operation in model.operations:
        if not isinstance(operation, InputLayer):
            new[id(operation)] = clone(operation)

    def function_of(operation: Any) -> Any:
        layer = new[id(operation)]
        if call_function is None:
            return layer
        return lambda *args, **kwargs: call_function(layer, *args, **kwargs)

    if input_tensors is None:
        starts = [
            Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor._keras_history.operation.name)
            for tensor in model.inputs
        ]
    else:
        starts = tree.leaves(input_tensors)
        if not all(isinstance(tensor, KerasTensor) for tensor in starts):
            raise ArgumentError("input_tensors are no KerasTensors.", fix="make them with keras.Input.", where="")
    form = tree.flatten(model._inputs_struct)[1]
    outputs = model._run(starts, function_of)
    kind = type(model) if type(model) is Functional else Functional
    return kind(form.unflatten(starts), outputs, name=model.name, trainable=model.trainable)
