"""Fused: a primitive that is a composition of others, and has kernels of its own where these pay."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from headwater.dtypes import as_dtype
from headwater.ir.cost import flops_of
from headwater.ir.derive import gradient_graph, trace_graph
from headwater.ir.graph import Graph
from headwater.ir.primitive import Primitive
from headwater.ir.replay import replay, run_reference
from headwater.ir.spec import Spec


class Fused(Primitive, family=True):
    """Base of the primitives that `decompose` into others.

    A subclass gives `decompose` and `samples`, and each other rule where a better one is known: a native kernel in
    `cpu`, clearer errors in `infer`, a gradient with a kernel of its own in `vjp`. What it does not give follows from
    the decomposition. The table of tests compares the rules with one another.
    """

    needs = ("decompose",)

    decompose: Callable[..., Any]

    def infer(self, *specs: Spec, **attrs: Any) -> Any:
        results = tuple(value.spec for value in self.decomposition(specs, attrs).outputs)
        return results if self.multiple else results[0]

    def vjp(self, g: Any, y: Any, *args: Any, **attrs: Any) -> tuple[Any, ...]:
        graph = self.decomposition([array.spec for array in args], attrs)
        wanted = tuple(index for index, array in enumerate(args) if array.spec.dtype.is_inexact)
        given = zip(g if self.multiple else (g,), graph.outputs)
        cotangents = [cotangent for cotangent, value in given if value.spec.dtype.is_inexact]
        found = dict(zip(wanted, replay(gradient_graph(graph, wanted), [*args, *cotangents])))
        return tuple(found.get(index) for index in range(len(args)))

    def flops(self, *specs: Spec, **attrs: Any) -> int:
        return flops_of(self.decomposition(specs, attrs))

    def cpu(self, kernels: Any, *args: Any, **attrs: Any) -> Any:
        return kernels.decompose(functools.partial(self.decompose, **attrs), *args)

    def xla(self, lax: Any, *args: Any, **attrs: Any) -> Any:
        specs = [Spec(tuple(array.shape), as_dtype(str(array.dtype))) for array in args]
        return self._result(lax.run(self.decomposition(specs, attrs), args))

    def reference(self, *args: Any, **attrs: Any) -> Any:
        specs = [Spec(array.shape, as_dtype(array.dtype)) for array in args]
        return self._result(run_reference(self.decomposition(specs, attrs), args))

    def decomposition(self, specs: Sequence[Spec], attrs: dict[str, Any]) -> Graph:
        """The graph of `decompose` for inputs of these specs."""
        return _decomposition(self, tuple(specs), tuple(sorted(attrs.items())))

    def _result(self, outputs: Sequence[Any]) -> Any:
        return tuple(outputs) if self.multiple else outputs[0]


@functools.lru_cache(maxsize=4096)
def _decomposition(primitive: Fused, specs: tuple[Spec, ...], attrs: tuple[tuple[str, Any], ...]) -> Graph:
    def function(*arrays: Any) -> Sequence[Any]:
        results = primitive.decompose(*arrays, **dict(attrs))
        return results if primitive.multiple else (results,)

    return trace_graph(primitive.name, specs, function)
