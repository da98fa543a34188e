"""Gradients from the `vjp` rules alone: of what a tape recorded, and of a graph."""

from headwater.autodiff.backward import Record, Records, backward
from headwater.autodiff.of_graph import graph_vjp
from headwater.primitives.control import set_differentiator

set_differentiator(graph_vjp)

__all__ = ["Record", "Records", "backward", "graph_vjp"]
