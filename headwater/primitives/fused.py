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
from headwater.primitives.conv import convolution, convolution_input_gradient
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


class FusedProduct(Primitive, family=True):
    """Base: a product of two arrays whose elements go through a region of element-wise nodes before they are written.

    A member names the primitive that makes the product, and whether its kernel can finish it with several results.
    """

    multiple = True
    vjp = absent("it is made after differentiation")
    product: Any
    several_results = False
    needs = ("product",)

    def infer(self, a: Spec, b: Spec, *extras: Spec, body: Graph, **attrs: Any) -> tuple[Spec, ...]:
        _require_inputs(self, body, (self.product.infer(a, b, **attrs), *extras))
        return tuple(value.spec for value in body.outputs)

    def flops(self, a: Spec, b: Spec, *extras: Spec, body: Graph, **attrs: Any) -> int:
        return self.product.flops(a, b, **attrs) + flops_of(body)

    def cpu(self, kernels: Any, a: Any, b: Any, *extras: Any, body: Graph, **attrs: Any) -> Any:
        if not self.product.has_epilogue(a.spec.dtype):
            return kernels.decompose(
                lambda a, b, *extras: fused_elementwise(
                    self.product(a, b, **attrs), *extras, body=body, shape=body.inputs[0].spec.shape
                ),
                a, b, *extras,
            )  # fmt: skip
        native = self.product.native_attrs(**attrs)
        return kernels.fused_product(self.product.name, body, a, b, extras, **native)

    def xla(self, lax: Any, a: Any, b: Any, *extras: Any, body: Graph, **attrs: Any) -> Any:
        return tuple(lax.run(body, (self.product.xla(lax, a, b, **attrs), *extras)))

    def reference(self, a: Any, b: Any, *extras: Any, body: Graph, **attrs: Any) -> Any:
        return tuple(run_reference(body, (self.product.reference(a, b, **attrs), *extras)))


class FusedMatMul(FusedProduct):
    """A matrix product whose elements go through a region of element-wise nodes before they are written.

    Shapes: a, b as matmul; the body's first input is the product, the others follow.    Dtypes: those of the body.
    Errors: GraphError if the inputs are not those of the body.    Source: own.
    """

    name = "fused_matmul"
    product = matmul
    several_results = True

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        a, b, bias = (rng.normal(size=shape).astype(np.float32) for shape in ((5, 3), (3, 7), (7,)))
        body = _chain_body()
        return [
            Sample(a, b, bias, body=body, transpose_a=False, transpose_b=False),
            Sample(a, b.T.copy(), bias, body=body, transpose_a=False, transpose_b=True),
            *[_descent_sample(rng, *sizes) for sizes in ((6, 5, 7), (300, 40, 260), (70, 300, 2500), (200, 600, 400))],
            BadSample(GraphError, "a body that takes", a, b, body=body, transpose_a=False, transpose_b=False),
        ]


class FusedConvolution(FusedProduct):
    """A convolution whose elements go through a region of element-wise nodes before they are written.

    Shapes: x, kernel as convolution; the body's first input is its result, the others follow.    Dtypes: those of the
    body.    Errors: GraphError if the inputs are not those of the body.    Source: own.
    """

    name = "fused_convolution"
    product = convolution

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        found = [
            Sample(*_images(rng, (2, 8, 9, 3), dtype), body=_chain_body((2, 6, 7, 5), dtype), **_WINDOWS)
            for dtype in ("float32", "float64", "bfloat16")
        ]
        large = Sample(*_images(rng, (5, 34, 34, 3), "float32"), body=_chain_body((5, 32, 32, 5)), **_WINDOWS)
        x, kernel, _ = _images(rng, (2, 8, 9, 3), "float32")
        bad = BadSample(GraphError, "a body that takes", x, kernel, body=_chain_body((2, 6, 7, 5)), **_WINDOWS)
        return [*found, large, bad]


class FusedConvolutionInputGradient(FusedProduct):
    """The gradient of a convolution by its input, or a transposed convolution, whose elements go through a region of
    element-wise nodes before they are written.

    Shapes: g, kernel as convolution_input_gradient; the body's first input is its result, the others follow.
    Dtypes: those of the body.    Errors: GraphError if the inputs are not those of the body.    Source: own.
    """

    name = "fused_convolution_input_gradient"
    product = convolution_input_gradient

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        g, bias = rng.normal(size=(2, 6, 7, 4)), rng.normal(size=(5,))
        kernel = rng.normal(size=(3, 3, 5, 4))
        strided = {**_WINDOWS, "strides": (2, 2)}
        small = [array.astype(np.float32) for array in (g, kernel, bias)]
        body, twice = _chain_body((2, 8, 9, 5)), _chain_body((2, 13, 15, 5))
        large = _chain_body((2, 80, 80, 5))
        wide = rng.normal(size=(2, 39, 39, 4)).astype(np.float32)
        return [
            Sample(*small, body=body, sizes=(8, 9), **_WINDOWS),
            Sample(*small, body=twice, sizes=(13, 15), **strided),
            Sample(wide, *small[1:], body=large, sizes=(80, 80), **strided),
            BadSample(GraphError, "a body that takes", *small[:2], body=body, sizes=(8, 9), **_WINDOWS),
        ]


_WINDOWS: Any = {"strides": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}


def _images(rng: np.random.Generator, shape: Shape, dtype: str) -> list[np.ndarray]:
    """Images, a kernel of windows of 3 x 3 for them, and a bias, for samples."""
    shapes = (shape, (3, 3, shape[-1], 5), (5,))
    return [rng.normal(size=each).astype(as_dtype(dtype).numpy) for each in shapes]


def _chain_body(shape: Shape = (5, 7), dtype: str = "float32") -> Graph:
    """tanh(x + bias) of arrays of `shape` and of its last axis, for samples."""
    body = Graph("chain")
    x, bias = (body.add_input(Spec(each, as_dtype(dtype))) for each in (shape, shape[-1:]))
    (shifted,) = body.add(REGISTRY["add"], (x, bias), {})
    body.outputs = list(body.add(REGISTRY["tanh"], (shifted,), {}))
    return body


def _descent_sample(rng: np.random.Generator, m: int, k: int, n: int) -> Sample:
    """A step of descent with momentum along the product of (m, k) and (k, n): a body of two results."""
    a, b, momentum, variable = (rng.normal(size=shape).astype(np.float32) for shape in ((k, m), (k, n), (m, n), (m, n)))
    body = Graph("descent")
    gradient, old, value = (body.add_input(Spec((m, n), as_dtype("float32"))) for _ in range(3))
    (moved,) = body.add(REGISTRY["subtract"], (old, gradient), {})
    body.outputs = [moved, *body.add(REGISTRY["add"], (value, moved), {})]
    return Sample(a, b, momentum, variable, body=body, transpose_a=True, transpose_b=False)


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
fused_convolution: Any = FusedConvolution()
fused_convolution_input_gradient: Any = FusedConvolutionInputGradient()

FUSED_PRODUCTS = {
    fused.product.name: fused for fused in (fused_matmul, fused_convolution, fused_convolution_input_gradient)
}
