"""Linear algebra on matrices and batches of them: the last two axes are rows and columns."""

from __future__ import annotations

import math
from typing import Any

from headwater.errors import ArgumentError, ShapeError
from headwater.ops.convert import promote
from headwater.ops.operands import (
    INT32,
    axes_of,
    axis_of,
    cast,
    const,
    inexact,
    inexact_pair,
    kept,
    permuted,
    reshape_to,
    spread,
    tensor,
)  # fmt: skip
from headwater.ops.reduction import reduced
from headwater.ops.symbolic import op
from headwater.primitives import elementwise, linear, reduce
from headwater.primitives import linalg as primitives


def _matrix(x: Any, what: str, square: bool = False) -> Any:
    """A tensor of float or complex matrices; 16-bit floats are refused by the primitives."""
    x = inexact(x)
    sizes = x.spec.shape
    if len(sizes) < 2 or (square and sizes[-1] != sizes[-2] and None not in sizes[-2:]):
        wanted = "a square matrix (..., n, n)" if square else "a matrix (..., m, n)"
        raise ShapeError(f"{what}: shape {tuple(sizes)} is not {wanted}.", fix=f"give {wanted}, or a batch of them.")
    return x


def _turned(x: Any) -> Any:
    """Rows and columns exchanged."""
    return permuted(x, (*range(x.spec.ndim - 2), x.spec.ndim - 1, x.spec.ndim - 2))


def _adjoint(x: Any) -> Any:
    return elementwise.conj(_turned(x)) if x.spec.dtype.is_complex else _turned(x)


def _product(a: Any, b: Any) -> Any:
    return linear.matmul(a, b, transpose_a=False, transpose_b=False)


@op
def cholesky(x: Any, upper: bool = False) -> Any:
    """The triangular factor L of a positive definite matrix L L^H.

    Args:
        x: matrices (..., n, n), Hermitian and positive definite.
        upper: whether to give the upper factor L^H.
    Returns: matrices (..., n, n).
    Raises: ShapeError if they are not square; ValueError at run time if one is not positive definite.
    Source: Golub and Van Loan, "Matrix Computations", 4.2.
    """
    factor = primitives.cholesky(_matrix(x, "cholesky", square=True))
    return _adjoint(factor) if upper else factor


@op
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """The inverse of a positive definite matrix from its triangular factor.

    Args:
        x: triangular factors (..., n, n), as `cholesky` gives them.
        upper: whether they are the upper ones.
    Returns: matrices (..., n, n).
    Source: Golub and Van Loan, "Matrix Computations", 4.2.
    """
    from headwater.ops.creation import eye

    x = _matrix(x, "cholesky_inverse", square=True)
    unit = spread(eye(x.spec.shape[-1], dtype=x.spec.dtype), x.spec.shape)
    inverse = primitives.triangular_solve(x, unit, lower=not upper, adjoint=False)
    return _product(inverse, _adjoint(inverse)) if upper else _product(_adjoint(inverse), inverse)


@op
def det(x: Any) -> Any:
    """The determinant of each matrix.

    Args:
        x: matrices (..., n, n).
    Returns: a tensor (...).
    Source: own.
    """
    return primitives.determinant(_matrix(x, "det", square=True))


@op
def slogdet(x: Any) -> tuple[Any, Any]:
    """Sign and logarithm of the magnitude of the determinant of each matrix.

    Args:
        x: matrices (..., n, n).
    Returns: a pair of tensors (...): sign and logarithm; 0 and -inf for a singular matrix.
    Source: own.
    """
    return primitives.slogdet(_matrix(x, "slogdet", square=True))


@op
def logdet(x: Any) -> Any:
    """Logarithm of the magnitude of the determinant of each matrix.

    Args:
        x: matrices (..., n, n).
    Returns: a tensor (...).
    Source: own.
    """
    return slogdet(x)[1]


@op
def inv(x: Any) -> Any:
    """The inverse of each matrix.

    Args:
        x: matrices (..., n, n).
    Returns: matrices (..., n, n).
    Raises: ShapeError if they are not square; ValueError at run time if one is singular.
    Source: own.
    """
    return primitives.inverse(_matrix(x, "inv", square=True))


