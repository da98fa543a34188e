"""How often tokens occur: counted batch by batch, in memory that grows with the number of different tokens only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


class TokenCounts:
    """Counts of tokens, and of the documents that have them.

    Args:
        with_documents: whether documents are counted, too.
    """

    def __init__(self, with_documents: bool) -> None:
        self.with_documents = with_documents
        self.clear()

    def clear(self) -> None:
        """Forget all counts."""
        self.tokens: Counter[Any] = Counter()
        self.documents: Counter[Any] = Counter()
        self.num_documents = 0

    def update(self, tokens: np.ndarray | list[bytes], lengths: Sequence[int]) -> None:
        """Count the tokens of some documents.

        Args:
            tokens: those of all, one after the other.
            lengths: how many of them each document has.
        """
        flat = tokens if isinstance(tokens, list) else tokens.tolist()
        self.tokens.update(flat)
        self.num_documents += len(lengths)
        if self.with_documents:
            end = 0
            for length in lengths:
                begin, end = end, end + int(length)
                self.documents.update(set(flat[begin:end]))

    def most_common(self, without: Iterable[Any], limit: int | None) -> list[Any]:
        """The tokens from the commonest on; of those that are equally common, the greatest first, as Keras has it.

        Args:
            without: tokens to leave out.
            limit: how many at most; None for all.
        """
        excluded = set(without)
        ranked = sorted(((count, token) for token, count in self.tokens.items() if token not in excluded), reverse=True)
        return [token for _, token in ranked[:limit]]

    def inverse_document_frequencies(self, tokens: Sequence[Any]) -> np.ndarray:
        """log(1 + documents / (1 + documents with the token)), for each token."""
        found = np.array([self.documents[token] for token in tokens], np.float64)
        return np.log(1.0 + self.num_documents / (1.0 + found))
