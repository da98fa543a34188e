"""`keras.tree`: nested structures of lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import tree as _tree


def is_nested(structure: Any) -> bool:
    """True for a list, tuple or dict."""
    return _tree.is_nested(structure)


def flatten(structure: Any) -> list[Any]:
    """The leaves, those of dicts in the order of their keys.

    Example:
        >>> flatten({"b": 1, "a": [2, 3]})
        [2, 3, 1]
    """
    return _tree.leaves(structure)


def flatten_with_path(structure: Any) -> list[tuple[tuple, Any]]:
    """The leaves, each with the keys and indices that lead to it."""
    if isinstance(structure, dict):
        items: Any = ((key, structure[key]) for key in sorted(structure))
    elif isinstance(structure, (list, tuple)):
        items = enumerate(structure)
    else:
        return [((), structure)]
    return [((key, *path), leaf) for key, value in items for path, leaf in flatten_with_path(value)]


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """`func` applied leaf by leaf over structures of one form.

    Example:
        >>> map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)])
        [11, (22,)]
    """
    if none_is_leaf:
        return _tree.map_structure(func, *structures)
    return _tree.map_structure(lambda *leaves: None if leaves[0] is None else func(*leaves), *structures)


def map_shape_structure(func: Callable[..., Any], structure: Any) -> Any:
    """`func` applied to each shape: a list or tuple of ints and None."""
    if isinstance(structure, (list, tuple)) and all(size is None or isinstance(size, int) for size in structure):
        return func(tuple(structure))
    if isinstance(structure, dict):
        return {key: map_shape_structure(func, value) for key, value in structure.items()}
    return type(structure)(map_shape_structure(func, value) for value in structure)


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Raise ValueError unless both have one form."""
    if _tree.flatten(a)[1] != _tree.flatten(b)[1]:
        raise ValueError(f"the structures differ: {_tree.flatten(a)[1]} and {_tree.flatten(b)[1]}")


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise ValueError unless the same keys and indices lead to the leaves of both."""
    first, second = ({path for path, _ in flatten_with_path(value)} for value in (a, b))
    if first != second:
        raise ValueError(f"the paths differ: {sorted(map(str, first ^ second))}")


def pack_sequence_as(structure: Any, flat_sequence: Any) -> Any:
    """Leaves put back into the form of `structure`."""
    leaves, form = _tree.flatten(structure)
    flat = list(flat_sequence)
    if len(flat) != len(leaves):
        raise ValueError(f"{len(flat)} values do not fill a structure of {len(leaves)}")
    return form.unflatten(flat)


def lists_to_tuples(structure: Any) -> Any:
    """The structure with tuples in place of lists."""
    if isinstance(structure, dict):
        return {key: lists_to_tuples(value) for key, value in structure.items()}
    return tuple(map(lists_to_tuples, structure)) if isinstance(structure, (list, tuple)) else structure


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """The structure with each part replaced by what `func` gives for it, where that is not None.

    Args:
        func: called with each part, containers and leaves.
        structure: the structure.
        top_down: whether containers are visited before what is in them; what is replaced is not looked into.
    """

    def inside(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: traverse(func, item, top_down) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(traverse(func, item, top_down) for item in value)
        return value

    if top_down:
        found = func(structure)
        return inside(structure) if found is None else found
    rebuilt = inside(structure)
    found = func(rebuilt)
    return rebuilt if found is None else found
