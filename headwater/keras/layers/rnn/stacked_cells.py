"""StackedRNNCells: several cells, one on the output of the other, as one cell."""

from __future__ import annotations

from typing import Any

from headwater import ops, tree
from headwater.errors import ArgumentError
from headwater.keras.layers.call_signature import signature_of
from headwater.keras.layers.layer import Layer
from headwater.keras.saving import deserialize_keras_object, serialize_keras_object


def check_cell(cell: Any, what: str) -> None:
    """Raise ArgumentError if something is not a cell."""
    for attribute in ("call", "state_size"):
        if not hasattr(cell, attribute):
            raise ArgumentError(
                f"{what}: the cell {cell!r} has no `{attribute}`.",
                fix="give it a method call(inputs, states), which returns the output and the next states, and an "
                "attribute state_size.",
                where="",
            )


class StackedRNNCells(Layer):
    """Cells as one cell: each takes the output of the one before.

    Args:
        cells: the cells, from the first to the last.
    """

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            check_cell(cell, "StackedRNNCells")
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """The size of the output of the last cell."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """The first states of each cell."""
        found = []
        for cell in self.cells:
            ask = getattr(cell, "get_initial_state", None)
            if ask is not None:
                found.append(ask(batch_size=batch_size))
            elif isinstance(cell.state_size, int):
                found.append(ops.zeros((batch_size, cell.state_size), dtype=self.compute_dtype))
            else:
                found.append([ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in cell.state_size])
        return found

    def call(self, inputs: Any, states: Any, training: bool = False, **kwargs: Any) -> tuple[Any, Any]:
        """The output of the last cell, and the next states of all."""
        found = []
        for cell, own in zip(self.cells, states):
            listed = list(own) if tree.is_nested(own) else [own]
            extra = dict(kwargs)
            if isinstance(cell, Layer) and signature_of(cell.call).takes_training:
                extra["training"] = training
            run = cell if callable(cell) else cell.call
            inputs, new = run(inputs, listed, **extra)
            new = list(new) if tree.is_nested(new) else [new]
            found.append(new if tree.is_nested(own) else new[0])
        return inputs, found

    def build(self, input_shape: Any) -> None:
        """Build the cells."""
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], _output_size(cell))

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {**super().get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The cells that `get_config` described."""
        config = dict(config)
        cells = [deserialize_keras_object(cell, custom_objects=custom_objects) for cell in config.pop("cells")]
        return cls(cells, **config)


def _output_size(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    if size is not None:
        return size
    return cell.state_size[0] if isinstance(cell.state_size, (list, tuple)) else cell.state_size
