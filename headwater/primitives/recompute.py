"""Rematerialization: results that are computed again for the gradient instead of kept."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ShapeError
from headwater.ir.cost import flops_of
from headwater.ir.derive import gradient_graph, trace_graph
from headwater.ir.graph import Graph
from headwater.ir.primitive import BadSample, Primitive, Sample
from headwater.ir.replay import replay, run_reference
from headwater.ir.spec import Spec, sizes_differ
from headwater.primitives.control import call
from headwater.primitives.elementwise import multiply, sin


class Barrier(Primitive):
    """Its inputs, each of them only when all are there.

    What is computed from a result is neither merged with what was computed from the input, nor computed before the
    other inputs are: so a pass can't undo it where something is computed again late, to save memory.
    Shapes: any -> the same.    Dtypes: any.    Source: own.
    """

    name = "barrier"
    multiple = True

    def infer(self, *xs: Spec) -> tuple[Spec, ...]:
        return xs

    def vjp(self, g, y, *xs):
        return tuple(each if x.spec.dtype.is_inexact else None for each, x in zip(g, xs))

    def cpu(self, kernels, *xs):
        return tuple(kernels.alias(x, x.spec.shape) for x in xs)

    def xla(self, lax, *xs):
        return tuple(lax.lax.optimization_barrier(xs))

    def reference(self, *xs):
        return xs

    def batch(self, size, mapped, *xs):
        return barrier(*xs), tuple(mapped)

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        return [
            Sample(rng.normal(size=(2, 3)), rng.normal(size=(4,))),
            Sample(rng.integers(0, 9, (2,)), rng.normal(size=3), differentiable=(1,)),
            Sample(np.zeros((0,), np.float32)),
        ]


class Recompute(Primitive):
    """A graph applied to inputs; its gradient computes the graph again from the inputs, so that nothing inside is kept.

    Shapes: as those of `body`.    Dtypes: as those of `body`.
    Errors: ShapeError if the inputs are not those it takes.
    Source: Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174.
    """

    name = "recompute"
    multiple = True

    def infer(self, *specs: Spec, body: Graph) -> tuple[Spec, ...]:
        wanted = [value.spec for value in body.inputs]
        fits = len(wanted) == len(specs) and all(
            a.dtype is b.dtype and a.ndim == b.ndim and not any(map(sizes_differ, a.shape, b.shape))
            for a, b in zip(wanted, specs)
        )
        if not fits:
            raise ShapeError(
                f"recompute: the graph takes ({', '.join(map(str, wanted))}) and is given "
                f"({', '.join(map(str, specs))}).",
                fix="give it the inputs that it was made for.",
            )
        return tuple(value.spec for value in body.outputs)

    def vjp(self, g, y, *args, body):
        wanted = tuple(index for index, arg in enumerate(args) if arg.spec.dtype.is_inexact)
        cotangents = [each for each, result in zip(g, y) if result.spec.dtype.is_inexact]
        found: list[Any] = [None] * len(args)
        if wanted and cotangents:
            late = barrier(*args, *cotangents)
            for index, cotangent in zip(wanted, call(*late, body=gradient_graph(body, wanted))):
                found[index] = cotangent
        return tuple(found)

    def flops(self, *specs: Spec, body: Graph) -> int:
        return flops_of(body)

    def cpu(self, kernels, *args, body):
        return kernels.decompose(lambda *inner: tuple(replay(body, inner)), *args)

    def xla(self, lax, *args, body):
        return tuple(lax.run(body, args))

    def reference(self, *args, body):
        return tuple(run_reference(body, args))

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        spec = Spec((3,), as_dtype("float64"))
        body = trace_graph("sample", [spec, spec], lambda x, w: (sin(multiply(x, w)), multiply(sin(x), w)))
        return [
            Sample(rng.normal(size=3), rng.normal(size=3), body=body),
            BadSample(ShapeError, "is given", rng.normal(size=3), body=body),
        ]


barrier: Any = Barrier()
recompute: Any = Recompute()
