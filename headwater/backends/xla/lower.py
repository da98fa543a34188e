"""Graph -> a function of jax arrays: each node's `xla` rule, in order. `jax.jit` does the rest."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from typing import Any

from headwater.errors import UnsupportedError, source_scope
from headwater.ir.graph import Graph, Value


@functools.cache
def namespace() -> Any:
    """What `xla` rules are given: lax, numpy, scipy and jax itself, and `run(graph, args)` for sub-graphs.

    Raises: UnsupportedError if jax is not installed.
    """
    try:
        import jax
        import jax.experimental
        import jax.numpy
        import jax.scipy
    except ImportError:
        raise UnsupportedError(
            "the xla backend needs jax, which is not installed.",
            fix="pip install 'headwater[xla]', or use the cpu backend.",
        ) from None
    return types.SimpleNamespace(lax=jax.lax, numpy=jax.numpy, scipy=jax.scipy, jax=jax, run=run_graph)


def x64() -> Any:
    """A context in which jax keeps 64 bits; other users of jax in this process do not notice."""
    jax = namespace().jax
    enable = getattr(jax, "enable_x64", None)
    return enable(True) if enable is not None else jax.experimental.enable_x64(True)


def run_graph(graph: Graph, args: Sequence[Any]) -> list[Any]:
    """The outputs of a graph for jax arrays, traced or not."""
    lax = namespace()
    arrays: dict[Value, Any] = dict(zip(graph.inputs, args))
    for node in graph.nodes:
        with source_scope(node.source):
            results = node.primitive.xla(lax, *[arrays[value] for value in node.inputs], **node.attrs)
        arrays.update(zip(node.outputs, results if node.primitive.multiple else (results,)))
    return [arrays[value] for value in graph.outputs]


def lower_graph(graph: Graph) -> Callable[..., list[Any]]:
    """The graph as a function that jax compiles when it is first called."""

    def function(*args: Any) -> list[Any]:
        return run_graph(graph, args)

    function.__name__ = graph.name if graph.name.isidentifier() else "graph"
    return namespace().jax.jit(function)
