"""What functions make of ragged arguments: by name those that look at rows, of the flat values those that do not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ShapeError, UnsupportedError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor import rearrangement as rows
from headwater.frontend.ragged_tensor import row_by_row
from headwater.frontend.ragged_tensor.broadcasting import elementwise
from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.frontend.ragged_tensor.reduction import REDUCTIONS, aggregate
from headwater.frontend.ragged_tensor.shape import DynamicRaggedShape
from headwater.frontend.ragged_tensor.spec import RaggedTensorSpec
from headwater.ops.convert import convert_to_tensor

# Modules whose functions compute each element on its own, and those of their functions that do not.
_ELEMENTWISE_MODULES = frozenset(
    f"headwater.ops.{name}" for name in ("elementary", "arithmetic", "comparison", "bitwise", "activations")
)
_NOT_ELEMENTWISE = frozenset(
    ("softmax", "log_softmax", "sparsemax", "glu", "allclose", "isin", "psnr", "view_as_complex", "view_as_real")
)
_OF_FLAT_VALUES = frozenset(("one_hot", "embedding_lookup"))  # add axes, or look up rows, for each value
_ELEMENTWISE_OTHERS = frozenset((
    "cast", "saturate_cast", "copy", "zeros_like", "ones_like", "full_like", "view", "bitcast", "complex", "digamma",
    "lgamma", "dropout", "sigmoid_cross_entropy_with_logits",
))  # fmt: skip


def answer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function gives for arguments of which at least one is ragged.

    Raises: UnsupportedError if it takes no ragged tensors.
    """
    name = function.__name__.removeprefix("reduce_")
    if "input_tensor" in kwargs:
        kwargs = dict(kwargs)
        args = (kwargs.pop("input_tensor"), *args)
    if getattr(function, "__headwater_elementwise__", False):
        return elementwise(function, args, kwargs)
    by_row = row_by_row.ANSWERS.get(name)
    if by_row is not None:
        return by_row(function, *args, **kwargs)
    own = _ANSWERS.get(name)
    if own is not None:
        return own(*args, **kwargs)
    if name in _ELEMENTWISE_OTHERS or (function.__module__ in _ELEMENTWISE_MODULES and name not in _NOT_ELEMENTWISE):
        return elementwise(function, args, kwargs)
    if name in _OF_FLAT_VALUES:
        return map_flat_values(function, *args, **kwargs)
    raise UnsupportedError(
        f"{name} takes no ragged tensors.", fix="pad it with to_tensor(), or use tf.ragged.map_flat_values."
    )


