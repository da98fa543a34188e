"""Decompositions and solvers of batches of matrices, on the host by NumPy's LAPACK.

Gradients of complex functions follow TensorFlow: a cotangent g of y says that the loss changes by Re(sum of conj(g)
dy).
Sources of the gradients: Giles 2008, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (solve, inverse, determinant, cholesky, eigh); Walter and Lehmann 2010, "Algorithmic differentiation
of linear algebra functions with application in optimum experimental design" (qr, lu); Townsend 2016, "Differentiating
the singular value decomposition", with Wan and Zhang 2019, arXiv:1909.02659, for complex matrices; Boeddeker et al.
2017, arXiv:1701.00392 (eig).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, RangeError, ShapeError, UnsupportedError
from headwater.ir.primitive import BadSample, Primitive, Sample
from headwater.ir.spec import Spec, merge_sizes, sizes_differ
from headwater.primitives.constant import scalar
from headwater.primitives.elementwise import (
    add,
    cast,
    conj,
    conjugate,
    divide,
    equal,
    greater,
    greater_equal,
    imag,
    multiply,
    negative,
    real,
    select,
    subtract,
    to_complex,
)  # fmt: skip
from headwater.primitives.index import take_along_axis
from headwater.primitives.linear import matmul
from headwater.primitives.shape import broadcast_to, concatenate, iota, reshape, slice_, transpose

INT32 = as_dtype("int32")


# Matrix algebra in primitives


def swapped(x: Any) -> Any:
    """Each matrix transposed."""
    ndim = x.spec.ndim
    return transpose(x, perm=(*range(ndim - 2), ndim - 1, ndim - 2))


def adjoint(x: Any) -> Any:
    """Each matrix transposed and conjugated."""
    return conjugate(swapped(x))


def _mul(*matrices: Any) -> Any:
    product = matrices[0]
    for matrix in matrices[1:]:
        product = matmul(product, matrix)
    return product


def _counts(x: Any, axis: int) -> Any:
    """Row (axis -2) or column (-1) numbers, of the shape of one matrix."""
    return iota(shape=x.spec.shape[-2:], axis=axis + 2, dtype=INT32)


def _zero(x: Any) -> Any:
    return scalar(0, x.spec.dtype)


def tril(x: Any, strict: bool = False) -> Any:
    """Each matrix with 0 above the diagonal, and on it if `strict`."""
    keep = greater if strict else greater_equal
    return select(keep(_counts(x, -2), _counts(x, -1)), x, _zero(x))


def triu(x: Any) -> Any:
    """Each matrix with 0 below the diagonal."""
    return select(greater_equal(_counts(x, -1), _counts(x, -2)), x, _zero(x))


def _on_diagonal(x: Any) -> Any:
    """True on the diagonal, of the shape of one matrix."""
    return equal(_counts(x, -2), _counts(x, -1))


def diagonal_part(x: Any) -> Any:
    """Each matrix with 0 outside of the diagonal."""
    return select(_on_diagonal(x), x, _zero(x))


def _columns(vectors: Any) -> Any:
    """(*batch, n) as (*batch, 1, n): scales or names the columns of a matrix."""
    return reshape(vectors, shape=(*vectors.spec.shape[:-1], 1, vectors.spec.shape[-1]))


def _rows(vectors: Any) -> Any:
    """(*batch, n) as (*batch, n, 1)."""
    return reshape(vectors, shape=(*vectors.spec.shape, 1))


def _matrix_of(vectors: Any) -> Any:
    """Diagonal matrices with these diagonals."""
    n = vectors.spec.shape[-1]
    spread = broadcast_to(_columns(vectors), shape=(*vectors.spec.shape, n))
    return diagonal_part(spread)


def _half(x: Any) -> Any:
    return multiply(x, scalar(0.5, x.spec.dtype))


def _hermitian(x: Any) -> Any:
    return _half(add(x, adjoint(x)))


def _like(x: Any, y: Any) -> Any:
    """A real array in the dtype of y."""
    return x if x.spec.dtype is y.spec.dtype else cast(x, dtype=y.spec.dtype)


def _real_diagonal(x: Any) -> Any:
    """The diagonal part with imaginary parts dropped."""
    kept = diagonal_part(x)
    return cast(real(kept), dtype=x.spec.dtype) if x.spec.dtype.is_complex else kept


def _cut(x: Any, axis: int, start: int, limit: int) -> Any:
    """Rows or columns start .. limit - 1."""
    axis += x.spec.ndim
    starts = tuple(start if i == axis else 0 for i in range(x.spec.ndim))
    limits = tuple(limit if i == axis else n for i, n in enumerate(x.spec.shape))
    return slice_(x, starts=starts, limits=limits, strides=(1,) * x.spec.ndim)


def _pairwise(a: Any, b: Any) -> Any:
    """1 / (b_j - a_i), and 0 where that difference is 0 (equal eigenvalues, the diagonal)."""
    difference = subtract(_columns(b), _rows(a))
    zero = equal(difference, _zero(difference))
    return select(
        zero, _zero(difference), divide(scalar(1, a.spec.dtype), select(zero, scalar(1, a.spec.dtype), difference))
    )


# NumPy


def _random(rng: np.random.Generator, *shape: int, dtype: str = "float64") -> np.ndarray:
    values = rng.normal(size=shape)
    return (values + 1j * rng.normal(size=shape) if dtype.startswith("complex") else values).astype(dtype)


def _regular(rng: np.random.Generator, *shape: int, dtype: str = "float64") -> np.ndarray:
    """Matrices far from singular."""
    return (_random(rng, *shape, dtype=dtype) + 3 * np.eye(shape[-2], shape[-1])).astype(dtype)


def _positive(rng: np.random.Generator, *shape: int, dtype: str = "float64") -> np.ndarray:
    x = _random(rng, *shape, dtype=dtype)
    return (x @ x.swapaxes(-1, -2).conj() + np.eye(shape[-1])).astype(dtype)


def _symmetric_direction(direction: np.ndarray) -> np.ndarray:
    return (direction + direction.swapaxes(-1, -2).conj()) / 2


def _symmetric(*args: Any, **attrs: Any) -> Sample:
    """A sample of a primitive that reads one triangle: its gradient is that along Hermitian directions."""
    return Sample(*args, project=_symmetric_direction, **attrs)


class _OfMatrices(Primitive, family=True):
    """Family: batches of float or complex matrices of 32 bits or more a part."""

    def require_matrices(self, *specs: Spec) -> None:
        """Raise unless all are batches of matrices of one dtype that LAPACK knows."""
        self.require_same_dtype(*specs)
        for spec in specs:
            self.require_dtype(spec, ("float", "complex"))
            if spec.dtype.size < 4:
                raise DTypeError(f"{self.name}: its input has dtype {spec.dtype.name}.", fix="cast it to float32.")
            self.require_rank(spec, 2)

    def require_square(self, spec: Spec) -> None:
        """Raise unless rows and columns are as many."""
        if sizes_differ(*spec.shape[-2:]):
            raise ShapeError(
                f"{self.name}: matrices of shape {spec.shape} are not square.", fix="give as many rows as columns."
            )

    def square_or_bad(self) -> list[Sample]:
        """What every primitive of square matrices refuses."""
        return [
            BadSample(ShapeError, "not square", np.ones((2, 3))),
            BadSample(ShapeError, "at least 2", np.ones(3)),
            BadSample(DTypeError, "has dtype float16", np.ones((2, 2), np.float16)),
            BadSample(DTypeError, "has dtype int32", np.ones((2, 2), np.int32)),
        ]


class _OfSquares(_OfMatrices, family=True):
    """Family: a matrix from each square matrix."""

    def infer(self, x: Spec) -> Spec:
        self.require_matrices(x)
        self.require_square(x)
        n = merge_sizes(*x.shape[-2:])
        return x.with_shape((*x.shape[:-2], n, n))

    def cpu(self, kernels, x):
        return kernels.host(self.reference, x)

    def batch(self, size, mapped, x):
        return self(x), True


def _factored(problem: str, compute: Callable[..., Any], *matrices: np.ndarray, **options: Any) -> Any:
    """What LAPACK computes; where it can't, an error that says so in our form."""
    try:
        return compute(*matrices, **options)
    except np.linalg.LinAlgError:
        shapes = ", ".join(str(matrix.shape) for matrix in matrices)
        raise RangeError(
            f"{problem}; shapes {shapes}.",
            fix="look for NaN, or for rows that depend on one another; adding a small multiple of the identity helps.",
        ) from None


