"""Unicode: characters of encoded strings, their numbers, and other encodings."""

from __future__ import annotations

import codecs
import itertools
import threading
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np

from headwater.errors import ArgumentError
from headwater.frontend.ragged_tensor import RaggedTensor
from headwater.frontend.ragged_tensor.partition import host_integers
from headwater.ops.convert import convert_to_tensor
from headwater.strings.elements import mapped, of_numbers, of_strings, string_op, texts
from headwater.strings.script_table import scripts
from headwater.strings.splitting import in_rows

_OUTPUTS = {"UTF-8": "utf-8", "UTF-16-BE": "utf-16-be", "UTF-32-BE": "utf-32-be"}


class _Settings(NamedTuple):
    """How errors are met ("strict", "replace", "ignore"), what replaces them, whether control characters are some."""

    errors: str
    replacement: int
    controls: bool


def _checked(errors: str, replacement_char: int, controls: bool = False) -> _Settings:
    if errors not in ("strict", "replace", "ignore"):
        raise ArgumentError(f"errors {errors!r}.", fix="use 'strict', 'replace' or 'ignore'.")
    if not 0 <= replacement_char <= 0x10FFFF or 0xD800 <= replacement_char < 0xE000:
        raise ArgumentError(f"{replacement_char} is no character of Unicode.", fix="pass one, such as 65533.")
    return _Settings(errors, int(replacement_char), bool(controls))


def _codec(encoding: str) -> str:
    try:
        return codecs.lookup(_OUTPUTS.get(encoding, encoding)).name
    except LookupError:
        raise ArgumentError(f"the encoding {encoding!r} is unknown.", fix="use 'UTF-8', 'UTF-16-BE', ...") from None


class _Damage(threading.local):
    """Where the bytes of the string being decoded are no characters: ends by beginnings."""

    spans: ClassVar[dict[int, int]] = {}


_damage = _Damage()


