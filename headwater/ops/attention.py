"""Attention of queries to keys, in one function."""

from __future__ import annotations

import math
from typing import Any

from headwater.errors import ArgumentError, ShapeError
from headwater.ops.convert import promote
from headwater.ops.operands import boolean, cast, inexact, reshape_to, tensor
from headwater.ops.symbolic import op
from headwater.primitives import attention as primitives
from headwater.primitives import elementwise


@op
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: Any = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
    *,
    dropout: float = 0.0,
    dropout_key: Any = None,
) -> Any:
    """Rows of `value`, averaged with weights softmax(scale * query . key + bias), in memory linear in the lengths.

    Args:
        query: floats (batch, queries, heads, depth).
        key: floats (batch, keys, groups, depth); as many heads of queries share each group.
        value: floats (batch, keys, groups, width).
        bias: floats that broadcast to (batch, heads, queries, keys), added to the logits; None for none.
        mask: bool that broadcasts to the same, True where a query may see a key; None where all may. A query that sees
            none weighs all alike.
        scale: number; 1 / sqrt(depth), if not given.
        is_causal: whether query t sees the keys up to number t alone.
        flash_attention: allowed for Keras's sake; the weights are never kept.
        attn_logits_soft_cap: c bends logits to c * tanh(logits / c); None leaves them.
        dropout: share of the weights that is set to 0 at random, the others being scaled up.
        dropout_key: uint32 (4,), from which the choice follows.
    Returns: floats (batch, queries, heads, width).
    Raises: ShapeError if the shapes do not fit; ArgumentError for dropout without a key.
    Example:
        >>> x = np.ones((1, 3, 2, 4), "float32")
        >>> dot_product_attention(x, x, x, is_causal=True).shape
        TensorShape([1, 3, 2, 4])

    Source: Vaswani et al. 2017, arXiv:1706.03762; Rabe and Staats 2021, arXiv:2112.05682.
    """
    q, k, v = promote(inexact(query), inexact(key), inexact(value))
    if scale is None:
        scale = 1 / math.sqrt(q.spec.shape[-1] or 1) if q.spec.ndim else 1.0
    elif not isinstance(scale, (int, float)):
        q, scale = elementwise.multiply(q, cast(tensor(scale), q.spec.dtype)), 1.0
    extras: dict[str, Any] = {}
    if bias is not None:
        extras["bias"] = _four_axes(cast(tensor(bias), q.spec.dtype), "bias")
    if mask is not None:
        extras["mask"] = _four_axes(boolean(mask), "mask")
    if dropout:
        if dropout_key is None:
            raise ArgumentError(f"dot_product_attention: dropout={dropout} without a key.", fix="give `dropout_key`.")
        extras["key"] = tensor(dropout_key)
    found, _, _ = primitives.attention(
        q, k, v, *extras.values(), extras_are=tuple(extras), causal=bool(is_causal), scale=float(scale),
        dropout=float(dropout), soft_cap=float(attn_logits_soft_cap or 0.0),
    )  # fmt: skip
    return found


def _four_axes(x: Any, what: str) -> Any:
    """A tensor with axes of size 1 in front, so that it has four."""
    if x.spec.ndim > 4:
        raise ShapeError(
            f"dot_product_attention: a {what} of shape {tuple(x.spec.shape)}.",
            fix="give it (batch, heads, queries, keys), or sizes of 1.",
        )
    return reshape_to(x, (*(1,) * (4 - x.spec.ndim), *x.spec.shape))
