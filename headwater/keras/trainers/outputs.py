"""From what users pass per output (a list, a dict by name, one for all) to a flat list in the order of the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headwater import tree
from headwater.errors import ArgumentError


class OutputLayout:
    """The outputs of a model, flat and by name.

    Args:
        y_pred: the predictions: a tensor or a structure of them.
        names: names of the outputs as the model knows them, or None.
    """

    def __init__(self, y_pred: Any, names: Sequence[str] | None) -> None:
        self.nested = tree.is_nested(y_pred)
        self.count = len(tree.leaves(y_pred))
        self._form = tree.flatten(y_pred)[1]
        self.is_dict = isinstance(y_pred, dict) and len(y_pred) == self.count
        self.keys = sorted(y_pred) if self.is_dict else None
        names = list(names) if names is not None and len(names) == self.count else None
        if self.keys is not None and (names is None or set(names) != set(self.keys)):
            names = list(self.keys)
        self.names = names if self.keys is None or names is None else list(self.keys)

    def flatten(self, value: Any, what: str) -> list[Any]:
        """A structure of values, one per output, as a list in the order of the outputs.

        Args:
            value: a list, tuple or dict of the outputs' structure, or one value for a model of one output.
            what: name of the argument, for messages.
        Raises: ArgumentError if it has not one value per output.
        """
        if not self.nested:
            leaves = tree.leaves(value)
            if len(leaves) == 1:
                return leaves
            raise ArgumentError(
                f"`{what}` has {len(leaves)} entries, and the model has one output.", fix=f"pass one {what} for it."
            )
        if isinstance(value, dict):
            return self._from_dict(value, what)
        leaves = tree.leaves(value)
        if len(leaves) != self.count:
            raise ArgumentError(
                f"`{what}` has {len(leaves)} entries, and the model has {self.count} outputs: {self.names or ''}.",
                fix=f"pass one {what} for each output, in a list or a dict by name.",
            )
        return leaves

    def _from_dict(self, value: dict[str, Any], what: str) -> list[Any]:
        for names in (self.keys, self.names):
            if names is not None and set(names) == set(value):
                return [value[name] for name in names]
        leaves = tree.leaves(value)
        if self.keys is None and self.names is None and len(leaves) == self.count:
            return leaves
        raise ArgumentError(
            f"`{what}` is a dict of {sorted(value)}, and the outputs are {self.names or self.count}.",
            fix="use the names of the outputs as its keys.",
        )

    def spread(self, value: Any, what: str, is_one: Callable[[Any], bool]) -> list[Any]:
        """A setting that may be one for all outputs, or a list or dict of one for each; None where a dict has none.

        Args:
            value: the setting.
            what: name of the argument, for messages.
            is_one: says whether a value is a setting for one output, rather than a container of them.
        """
        if value is None or is_one(value):
            return [value] * self.count
        if isinstance(value, dict):
            names = self.keys if self.keys is not None and set(value) <= set(self.keys) else self.names
            unknown = set(value) - set(names or ())
            if unknown:
                raise ArgumentError(
                    f"`{what}` names the outputs {sorted(unknown)}, and the model has {names}.",
                    fix="use the names of the outputs (of their layers) as keys.",
                )
            return [value.get(name) for name in names or ()]
        value = list(value)
        if len(value) != self.count:
            raise ArgumentError(
                f"`{what}` has {len(value)} entries, and the model has {self.count} outputs.",
                fix="pass one for each output, in a list or a dict by name.",
            )
        return value
