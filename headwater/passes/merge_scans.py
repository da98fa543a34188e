"""Scans over the same inputs that carry the same values become one, which gives the results of both.

The gradient of a scan runs it again to save what was carried (primitives/control.py); merged with the scan itself,
that costs only the saving.
"""

from __future__ import annotations

from typing import Any

from headwater.ir.graph import Graph, Node, Rewriter, Value, has_effects
from headwater.passes.common import merge_common

KEPT = ("num_carried", "num_scanned", "length", "reverse")


def merge_scans(graph: Graph) -> Graph:
    """The graph with one scan in place of several that carry the same values through the same inputs.

    Scans carry the same values if, once both bodies are applied to the same inputs and equal nodes are merged, the
    next carried values are the same results.
    """
    groups: dict[Any, list[Node]] = {}
    for node in graph.nodes:
        if node.primitive.name == "scan" and not has_effects(node):
            groups.setdefault((node.inputs, *(node.attrs[name] for name in KEPT)), []).append(node)
    merged: dict[Node, tuple[Graph, Node, list[int]]] = {}
    for nodes in groups.values():
        _merge_group(nodes, merged)
    return _rewritten(graph, merged) if merged else graph


def _merge_group(nodes: list[Node], merged: dict[Node, tuple[Graph, Node, list[int]]]) -> None:
    """Join all scans of a group to the first one, as far as they carry the same values."""
    first, joined = nodes[0], nodes[0].attrs["body"]
    count = first.attrs["num_carried"]
    places = {first: list(range(len(first.outputs)))}
    for other in nodes[1:]:
        both = _joined(joined, other.attrs["body"], count)
        if both is not None:
            added = len(other.outputs) - count
            places[other] = [*range(count), *range(len(joined.outputs), len(joined.outputs) + added)]
            joined = both
    if len(places) > 1:
        merged.update({node: (joined, first, place) for node, place in places.items()})


def _joined(a: Graph, b: Graph, num_carried: int) -> Graph | None:
    """A body with the results of both, those that are carried once; None if they differ in what they carry."""
    both = Rewriter(a)
    for node in a.nodes:
        both.copy(node)
    values: dict[Value, Value] = dict(zip(b.inputs, both.new.inputs))
    for node in b.nodes:
        inputs = [values[value] for value in node.inputs]
        outputs = both.new.add(node.primitive, inputs, node.attrs, [value.spec for value in node.outputs], node.source)
        values.update(zip(node.outputs, outputs))
    joined = both.finish()
    outputs_of_b = [values[value] for value in b.outputs]
    joined.outputs = [*joined.outputs, *outputs_of_b]
    joined = merge_common(joined)
    of_a, of_b = joined.outputs[: len(a.outputs)], joined.outputs[len(a.outputs) :]
    if of_a[:num_carried] != of_b[:num_carried]:
        return None
    joined.outputs = [*of_a, *of_b[num_carried:]]
    return joined


def _rewritten(graph: Graph, merged: dict[Node, tuple[Graph, Node, list[int]]]) -> Graph:
    rewriter = Rewriter(graph)
    done: dict[Node, tuple[Value, ...]] = {}
    for node in graph.nodes:
        if node not in merged:
            rewriter.copy(node)
            continue
        body, first, places = merged[node]
        if first not in done:
            inputs = [rewriter.value_of(value) for value in first.inputs]
            done[first] = rewriter.new.add(first.primitive, inputs, {**first.attrs, "body": body}, None, first.source)
        for old, place in zip(node.outputs, places):
            rewriter.replace(old, done[first][place])
    return rewriter.finish()
