"""TensorFlow's `tf.linalg`: matrices and batches of them, on `headwater.ops`."""

from __future__ import annotations

from typing import Any, NamedTuple

from headwater import ops
from headwater.arrays import eye, global_norm
from headwater.math import l2_normalize
from headwater.ops.convert import convert_to_tensor
from headwater.ops.symbolic import composite_op
from headwater.primitives import linalg as matrices

__all__ = [
    "adjoint", "band_part", "cholesky", "cholesky_solve", "cross", "det", "diag", "diag_part", "eig", "eigh",
    "eigvals", "eigvalsh", "einsum",
    "expm", "eye", "global_norm", "inv", "l2_normalize", "logdet", "lstsq", "lu", "lu_solve", "matmul", "matrix_rank",
    "matrix_transpose", "matvec", "norm",
    "normalize", "pinv", "qr", "set_diag", "slogdet", "solve", "svd", "tensor_diag", "tensor_diag_part", "tensordot",
    "trace",
    "triangular_solve",
]  # fmt: skip


@composite_op
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> Any:
    """Matrix product of two matrices or batches of them.

    Args:
        a, b: (..., m, k) and (..., k, n), after what the flags do; the batches broadcast.
        transpose_a, transpose_b: swap the last two axes first.
        adjoint_a, adjoint_b: swap them and take the complex conjugate.
        output_type: dtype of the result.
    Returns: (..., m, n).
    Raises: ShapeError if the inner sizes differ.
    """
    a = adjoint(a) if adjoint_a else matrix_transpose(a) if transpose_a else convert_to_tensor(a)
    b = adjoint(b) if adjoint_b else matrix_transpose(b) if transpose_b else convert_to_tensor(b)
    product = ops.matmul(a, b)
    return product if output_type is None else ops.cast(product, output_type)


def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Any:
    """Product of matrices and vectors: (..., m, k) and (..., k) -> (..., m)."""
    return ops.squeeze(matmul(a, ops.expand_dims(b, -1), transpose_a=transpose_a, adjoint_a=adjoint_a), axis=-1)


def matrix_transpose(a: Any, name: str | None = "matrix_transpose", conjugate: bool = False) -> Any:
    """The last two axes swapped."""
    swapped = ops.swapaxes(a, -1, -2)
    return ops.conj(swapped) if conjugate else swapped


def adjoint(matrix: Any, name: str | None = None) -> Any:
    """The last two axes swapped, and the complex conjugate."""
    return ops.conj(ops.swapaxes(matrix, -1, -2))


def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Any:
    """Sum of products over named axes, as "ij,jk->ik"."""
    return ops.einsum(equation, *inputs)


def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Any:
    """Sum of products over pairs of axes."""
    return ops.tensordot(a, b, axes=axes)


def cross(a: Any, b: Any, name: str | None = None) -> Any:
    """Cross product of vectors of three numbers."""
    return ops.cross(a, b)


def trace(x: Any, name: str | None = None) -> Any:
    """Sum of the diagonal of each matrix."""
    return ops.trace(x, axis1=-2, axis2=-1)


def cholesky(input: Any, name: str | None = None) -> Any:
    """The lower triangular L with L Lᵀ = A."""
    return ops.cholesky(input)


def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Any:
    """The solution of A x = rhs, from the Cholesky factor of A."""
    lower = ops.solve_triangular(chol, rhs, lower=True)
    return ops.solve_triangular(adjoint(chol), lower, lower=False)


def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None) -> Any:
    """The solution of A x = rhs for a triangular A."""
    if adjoint:
        return ops.solve_triangular(ops.conj(ops.swapaxes(matrix, -1, -2)), rhs, lower=not lower)
    return ops.solve_triangular(matrix, rhs, lower=lower)


