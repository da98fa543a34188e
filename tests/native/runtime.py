"""The native module, and small programs for the tests of the runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater.backends.cpu import native

CODES = {
    "bool": 0, "uint8": 1, "int8": 2, "uint16": 3, "int16": 4, "uint32": 5, "int32": 6, "uint64": 7, "int64": 8,
    "float16": 9, "float32": 11, "float64": 12, "complex64": 13, "complex128": 14,
}  # fmt: skip
FLOAT32 = CODES["float32"]
INT32 = CODES["int32"]
BOOL = CODES["bool"]
INPUT, CELL, CONSTANT, OUTPUT, ARENA = range(5)

Spec = tuple[int, tuple[int, ...]]


def buffer_of(array: Any, *, copy: bool = True) -> Any:
    """A buffer with the elements of an array."""
    array = np.asarray(array)
    return native.Buffer.from_array(array, CODES[array.dtype.name], copy)


def one_step(kernel: str, inputs: Sequence[Spec], outputs: Sequence[Spec], attrs: dict[str, Any] | None = None) -> Any:
    """A program of one instruction: inputs to outputs."""
    instruction = native.Instruction(kernel, inputs, outputs, attrs or {})
    slots = [(*spec, INPUT, i) for i, spec in enumerate(inputs)] + [
        (*spec, OUTPUT, i) for i, spec in enumerate(outputs)
    ]
    results = tuple(range(len(inputs), len(slots)))
    scratch = instruction.scratch_bytes
    steps = [(instruction, tuple(range(len(inputs))), results, 0 if scratch else -1)]
    return native.Program(slots, steps, results, [], -(-scratch // 64) * 64, len(inputs), 0, [f"test > {kernel}"])


def cell_program(shape: tuple[int, ...]) -> Any:
    """A program that copies its input into its cell and returns the cell's new value."""
    spec = (FLOAT32, shape)
    instruction = native.Instruction("copy", [spec], [spec], {})
    return native.Program(
        [(*spec, INPUT, 0), (*spec, CELL, 0)], [(instruction, (0,), (1,), -1)], [1], [], 0, 1, 1, ["assign"]
    )
