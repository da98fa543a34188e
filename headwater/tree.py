"""Nested structures of lists, tuples, named tuples and dicts: flatten, rebuild, map. None is a leaf, as in TensorFlow's
nest.

`optree` does the work; the commonest structures (a leaf, a flat list or tuple) do not need it and do not wait for its
import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_CONTAINERS = (list, tuple, dict)


class _Leaf:
    """The structure of a lone leaf."""

    def unflatten(self, leaves: list[Any]) -> Any:
        (leaf,) = leaves
        return leaf

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Leaf)

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "*"


class _Flat:
    """The structure of a list or tuple that holds leaves only."""

    def __init__(self, kind: type, size: int) -> None:
        self.key = (kind, size)

    def unflatten(self, leaves: list[Any]) -> Any:
        return self.key[0](leaves)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Flat) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"{self.key[0].__name__}[{self.key[1]}]"


class _Nested:
    """Any other structure, as optree describes it."""

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    def unflatten(self, leaves: list[Any]) -> Any:
        return self.spec.unflatten(leaves)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Nested) and self.spec == other.spec

    def __hash__(self) -> int:
        return hash(self.spec)

    def __repr__(self) -> str:
        return repr(self.spec)


_LEAF = _Leaf()


def is_nested(value: Any) -> bool:
    """True for a list, tuple or dict: what `flatten` looks into."""
    return isinstance(value, _CONTAINERS)


def flatten(structure: Any) -> tuple[list[Any], Any]:
    """The leaves, and a structure whose `unflatten(leaves)` puts them back. Dicts are taken in the order of their
    keys."""
    kind = type(structure)
    if kind in (list, tuple):
        if not any(isinstance(item, _CONTAINERS) for item in structure):
            return list(structure), _Flat(kind, len(structure))
    elif not isinstance(structure, _CONTAINERS):
        return [structure], _LEAF
    import optree

    leaves, spec = optree.tree_flatten(structure, none_is_leaf=True)
    return leaves, _Nested(spec)


def is_composite(value: Any) -> bool:
    """True for a value that is made of several tensors: a ragged or sparse one."""
    return hasattr(type(value), "__headwater_flatten__")


class _Expanded:
    """A structure some of whose leaves are composites, taken apart: each gives its tensors in its place.

    Args:
        outer: the structure whose leaves they are.
        forms: for each of its leaves None, or how many tensors it gives and the form that makes it of them again.
    """

    def __init__(self, outer: Any, forms: tuple[Any, ...]) -> None:
        self.key = (outer, forms)

    def unflatten(self, leaves: list[Any]) -> Any:
        return self._unflattened(leaves, lambda form, parts: form(parts))

    def describe(self, leaves: list[Any]) -> Any:
        """The structure with a tuple of its parts for each composite: of specs, which make no composite."""
        return self._unflattened(leaves, lambda form, parts: tuple(parts))

    def _unflattened(self, leaves: list[Any], make: Callable[[Any, list[Any]], Any]) -> Any:
        outer, forms = self.key
        given = iter(leaves)
        return outer.unflatten(
            [next(given) if form is None else make(form[1], [next(given) for _ in range(form[0])]) for form in forms]
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Expanded) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return repr(self.key[0])


def flatten_composites(structure: Any) -> tuple[list[Any], Any]:
    """`flatten`, with ragged and sparse tensors among the leaves taken apart into the tensors that they are made of."""
    found, form = flatten(structure)
    if not any(map(is_composite, found)):
        return found, form
    parts, forms = [], []
    for leaf in found:
        if is_composite(leaf):
            tensors, own = leaf.__headwater_flatten__()
            parts.extend(tensors)
            forms.append((len(tensors), own))
        else:
            parts.append(leaf)
            forms.append(None)
    return parts, _Expanded(form, tuple(forms))


def leaves(structure: Any) -> list[Any]:
    """The leaves alone."""
    return flatten(structure)[0]


def map_structure(function: Callable[..., Any], structure: Any, *others: Any) -> Any:
    """`function` applied leaf by leaf over structures of one form.

    Raises: ValueError if the structures differ.
    """
    first, form = flatten(structure)
    rest = []
    for other in others:
        values, other_form = flatten(other)
        if other_form != form:
            raise ValueError(f"the structures differ: {form} and {other_form}")
        rest.append(values)
    return form.unflatten([function(*group) for group in zip(first, *rest)])