def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The solution of A x = rhs."""
    return ops.solve(ops.conj(ops.swapaxes(matrix, -1, -2)) if adjoint else matrix, rhs)


def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Any:
    """The inverse of each matrix."""
    inverse = ops.inv(input)
    return ops.conj(ops.swapaxes(inverse, -1, -2)) if adjoint else inverse


def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """The pseudo-inverse of each matrix."""
    return ops.pinv(a) if rcond is None else ops.pinv(a, rcond)


def lstsq(matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: str | None = None) -> Any:
    """The x for which |A x - rhs|² + l2_regularizer |x|² is least."""
    transposed = adjoint(matrix)
    gram = ops.matmul(transposed, matrix)
    gram = gram + l2_regularizer * ops.eye(gram.shape[-1], dtype=gram.dtype)
    return (
        cholesky_solve(ops.cholesky(gram), ops.matmul(transposed, rhs))
        if fast or l2_regularizer
        else ops.matmul(ops.pinv(matrix), rhs)
    )


def lu(input: Any, output_idx_type: Any = "int32", name: str | None = None) -> tuple[Any, Any]:
    """L (below the diagonal, without its ones) and U of each matrix in one, and the order into which its rows were
    put."""
    factors, _, order = matrices.lu_factor(convert_to_tensor(input))
    return factors, ops.cast(order, output_idx_type)


def lu_solve(lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None) -> Any:
    """The solution of A x = rhs, from `lu` of A."""
    factors, rhs = convert_to_tensor(lower_upper), convert_to_tensor(rhs)
    rows = ops.take_along_axis(rhs, ops.broadcast_to(ops.expand_dims(perm, -1), rhs.shape), axis=-2)
    unit = set_diag(factors, ops.ones(factors.shape[:-1], factors.dtype))
    return ops.solve_triangular(factors, ops.solve_triangular(unit, rows, lower=True), lower=False)


def det(input: Any, name: str | None = None) -> Any:
    """The determinant of each matrix."""
    return ops.det(input)


class SignAndLogarithm(NamedTuple):
    """What `slogdet` gives."""

    sign: Any
    log_abs_determinant: Any


class QR(NamedTuple):
    """What `qr` gives."""

    q: Any
    r: Any


def slogdet(input: Any, name: str | None = None) -> Any:
    """Sign, and logarithm of the magnitude, of the determinant of each matrix."""
    return SignAndLogarithm(*ops.slogdet(input))


def logdet(matrix: Any, name: str | None = None) -> Any:
    """Logarithm of the determinant of each positive definite matrix."""
    factor = ops.cholesky(matrix)
    return 2.0 * ops.sum(ops.log(ops.real(diag_part(factor))), axis=-1)


def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Any:
    """Q with orthonormal columns and R upper triangular, Q R = A."""
    return QR(*ops.qr(input, mode="complete" if full_matrices else "reduced"))


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """Singular values, and the left and right singular vectors: s, u, v, with A = u diag(s) vᴴ."""
    if not compute_uv:
        return ops.svd(tensor, full_matrices=full_matrices, compute_uv=False)
    u, s, vh = ops.svd(tensor, full_matrices=full_matrices)
    return s, u, adjoint(vh)


def eigh(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues in ascending order, and eigenvectors as columns, of each symmetric or Hermitian matrix."""
    return ops.eigh(tensor)


def eigvalsh(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues of each symmetric or Hermitian matrix, in ascending order."""
    return ops.eigh(tensor)[0]


def eig(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues, and eigenvectors as columns, of each square matrix; complex."""
    return ops.eig(tensor)


def eigvals(tensor: Any, name: str | None = None) -> Any:
    """Eigenvalues of each square matrix; complex."""
    return ops.eig(tensor)[0]


def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None) -> Any:
    """How many singular values of each matrix are above a tolerance."""
    a = convert_to_tensor(a)
    values = ops.svd(a, compute_uv=False)
    if tol is None:
        tol = a.dtype.eps * max(a.shape[-2:]) * ops.max(values, axis=-1, keepdims=True)
    return ops.sum(ops.cast(ops.greater(values, tol), "int32"), axis=-1)


def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None, name: str | None = None
) -> Any:
    """Norm of vectors (one axis, or all elements) or matrices (two axes)."""
    tensor = convert_to_tensor(tensor)
    if axis is None:
        flat = ops.norm(ops.ravel(tensor), ord=2 if ord in ("euclidean", "fro") else ord)
        return ops.reshape(flat, (1,) * len(tensor.shape)) if keepdims else flat
    if ord in ("euclidean", "fro"):
        return ops.sqrt(ops.sum(ops.square(ops.absolute(tensor)), axis=axis, keepdims=bool(keepdims)))
    return ops.norm(tensor, ord=ord, axis=axis, keepdims=bool(keepdims))


