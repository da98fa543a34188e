"""Constant folding: what depends on constants alone is computed once, by the NumPy reference."""

from __future__ import annotations

import numpy as np

from headwater.ir.graph import Graph, Literal, Node, Rewriter, sub_graphs
from headwater.ir.registry import REGISTRY

MAX_BYTES = 1 << 16  # larger results are cheaper to compute than to keep


def fold_constants(graph: Graph) -> Graph:
    """The graph with constants in place of nodes that have only constants as inputs."""
    constant = REGISTRY["constant"]
    rewriter = Rewriter(graph)
    known: dict[object, np.ndarray] = {}
    for node in graph.nodes:
        if node.primitive is constant:
            (value,) = rewriter.copy(node)
            known[value] = node.attrs["value"].array
            continue
        inputs = [rewriter.value_of(value) for value in node.inputs]
        if not _foldable(node) or not all(value in known for value in inputs):
            rewriter.copy(node)
            continue
        results = node.primitive.reference(*[known[value] for value in inputs], **node.attrs)
        for old, result in zip(node.outputs, results if node.primitive.multiple else (results,)):
            array = np.ascontiguousarray(np.asarray(result).astype(old.spec.dtype.numpy)).reshape(old.spec.shape)
            (new,) = rewriter.new.add(constant, (), {"value": Literal(array)}, (old.spec,), node.source)
            rewriter.replace(old, new)
            known[new] = array
    return rewriter.finish()


def _foldable(node: Node) -> bool:
    if node.primitive.name == "broadcast_to":  # element-wise nodes broadcast by themselves, from the smaller array
        return False
    if not node.primitive.pure or not node.inputs or any(True for _ in sub_graphs(node.attrs)):
        return False
    return all(value.spec.is_static and value.spec.nbytes <= MAX_BYTES for value in node.outputs)
