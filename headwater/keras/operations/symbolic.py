"""Shapes and dtypes of what a function would return, found by tracing it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from headwater import tree
from headwater.errors import HeadwaterError, ShapeError
from headwater.frontend.prelude import described_specs
from headwater.frontend.variable import as_spec
from headwater.keras.keras_tensor import KerasTensor

# What unknown sizes are taken for, one after the other: a size of the result that differs between the two is unknown
# too. Both have many divisors, so that a reshape that fits the real batches fits these.
_FILLS = (5040, 7560)


def symbolic_outputs(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    """What `function` would return for KerasTensors among its arguments, with a KerasTensor for each tensor.

    Raises: what `function` raises for such shapes; ShapeError if the number of axes depends on an unknown size.
    """
    unknown = any(None in leaf.shape for leaf in tree.leaves((args, kwargs)) if isinstance(leaf, KerasTensor))
    first = _trace(function, args, kwargs, _FILLS[0])
    if not unknown:
        return _map(_known, first)
    second = _trace(function, args, kwargs, _FILLS[1])
    return _map(_merged, first, second)


def _trace(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any], fill: int) -> Any:
    def stand_in(value: Any) -> Any:
        if not isinstance(value, KerasTensor):
            return value
        return _Placeholder(as_spec(value).with_shape(tuple(fill if size is None else size for size in value.shape)))

    held = tree.map_structure(stand_in, (args, kwargs))
    leaves, form = tree.flatten(held)
    specs = [leaf.spec if isinstance(leaf, _Placeholder) else _Held(leaf) for leaf in leaves]

    def run(*values: Any) -> Any:
        values = tuple(value.value if isinstance(value, _Held) else value for value in values)
        call_args, call_kwargs = form.unflatten(list(values))
        return function(*call_args, **call_kwargs)

    previous, _state.fill = _state.fill, fill
    try:
        return described_specs(run, *specs, unknown=fill)
    except HeadwaterError as error:  # speak of unknown sizes as the user does
        error.what = re.sub(rf"\b{fill}\b", "None", error.what)
        error.fix = re.sub(rf"\b{fill}\b", "None", error.fix)
        raise
    finally:
        _state.fill = previous


class _State(threading.local):
    fill: int | None = None


_state = _State()


def with_unknown_sizes(shape: Any) -> Any:
    """A shape seen while tracing, with None again where an unknown size was taken for a number."""
    if _state.fill is None:
        return shape
    if isinstance(shape, dict):
        return {key: with_unknown_sizes(value) for key, value in shape.items()}
    if isinstance(shape, (list, tuple)):
        return type(shape)([with_unknown_sizes(item) for item in shape])
    return None if shape == _state.fill else shape


class _Held:
    """Keeps a value that is no stand-in from being looked into."""

    def __init__(self, value: Any) -> None:
        self.value = value


class _Placeholder:
    """Stands for a tensor of this spec."""

    def __init__(self, spec: Any) -> None:
        self.spec = spec


def _is_spec(value: Any) -> bool:
    return type(value).__name__ == "Spec"


def _map(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    if _is_spec(first):
        return function(first, *others)
    if isinstance(first, dict):
        return {key: _map(function, value, *(other[key] for other in others)) for key, value in first.items()}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(_map(function, *group) for group in zip(first, *others)))
    if isinstance(first, (list, tuple)):
        return type(first)(_map(function, *group) for group in zip(first, *others))
    return first


def _known(spec: Any) -> KerasTensor:
    return KerasTensor(spec.shape, spec.dtype)


def _merged(first: Any, second: Any) -> KerasTensor:
    if len(first.shape) != len(second.shape):
        raise ShapeError(
            "the number of axes of a result depends on a size that is not known yet.",
            fix="give the Input a full shape, or a layer a compute_output_shape method.",
        )
    return KerasTensor([a if a == b else None for a, b in zip(first.shape, second.shape)], first.dtype)