def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> Any:
    """A tensor divided by its norm, and the norm."""
    size = norm(tensor, ord=ord, axis=axis, keepdims=True)
    return ops.divide(tensor, size), size


def diag(
    diagonal: Any,
    name: str | None = "diag",
    k: int = 0,
    num_rows: int = -1,
    num_cols: int = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:
    """Matrices with the given diagonals, `k` places above the main one, and `padding_value` elsewhere."""
    diagonal = convert_to_tensor(diagonal)
    size = diagonal.shape[-1] + abs(int(k))
    rows, columns = size if num_rows < 0 else int(num_rows), size if num_cols < 0 else int(num_cols)
    spread = ops.pad(
        diagonal,
        [*[(0, 0)] * (len(diagonal.shape) - 1), (max(0, -int(k)), max(0, rows - diagonal.shape[-1] - max(0, -int(k))))],
    )
    spread = spread[..., :rows]
    return ops.where(
        _on_diagonal(rows, columns, int(k)), ops.expand_dims(spread, -1), ops.cast(padding_value, diagonal.dtype)
    )


def _on_diagonal(rows: int, columns: int, k: int) -> Any:
    return ops.equal(ops.expand_dims(ops.arange(rows), 1) + k, ops.arange(columns))


def diag_part(
    input: Any, name: str | None = "diag_part", k: int = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> Any:
    """The diagonal of each matrix, `k` places above the main one."""
    return ops.diagonal(input, offset=int(k), axis1=-2, axis2=-1)


def set_diag(input: Any, diagonal: Any, name: str | None = "set_diag", k: int = 0, align: str = "RIGHT_LEFT") -> Any:
    """Each matrix with another diagonal."""
    input = convert_to_tensor(input)
    rows, columns = input.shape[-2:]
    return ops.where(_on_diagonal(rows, columns, int(k)), diag(diagonal, k=k, num_rows=rows, num_cols=columns), input)


def band_part(input: Any, num_lower: int, num_upper: int, name: str | None = None) -> Any:
    """Each matrix with zeros outside of a band around its diagonal; -1 keeps a whole triangle."""
    input = convert_to_tensor(input)
    rows, columns = input.shape[-2:]
    below = ops.expand_dims(ops.arange(rows), 1) - ops.arange(columns)
    lower, upper = (rows if int(num_lower) < 0 else int(num_lower)), (columns if int(num_upper) < 0 else int(num_upper))
    inside = ops.logical_and(ops.less_equal(below, lower), ops.less_equal(-below, upper))
    return ops.where(inside, input, ops.zeros_like(input))


def tensor_diag(diagonal: Any, name: str | None = None) -> Any:
    """The tensor of twice the axes whose diagonal is given."""
    diagonal = convert_to_tensor(diagonal)
    return ops.reshape(diag(ops.ravel(diagonal)), (*diagonal.shape, *diagonal.shape))


def tensor_diag_part(input: Any, name: str | None = None) -> Any:
    """The diagonal of a tensor whose shape is one shape twice."""
    input = convert_to_tensor(input)
    half = input.shape[: len(input.shape) // 2]
    size = half.num_elements()
    return ops.reshape(diag_part(ops.reshape(input, (size, size))), half)


def expm(input: Any, name: str | None = None) -> Any:
    """Exponential of each square matrix.

    Source: Higham 2005, "The scaling and squaring method for the matrix exponential revisited"; here with a Taylor
    series of the scaled matrix.
    """
    matrix = convert_to_tensor(input)
    norms = ops.max(ops.sum(ops.absolute(matrix), axis=-2), axis=-1)
    squarings = 0 if not matrix.size else max(0, int(ops.ceil(ops.log2(ops.maximum(ops.max(norms), 1e-30)))) + 2)
    scaled = matrix / 2.0**squarings
    result = term = ops.broadcast_to(ops.eye(matrix.shape[-1], dtype=matrix.dtype), matrix.shape)
    for order in range(1, 19):
        term = ops.matmul(term, scaled) / order
        result = result + term
    for _ in range(squarings):
        result = ops.matmul(result, result)
    return result
