"""Graphs for TensorBoard: what functions were traced to, and how the layers of a model are connected.

Source: github.com/tensorflow/tensorflow, tensorflow/core/framework/{graph,node_def}.proto.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from headwater.errors import StateError
from headwater.frontend.function import forget_traces, note_traces
from headwater.io.wire import bytes_field
from headwater.summary import events, writer


class GraphNode(NamedTuple):
    """A node of a graph: its name, in which slashes make groups; what it does; the nodes that it reads."""

    name: str
    kind: str
    inputs: tuple[str, ...]


def graph_def(nodes: Iterable[GraphNode]) -> bytes:
    """Nodes as a serialized GraphDef."""
    return b"".join(
        bytes_field(
            1,
            bytes_field(1, node.name.encode())
            + bytes_field(2, node.kind.encode())
            + b"".join(bytes_field(3, source.encode()) for source in node.inputs),
        )
        for node in nodes
    )


def nodes_of(graph: Any) -> list[GraphNode]:
    """The nodes of a traced graph, in groups by the layers that they come from."""
    names: dict[Any, str] = {}
    found = []
    for place, value in enumerate(graph.inputs):
        names[value] = f"input_{place}"
        found.append(GraphNode(names[value], "Placeholder", ()))
    for place, node in enumerate(graph.nodes):
        name = "/".join([*_scopes(node.source), f"{node.primitive.name}_{place}"])
        names.update(dict.fromkeys(node.outputs, name))
        found.append(GraphNode(name, node.primitive.name, tuple(dict.fromkeys(names[value] for value in node.inputs))))
    return found


def _scopes(source: str) -> list[str]:
    """The names of layers in a path as errors show it: Sequential 'a' > Dense 'b'."""
    parts = [part.split("'")[1] if part.count("'") >= 2 else part for part in source.split(" > ") if part]
    return ["".join(c if c.isalnum() or c in "._-" else "_" for c in part.strip()) for part in parts]


def graph(graph_data: Any) -> Any:
    """Write a graph: that of a concrete function (`function.get_concrete_function(...).graph`), or a serialized
    GraphDef."""
    target = writer.default_writer()
    if target is None:
        return False
    content = graph_data if isinstance(graph_data, bytes) else graph_def(nodes_of(graph_data))
    target.write(events.event(0, bytes_field(4, content)))
    return True


_traced: list[Any] | None = None


def trace_on(graph: bool = True, profiler: bool = False, profiler_outdir: Any = None) -> None:
    """Note the functions that are traced from now on, for `trace_export`.

    Args:
        graph: whether to note them.
        profiler, profiler_outdir: accepted; `function.explain(...).save_trace` writes where time goes.
    """
    global _traced
    trace_off()
    _traced = note_traces() if graph else []


def trace_off() -> None:
    """Note no more functions, and forget those that were noted."""
    global _traced
    if _traced is not None:
        forget_traces(_traced)
    _traced = None


def trace_export(name: str, step: Any = None, profiler_outdir: Any = None) -> None:
    """Write the graphs of the functions that were traced since `trace_on`, and end noting them.

    Args:
        name: accepted: TensorBoard shows graphs by run.
        step, profiler_outdir: accepted.
    Raises: StateError without `trace_on` before.
    """
    if _traced is None:
        raise StateError("trace_export without trace_on before.", fix="call tf.summary.trace_on() first.", where="")
    for traced in _traced:
        graph(traced)
    trace_off()