def _cast_result(result: np.ndarray, x: np.ndarray) -> np.ndarray:
    return result.astype(x.dtype, copy=False)


class Cholesky(_OfSquares):
    """The lower triangular L with L L^H = x and a positive diagonal. Only the lower triangle of x is read.

    Shapes: x (*batch, n, n) -> the same.    Dtypes: float32, float64, complex.
    Errors: ShapeError if the matrices are not square; at run time an error if one is not positive definite (XLA gives
    NaN).
    Source: Giles 2008, 2.2 and Murray 2016, arXiv:1602.07527, for the gradient, which is Hermitian.
    """

    name = "cholesky"

    def vjp(self, g, y, x):
        inner = tril(matmul(adjoint(y), g))
        inner = subtract(inner, _half(diagonal_part(inner)))
        left = triangular_solve(y, inner, lower=True, adjoint=True)
        both = adjoint(triangular_solve(y, adjoint(left), lower=True, adjoint=True))
        return (_hermitian(both),)

    def xla(self, lax, x):
        return lax.numpy.linalg.cholesky(x, symmetrize_input=False)

    def reference(self, x):
        return _cast_result(_factored("cholesky: a matrix is not positive definite", np.linalg.cholesky, x), x)

    def samples(self, rng):
        return [
            _symmetric(_positive(rng, 4, 4)),
            _symmetric(_positive(rng, 2, 3, 3)),
            _symmetric(_positive(rng, 3, 3, dtype="complex128")),
            _symmetric(_positive(rng, 5, 5, dtype="float32")),
            *self.square_or_bad(),
        ]


