"""What functions of strings begin and end with: Python's strings of a tensor, and a tensor of results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import DTypeError
from headwater.frontend.prelude import before_programs
from headwater.ir.dispatch import array_from_numpy, host_values, strings_are_traced
from headwater.ops.convert import convert_to_tensor
from headwater.ops.symbolic import composite_op

Function = TypeVar("Function", bound=Callable[..., Any])


def string_op(function: Function) -> Function:
    """Make a function of strings public: of a ragged tensor it takes the flat values; in a trace, it runs before the
    program."""
    function.__headwater_elementwise__ = True  # type: ignore[attr-defined]
    return composite_op(before_programs(on_rows=function)(function))


def texts(input: Any, what: str) -> np.ndarray:
    """The strings of a tensor: an object array of bytes.

    Raises: DTypeError for numbers; NotTraceableError for a traced tensor.
    """
    tensor = convert_to_tensor(input)
    if tensor.spec.dtype.kind != "string":
        if not tensor.spec.size:
            return np.empty(tensor.spec.shape, object)
        raise DTypeError(
            f"{what} of {tensor.spec.dtype.name} values.", fix="make strings of them with tf.strings.as_string."
        )
    if tensor.buffer is None:
        raise strings_are_traced(tensor.spec)
    return host_values(tensor.buffer)


def objects(values: Sequence[Any], shape: Any) -> np.ndarray:
    """An object array of a shape: NumPy would make others of bytes."""
    found = np.empty(len(values), object)
    found[:] = values
    return found.reshape(shape)


def of_strings(values: Sequence[bytes], shape: Any) -> Any:
    """A string tensor of bytes."""
    return array_from_numpy(objects(values, shape))


def of_numbers(values: Any, shape: Any, dtype: str) -> Any:
    """A tensor of numbers."""
    return convert_to_tensor(np.asarray(values, as_dtype(dtype).numpy).reshape(shape))


def mapped(function: Callable[[bytes], bytes], input: Any, what: str) -> Any:
    """A string tensor of what a function makes of each string."""
    array = texts(input, what)
    return of_strings(list(map(function, array.reshape(-1).tolist())), array.shape)
