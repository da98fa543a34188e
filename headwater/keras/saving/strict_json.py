"""JSON text to plain data, under limits: files come from anywhere."""

from __future__ import annotations

import json
import re
from typing import Any

from headwater.errors import ArgumentError

MAX_DEPTH = 100
MAX_BYTES = 256 * 2**20

_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def parse(text: str | bytes, what: str) -> Any:
    """The data that `text` describes.

    Args:
        text: JSON.
        what: name of the file or argument, for messages.
    Raises: ArgumentError if it is no JSON, or nested or large beyond reason.
    """
    if len(text) > MAX_BYTES:
        raise ArgumentError(
            f"{what} has {len(text)} bytes; the limit is {MAX_BYTES}.", fix="check where the file comes from."
        )
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError:
            raise ArgumentError(f"{what} is not UTF-8 text.", fix="check that the file is complete.") from None
    _check_depth(text, what)
    try:
        return json.loads(text)
    except ValueError as error:
        raise ArgumentError(f"{what} is not JSON: {error}.", fix="check that the file is complete.") from None


def _check_depth(text: str, what: str) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        sign = token.group()
        if sign in ("[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise ArgumentError(
                    f"{what} is nested deeper than {MAX_DEPTH} levels.", fix="check where the file comes from."
                )
        elif sign in ("]", "}"):
            depth -= 1
