"""Dtypes as Keras names them."""

from __future__ import annotations

from typing import Any

from headwater import dtypes as lattice
from headwater.errors import ArgumentError
from headwater.keras import settings


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype given in any form; `floatx()` for None.

    Example:
        >>> standardize_dtype(int), standardize_dtype(None)
        ('int32', 'float32')
    """
    if dtype is None:
        return settings.floatx()
    try:
        return str(lattice.as_dtype(dtype))
    except TypeError:
        name = str(dtype).rpartition(".")[2]  # torch.float32, jax.numpy.float32
        if name in lattice.DTYPES:
            return name
        raise ArgumentError(f"{dtype!r} is not a dtype.", fix=f"use one of {', '.join(lattice.DTYPES)}.") from None


def is_float_dtype(dtype: Any) -> bool:
    """True for float16, bfloat16, float32 and float64."""
    return lattice.as_dtype(standardize_dtype(dtype)).is_floating


def is_int_dtype(dtype: Any) -> bool:
    """True for signed and unsigned integers."""
    return lattice.as_dtype(standardize_dtype(dtype)).is_integer


def result_type(*dtypes: Any) -> str:
    """The dtype that values of these dtypes meet in.

    Example:
        >>> result_type("int32", "float16")
        'float16'
    """
    return str(lattice.result_type(*dtypes))


def is_keras_tensor(x: Any) -> bool:
    """True for a symbolic tensor, such as `Input` returns."""
    from headwater.keras import KerasTensor

    return isinstance(x, KerasTensor)
