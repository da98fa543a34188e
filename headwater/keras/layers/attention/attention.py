"""Attention: values, averaged with weights that say how well queries and keys agree."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras import random
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.regularization.dropout import checked_rate
from headwater.keras.random import SeedGenerator
from headwater.keras.random.seed_generator import draw_key


class Attention(Layer):
    """softmax(query . key) value, called on [query, value] or [query, value, key].

    query is (batch, queries, depth), value and key (batch, values, depth); key is value, if not given. `mask` is a list
    of a mask of the queries, where results are 0, and of the values, which are left out.

    Args:
        use_scale: whether scores are multiplied by a weight.
        score_mode: "dot" for query . key; "concat" for a weight times the sum of tanh(query + key).
        dropout: share of the weights that is set to 0 while training.
        seed: int that the choice follows from.
    Example:
        >>> x = np.ones((2, 5, 4), "float32")
        >>> Attention()([x, x]).shape
        TensorShape([2, 5, 4])

    Source: Luong, Pham and Manning 2015, arXiv:1508.04025.
    """

    def __init__(
        self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, seed: int | None = None,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ArgumentError(
                f"{type(self).__name__}: score_mode={score_mode!r} is not known.", fix="choose 'dot' or 'concat'."
            )
        self.use_scale, self.score_mode = use_scale, score_mode
        self.dropout = checked_rate(dropout, type(self).__name__)
        self.seed = seed
        if dropout > 0:
            self.seed_generator = SeedGenerator(seed)
        self.scale: Any = None
        self.concat_score_weight: Any = None

    def build(self, input_shape: Any) -> None:
        """Make the weights that the scores have."""
        self._check_inputs(input_shape)
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The averages; with `return_attention_scores` also the weights (batch, queries, values)."""
        self._check_inputs(inputs, mask)
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (mask[0], mask[1]) if mask else (None, None)
        scores = None
        if self._is_plain() and not return_attention_scores and len(query.shape) == 3:
            found = self._in_one(query, key, value, value_mask, use_causal_mask, training)
        else:
            products = self._calculate_scores(query, key)
            seen = self._calculate_score_mask(products, value_mask, use_causal_mask)
            found, scores = self._apply_scores(products, value, scores_mask=seen, training=training)
        if query_mask is not None:
            found = ops.where(ops.expand_dims(query_mask, -1), found, 0)
        return (found, scores) if return_attention_scores else found

    def _is_plain(self) -> bool:
        """True if the scores are products, and no subclass computes something else."""
        own = (type(self)._calculate_scores, type(self)._apply_scores, type(self)._calculate_score_mask)
        plain = own == (Attention._calculate_scores, Attention._apply_scores, Attention._calculate_score_mask)
        return plain and self.score_mode == "dot"

    def _in_one(self, query: Any, key: Any, value: Any, mask: Any, causal: bool, training: bool | None) -> Any:
        """Averages without the scores ever being kept."""
        if self.scale is not None:
            query = ops.multiply(query, self.scale)
        drops = bool(training) and self.dropout > 0
        query, key, value = (ops.expand_dims(x, 2) for x in (query, key, value))
        found = ops.dot_product_attention(
            query, key, value, scale=1.0, is_causal=causal,
            mask=None if mask is None else ops.expand_dims(mask, (1, 2)),
            dropout=self.dropout if drops else 0.0,
            dropout_key=draw_key(self.seed_generator) if drops else None,
        )  # fmt: skip
        return ops.squeeze(found, 2)

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        """Scores (batch, queries, values)."""
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        both = ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3))
        both = both if self.scale is None else ops.multiply(self.scale, both)
        return ops.multiply(self.concat_score_weight, ops.sum(ops.tanh(both), axis=-1))

    def _calculate_score_mask(self, scores: Any, v_mask: Any, use_causal_mask: bool) -> Any:
        """Which scores count: (batch, values), (batch or 1, queries, values), or None for all."""
        if not use_causal_mask:
            return v_mask
        rows, columns = scores.shape[-2], scores.shape[-1]
        below = ops.greater_equal(ops.reshape(ops.arange(rows), (1, rows, 1)), ops.arange(columns))
        return below if v_mask is None else ops.logical_and(ops.expand_dims(v_mask, -2), below)

    def _apply_scores(self, scores: Any, value: Any, scores_mask: Any = None, training: Any = False) -> Any:
        """The averages of `value`, and the weights."""
        if scores_mask is not None:
            hidden = ops.logical_not(scores_mask)
            hidden = ops.expand_dims(hidden, -2) if len(hidden.shape) == 2 else hidden
            scores = ops.where(hidden, ops.subtract(scores, 65504.0 if scores.dtype == "float16" else 1.0e9), scores)
        weights = ops.softmax(scores, axis=-1)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        return ops.matmul(weights, value), weights

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the queries."""
        self._check_inputs(inputs, mask)
        return None if mask is None or mask[0] is None else ops.convert_to_tensor(mask[0])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the queries with the last size of the values."""
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self, inputs: Any, mask: Any = None, return_attention_scores: bool = False, training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:  # fmt: skip
        """Shapes and dtypes of what a call returns."""
        self._check_inputs(inputs, mask)
        found = KerasTensor(self.compute_output_shape([x.shape for x in inputs]), dtype=self.compute_dtype)
        if not return_attention_scores:
            return found
        return found, KerasTensor((*inputs[0].shape[:-1], inputs[-1].shape[-2]), dtype=self.compute_dtype)

    def _check_inputs(self, inputs: Any, mask: Any = None) -> None:
        what = type(self).__name__
        if not isinstance(inputs, list) or len(inputs) not in (2, 3):
            count = len(inputs) if isinstance(inputs, (list, tuple)) else None
            raise ArgumentError(
                f"{what} was called on {type(inputs).__name__}" + (f" of length {count}." if count else "."),
                fix="call it on a list: [query, value] or [query, value, key].",
            )
        if mask is not None and (not isinstance(mask, list) or len(mask) not in (2, 3)):
            raise ArgumentError(
                f"{what} was given a mask that is no list of two or three.", fix="pass [query_mask, value_mask]."
            )

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "use_scale": self.use_scale,
            "score_mode": self.score_mode,
            "dropout": self.dropout,
            "seed": self.seed,
        }
