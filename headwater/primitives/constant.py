"""Constants: values known when the graph is made."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from headwater.dtypes import DType
from headwater.ir import dispatch
from headwater.ir.graph import Literal
from headwater.ir.primitive import Primitive, Sample
from headwater.ir.spec import Spec


class Constant(Primitive):
    """An array known when the graph is made.

    Shapes: () -> those of `value`.    Dtypes: any.    Source: own.
    """

    name = "constant"

    def infer(self, *, value: Literal) -> Spec:
        return value.spec

    def vjp(self, g: Any, y: Any, *, value: Literal) -> tuple[()]:
        return ()

    def cpu(self, kernels: Any, *, value: Literal) -> Any:
        return kernels.constant(value.array)

    def xla(self, lax: Any, *, value: Literal) -> Any:
        return lax.numpy.asarray(value.array)

    def reference(self, *, value: Literal) -> np.ndarray:
        return value.array

    def batch(self, size: int, mapped: tuple[bool, ...], *, value: Literal) -> Any:
        return self(value=value), False

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        return [
            Sample(value=Literal(rng.normal(size=(2, 3)))),
            Sample(value=Literal(np.int32(3).reshape(()))),
            Sample(value=Literal(np.zeros((0, 4), np.float32))),
        ]


constant = Constant()


@functools.lru_cache(maxsize=4096)
def _scalar(value: Any, sign: float, kind: type, dtype: DType, executor: Any) -> Any:
    if dtype.kind == "string":  # their zero is the empty one
        value = b"" if value == 0 else value  # type: ignore[assignment]
    return dispatch.array_from_numpy(np.asarray(value, dtype.numpy))


def scalar(value: complex, dtype: DType) -> Any:
    """A constant of no axes."""
    # 0.0 and -0.0 are equal as keys and different numbers.
    sign = math.copysign(1.0, value) if value == 0 and isinstance(value, (float, int)) else 1.0
    return _scalar(value, sign, type(value), dtype, dispatch.executor())
