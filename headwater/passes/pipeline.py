"""The ordered list of passes. The graph is verified after each, and shown before and after if the log asks for it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

from headwater.ir.graph import Graph, Rewriter, map_sub_graphs
from headwater.ir.text import print_graph
from headwater.ir.verify import Checked, verify
from headwater.passes.common import merge_common
from headwater.passes.copy_casts import copy_casts
from headwater.passes.dead_code import remove_dead_code
from headwater.passes.expand import expand_composites
from headwater.passes.fold import fold_constants
from headwater.passes.fuse import fuse
from headwater.passes.inline import inline_calls
from headwater.passes.merge_scans import merge_scans
from headwater.passes.prune_loops import prune_loops
from headwater.passes.simplify import simplify
from headwater.passes.sink_transposes import sink_transposes

Pass = Callable[[Graph], Graph]

GENERAL: tuple[Pass, ...] = (
    inline_calls, remove_dead_code, simplify, fold_constants, sink_transposes, merge_common, merge_scans,
    remove_dead_code, prune_loops, simplify, remove_dead_code,
)  # fmt: skip
PASSES: dict[str, tuple[Pass, ...]] = {
    "cpu": (inline_calls, expand_composites, *GENERAL, copy_casts, fuse, remove_dead_code),
    "xla": (inline_calls, remove_dead_code),
    "reference": (),
}

logger = logging.getLogger("headwater.graph")
_disabled: frozenset[str] = frozenset()


def disable(*names: str) -> None:
    """Leave these passes out from now on, by their function names; none to run all again. For tests that look for a
    wrong pass."""
    global _disabled
    _disabled = frozenset(names)


def show_graphs(enabled: bool = True) -> None:
    """Log every graph that is compiled, before and after each pass, as HEADWATER_LOG=graph does from the start."""
    logger.setLevel(logging.DEBUG if enabled else logging.NOTSET)
    if enabled and not logger.handlers:
        logger.addHandler(logging.StreamHandler())


def optimize(graph: Graph, backend: str) -> Graph:
    """The graph that `backend` gets: the same results by less work.

    Args:
        graph: as it was traced or parsed: with specs that its primitives inferred. It is not changed.
        backend: name of the backend: each has its own list of passes.
    Raises: GraphError, naming the pass, if one breaks the graph.
    """
    checked = Checked()
    verify(graph, "traced", checked, inferred=True)
    _log(graph, "traced")
    return _run(graph, PASSES[backend], checked)


def _run(graph: Graph, passes: tuple[Pass, ...], checked: Checked) -> Graph:
    graph = _copy(graph, passes, checked)
    for step in passes:
        if step.__name__ in _disabled:
            continue
        graph = verify(step(graph), step.__name__, checked)
        _log(graph, step.__name__)
    return graph


def _copy(graph: Graph, passes: tuple[Pass, ...], checked: Checked) -> Graph:
    """A graph of its own for the passes to change, its sub-graphs optimized."""
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        rewriter.copy(
            node,
            map_sub_graphs(node.attrs, lambda inner: _run(inner, passes, checked))
            if node.primitive.name != "call"
            else node.attrs,
        )
    return rewriter.finish()


def _log(graph: Graph, stage: str) -> None:
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("after %s:\n%s", stage, print_graph(graph, sources=True))


if "graph" in os.environ.get("HEADWATER_LOG", "").split(","):
    show_graphs()
