"""Loaded: a data set in memory, by splits and columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.errors import ArgumentError

Columns = dict[str, np.ndarray]


class Loaded(dict[str, Columns]):
    """The splits of a data set by name, each a dict of columns of equal length; printed, its card and its columns.

    Attributes:
        card: what is known of the set: task, origin, licence.
    """

    def __init__(self, card: Any, splits: dict[str, Columns]) -> None:
        super().__init__(splits)
        self.card = card

    def arrays(self, split: str = "train") -> tuple[Any, np.ndarray]:
        """Inputs and targets of a split, as `fit` takes them.

        Returns: the input column, or a dict of the input columns where there are several; and the target column.
        Raises: ArgumentError if the set has no target, or no such split.
        """
        columns = self.columns(split)
        target = self.card.target
        if target is None:
            raise ArgumentError(f"{self.card.name} has no target.", fix=f"use its columns: {', '.join(columns)}.")
        inputs = {name: values for name, values in columns.items() if name != target}
        x = next(iter(inputs.values())) if len(inputs) == 1 else inputs
        return x, columns[target]

    def columns(self, split: str = "train") -> Columns:
        """The columns of a split.

        Raises: ArgumentError if there is no such split.
        """
        if split not in self:
            raise ArgumentError(f"{self.card.name} has no split {split!r}.", fix=f"name one of {', '.join(self)}.")
        return self[split]

    def dataset(self, split: str = "train") -> Any:
        """A split as a `tf.data.Dataset` of its samples: dicts of the columns."""
        from headwater.data import Dataset

        return Dataset.from_tensor_slices(dict(self.columns(split)))

    def shapes(self) -> str:
        """The splits with their columns, shapes and dtypes, in a line for each split."""
        return "\n".join(f"{name}: {_described(columns)}" for name, columns in self.items())

    def __repr__(self) -> str:
        return f"{self.card}\n{self.shapes()}"


def _described(columns: Columns) -> str:
    rows = len(next(iter(columns.values()))) if columns else 0
    shown = [f"{name} {_kind(values)}" for name, values in list(columns.items())[:8]]
    if len(columns) > 8:
        shown.append(f"and {len(columns) - 8} columns more")
    return f"{rows:,} rows of {', '.join(shown)}"


def _kind(values: np.ndarray) -> str:
    if values.dtype == object:
        first = next((value for value in values if value is not None), None)
        return f"{first.dtype}(?)" if isinstance(first, np.ndarray) else "text" if isinstance(first, str) else "object"
    return f"{values.dtype}{tuple(values.shape[1:]) or ''}".replace("<U", "text")
