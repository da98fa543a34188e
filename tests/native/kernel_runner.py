"""Runs one kernel of the native runtime on NumPy arrays: what the tests of the kernels share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np

from tests.native.runtime import native

CODES = {
    "bool": 0,
    "uint8": 1,
    "int8": 2,
    "uint16": 3,
    "int16": 4,
    "uint32": 5,
    "int32": 6,
    "uint64": 7,
    "int64": 8,
    "float16": 9,
    "bfloat16": 10,
    "float32": 11,
    "float64": 12,
    "complex64": 13,
    "complex128": 14,
}
DTYPES = tuple(CODES)
FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")


def numpy_dtype(name: str) -> np.dtype:
    """The NumPy dtype of that name; bfloat16 is that of ml_dtypes."""
    return np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)


def to_buffer(array: np.ndarray) -> Any:
    """A native buffer with the elements of `array`."""
    array = np.array(array, order="C")
    code = CODES[array.dtype.name]
    carried = array.view(np.uint16) if array.dtype.name == "bfloat16" else array
    return native.Buffer.from_array(carried, code, True)


def to_array(buffer: Any) -> np.ndarray:
    """A copy of a buffer's elements."""
    array = np.array(buffer)
    return array.view(ml_dtypes.bfloat16) if buffer.dtype == CODES["bfloat16"] else array


class KernelRunner:
    """One instruction as a program of one step; call it with arrays.

    Args:
        kernel: its name.
        inputs, outputs: pairs (dtype name, shape).
        attrs: its attributes.
    """

    def __init__(
        self,
        kernel: str,
        inputs: Sequence[tuple[str, tuple[int, ...]]],
        outputs: Sequence[tuple[str, tuple[int, ...]]],
        **attrs: Any,
    ) -> None:
        input_specs = [(CODES[name], tuple(shape)) for name, shape in inputs]
        output_specs = [(CODES[name], tuple(shape)) for name, shape in outputs]
        instruction = native.Instruction(kernel, input_specs, output_specs, attrs)
        count = len(input_specs)
        slots = [(*spec, 0, number) for number, spec in enumerate(input_specs)]
        slots += [(*spec, 3, number) for number, spec in enumerate(output_specs)]
        scratch = instruction.scratch_bytes
        results = list(range(count, len(slots)))
        self.program = native.Program(
            slots=slots,
            steps=[(instruction, tuple(range(count)), tuple(results), 0 if scratch else -1)],
            outputs=results,
            constants=[],
            arena_bytes=(scratch + 63) // 64 * 64,
            num_inputs=count,
            num_cells=0,
            labels=[kernel],
        )

    def __call__(self, *arrays: np.ndarray) -> list[np.ndarray]:
        return [to_array(buffer) for buffer in self.program.run([to_buffer(array) for array in arrays], ())]


def run_kernel(
    kernel: str, arrays: Sequence[np.ndarray], outputs: Sequence[tuple[str, tuple[int, ...]]], **attrs: Any
) -> list[np.ndarray]:
    """The outputs of a kernel for some arrays."""
    inputs = [(array.dtype.name, array.shape) for array in arrays]
    return KernelRunner(kernel, inputs, outputs, **attrs)(*arrays)


def run_one(kernel: str, arrays: Sequence[np.ndarray], dtype: str, shape: tuple[int, ...], **attrs: Any) -> np.ndarray:
    """The only output of a kernel for some arrays."""
    return run_kernel(kernel, arrays, [(dtype, tuple(shape))], **attrs)[0]


def random_array(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Elements of many sizes and both signs, exact in every dtype that can hold them."""
    kind = numpy_dtype(dtype)
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    if dtype in INTEGERS:
        info = np.iinfo(kind)
        return np.asarray(rng.integers(info.min, info.max, shape, dtype=kind, endpoint=True))
    if dtype.startswith("complex"):
        return np.asarray(rng.standard_normal(shape) + 1j * rng.standard_normal(shape), kind)
    return np.asarray(rng.standard_normal(shape), kind)
