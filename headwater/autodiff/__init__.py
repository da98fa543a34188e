"""Gradients from the `vjp` rules alone: of what a tape recorded, and of a graph."""

from headwater.autodiff.backward import Record, Records, backward
from headwater.autodiff.batching import vectorize
from headwater.autodiff.of_graph import graph_vjp
from headwater.primitives.control import Transforms

Transforms.graph_vjp = staticmethod(graph_vjp)
Transforms.vectorize = staticmethod(vectorize)

__all__ = ["Record", "Records", "backward", "graph_vjp", "vectorize"]