class Inverse(_OfSquares):
    """The inverse of each matrix.

    Shapes: x (*batch, n, n) -> the same.    Dtypes: float32, float64, complex.
    Errors: ShapeError if the matrices are not square; at run time an error if one is singular (XLA gives infinities).
    Source: Giles 2008, 2.2.3.
    """

    name = "inverse"

    def vjp(self, g, y, x):
        other = adjoint(y)
        return (negative(_mul(other, g, other)),)

    def xla(self, lax, x):
        return lax.numpy.linalg.inv(x)

    def reference(self, x):
        return _cast_result(_factored("inverse: a matrix is singular", np.linalg.inv, x), x)

    def samples(self, rng):
        return [
            Sample(_regular(rng, 4, 4)),
            Sample(_regular(rng, 2, 3, 3)),
            Sample(_regular(rng, 3, 3, dtype="complex128")),
            Sample(_regular(rng, 5, 5, dtype="float32")),
            *self.square_or_bad(),
        ]


class Determinant(_OfMatrices):
    """The determinant of each matrix.

    Shapes: x (*batch, n, n) -> (*batch,).    Dtypes: float32, float64, complex.
    Errors: ShapeError if the matrices are not square.
    Source: Giles 2008, 2.2.4; the gradient needs an invertible matrix.
    """

    name = "determinant"

    def infer(self, x: Spec) -> Spec:
        self.require_matrices(x)
        self.require_square(x)
        return x.with_shape(x.shape[:-2])

    def vjp(self, g, y, x):
        scale = multiply(g, conjugate(y))
        return (multiply(_rows(reshape(scale, shape=(*scale.spec.shape, 1))), adjoint(inverse(x))),)

    def cpu(self, kernels, x):
        return kernels.host(self.reference, x)

    def xla(self, lax, x):
        return lax.numpy.linalg.det(x)

    def reference(self, x):
        return np.asarray(np.linalg.det(x)).astype(x.dtype, copy=False)

    def batch(self, size, mapped, x):
        return determinant(x), True

    def samples(self, rng):
        return [
            Sample(_regular(rng, 4, 4)),
            Sample(_regular(rng, 2, 3, 3)),
            Sample(_regular(rng, 3, 3, dtype="complex128")),
            Sample(_regular(rng, 3, 3, dtype="float32")),
            *self.square_or_bad(),
        ]


class SlogDet(_OfMatrices):
    """Sign (a number of magnitude 1, or 0) and logarithm of the magnitude of the determinant of each matrix.

    Shapes: x (*batch, n, n) -> sign (*batch,), logarithm (*batch,).    Dtypes: sign as x, logarithm its real dtype.
    Errors: ShapeError if the matrices are not square.    Source: Giles 2008, 2.2.4.
    """

    name = "slogdet"
    multiple = True

    def infer(self, x: Spec) -> tuple[Spec, Spec]:
        self.require_matrices(x)
        self.require_square(x)
        return x.with_shape(x.shape[:-2]), Spec(x.shape[:-2], x.dtype.real_dtype)

    def vjp(self, g, y, x):
        # d log|det| = Re(t) and d sign = i sign Im(t), where t is the trace of inverse(x) dx.
        scale = g[1]
        if x.spec.dtype.is_complex:
            turn = imag(multiply(g[0], conj(y[0])))
            scale = to_complex(scale, turn)
        return (multiply(_rows(reshape(scale, shape=(*scale.spec.shape, 1))), adjoint(inverse(x))),)

    def cpu(self, kernels, x):
        return kernels.host(self.reference, x)

    def xla(self, lax, x):
        return tuple(lax.numpy.linalg.slogdet(x))

    def reference(self, x):
        sign, logarithm = np.linalg.slogdet(x)
        part = as_dtype(x.dtype).real_dtype.numpy
        return np.asarray(sign).astype(x.dtype, copy=False), np.asarray(logarithm).astype(part, copy=False)

    def batch(self, size, mapped, x):
        return slogdet(x), (True, True)

    def samples(self, rng):
        return [
            Sample(_regular(rng, 4, 4)),
            Sample(-_regular(rng, 2, 3, 3)),
            Sample(_regular(rng, 3, 3, dtype="complex128")),
            Sample(_regular(rng, 3, 3, dtype="float32")),
            *self.square_or_bad(),
        ]


class _Solver(_OfMatrices, family=True):
    """Family: y with a y = b."""

    def require_system(self, a: Spec, b: Spec) -> Spec:
        """The spec of the solution."""
        self.require_matrices(a, b)
        self.require_square(a)
        if a.ndim != b.ndim or any(map(sizes_differ, a.shape[:-1], b.shape[:-1])):
            raise ShapeError(
                f"{self.name}: matrices of shape {a.shape} with right sides of shape {b.shape}.",
                fix="let both have the same batch and the same number of rows.",
            )
        return b.with_shape((*map(merge_sizes, a.shape[:-1], b.shape[:-1]), b.shape[-1]))

    def bad_samples(self, **attrs: Any) -> list[Sample]:
        """What every solver refuses."""
        return [
            BadSample(ShapeError, "not square", np.ones((2, 3)), np.ones((2, 1)), **attrs),
            BadSample(ShapeError, "right sides", np.ones((2, 2)), np.ones((3, 1)), **attrs),
            BadSample(ShapeError, "right sides", np.ones((4, 2, 2)), np.ones((2, 1)), **attrs),
            BadSample(DTypeError, "differ", np.ones((2, 2)), np.ones((2, 1), np.float32), **attrs),
        ]


