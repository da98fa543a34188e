"""Rows of a table by sparse numbers, combined row by row: what `tf.nn` has of sparse tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError
from headwater.frontend.host_values import host_array
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.sparse_functions import picked
from headwater.frontend.sparse_tensor import SparseTensor
from headwater.ops.convert import convert_to_tensor
from headwater.sparse.rearrangement import fill_empty_rows


def _table(params: Any) -> Any:
    return convert_to_tensor(params[0] if isinstance(params, (list, tuple)) and len(params) == 1 else params)


def embedding_lookup_sparse(
    params: Any,
    sp_ids: Any,
    sp_weights: Any,
    combiner: str | None = None,
    max_norm: float | None = None,
    name: str | None = None,
    allow_fast_lookup: bool = False,
) -> Any:
    """For each row of numbers the rows of a table that they name, combined.

    Args:
        params: the table, (numbers, ...).
        sp_ids: numbers, a sparse or ragged tensor of two axes; each row has at least one.
        sp_weights: what each counts, like `sp_ids`; None for 1 each.
        combiner: "sum", "mean" (the default: over the sum of weights) or "sqrtn" (over the root of the sum of squares).
        max_norm: scale rows of the table down to this length where they are longer.
    Returns: (rows, ...).
    Raises: ArgumentError for another combiner.
    """
    combiner = combiner or "mean"
    if combiner not in ("sum", "mean", "sqrtn"):
        raise ArgumentError(f"combiner {combiner!r}.", fix="use 'sum', 'mean' or 'sqrtn'.")
    rows, numbers = _rows_and_values(sp_ids)
    count = int(rows.max(initial=-1)) + 1
    found = _bounded(ops.take(_table(params), numbers, axis=0), max_norm)
    if sp_weights is None:
        weights = ops.ones((len(rows),), found.spec.dtype)
    else:
        weights = ops.cast(_rows_and_values(sp_weights)[1], found.spec.dtype)
    total = ops.segment_sum(ops.multiply(found, _spread(weights, found)), rows, num_segments=count)
    if combiner == "sum":
        return total
    sizes = ops.segment_sum(weights if combiner == "mean" else ops.square(weights), rows, num_segments=count)
    return ops.divide_no_nan(total, _spread(sizes if combiner == "mean" else ops.sqrt(sizes), total))


def _rows_and_values(x: Any) -> tuple[np.ndarray, Any]:
    if isinstance(x, SparseTensor):
        return x.host_indices()[:, 0], x.values
    if isinstance(x, RaggedTensor):
        return x.partition.rowids, x.flat_values
    raise ArgumentError(
        "embedding_lookup_sparse of a dense tensor.", fix="use tf.nn.embedding_lookup, or make it sparse."
    )


def _spread(weights: Any, rows: Any) -> Any:
    return ops.reshape(weights, (weights.spec.shape[0], *(1,) * (rows.spec.ndim - 1)))


def _bounded(rows: Any, max_norm: float | None) -> Any:
    if max_norm is None:
        return rows
    norms = ops.sqrt(ops.sum(ops.square(rows), axis=tuple(range(1, rows.spec.ndim)), keepdims=True))
    return ops.multiply(rows, ops.divide(max_norm, ops.maximum(norms, max_norm)))


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: SparseTensor,
    sparse_weights: SparseTensor | None = None,
    combiner: str = "mean",
    default_id: int | None = None,
    max_norm: float | None = None,
    name: str | None = None,
    allow_fast_lookup: bool = False,
) -> Any:
    """`embedding_lookup_sparse` for rows that may be empty, or hold negative numbers or weights of 0 and less, which do
    not count.

    Args:
        embedding_weights: the table, (numbers, ...).
        sparse_ids, sparse_weights: numbers and weights, of two axes or more: the last one is combined.
        combiner: as above.
        default_id: the number that an empty row gets; without one it gives zeros.
        max_norm: as above.
    Returns: (rows, ...).
    """
    lead, ids = sparse_ids.static_shape[:-1], sparse_ids
    if len(lead) > 1:
        from headwater.sparse.rearrangement import reshape

        flat = [int(np.prod(lead)), sparse_ids.static_shape[-1]]
        ids = reshape(ids, flat)
        sparse_weights = None if sparse_weights is None else reshape(sparse_weights, flat)
    kept = host_array(ids.values) >= 0
    if sparse_weights is not None and combiner != "sum":
        kept &= host_array(sparse_weights.values) > 0
    chosen = np.flatnonzero(kept)
    ids, empty = fill_empty_rows(picked(ids, chosen), default_id or 0)
    weights = None if sparse_weights is None else fill_empty_rows(picked(sparse_weights, chosen), 1)[0]
    found = embedding_lookup_sparse(embedding_weights, ids, weights, combiner, max_norm)
    if default_id is None:
        shown = ops.reshape(ops.logical_not(empty), (found.spec.shape[0], *(1,) * (found.spec.ndim - 1)))
        found = ops.where(shown, found, ops.zeros_like(found))
    return found if len(lead) == 1 else ops.reshape(found, (*lead, *found.spec.shape[1:]))
