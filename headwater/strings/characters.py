"""What is done to each string alone: case, blanks, parts, lengths, numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, ShapeError
from headwater.frontend.host_values import host_array
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import mapped, of_numbers, of_strings, string_op, texts

_BLANKS = b" \t\n\v\f\r"


def _cased(input: Any, encoding: str, how: str) -> Any:
    if encoding not in ("", "utf-8"):
        raise ArgumentError(f"{how}: encoding {encoding!r}.", fix="use '' (ASCII letters only) or 'utf-8'.")
    if not encoding:
        return mapped(getattr(bytes, how), input, how)
    of_text = getattr(str, how)
    return mapped(lambda text: of_text(text.decode("utf-8", "replace")).encode(), input, how)


@string_op
def lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Letters as small ones: those of ASCII, or with encoding "utf-8" all of Unicode's.

    Example:
        >>> lower("CamelCase string").numpy()
        b'camelcase string'
    """
    return _cased(input, encoding, "lower")


@string_op
def upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Letters as capitals: those of ASCII, or with encoding "utf-8" all of Unicode's."""
    return _cased(input, encoding, "upper")


@string_op
def strip(input: Any, name: str | None = None) -> Any:
    """Strings without the blanks at both ends: space, tab, line feed, vertical tab, form feed, carriage return."""
    return mapped(lambda text: text.strip(_BLANKS), input, "strip")


def _unit(unit: str) -> bool:
    """Whether Unicode's characters count, and not bytes."""
    if unit not in ("BYTE", "UTF8_CHAR"):
        raise ArgumentError(f"unit {unit!r}.", fix="use 'BYTE' or 'UTF8_CHAR'.")
    return unit == "UTF8_CHAR"


_FOLLOWING_BYTES = bytes(range(0x80, 0xC0))


@string_op
def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """The length of each string, in bytes or (unit "UTF8_CHAR") in characters: int32.

    Example:
        >>> length(["é", "abc"]).numpy(), int(length("é", unit="UTF8_CHAR"))
        (array([2, 3], dtype=int32), 1)
    """
    array = texts(input, "length")
    values = array.reshape(-1).tolist()
    if _unit(unit):
        values = [text.translate(None, _FOLLOWING_BYTES) for text in values]
    return of_numbers(list(map(len, values)), array.shape, "int32")


@string_op
def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """The part of each string from `pos` on, of at most `len` bytes or characters.

    Args:
        input: strings.
        pos: where it begins; from the end if negative. Broadcasts with the strings.
        len: how long it is at most.
        unit: "BYTE" or "UTF8_CHAR".
    Raises: ArgumentError if a part would begin outside of its string; ShapeError if the shapes do not fit.
    Example:
        >>> substr(["Hello", "World"], 1, 3).numpy()
        array([b'ell', b'orl'], dtype=object)
    """
    array, by_character = texts(input, "substr"), _unit(unit)
    starts, counts = host_array(pos), host_array(len)
    if starts.shape != counts.shape:
        raise ShapeError(f"substr: pos has shape {starts.shape}, len {counts.shape}.", fix="give both one shape.")
    try:
        array, starts, counts = np.broadcast_arrays(array, starts, counts)
    except ValueError:
        raise ShapeError(
            f"substr: pos of shape {starts.shape} for strings of shape {array.shape}.", fix="let them broadcast."
        ) from None
    cut = _character_part if by_character else _byte_part
    parts = map(cut, array.reshape(-1).tolist(), starts.reshape(-1).tolist(), counts.reshape(-1).tolist())
    return of_strings(list(parts), array.shape)


def _byte_part(text: bytes, start: int, count: int) -> bytes:
    size = len(text)
    if not -size <= start <= size:
        raise ArgumentError(
            f"substr: place {start} is outside of a string of length {size}.", fix="begin inside of each string."
        )
    start += size if start < 0 else 0
    return text[start : start + max(count, 0)]


def _character_part(text: bytes, start: int, count: int) -> bytes:
    bounds = [place for place, byte in enumerate(text) if byte & 0xC0 != 0x80]
    size = len(bounds)
    if not -size <= start <= size:
        raise ArgumentError(
            f"substr: place {start} is outside of a string of {size} characters.", fix="begin inside of each string."
        )
    start += size if start < 0 else 0
    bounds.append(len(text))
    return text[bounds[start] : bounds[min(start + max(count, 0), size)]]


