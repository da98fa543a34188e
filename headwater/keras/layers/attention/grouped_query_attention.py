"""GroupedQueryAttention: attention in which several heads of queries share one of keys and values."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError, ShapeError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.attention.head_attention import HeadAttention


class GroupedQueryAttention(HeadAttention):
    """Attention of projected queries to projected keys and values of fewer heads, and a projection of the result.

    Called on query (batch, queries, features) and value (batch, keys, features), and on keys if these are others.

    Args:
        head_dim: size of a head.
        num_query_heads: number of heads of queries.
        num_key_value_heads: number of heads of keys and values, which divides it.
        dropout: share of the weights that is set to 0 while training.
        use_bias: whether the projections have biases.
        sliding_window: how far away a key may be seen, less one; None for any distance.
        flash_attention: allowed for Keras's sake.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: of all projections.
        use_gate: whether the heads' results are multiplied by sigmoids of another projection of the query.
        seed: int that the choice of dropped weights follows from.
    Example:
        >>> x = np.ones((2, 5, 8), "float32")
        >>> GroupedQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)(x, x).shape
        TensorShape([2, 5, 8])

    Source: Ainslie et al. 2023, arXiv:2305.13245.
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            self._positive(head_dim, "head_dim"), dropout, use_bias, sliding_window, flash_attention,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint, use_gate, seed, **kwargs,
        )  # fmt: skip
        self.head_dim = head_dim
        self.num_query_heads = self._positive(num_query_heads, "num_query_heads")
        self.num_key_value_heads = self._positive(num_key_value_heads, "num_key_value_heads")
        if num_query_heads % num_key_value_heads:
            raise ArgumentError(
                f"GroupedQueryAttention: {num_query_heads} heads of queries can't share {num_key_value_heads} of keys "
                "evenly.",
                fix="choose num_key_value_heads so that it divides num_query_heads.",
            )
        self.num_repeats = num_query_heads // num_key_value_heads

    use_gate = property(lambda self: self._use_gate, doc="Whether the heads' results are gated.")
    sliding_window = property(lambda self: self._sliding_window, doc="How far away a key may be seen, less one.")

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        keys = (self.num_key_value_heads, self.head_dim)
        queries = (self.num_query_heads, self.head_dim)
        self._build_projections((query_shape, key_shape, value_shape), (queries, keys, keys))
        self._build_attention(4)
        self._output_dense = self._projection("attention_output", 4, 2, (query_shape[-1],))
        self._output_dense.build((None, None, *queries))

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The result (batch, queries, features); with `return_attention_scores` also the weights."""
        key = value if key is None else key
        mask = self._compute_attention_mask(
            query, value, query_mask=query_mask, value_mask=value_mask, key_mask=key_mask, attention_mask=attention_mask
        )
        gate = self._gate_dense(query) if self._use_gate else None
        key, value, query = self._key_dense(key), self._value_dense(value), self._query_dense(query)
        if return_attention_scores:
            key, value = (ops.repeat(each, self.num_repeats, axis=2) for each in (key, value))
        found, scores = self._attend(query, key, value, mask, training, return_attention_scores, use_causal_mask)
        found = self._output_dense(found if gate is None else ops.multiply(found, gate))
        return (found, scores) if return_attention_scores else found

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        """The shape of the query.

        Raises: ShapeError if the value has another number of features.
        """
        if query_shape[-1] != value_shape[-1]:
            raise ShapeError(
                f"GroupedQueryAttention: queries of shape {tuple(query_shape)} and values of shape "
                f"{tuple(value_shape)} differ in the last axis.",
                fix="give both the same features.",
            )
        return tuple(query_shape)

    def compute_output_spec(
        self, query: Any, value: Any, key: Any = None, query_mask: Any = None, value_mask: Any = None,
        key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False, training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:  # fmt: skip
        """Shapes and dtypes of what a call returns."""
        found = KerasTensor(self.compute_output_shape(query.shape, value.shape), dtype=self.compute_dtype)
        if not return_attention_scores:
            return found
        shape = (query.shape[0], self.num_query_heads, query.shape[1], value.shape[1])
        return found, KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "head_dim": self.head_dim,
            "num_query_heads": self.num_query_heads,
            "num_key_value_heads": self.num_key_value_heads,
        }
