"""Arrays, tables and lists as tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater import ops, tree
from headwater.errors import DTypeError
from headwater.frontend import frames
from headwater.frontend.tensor import Tensor
from headwater.keras import settings


def as_tensor(value: Any, what: str) -> Tensor:
    """One array of the data as a tensor: floats in `floatx()`, whole numbers as they are; a table as a matrix.

    Raises: DTypeError if it is no array of one dtype.
    """
    if isinstance(value, Tensor):
        return value
    if type(value) is not np.ndarray:
        value = _plain(value, what)
    try:
        tensor = ops.convert_to_tensor(value)
    except (TypeError, ValueError) as error:
        raise DTypeError(
            f"`{what}` of type {type(value).__name__} is no array of numbers: {str(error).splitlines()[0]}",
            fix="pass NumPy arrays or tensors of one dtype; encode strings as numbers first.",
            where="",
        ) from None
    if tensor.dtype == "float64" and settings.floatx() != "float64":
        tensor = ops.cast(tensor, settings.floatx())
    return tensor


def _plain(value: Any, what: str) -> Any:
    """What is no array itself as something that makes one."""
    if _is_sparse(value):
        from headwater.sparse import to_dense

        value = to_dense(value, validate_indices=False)
    if frames.is_frame(value):
        return frames.matrix(value, what)
    return frames.column(value) if frames.is_column(value) else value


def is_array_like(value: Any) -> bool:
    """True for an array, a tensor (also a sparse one, which is made dense), a table, a column of one, or a (nested)
    list of numbers or strings."""
    if isinstance(value, (Tensor, np.ndarray, np.generic)) or _is_sparse(value):
        return True
    if hasattr(value, "__headwater_tensor__"):
        return True
    if hasattr(value, "__array__") or frames.is_frame(value) or frames.is_column(value):
        return True
    return _is_list_of_values(value)


def _is_sparse(value: Any) -> bool:
    """True for a SparseTensor, whose class is not loaded before there is one."""
    return tree.is_composite(value) and hasattr(value, "host_indices")


def _is_list_of_values(value: Any) -> bool:
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, (int, float, str, bytes, np.generic))


def are_arrays(value: Any) -> bool:
    """True for arrays in lists, tuples and dicts; also for None."""
    if value is None or is_array_like(value):
        return not isinstance(value, (str, bytes))
    if isinstance(value, dict):
        return bool(value) and all(map(are_arrays, value.values()))
    return isinstance(value, (list, tuple)) and bool(value) and all(map(are_arrays, value))


def tensors_of(value: Any, what: str) -> Any:
    """Arrays in lists, tuples and dicts as tensors in the same form."""
    if value is None:
        return None
    if is_array_like(value):
        return as_tensor(value, what)
    if isinstance(value, dict):
        return {key: tensors_of(item, f"{what}[{key!r}]") for key, item in value.items()}
    items = [tensors_of(item, f"{what}[{place}]") for place, item in enumerate(value)]
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
