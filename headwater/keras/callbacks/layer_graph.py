"""How the layers of a model are connected, as TensorBoard shows it."""

from __future__ import annotations

from typing import Any

from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.models.functional import Functional
from headwater.keras.models.sequential import Sequential
from headwater.summary.graphs import GraphNode, graph_def


def layer_graph(model: Any) -> bytes | None:
    """A serialized GraphDef with a node for each layer; None if the model does not know how they are connected."""
    graph = model._functional if isinstance(model, Sequential) else model
    if not isinstance(graph, Functional):
        return None
    nodes = []
    for node in sorted(graph._map.nodes, key=lambda node: -graph._map.depth_of[node]):
        sources = [
            tensor._keras_history.operation.name for tensor in node.input_tensors if isinstance(tensor, KerasTensor)
        ]
        nodes.append(GraphNode(node.operation.name, type(node.operation).__name__, tuple(dict.fromkeys(sources))))
    return graph_def({node.name: node for node in nodes}.values())
