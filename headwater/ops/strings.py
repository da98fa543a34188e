"""From Python's strings to the arrays that string tensors hold: NumPy object arrays of bytes."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.errors import ArgumentError, DTypeError, ShapeError


def first_leaf(x: Any) -> Any:
    """The first thing in a nested list that is no list, or an empty list."""
    while isinstance(x, (list, tuple)) and x:
        x = x[0]
    return x


def string_array(x: Any) -> np.ndarray:
    """An object array of bytes with the values of `x`.

    Args:
        x: a string, bytes, a nested list of them, or an array of them (NumPy's dtypes S, U, T and O). A str becomes its
            UTF-8 bytes; bytes stay as they are, trailing zeros too where the array keeps them.
    Returns: a new array.
    Raises: ShapeError for a ragged list; DTypeError for a value that is no string; ArgumentError for a str that UTF-8
        can't write.
    Example:
        >>> string_array(["é", b"x"])
        array([b'\\xc3\\xa9', b'x'], dtype=object)
    """
    try:
        given = np.array(x, dtype=object)
    except ValueError as error:
        raise _ragged(str(error)) from None
    result = np.empty(given.size, object)
    result[:] = [value if type(value) is bytes else _as_bytes(value) for value in given.reshape(-1).tolist()]
    return result.reshape(given.shape)


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise ArgumentError(
                f"a str is no text that UTF-8 can write: {error.reason} at place {error.start}.",
                fix="pass bytes, or encode it yourself: text.encode('utf-8', 'surrogatepass').",
            ) from None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (list, tuple, np.ndarray)):
        raise _ragged("its rows have different lengths")
    kind = type(value).__name__
    if isinstance(value, (bool, int, float, complex, np.generic)):
        raise DTypeError(f"a value of type {kind} is no string.", fix="convert it with tf.strings.as_string, or str().")
    raise DTypeError(
        f"values of type {kind} are neither numbers nor strings.", fix="convert them to numbers or strings first."
    )


def _ragged(why: str) -> ShapeError:
    return ShapeError(f"a nested list is ragged: {why}.", fix="give rows of one length, or use tf.ragged.constant.")