def _note_damage(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    _damage.spans[error.start] = error.end
    return "\ufffd", error.end


codecs.register_error("headwater.note_damage", _note_damage)


def _characters(text: bytes, codec: str, settings: _Settings) -> list[tuple[int, int, int]]:
    """The characters of a string: the number of each, where its bytes begin and end.

    Raises: ArgumentError for bytes that are none, if errors are "strict".
    """
    _damage.spans = spans = {}
    decoded = codecs.decode(text, codec, "headwater.note_damage")
    found: list[tuple[int, int, int]] = []
    start = 0
    for character in decoded:
        end = spans.get(start)
        if end is not None or (settings.controls and ord(character) < 32):
            end = end or start + len(character.encode(codec))
            _note_error(found, settings, text, start, end)
        else:
            end = start + len(character.encode(codec))
            found.append((ord(character), start, end))
        start = end
    return found


def _note_error(found: list[tuple[int, int, int]], settings: _Settings, text: bytes, start: int, end: int) -> None:
    if settings.errors == "strict":
        raise ArgumentError(
            f"{text[:40]!r} is not encoded as it should be: see byte {start}.",
            fix="pass errors='replace' or 'ignore', or the right encoding.",
        )
    if settings.errors == "replace":
        found.append((settings.replacement, start, end))


def _rows(input: Any, encoding: str, settings: _Settings, what: str) -> tuple[np.ndarray, list[Any]]:
    array, codec = texts(input, what), _codec(encoding)
    return array, [_characters(text, codec, settings) for text in array.reshape(-1).tolist()]


def _numbers(dtype: str) -> Callable[[list[Any]], Any]:
    return lambda values: of_numbers(values, (len(values),), dtype)


def _both(input: Any, first: Callable[[Any], Any], settings: tuple[Any, ...], what: str) -> Any:
    """A pair of ragged results, also for a ragged input."""
    if isinstance(input, RaggedTensor):
        one, two = _both(input.flat_values, first, settings, what)
        return input.with_flat_values(one), input.with_flat_values(two)
    array, rows = _rows(input, *settings, what)
    offsets = in_rows(array, [[start for _, start, _ in row] for row in rows], _numbers("int64"))
    return first((array, rows)), offsets


def _codes(found: Any) -> Any:
    array, rows = found
    return in_rows(array, [[code for code, _, _ in row] for row in rows], _numbers("int32"))


@string_op
def unicode_decode(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:
    """The numbers of the characters of each string: int32, a ragged tensor of one axis more.

    Args:
        input: strings.
        input_encoding: how they are encoded: "UTF-8", "UTF-16-BE", ...
        errors: what becomes of bytes that are none: "replace", "ignore", or an error ("strict").
        replacement_char: the number that replaces them.
        replace_control_characters: treat characters below 32 so, too.
    Example:
        >>> unicode_decode(["Gö", "1"], "UTF-8")
        <tf.RaggedTensor [[71, 246], [49]]>
    """
    settings = _checked(errors, replacement_char, replace_control_characters)
    return _codes(_rows(input, input_encoding, settings, "unicode_decode"))


def unicode_decode_with_offsets(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> tuple[Any, Any]:
    """What `unicode_decode` gives, and the byte at which each character begins: int64."""
    settings = _checked(errors, replacement_char, replace_control_characters)
    return _both(input, _codes, (input_encoding, settings), "unicode_decode")


def _pieces(encoding: str, settings: _Settings) -> Callable[[Any], Any]:
    """The characters as strings; what replaces an error is encoded, too."""
    codec = _codec(encoding)

    def pieces(found: Any) -> Any:
        array, rows = found
        parts = [[chr(code).encode(codec) for code, _, _ in row] for row in rows]
        return in_rows(array, parts, lambda values: of_strings(values, (len(values),)))

    return pieces


@string_op
def unicode_split(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> Any:
    """The characters of each string, a string each, encoded alike: a ragged tensor of one axis more.

    Example:
        >>> unicode_split(["Gö"], "UTF-8")
        <tf.RaggedTensor [[b'G', b'\\xc3\\xb6']]>
    """
    settings = _checked(errors, replacement_char)
    return _pieces(input_encoding, settings)(_rows(input, input_encoding, settings, "unicode_split"))


def unicode_split_with_offsets(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> tuple[Any, Any]:
    """What `unicode_split` gives, and the byte at which each character begins: int64."""
    settings = _checked(errors, replacement_char)
    return _both(input, _pieces(input_encoding, settings), (input_encoding, settings), "unicode_split")


def unicode_encode(
    input: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533, name: str | None = None
) -> Any:
    """The strings that characters' numbers spell along the last axis.

    Args:
        input: int32, a tensor or a ragged one.
        output_encoding: "UTF-8", "UTF-16-BE" or "UTF-32-BE".
        errors: what becomes of numbers that are no characters: "replace", "ignore", or an error ("strict").
        replacement_char: the number that replaces them.
    Example:
        >>> unicode_encode([[71, 246], [49, 50]], "UTF-8").numpy()
        array([b'G\\xc3\\xb6', b'12'], dtype=object)
    """
    if output_encoding not in _OUTPUTS:
        raise ArgumentError(f"output_encoding {output_encoding!r}.", fix=f"use one of {', '.join(_OUTPUTS)}.")
    settings, codec = _checked(errors, replacement_char), _OUTPUTS[output_encoding]
    if isinstance(input, RaggedTensor):
        if isinstance(input.values, RaggedTensor) or input.values.spec.ndim > 1:
            return input.with_values(unicode_encode(input.values, output_encoding, errors, replacement_char))
        codes, splits = host_integers(input.values, "characters").tolist(), input.partition.splits.tolist()
        rows = [codes[start:end] for start, end in itertools.pairwise(splits)]
        return of_strings([_encoded(row, codec, settings) for row in rows], (len(rows),))
    array = host_integers(convert_to_tensor(input), "characters")
    if not array.ndim:
        raise ArgumentError("unicode_encode of one number.", fix="give at least one axis, the characters.")
    rows = array.reshape(int(np.prod(array.shape[:-1])), -1).tolist()
    return of_strings([_encoded(row, codec, settings) for row in rows], array.shape[:-1])


def _encoded(codes: list[int], codec: str, settings: _Settings) -> bytes:
    kept = []
    for code in codes:
        if 0 <= code <= 0x10FFFF and not 0xD800 <= code < 0xE000:
            kept.append(chr(code))
        elif settings.errors == "strict":
            raise ArgumentError(f"{code} is no character of Unicode.", fix="pass errors='replace' or 'ignore'.")
        elif settings.errors == "replace":
            kept.append(chr(settings.replacement))
    return "".join(kept).encode(codec)


@string_op
def unicode_transcode(
    input: Any,
    input_encoding: str,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:
    """Strings in another encoding.

    Args:
        input: strings.
        input_encoding: how they are encoded.
        output_encoding: "UTF-8", "UTF-16-BE" or "UTF-32-BE".
        errors: what becomes of bytes that are no characters: "replace", "ignore", or an error ("strict").
        replacement_char: what replaces them.
        replace_control_characters: treat characters below 32 so, too.
    Example:
        >>> unicode_transcode("Hé", "UTF-8", "UTF-16-BE").numpy()
        b'\\x00H\\x00\\xe9'
    """
    if output_encoding not in _OUTPUTS:
        raise ArgumentError(f"output_encoding {output_encoding!r}.", fix=f"use one of {', '.join(_OUTPUTS)}.")
    settings = _checked(errors, replacement_char, replace_control_characters)
    source, target = _codec(input_encoding), _OUTPUTS[output_encoding]

    def transcoded(text: bytes) -> bytes:
        return "".join([chr(code) for code, _, _ in _characters(text, source, settings)]).encode(target)

    return mapped(transcoded, input, "unicode_transcode")


@string_op
def unicode_script(input: Any, name: str | None = None) -> Any:
    """ICU's number of the script that each character belongs to: int32; -1 for what is no character.

    Args:
        input: the characters' numbers, int32.
    Example:
        >>> unicode_script([1, 31, 38]).numpy()
        array([0, 0, 0], dtype=int32)
    """
    codes = host_integers(input, "characters")
    return of_numbers(scripts(codes), codes.shape, "int32")
