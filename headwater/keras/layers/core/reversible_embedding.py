"""ReversibleEmbedding: a vector for each whole number, and scores of all numbers for a vector."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.core.embedding import Embedding


class ReversibleEmbedding(Embedding):
    """An embedding that also goes back: called with `reverse=True`, it multiplies vectors with its table.

    Args:
        input_dim: number of rows; inputs lie in 0 .. input_dim - 1.
        output_dim: length of a row.
        tie_weights: whether the way back uses the same table; else it has one of its own.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: of the table.
        mask_zero: whether 0 is padding, which later layers leave out.
        reverse_dtype: dtype of the way back; that of the layer if None.
        logit_soft_cap: c > 0 bends scores to c * tanh(scores / c); None leaves them.
    Example:
        >>> layer = ReversibleEmbedding(10, 4)
        >>> layer(layer([[1, 2]]), reverse=True).shape
        TensorShape([1, 2, 10])

    Source: Press and Wolf 2017, arXiv:1608.05859.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            input_dim, output_dim, embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer, embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero, **kwargs,
        )  # fmt: skip
        self.tie_weights, self.reverse_dtype, self.logit_soft_cap = tie_weights, reverse_dtype, logit_soft_cap

    def build(self, input_shape: Any = None) -> None:
        """Make the table, and that of the way back."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                name="reverse_embeddings",
                shape=(self.output_dim, self.input_dim),
                initializer=self.embeddings_initializer,
            )

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """The rows; or the scores."""
        if not reverse:
            rows = super().call(inputs)
            mask = super().compute_mask(inputs)
            if mask is not None:
                rows._keras_mask = mask
            return rows
        table = self.embeddings if self.tie_weights else self.reverse_embeddings
        table = ops.transpose(table) if self.tie_weights else ops.convert_to_tensor(table)
        if self.reverse_dtype is not None:
            inputs, table = ops.cast(inputs, self.reverse_dtype), ops.cast(table, self.reverse_dtype)
        scores = ops.matmul(inputs, table)
        if self.logit_soft_cap is not None:
            scores = ops.multiply(ops.tanh(ops.divide(scores, self.logit_soft_cap)), self.logit_soft_cap)
        return scores

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: rows carry their mask along."""
        return

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> tuple[int | None, ...]:
        """The input's shape and an axis of `output_dim`; or `input_dim` in place of the last axis."""
        return (*input_shape[:-1], self.input_dim) if reverse else (*input_shape, self.output_dim)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> Any:
        """The shape, in the dtype that the layer computes in."""
        return KerasTensor(self.compute_output_shape(inputs.shape, reverse), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "tie_weights": self.tie_weights,
            "reverse_dtype": self.reverse_dtype,
            "logit_soft_cap": self.logit_soft_cap,
        }