@op
def solve(a: Any, b: Any) -> Any:
    """The solution y of a y = b.

    Args:
        a: matrices (..., n, n).
        b: right sides (..., n, m), or one vector less an axis: (..., n).
    Returns: a tensor like `b`.
    Raises: ShapeError if the sizes differ; ValueError at run time if a matrix is singular.
    Source: own.
    """
    a, b = _system(a, b, "solve")
    if b.spec.ndim == a.spec.ndim - 1:
        found = primitives.solve(a, reshape_to(b, (*b.spec.shape, 1)))
        return reshape_to(found, b.spec.shape)
    return primitives.solve(a, b)


@op
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """The solution y of a y = b for triangular a; the other triangle is not read.

    Args:
        a: matrices (..., n, n).
        b: right sides (..., n, m), or one vector less an axis: (..., n).
        lower: whether the lower triangle counts, or the upper one.
    Returns: a tensor like `b`.
    Raises: ShapeError if the sizes differ.
    Source: own.
    """
    a, b = _system(a, b, "solve_triangular")
    if b.spec.ndim == a.spec.ndim - 1:
        found = primitives.triangular_solve(a, reshape_to(b, (*b.spec.shape, 1)), lower=lower, adjoint=False)
        return reshape_to(found, b.spec.shape)
    return primitives.triangular_solve(a, b, lower=lower, adjoint=False)


def _system(a: Any, b: Any, what: str) -> tuple[Any, Any]:
    a, b = inexact_pair(a, b)
    a = _matrix(a, what, square=True)
    rows = b.spec.shape[-1 if b.spec.ndim == a.spec.ndim - 1 else -2] if b.spec.ndim else None
    if b.spec.ndim not in (a.spec.ndim, a.spec.ndim - 1) or rows != a.spec.shape[-1]:
        raise ShapeError(
            f"{what}: a right side of shape {tuple(b.spec.shape)} for matrices of shape {tuple(a.spec.shape)}.",
            fix="give right sides (..., n, m) or (..., n) with the n of the matrices.",
        )
    return a, b


@op
def qr(x: Any, mode: str = "reduced") -> tuple[Any, Any]:
    """Q with orthonormal columns and upper triangular R, with Q R = x.

    Args:
        x: matrices (..., m, n).
        mode: "reduced" for Q (..., m, k) and R (..., k, n) with k = min(m, n); "complete" for Q (..., m, m) and R
            (..., m, n).
    Returns: a pair (Q, R).
    Raises: ArgumentError for another mode.
    Source: Golub and Van Loan, "Matrix Computations", 5.2.
    """
    if mode not in ("reduced", "complete"):
        raise ArgumentError(f"qr: mode {mode!r} is unknown.", fix='use "reduced" or "complete".')
    return primitives.qr(_matrix(x, "qr"), mode=mode)


