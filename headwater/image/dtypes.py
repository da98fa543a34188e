"""Images in other dtypes: integers span the whole range of theirs, floats lie between 0 and 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import DTypeError
from headwater.ops.convert import convert_to_tensor


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: str | None = None) -> Any:
    """An image of another dtype, scaled to its range: uint8 0..255 is float 0..1.

    Args:
        image: integers or floats, of any shape.
        dtype: that of the result.
        saturate: whether floats outside of 0..1 become the nearest integer; otherwise they wrap around, or worse.
    Raises: DTypeError for a dtype that is neither integer nor float.
    Example:
        >>> convert_image_dtype(np.array([[[0, 51, 255]]], "uint8"), "float32").numpy().ravel().round(3)
        array([0. , 0.2, 1. ], dtype=float32)
    """
    image, dtype = convert_to_tensor(image), as_dtype(dtype)
    for each in (image.dtype, dtype):
        if not (each.is_floating or each.is_integer):
            raise DTypeError(f"convert_image_dtype: dtype {each.name}.", fix="use integers or floats.")
    if dtype is image.dtype:
        return image
    if image.dtype.is_floating:
        if dtype.is_floating:
            return ops.cast(image, dtype)
        return _cast(image * (dtype.max + 0.5), dtype, saturate)
    if dtype.is_floating:
        return ops.cast(image, dtype) * ops.cast(1.0 / image.dtype.max, dtype)
    return _between_integers(image, dtype, saturate)


def _cast(image: Any, dtype: Any, saturate: bool) -> Any:
    return ops.saturate_cast(image, dtype) if saturate else ops.cast(image, dtype)


def _between_integers(image: Any, dtype: Any, saturate: bool) -> Any:
    given, wanted = image.dtype.max, dtype.max
    if given > wanted:
        factor = ops.cast((given + 1) // (wanted + 1), image.dtype)
        return _cast(ops.floor_divide(image, factor), dtype, saturate)
    return _cast(image, dtype, saturate) * ops.cast((wanted + 1) // (given + 1), dtype)


def in_floats(image: Any, change: Callable[[Any], Any], saturate: bool = True) -> Any:
    """What `change` makes of an image in floats, in the dtype that the image has."""
    image = convert_to_tensor(image)
    dtype = image.dtype
    floats = image if dtype.name in ("float16", "float32") else convert_image_dtype(image, "float32")
    return convert_image_dtype(change(floats), dtype, saturate=saturate)
