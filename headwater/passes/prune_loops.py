"""Control flow and recurrences without what nobody asks for: unused results, what is carried for them alone, unused
inputs.

The gradient of a scan gives cotangents of all its inputs. Those of the data are rarely wanted, and cost a matrix
product a step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from headwater.ir.graph import Graph, Node, Rewriter, Value, has_effects
from headwater.passes.dead_code import remove_dead_code


def prune_loops(graph: Graph) -> Graph:
    """The graph with every scan, while_loop and cond reduced to the results in use; run on one without dead code."""
    if not any(node.primitive.name in _PRUNERS for node in graph.nodes):
        return graph
    uses = graph.uses()
    rewriter = Rewriter(graph)
    for node in graph.nodes:
        prune = _PRUNERS.get(node.primitive.name)
        used = [index for index, value in enumerate(node.outputs) if value in uses]
        if prune is None or not used or not prune(rewriter, node, used):
            rewriter.copy(node)
    return rewriter.finish()


def _needed_inputs(graph: Graph, outputs: Iterable[int]) -> set[int]:
    """Positions of the inputs that these outputs, and nodes with effects, depend on."""
    needed: set[Value] = {graph.outputs[index] for index in outputs}
    for node in reversed(graph.nodes):
        if has_effects(node) or any(value in needed for value in node.outputs):
            needed.update(node.inputs)
    return {index for index, value in enumerate(graph.inputs) if value in needed}


def _reduced(graph: Graph, inputs: Sequence[int], outputs: Sequence[int]) -> Graph:
    """A graph of these inputs and outputs alone, pruned in turn."""
    live = Graph(graph.name)
    live.inputs, live.nodes, live.outputs = graph.inputs, list(graph.nodes), [graph.outputs[index] for index in outputs]
    live = remove_dead_code(live)
    kept = Rewriter(live)
    for node in live.nodes:
        kept.copy(node)
    new = kept.finish()
    new.inputs = [new.inputs[index] for index in inputs]
    for index, value in enumerate(new.inputs):
        value.index = index
    return remove_dead_code(prune_loops(new))


def _replace(
    rewriter: Rewriter, node: Node, inputs: Sequence[int], outputs: Sequence[int], attrs: dict[str, Any]
) -> bool:
    """Put a node with some of the inputs and outputs in place of one."""
    values = [rewriter.value_of(node.inputs[index]) for index in inputs]
    specs = [node.outputs[index].spec for index in outputs]
    results = rewriter.new.add(node.primitive, values, {**node.attrs, **attrs}, specs, node.source)
    for index, value in zip(outputs, results):
        rewriter.replace(node.outputs[index], value)
    return True


def _closed(graphs: Sequence[Graph], outputs: set[int], carried: int) -> tuple[set[int], set[int]]:
    """Outputs of the first graph that are needed, what is carried included, and inputs that any graph needs for them.

    The first `carried` outputs of the first graph become its first inputs; all outputs of the other graphs are needed.
    """
    body, others = graphs[0], graphs[1:]
    always = set().union(*(_needed_inputs(graph, range(len(graph.outputs))) for graph in others)) if others else set()
    outputs = outputs | {index for index in always if index < carried}
    while True:
        inputs = always | _needed_inputs(body, outputs)
        more = outputs | {index for index in inputs if index < carried}
        if more == outputs:
            return outputs, inputs | {index for index in outputs if index < carried}
        outputs = more


def _prune_scan(rewriter: Rewriter, node: Node, used: list[int]) -> bool:
    body, carried, scanned = node.attrs["body"], node.attrs["num_carried"], node.attrs["num_scanned"]
    needed, wanted = _closed([body], set(used), carried)
    if len(needed) == len(node.outputs) and len(wanted) == len(node.inputs):
        return False
    outputs, inputs = sorted(needed), sorted(wanted)
    attrs = {
        "body": _reduced(body, inputs, outputs),
        "num_carried": sum(index < carried for index in outputs),
        "num_scanned": sum(carried <= index < carried + scanned for index in inputs),
    }
    return _replace(rewriter, node, inputs, outputs, attrs)


def _prune_while(rewriter: Rewriter, node: Node, used: list[int]) -> bool:
    condition, body, carried = node.attrs["condition"], node.attrs["body"], node.attrs["num_carried"]
    needed, wanted = _closed([body, condition], set(used), carried)
    if len(needed) == len(node.outputs) and len(wanted) == len(node.inputs):
        return False
    outputs, inputs = sorted(needed), sorted(wanted)
    attrs = {
        "condition": _reduced(condition, inputs, [0]),
        "body": _reduced(body, inputs, outputs),
        "num_carried": len(outputs),
    }
    return _replace(rewriter, node, inputs, outputs, attrs)


def _prune_cond(rewriter: Rewriter, node: Node, used: list[int]) -> bool:
    branches = node.attrs["branches"]
    wanted = set().union(*(_needed_inputs(branch, used) for branch in branches))
    if len(used) == len(node.outputs) and len(wanted) == len(node.inputs) - 1:
        return False
    operands = sorted(wanted)
    attrs = {"branches": tuple(_reduced(branch, operands, used) for branch in branches)}
    return _replace(rewriter, node, [0, *(index + 1 for index in operands)], used, attrs)


def _prune_saved(rewriter: Rewriter, node: Node, used: list[int]) -> bool:
    """A recurrence that saves for a gradient which nobody takes."""
    kept = len(node.outputs) - _SAVED[node.primitive.name]
    if not node.attrs["save"] or used[-1] >= kept:
        return False
    return _replace(rewriter, node, range(len(node.inputs)), range(kept), {"save": False})


_SAVED = {"lstm": 2, "gru": 1}  # how many of the results are there for the gradient alone
_PRUNERS = {
    "scan": _prune_scan, "while_loop": _prune_while, "cond": _prune_cond, "lstm": _prune_saved, "gru": _prune_saved,
}  # fmt: skip