@op
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular values, and the orthonormal U and V^H, with U diag(s) V^H = x.

    Args:
        x: matrices (..., m, n).
        full_matrices: whether U is (..., m, m) and V^H (..., n, n), or only their first k = min(m, n) columns and rows.
        compute_uv: whether to give U and V^H.
    Returns: a triple (U, s, V^H); s (..., k) alone without `compute_uv`.
    Source: Golub and Van Loan, "Matrix Computations", 8.6.
    """
    x = _matrix(x, "svd")
    if not compute_uv:
        return primitives.svd(x, full_matrices=False, compute_uv=False)[0]
    return primitives.svd(x, full_matrices=full_matrices, compute_uv=True)


@op
def eigh(x: Any) -> tuple[Any, Any]:
    """Eigenvalues, in ascending order, and eigenvectors of Hermitian matrices.

    Args:
        x: matrices (..., n, n).
    Returns: a pair: values (..., n), vectors (..., n, n) as columns.
    Source: Golub and Van Loan, "Matrix Computations", 8.3.
    """
    return primitives.eigh(_matrix(x, "eigh", square=True))


@op
def eig(x: Any) -> tuple[Any, Any]:
    """Eigenvalues and eigenvectors of general matrices.

    Args:
        x: matrices (..., n, n).
    Returns: a pair of complex tensors: values (..., n), vectors (..., n, n) as columns of length 1.
    Source: Golub and Van Loan, "Matrix Computations", 7.5.
    """
    return primitives.eig(_matrix(x, "eig", square=True))


@op
def lu_factor(x: Any) -> tuple[Any, Any]:
    """L and U of matrices in one, and the row swaps by which their rows were put in order.

    Args:
        x: matrices (..., m, n).
    Returns: a pair: L below the diagonal (its ones left out) and U above it, (..., m, n); pivots (..., min(m, n)),
        int32.
    Source: Golub and Van Loan, "Matrix Computations", 3.4.
    """
    lu, pivots, _ = primitives.lu_factor(_matrix(x, "lu_factor"))
    return lu, pivots


def _cutoff(x: Any, values: Any, relative: Any) -> Any:
    """True for singular values above a part of the largest one."""
    largest = reduced(reduce.reduce_max, values, (values.spec.ndim - 1,), True)
    factor = cast(tensor(relative), values.spec.dtype)
    if factor.spec.ndim:
        factor = reshape_to(factor, (*factor.spec.shape, 1))
    return elementwise.greater(values, elementwise.multiply(largest, factor))


@op
def pinv(x: Any, rcond: Any = None) -> Any:
    """The pseudo-inverse of each matrix.

    Args:
        x: matrices (..., m, n).
        rcond: singular values up to this part of the largest one count as 0; 10 * max(m, n) * epsilon, if not given.
    Returns: matrices (..., n, m).
    Source: Penrose 1955, "A generalized inverse for matrices".
    """
    x = _matrix(x, "pinv")
    eps = x.spec.dtype.real_dtype.eps
    u, values, vh = primitives.svd(x, full_matrices=False, compute_uv=True)
    large = _cutoff(x, values, 10 * max(x.spec.shape[-2:]) * eps if rcond is None else rcond)
    inverse = elementwise.select(
        large, elementwise.reciprocal(elementwise.select(large, values, const(1, values))), const(0, values)
    )
    scale = cast(reshape_to(inverse, (*inverse.spec.shape, 1)), x.spec.dtype)
    return _product(_adjoint(vh), elementwise.multiply(_adjoint(u), scale))


@op
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The y for which a y is nearest to b, and which is the shortest of these.

    Args:
        a: a matrix (m, n).
        b: right sides (m, k), or a vector (m,).
        rcond: singular values up to this part of the largest one count as 0; max(m, n) * epsilon, if not given.
    Returns: a tensor (n, k), or (n,).
    Raises: ShapeError if the numbers of rows differ.
    Source: Golub and Van Loan, "Matrix Computations", 5.5.
    """
    a, b = promote(inexact(a), inexact(b))
    a = _matrix(a, "lstsq")
    if b.spec.ndim not in (1, 2) or b.spec.shape[0] != a.spec.shape[0]:
        raise ShapeError(
            f"lstsq: right sides of shape {tuple(b.spec.shape)} for a matrix of shape {tuple(a.spec.shape)}.",
            fix="give as many rows as the matrix has.",
        )
    eps = a.spec.dtype.real_dtype.eps
    inverse = pinv(a, max(a.spec.shape[-2:]) * eps if rcond is None else rcond)
    columns = reshape_to(b, (b.spec.shape[0], 1)) if b.spec.ndim == 1 else b
    found = _product(inverse, columns)
    return reshape_to(found, found.spec.shape[:1]) if b.spec.ndim == 1 else found


@op
def matrix_rank(x: Any, tol: Any = None) -> Any:
    """How many singular values of each matrix are not 0.

    Args:
        x: matrices (..., m, n).
        tol: values up to this count as 0; the largest one times max(m, n) * epsilon, if not given.
    Returns: an int32 tensor (...).
    Source: Golub and Van Loan, "Matrix Computations", 5.4.
    """
    x = _matrix(x, "matrix_rank")
    (values,) = primitives.svd(x, full_matrices=False, compute_uv=False)
    if tol is None:
        large = _cutoff(x, values, max(x.spec.shape[-2:]) * x.spec.dtype.real_dtype.eps)
    else:
        bound = cast(tensor(tol), values.spec.dtype)
        large = elementwise.greater(values, reshape_to(bound, (*bound.spec.shape, 1)) if bound.spec.ndim else bound)
    return reduce.reduce_sum(elementwise.cast(large, dtype=INT32), axes=(values.spec.ndim - 1,))