class TriangularSolve(_Solver):
    """y with op(a) y = b, op(a) being one triangle of a, or its adjoint; the other triangle is not read.

    Shapes: a (*batch, n, n), b (*batch, n, m) -> y (*batch, n, m).    Dtypes: float32, float64, complex, all the same.
    Errors: ShapeError if they do not fit.    Source: Giles 2008, 2.3.1.
    """

    name = "triangular_solve"

    def infer(self, a: Spec, b: Spec, *, lower: bool, adjoint: bool = False) -> Spec:
        return self.require_system(a, b)

    def vjp(self, g, y, a, b, *, lower, adjoint=False):
        by_b = triangular_solve(a, g, lower=lower, adjoint=not adjoint)
        outer = _mul(y, _adjoint(by_b)) if adjoint else _mul(by_b, _adjoint(y))
        return negative(tril(outer) if lower else triu(outer)), by_b

    def cpu(self, kernels, a, b, *, lower, adjoint=False):
        solver = _SOLVERS[lower, adjoint]
        return kernels.host(solver, a, b)

    def xla(self, lax, a, b, *, lower, adjoint=False):
        return lax.lax.linalg.triangular_solve(
            a, b, left_side=True, lower=lower, transpose_a=adjoint, conjugate_a=adjoint
        )

    def reference(self, a, b, *, lower, adjoint=False):
        return _SOLVERS[lower, adjoint](a, b)

    def batch(self, size, mapped, a, b, *, lower, adjoint=False):
        a, b = _spread_batch(size, mapped, a, b)
        return triangular_solve(a, b, lower=lower, adjoint=adjoint), True

    def samples(self, rng):
        found: list[Sample] = []
        for lower in (True, False):
            for flag in (False, True):
                found.append(Sample(_regular(rng, 4, 4), _random(rng, 4, 2), lower=lower, adjoint=flag))
        complexes = (_regular(rng, 3, 3, dtype="complex128"), _random(rng, 3, 2, dtype="complex128"))
        singles = (_regular(rng, 5, 5, dtype="float32"), _random(rng, 5, 1, dtype="float32"))
        return [
            *found,
            Sample(_regular(rng, 2, 3, 3), _random(rng, 2, 3, 1), lower=True, adjoint=False),
            Sample(*complexes, lower=False, adjoint=True),
            Sample(*singles, lower=True, adjoint=False),
            *self.bad_samples(lower=True, adjoint=False),
        ]


_adjoint = adjoint  # the attribute of triangular_solve has that name too


def _substitute(a: np.ndarray, b: np.ndarray, lower: bool) -> np.ndarray:
    """Forward or backward substitution, a row at a time, over the whole batch."""
    y = b.copy()
    n = a.shape[-1]
    for i in range(n) if lower else reversed(range(n)):
        known = slice(0, i) if lower else slice(i + 1, n)
        done = np.matmul(a[..., i : i + 1, known], y[..., known, :])[..., 0, :]
        y[..., i, :] = (y[..., i, :] - done) / a[..., i, i, None]
    return y


def _solver(lower: bool, flag: bool) -> Any:
    def solve_triangles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return _substitute(a.swapaxes(-1, -2).conj() if flag else a, b, lower != flag)

    return solve_triangles


_SOLVERS = {(lower, flag): _solver(lower, flag) for lower in (False, True) for flag in (False, True)}


def _spread_batch(size: int, mapped: tuple[bool, ...], *arrays: Any) -> list[Any]:
    return [x if m else broadcast_to(x, shape=(size, *x.spec.shape)) for x, m in zip(arrays, mapped)]


class Solve(_Solver):
    """y with a y = b, by LU decomposition.

    Shapes: a (*batch, n, n), b (*batch, n, m) -> y (*batch, n, m).    Dtypes: float32, float64, complex, all the same.
    Errors: ShapeError if they do not fit; at run time an error if a matrix is singular (XLA gives infinities).
    Source: Giles 2008, 2.3.1.
    """

    name = "solve"

    def infer(self, a: Spec, b: Spec) -> Spec:
        return self.require_system(a, b)

    def vjp(self, g, y, a, b):
        by_b = solve(adjoint(a), g)
        return negative(matmul(by_b, adjoint(y))), by_b

    def cpu(self, kernels, a, b):
        return kernels.host(self.reference, a, b)

    def xla(self, lax, a, b):
        return lax.numpy.linalg.solve(a, b)

    def reference(self, a, b):
        return _cast_result(_factored("solve: a matrix is singular", np.linalg.solve, a, b), b)

    def batch(self, size, mapped, a, b):
        return solve(*_spread_batch(size, mapped, a, b)), True

    def samples(self, rng):
        return [
            Sample(_regular(rng, 4, 4), _random(rng, 4, 2)),
            Sample(_regular(rng, 2, 3, 3), _random(rng, 2, 3, 1)),
            Sample(_regular(rng, 3, 3, dtype="complex128"), _random(rng, 3, 2, dtype="complex128")),
            Sample(_regular(rng, 5, 5, dtype="float32"), _random(rng, 5, 1, dtype="float32")),
            *self.bad_samples(),
        ]


