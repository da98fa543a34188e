"""What the fusion pass makes: regions of element-wise nodes and reductions that run as one instruction.

Their bodies are graphs of ordinary primitives, so their rules are those of the bodies. They are made after
differentiation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import GraphError
from headwater.ir.cost import flops_of
from headwater.ir.graph import Graph
from headwater.ir.primitive import BadSample, Primitive, Sample, absent
from headwater.ir.registry import REGISTRY
from headwater.ir.replay import run_reference
from headwater.ir.spec import Shape, Spec, sizes_differ
from headwater.primitives.linear import matmul


def _require_inputs(primitive: Primitive, body: Graph, specs: tuple[Spec, ...]) -> None:
    if len(specs) != len(body.inputs) or any(
        spec.dtype is not value.spec.dtype
        or spec.ndim != value.spec.ndim
        or any(map(sizes_differ, spec.shape, value.spec.shape))
        for spec, value in zip(specs, body.inputs)
    ):
        raise GraphError(
            f"{primitive.name}: inputs {', '.join(map(str, specs))} for a body that takes "
            f"{', '.join(str(value.spec) for value in body.inputs)}.",
            fix="give the body the inputs that it was made for.",
        )


class FusedElementwise(Primitive):
    """A region of element-wise nodes over one iteration space, with reductions of rows inside and of anything on the
    way out.

    Shapes: those of the body.    Dtypes: those of the body.    Errors: GraphError if the inputs are not those of the
    body.    Source: own.
    """

    name = "fused_elementwise"
    multiple = True
    vjp = absent("it is made after differentiation")

    def infer(self, *specs: Spec, body: Graph, shape: Shape) -> tuple[Spec, ...]:
        _require_inputs(self, body, specs)
        return tuple(value.spec for value in body.outputs)

    def flops(self, *specs: Spec, body: Graph, shape: Shape) -> int:
        return flops_of(body)

    def cpu(self, kernels: Any, *args: Any, body: Graph, shape: Shape) -> Any:
        return kernels.fused(body, shape, args)

    def xla(self, lax: Any, *args: Any, body: Graph, shape: Shape) -> Any:
        return tuple(lax.run(body, args))

    def reference(self, *args: np.ndarray, body: Graph, shape: Shape) -> Any:
        return tuple(run_reference(body, args))

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        chain, rows = _chain_body(), _softmax_body()
        x, bias = rng.normal(size=(5, 7)).astype(np.float32), rng.normal(size=(7,)).astype(np.float32)
        return [
            Sample(x, bias, body=chain, shape=(5, 7)),
            Sample(x, body=rows, shape=(5, 7)),
            BadSample(GraphError, "a body that takes", x, body=chain, shape=(5, 7)),
        ]


class FusedMatMul(Primitive):
    """A matrix product whose elements go through a region of element-wise nodes before they are written.

    Shapes: a, b as matmul; the body's first input is the product, the others follow.    Dtypes: those of the body.
    Errors: GraphError if the inputs are not those of the body.    Source: own.
    """

    name = "fused_matmul"
    multiple = True
    vjp = absent("it is made after differentiation")

    def infer(
        self, a: Spec, b: Spec, *extras: Spec, body: Graph, transpose_a: bool, transpose_b: bool
    ) -> tuple[Spec, ...]:
        _require_inputs(self, body, (matmul.infer(a, b, transpose_a=transpose_a, transpose_b=transpose_b), *extras))
        return tuple(value.spec for value in body.outputs)

    def flops(self, a: Spec, b: Spec, *extras: Spec, body: Graph, transpose_a: bool, transpose_b: bool) -> int:
        return matmul.flops(a, b, transpose_a=transpose_a, transpose_b=transpose_b) + flops_of(body)

    def cpu(self, kernels, a, b, *extras, body, transpose_a, transpose_b):
        return kernels.fused_matmul(body, a, b, extras, transpose_a=transpose_a, transpose_b=transpose_b)

    def xla(self, lax, a, b, *extras, body, transpose_a, transpose_b):
        product = matmul.xla(lax, a, b, transpose_a=transpose_a, transpose_b=transpose_b)
        return tuple(lax.run(body, (product, *extras)))

    def reference(self, a, b, *extras, body, transpose_a, transpose_b):
        product = matmul.reference(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
        return tuple(run_reference(body, (product, *extras)))

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        a, b, bias = (rng.normal(size=shape).astype(np.float32) for shape in ((5, 3), (3, 7), (7,)))
        body = _chain_body()
        return [
            Sample(a, b, bias, body=body, transpose_a=False, transpose_b=False),
            Sample(a, b.T.copy(), bias, body=body, transpose_a=False, transpose_b=True),
            BadSample(GraphError, "a body that takes", a, b, body=body, transpose_a=False, transpose_b=False),
        ]


def _chain_body() -> Graph:
    """tanh(x + bias) of (5, 7) and (7,), for samples."""
    float32 = as_dtype("float32")
    body = Graph("chain")
    x, bias = body.add_input(Spec((5, 7), float32)), body.add_input(Spec((7,), float32))
    (shifted,) = body.add(REGISTRY["add"], (x, bias), {})
    body.outputs = list(body.add(REGISTRY["tanh"], (shifted,), {}))
    return body


def _softmax_body() -> Graph:
    """Softmax of the rows of (5, 7), and the sums of its columns, for samples."""
    body = Graph("softmax")
    x = body.add_input(Spec((5, 7), as_dtype("float32")))
    (top,) = body.add(REGISTRY["reduce_max"], (x,), {"axes": (1,)})
    (top,) = body.add(REGISTRY["reshape"], (top,), {"shape": (5, 1)})
    (shifted,) = body.add(REGISTRY["subtract"], (x, top), {})
    (powers,) = body.add(REGISTRY["exp"], (shifted,), {})
    (total,) = body.add(REGISTRY["reduce_sum"], (powers,), {"axes": (1,)})
    (total,) = body.add(REGISTRY["reshape"], (total,), {"shape": (5, 1)})
    (softmax,) = body.add(REGISTRY["divide"], (powers, total), {})
    (columns,) = body.add(REGISTRY["reduce_sum"], (softmax,), {"axes": (0,)})
    body.outputs = [softmax, columns]
    return body


fused_elementwise: Any = FusedElementwise()
fused_matmul: Any = FusedMatMul()
