"""The hook for symbolic inputs, the cost of an op in Python, and the size of its trace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from headwater import ops
from headwater.ir import dispatch
from headwater.ops import symbolic


class Symbol:
    """A stand-in for the tensor of a functional model."""


@pytest.fixture
def calls() -> Iterator[list[tuple[str, tuple[Any, ...], dict[str, Any]]]]:
    seen: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def handler(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        seen.append((function.__name__, args, kwargs))
        return "symbolic"

    previous = symbolic._symbolic, symbolic._composites
    symbolic.set_handler(lambda value: isinstance(value, Symbol), handler)
    yield seen
    symbolic._hang(*previous)


def test_symbolic_arguments_go_to_the_handler(calls: list[Any]) -> None:
    x = Symbol()
    assert ops.add(x, 1.0) == "symbolic"
    assert ops.concatenate([np.ones(2), x], axis=0) == "symbolic"
    assert ops.einsum("ij->i", x) == "symbolic"
    assert ops.layer_normalization(np.ones((2, 3)), gamma=x) == "symbolic"
    assert [name for name, _, _ in calls] == ["add", "concatenate", "einsum", "layer_normalization"]


def test_concrete_arguments_do_not(calls: list[Any]) -> None:
    assert float(ops.add(1.0, 2.0)) == 3.0
    assert ops.concatenate([np.ones(2), [1.0]]).shape == (3,)
    assert ops.softmax(ops.zeros((2, 2))).shape == (2, 2)
    assert not calls


NODES = {
    "mean": (lambda x: ops.mean(x, axis=1), ["reduce_sum", "multiply"]),
    "mean keepdims": (lambda x: ops.mean(x, axis=1, keepdims=True), ["reduce_sum", "reshape", "multiply"]),
    "relu": (ops.relu, ["relu"]),
    "add": (lambda x: ops.add(x, 1.0), ["add"]),
    "square": (lambda x: x**2, ["square"]),
    "softmax": (
        ops.softmax, ["reduce_max", "reshape", "stop_gradient", "subtract", "exp", "reduce_sum", "reshape", "divide"]
    ),
    "silu": (ops.silu, ["sigmoid", "multiply"]),
    "transpose": (ops.transpose, ["transpose"]),
    "expand_dims": (lambda x: ops.expand_dims(x, 0), ["reshape"]),
    "flip": (ops.flip, ["reverse"]),
    "einsum": (lambda x: ops.einsum("ij,kj->ik", x, x), ["matmul"]),
    "matmul": (lambda x: ops.matmul(x, ops.transpose(x)), ["transpose", "matmul"]),
    "reshape": (lambda x: ops.reshape(x, (3, 4)), []),
    "cast": (lambda x: ops.cast(x, "float32"), []),
}  # fmt: skip


@pytest.mark.parametrize("name", NODES)
def test_trace_is_small(name: str) -> None:
    function, wanted = NODES[name]
    trace = dispatch.Trace()
    x = trace.input(ops.ones((3, 4)).spec)
    with dispatch.tracing(trace):
        function(x)
    assert [node.primitive.name for node in trace.graph.nodes if node.primitive.name != "constant"] == wanted


UNKNOWN = {
    "add": lambda x: ops.add(x, 1.0),
    "softmax": ops.softmax,
    "gelu": ops.gelu,
    "sum": lambda x: ops.sum(x, axis=1),
    "mean": lambda x: ops.mean(x, axis=1),
    "matmul": lambda x: ops.matmul(x, np.ones((4, 5), "float32")),
    "transpose": ops.transpose,
    "expand_dims": lambda x: ops.expand_dims(x, 1),
    "concatenate": lambda x: ops.concatenate([x, x], axis=1),
    "layer_normalization": ops.layer_normalization,
    "categorical_crossentropy": lambda x: ops.categorical_crossentropy(x, x, from_logits=True),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_batch_size_stays_unknown(name: str) -> None:
    trace = dispatch.Trace()
    x = trace.input(ops.ones((3, 4)).spec.with_shape((None, 4)))
    with dispatch.tracing(trace):
        assert None in UNKNOWN[name](x).shape


def test_import_of_ops_loads_no_op() -> None:
    code = "import sys, headwater.ops; print([n for n in sys.modules if n.startswith('headwater.ops.') or n == 'jax'])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
