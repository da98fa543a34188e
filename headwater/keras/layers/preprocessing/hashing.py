"""Hashing: categories to bins, without a vocabulary."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError, DTypeError
from headwater.keras import settings
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.preprocessing import categorical_encoding, composite, lookup_arguments
from headwater.keras.layers.preprocessing.hashes import hash_buckets
from headwater.keras.layers.preprocessing.host_layer import HostLayer


class Hashing(HostLayer):
    """Strings or whole numbers to one of `num_bins` bins, by their hash: the same everywhere and always.

    Args:
        num_bins: how many bins there are.
        mask_value: what bin 0 is kept for; None to use it like the others.
        salt: one or two whole numbers: the key of SipHash, in place of FarmHash.
        output_mode: "int" for the number of the bin; "one_hot" for a vector for each input; "multi_hot" or "count" for
            a vector for each sample, the samples lying along the last axis.
        sparse: whether vectors are returned as a SparseTensor.
    Example:
        >>> Hashing(num_bins=3)([["A"], ["B"], ["C"], ["D"], ["E"]]).numpy().tolist()
        [[1], [0], [1], [1], [2]]

    Source: Aumasson and Bernstein 2012, "SipHash: a fast short-input PRF".
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else settings.floatx()
        super().__init__(**kwargs)
        if num_bins is None or num_bins <= 0:
            raise ArgumentError(f"Hashing: num_bins={num_bins} is no number of bins.", fix="pass 1 or more.")
        lookup_arguments.one_of(output_mode, ("int", "one_hot", "multi_hot", "count"), "output_mode", "Hashing")
        if output_mode == "int" and self.dtype not in ("int32", "int64"):
            raise ArgumentError(
                f"Hashing: output_mode='int' gives whole numbers, and dtype is {self.dtype!r}.",
                fix="pass dtype='int64' or 'int32'.",
            )
        if sparse and output_mode == "int":
            raise ArgumentError("sparse=True is for vectors, not for output_mode='int'.", fix="leave out sparse.")
        self._set_untracked(salt=lookup_arguments.salt_key(salt, "Hashing"), built=True)
        self.num_bins, self.mask_value = num_bins, mask_value
        self.strong_hash = salt is not None
        self.output_mode, self.sparse = output_mode, sparse

    def _prepared(self, inputs: Any) -> Any:
        known = composite.is_composite(inputs) or ops.is_tensor(inputs)
        tensor = inputs if known else ops.convert_to_tensor(inputs)
        if tensor.dtype.is_bool or tensor.dtype.is_complex:
            raise DTypeError(f"Hashing of {tensor.dtype.name} values.", fix="pass strings or whole numbers.")
        return tensor

    def _computed_on_host(self, inputs: Any) -> Any:
        numbers = composite.map_values(self._bins, inputs)
        return categorical_encoding.encode(numbers, self.output_mode, self.num_bins, self.dtype, self.sparse)

    def _bins(self, tensor: Any) -> Any:
        values = np.asarray(tensor)
        if tensor.dtype.is_floating:
            values = values.astype(np.int64)
        if self.mask_value is None or self.num_bins == 1:
            return ops.convert_to_tensor(hash_buckets(values, self.num_bins, self.salt))
        mask = self.mask_value.encode() if isinstance(self.mask_value, str) else self.mask_value
        bins = hash_buckets(values, self.num_bins - 1, self.salt) + 1
        return ops.convert_to_tensor(np.where(np.asarray(tensor) == mask, 0, bins))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of this shape."""
        return categorical_encoding.output_shape(input_shape, self.output_mode, self.num_bins)

    def compute_output_spec(self, inputs: Any) -> Any:
        """Shape and dtype of the output."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.dtype, sparse=self.sparse)

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor."""
        return {
            **super().get_config(),
            "num_bins": self.num_bins,
            "salt": self.salt,
            "mask_value": self.mask_value,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
        }
