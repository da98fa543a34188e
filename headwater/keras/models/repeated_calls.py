"""Plain calls `model(x)` that are repeated run as one compiled program instead of layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import ops, tree
from headwater.errors import HeadwaterError
from headwater.frontend.function import function, functions_run_eagerly
from headwater.frontend.tensor import Tensor
from headwater.frontend.tracing import is_plain
from headwater.keras.layers.layer import Layer, changes_of_layers, inside_call
from headwater.keras.trainers.string_step import StringStep

COMPILED_FROM = 3  # a call that comes so often with the same shapes is worth a compilation
_KEPT = 64  # signatures


class RepeatedCalls(Layer):
    """A model whose plain calls are compiled once they repeat: outside of traces and tapes, where all layers are
    Keras's own and none adds a loss or passes on a mask. Whoever changes an attribute of a layer gets a new program."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        run = self._repeated(args, kwargs) if len(args) == 1 and is_plain() and not inside_call() else None
        if run is None:
            return super().__call__(*args, **kwargs)
        return run(args[0])

    def _repeated(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[Any], Any] | None:
        """The compiled call for these arguments, None as long as there is none."""
        training = kwargs.get("training")
        if (kwargs and (len(kwargs) > 1 or "training" not in kwargs)) or not self.__dict__.get("built"):
            return None
        leaves = [args[0]] if isinstance(args[0], Tensor) else tree.leaves(args[0])
        if not leaves or not all(isinstance(leaf, (Tensor, np.ndarray)) for leaf in leaves):
            return None
        version = changes_of_layers()
        known = self.__dict__.get("_repeated_calls")
        if known is None or known[0] != version:
            known = self.__dict__["_repeated_calls"] = (version, {})
        key = (training, *[(leaf.shape, leaf.dtype) for leaf in leaves])
        found = known[1].get(key, 0)
        if isinstance(found, int):
            if len(known[1]) >= _KEPT:
                known[1].clear()
            known[1][key] = found + 1
            if found + 1 < COMPILED_FROM:
                return None
            found = known[1][key] = self._compiled(args[0], training)
        return found

    def _compiled(self, inputs: Any, training: bool | None) -> Callable[[Any], Any] | None:
        if self.__dict__.get("_run_eagerly") or functions_run_eagerly() or not _only_computes(self):
            return None

        def call(inputs: Any) -> Any:
            outputs = Layer.__call__(self, inputs, training=training)
            if self.losses or any(getattr(leaf, "_keras_mask", None) is not None for leaf in tree.leaves(outputs)):
                raise _NeedsEager
            return outputs

        compiled: Any = function(call, autograph=False)
        leaves, structure = tree.flatten(inputs)
        try:
            if any(_is_string(leaf) for leaf in leaves):
                return self._compiled_after_strings(compiled, leaves, structure)
            compiled.get_concrete_function(inputs)
        except (_NeedsEager, HeadwaterError, TypeError, ValueError):
            return None  # the layers, called one by one, say what is wrong
        finally:
            self._clear_losses()
        return compiled

    def _compiled_after_strings(self, call: Any, leaves: list[Any], structure: Any) -> Callable[[Any], Any] | None:
        """The same for inputs with strings among them, which are worked on before the program runs."""
        tensors = [ops.convert_to_tensor(leaf) for leaf in leaves]
        step = StringStep(call, [tensor.spec for tensor in tensors], structure)
        if step.prepare(tensors)[0] is None:
            return None
        return lambda inputs: step.results(step.run_on([ops.convert_to_tensor(leaf) for leaf in tree.leaves(inputs)]))


def _is_string(leaf: Tensor | np.ndarray) -> bool:
    return leaf.dtype.kind in ("O", "S", "U", "string")


class _NeedsEager(Exception):
    """The call has effects that a compiled one would lose."""


def _only_computes(model: Layer) -> bool:
    """Whether all layers are Keras's own: code of the user's may print, or look at values."""
    layers = model._flatten_layers()
    return all(
        type(layer).call.__module__.startswith("headwater.keras.") and type(layer).__name__ != "Lambda"
        for layer in layers
    )
