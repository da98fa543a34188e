"""HashedCrossing: combinations of categories to bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.frontend.feature_crosses import hashed
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.preprocessing import categorical_encoding, composite, lookup_arguments
from headwater.keras.layers.preprocessing.host_layer import HostLayer


class HashedCrossing(HostLayer):
    """Categories of several features to one of `num_bins` bins for their combination, by its hash.

    Args:
        num_bins: how many bins there are.
        output_mode: "int" for the number of the bin, "one_hot" for a vector.
        sparse: whether vectors are returned as a SparseTensor.
    Call arguments:
        inputs: a list or tuple of tensors of strings or whole numbers, all of one shape: (), (batch,) or (batch, 1).
    Example:
        >>> layer = HashedCrossing(num_bins=5)
        >>> layer((["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102])).numpy().tolist()
        [1, 4, 1, 1, 3]
    """

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype="int64" if output_mode == "int" and dtype is None else dtype, **kwargs)
        lookup_arguments.one_of(output_mode, ("int", "one_hot"), "output_mode", "HashedCrossing")
        self.num_bins, self.output_mode, self.sparse = num_bins, output_mode, sparse
        self._set_untracked(built=True)

    def _prepared(self, inputs: Any) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ArgumentError(
                "HashedCrossing crosses two or more features.", fix="call it on a list of two or more tensors."
            )
        if any(map(composite.is_composite, inputs)):
            raise DTypeError("HashedCrossing takes no ragged or sparse tensors.", fix="make them dense first.")
        tensors = [ops.convert_to_tensor(item) for item in inputs]
        for tensor in tensors:
            if not (tensor.dtype.is_integer or tensor.dtype == "string"):
                raise DTypeError(f"HashedCrossing of {tensor.dtype.name} values.", fix="pass strings or whole numbers.")
        self._require_one_shape([tuple(tensor.shape) for tensor in tensors])
        return tensors

    def _require_one_shape(self, shapes: list[tuple[int | None, ...]]) -> None:
        first = shapes[0]
        if len(first) > 2 or (len(first) == 2 and first[-1] != 1):
            raise ShapeError(
                f"HashedCrossing: an input has the shape {first}.", fix="pass shapes (), (batch,) or (batch, 1)."
            )
        if any(shape != first for shape in shapes):
            raise ShapeError(
                f"HashedCrossing: inputs have the shapes {', '.join(map(str, shapes))}.",
                fix="pass inputs of one shape.",
            )

    def _computed_on_host(self, inputs: Any) -> Any:
        shape = tuple(inputs[0].shape)
        numbers = hashed([np.asarray(tensor).ravel() for tensor in inputs], self.num_bins).reshape(shape)
        numbers = ops.convert_to_tensor(numbers)
        return categorical_encoding.encode(numbers, self.output_mode, self.num_bins, self.compute_dtype, self.sparse)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of these shapes."""
        shapes = [tuple(shape) for shape in input_shape]
        self._require_one_shape(shapes)
        return categorical_encoding.output_shape(shapes[0], self.output_mode, self.num_bins)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Shape and dtype of the output."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ArgumentError(
                "HashedCrossing crosses two or more features.", fix="call it on a list of two or more tensors."
            )
        shape = self.compute_output_shape([tensor.shape for tensor in inputs])
        return KerasTensor(shape, self.compute_dtype, sparse=self.sparse)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            "num_bins": self.num_bins,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "name": self.name,
            "dtype": self.dtype,
        }
