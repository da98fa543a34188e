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
    "arrays", "audio", "backends", "bitwise", "autodiff", "config", "control", "data", "datasets", "debugging",
    "dtypes", "errors",
    "image", "io", "keras",
    "linalg", "lookup", "math", "nest",
    "nn", "ops", "ragged", "random", "sets", "signal", "sparse", "strings", "summary",
    "test", "testing", "train", "tree", "version",
)  # fmt: skip
_DTYPES = (
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "bfloat16", "float32",
    "float64", "complex64",
    "complex128", "string", "as_dtype",
)  # fmt: skip
# The names at the top level, by the module that has them; "name=other" gives a name to what the module calls otherwise.
_NAMES = {
    "headwater.data.specs": ("NoneTensorSpec", "OptionalSpec"),
    "headwater.dtypes": (*_DTYPES, "DType", "bool=bool_", "half=float16", "double=float64"),
    "headwater.frontend.tensor": ("Tensor",),
    "headwater.frontend.ragged_tensor": ("RaggedTensor", "RaggedTensorSpec"),
    "headwater.frontend.sparse_tensor": ("SparseTensor", "SparseTensorSpec"),
    "headwater.frontend.indexed_slices": ("IndexedSlices",),
    "headwater.frontend.tensor_array": ("TensorArray",),
    "headwater.frontend.tensor_shape": ("TensorShape",),
    "headwater.frontend.tensor_spec": ("TensorSpec",),
    "headwater.frontend.variable": ("Variable", "VariableAggregation", "VariableSynchronization"),
    "headwater.frontend.tape": ("GradientTape", "UnconnectedGradients", "gradients", "hessians"),
    "headwater.frontend.function": ("function",),
    "headwater.frontend.module": ("Module",),
    "headwater.frontend.tracing": ("init_scope",),
    "headwater.ops.convert": ("convert_to_tensor",),
    "headwater.arrays": (
        "argsort", "bitcast", "boolean_mask", "broadcast_dynamic_shape", "broadcast_static_shape", "broadcast_to",
        "cast", "clip_by_global_norm",
        "clip_by_norm", "clip_by_value", "complex", "concat", "constant", "dynamic_partition", "dynamic_stitch",
        "ensure_shape",
        "expand_dims", "eye", "fill",
        "gather", "gather_nd", "histogram_fixed_width", "is_tensor", "guarantee_const", "histogram_fixed_width_bins",
        "identity", "identity_n", "linspace",
        "meshgrid", "one_hot", "ones",
        "ones_like", "pad", "range", "rank", "repeat", "reshape", "reverse", "reverse_sequence", "roll",
        "saturate_cast", "scatter_nd",
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
    "headwater.keras.initializers": (
        "constant_initializer=constant", "ones_initializer=ones", "random_normal_initializer=random_normal",
        "random_uniform_initializer=random_uniform", "zeros_initializer=zeros",
    ),
    "headwater.strings.hashing": ("fingerprint",),
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
# Modules that lie elsewhere than their name says.
_ELSEWHERE = {
    "autograph": "headwater.frontend.autograph",
    **{name: f"headwater.keras.{name}" for name in ("initializers", "losses", "metrics", "optimizers")},
}
# Doors and classes of TensorFlow that later versions will serve, each with what there is in its place today.
_NOT_YET = {
    "compat": "use the names of TensorFlow 2",
    "distribute": "run on one machine",
    "estimator": "use keras",
    "feature_column": "use keras.layers",
    "graph_util": "use tf.function",
    "lite": "save a .keras file",
    "mlir": "see headwater.backends",
    "profiler": "see docs/guides/environment.md",
    "queue": "use Python's queue",
    "quantization": "use float16 or bfloat16",
    "raw_ops": "use the public names",
    "saved_model": "use model.save('model.keras'), or tf.train.Checkpoint",
    "sysconfig": "see headwater.config",
    "tpu": "run on the CPU",
    "types": "use Any",
    "xla": "every tf.function is compiled",
}
_REFUSED = {
    "Graph": "write a tf.function",
    "Session": "call functions: everything runs at once",
    "Operation": "write a tf.function",
    "placeholder": "use the arguments of a tf.function",
    "global_variables_initializer": "variables have their values from the start",
    "get_variable": "use tf.Variable",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"headwater.{name}")
    if name in _ELSEWHERE:
        return importlib.import_module(_ELSEWHERE[name])
    if name == "experimental":
        return _experimental()
    if name not in _TABLE:
        raise _unknown(name)
    module, own_name = _TABLE[name]
    value = getattr(importlib.import_module(module), own_name)
    globals()[name] = value
    return value


def _unknown(name: str) -> AttributeError:
    """What to raise for a name that is not served."""
    if name in _NOT_YET or name in _REFUSED:
        from headwater.errors import NotServedError

        when = "is not served yet" if name in _NOT_YET else "is of TensorFlow 1 and is not served"
        return NotServedError(f"tf.{name} {when}.", fix=f"{(_NOT_YET | _REFUSED)[name]}.", where="")
    if name.startswith("_"):
        return AttributeError(f"module 'headwater' has no attribute {name!r}")
    import difflib

    near = difflib.get_close_matches(name, __dir__(), 3)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return AttributeError(f"module 'headwater' has no attribute {name!r}{hint}")


def _experimental() -> Any:
    """`tf.experimental`: DLPack."""
    import types

    return types.SimpleNamespace(dlpack=importlib.import_module("headwater.frontend.interchange"))


def __dir__() -> list[str]:
    return sorted((*globals(), *_MODULES, *_ELSEWHERE, *_TABLE))