class QR(_OfMatrices):
    """Q with orthonormal columns and R upper triangular, Q R = x, by Householder reflections.

    Shapes: x (*batch, m, n); with k = min(m, n): "reduced" Q (*batch, m, k), R (*batch, k, n); "complete" Q (*batch,
    m, m), R (*batch, m, n).    Dtypes: float32, float64, complex.    Errors: ArgumentError for another mode.
    Source: Walter and Lehmann 2010; Roberts and Roberts 2020, arXiv:2009.10071, for wide matrices. The columns beyond
    n of a complete Q are free to turn; their gradient is that of functions which do not depend on such a turn.
    """

    name = "qr"
    multiple = True

    def infer(self, x: Spec, *, mode: str = "reduced") -> tuple[Spec, Spec]:
        self.require_matrices(x)
        if mode not in ("reduced", "complete"):
            raise ArgumentError(f"qr: mode {mode!r} is not known.", fix="use 'reduced' or 'complete'.")
        m, n = x.shape[-2:]
        k = m if mode == "complete" else None if None in (m, n) else min(m, n)
        return x.with_shape((*x.shape[:-2], m, k)), x.with_shape((*x.shape[:-2], k, n))

    def vjp(self, g, y, x, *, mode="reduced"):
        (gq, gr), (q, r) = g, y
        m, n = x.spec.shape[-2:]
        if m > n and mode == "complete":
            inside, outside = _cut(q, -1, 0, n), _cut(q, -1, n, m)
            outer = matmul(adjoint(_cut(gq, -1, n, m)), inside)
            gq = subtract(_cut(gq, -1, 0, n), matmul(outside, outer))
            return (_qr_gradient(gq, _cut(gr, -2, 0, n), inside, _cut(r, -2, 0, n)),)
        if m >= n:
            return (_qr_gradient(gq, gr, q, r),)
        left, right = _cut(gr, -1, 0, m), _cut(gr, -1, m, n)
        gq = add(gq, matmul(_cut(x, -1, m, n), adjoint(right)))
        by_left = _qr_gradient(gq, left, q, _cut(r, -1, 0, m))
        return (concatenate(by_left, matmul(q, right), axis=x.spec.ndim - 1),)

    def cpu(self, kernels, x, *, mode="reduced"):
        return kernels.host(_qr_complete if mode == "complete" else _qr_reduced, x)

    def xla(self, lax, x, *, mode="reduced"):
        return tuple(lax.numpy.linalg.qr(x, mode=mode))

    def reference(self, x, *, mode="reduced"):
        return (_qr_complete if mode == "complete" else _qr_reduced)(x)

    def batch(self, size, mapped, x, *, mode="reduced"):
        return qr(x, mode=mode), (True, True)

    def invariants(self, results, x, *, mode="reduced"):
        """What the free signs of columns do not touch: both factors with the diagonal of R made positive."""
        q, r = results
        k = min(x.shape[-2:])
        diagonal = np.diagonal(r, axis1=-2, axis2=-1)[..., :k]
        phase = diagonal / np.abs(diagonal)
        return q[..., :k] * phase[..., None, :], r[..., :k, :] * phase.conj()[..., :, None], np.matmul(q, r)

    def samples(self, rng):
        return [
            Sample(_regular(rng, 3, 3), mode="reduced"),
            Sample(_random(rng, 5, 3), mode="reduced"),
            Sample(_random(rng, 4, 3), mode="complete"),
            Sample(
                _random(rng, 2, 5, 2), mode="complete", differentiable=()
            ),  # two free columns: any turn of them will do
            Sample(_random(rng, 2, 3, 5), mode="reduced"),
            Sample(_random(rng, 4, 3, dtype="complex128"), mode="reduced"),
            Sample(_random(rng, 4, 3, dtype="float32"), mode="reduced"),
            BadSample(ArgumentError, "mode 'r'", np.ones((2, 2)), mode="r"),
            BadSample(ShapeError, "at least 2", np.ones(3), mode="reduced"),
        ]


