"""Node: one call of a layer or op on symbolic tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headwater import tree
from headwater.keras.keras_tensor import KerasHistory, KerasTensor


class Node:
    """One call of an operation: what went in, what came out.

    Args:
        operation: the layer or op that was called.
        call_args, call_kwargs: its arguments, with KerasTensors among them.
        outputs: what it returned: a structure of KerasTensors.
    """

    def __init__(
        self, operation: Any, call_args: tuple = (), call_kwargs: Mapping[str, Any] | None = None, outputs: Any = None
    ):
        self.operation = operation
        self.args, self.kwargs = tuple(call_args), dict(call_kwargs or {})
        self._leaves, self._form = tree.flatten((list(self.args), self.kwargs))
        self.input_tensors = [leaf for leaf in self._leaves if isinstance(leaf, KerasTensor)]
        self.output_tensors = [leaf for leaf in tree.leaves(outputs) if isinstance(leaf, KerasTensor)]
        self.outputs = self.output_tensors
        self.index = len(operation._inbound_nodes)
        for position, tensor in enumerate(self.output_tensors):
            tensor._keras_history = KerasHistory(operation, self.index, position)
        self.parent_nodes = [node_of(tensor) for tensor in self.input_tensors]
        for parent in self.parent_nodes:
            parent.operation._outbound_nodes.append(self)
        operation._inbound_nodes.append(self)
        # The common case of one tensor and nothing else is filled in without looking into structures.
        lone = len(self.args) == 1 and not self.kwargs and isinstance(self.args[0], KerasTensor)
        self._only_input = self.args[0] if lone else None

    @property
    def is_input(self) -> bool:
        """True for the node of a placeholder."""
        return not self.input_tensors

    @property
    def arguments(self) -> Node:
        """The arguments of the call (`args`, `kwargs`)."""
        return self

    def fill_in(self, value_of: Callable[[KerasTensor], Any]) -> tuple[tuple, dict[str, Any]]:
        """The arguments with each KerasTensor replaced by its value."""
        if self._only_input is not None:
            return (value_of(self._only_input),), {}
        leaves = [value_of(leaf) if isinstance(leaf, KerasTensor) else leaf for leaf in self._leaves]
        args, kwargs = self._form.unflatten(leaves)
        return tuple(args), dict(kwargs)

    def __repr__(self) -> str:
        return f"<Node operation={self.operation.name}, index={self.index}>"


def node_of(tensor: KerasTensor) -> Node:
    """The node that a KerasTensor is an output of."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]
