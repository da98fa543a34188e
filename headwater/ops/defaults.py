"""What an op uses where its caller says nothing: the float dtype, the fuzz factor of losses, the order of image
axes.
"""

from __future__ import annotations

from headwater.dtypes import DType, as_dtype
from headwater.errors import ArgumentError, DTypeError

_FORMATS = ("channels_last", "channels_first")
_floatx: DType = as_dtype("float32")
_epsilon = 1e-7
_image_data_format = "channels_last"


def floatx() -> DType:
    """The float dtype of what is made without one: float32 unless it was set.

    Example:
        >>> floatx().name
        'float32'
    """
    return _floatx


def set_floatx(dtype: str) -> None:
    """Make `dtype` the default float dtype.

    Raises: DTypeError if it is no float dtype.
    """
    global _floatx
    found = as_dtype(dtype)
    if not found.is_floating:
        raise DTypeError(
            f"set_floatx: {found.name} is not a float dtype.", fix="use float16, bfloat16, float32 or float64."
        )
    _floatx = found


def epsilon() -> float:
    """The small number that keeps probabilities away from 0 and 1, and divisors away from 0: 1e-7 unless it was set."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Make `value` the fuzz factor."""
    global _epsilon
    _epsilon = float(value)


def image_data_format() -> str:
    """The order of the axes of images: "channels_last" unless it was set."""
    return _image_data_format


def set_image_data_format(data_format: str) -> None:
    """Make `data_format` the default order of the axes of images."""
    global _image_data_format
    _image_data_format = data_format_of(data_format, "set_image_data_format")


def data_format_of(data_format: str | None, what: str) -> str:
    """`data_format` in lower case, the default one if it is None.

    Raises: ArgumentError if it is neither "channels_last" nor "channels_first".
    """
    if data_format is None:
        return _image_data_format
    found = str(data_format).lower()
    if found not in _FORMATS:
        raise ArgumentError(
            f"{what}: data_format {data_format!r} is unknown.", fix=f"use one of {', '.join(_FORMATS)}."
        )
    return found
