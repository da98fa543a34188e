"""What a picture of a model shows: a box for each layer, an arrow for each tensor that goes from one to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.layer import Layer
from headwater.keras.models.functional import Functional
from headwater.keras.models.sequential import Sequential


@dataclass(frozen=True)
class Details:
    """What the box of a layer says beside its class.

    Attributes:
        shapes, dtype, names, activations, trainable: whether it says these.
        nested: whether the layers of models inside the model are drawn.
    """

    shapes: bool = False
    dtype: bool = False
    names: bool = False
    activations: bool = False
    trainable: bool = False
    nested: bool = False


@dataclass(eq=False)
class Box:
    """A layer: its title, and a line for each detail."""

    title: str
    lines: list[str]


@dataclass
class Diagram:
    """Boxes, arrows between them, and frames around the boxes of models inside the model.

    Attributes:
        boxes: in the order in which data goes through them.
        arrows: pairs of boxes.
        frames: name and boxes of each inner model, the outer ones first.
    """

    boxes: list[Box] = field(default_factory=list)
    arrows: list[tuple[Box, Box]] = field(default_factory=list)
    frames: list[tuple[str, list[Box]]] = field(default_factory=list)

    def connect(self, sources: list[Box], target: Box) -> None:
        """Draw an arrow from each source."""
        self.arrows += [(source, target) for source in dict.fromkeys(sources)]


def diagram_of(model: Any, details: Details) -> Diagram:
    """The diagram of a model.

    Raises: ArgumentError if the model is not built.
    """
    if not model.built:
        raise ArgumentError(
            f"model {model.name!r} is not built, so its layers are not connected yet.",
            fix="call it on data, or call build(input_shape), first.",
        )
    diagram = Diagram()
    graph = _graph_of(model)
    if graph is None:
        diagram.boxes.append(_box(model, details))
    else:
        _add_graph(graph, {}, diagram, details)
    return diagram


def _graph_of(layer: Any) -> Functional | None:
    """The graph of layers that a layer is, if it is one."""
    if isinstance(layer, Sequential):
        return layer._functional
    return layer if isinstance(layer, Functional) else None


def _add_graph(graph: Functional, given: dict[int, list[Box]], diagram: Diagram, details: Details) -> list[Box]:
    """Draw the layers of a graph.

    Args:
        given: by id of an input tensor, the boxes that it comes from; an input without any has a box of its own.
    Returns: the boxes that its outputs come from.
    """
    made: dict[int, list[Box]] = dict(given)
    for node in _in_order(graph):
        operation = node.operation
        if any(id(tensor) in given for tensor in node.output_tensors):
            continue
        sources = [
            box for tensor in node.input_tensors if isinstance(tensor, KerasTensor) for box in made.get(id(tensor), ())
        ]
        inner = _graph_of(operation) if details.nested else None
        if inner is None:
            box = _box(operation, details, node)
            diagram.boxes.append(box)
            diagram.connect(sources, box)
            ends = [box]
        else:
            ends = _add_inner(operation.name, inner, node, made, diagram, details)
        made.update({id(tensor): ends for tensor in node.output_tensors})
    return [box for tensor in graph._outputs for box in made[id(tensor)]]


def _add_inner(
    name: str, inner: Functional, node: Any, made: dict[int, list[Box]], diagram: Diagram, details: Details
) -> list[Box]:
    first = len(diagram.boxes)
    tensors = [tensor for tensor in node.input_tensors if isinstance(tensor, KerasTensor)]
    given = {id(placeholder): made.get(id(tensor), []) for placeholder, tensor in zip(inner._inputs, tensors)}
    frame: tuple[str, list[Box]] = (name, [])
    diagram.frames.append(frame)
    ends = _add_graph(inner, given, diagram, details)
    frame[1].extend(diagram.boxes[first:])
    return ends


def _in_order(graph: Functional) -> Iterator[Any]:
    """The nodes of a graph, those of inputs first, each after what it needs."""
    return iter(sorted(graph._map.nodes, key=lambda node: -graph._map.depth_of[node]))


def _box(operation: Any, details: Details, node: Any = None) -> Box:
    title = getattr(operation, "type_name", type(operation).__name__)
    lines = []
    if details.names:
        title = f"{operation.name} ({title})"
    activation = getattr(operation, "activation", None)
    if details.activations and activation is not None:
        lines.append(f"activation: {getattr(activation, '__name__', type(activation).__name__)}")
    if details.shapes and node is not None:
        inputs = [tensor for tensor in node.input_tensors if isinstance(tensor, KerasTensor)]
        if inputs:
            lines.append(f"input: {_shapes(inputs)}")
        lines.append(f"output: {_shapes(node.output_tensors)}")
    if details.dtype and node is not None:
        lines.append(f"dtype: {', '.join(dict.fromkeys(str(tensor.dtype) for tensor in node.output_tensors))}")
    if details.trainable and isinstance(operation, Layer) and operation.weights:
        lines.append("trainable" if operation.trainable else "not trainable")
    return Box(title, lines)


def _shapes(tensors: Any) -> str:
    return ", ".join(f"({', '.join(map(str, tensor.shape))})" for tensor in tensors)
