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
import tensorflow as real

import headwater as tf

pytestmark = pytest.mark.filterwarnings("ignore")

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
    Case("bitcast", X, "uint8", gradients=False),
    Case("bitcast", N, "int16"),
    Case("bitcast", floats(3, 2), "float64", gradients=False),
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


# What both refuse. The error says what is wrong in each framework's own words; ours is one that users can catch by
# TensorFlow's name.
REFUSED = [
    Case("add", X, floats(3, 5)),
    Case("matmul", X, X),
    Case("matmul", X, floats(3)),
    Case("reshape", X, [5, 2]),
    Case("reshape", X, [-1, -1]),
    Case("concat", [X, floats(2, 5)], axis=0),
    Case("stack", [X, VECTOR]),
    Case("split", X, 3, axis=1),
    Case("split", X, [1, 1], axis=1),
    Case("squeeze", X, axis=0),
    Case("expand_dims", X, axis=5),
    Case("transpose", X, perm=[0, 0]),
    Case("transpose", X, perm=[0, 1, 2]),
    Case("tile", X, [2]),
    Case("broadcast_to", X, [5, 5]),
    Case("ensure_shape", X, [3, 5]),
    Case("constant", [[1], [1, 2]]),
    Case("constant", [1, 2, 3], shape=[2]),
    Case("constant", 1.5, dtype="int32"),
    Case("cast", "x", "int32"),
    Case("zeros", [-1]),
    Case("fill", [2], VECTOR),
    Case("range", 0, 5, 0),
    Case("one_hot", LABELS, -1),
    Case("gather", VECTOR, np.array([9], np.int32)),
    Case("gather_nd", X, np.array([[0, 9]], np.int32)),
    Case("gather", X, np.array([0.5], np.float32)),
    Case("boolean_mask", X, np.array([True, False])),
    Case("slice", X, [0, 0], [9, 1]),
    Case("where", BOOLS, VECTOR, Y),
    Case("pad", X, [[1, 1]]),
    Case("argmax", X, axis=4),
    Case("reduce_sum", X, axis=4),
    Case("sort", X, direction="UP"),
    Case("bitcast", floats(3, 3), "float64"),
    Case("math.add_n", [X, VECTOR]),
    Case("math.top_k", X, k=9),
    Case("math.segment_sum", ROWS, np.array([0, 1], np.int32)),
    Case("bitwise.bitwise_and", X, Y),
    Case("linalg.cholesky", X),
    Case("linalg.inv", X),
    Case("linalg.einsum", "ij,jk->ik", X, X),
    Case("linalg.cross", X, Y),
    Case("nn.bias_add", X, VECTOR),
    Case("nn.softmax_cross_entropy_with_logits", labels=X, logits=VECTOR),
    Case("nn.sparse_softmax_cross_entropy_with_logits", labels=N, logits=X),
    Case("nn.sigmoid_cross_entropy_with_logits", labels=VECTOR, logits=X),
    Case("nn.dropout", X, rate=1.5),
    Case("debugging.assert_equal", X, Y),
    Case("debugging.assert_less", X, X),
    Case("debugging.assert_positive", -POSITIVE),
    Case("debugging.assert_near", X, Y),
    Case("debugging.assert_rank", X, 3),
    Case("debugging.assert_all_finite", SPECIAL, "not finite"),
    Case("debugging.assert_integer", X),
    Case("debugging.assert_type", X, "int32"),
    Case("debugging.assert_shapes", [(X, (3, 5))]),
    Case("Assert", False, ["why"]),
    Case("nest.assert_same_structure", [1, 2], [1]),
    Case("nest.pack_sequence_as", [1, [2]], [1]),
    Case("signal.fft2d", COMPLEX[0]),
]


def kind_for(case: Case) -> str:
    return f"{case.name} {[getattr(arg, 'shape', arg) for arg in case.args]} {sorted(case.kwargs)}"


@pytest.mark.parametrize("case", REFUSED, ids=kind_for)
def test_what_tensorflow_refuses_is_refused(case: Case) -> None:
    for framework in (real, tf):
        with pytest.raises((framework.errors.OpError, ValueError, TypeError)):
            of(framework, case.name)(*convert(framework, case.args, []), **convert(framework, case.kwargs, []))


# What TensorFlow refuses and the one promotion rule serves, with the dtype that comes out.
PROMOTED = [
    (Case("add", N, X), "float32"),
    (Case("multiply", X, 2), "float32"),
    (Case("multiply", N, 2.5), "float32"),
    (Case("concat", [N, X], axis=0), "float32"),
    (Case("matmul", N, X.T), "float32"),
    (Case("where", BOOLS, N, X), "float32"),
    (Case("maximum", whole(3, dtype="int8"), whole(3, dtype="int64")), "int64"),
    (Case("sqrt", N + 9), "float32"),
    (Case("truediv", N, M), "float32"),
]


