"""`keras.preprocessing.text`: texts as numbers of words, in Python, as scripts of older versions do it.

New models begin with `keras.layers.TextVectorization`, which is saved with them.
"""

from __future__ import annotations

import collections
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from headwater.errors import ArgumentError

__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "freq", "tfidf")


def text_to_word_sequence(input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """The words of a text.

    Args:
        input_text: the text.
        filters: characters that stand between words, too.
        lower: whether to write words small.
        split: what stands between words.
    Example:
        >>> text_to_word_sequence("To be, or not to be?")
        ['to', 'be', 'or', 'not', 'to', 'be']
    """
    text = input_text.lower() if lower else input_text
    parts = text.translate(str.maketrans(dict.fromkeys(filters, split))).split(split)
    return [word for word in parts if word]


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], list[str]] | None = None,
) -> list[int]:
    """A number from 1 to n - 1 for each word of a text, by its hash: different words may get the same.

    Args:
        text: the text.
        n: how many numbers there are, with 0.
        hash_function: from a word to a number; "md5" for one that is the same in all programs; `hash` by default.
        filters, lower, split: as for `text_to_word_sequence`.
        analyzer: from a text to its words, instead.
    Example:
        >>> hashing_trick("to be or not to be", 100, "md5")
        [5, 66, 50, 12, 5, 66]
    """
    number = hash if hash_function is None else _md5 if hash_function == "md5" else hash_function
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [number(word) % (n - 1) + 1 for word in words]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode()).hexdigest(), 16)


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], list[str]] | None = None,
) -> list[int]:
    """`hashing_trick` with Python's `hash`: numbers hold within one program only, and none is a one-hot row."""
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


class Tokenizer:
    """Numbers the words of texts by how common they are, from 1 on, and writes texts with these numbers.

    Args:
        num_words: numbers below this are used; None for all.
        filters, lower, split: as for `text_to_word_sequence`.
        char_level: whether the characters of texts are the words.
        oov_token: word that stands for all others, with the number 1; by default others are left out.
        analyzer: from a text to its words, instead of splitting it.
    Attributes:
        word_counts: how often each word came, in the order in which they came first.
        word_docs: in how many texts each came.
        word_index, index_word: the number of each word, and the other way round.
        document_count: how many texts there were.
    Example:
        >>> tokenizer = Tokenizer()
        >>> tokenizer.fit_on_texts(["to be or not to be"])
        >>> tokenizer.texts_to_sequences(["not to be"])
        [[4, 1, 2]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Callable[[str], list[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.document_count = kwargs.pop("document_count", 0)
        if kwargs:
            raise TypeError(f"Tokenizer takes no argument {', '.join(kwargs)}")
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.word_counts: collections.OrderedDict[str, int] = collections.OrderedDict()
        self.word_docs: dict[str, int] = collections.defaultdict(int)
        self.index_docs: dict[int, int] = collections.defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: Any) -> Any:
        """The words of a text, which may be a list of them already."""
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Number the words of texts, together with those of earlier calls: the commonest first, and of equally common
        ones the one that came first."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        by_count = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        first = [] if self.oov_token is None else [self.oov_token]
        self.word_index = {word: number for number, word in enumerate([*first, *by_count], 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Any) -> None:
        """Count in how many sequences each number comes: what "tfidf" needs where there were no texts."""
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """The numbers of the words of each text."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """The same, text by text."""
        for text in texts:
            numbers = (self._known(self.word_index.get(word)) for word in self._words(text))
            yield [number for number in numbers if number is not None]

    def _known(self, number: int | None) -> int | None:
        """The number if it is used, else that of the word for all others, or None."""
        if number is not None and not (self.num_words and number >= self.num_words):
            return number
        return self.word_index.get(self.oov_token) if self.oov_token is not None else None

    def sequences_to_texts(self, sequences: Iterable[Any]) -> list[str]:
        """The words of each sequence of numbers, as a text."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Any]) -> Iterator[str]:
        """The same, sequence by sequence."""
        for sequence in sequences:
            numbers = (self._known(number if number in self.index_word else None) for number in sequence)
            yield " ".join(self.index_word[number] for number in numbers if number is not None)

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> np.ndarray:
        """A row for each text, with a column for each number. See `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Any, mode: str = "binary") -> np.ndarray:
        """A row for each sequence, with a column for each number.

        Args:
            sequences: lists of numbers.
            mode: what stands there: "binary": whether it comes; "count": how often; "freq": how often, as a share;
                "tfidf": (1 + log count) * log(1 + texts / (1 + texts with it)).
        Returns: float64 (sequences, num_words).
        Raises: ArgumentError if it does not know how many numbers there are, or how many texts.
        """
        if mode not in _MODES:
            raise ArgumentError(f"mode={mode!r}.", fix=f"pass one of {', '.join(_MODES)}.")
        width = self.num_words or (len(self.word_index) + 1 if self.word_index else None)
        if width is None:
            raise ArgumentError("it is not known how many words there are.", fix="pass num_words, or fit on texts.")
        if mode == "tfidf" and not self.document_count:
            raise ArgumentError('mode="tfidf" before any text.', fix="fit on texts or sequences first.")
        matrix = np.zeros((len(sequences), width))
        for row, sequence in zip(matrix, sequences):
            for number, count in collections.Counter(sequence).items():
                if number < width:
                    row[number] = self._entry(mode, number, count, len(sequence))
        return matrix

    def _entry(self, mode: str, number: int, count: int, length: int) -> float:
        if mode == "binary":
            return 1.0
        if mode == "count":
            return count
        if mode == "freq":
            return count / length
        return (1 + np.log(count)) * np.log(1 + self.document_count / (1 + self.index_docs.get(number, 0)))

    def get_config(self) -> dict[str, Any]:
        """All that it knows, as plain data."""
        names = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        tables = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        return {name: getattr(self, name) for name in names} | {
            name: json.dumps(getattr(self, name)) for name in tables
        }

    def to_json(self, **kwargs: Any) -> str:
        """All that it knows as a text, which `tokenizer_from_json` reads; `kwargs` are those of `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The Tokenizer that `to_json` wrote down.

    Raises: ArgumentError for a text that it did not write.
    """
    try:
        config = dict(json.loads(json_string)["config"])
        tables = {name: json.loads(config.pop(name)) for name in ("word_counts", "word_docs", "word_index")}
        by_number = {
            name: {int(number): value for number, value in json.loads(config.pop(name)).items()}
            for name in ("index_docs", "index_word")
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArgumentError(f"this is no tokenizer: {error}.", fix="pass what Tokenizer.to_json returned.") from None
    tokenizer = Tokenizer(**config)
    for name, table in (tables | by_number).items():
        setattr(tokenizer, name, table)
    return tokenizer