def _qr_reduced(x: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(_cast_result(part, x) for part in np.linalg.qr(x, "reduced"))


def _qr_complete(x: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple(_cast_result(part, x) for part in np.linalg.qr(x, "complete"))


def _qr_gradient(gq: Any, gr: Any, q: Any, r: Any) -> Any:
    """The cotangent of x for m >= n: (gq + q H) r^-H, H Hermitian with the lower triangle of r gr^H - gq^H q."""
    inner = subtract(matmul(r, adjoint(gr)), matmul(adjoint(gq), q))
    below = tril(inner, strict=True)
    both = add(add(below, adjoint(below)), _real_diagonal(inner))
    right = add(gq, matmul(q, both))
    return adjoint(triangular_solve(r, adjoint(right), lower=False, adjoint=False))


class SVD(_OfMatrices):
    """Singular values s, largest first, and with `compute_uv` the orthonormal U and V^H: x = U diag(s) V^H.

    Shapes: x (*batch, m, n), k = min(m, n) -> (s (*batch, k),) or (U (*batch, m, k), s, V^H (*batch, k, n)); with
    `full_matrices` U (*batch, m, m) and V^H (*batch, n, n).    Dtypes: float32, float64, complex; s of the real dtype.
    Errors: ShapeError if these are not matrices.
    Source: Townsend 2016; Wan and Zhang 2019. Singular values must be distinct (and not 0) for the gradient of U and
    V; vectors beyond k are free to turn, and their gradient is that of functions which do not depend on such a turn.
    """

    name = "svd"
    multiple = True

    def infer(self, x: Spec, *, full_matrices: bool, compute_uv: bool) -> tuple[Spec, ...]:
        self.require_matrices(x)
        lead, (m, n) = x.shape[:-2], x.shape[-2:]
        k = None if None in (m, n) else min(m, n)
        s = Spec((*lead, k), x.dtype.real_dtype)
        if not compute_uv:
            return (s,)
        return (
            x.with_shape((*lead, m, m if full_matrices else k)), s, x.with_shape((*lead, n if full_matrices else k, n)),
        )  # fmt: skip

    def vjp(self, g, y, x, *, full_matrices, compute_uv):
        if not compute_uv:
            u, _, vh = svd(x, full_matrices=False, compute_uv=True)
            return (matmul(multiply(u, _like(_columns(g[0]), u)), vh),)
        k = min(x.spec.shape[-2:])
        (gu, gs, gvh), (u, s, vh) = g, y
        gv, v = adjoint(gvh), adjoint(vh)
        if full_matrices:
            gu, u = _without_free_columns(gu, u, k)
            gv, v = _without_free_columns(gv, v, k)
        return (_svd_gradient(gu, gs, gv, u, s, v),)

    def cpu(self, kernels, x, *, full_matrices, compute_uv):
        return kernels.host(_svd(full_matrices, compute_uv), x)

    def xla(self, lax, x, *, full_matrices, compute_uv):
        found = lax.numpy.linalg.svd(x, full_matrices=full_matrices, compute_uv=compute_uv)
        return tuple(found) if compute_uv else (found,)

    def reference(self, x, *, full_matrices, compute_uv):
        return _svd(full_matrices, compute_uv)(x)

    def batch(self, size, mapped, x, **attrs):
        return svd(x, **attrs), True

    def invariants(self, results, x, *, full_matrices, compute_uv):
        """The singular values, the sizes of the parts of the vectors, and the product."""
        if not compute_uv:
            return results
        u, s, vh = results
        k = s.shape[-1]
        u, vh = u[..., :k], vh[..., :k, :]
        return np.abs(u), s, np.abs(vh), np.matmul(u * s[..., None, :], vh)

    def samples(self, rng):
        reduced: dict[str, Any] = {"full_matrices": False, "compute_uv": True}
        return [
            Sample(_random(rng, 4, 3), **reduced),
            Sample(_random(rng, 2, 3, 5), **reduced),
            Sample(_random(rng, 4, 3), full_matrices=True, compute_uv=True),
            Sample(_random(rng, 2, 5), full_matrices=True, compute_uv=True, differentiable=()),  # three free vectors
            Sample(_random(rng, 3, 4), full_matrices=False, compute_uv=False),
            Sample(_random(rng, 3, 4, dtype="complex128"), full_matrices=False, compute_uv=False),
            Sample(_random(rng, 3, 3, dtype="complex128"), **reduced, differentiable=()),  # phases are LAPACK's choice
            Sample(_random(rng, 4, 3, dtype="float32"), **reduced),
            BadSample(ShapeError, "at least 2", np.ones(3), **reduced),
            BadSample(DTypeError, "has dtype int32", np.ones((2, 2), np.int32), **reduced),
        ]


def _run_svd(x: np.ndarray, full_matrices: bool, compute_uv: bool) -> tuple[np.ndarray, ...]:
    found: Any = _factored(
        "svd: a matrix has no decomposition", np.linalg.svd, x, full_matrices=full_matrices, compute_uv=compute_uv
    )
    return tuple(found) if compute_uv else (found,)


def _svd_full(x: np.ndarray) -> tuple[np.ndarray, ...]:
    return _run_svd(x, True, True)


def _svd_reduced(x: np.ndarray) -> tuple[np.ndarray, ...]:
    return _run_svd(x, False, True)


def _svd_values(x: np.ndarray) -> tuple[np.ndarray, ...]:
    return _run_svd(x, False, False)


def _svd(full_matrices: bool, compute_uv: bool) -> Any:
    return _svd_values if not compute_uv else _svd_full if full_matrices else _svd_reduced


def _without_free_columns(g: Any, u: Any, k: int) -> tuple[Any, Any]:
    """The first k columns of a square u, and their cotangent: the others move so as to stay orthogonal to them."""
    n = u.spec.shape[-1]
    if n == k:
        return g, u
    inside, outside = _cut(u, -1, 0, k), _cut(u, -1, k, n)
    moved = matmul(outside, matmul(adjoint(_cut(g, -1, k, n)), inside))
    return subtract(_cut(g, -1, 0, k), moved), inside


def _svd_gradient(gu: Any, gs: Any, gv: Any, u: Any, s: Any, v: Any) -> Any:
    squared = multiply(s, s)
    factor = _like(_pairwise(squared, squared), u)
    by_u, by_v = matmul(adjoint(u), gu), matmul(adjoint(v), gv)
    one = scalar(1, s.spec.dtype)
    inverse_s = select(equal(s, _zero(s)), _zero(s), divide(one, select(equal(s, _zero(s)), one, s)))
    columns, rows = _like(_columns(s), u), _like(_rows(s), u)
    turn_u, turn_v = multiply(factor, by_u), multiply(factor, by_v)
    core = add(multiply(add(turn_u, adjoint(turn_u)), columns), multiply(rows, add(turn_v, adjoint(turn_v))))
    core = add(core, _like(_matrix_of(gs), u))
    if u.spec.dtype.is_complex:  # the phase that U and V share
        phase = diagonal_part(by_v)
        core = add(core, _half(multiply(_like(_rows(inverse_s), u), subtract(adjoint(phase), phase))))
    result = _mul(u, core, adjoint(v))
    scaled_u, scaled_v = multiply(u, _like(_columns(inverse_s), u)), multiply(v, _like(_columns(inverse_s), v))
    beside_u = subtract(gu, matmul(u, by_u))
    beside_v = subtract(gv, matmul(v, by_v))
    result = add(result, matmul(beside_u, adjoint(scaled_v)))
    return add(result, matmul(scaled_u, adjoint(beside_v)))


class EigH(_OfMatrices):
    """Eigenvalues, in ascending order, and orthonormal eigenvectors (columns) of Hermitian matrices.

    The lower triangle is read.

    Shapes: x (*batch, n, n) -> values (*batch, n), vectors (*batch, n, n).
    Dtypes: float32, float64, complex; values real.
    Errors: ShapeError if the matrices are not square.
    Source: Giles 2008, 3.1; the gradient is Hermitian. Eigenvalues must be distinct for the gradient of the vectors.
    """

    name = "eigh"
    multiple = True

    def infer(self, x: Spec) -> tuple[Spec, Spec]:
        self.require_matrices(x)
        self.require_square(x)
        n = merge_sizes(*x.shape[-2:])
        return Spec((*x.shape[:-2], n), x.dtype.real_dtype), x.with_shape((*x.shape[:-2], n, n))

    def vjp(self, g, y, x):
        (gw, gv), (w, v) = g, y
        turn = multiply(_like(_pairwise(w, w), v), matmul(adjoint(v), gv))
        core = add(turn, _like(_matrix_of(gw), v))
        return (_hermitian(_mul(v, core, adjoint(v))),)

    def cpu(self, kernels, x):
        return kernels.host(self.reference, x)

    def xla(self, lax, x):
        return tuple(lax.numpy.linalg.eigh(x, UPLO="L", symmetrize_input=False))

    def reference(self, x):
        return tuple(_factored("eigh: a matrix has no decomposition", np.linalg.eigh, x))

    def batch(self, size, mapped, x):
        return eigh(x), (True, True)

    def invariants(self, results, x):
        """The eigenvalues, the sizes of the parts of the vectors, and the product."""
        w, v = results
        return w, np.abs(v), np.matmul(v * w[..., None, :], v.swapaxes(-1, -2).conj())

    def samples(self, rng):
        def draw(*shape: int, dtype: str = "float64") -> np.ndarray:
            return _symmetric_direction(_random(rng, *shape, dtype=dtype)) + np.diag(np.arange(shape[-1])).astype(dtype)

        return [
            _symmetric(draw(4, 4)),
            _symmetric(draw(2, 3, 3)),
            _symmetric(draw(3, 3, dtype="complex128"), differentiable=()),  # phases are LAPACK's choice
            _symmetric(draw(4, 4, dtype="float32")),
            *self.square_or_bad(),
        ]


class Eig(_OfMatrices):
    """Eigenvalues and right eigenvectors (columns of length 1) of general matrices, always complex.

    Shapes: x (*batch, n, n) -> values (*batch, n), vectors (*batch, n, n).
    Dtypes: float32, float64, complex -> complex.
    Errors: ShapeError if the matrices are not square.
    Source: Boeddeker et al. 2017, equation 4.77. Eigenvalues must be distinct for the gradient of the vectors, whose
    phase is free.
    """

    name = "eig"
    multiple = True

    def infer(self, x: Spec) -> tuple[Spec, Spec]:
        self.require_matrices(x)
        self.require_square(x)
        n = merge_sizes(*x.shape[-2:])
        dtype = as_dtype("complex64" if x.dtype in ("float32", "complex64") else "complex128")
        return Spec((*x.shape[:-2], n), dtype), Spec((*x.shape[:-2], n, n), dtype)

    def vjp(self, g, y, x):
        (gw, gv), (w, v) = g, y
        vh = adjoint(v)
        inner = matmul(vh, gv)
        inner = subtract(inner, _mul(vh, v, _real_diagonal(inner)))
        core = add(multiply(conj(_pairwise(w, w)), inner), _matrix_of(gw))
        result = matmul(solve(vh, core), vh)
        return (result if x.spec.dtype.is_complex else real(result),)

    def cpu(self, kernels, x):
        return kernels.host(self.reference, x)

    def xla(self, lax, x):
        return tuple(lax.numpy.linalg.eig(x))

    def reference(self, x):
        dtype = np.complex64 if x.dtype in (np.float32, np.complex64) else np.complex128
        return tuple(
            part.astype(dtype, copy=False)
            for part in _factored("eig: a matrix holds NaN or infinity", np.linalg.eig, x)
        )

    def batch(self, size, mapped, x):
        return eig(x), (True, True)

    def invariants(self, results, x):
        """The eigenvalues in an order, and the product."""
        w, v = results
        return np.sort_complex(np.round(w, 6)), np.matmul(v * w[..., None, :], np.linalg.inv(v))

    def samples(self, rng):
        def draw(*shape: int, dtype: str = "float64") -> np.ndarray:  # real eigenvalues, well apart
            return (0.2 * _random(rng, *shape, dtype=dtype) + 2 * np.diag(np.arange(shape[-1]))).astype(dtype)

        return [
            Sample(draw(4, 4)),
            Sample(draw(2, 3, 3)),
            Sample(_random(rng, 4, 4), differentiable=()),  # complex pairs: phases are LAPACK's choice
            Sample(draw(3, 3, dtype="complex128"), differentiable=()),
            Sample(draw(4, 4, dtype="float32")),
            *self.square_or_bad(),
        ]


class LUFactor(_OfMatrices):
    """L (unit lower triangle) and U in one matrix, by partial pivoting; the row swaps; and their order of rows.

    Row i was swapped with row pivots[i], for i in turn; x[permutation] = L U.
    Shapes: x (*batch, m, n), k = min(m, n) -> lu (*batch, m, n), pivots (*batch, k) int32, permutation (*batch, m)
    int32.
    Dtypes: float32, float64, complex.    Errors: ShapeError if these are not matrices.
    Source: Golub and Van Loan, "Matrix Computations", 3.4; gradient: Walter and Lehmann 2010, for square matrices.
    """

    name = "lu_factor"
    multiple = True

    def infer(self, x: Spec) -> tuple[Spec, Spec, Spec]:
        self.require_matrices(x)
        lead, (m, n) = x.shape[:-2], x.shape[-2:]
        k = None if None in (m, n) else min(m, n)
        return x, Spec((*lead, k), INT32), Spec((*lead, m), INT32)

    def vjp(self, g, y, x):
        lu, _, permutation = y
        if x.spec.shape[-1] != x.spec.shape[-2]:
            raise UnsupportedError(
                f"lu_factor: no gradient for matrices of shape {x.spec.shape}, which are not square.",
                fix="use qr or svd.",
            )
        one = scalar(1, lu.spec.dtype)
        lower = select(_on_diagonal(lu), one, tril(lu, strict=True))
        upper = triu(lu)
        by_lower = matmul(adjoint(lower), tril(g[0], strict=True))
        by_upper = matmul(triu(g[0]), adjoint(upper))
        inner = add(tril(by_lower, strict=True), triu(by_upper))
        left = triangular_solve(lower, inner, lower=True, adjoint=True)
        both = adjoint(triangular_solve(upper, adjoint(left), lower=False, adjoint=False))
        return (_unpermuted(both, permutation),)

    def cpu(self, kernels, x):
        return kernels.host(self.reference, x)

    def xla(self, lax, x):
        lu, pivots, permutation = lax.lax.linalg.lu(x)
        return lu, pivots.astype(np.int32), permutation.astype(np.int32)

    def reference(self, x):
        lu = x.copy().reshape(-1, *x.shape[-2:])
        count, m, n = lu.shape
        pivots = np.zeros((count, min(m, n)), np.int32)
        order = np.tile(np.arange(m, dtype=np.int32), (count, 1))
        each = np.arange(count)
        for i in range(min(m, n)):
            column = lu[:, i:, i]
            size = (
                np.abs(column.real) + np.abs(column.imag) if lu.dtype.kind == "c" else np.abs(column)
            )  # as LAPACK measures
            pivot = i + np.argmax(size, axis=1)
            pivots[:, i] = pivot
            for array in (lu, order):
                held = array[:, i].copy()
                array[:, i] = array[each, pivot]
                array[each, pivot] = held
            diagonal = lu[:, i, i]
            lu[:, i + 1 :, i] /= np.where(diagonal == 0, 1, diagonal)[:, None]
            lu[:, i + 1 :, i + 1 :] -= lu[:, i + 1 :, i : i + 1] * lu[:, i : i + 1, i + 1 :]
        lead = x.shape[:-2]
        return lu.reshape(x.shape), pivots.reshape(*lead, min(m, n)), order.reshape(*lead, m)

    def batch(self, size, mapped, x):
        return lu_factor(x), (True, True, True)

    def samples(self, rng):
        return [
            Sample(_random(rng, 4, 4)),
            Sample(_random(rng, 2, 3, 3)),
            Sample(_random(rng, 4, 3), differentiable=()),
            Sample(_random(rng, 2, 3, 5), differentiable=()),
            Sample(_random(rng, 3, 3, dtype="complex128")),
            Sample(_random(rng, 4, 4, dtype="float32")),
            BadSample(ShapeError, "at least 2", np.ones(3)),
            BadSample(DTypeError, "has dtype int32", np.ones((2, 2), np.int32)),
        ]


def _unpermuted(rows: Any, permutation: Any) -> Any:
    """Rows put back to where `permutation` took them from."""
    from headwater.primitives.sort import argsort

    back = argsort(permutation, axis=permutation.spec.ndim - 1, descending=False, dtype=INT32)
    return take_along_axis(rows, broadcast_to(_rows(back), shape=rows.spec.shape), axis=rows.spec.ndim - 2, mode="clip")


cholesky, inverse, determinant, slogdet = Cholesky(), Inverse(), Determinant(), SlogDet()
triangular_solve, solve, qr, svd, eigh, eig, lu_factor = (
    TriangularSolve(),
    Solve(),
    QR(),
    SVD(),
    EigH(),
    Eig(),
    LUFactor(),
)
