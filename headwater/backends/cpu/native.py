"""The only door to the native module: what the rest of the backend uses of it, and NumPy arrays to and from its buffers."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.backends.cpu import _native
from headwater.dtypes import DType, as_dtype, bfloat16
from headwater.errors import ShapeError
from headwater.ir.spec import Spec

Buffer = _native.Buffer
Cell = _native.Cell
Instruction = _native.Instruction
Program = _native.Program
gather_rows = _native.gather_rows
isa = _native.isa
num_threads = _native.num_threads
set_num_threads = _native.set_num_threads
version = _native.version

__all__ = [
    "Buffer",
    "Cell",
    "Instruction",
    "Program",
    "as_exportable",
    "from_numpy",
    "gather_rows",
    "isa",
    "num_threads",
    "set_num_threads",
    "to_numpy",
    "version",
]


def from_numpy(array: np.ndarray) -> Any:
    """A buffer with the values of an array, sharing its memory where alignment and layout allow."""
    dtype = as_dtype(array.dtype)
    contiguous = np.ascontiguousarray(array).reshape(array.shape)
    return Buffer.from_array(contiguous.view(np.uint16) if dtype is bfloat16 else contiguous, dtype.code, False)


def to_numpy(buffer: Any, dtype: DType) -> np.ndarray:
    """The values of a buffer as a read-only array that shares its memory."""
    array = np.asarray(buffer)
    return array if array.dtype == dtype.numpy else array.view(dtype.numpy)


def as_exportable(result: Any, spec: Spec) -> np.ndarray:
    """What a Python function returned to a program, as an array that the native side can read.

    Raises: ShapeError if its shape is not the promised one.
    """
    array = np.asarray(result)
    if array.shape != spec.shape:
        raise ShapeError(f"a Python function returned shape {array.shape} where {spec.shape} was promised.", fix="return arrays of the promised shapes.")
    array = np.ascontiguousarray(array, dtype=spec.dtype.numpy).reshape(array.shape)
    return array.view(np.uint16) if spec.dtype is bfloat16 else array