def map_flat_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function makes of the flat values of ragged arguments, in the same rows.

    Args:
        op: called with each RaggedTensor replaced by its flat values.
        args, kwargs: its arguments.
    Raises: ShapeError if the rows of several ragged arguments differ.
    Example:
        >>> map_flat_values(tf.square, tf.ragged.constant([[1, 2], [3]]))
        <tf.RaggedTensor [[1, 4], [9]]>
    """
    ragged = [value for value in (*args, *kwargs.values()) if isinstance(value, RaggedTensor)]
    if not ragged:
        return op(*args, **kwargs)
    _require_same_rows(ragged)
    found = op(*map(_flat, args), **{key: _flat(value) for key, value in kwargs.items()})
    return ragged[0].with_flat_values(found)


def _require_same_rows(ragged: Sequence[RaggedTensor]) -> None:
    first = ragged[0].partitions
    for other in ragged[1:]:
        theirs = other.partitions
        if len(theirs) != len(first) or not all(a.equals(b) for a, b in zip(first, theirs)):
            raise ShapeError("map_flat_values: the rows of the arguments differ.", fix="give arguments of equal rows.")


def _flat(value: Any) -> Any:
    return value.flat_values if isinstance(value, RaggedTensor) else value


def _where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    if x is None and y is None:
        return rows.places_where(condition)
    return elementwise(ops.where, (condition, x, y), {})


def _squeeze(input: RaggedTensor, axis: Any = None, name: str | None = None) -> Any:
    return rows.squeeze(input, axis)


def _expand_dims(input: RaggedTensor, axis: Any, name: str | None = None) -> Any:
    return rows.expand_dims(input, axis)


def _gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: int = 0,
    name: str | None = None,
) -> Any:
    return rows.gather(params, indices, axis, batch_dims)


def _take(x: Any, indices: Any, axis: Any = None, mode: str = "raise") -> Any:
    return rows.gather(x, indices, 0 if axis is None else axis)


def _gather_nd(params: Any, indices: Any, batch_dims: int = 0, name: Any = None, bad_indices_policy: str = "") -> Any:
    return rows.gather_nd(params, indices, int(batch_dims))


def _boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: str | None = None) -> Any:
    if axis not in (None, 0):
        raise UnsupportedError("boolean_mask of a ragged tensor along an inner axis.", fix="leave axis at None.")
    return rows.boolean_mask(tensor, mask)


def _tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    return rows.tile(input, multiples)


def _reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    return rows.reverse(tensor, axis)


def _concat(values: Any, axis: Any = 0, name: str | None = None) -> Any:
    return rows.concatenate(values if isinstance(values, (list, tuple)) else [values], axis)


def _stack(values: Any, axis: Any = 0, name: str | None = None) -> Any:
    return rows.stack(values, axis)


def _split(value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str | None = None) -> Any:
    return rows.split(value, num_or_size_splits, axis)


def _size(input: RaggedTensor, out_type: Any = None, name: str | None = None) -> Any:
    return convert_to_tensor(input.flat_values.spec.size, as_dtype(out_type or "int32"))


def _rank(input: RaggedTensor, name: str | None = None) -> Any:
    return convert_to_tensor(input.ndim, as_dtype("int32"))


def _shape(input: RaggedTensor, out_type: Any = None, name: str | None = None) -> DynamicRaggedShape:
    return DynamicRaggedShape.from_tensor(input, out_type or "int32")


def _add_n(inputs: Any, name: str | None = None) -> Any:
    return functools.reduce(ops.add, inputs)


def _segment(kind: str) -> Callable[..., Any]:
    def aggregated(data: Any, segment_ids: Any, num_segments: Any = None, **options: Any) -> Any:
        if isinstance(segment_ids, RaggedTensor):  # a segment for each value
            data, segment_ids = rows.as_ragged(data, segment_ids.ragged_rank).flat_values, segment_ids.flat_values
        segments = host_array(segment_ids, "segment_ids")
        count = int(num_segments) if num_segments is not None else int(segments.max(initial=-1)) + 1
        return aggregate(kind, data, segments, count)

    return aggregated


def _map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: Any = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """What `fn` makes of each row, as one tensor; a ragged one where the results differ in length, or the signature
    says so."""
    many = isinstance(elems, (list, tuple))
    given = list(zip(*elems)) if many else list(elems)
    results = [fn(type(elems)(item)) if many else fn(item) for item in given]
    signature = fn_output_signature if fn_output_signature is not None else dtype
    if results and isinstance(results[0], (list, tuple)):
        signatures = signature if isinstance(signature, (list, tuple)) else [signature] * len(results[0])
        return type(results[0])(_together(list(part), s) for part, s in zip(zip(*results), signatures))
    return _together(results, signature)


def _together(results: list[Any], signature: Any) -> Any:
    results = [value if isinstance(value, RaggedTensor) else convert_to_tensor(value) for value in results]
    if isinstance(signature, RaggedTensorSpec) or any(isinstance(value, RaggedTensor) for value in results):
        return rows.stack(results)
    if not results:
        return convert_to_tensor(np.zeros(0, as_dtype(signature or "float32").numpy))
    if len({tuple(value.spec.shape) for value in results}) > 1:
        raise ShapeError(
            "map_fn: the results have different shapes.", fix="pass fn_output_signature=tf.RaggedTensorSpec(...)."
        )
    return ops.stack(results)


_ANSWERS: dict[str, Callable[..., Any]] = {
    **REDUCTIONS,
    "where": _where, "squeeze": _squeeze, "expand_dims": _expand_dims, "gather": _gather,
    "take": _take, "gather_nd": _gather_nd, "boolean_mask": _boolean_mask, "tile": _tile, "reverse": _reverse,
    "flip": _reverse, "concatenate": _concat, "concat": _concat, "stack": _stack, "split": _split, "size": _size,
    "rank": _rank, "shape": _shape, "map_fn": _map_fn, "add_n": _add_n,
    **{f"segment_{kind}": _segment(kind) for kind in ("sum", "prod", "max", "min")},
}  # fmt: skip
