"""Passes: graph in, graph out. `optimize` runs them in order and verifies the graph after each."""

from headwater.passes.pipeline import optimize

__all__ = ["optimize"]
