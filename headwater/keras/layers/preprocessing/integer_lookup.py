"""IntegerLookup: whole numbers to indices, or indices to whole numbers."""

from __future__ import annotations

from typing import Any

from headwater.errors import ArgumentError
from headwater.keras.layers.preprocessing.index_lookup import IndexLookup


class IntegerLookup(IndexLookup):
    """Whole numbers, such as identifiers, to the indices that they have in a vocabulary, or indices to whole numbers.

    Args:
        max_tokens: size that the vocabulary may have, special tokens included; None for any.
        num_oov_indices: indices for unknown numbers; with 0 they are an error, with several `oov_method` chooses.
        mask_token: number that stands for what is missing, with index 0; None for none.
        oov_token: what unknown indices become where `invert` is True.
        vocabulary: the numbers (array, list or tensor), or the path of a text file with a number a line; `adapt` finds
            them otherwise.
        vocabulary_dtype: only "int64".
        idf_weights: inverse document frequencies of the numbers, for "tf_idf".
        invert: whether to turn indices into numbers.
        output_mode: "int" for indices; "one_hot" for a vector for each number; "multi_hot", "count" or "tf_idf" for a
            vector for each sample, the samples lying along the last axis.
        sparse: whether vectors are returned as SparseTensors.
        pad_to_max_tokens: whether vectors have `max_tokens` entries, however small the vocabulary is.
        oov_method: how one of several indices is chosen for an unknown number: "floormod", the remainder, or
            "farmhash", a hash.
        salt: one or two whole numbers: the key of SipHash, for "farmhash".
    Example:
        >>> layer = IntegerLookup(vocabulary=[12, 36])
        >>> layer([[36, 7, 12]]).numpy().tolist()
        [[2, 0, 1]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: Any = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise ArgumentError(
                f"IntegerLookup: vocabulary_dtype={vocabulary_dtype!r} is not served.",
                fix='leave it out, or pass "int64".',
            )
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, "int64", vocabulary, idf_weights, invert, output_mode,
            sparse, pad_to_max_tokens, oov_method, name, salt, **kwargs,
        )  # fmt: skip

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor; see IndexLookup about the vocabulary."""
        config = super().get_config()
        for name in ("oov_token", "mask_token"):
            config[name] = None if config[name] is None else int(config[name])
        return config
