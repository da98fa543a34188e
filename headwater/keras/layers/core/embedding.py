"""Embedding: a vector for each whole number."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import IndexRangeError
from headwater.keras import constraints, initializers, regularizers
from headwater.keras.layers.core.dense import refuse_lora
from headwater.keras.layers.layer import Layer


class Embedding(Layer):
    """Row i of a table for each i in the input.

    Args:
        input_dim: number of rows; inputs lie in 0 .. input_dim - 1.
        output_dim: length of a row.
        embeddings_initializer: first values of the table.
        embeddings_regularizer: function from the table to a loss.
        embeddings_constraint: function that keeps the table in bounds after each step.
        mask_zero: whether 0 is padding, which later layers leave out.
        weights: the table, in a list.
        lora_rank, lora_alpha, quantization_config: only None.
    Raises: IndexRangeError, when it is called, for an input without a row.
    Example:
        >>> Embedding(10, 4).compute_output_shape((None, 7))
        (None, 7, 4)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        length = kwargs.pop("input_length", None)
        if length is not None:
            kwargs["input_shape"] = (length,)
        super().__init__(**kwargs)
        refuse_lora(lora_rank, quantization_config)
        self.input_dim, self.output_dim = input_dim, output_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.supports_masking = mask_zero
        self.autocast = False
        self.embeddings: Any = None
        if weights is not None:
            self._set_untracked(_initial_weights=[weights] if hasattr(weights, "shape") else list(weights))

    def build(self, input_shape: Any = None) -> None:
        """Make the table."""
        if self.embeddings is None:
            self.embeddings = self.add_weight(
                name="embeddings", shape=(self.input_dim, self.output_dim), initializer=self.embeddings_initializer,
                regularizer=self.embeddings_regularizer, constraint=self.embeddings_constraint,
            )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """The rows."""
        if not inputs.dtype.is_integer:
            inputs = ops.cast(inputs, "int32")
        try:
            rows = ops.take(self.embeddings, inputs, axis=0)
        except IndexError as error:
            raise IndexRangeError(
                f"Embedding has rows 0 to {self.input_dim - 1}: {str(error).splitlines()[0]}.",
                fix=f"feed whole numbers below {self.input_dim}, or make the layer with a larger input_dim.",
            ) from None
        return ops.cast(rows, self.compute_dtype)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """True where the input is not 0; None unless 0 is padding."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The input's shape and an axis of `output_dim`."""
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": self.mask_zero,
            "quantization_config": None,
        }
