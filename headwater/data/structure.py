"""The form of a data set's elements: tuples and dicts nest, everything else, a list too, is one component.

Inside the engine an element is a flat tuple of components: NumPy arrays and scalars, bytes, tensors, or whatever a
stage's function returned. They become tensors where a user's function or the consumer sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater.data.composites import COMPOSITES
from headwater.dtypes import DType
from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.tensor import Tensor
from headwater.ir import dispatch
from headwater.ops.convert import convert_to_tensor

Element = tuple[Any, ...]


class Form:
    """How components nest. Made by `flatten`; forms of one nesting are equal."""

    __slots__ = ("count", "key", "unflatten")

    def __init__(self, key: Any, count: int, unflatten: Callable[[Sequence[Any]], Any]) -> None:
        self.key, self.count, self.unflatten = key, count, unflatten

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Form) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return repr(self.unflatten(["*"] * self.count))


LEAF = Form("*", 1, lambda leaves: leaves[0])


def flatten(value: Any) -> tuple[Element, Form]:
    """The components of a structure, dicts in the order of their keys, and its form."""
    kind = type(value)
    if kind is tuple:
        for item in value:
            if isinstance(item, (tuple, dict)):
                return _flatten_nested(value)
        return value, flat_tuple(len(value))
    if isinstance(value, (tuple, dict)):
        return _flatten_nested(value)
    return (value,), LEAF


_flat_tuples: dict[int, Form] = {}


def flat_tuple(count: int) -> Form:
    """The form of a tuple of `count` components."""
    found = _flat_tuples.get(count)
    if found is None:
        found = _flat_tuples[count] = Form((tuple, ("*",) * count), count, tuple)
    return found


def _flatten_nested(value: Any) -> tuple[Element, Form]:
    leaves: list[Any] = []
    form = form_of(value, leaves)
    return tuple(leaves), form


def form_of(value: Any, leaves: list[Any]) -> Form:
    """The form of a structure; its components are appended to `leaves`."""
    if isinstance(value, dict):
        keys = sorted(value)
        return dict_form(value, [form_of(value[key], leaves) for key in keys])
    if isinstance(value, tuple):
        return tuple_form([form_of(item, leaves) for item in value], type(value))
    leaves.append(value)
    return LEAF


def tuple_form(parts: Sequence[Form], kind: type = tuple) -> Form:
    """The form of a tuple, or a named one, of structures."""
    if kind is tuple and all(part is LEAF for part in parts):
        return flat_tuple(len(parts))
    make = tuple if not hasattr(kind, "_make") else kind._make  # type: ignore[attr-defined]
    split = _splitter(parts)
    count = sum(part.count for part in parts)
    return Form((kind, tuple(part.key for part in parts)), count, lambda leaves: make(split(leaves)))


def dict_form(like: dict[Any, Any], parts: Sequence[Form]) -> Form:
    """The form of a dict; `parts` are those of its values in the order of the sorted keys."""
    ordered, shown = sorted(like), list(like)
    places = [ordered.index(key) for key in shown]
    split = _splitter(parts)
    kind = type(like) if type(like).__init__ is dict.__init__ or type(like).__name__ == "OrderedDict" else dict

    def unflatten(leaves: Sequence[Any]) -> Any:
        values = split(leaves)
        return kind(zip(shown, [values[place] for place in places]))

    return Form((dict, tuple(ordered), tuple(part.key for part in parts)), sum(p.count for p in parts), unflatten)


def _splitter(parts: Sequence[Form]) -> Callable[[Sequence[Any]], list[Any]]:
    """A function from flat leaves to the structures of the parts."""
    if all(part is LEAF for part in parts):
        return list
    ends, position = [], 0
    for part in parts:
        ends.append((position, position + part.count, part.unflatten))
        position += part.count
    return lambda leaves: [unflatten(leaves[start:end]) for start, end, unflatten in ends]


# Components


def as_tensor(component: Any) -> Any:
    """A component as the user sees it: a Tensor, or a value that is none and goes as it is."""
    kind = type(component)
    if kind is Tensor:
        return component
    if kind is np.ndarray and component.dtype.kind != "O":
        return dispatch.array_from_numpy(component)
    if kind is bytes:
        return dispatch.array_from_numpy(as_array(component))
    if kind is np.ndarray:
        return convert_to_tensor(component)
    if isinstance(component, np.generic):
        return dispatch.array_from_numpy(np.asarray(component))
    return component


def adopted(array: np.ndarray) -> Any:
    """An array that a stage has made, and nobody else holds, as a component: a tensor on its memory."""
    return array if array.dtype.hasobject else dispatch.adopted_array(array)


def as_array(component: Any) -> np.ndarray:
    """The values of a dense component; strings as an object array of bytes."""
    if type(component) is np.ndarray:
        return component
    if type(component) is bytes:
        array = np.empty((), object)
        array[()] = component
        return array
    return np.asarray(component)


def as_component(value: Any, dtype: DType | None = None) -> Any:
    """What a user gave or returned, as a component: numbers and lists as arrays, by the rules of `tf.constant`.

    Raises: DTypeError, ShapeError if it is no array and nothing else that a data set can hold.
    """
    kind = type(value)
    if kind is Tensor and dtype is None:
        return value
    if is_opaque(value):
        return value
    if kind is np.ndarray and value.dtype.kind not in "OSU" and value.dtype.isnative:
        return value if dtype is None or value.dtype == dtype.numpy else value.astype(dtype.numpy)
    if kind is bytes and dtype is None:
        return value
    return np.asarray(_converted(value, dtype))


def _converted(value: Any, dtype: DType | None) -> Any:
    tensor = convert_to_tensor(value, dtype)
    if tensor.buffer is None:
        raise ArgumentError(
            "a tensor that has no value yet is put into a data set: its function is being traced.",
            fix="make the data set outside of tf.function.",
        )
    return tensor


def is_opaque(value: Any) -> bool:
    """True for a component that is no dense array: None, a data set, an Optional, a ragged or sparse tensor."""
    return value is None or getattr(type(value), "is_data_component", False) or is_composite(value)


def is_composite(value: Any) -> bool:
    """True for a ragged or sparse tensor."""
    return isinstance(value, COMPOSITES)


def stack(components: Sequence[Any], dtype: DType, what: str) -> np.ndarray:
    """Components of one shape as an array with one more axis in front.

    Raises: ShapeError if the shapes differ.
    """
    if dtype == "string":
        return _stack_strings(components, what)
    first = components[0]
    if isinstance(first, (np.generic, int, float)):  # NumPy is quicker on a list of numbers than on arrays of no axes
        try:
            return np.array(components, dtype.numpy)
        except (ValueError, TypeError):
            pass
    arrays = [component if type(component) is np.ndarray else as_array(component) for component in components]
    shape = arrays[0].shape
    for array in arrays:
        if array.shape != shape:
            raise _unequal(arrays, what)
    if not shape:
        return np.array(arrays, dtype.numpy)
    return np.concatenate(arrays, dtype=dtype.numpy, casting="unsafe").reshape(len(arrays), *shape)


def _stack_strings(components: Sequence[Any], what: str) -> np.ndarray:
    arrays = [as_array(component) for component in components]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise _unequal(arrays, what)
    out = np.empty((len(arrays), *arrays[0].shape), object)
    for place, array in enumerate(arrays):
        out[place] = array[()] if not array.shape else array
    return out


def _unequal(arrays: Sequence[np.ndarray], what: str) -> ShapeError:
    first = arrays[0].shape
    place, other = next((place, array.shape) for place, array in enumerate(arrays) if array.shape != first)
    return ShapeError(
        f"{what}: elements 0 and {place} of a batch have shapes {first} and {other}.",
        fix="bring them to one shape in map(), or use padded_batch() or ragged_batch().",
    )
