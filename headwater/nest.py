"""TensorFlow's `tf.nest`: nested structures of lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import tree
from headwater.tree import is_nested

__all__ = ["assert_same_structure", "flatten", "is_nested", "map_structure", "pack_sequence_as"]


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves, dicts in the order of their keys; ragged and sparse ones taken apart if asked for."""
    return (tree.flatten_composites if expand_composites else tree.flatten)(structure)[0]


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """`func` applied leaf by leaf over structures of one form."""
    if kwargs.get("expand_composites"):
        parts = [tree.flatten_composites(item) for item in structure]
        return parts[0][1].unflatten([func(*group) for group in zip(*(leaves for leaves, _ in parts))])
    return tree.map_structure(func, *structure)


def pack_sequence_as(structure: Any, flat_sequence: Any, expand_composites: bool = False) -> Any:
    """Leaves put into the form of a structure.

    Raises: ValueError if they are not as many as it has.
    """
    leaves, form = (tree.flatten_composites if expand_composites else tree.flatten)(structure)
    if len(leaves) != len(flat_sequence):
        raise ValueError(f"the structure has {len(leaves)} leaves and {len(flat_sequence)} are given")
    return form.unflatten(list(flat_sequence))


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raise ValueError unless both have one form."""
    first, second = tree.flatten(nest1)[1], tree.flatten(nest2)[1]
    if first != second:
        raise ValueError(f"the structures differ: {first} and {second}")