_NUMBER = re.compile(rb"[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf(inity)?|nan)", re.IGNORECASE)
_HEXADECIMAL = re.compile(rb"[+-]?0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*([pP][+-]?\d+)?")
_WHOLE = re.compile(rb"[+-]?\d+")


@string_op
def to_number(input: Any, out_type: Any = "float32", name: str | None = None) -> Any:
    """The numbers that strings spell.

    Args:
        input: strings; blanks around a number do not count.
        out_type: float32, float64, int32 or int64 (uint32 and uint64 too).
    Raises: ArgumentError for a string that spells none, or one that does not fit.
    Example:
        >>> to_number(["1.55", " -3e2 "]).numpy()
        array([   1.55, -300.  ], dtype=float32)
    """
    dtype = as_dtype(out_type)
    if not (dtype.is_floating or dtype.is_integer):
        raise ArgumentError(f"to_number: out_type {dtype.name}.", fix="use float32, float64, int32 or int64.")
    array = texts(input, "to_number")
    parse = parsed_float if dtype.is_floating else lambda text: parsed_whole(text, dtype)
    return of_numbers(list(map(parse, array.reshape(-1).tolist())), array.shape, dtype)


def parsed_float(text: bytes) -> float:
    """The number that a string spells; ArgumentError if it spells none."""
    stripped = text.strip(_BLANKS)
    if _NUMBER.fullmatch(stripped):
        return float(stripped)
    if _HEXADECIMAL.fullmatch(stripped):
        return float.fromhex(stripped.decode())
    raise _no_number(text)


def parsed_whole(text: bytes, dtype: Any) -> int:
    """The whole number that a string spells; ArgumentError if it spells none, or one that does not fit."""
    stripped = text.strip(_BLANKS)
    if not _WHOLE.fullmatch(stripped):
        raise _no_number(text)
    value = int(stripped) if len(stripped) < 30 else dtype.max + 1
    if not dtype.min <= value <= dtype.max:
        raise ArgumentError(f"{stripped[:40]!r} does not fit into {dtype.name}.", fix="use a wider out_type.")
    return value


def _no_number(text: bytes) -> ArgumentError:
    return ArgumentError(
        f"to_number: {text[:60]!r} spells no number of that kind.", fix="clean the strings with regex_replace first."
    )


@string_op
def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Any:
    """Numbers spelled in decimal, as C's printf does; bool as "true" and "false".

    Args:
        input: numbers, bool or strings, which stay.
        precision: digits after the point of floats; 6 if negative.
        scientific, shortest: with an exponent always, or where that is shorter.
        width: least length.
        fill: what fills up to it: " " or "0"; "-" aligns to the left, "+" writes a plus sign.
    Raises: ArgumentError for settings that contradict each other.
    Example:
        >>> as_string([3, -2]).numpy(), as_string(3.14159, precision=2).numpy()
        (array([b'3', b'-2'], dtype=object), b'3.14')
    """
    tensor = convert_to_tensor(input)
    dtype = tensor.spec.dtype
    if scientific and shortest:
        raise ArgumentError("as_string: scientific and shortest.", fix="choose one of them.")
    if len(fill) > 1 or fill not in " 0-+":
        raise ArgumentError(f"as_string: fill {fill!r}.", fix="use one of ' ', '0', '-', '+'.")
    if (precision >= 0 or scientific or shortest) and not dtype.is_inexact:
        raise ArgumentError(f"as_string: a precision for {dtype.name} values.", fix="leave it out; it is for floats.")
    layout = f"%{fill}{width if width >= 0 else ''}"
    if dtype.is_inexact:
        layout += f".{precision}" if precision >= 0 else ""
        layout += "g" if shortest else "e" if scientific else "f"
    else:
        layout += "d" if dtype.is_integer else "s"
    array = host_array(tensor)
    values = array.astype(np.float64 if dtype.is_floating else array.dtype).reshape(-1).tolist()
    return of_strings([_spelled(layout, value) for value in values], array.shape)


def _spelled(layout: str, value: Any) -> bytes:
    if isinstance(value, complex):
        return f"({layout % value.real},{layout % value.imag})".encode()
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, bytes):
        return (layout.encode() % value) if layout != "%s" else value
    return (layout % value).encode()