# Norms


@op
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of vectors or matrices.

    Args:
        x: a tensor.
        ord: which norm. None: the root of the sum of squares. For vectors: any number p, for (sum |x|^p)^(1/p), also
            inf, -inf, 0 (how many are not 0). For matrices: "fro", "nuc", 1, -1, 2, -2, inf, -inf.
        axis: one axis for vectors, two for matrices; None means all, which are one vector if `ord` is None.
        keepdims: whether the axes stay, of size 1.
    Returns: a float tensor without the axes.
    Raises: ArgumentError for an unknown norm; ShapeError if there are neither one nor two axes.
    Example:
        >>> float(norm([3.0, 4.0]))
        5.0

    Source: own.
    """
    x = inexact(x)
    axes = axes_of(axis, x.spec.ndim, "norm")
    if ord is None:
        return _euclidean(x, axes, keepdims)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) == 2:
        rows, columns = (0, 1) if axis is None else (axis_of(each, x.spec.ndim, "norm") for each in axis)
        return _matrix_norm(x, ord, rows, columns, keepdims)
    raise ShapeError(
        f"norm: ord={ord!r} over {len(axes)} axes of shape {tuple(x.spec.shape)}.",
        fix="give one axis for vectors, or two for matrices.",
    )


def _magnitude(x: Any) -> Any:
    return elementwise.abs_(x)


def _euclidean(x: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    squares = elementwise.square(_magnitude(x) if x.spec.dtype.is_complex else x)
    return elementwise.sqrt(reduced(reduce.reduce_sum, squares, axes, keepdims))


def _vector_norm(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if isinstance(ord, str):
        raise ArgumentError(f"norm: {ord!r} is no norm of vectors.", fix="use a number, inf, -inf, 0 or None.")
    size = _magnitude(x)
    if ord == math.inf:
        return reduced(reduce.reduce_max, size, axes, keepdims)
    if ord == -math.inf:
        return reduced(reduce.reduce_min, size, axes, keepdims)
    if ord == 0:
        return reduced(
            reduce.reduce_sum, cast(elementwise.not_equal(size, const(0, size)), size.spec.dtype), axes, keepdims
        )
    if ord == 1:
        return reduced(reduce.reduce_sum, size, axes, keepdims)
    if ord == 2:
        return _euclidean(x, axes, keepdims)
    total = reduced(reduce.reduce_sum, elementwise.power(size, const(ord, size)), axes, keepdims)
    return elementwise.power(total, const(1 / ord, total))


def _matrix_norm(x: Any, ord: Any, rows: int, columns: int, keepdims: bool) -> Any:
    axes = tuple(sorted((rows, columns)))
    if ord == "fro":
        return _euclidean(x, axes, keepdims)
    if ord in ("nuc", 2, -2):
        others = [axis for axis in range(x.spec.ndim) if axis not in axes]
        (values,) = primitives.svd(permuted(x, (*others, rows, columns)), full_matrices=False, compute_uv=False)
        last = values.spec.ndim - 1
        choose = {"nuc": reduce.reduce_sum, 2: reduce.reduce_max, -2: reduce.reduce_min}[ord]
        found = choose(values, axes=(last,))
        return reshape_to(found, kept(x, axes)) if keepdims else found
    if ord in (1, -1, math.inf, -math.inf):
        summed, searched = (rows, columns) if ord in (1, -1) else (columns, rows)
        totals = reduced(reduce.reduce_sum, _magnitude(x), (summed,), True)
        found = reduced(reduce.reduce_max if ord > 0 else reduce.reduce_min, totals, (searched,), True)
        return (
            found
            if keepdims
            else reshape_to(found, [size for place, size in enumerate(x.spec.shape) if place not in axes])
        )
    raise ArgumentError(
        f"norm: {ord!r} is no norm of matrices.", fix='use "fro", "nuc", 1, -1, 2, -2, inf, -inf or None.'
    )


def __getattr__(name: str) -> Any:
    """`jvp`, which Keras lists among linear algebra."""
    if name != "jvp":
        raise AttributeError(f"module 'headwater.ops.linalg' has no attribute {name!r}")
    from headwater.ops.mapping import jvp

    return jvp
