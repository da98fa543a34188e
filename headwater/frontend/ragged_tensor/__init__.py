"""Tensors whose rows have different lengths."""

from headwater.frontend.ragged_tensor.ragged_tensor import RaggedTensor
from headwater.frontend.ragged_tensor.spec import RaggedTensorSpec

__all__ = ["RaggedTensor", "RaggedTensorSpec"]
