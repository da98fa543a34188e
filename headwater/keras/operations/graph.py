"""The graph between some KerasTensors and others: its nodes in an order in which they can run, and Keras's order of
layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from headwater import tree
from headwater.errors import ArgumentError, ShapeError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.operations.node import Node, node_of
from headwater.keras.operations.operation import Operation


class GraphMap:
    """What lies between `inputs` and `outputs`.

    Attributes:
        nodes: the nodes, each after those that it needs.
        operations: the layers and ops, in the order in which Keras lists them: by their distance from the outputs, then
            by the order in which a walk from the outputs meets them.
        depth_of: distance of each node from the outputs.
    """

    def __init__(self, inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]) -> None:
        self.first_met: dict[int, int] = {}
        ordered = self._walk(inputs, outputs)
        self.depth_of, operation_depth, operations = self._depths(ordered)
        for tensor in inputs:  # an input that nothing uses still belongs to the model
            operation = tensor._keras_history.operation
            if id(operation) not in operation_depth:
                operation_depth[id(operation)] = 0
                self.first_met[id(operation)] = -1
                operations[id(operation)] = operation
                self.depth_of[node_of(tensor)] = 0
                ordered.insert(0, node_of(tensor))
        self.nodes = ordered
        self.operations = sorted(
            operations.values(), key=lambda operation: (-operation_depth[id(operation)], self.first_met[id(operation)])
        )
        self._check_names()

    def _walk(self, inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]) -> list[Node]:
        """Depth first from the outputs, without recursion: a model may be thousands of layers deep."""
        stops = {node_of(tensor) for tensor in inputs}
        finished: dict[Node, None] = {}
        open_nodes: set[Node] = set()
        for output in outputs:
            stack: list[tuple[Node, bool]] = [(node_of(output), False)]
            while stack:
                node, done = stack.pop()
                if done:
                    open_nodes.discard(node)
                    finished[node] = None
                    continue
                if node in finished:
                    continue
                if node in open_nodes:
                    raise ArgumentError(
                        f"the graph has a cycle through {node.operation.name!r}.", fix="remove the loop."
                    )
                self.first_met.setdefault(id(node.operation), len(self.first_met))
                open_nodes.add(node)
                stack.append((node, True))
                if node not in stops:
                    self._require_parents(node)
                    stack.extend((parent, False) for parent in reversed(node.parent_nodes) if parent not in finished)
        return list(finished)

    def _require_parents(self, node: Node) -> None:
        if node.is_input:
            raise ArgumentError(
                f"the outputs depend on the input {node.operation.name!r}, which is not among the model's inputs.",
                fix="add it to `inputs`.",
            )

    @staticmethod
    def _depths(ordered: list[Node]) -> tuple[dict[Node, int], dict[int, int], dict[int, Operation]]:
        node_depth: dict[Node, int] = {}
        operation_depth: dict[int, int] = {}
        operations: dict[int, Operation] = {}
        for node in reversed(ordered):
            key = id(node.operation)
            depth = max(node_depth.get(node, 0), operation_depth.get(key, 0))
            node_depth[node] = operation_depth[key] = depth
            operations[key] = node.operation
            for parent in node.parent_nodes:
                node_depth[parent] = max(depth + 1, node_depth.get(parent, 0))
        known = set(ordered)
        return {node: depth for node, depth in node_depth.items() if node in known}, operation_depth, operations

    def _check_names(self) -> None:
        seen: set[str] = set()
        for operation in self.operations:
            if operation.name in seen:
                raise ArgumentError(
                    f"two layers of one model are both named {operation.name!r}.",
                    fix="give each layer a name of its own.",
                )
            seen.add(operation.name)


class Function(Operation):
    """A function made of a graph of operations.

    Args:
        inputs: KerasTensors (or a list or dict of them) that it starts from.
        outputs: KerasTensors (or a structure of them) that it gives.
        name: its name.
    Raises: ArgumentError if the outputs depend on something that is not among the inputs.
    Example:
        >>> from headwater import keras, ops
        >>> x = keras.Input((2,))
        >>> Function(x, ops.sum(x, axis=1))(ops.ones((1, 2))).numpy().tolist()
        [2.0]
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None) -> None:
        super().__init__(name=name)
        self._set_graph(inputs, outputs)

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        flat_inputs, flat_outputs = tree.leaves(inputs), tree.leaves(outputs)
        for tensor in (*flat_inputs, *flat_outputs):
            if not isinstance(tensor, KerasTensor):
                raise ArgumentError(
                    f"inputs and outputs of a model are KerasTensors, and one is {type(tensor).__name__}.",
                    fix="start from keras.Input and apply layers to it.",
                )
        self.__dict__.update(  # as they are: a layer would track what it is given
            _inputs_struct=inputs, _outputs_struct=outputs, _inputs=flat_inputs, _outputs=flat_outputs,
            _map=GraphMap(flat_inputs, flat_outputs),
        )  # fmt: skip

    @property
    def operations(self) -> list[Operation]:
        """Its layers and ops."""
        return list(self._map.operations)

    @property
    def inputs(self) -> list[KerasTensor]:
        """Its inputs, as a flat list."""
        return self._inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """Its outputs, as a flat list."""
        return self._outputs

    def call(self, inputs: Any) -> Any:
        """Its outputs for these values of its inputs."""
        values = tree.leaves(inputs)
        if len(values) != len(self._inputs):
            raise ShapeError(
                f"{type(self).__name__} {self.name!r} has {len(self._inputs)} inputs and is given {len(values)}.",
                fix="give one value for each input.",
            )
        return self._run(values, lambda operation: operation)

    def compute_output_spec(self, inputs: Any) -> Any:
        """The KerasTensors that a call on KerasTensors gives."""
        shapes_fit = all(
            tuple(given.shape) == tuple(own.shape) for given, own in zip(tree.leaves(inputs), self._inputs)
        )
        if shapes_fit:
            return tree.map_structure(lambda x: KerasTensor(x.shape, x.dtype), self._outputs_struct)
        return self._run(tree.leaves(inputs), lambda operation: operation.compute_output_spec)

    def _run(self, values: Sequence[Any], function_of: Callable[[Operation], Callable[..., Any]]) -> Any:
        known: dict[int, Any] = {id(tensor): value for tensor, value in zip(self._inputs, values)}
        for node in self._map.nodes:
            if all(id(tensor) in known for tensor in node.output_tensors):
                continue
            args, kwargs = node.fill_in(lambda tensor: known[id(tensor)])
            results = tree.leaves(function_of(node.operation)(*args, **kwargs))
            for tensor, result in zip(node.output_tensors, results):
                known[id(tensor)] = result
        leaves, form = tree.flatten(self._outputs_struct)
        return form.unflatten([known[id(tensor)] for tensor in leaves])
