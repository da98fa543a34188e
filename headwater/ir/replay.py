"""Applying a graph again, node by node, to other arrays: eagerly, into the trace that is active, or in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.errors import source_scope
from headwater.ir import dispatch
from headwater.ir.graph import Graph, Value
from headwater.ir.spec import Spec


def replay(graph: Graph, args: Sequence[Any]) -> list[Any]:
    """The outputs of `graph` for inputs `args`, by applying each of its primitives again.

    Args:
        graph: what to apply.
        args: one array for each input of the graph.
    Returns: one array for each output.
    """
    arrays: dict[Value, Any] = dict(zip(graph.inputs, args))
    for node in graph.nodes:
        with source_scope(node.source):
            outputs = dispatch.bind(node.primitive, tuple([arrays[value] for value in node.inputs]), node.attrs)
        arrays.update(zip(node.outputs, outputs if node.primitive.multiple else (outputs,)))
    return [arrays[value] for value in graph.outputs]


def run_reference(graph: Graph, args: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The outputs of a graph by the NumPy rules of its primitives."""
    arrays = dict(zip(graph.inputs, args))
    for node in graph.nodes:
        results = node.primitive.reference(*[arrays[value] for value in node.inputs], **node.attrs)
        for value, result in zip(node.outputs, results if node.primitive.multiple else (results,)):
            arrays[value] = np.asarray(result).astype(value.spec.dtype.numpy, copy=False)
    return [arrays[value] for value in graph.outputs]


def zeros(spec: Spec) -> Any:
    """An array of zeros: a scalar, broadcast where it has axes."""
    zero = dispatch.array_from_numpy(np.zeros((), spec.dtype.numpy))
    return dispatch.bind(dispatch.REGISTRY["broadcast_to"], (zero,), {"shape": spec.shape}) if spec.shape else zero
