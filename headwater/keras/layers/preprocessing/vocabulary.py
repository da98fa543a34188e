"""Vocabularies: tokens and the indices that they stand for, and the text file that keeps them in a model's archive."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headwater.errors import ArgumentError, NotFoundError
from headwater.keras.layers.preprocessing.number_table import NumberTable
from headwater.keras.layers.preprocessing.token_table import Spans, TokenTable
from headwater.lookup.string_index import StringIndex


class Vocabulary:
    """Tokens, each with an index: its place in the list, counted from `start`.

    Args:
        tokens: the tokens, all `bytes` or all whole numbers, each once.
        start: index of the first one.
        reserved: indices of tokens that are not counted among the vocabulary, by token.
    Example:
        >>> Vocabulary([b"a", b"b"], start=1).indices(np.array([b"b", b"?"], object), default=0).tolist()
        [2, 0]
    """

    def __init__(self, tokens: Sequence[Any], start: int, reserved: Mapping[Any, int] | None = None) -> None:
        self.tokens = list(tokens)
        self.start = start
        self._table = {token: index for index, token in enumerate(self.tokens, start)} | dict(reserved or {})
        self._holds_numbers = any(not isinstance(token, bytes) for token in itertools.islice(self._table, 1))
        self._numbers = NumberTable(self._table) if self._holds_numbers else None

    def __len__(self) -> int:
        return len(self.tokens)

    def indices(self, tokens: np.ndarray | Spans, default: int) -> np.ndarray:
        """The index of each token, `default` for those that are not in the vocabulary.

        Args:
            tokens: an array of any shape, of `bytes` objects or of int64; or Spans.
            default: an index.
        Returns: int64, of the shape of `tokens`.
        """
        if self._numbers is not None:
            return self._numbers.values_of(tokens, default)
        if isinstance(tokens, Spans):
            return self._spans.values_of(tokens, default)
        index, numbers = self._index
        places = index.places(tokens)
        return np.where(places < 0, default, numbers[places])

    @functools.cached_property
    def _index(self) -> tuple[StringIndex, np.ndarray]:
        """The places of the tokens, and the indices at these places, with one more."""
        return StringIndex(list(self._table)), np.array([*self._table.values(), 0], np.int64)

    @functools.cached_property
    def _spans(self) -> TokenTable:
        return TokenTable(self._table)

    def tokens_at(self, indices: np.ndarray, default: Any) -> np.ndarray:
        """The token of each index, `default` for those that no token has; an array of objects or of int64."""
        dtype = object if isinstance(default, bytes) or not self._holds_numbers else np.int64
        known = np.empty(len(self.tokens) + 1, dtype)
        known[:-1], known[-1] = self.tokens, default
        places = np.asarray(indices, np.int64) - self.start
        return known[np.where((places >= 0) & (places < len(self.tokens)), places, len(self.tokens))]


def repeated(tokens: Sequence[Any]) -> list[Any]:
    """The tokens that a list has more than once."""
    seen: set[Any] = set()
    return list(dict.fromkeys(token for token in tokens if token in seen or seen.add(token)))


def to_lines(tokens: Sequence[Any]) -> bytes:
    """The text file that Keras keeps a vocabulary in: a token a line."""
    return "\n".join(map(str, tokens)).encode("utf-8", "surrogateescape")


def fits_lines(tokens: Sequence[Any]) -> bool:
    """Whether a text file can hold the tokens: none has a line break in it, and the last one is not empty.

    Keras reads the file with `str.splitlines`, which breaks at separators that are no newline, too.
    """
    texts = list(map(str, tokens))
    return not texts or (texts[-1] != "" and "\n".join(texts).splitlines() == texts)


def from_lines(data: bytes, numbers: bool, what: str) -> list[Any]:
    """The tokens that `to_lines` wrote.

    Args:
        data: content of the file.
        numbers: whether they are whole numbers.
        what: its name, for messages.
    Raises: ArgumentError if it holds something else.
    """
    try:
        lines = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")
        while lines and lines[-1] == "":
            lines.pop()
        return [int(line) for line in lines] if numbers else lines
    except ValueError as error:
        raise ArgumentError(f"{what} does not hold whole numbers: {error}.", fix="check the file.", where="") from None


def of_text_file(path: str, numbers: bool) -> list[Any]:
    """The tokens of a user's file, one a line.

    Raises: NotFoundError if there is none; ArgumentError if it does not hold a token a line.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise NotFoundError(
            f"Vocabulary file {path} does not exist.", fix="check the path, or pass a list of tokens.", where=""
        ) from None
    lines = data.replace(b"\r", b"").split(b"\n")
    if lines and not lines[-1]:
        lines.pop()  # what follows the last line break
    text = b"\n".join(lines)
    return from_lines(text, numbers, path) if numbers else [line.decode("utf-8", "surrogateescape") for line in lines]
