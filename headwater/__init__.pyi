"""The names at the top level, for editors and type checkers; tests/frontend/test_names.py holds it equal to the
table in __init__.py."""

# ruff: noqa: I001
# fmt: off
from typing import Any

from headwater import (
    arrays as arrays, audio as audio, autodiff as autodiff, backends as backends, bitwise as bitwise,
    config as config, control as control, data as data, datasets as datasets, debugging as debugging,
    dtypes as dtypes, errors as errors, image as image, io as io, keras as keras, linalg as linalg,
    lookup as lookup, math as math, nest as nest, nn as nn, ops as ops, ragged as ragged, random as random,
    sets as sets, signal as signal, sparse as sparse, strings as strings, summary as summary, test as test,
    testing as testing, train as train, tree as tree, version as version,
)
from headwater.arrays import (
    slice_ as _slice, argsort as argsort, bitcast as bitcast, boolean_mask as boolean_mask,
    broadcast_dynamic_shape as broadcast_dynamic_shape, broadcast_static_shape as broadcast_static_shape,
    broadcast_to as broadcast_to, cast as cast, clip_by_global_norm as clip_by_global_norm,
    clip_by_norm as clip_by_norm, clip_by_value as clip_by_value, complex as complex, concat as concat,
    constant as constant, dynamic_partition as dynamic_partition, dynamic_stitch as dynamic_stitch,
    ensure_shape as ensure_shape, expand_dims as expand_dims, eye as eye, fill as fill, gather as gather,
    gather_nd as gather_nd, guarantee_const as guarantee_const, histogram_fixed_width as histogram_fixed_width,
    histogram_fixed_width_bins as histogram_fixed_width_bins, identity as identity, identity_n as identity_n,
    is_tensor as is_tensor, linspace as linspace, meshgrid as meshgrid, one_hot as one_hot, ones as ones,
    ones_like as ones_like, pad as pad, range as range, rank as rank, repeat as repeat, reshape as reshape,
    reverse as reverse, reverse_sequence as reverse_sequence, roll as roll, saturate_cast as saturate_cast,
    scatter_nd as scatter_nd, searchsorted as searchsorted, sequence_mask as sequence_mask, shape as shape,
    shape_n as shape_n, size as size, sort as sort, split as split, squeeze as squeeze, stack as stack,
    strided_slice as strided_slice, tensor_scatter_nd_add as tensor_scatter_nd_add,
    tensor_scatter_nd_max as tensor_scatter_nd_max, tensor_scatter_nd_min as tensor_scatter_nd_min,
    tensor_scatter_nd_sub as tensor_scatter_nd_sub, tensor_scatter_nd_update as tensor_scatter_nd_update,
    tile as tile, transpose as transpose, unique as unique, unique_with_counts as unique_with_counts,
    unravel_index as unravel_index, unstack as unstack, where as where, zeros as zeros, zeros_like as zeros_like,
)
from headwater.control import (
    assert_ as _Assert, print_ as _print, tuple_ as _tuple, case as case, cond as cond,
    control_dependencies as control_dependencies, custom_gradient as custom_gradient, device as device,
    executing_eagerly as executing_eagerly, foldl as foldl, foldr as foldr, get_static_value as get_static_value,
    grad_pass_through as grad_pass_through, group as group, inside_function as inside_function, map_fn as map_fn,
    name_scope as name_scope, no_op as no_op, numpy_function as numpy_function, py_function as py_function,
    recompute_grad as recompute_grad, scan as scan, stop_gradient as stop_gradient, switch_case as switch_case,
    timestamp as timestamp, vectorized_map as vectorized_map, while_loop as while_loop,
)
from headwater.data.specs import (
    NoneTensorSpec as NoneTensorSpec, OptionalSpec as OptionalSpec,
)
from headwater.debugging import (
    assert_equal as assert_equal, assert_greater as assert_greater, assert_less as assert_less,
    assert_rank as assert_rank,
)
from headwater.dtypes import (
    DType as DType, bool_ as _bool, float64 as _double, float16 as _half, as_dtype as as_dtype,
    bfloat16 as bfloat16, complex128 as complex128, complex64 as complex64, float16 as float16, float32 as float32,
    float64 as float64, int16 as int16, int32 as int32, int64 as int64, int8 as int8, string as string,
    uint16 as uint16, uint32 as uint32, uint64 as uint64, uint8 as uint8,
)
from headwater.frontend import (
    autograph as autograph,
)
from headwater.frontend.function import (
    function as function,
)
from headwater.frontend.indexed_slices import (
    IndexedSlices as IndexedSlices,
)
from headwater.frontend.module import (
    Module as Module,
)
from headwater.frontend.ragged_tensor import (
    RaggedTensor as RaggedTensor, RaggedTensorSpec as RaggedTensorSpec,
)
from headwater.frontend.sparse_tensor import (
    SparseTensor as SparseTensor, SparseTensorSpec as SparseTensorSpec,
)
from headwater.frontend.tape import (
    GradientTape as GradientTape, UnconnectedGradients as UnconnectedGradients, gradients as gradients,
    hessians as hessians,
)
from headwater.frontend.tensor import (
    Tensor as Tensor,
)
from headwater.frontend.tensor_array import (
    TensorArray as TensorArray,
)
from headwater.frontend.tensor_shape import (
    TensorShape as TensorShape,
)
from headwater.frontend.tensor_spec import (
    TensorSpec as TensorSpec,
)
from headwater.frontend.tracing import (
    init_scope as init_scope,
)
from headwater.frontend.variable import (
    Variable as Variable, VariableAggregation as VariableAggregation,
    VariableSynchronization as VariableSynchronization,
)
from headwater.keras import (
    initializers as initializers,
    losses as losses,
    metrics as metrics,
    optimizers as optimizers,
)
from headwater.keras.initializers import (
    constant as _constant_initializer, ones as _ones_initializer, random_normal as _random_normal_initializer,
    random_uniform as _random_uniform_initializer, zeros as _zeros_initializer,
)
from headwater.linalg import (
    eig as eig, eigvals as eigvals, einsum as einsum, matmul as matmul, norm as norm, tensordot as tensordot,
)
from headwater.math import (
    abs as abs, acos as acos, acosh as acosh, add as add, add_n as add_n, argmax as argmax, argmin as argmin,
    asin as asin, asinh as asinh, atan as atan, atan2 as atan2, atanh as atanh, ceil as ceil, cos as cos,
    cosh as cosh, cumsum as cumsum, divide as divide, equal as equal, exp as exp, floor as floor,
    greater as greater, greater_equal as greater_equal, less as less, less_equal as less_equal,
    logical_and as logical_and, logical_not as logical_not, logical_or as logical_or, maximum as maximum,
    minimum as minimum, multiply as multiply, negative as negative, not_equal as not_equal, pow as pow,
    reduce_all as reduce_all, reduce_any as reduce_any, reduce_logsumexp as reduce_logsumexp,
    reduce_max as reduce_max, reduce_mean as reduce_mean, reduce_min as reduce_min, reduce_prod as reduce_prod,
    reduce_sum as reduce_sum, round as round, scalar_mul as scalar_mul, sigmoid as sigmoid, sign as sign,
    sin as sin, sinh as sinh, sqrt as sqrt, square as square, subtract as subtract, tan as tan, tanh as tanh,
    truediv as truediv,
)
from headwater.ops.convert import (
    convert_to_tensor as convert_to_tensor,
)
from headwater.strings.hashing import (
    fingerprint as fingerprint,
)

Assert = _Assert
bool = _bool
constant_initializer = _constant_initializer
double = _double
half = _half
ones_initializer = _ones_initializer
print = _print
random_normal_initializer = _random_normal_initializer
random_uniform_initializer = _random_uniform_initializer
slice = _slice
tuple = _tuple
zeros_initializer = _zeros_initializer

__version__: str
newaxis: None
experimental: Any
