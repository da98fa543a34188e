"""StringLookup: strings to indices, or indices to strings."""

from __future__ import annotations

from typing import Any

from headwater.keras.layers.preprocessing import lookup_arguments
from headwater.keras.layers.preprocessing.index_lookup import IndexLookup


class StringLookup(IndexLookup):
    """Strings to the indices that they have in a vocabulary, or indices to strings.

    Args:
        max_tokens: size that the vocabulary may have, special tokens included; None for any.
        num_oov_indices: indices for unknown strings; with 0 they are an error, with several their hash chooses.
        mask_token: string that stands for what is missing, with index 0; None for none.
        oov_token: what unknown indices become where `invert` is True.
        vocabulary: the strings (array, list or tensor), or the path of a text file with a string a line; `adapt` finds
            them otherwise.
        idf_weights: inverse document frequencies of the strings, for "tf_idf".
        invert: whether to turn indices into strings.
        output_mode: "int" for indices; "one_hot" for a vector for each string; "multi_hot", "count" or "tf_idf" for a
            vector for each sample, the samples lying along the last axis.
        pad_to_max_tokens: whether vectors have `max_tokens` entries, however small the vocabulary is.
        sparse: whether vectors are returned as SparseTensors.
        encoding: how bytes are read where strings are shown, and strings are written as bytes.
        salt: one or two whole numbers: the key of SipHash, which then chooses among several indices for unknown strings
            in place of FarmHash.
    Example:
        >>> layer = StringLookup(vocabulary=["a", "b"])
        >>> layer([["a", "z", "b"]]).numpy().tolist()
        [[1, 0, 2]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self.__dict__["encoding"] = lookup_arguments.encoding(encoding)
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, "string", vocabulary, idf_weights, invert, output_mode,
            sparse, pad_to_max_tokens, name=name, salt=salt, **kwargs,
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor; see IndexLookup about the vocabulary."""
        config = {**super().get_config(), "encoding": self.encoding}
        del config["vocabulary_dtype"]
        return config
