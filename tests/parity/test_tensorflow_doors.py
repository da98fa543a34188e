"""TensorFlow's doors give what TensorFlow gives: values, dtypes, gradients, and what is refused.

A row of the table is a call; arrays in it become tensors, lists and numbers stay what they are. Both frameworks run it
in this process, and where a float goes in and a float comes out both differentiate it too.
"""

from __future__ import annotations

import functools
import importlib
import types
from typing import Any

import numpy as np
import pytest

real = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.filterwarnings("ignore")

import headwater as tf  # noqa: E402

# The documented differences: where a dtype is not TensorFlow's, and why.
PROMOTES = "one promotion rule: mixed dtypes meet, where TensorFlow refuses"
OTHER_DTYPES = {
    "math.truediv of int32": "integers divide to float32, where TensorFlow takes float64",
    "math.divide of int32": "integers divide to float32, where TensorFlow takes float64",
}

_random = np.random.default_rng(20)


def floats(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return _random.uniform(low, high, shape).astype(np.float32)


def whole(*shape: int, low: int = -5, high: int = 6, dtype: str = "int32") -> np.ndarray:
    return _random.integers(low, high, shape).astype(dtype)


X, Y = floats(3, 4), floats(3, 4)
POSITIVE, UNIT = floats(3, 4, low=0.1), floats(3, 4, low=-0.9, high=0.9)
ABOVE_ONE = floats(3, 4, low=1.1, high=3.0)
N, M = whole(3, 4), whole(3, 4, low=1)
BOOLS, OTHER_BOOLS = X > 0, Y > 0
COMPLEX = (X + 1j * Y).astype(np.complex64)
SPECIAL = np.array([1.0, np.inf, -np.inf, np.nan, 0.0], np.float32)
SQUARE = floats(2, 3, 3)
SPD = np.matmul(SQUARE, np.swapaxes(SQUARE, 1, 2)) + 2 * np.eye(3, dtype=np.float32)
RIGHT = floats(2, 3, 2)
LABELS = np.array([2, 0, 3], np.int32)
SHARES = np.exp(X) / np.exp(X).sum(-1, keepdims=True)
IDS = np.array([0, 0, 2, 2, 3], np.int32)
ROWS = floats(5, 3)
VECTOR = floats(6)
CUBE = floats(2, 3, 4)


class Case:
    """A call: the name under `tf`, arguments, and what to compare."""

    def __init__(self, name: str, *args: Any, tolerance: float = 2e-5, gradients: bool = True, **kwargs: Any) -> None:
        self.name, self.args, self.kwargs = name, args, kwargs
        self.tolerance, self.gradients = tolerance, gradients

    @property
    def label(self) -> str:
        first = next((x for x in self.args if isinstance(x, np.ndarray)), None)
        kind = "" if first is None else f" of {first.dtype}"
        shown = "".join(f" {key}={value!r}" for key, value in self.kwargs.items() if not isinstance(value, np.ndarray))
        return f"{self.name}{kind}{shown}"


UNARY = {
    "abs": X, "acos": UNIT, "acosh": ABOVE_ONE, "asin": UNIT, "asinh": X, "atan": X, "atanh": UNIT, "ceil": X,
    "cos": X, "cosh": X, "digamma": POSITIVE, "erf": X, "erfc": X, "erfinv": UNIT, "exp": X, "expm1": X, "floor": X,
    "lgamma": POSITIVE, "log": POSITIVE, "log1p": POSITIVE, "log_sigmoid": X, "negative": X, "reciprocal": POSITIVE,
    "rint": X, "round": X, "rsqrt": POSITIVE, "sigmoid": X, "sin": X, "sinh": X, "softplus": X,
    "softsign": X, "sqrt": POSITIVE, "square": X, "tan": UNIT, "tanh": X, "is_finite": SPECIAL, "is_inf": SPECIAL,
    "is_nan": SPECIAL, "erfcinv": floats(5, low=0.1, high=1.9), "ndtri": floats(5, low=0.1, high=0.9),
    "reciprocal_no_nan": SPECIAL[[0, 4]], "zero_fraction": np.array([0, 1, 0, 2], np.float32),
    "is_non_decreasing": VECTOR, "is_strictly_increasing": VECTOR,
}  # fmt: skip
BINARY = (
    "add", "atan2", "divide", "divide_no_nan", "floordiv", "floormod", "maximum", "minimum", "mod", "multiply",
    "multiply_no_nan", "squared_difference", "subtract", "truediv", "xdivy",
)  # fmt: skip
COMPARISONS = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
REDUCTIONS = (
    "reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod", "reduce_std", "reduce_variance",
    "reduce_logsumexp", "reduce_euclidean_norm",
)  # fmt: skip

MATH = [
    *[Case(f"math.{name}", x) for name, x in UNARY.items()],
    *[Case(f"math.{name}", whole(6)) for name in ("abs", "negative", "sign", "square")],
    *[Case(f"math.{name}", COMPLEX) for name in ("exp", "abs", "conj", "real", "imag", "angle", "square", "sqrt")],
    *[Case(f"math.{name}", X, POSITIVE) for name in BINARY],
    *[Case(f"math.{name}", X, POSITIVE[0]) for name in ("add", "multiply", "subtract", "divide", "maximum")],
    *[Case(f"math.{name}", N, M) for name in ("add", "floordiv", "floormod", "truediv", "divide", "maximum")],
    *[Case(f"math.{name}", N, M) for name in COMPARISONS],
    *[Case(f"math.{name}", BOOLS, OTHER_BOOLS) for name in ("logical_and", "logical_or", "logical_xor")],
    *[Case(f"math.{name}", X) for name in REDUCTIONS],
    *[Case(f"math.{name}", CUBE, axis=axis) for name in REDUCTIONS for axis in (1, -1)],
    *[Case(f"math.{name}", CUBE, axis=[0, 2], keepdims=True) for name in REDUCTIONS],
    *[Case(f"math.{name}", N, axis=1) for name in ("reduce_sum", "reduce_max", "reduce_min", "reduce_prod")],
    Case("math.sign", X, gradients=False),  # TensorFlow gives zeros, this one None
    Case("math.reduce_mean", np.array([1, 0, 1, 0, -3, -3], np.int32)),
    Case("math.reduce_mean", np.array([[-5, 2], [-2, 9]], np.int64), axis=0),
    Case("math.logical_not", BOOLS),
    Case("math.reduce_all", BOOLS, axis=1),
    Case("math.reduce_any", BOOLS, axis=0, keepdims=True),
    Case("math.pow", POSITIVE, Y),
    Case("math.pow", np.array([2, 3], np.int32), np.array([3, 2], np.int32)),
    Case("math.nextafter", X, Y, gradients=False),
    Case("math.scalar_mul", 3.0, X),
    Case("math.add_n", [X, Y, POSITIVE]),
    Case("math.argmax", X),
    Case("math.argmax", X, axis=1, output_type="int32"),
    Case("math.argmin", X, axis=-1),
    Case("math.bincount", np.array([1, 1, 3, 0], np.int32)),
    Case("math.bincount", np.array([1, 1, 3, 0], np.int32), minlength=6),
    Case("math.bincount", np.array([1, 1, 3, 0], np.int32), maxlength=2),
    Case("math.bincount", np.array([1, 1, 3], np.int32), weights=floats(3), gradients=False),
    Case("math.confusion_matrix", LABELS, np.array([2, 1, 3], np.int32)),
    Case("math.confusion_matrix", LABELS, np.array([2, 1, 3], np.int32), num_classes=5, dtype="float32"),
    Case("math.count_nonzero", N, axis=1),
    Case("math.count_nonzero", N),
    *[
        Case(f"math.{name}", X, axis=axis, exclusive=exclusive, reverse=reverse)
        for name in ("cumsum", "cumprod", "cumulative_logsumexp")
        for axis, exclusive, reverse in ((0, False, False), (1, True, False), (-1, False, True), (1, True, True))
    ],
    Case("math.in_top_k", np.array([1, 0, 3], np.int32), X, 2),
    Case("math.invert_permutation", np.array([2, 0, 1], np.int32)),
    Case("math.l2_normalize", X, axis=1),
    Case("math.log_softmax", X),
    Case("math.softmax", X, axis=0),
    Case("math.polyval", [floats(4), floats(4), floats(4)], floats(4)),
    Case("math.top_k", X, k=2),
    Case("math.xlogy", X, POSITIVE),
    Case("math.xlog1py", X, POSITIVE),
    Case("math.xlogy", np.zeros(2, np.float32), np.array([0.0, 1.0], np.float32), gradients=False),
    Case("math.lbeta", POSITIVE),
    *[Case(f"math.{name}", X, gradients=False) for name in ("bessel_i0", "bessel_i0e")],
    *[Case(f"math.segment_{name}", ROWS, IDS) for name in ("sum", "mean", "prod")],
    *[Case(f"math.segment_{name}", floats(5, 3), np.array([0, 0, 1, 1, 2], np.int32)) for name in ("max", "min")],
    *[
        Case(f"math.unsorted_segment_{name}", ROWS, np.array([1, 0, 1, 2, 0], np.int32), 3)
        for name in ("sum", "mean", "prod", "max", "min", "sqrt_n")
    ],
    Case("math.unsorted_segment_sum", ROWS, np.array([1, 0, -1, 2, 0], np.int32), 4),
]

NN = [
    *[
        Case(f"nn.{name}", X)
        for name in ("relu", "relu6", "crelu", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "l2_loss", "tanh")
    ],
    Case("nn.gelu", X, approximate=True),
    Case("nn.silu", X, beta=0.5),
    Case("nn.leaky_relu", X, alpha=0.1),
    Case("nn.bias_add", X, floats(4)),
    Case("nn.bias_add", CUBE, floats(3), data_format="NCW"),
    Case("nn.embedding_lookup", ROWS, np.array([[0, 4], [1, 1]], np.int32)),
    Case("nn.embedding_lookup", ROWS, np.array([0, 4], np.int32), max_norm=1.0, gradients=False),
    Case("nn.sigmoid_cross_entropy_with_logits", labels=UNIT**2, logits=X),
    Case("nn.weighted_cross_entropy_with_logits", labels=UNIT**2, logits=X, pos_weight=2.0),
    Case("nn.softmax_cross_entropy_with_logits", labels=SHARES, logits=Y),
    Case("nn.sparse_softmax_cross_entropy_with_logits", labels=LABELS, logits=X),
    Case("nn.log_poisson_loss", POSITIVE, X),
    Case("nn.log_poisson_loss", ABOVE_ONE, X, compute_full_loss=True),
    Case("nn.moments", CUBE, axes=[0, 2]),
    Case("nn.moments", CUBE, axes=[1], keepdims=True),
    Case("nn.weighted_moments", X, axes=[0], frequency_weights=POSITIVE),
    Case("nn.sufficient_statistics", X, axes=[0]),
    Case("nn.sufficient_statistics", X, axes=[1], shift=0.5, keepdims=True),
    Case("nn.normalize_moments", np.float32(4.0) * np.ones((), np.float32), floats(3), floats(3), None),
    Case("nn.batch_normalization", X, floats(4), floats(4, low=0.5), floats(4), floats(4), 1e-3),
    Case("nn.batch_normalization", X, floats(4), floats(4, low=0.5), None, None, 1e-3),
    Case("nn.compute_average_loss", floats(4), global_batch_size=8),
    Case("nn.scale_regularization_loss", floats()),
    Case("nn.top_k", X, k=3),
    Case("nn.zero_fraction", np.array([0, 1], np.float32)),
    Case("nn.in_top_k", np.array([1, 0, 3], np.int32), X, 1),
    Case("nn.l2_normalize", X, 1),
    Case("nn.softmax", X),
    Case("nn.log_softmax", X, axis=0),
    Case("nn.sigmoid", X),
    Case("nn.softplus", X),
    Case("nn.softsign", X),
    Case("nn.depth_to_space", floats(1, 2, 2, 8), 2),
    Case("nn.space_to_depth", floats(1, 4, 4, 2), 2),
]

LINALG = [
    Case("linalg.matmul", CUBE, floats(2, 4, 3)),
    Case("linalg.matmul", CUBE, floats(2, 3, 5), transpose_a=True),
    Case("linalg.matmul", CUBE, floats(2, 5, 4), transpose_b=True),
    Case("linalg.matmul", COMPLEX, COMPLEX, adjoint_a=True),
    Case("linalg.matmul", N, M, transpose_b=True),
    Case("linalg.matvec", CUBE, floats(2, 4)),
    Case("linalg.matrix_transpose", CUBE),
    Case("linalg.adjoint", COMPLEX),
    Case("linalg.einsum", "bij,bkj->bik", CUBE, floats(2, 5, 4)),
    Case("linalg.einsum", "ij->i", X),
    Case("linalg.tensordot", CUBE, floats(4, 3, 2), axes=[[1, 2], [1, 0]]),
    Case("linalg.tensordot", X, floats(4, 2), axes=1),
    Case("linalg.cross", floats(4, 3), floats(4, 3)),
    Case("linalg.trace", SQUARE),
    Case("linalg.cholesky", SPD),
    Case("linalg.cholesky_solve", np.linalg.cholesky(SPD).astype(np.float32), RIGHT, tolerance=1e-4),
    Case("linalg.triangular_solve", np.linalg.cholesky(SPD).astype(np.float32), RIGHT, tolerance=1e-4),
    Case("linalg.triangular_solve", np.linalg.cholesky(SPD).astype(np.float32), RIGHT, adjoint=True, tolerance=1e-4),
    Case("linalg.solve", SPD, RIGHT, tolerance=1e-4),
    Case("linalg.solve", SQUARE + 3 * np.eye(3, dtype=np.float32), RIGHT, adjoint=True, tolerance=1e-4),
    Case("linalg.inv", SPD, tolerance=1e-4),
    Case("linalg.pinv", X, tolerance=1e-4, gradients=False),
    Case("linalg.lstsq", floats(5, 2), floats(5, 1), tolerance=1e-4),
    Case("linalg.lstsq", floats(5, 2), floats(5, 1), l2_regularizer=0.1, tolerance=1e-4),
    Case("linalg.det", SPD, tolerance=1e-4),
    Case("linalg.slogdet", SPD, tolerance=1e-4),
    Case("linalg.logdet", SPD, tolerance=1e-4),
    Case("linalg.eigvalsh", SPD, tolerance=1e-4, gradients=False),
    Case("linalg.svd", floats(4, 3), compute_uv=False, tolerance=1e-4),
    Case("linalg.matrix_rank", np.array([[1, 2], [2, 4]], np.float32), gradients=False),
    Case("linalg.norm", X),
    Case("linalg.norm", X, ord=1, axis=1),
    Case("linalg.norm", X, ord=np.inf, axis=0, keepdims=True),
    Case("linalg.norm", X, ord="fro", axis=[0, 1]),
    Case("linalg.norm", X, ord=1),
    Case("linalg.norm", X, ord=1, axis=[-2, -1]),
    Case("linalg.norm", POSITIVE, ord=3, axis=1),
    Case("linalg.normalize", X, axis=1),
    Case("linalg.diag", floats(2, 3)),
    Case("linalg.diag", floats(2, 3), k=1),
    Case("linalg.diag", floats(2, 3), k=-1, padding_value=7.0),
    Case("linalg.diag_part", SQUARE),
    Case("linalg.diag_part", X, k=1),
    Case("linalg.set_diag", X, floats(3)),
    Case("linalg.band_part", floats(4, 4), 1, -1),
    Case("linalg.tensor_diag", floats(2, 2)),
    Case("linalg.tensor_diag_part", floats(2, 3, 2, 3)),
    Case("linalg.expm", SQUARE, tolerance=1e-4),
    Case("linalg.eye", 3, num_columns=4),
    Case("linalg.eye", 2, batch_shape=[3], dtype="int32"),
    Case("linalg.global_norm", [X, Y]),
    Case("linalg.l2_normalize", X, axis=-1),
    Case("linalg.lu_solve", *(x.numpy() for x in real.linalg.lu(SPD)), RIGHT, tolerance=1e-4, gradients=False),
    Case("linalg.lu", SPD, tolerance=1e-4, gradients=False),
]

ARRAYS = [
    Case("constant", [1, 2, 3]),
    Case("constant", [1.5, 2]),
    Case("constant", True),
    Case("constant", [[1, 2], [3, 4]], dtype="float32"),
    Case("constant", 3, shape=[2, 2]),
    Case("constant", [1, 2, 3, 4], shape=[2, 2]),
    Case("constant", 1 + 2j),
    Case("constant", 2**40),
    Case("constant", []),
    Case("convert_to_tensor", [1.0, 2.0]),
    Case("zeros", [2, 3]),
    Case("zeros", 3, dtype="int32"),
    Case("ones", [2]),
    Case("fill", [2, 2], 9),
    Case("fill", [2, 2], 9.5),
    Case("zeros_like", N),
    Case("ones_like", X, dtype="int32"),
    Case("eye", 3),
    Case("range", 5),
    Case("range", 3, 18, 3),
    Case("range", 3, 1, -0.5),
    Case("range", 3.0),
    Case("range", 5, dtype="int64"),
    Case("linspace", 0.0, 1.0, 5),
    Case("linspace", floats(2), floats(2), 3, axis=-1),
    Case("reshape", X, [2, -1]),
    Case("reshape", X, np.array([4, 3], np.int32)),
    Case("transpose", CUBE),
    Case("transpose", CUBE, perm=[1, 0, 2]),
    Case("transpose", COMPLEX, conjugate=True),
    Case("expand_dims", X, 1),
    Case("expand_dims", X, axis=-1),
    Case("squeeze", floats(1, 3, 1)),
    Case("squeeze", floats(1, 3, 1), axis=[2]),
    Case("concat", [X, Y], axis=1),
    Case("concat", [X, Y], -2),
    Case("stack", [X, Y]),
    Case("stack", [X, Y], axis=-1),
    Case("stack", [1, 2, 3]),
    Case("unstack", CUBE, axis=1),
    Case("split", CUBE, 2, axis=2),
    Case("split", CUBE, [1, -1], axis=1),
    Case("tile", X, [2, 1]),
    Case("repeat", X, 2, axis=0),
    Case("repeat", VECTOR, 3),
    Case("repeat", VECTOR, [1, 0, 2, 1, 1, 3], axis=0),
    Case("pad", X, [[1, 0], [2, 1]]),
    Case("pad", X, [[1, 0], [2, 1]], constant_values=5.0),
    Case("pad", X, [[1, 0], [2, 1]], mode="REFLECT"),
    Case("pad", X, [[1, 0], [2, 1]], "SYMMETRIC"),
    Case("reverse", CUBE, axis=[0, -1]),
    Case("roll", X, shift=[1, -2], axis=[0, 1]),
    Case("roll", X, shift=1, axis=1),
    Case("broadcast_to", floats(3, 1), [2, 3, 4]),
    Case("broadcast_dynamic_shape", [3, 1], [1, 4]),
    Case("meshgrid", floats(3), floats(2)),
    Case("meshgrid", floats(3), floats(2), indexing="ij"),
    Case("shape", CUBE),
    Case("shape", CUBE, out_type="int64"),
    Case("shape_n", [X, CUBE]),
    Case("size", CUBE),
    Case("rank", CUBE),
    Case("identity", X),
    Case("ensure_shape", X, [None, 4]),
    Case("cast", X, "int32"),
    Case("cast", N, "float16"),
    Case("cast", BOOLS, "float32"),
    Case("cast", X, "bool"),
    Case("cast", X, "float64"),
    Case("saturate_cast", np.array([-3.0, 300.0, 7.5], np.float32), "uint8", gradients=False),
    Case("bitcast", X, "int32"),
    Case("one_hot", LABELS, 4),
    Case("one_hot", LABELS, 4, on_value=5, off_value=-1),
    Case("one_hot", LABELS, 4, axis=0, dtype="int32"),
    Case("one_hot", np.array([0, 7, -1], np.int32), 3),
    Case("gather", CUBE, np.array([1, 0, 1], np.int32)),
    Case("gather", CUBE, np.array([[2, 0], [1, 1]], np.int32), axis=1),
    Case("gather", CUBE, np.array([[2, 0], [1, 1]], np.int32), batch_dims=1),
    Case("gather", CUBE, np.array([[2, 0], [1, 1]], np.int32), batch_dims=1, axis=2),
    Case("gather", X, 2),
    Case("gather_nd", CUBE, np.array([[0, 1], [1, 2]], np.int32)),
    Case("gather_nd", CUBE, np.array([[0], [2]], np.int32), batch_dims=1),
    Case("scatter_nd", np.array([[1], [3], [1]], np.int32), floats(3), [5]),
    Case("tensor_scatter_nd_update", VECTOR, np.array([[1], [3]], np.int32), floats(2)),
    Case("tensor_scatter_nd_add", VECTOR, np.array([[1], [1]], np.int32), floats(2)),
    Case("tensor_scatter_nd_sub", VECTOR, np.array([[1], [3]], np.int32), floats(2)),
    Case("tensor_scatter_nd_max", VECTOR, np.array([[1], [3]], np.int32), floats(2)),
    Case("tensor_scatter_nd_min", VECTOR, np.array([[1], [3]], np.int32), floats(2)),
    Case("boolean_mask", X, BOOLS),
    Case("boolean_mask", X, np.array([True, False, True])),
    Case("boolean_mask", X, np.array([True, False, True, True]), axis=1),
    Case("slice", CUBE, [0, 1, 0], [1, -1, 2]),
    Case("strided_slice", CUBE, [0, 0, 1], [2, 3, 4], [1, 2, 2]),
    Case("strided_slice", CUBE, [1, 0], [2, 3], shrink_axis_mask=1, end_mask=2),
    Case("sequence_mask", np.array([1, 3, 2], np.int32)),
    Case("sequence_mask", np.array([1, 3, 2], np.int32), 5, dtype="float32"),
    Case("searchsorted", np.array([1.0, 3.0, 5.0], np.float32), np.array([0.0, 3.0, 6.0], np.float32), gradients=False),
    Case("searchsorted", np.sort(X, -1), Y, side="right", gradients=False),
    Case("sort", X, axis=0),
    Case("sort", X, direction="DESCENDING"),
    Case("argsort", X),
    Case("argsort", N, axis=0, direction="DESCENDING", stable=True),
    Case("unique", np.array([4, 1, 4, 2, 1], np.int32)),
    Case("unique_with_counts", np.array([4, 1, 4, 2, 1], np.int32)),
    Case("clip_by_value", X, -0.5, 1.0),
    Case("clip_by_norm", X, 1.0),
    Case("clip_by_norm", X, 1.0, axes=[1]),
    Case("clip_by_norm", X, 100.0),
    Case("clip_by_global_norm", [X, Y], 1.0),
    Case("dynamic_partition", VECTOR, np.array([0, 1, 0, 2, 1, 0], np.int32), 3),
    Case("dynamic_stitch", [np.array([0, 2], np.int32), np.array([1], np.int32)], [floats(2, 2), floats(1, 2)]),
    Case("histogram_fixed_width", X, [-2.0, 2.0], nbins=4, gradients=False),
    Case("histogram_fixed_width_bins", X, [-2.0, 2.0], nbins=4, gradients=False),
    Case("where", BOOLS, X, Y),
    Case("where", BOOLS),
    Case("where", np.array([True, False, True]), floats(3), 0.0),
    Case("complex", X, Y),
    Case("identity_n", [X, Y]),
    Case("unravel_index", np.array([5, 1], np.int32), [2, 3]),
    Case("reverse_sequence", X, np.array([2, 4, 1], np.int32), seq_axis=1, batch_axis=0),
    Case("stop_gradient", X, gradients=False),
    Case("norm", X),
    Case("guarantee_const", X, gradients=False),
]

BITWISE = [
    *[Case(f"bitwise.{name}", N, M) for name in ("bitwise_and", "bitwise_or", "bitwise_xor")],
    *[Case(f"bitwise.{name}", M, np.array([0, 1, 2, 3], np.int32)) for name in ("left_shift", "right_shift")],
    Case("bitwise.invert", N),
]

SIGNAL = [
    *[Case(f"signal.{name}", COMPLEX, gradients=False) for name in ("fft", "ifft", "fft2d", "ifft2d")],
    Case("signal.fft3d", (CUBE + 1j).astype(np.complex64), gradients=False, tolerance=1e-4),
    Case("signal.ifft3d", (CUBE + 1j).astype(np.complex64), gradients=False),
    Case("signal.rfft", floats(2, 8), gradients=False),
    Case("signal.rfft", floats(2, 8), fft_length=[6], gradients=False),
    Case("signal.irfft", (floats(2, 5) + 1j * floats(2, 5)).astype(np.complex64), gradients=False),
    Case("signal.rfft2d", floats(4, 6), gradients=False),
    Case("signal.irfft2d", np.fft.rfft2(floats(4, 6)).astype(np.complex64), gradients=False),
    Case("signal.fftshift", X),
    Case("signal.ifftshift", X, axes=[1]),
    Case("signal.frame", floats(10), 4, 2),
    Case("signal.frame", floats(11), 4, 3, pad_end=True),
    Case("signal.overlap_and_add", floats(3, 4), 2),
    Case("signal.hann_window", 8),
    Case("signal.hann_window", 9, periodic=False),
    Case("signal.hamming_window", 8),
    Case("signal.kaiser_window", 8, beta=12.0, tolerance=1e-4),
    Case("signal.vorbis_window", 8),
    Case("signal.stft", floats(2, 40), frame_length=16, frame_step=4, gradients=False),
    Case("signal.stft", floats(40), frame_length=10, frame_step=5, fft_length=16, pad_end=True, gradients=False),
    Case(
        "signal.inverse_stft",
        (floats(6, 9) + 1j * floats(6, 9)).astype(np.complex64),
        frame_length=16,
        frame_step=4,
        gradients=False,
    ),
    Case("signal.dct", X, tolerance=1e-4),
    Case("signal.dct", X, type=2, norm="ortho", tolerance=1e-4),
    Case("signal.dct", X, type=3, tolerance=1e-4),
    Case("signal.idct", X, type=2, norm="ortho", tolerance=1e-4),
]

CASES = [*MATH, *NN, *LINALG, *ARRAYS, *BITWISE, *SIGNAL]


def of(framework: Any, name: str) -> Any:
    return functools.reduce(getattr, name.split("."), framework)


def convert(framework: Any, value: Any, watched: list[Any]) -> Any:
    """The argument, with tensors for arrays; the float ones are put on the list."""
    if isinstance(value, np.ndarray):
        tensor = framework.constant(value)
        if value.dtype == np.float32:
            watched.append(tensor)
        return tensor
    if isinstance(value, (list, tuple)):
        return type(value)(convert(framework, item, watched) for item in value)
    if isinstance(value, dict):
        return {key: convert(framework, item, watched) for key, item in value.items()}
    return value


def leaves(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)) and type(value).__name__ != "TensorShape":
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def evaluate(framework: Any, case: Case) -> tuple[list[Any], list[Any]]:
    """Results of a call, and gradients of their weighted sum."""
    watched: list[Any] = []
    args, kwargs = convert(framework, case.args, watched), convert(framework, case.kwargs, watched)
    function = of(framework, case.name)
    if not (case.gradients and watched):
        return leaves(function(*args, **kwargs)), []
    with framework.GradientTape() as tape:
        tape.watch(watched)
        results = leaves(function(*args, **kwargs))
        total = framework.constant(0.0)
        for result in results:
            if getattr(result, "dtype", None) == framework.float32:
                weights = np.cos(np.arange(np.prod(result.shape, dtype=int))).reshape(result.shape)
                total = total + framework.reduce_sum(result * framework.constant(weights.astype(np.float32)))
    return results, tape.gradient(total, watched)


