"""Headwater: a deep-learning framework with TensorFlow's low-level API, Keras's high-level one, and a native core.

    import headwater as tf
    from headwater import keras

A name is loaded with its module on first use, so that the import itself costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

newaxis = None

_MODULES = (
    "arrays", "backends", "bitwise", "config", "control", "debugging", "dtypes", "errors", "keras", "linalg", "math", "nest",
    "nn", "ops", "random", "signal",
    "testing", "tree",
)  # fmt: skip
_DTYPES = (
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "bfloat16", "float32",
    "float64", "complex64",
    "complex128", "string", "as_dtype",
)  # fmt: skip
# The names at the top level, by the module that has them; "name=other" gives a name to what the module calls otherwise.
_NAMES = {
    "headwater.dtypes": (*_DTYPES, "DType", "bool=bool_", "half=float16", "double=float64"),
    "headwater.frontend.tensor": ("Tensor",),
    "headwater.frontend.tensor_shape": ("TensorShape",),
    "headwater.frontend.tensor_spec": ("TensorSpec",),
    "headwater.frontend.variable": ("Variable",),
    "headwater.frontend.tape": ("GradientTape", "UnconnectedGradients"),
    "headwater.frontend.function": ("function",),
    "headwater.frontend.module": ("Module",),
    "headwater.frontend.tracing": ("init_scope",),
    "headwater.ops.convert": ("convert_to_tensor", "is_tensor"),
    "headwater.arrays": (
        "argsort", "bitcast", "boolean_mask", "broadcast_dynamic_shape", "broadcast_static_shape", "broadcast_to",
        "cast", "clip_by_global_norm",
        "clip_by_norm", "clip_by_value", "complex", "concat", "constant", "dynamic_partition", "dynamic_stitch", "ensure_shape",
        "expand_dims", "eye", "fill",
        "gather", "gather_nd", "histogram_fixed_width", "guarantee_const", "histogram_fixed_width_bins", "identity", "identity_n", "linspace",
        "meshgrid", "one_hot", "ones",
        "ones_like", "pad", "range", "rank", "repeat", "reshape", "reverse", "reverse_sequence", "roll", "saturate_cast", "scatter_nd",
        "searchsorted",
        "sequence_mask", "shape", "shape_n", "size", "slice=slice_", "sort", "split", "squeeze", "stack",
        "strided_slice",
        "tensor_scatter_nd_add", "tensor_scatter_nd_max", "tensor_scatter_nd_min", "tensor_scatter_nd_sub",
        "tensor_scatter_nd_update", "tile",
        "transpose", "unique", "unique_with_counts", "unravel_index", "unstack", "where", "zeros", "zeros_like",
    ),
    "headwater.control": (
        "Assert=assert_", "case", "cond", "control_dependencies", "custom_gradient", "device", "executing_eagerly",
        "foldl", "foldr",
        "get_static_value", "grad_pass_through", "group", "inside_function", "map_fn", "name_scope", "no_op",
        "numpy_function", "print=print_",
        "py_function", "recompute_grad", "scan", "stop_gradient", "switch_case", "timestamp", "tuple=tuple_",
        "vectorized_map", "while_loop",
    ),
    "headwater.debugging": ("assert_equal", "assert_greater", "assert_less", "assert_rank"),
    "headwater.linalg": ("eig", "eigvals", "einsum", "matmul", "norm", "tensordot"),
    "headwater.math": (
        "abs", "acos", "acosh", "add", "add_n", "argmax", "argmin", "asin", "asinh", "atan", "atan2", "atanh",
        "ceil=ceil", "cos", "cosh", "cumsum",
        "divide", "equal", "exp", "floor", "greater", "greater_equal", "less", "less_equal", "logical_and",
        "logical_not", "logical_or", "maximum",
        "minimum", "multiply", "negative", "not_equal", "pow", "reduce_all", "reduce_any", "reduce_logsumexp",
        "reduce_max", "reduce_mean",
        "reduce_min", "reduce_prod", "reduce_sum", "round", "scalar_mul", "sigmoid", "sign", "sin", "sinh", "sqrt",
        "square", "subtract", "tan",
        "tanh", "truediv",
    ),
}  # fmt: skip
_TABLE = {
    name.partition("=")[0]: (module, name.rpartition("=")[2]) for module, names in _NAMES.items() for name in names
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"headwater.{name}")
    if name not in _TABLE:
        raise AttributeError(f"module 'headwater' has no attribute {name!r}")
    module, own_name = _TABLE[name]
    value = getattr(importlib.import_module(module), own_name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted((*globals(), *_MODULES, *_TABLE))
