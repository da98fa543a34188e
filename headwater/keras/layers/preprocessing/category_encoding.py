"""CategoryEncoding: whole numbers to vectors."""

from __future__ import annotations

from typing import Any

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.layer import Layer
from headwater.keras.layers.preprocessing import categorical_encoding, composite, lookup_arguments


class CategoryEncoding(Layer):
    """Numbers of categories to vectors with an entry for each category.

    Args:
        num_tokens: how many categories there are; inputs lie from 0 to num_tokens - 1.
        output_mode: "multi_hot" for a vector for each sample, with 1 for each category in it; "count" for how often
            each is in it; "one_hot" for a vector for each number. Samples lie along the last axis.
        sparse: whether vectors are returned as a SparseTensor.
    Call arguments:
        inputs: whole numbers.
        count_weights: of the shape of the inputs: what each counts, for "count".
    Example:
        >>> CategoryEncoding(num_tokens=3)([[0, 2], [1, 1]]).numpy().tolist()
        [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """

    _convert_input_args = False

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        output_mode = lookup_arguments.output_mode(output_mode)
        lookup_arguments.one_of(output_mode, ("count", "one_hot", "multi_hot"), "output_mode", "CategoryEncoding")
        if num_tokens is None or num_tokens < 1:
            raise ArgumentError(
                f"CategoryEncoding: num_tokens={num_tokens} is not the number of categories.",
                fix="pass 1 or more, or use IntegerLookup where the number is not known.",
            )
        self.num_tokens = num_tokens
        self.output_mode = output_mode
        self.sparse = sparse

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        """The vectors."""
        if count_weights is not None and self.output_mode != "count":
            raise ArgumentError(
                f"`count_weights` is given, and output_mode is {self.output_mode!r}.",
                fix='pass output_mode="count", or leave out count_weights.',
            )
        if not composite.is_composite(inputs):
            inputs = ops.convert_to_tensor(inputs)
        return categorical_encoding.encode(
            inputs, self.output_mode, self.num_tokens, self.dtype, self.sparse, count_weights
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of this shape."""
        return categorical_encoding.output_shape(input_shape, self.output_mode, self.num_tokens)

    def compute_output_spec(self, inputs: Any, count_weights: Any = None) -> Any:
        """Shape and dtype of the output."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype, sparse=self.sparse)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        config = {**super().get_config(), "num_tokens": self.num_tokens, "output_mode": self.output_mode}
        return {**config, "sparse": True} if self.sparse else config
