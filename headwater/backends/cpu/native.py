"""The border to the native module: the only file that imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from headwater.backends.cpu._native import (
    Buffer,
    Cell,
    Instruction,
    Program,
    StringRows,
    crc32c,
    frame_records,
    gather_rows,
    isa,
    kernel_names,
    memory_use,
    num_threads,
    parse_examples,
    read_small_file,
    release_memory,
    scan_records,
    set_alone,
    set_isa,
    set_num_threads,
    version,
)
from headwater.dtypes import DType, as_dtype

if TYPE_CHECKING:
    from headwater.ir.spec import Spec

__all__ = [
    "Buffer",
    "Cell",
    "Instruction",
    "Program",
    "StringRows",
    "as_exportable",
    "crc32c",
    "frame_records",
    "from_numpy",
    "gather_rows",
    "isa",
    "kernel_names",
    "memory_use",
    "num_threads",
    "parse_examples",
    "read_small_file",
    "release_memory",
    "scan_records",
    "set_alone",
    "set_isa",
    "set_num_threads",
    "to_numpy",
    "version",
]

# By NumPy dtype: the code, and the dtype under which the buffer protocol can carry it (None: as it is).
_codes: dict[np.dtype, tuple[int, str | None]] = {}


def from_numpy(array: np.ndarray, *, share: bool = False) -> Buffer:
    """A buffer with the array's elements.

    Args:
        array: of any dtype that headwater knows and any layout.
        share: use the array's own memory if it is contiguous: the caller promises not to change it any more.
    Returns: the buffer.
    Raises: DTypeError for another dtype.
    """
    known = _codes.get(array.dtype)
    if known is None:
        known = _codes[array.dtype] = _code_of(array.dtype)
    code, carrier = known
    if not array.flags.c_contiguous:
        array, share = np.ascontiguousarray(array).reshape(array.shape), True
    return Buffer.from_array(array if carrier is None else array.view(carrier), code, not share)


def to_numpy(buffer: Buffer, dtype: DType) -> np.ndarray:
    """A read-only array on the buffer's memory.

    Args:
        buffer: any buffer.
        dtype: its dtype.
    Returns: the array; a bfloat16 one has the dtype of ml_dtypes.
    """
    array = np.asarray(buffer)
    return array.view(dtype.numpy) if dtype == "bfloat16" else array


def as_exportable(result: Any, spec: Spec) -> np.ndarray:
    """What a host function returned, as an array of the spec's dtype that the buffer protocol can carry."""
    array = np.asarray(result, spec.dtype.numpy)
    return array.view(np.uint16) if spec.dtype == "bfloat16" else array


def _code_of(dtype: np.dtype) -> tuple[int, str | None]:
    known = as_dtype(dtype)
    if known == "bfloat16":
        return known.code, "uint16"
    return known.code, None
