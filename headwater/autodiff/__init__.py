"""Gradients from the `vjp` rules alone: of what a tape recorded, and of a graph."""

from headwater.autodiff.backward import Record, Records, backward
from headwater.autodiff.batching import vectorize
from headwater.autodiff.of_graph import graph_vjp
from headwater.ir.derive import Transforms

Transforms.graph_vjp = staticmethod(graph_vjp)
Transforms.vectorize = staticmethod(vectorize)

__all__ = ["Record", "Records", "backward", "graph_vjp", "vectorize"]


def __getattr__(name: str) -> object:
    """`tf.autodiff`, as TensorFlow has it: these stand above this package and are found by name."""
    if name in ("ForwardAccumulator", "GradientTape"):
        import importlib

        return getattr(importlib.import_module("headwater.frontend.tape"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
