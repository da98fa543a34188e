"""The ordered list of passes."""

from __future__ import annotations

from headwater.ir.graph import Graph
from headwater.ir.verify import verify


def optimize(graph: Graph, backend: str) -> Graph:
    """The graph that `backend` gets: the same results by less work."""
    return verify(graph, "traced")
