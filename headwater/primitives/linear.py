"""The matrix product."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.dtypes import DType
from headwater.errors import DTypeError, ShapeError
from headwater.ir.primitive import BadSample, Primitive, Sample
from headwater.ir.spec import Spec, merge_sizes, sizes_differ
from headwater.primitives.elementwise import conjugate
from headwater.primitives.shape import broadcast_to


class MatMul(Primitive):
    """Matrix product, y[..., m, n] = sum over k of a[..., m, k] * b[..., k, n].

    Shapes: a (*batch, m, k), b (*batch, k, n) -> y (*batch, m, n); with `transpose_a` a is (*batch, k, m), with
    `transpose_b` b is
    (*batch, n, k). Dtypes: both the same number, y too; 16-bit floats add up in float32.
    Errors: ShapeError if the two k or the batches differ.    Source: Giles 2008, "Collected matrix derivative results",
    2.2.2.
    """

    name = "matmul"

    def infer(self, a: Spec, b: Spec, *, transpose_a: bool = False, transpose_b: bool = False) -> Spec:
        self.require_same_dtype(a, b)
        self.require_dtype(a, ("uint", "int", "float", "complex"))
        if a.ndim < 2 or a.ndim != b.ndim:
            raise ShapeError(
                f"matmul: {a.shape} @ {b.shape} are not two matrices or two batches of them.",
                fix="reshape both to (*batch, rows, columns).",
            )
        m, k = a.shape[:-3:-1] if transpose_a else a.shape[-2:]
        k2, n = b.shape[:-3:-1] if transpose_b else b.shape[-2:]
        if sizes_differ(k, k2):
            shown = f"{a.shape}{' transposed' * transpose_a} @ {b.shape}{' transposed' * transpose_b}"
            raise ShapeError(
                f"matmul: {shown} would contract an axis of {k} with an axis of {k2}.",
                fix="make the inner sizes equal, or transpose one of the two.",
            )
        if any(map(sizes_differ, a.shape[:-2], b.shape[:-2])):
            raise ShapeError(
                f"matmul: batches of {a.shape} and {b.shape} differ.", fix="broadcast both to one batch shape."
            )
        return a.with_shape((*map(merge_sizes, a.shape[:-2], b.shape[:-2]), m, n))

    def flops(self, a: Spec, b: Spec, *, transpose_a: bool = False, transpose_b: bool = False) -> int:
        return 2 * a.size * b.shape[-2 if transpose_b else -1]  # type: ignore[operator]

    def vjp(self, g, y, a, b, *, transpose_a=False, transpose_b=False):
        a, b = conjugate(a), conjugate(b)
        if transpose_a:
            by_a = matmul(b, g, transpose_a=transpose_b, transpose_b=True)
        else:
            by_a = matmul(g, b, transpose_a=False, transpose_b=not transpose_b)
        if transpose_b:
            by_b = matmul(g, a, transpose_a=True, transpose_b=transpose_a)
        else:
            by_b = matmul(a, g, transpose_a=not transpose_a, transpose_b=False)
        return by_a, by_b

    def cpu(self, kernels, a, b, **attrs):
        return kernels.emit("matmul", a, b, **self.native_attrs(**attrs))

    def native_attrs(self, transpose_a: bool = False, transpose_b: bool = False) -> dict[str, Any]:
        """The attributes of the native kernel."""
        return {"transpose_a": int(transpose_a), "transpose_b": int(transpose_b)}

    def has_epilogue(self, dtype: DType) -> bool:
        """Whether the native kernel can put an element-wise program behind the product."""
        return True

    def xla(self, lax, a, b, *, transpose_a=False, transpose_b=False):
        a = lax.numpy.swapaxes(a, -1, -2) if transpose_a else a
        b = lax.numpy.swapaxes(b, -1, -2) if transpose_b else b
        return lax.numpy.matmul(a, b, precision="highest")

    def reference(self, a, b, *, transpose_a=False, transpose_b=False):
        a = np.swapaxes(a, -1, -2) if transpose_a else a
        b = np.swapaxes(b, -1, -2) if transpose_b else b
        if a.dtype.itemsize == 2 and a.dtype.kind not in "iu":
            return np.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype)
        return np.matmul(a, b)

    def batch(self, size, mapped, a, b, *, transpose_a=False, transpose_b=False):
        a, b = (x if m else broadcast_to(x, shape=(size, *x.spec.shape)) for x, m in zip((a, b), mapped))
        return matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b), True

    def samples(self, rng: np.random.Generator) -> list[Sample]:
        found: list[Sample] = []
        for ta in (False, True):
            for tb in (False, True):
                a = rng.normal(size=(4, 3) if ta else (3, 4))
                b = rng.normal(size=(5, 4) if tb else (4, 5))
                found.append(Sample(a, b, transpose_a=ta, transpose_b=tb))
        found += [
            Sample(
                rng.normal(size=(17, 33)).astype(np.float32),
                rng.normal(size=(33, 9)).astype(np.float32),
                transpose_a=False,
                transpose_b=False,
            ),
            Sample(rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 3, 5, 6)), transpose_a=False, transpose_b=False),
            Sample(rng.normal(size=(2, 5, 4)), rng.normal(size=(2, 6, 5)), transpose_a=True, transpose_b=True),
            Sample(rng.normal(size=(3, 0)), rng.normal(size=(0, 2)), transpose_a=False, transpose_b=False),
            Sample(
                rng.integers(-5, 5, (3, 4), np.int32),
                rng.integers(-5, 5, (4, 2), np.int32),
                transpose_a=False,
                transpose_b=False,
            ),
            Sample(
                *(rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)) for _ in range(2)),
                transpose_a=False,
                transpose_b=True,
            ),
            BadSample(
                ShapeError,
                "would contract an axis of 4 with an axis of 5",
                np.ones((3, 4)),
                np.ones((5, 2)),
                transpose_a=False,
                transpose_b=False,
            ),
            BadSample(
                ShapeError, "batches", np.ones((2, 3, 4)), np.ones((3, 4, 2)), transpose_a=False, transpose_b=False
            ),
            BadSample(ShapeError, "two matrices", np.ones(4), np.ones((4, 2)), transpose_a=False, transpose_b=False),
            BadSample(
                DTypeError, "differ", np.ones((2, 2)), np.ones((2, 2), np.float32), transpose_a=False, transpose_b=False
            ),
        ]
        return found


matmul: Any = MatMul()