@pytest.mark.parametrize(("case", "dtype"), PROMOTED, ids=lambda value: getattr(value, "label", value))
def test_mixed_dtypes_meet(case: Case, dtype: str) -> None:
    result = of(tf, case.name)(*convert(tf, case.args, []), **case.kwargs)
    assert result.dtype == dtype


# Assertions that hold raise nothing, and give nothing back.
HOLDING = [
    Case("debugging.assert_equal", X, X),
    Case("debugging.assert_none_equal", N, N + 1),
    Case("debugging.assert_greater", M, 0),
    Case("debugging.assert_greater_equal", M, M),
    Case("debugging.assert_less", N, N + 1),
    Case("debugging.assert_less_equal", N, N),
    Case("debugging.assert_near", X, X + 1e-7),
    Case("debugging.assert_positive", M),
    Case("debugging.assert_negative", -M),
    Case("debugging.assert_non_negative", M),
    Case("debugging.assert_non_positive", -M),
    Case("debugging.assert_rank", X, 2),
    Case("debugging.assert_rank_in", X, [1, 2]),
    Case("debugging.assert_rank_at_least", X, 1),
    Case("debugging.assert_integer", N),
    Case("debugging.assert_type", X, "float32"),
    Case("debugging.assert_scalar", floats()),
    Case("debugging.check_numerics", X, "fine"),
    Case("Assert", True, [X]),
]


@pytest.mark.parametrize("case", HOLDING, ids=kind_for)
def test_an_assertion_that_holds_is_silent(case: Case) -> None:
    for framework in (real, tf):
        of(framework, case.name)(*convert(framework, case.args, []), **convert(framework, case.kwargs, []))


NESTS = [[1, (2, {"b": 3, "a": [4, 5]})], {"z": 1, "a": (2,)}, 7, [], [[[1]]], (None, 2)]


@pytest.mark.parametrize("structure", NESTS, ids=repr)
def test_nests_are_taken_apart_and_put_together_alike(structure: Any) -> None:
    assert tf.nest.flatten(structure) == real.nest.flatten(structure)
    assert tf.nest.is_nested(structure) == real.nest.is_nested(structure)

    def name(leaf: Any) -> str:
        return f"<{leaf}>"

    assert tf.nest.map_structure(name, structure) == real.nest.map_structure(name, structure)
    leaves = list(range(len(real.nest.flatten(structure))))
    assert tf.nest.pack_sequence_as(structure, leaves) == real.nest.pack_sequence_as(structure, leaves)


DRAWS = [
    Case("random.normal", [200, 50], mean=1.0, stddev=2.0),
    Case("random.truncated_normal", [200, 50]),
    Case("random.uniform", [200, 50], -1.0, 3.0),
    Case("random.uniform", [200, 50], 0, 10, dtype="int32"),
    Case("random.gamma", [200, 50], 2.0, 0.5),
    Case("random.poisson", [200, 50], 3.0),
    Case("random.categorical", np.log(np.array([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]], np.float32)), 5000),
    Case("random.shuffle", np.arange(1000, dtype=np.float32)),
    Case("random.stateless_normal", [200, 50], seed=[1, 2]),
    Case("random.stateless_uniform", [200, 50], seed=[1, 2], minval=2.0, maxval=3.0),
    Case("random.stateless_truncated_normal", [200, 50], seed=[1, 2]),
    Case("random.stateless_gamma", [200, 50], seed=[1, 2], alpha=2.0),
    Case("random.stateless_poisson", [200, 50], seed=[1, 2], lam=3.0),
    Case("random.stateless_binomial", [200, 50], seed=[1, 2], counts=10.0, probs=0.3),
    Case("random.stateless_categorical", np.log(np.array([[0.1, 0.9]], np.float32)), 5000, seed=[1, 2]),
    Case("nn.dropout", np.ones((200, 50), np.float32), rate=0.3),
]


