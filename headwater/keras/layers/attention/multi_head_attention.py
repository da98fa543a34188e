"""MultiHeadAttention: attention of several heads, each with projections of its own."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.attention.head_attention import HeadAttention


class MultiHeadAttention(HeadAttention):
    """Attention of projected queries to projected keys and values, by heads, and a projection of the result.

    Called on query (batch, queries, features) and value (batch, keys, features), and on keys if these are others.
    Attention over one axis never keeps the weights in memory, unless they are asked for.

    Args:
        num_heads: number of heads.
        key_dim: size of a head's queries and keys.
        value_dim: size of a head's values; key_dim, if not given.
        dropout: share of the weights that is set to 0 while training.
        use_bias: whether the projections have biases.
        output_shape: sizes of the result behind its positions; those of the query, if not given.
        attention_axes: axes of positions, where there are several; all, if not given.
        sliding_window: how far away a key may be seen, less one; None for any distance.
        flash_attention: allowed for Keras's sake.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: of all projections.
        use_gate: whether the heads' results are multiplied by sigmoids of another projection of the query.
        seed: int that the choice of dropped weights follows from.
    Example:
        >>> x = np.ones((2, 5, 8), "float32")
        >>> MultiHeadAttention(num_heads=2, key_dim=4)(x, x, use_causal_mask=True).shape
        TensorShape([2, 5, 8])

    Source: Vaswani et al. 2017, arXiv:1706.03762.
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
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
            self._positive(key_dim, "key_dim"), dropout, use_bias, sliding_window, flash_attention,
            kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint, use_gate, seed, **kwargs,
        )  # fmt: skip
        self._num_heads, self._key_dim = self._positive(num_heads, "num_heads"), key_dim
        self._value_dim = key_dim if value_dim is None else self._positive(value_dim, "value_dim")
        if isinstance(output_shape, int):
            output_shape = (output_shape,)
        if output_shape and not isinstance(output_shape, (list, tuple)):
            raise ArgumentError(f"MultiHeadAttention: output_shape={output_shape!r}.", fix="pass an int or a tuple.")
        self._output_shape = tuple(output_shape) if output_shape else None
        if isinstance(attention_axes, int):
            attention_axes = (attention_axes,)
        if attention_axes and not isinstance(attention_axes, (list, tuple)):
            raise ArgumentError(f"MultiHeadAttention: attention_axes={attention_axes!r}.", fix="pass an int or a list.")
        self._attention_axes = tuple(attention_axes) if attention_axes else None

    num_heads = property(lambda self: self._num_heads, doc="Number of heads.")
    key_dim = property(lambda self: self._key_dim, doc="Size of a head's queries and keys.")
    value_dim = property(lambda self: self._value_dim, doc="Size of a head's values.")
    attention_axes = property(lambda self: self._attention_axes, doc="Axes of positions.")
    query_dense = property(lambda self: self._query_dense, doc="The projection of queries.")
    key_dense = property(lambda self: self._key_dense, doc="The projection of keys.")
    value_dense = property(lambda self: self._value_dense, doc="The projection of values.")
    output_dense = property(lambda self: self._output_dense, doc="The projection of the result.")

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Make the projections."""
        key_shape = value_shape if key_shape is None else key_shape
        heads = self._num_heads
        sizes = ((heads, self._key_dim), (heads, self._key_dim), (heads, self._value_dim))
        self._build_projections((query_shape, key_shape, value_shape), sizes)
        self._build_attention(len(value_shape) + 1)
        output = self._output_shape or (query_shape[-1],)
        self._output_dense = self._projection("attention_output", len(query_shape) + 1, 2, output)
        self._output_dense.build((*query_shape[:-1], heads, self._value_dim))

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
        # As in Keras, the mask of the queries is the one that they carry.
        query_mask = getattr(query, "_keras_mask", None)
        # A subclass may want to see the mask; ours need not be as large as the scores to know what is causal.
        own = type(self)._compute_attention is MultiHeadAttention._compute_attention
        mask = self._compute_attention_mask(
            query, value, query_mask=query_mask, value_mask=value_mask, key_mask=key_mask,
            attention_mask=attention_mask, use_causal_mask=use_causal_mask and not own,
        )  # fmt: skip
        gate = self._gate_dense(query) if self._use_gate else None
        found, scores = self._compute_attention(
            self._query_dense(query), self._key_dense(key), self._value_dense(value), mask, training,
            return_attention_scores, **({"use_causal_mask": True} if use_causal_mask and own else {}),
        )  # fmt: skip
        found = self._output_dense(found if gate is None else ops.multiply(found, gate))
        return (found, scores) if return_attention_scores else found

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[Any, Any]:
        """Averages of projected values, and their weights if asked for (else None)."""
        return self._attend(query, key, value, attention_mask, training, return_attention_scores, use_causal_mask)

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> Any:
        """The shape of the query, with the sizes of `output_shape` behind its positions."""
        query_shape = tuple(query_shape)
        return (*query_shape[:-1], *self._output_shape) if self._output_shape else query_shape

    def compute_output_spec(
        self, query: Any, value: Any, key: Any = None, query_mask: Any = None, value_mask: Any = None,
        key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False, training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:  # fmt: skip
        """Shapes and dtypes of what a call returns."""
        found = KerasTensor(self.compute_output_shape(query.shape, value.shape), dtype=self.compute_dtype)
        if not return_attention_scores:
            return found
        shape = (query.shape[0], self._num_heads, query.shape[1], value.shape[1])
        return found, KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "num_heads": self._num_heads,
            "key_dim": self._key_dim,
            "value_dim": self._value_dim,
            "output_shape": self._output_shape,
            "attention_axes": self._attention_axes,
        }