def as_array(value: Any) -> np.ndarray:
    if isinstance(value, real.IndexedSlices):
        value = real.convert_to_tensor(value)
    return np.asarray(value)


def assert_close(ours: Any, theirs: Any, tolerance: float, what: str) -> None:
    assert (ours is None) == (theirs is None), f"{what}: {ours} and {theirs}"
    if theirs is None:
        return
    mine, wanted = as_array(ours), as_array(theirs)
    assert mine.shape == wanted.shape, what
    scale = max(1.0, float(np.max(np.abs(wanted[np.isfinite(wanted)]), initial=0))) if wanted.dtype.kind in "fc" else 0
    np.testing.assert_allclose(mine, wanted, rtol=tolerance, atol=tolerance * scale, err_msg=what)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_call_gives_what_tensorflow_gives(case: Case) -> None:
    theirs, their_gradients = evaluate(real, case)
    ours, our_gradients = evaluate(tf, case)
    assert len(ours) == len(theirs)
    for mine, wanted in zip(ours, theirs):
        if case.label.partition(" axis")[0] not in OTHER_DTYPES and hasattr(wanted, "dtype"):
            assert mine.dtype.name == np.dtype(wanted.dtype.as_numpy_dtype).name, "dtype"
        assert_close(mine, wanted, case.tolerance, "values")
    for mine, wanted in zip(our_gradients, their_gradients):
        assert_close(mine, wanted, 5 * case.tolerance, "gradients")
