"""DLPack: tensors to and from other libraries without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.ops.convert import convert_to_tensor


def to_dlpack(tensor: Any) -> Any:
    """A DLPack capsule of a tensor's values."""
    return convert_to_tensor(tensor).__dlpack__()


def from_dlpack(capsule: Any) -> Any:
    """A tensor of the values of whatever offers DLPack: a tensor of another library, or a capsule."""
    if not hasattr(capsule, "__dlpack__"):
        capsule = _Offer(capsule)
    return convert_to_tensor(np.from_dlpack(capsule))


class _Offer:
    """A capsule as an object that offers it, which is what NumPy takes."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0
