"""AdditiveAttention: attention whose scores are sums of tanh(query + key)."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.layers.attention.attention import Attention


class AdditiveAttention(Attention):
    """softmax(sum of scale * tanh(query + key)) value, called on [query, value] or [query, value, key].

    Args:
        use_scale: whether each feature has a weight in the sum.
        dropout: share of the weights that is set to 0 while training.
    Source: Bahdanau, Cho and Bengio 2014, arXiv:1409.0473.
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the weights of the features."""
        self._check_inputs(input_shape)
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform")

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        terms = ops.tanh(ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3)))
        return ops.sum(terms if self.scale is None else ops.multiply(self.scale, terms), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = super().get_config()
        del config["score_mode"]
        return config
