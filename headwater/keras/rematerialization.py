"""Rematerialization: `keras.remat` for functions, `keras.RematScope` for the layers that are made inside it."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import headwater
from headwater import tree
from headwater.errors import ArgumentError
from headwater.frontend.tensor import Tensor
from headwater.frontend.tracing import output_specs

_MODES = ("full", "activations", "larger_than", "list_of_layers", None)
_CARRIED = ("_keras_mask", "_keras_logits")  # what a tensor may carry along


class _State(threading.local):
    def __init__(self) -> None:
        self.scopes: list[RematScope] = []
        self.measuring = False


_state = _State()


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function with the values and gradients of `f`, which keeps nothing inside `f` for the gradient but computes it
    again: less memory for more time.

    Args:
        f: function of tensors; a layer will do.
    Returns: the function.
    Example:
        >>> block = remat(lambda x: tf.tanh(tf.sin(x)))
        >>> float(block(tf.constant(0.0)))
        0.0
    """
    return headwater.recompute_grad(f)


class RematScope:
    """While it is entered, layers are made that compute their results again for the gradient.

    Args:
        mode: which of them: "full" (all), "activations" (only their activation functions), "larger_than" (those whose
            output has more elements than `output_size_threshold`), "list_of_layers" (those named in `layer_names`), or
            None (none; inside another scope).
        output_size_threshold: number of elements, for "larger_than"; an unknown batch counts as 1.
        layer_names: names, for "list_of_layers".
    Raises: ArgumentError for another mode.
    Example:
        >>> with RematScope(mode="full"):
        ...     layer = keras.layers.Dense(3, activation="relu")
        >>> layer(np.ones((1, 2), "float32")).shape
        TensorShape([1, 3])
    """

    def __init__(
        self, mode: str | None = "full", output_size_threshold: int = 1024, layer_names: list[str] | None = None
    ) -> None:
        if mode not in _MODES:
            raise ArgumentError(
                f"RematScope: mode {mode!r} is unknown.", fix=f"use one of {', '.join(map(repr, _MODES))}."
            )
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = layer_names or []

    def __enter__(self) -> RematScope:
        _state.scopes.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _state.scopes.pop()


def current_scope() -> RematScope | None:
    """The scope that layers made now belong to; None if they keep their results."""
    scope = _state.scopes[-1] if _state.scopes else None
    return None if scope is None or scope.mode is None else scope


def call_layer(layer: Any, scope: RematScope, args: tuple, kwargs: dict[str, Any]) -> Any:
    """What `layer.call` returns, computed again for the gradient as far as the scope of the layer says."""
    if _state.measuring:
        return layer.call(*args, **kwargs)
    if scope.mode == "activations":
        return _with_activation_again(layer, args, kwargs)
    wanted = (
        scope.mode == "full"
        or (scope.mode == "list_of_layers" and layer.name in scope.layer_names)
        or (scope.mode == "larger_than" and _output_size(layer, args, kwargs) > scope.output_size_threshold)
    )
    return _call_again(layer, args, kwargs) if wanted else layer.call(*args, **kwargs)


def _with_activation_again(layer: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    own = layer.__dict__.get("activation")
    if own is None:
        return layer.call(*args, **kwargs)
    layer.__dict__["activation"] = remat(own)
    try:
        return layer.call(*args, **kwargs)
    finally:
        layer.__dict__["activation"] = own


def _output_size(layer: Any, args: tuple, kwargs: dict[str, Any]) -> int:
    """Elements of what a call would return."""
    counts = [len(each._loss_values) for each in layer._flatten_layers()]
    _state.measuring = True
    try:
        specs = output_specs(lambda: layer.call(*args, **kwargs))
    finally:
        _state.measuring = False
        _losses_after(layer, counts)
    return sum(math.prod(spec.shape) for spec in _specs_in(specs))


def _specs_in(structure: Any) -> list[Any]:
    if hasattr(structure, "shape"):
        return [structure]
    if isinstance(structure, dict):
        structure = list(structure.values())
    return [spec for item in structure for spec in _specs_in(item)] if isinstance(structure, (list, tuple)) else []


def _losses_after(layer: Any, counts: list[int]) -> list[list[Any]]:
    """The losses that were added to a layer and its sub-layers since there were `counts` of them, taken off again."""
    found = []
    for each, count in itertools.zip_longest(layer._flatten_layers(), counts, fillvalue=0):  # a call may make layers
        found.append(list(each._loss_values[count:]))
        del each._loss_values[count:]
    return found


def _call_again(layer: Any, args: tuple, kwargs: dict[str, Any]) -> Any:
    """`layer.call` through `remat`; what tensors carry along, and the losses that are added, are further results."""
    function = layer.__dict__.get("_remat_call")
    if function is None:
        function = layer.__dict__["_remat_call"] = remat(_carrying(layer))
    outputs, carried, losses = function(args, kwargs, _carried_by((args, kwargs)))
    _attach(outputs, carried)
    for each, added in zip(layer._flatten_layers(), losses):
        each._loss_values.extend(added)
    return outputs


def _carrying(layer: Any) -> Callable[..., Any]:
    def call(args: tuple, kwargs: dict[str, Any], carried: list[dict[str, Any]]) -> Any:
        _attach((args, kwargs), carried)
        counts = [len(each._loss_values) for each in layer._flatten_layers()]
        outputs = layer.call(*args, **kwargs)
        return outputs, _carried_by(outputs), _losses_after(layer, counts)

    return call


def _carried_by(structure: Any) -> list[dict[str, Any]]:
    """For each tensor, what it carries along."""
    return [
        {name: value for name in _CARRIED if (value := getattr(leaf, name, None)) is not None}
        for leaf in tree.leaves(structure)
        if isinstance(leaf, Tensor)
    ]


def _attach(structure: Any, carried: list[dict[str, Any]]) -> None:
    """Let each tensor carry what `_carried_by` found."""
    tensors = [leaf for leaf in tree.leaves(structure) if isinstance(leaf, Tensor)]
    for tensor, attributes in zip(tensors, carried):
        for name, value in attributes.items():
            setattr(tensor, name, value)