@pytest.mark.parametrize("case", DRAWS, ids=lambda case: case.label)
def test_draws_have_the_distribution_of_tensorflow(case: Case) -> None:
    results = []
    for framework in (real, tf):
        framework.random.set_seed(7)
        args, kwargs = convert(framework, case.args, []), convert(framework, case.kwargs, [])
        results.append(of(framework, case.name)(*args, **kwargs))
    theirs, ours = results
    assert ours.dtype.name == theirs.dtype.name and tuple(ours.shape) == tuple(theirs.shape)
    mine, wanted = np.asarray(ours, np.float64).ravel(), np.asarray(theirs, np.float64).ravel()
    spread = wanted.std()
    assert abs(mine.mean() - wanted.mean()) < 0.06 * spread
    assert abs(mine.std() - spread) < 0.05 * spread
    near = 0.1 * spread if theirs.dtype.is_floating else max(1.0, 0.1 * spread)
    levels = [0.1, 0.5, 0.9]
    np.testing.assert_allclose(np.quantile(mine, levels), np.quantile(wanted, levels), atol=near)


def test_a_seed_repeats_its_draws() -> None:
    found = []
    for _ in range(2):
        tf.random.set_seed(3)
        generator = tf.random.Generator.from_seed(5)
        found.append([
            tf.random.normal([3]).numpy(), tf.random.uniform([3], seed=4).numpy(), tf.random.uniform([3]).numpy(),
            generator.normal([3]).numpy(), generator.split(2)[1].uniform([3]).numpy(),
            tf.random.stateless_normal([3], seed=[1, 2]).numpy(),
        ])  # fmt: skip
    for first, second in zip(*found):
        np.testing.assert_array_equal(first, second)
    assert not np.allclose(found[0][0], found[0][2])


# Functions that other tests look at: assertions, control flow, what draws random numbers, factorisations up to signs.
ELSEWHERE = {
    "math": {"accumulate_n"},
    "linalg": {"eig", "eigh", "eigvals", "qr"},
    "nn": {  # tests/parity/test_tensorflow_windows.py
        "atrous_conv2d", "atrous_conv2d_transpose", "avg_pool", "avg_pool1d", "avg_pool2d", "avg_pool3d",
        "conv1d", "conv1d_transpose", "conv2d", "conv2d_transpose", "conv3d", "conv3d_transpose",
        "conv_transpose", "convolution", "depthwise_conv2d", "depthwise_conv2d_backprop_filter",
        "depthwise_conv2d_backprop_input", "dilation2d", "erosion2d", "max_pool", "max_pool1d", "max_pool2d",
        "max_pool3d", "max_pool_with_argmax", "pool", "separable_conv2d",
    },
    "bitwise": set(),
    "signal": {  # the last ones: tests/parity/test_tensorflow_signal.py
        "inverse_stft_window_fn", "rfft3d", "irfft3d", "fftnd", "ifftnd", "rfftnd", "irfftnd", "mdct", "inverse_mdct",
        "kaiser_bessel_derived_window", "linear_to_mel_weight_matrix", "mfccs_from_log_mel_spectrograms",
    },
    "random": {
        "Generator", "fold_in", "get_global_generator", "global_generator", "set_global_generator", "set_seed", "split",
    },
}  # fmt: skip


@pytest.mark.parametrize("door", ELSEWHERE)
def test_every_function_of_a_door_is_in_the_table(door: str) -> None:
    module = importlib.import_module(f"headwater.{door}")
    own = {
        name
        for name, value in vars(module).items()
        if isinstance(value, types.FunctionType) and not name.startswith("_") and name in dir(getattr(real, door))
    }
    tested = {case.name for case in (*CASES, *DRAWS, *REFUSED)}
    assert {name for name in own if f"{door}.{name}" not in tested} <= ELSEWHERE[door]


def test_factorisations_multiply_back() -> None:
    for name in ("qr", "eigh", "svd"):
        function = getattr(tf.linalg, name)
        theirs = getattr(real.linalg, name)(SPD)
        ours = function(tf.constant(SPD))
        assert [tuple(part.shape) for part in ours] == [tuple(part.shape) for part in theirs]
        if name == "qr":
            back = ours[0] @ ours[1]
        elif name == "eigh":
            back = ours[1] @ tf.linalg.diag(ours[0]) @ tf.linalg.adjoint(ours[1])
        else:
            back = ours[1] @ tf.linalg.diag(ours[0]) @ tf.linalg.adjoint(ours[2])
        np.testing.assert_allclose(back, SPD, atol=1e-4)
    values, vectors = tf.linalg.eig(tf.constant(SQUARE))
    assert values.dtype == "complex64"
    np.testing.assert_allclose(tf.cast(SQUARE, "complex64") @ vectors, vectors * values[:, None, :], atol=1e-4)
    np.testing.assert_allclose(np.sort(tf.linalg.eigvals(SQUARE)), np.sort(real.linalg.eigvals(SQUARE)), atol=1e-4)
