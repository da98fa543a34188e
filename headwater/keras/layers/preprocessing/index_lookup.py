"""IndexLookup: what StringLookup and IntegerLookup have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headwater import ops
from headwater.dtypes import as_dtype
from headwater.errors import ArgumentError, DTypeError, StateError
from headwater.keras import settings
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.preprocessing import categorical_encoding, composite, lookup_arguments
from headwater.keras.layers.preprocessing import vocabulary as vocabularies
from headwater.keras.layers.preprocessing.adapting import batches_of, is_stream
from headwater.keras.layers.preprocessing.hashes import hash_buckets
from headwater.keras.layers.preprocessing.token_counts import TokenCounts
from headwater.keras.layers.preprocessing.vocabulary_files import VocabularyFiles

_MASKED = {True: 0, False: -2}  # index of the mask token: the first one, or none that is a category


class IndexLookup(VocabularyFiles):
    """Tokens to the indices that they have in a vocabulary, or indices to tokens.

    Indices: 0 is the mask token's if there is one and `output_mode` is "int"; then come `num_oov_indices` for tokens
    that are not in the vocabulary, then the vocabulary.

    Args:
        max_tokens: size that the vocabulary may have, special tokens included; None for any.
        num_oov_indices: indices for unknown tokens; with 0 they are an error, with several a hash chooses.
        mask_token: token that stands for what is missing; None for none.
        oov_token: what unknown indices become where `invert` is True.
        vocabulary_dtype: "string" or "int64".
        vocabulary: the tokens (array, list or tensor), or the path of a text file with a token a line.
        idf_weights: inverse document frequencies of the tokens, for "tf_idf".
        invert: whether to turn indices into tokens.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf".
        sparse: whether vectors are returned as SparseTensors.
        pad_to_max_tokens: whether vectors have `max_tokens` entries, however small the vocabulary is.
        oov_method: for whole numbers and several indices for unknown ones: "floormod" or "farmhash".
        salt: one or two whole numbers: the key of a keyed hash, SipHash, for unknown tokens.
    """

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary_dtype: Any,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        vocabulary_size = kwargs.pop("vocabulary_size", None)
        is_given = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        kwargs.pop("trainable", None)
        kwargs.pop("dtype", None)
        super().__init__(name=name, **kwargs)
        self.vocabulary_dtype = as_dtype(vocabulary_dtype).name
        self.max_tokens, self.num_oov_indices = max_tokens, num_oov_indices
        self.mask_token, self.oov_token = mask_token, oov_token
        self.output_mode = lookup_arguments.output_mode(output_mode)
        self.invert, self.sparse, self.pad_to_max_tokens = invert, sparse, pad_to_max_tokens
        self.oov_method = oov_method
        self._set_untracked(
            salt=lookup_arguments.salt_key(salt, type(self).__name__),
            input_vocabulary=None if isinstance(vocabulary, str) else vocabulary,
            input_idf_weights=idf_weights,
            idf_weights=None if idf_weights is None else np.asarray(idf_weights, settings.floatx()),
            built=True,
            _has_input_vocabulary=is_given,
            _frozen_vocab_size=vocabulary_size,
            _counts=None if is_given else TokenCounts(self.output_mode == "tf_idf"),
        )
        lookup_arguments.check(self)
        self._take_tokens([])
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    # ---- the vocabulary ---------------------------------------------------------------------------------------------

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens, each at its index.

        Args:
            include_special_tokens: whether to begin with the mask token and those for unknown tokens.
        """
        tokens = [self._shown(token) for token in self._vocabulary.tokens]
        return [*self._special_tokens(), *tokens] if include_special_tokens else tokens

    def vocabulary_size(self) -> int:
        """The number of tokens, special ones included."""
        return len(self._vocabulary) + self._token_start_index()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Give it another vocabulary.

        Args:
            vocabulary: tokens (array, list or tensor), or the path of a text file with a token a line. Special tokens
                may be left out, or come first.
            idf_weights: inverse document frequencies, one for each token, for "tf_idf" and only there.
        Raises: ArgumentError if tokens are repeated, too many, or special where they must not be; NotFoundError if
            there is no such file; StateError if vectors would change their size.
        """
        if (idf_weights is None) == (self.output_mode == "tf_idf"):
            raise ArgumentError(
                f"`idf_weights` is {'missing' if idf_weights is None else 'given'}, and output_mode is "
                f"{self.output_mode!r}.",
                fix='pass `idf_weights` for output_mode="tf_idf", and only there.',
            )
        if isinstance(vocabulary, str):
            self._set_file(vocabulary)
            return
        given = self._plain_tokens(vocabulary)
        tokens = self._without_special(given)
        lookup_arguments.check_vocabulary(self, given, tokens)
        self._take_tokens(tokens)
        if idf_weights is not None:
            front = self._token_start_index() if len(tokens) == len(given) else 0
            self._take_idf_weights(np.asarray(idf_weights), len(given), front)

    def _set_file(self, path: str) -> None:
        if self.output_mode == "tf_idf":
            raise ArgumentError(
                "a vocabulary file has no inverse document frequencies.", fix="pass the tokens in a list."
            )
        tokens = vocabularies.of_text_file(path, numbers=self._holds_numbers)
        lookup_arguments.check_vocabulary(self, tokens, tokens)
        self._take_tokens(tokens)

    def _take_tokens(self, tokens: Sequence[Any]) -> None:
        """Look up in these from now on; they are checked."""
        start = self._token_start_index()
        reserved = (
            None if self.mask_token is None else {self._stored(self.mask_token): _MASKED[self.output_mode == "int"]}
        )
        table = vocabularies.Vocabulary(list(map(self._stored, tokens)), start, reserved)
        size = len(table) + start
        if len(table) or self._vocabulary_is_known():
            self._require_size(size)
            self._set_untracked(_frozen_vocab_size=size)
        self._vocabulary = table

    def _vocabulary_is_known(self) -> bool:
        return "_vocabulary" in self.__dict__

    def _require_size(self, size: int) -> None:
        frozen = self._frozen_vocab_size
        if frozen not in (None, size) and not (self.output_mode == "int" or self.pad_to_max_tokens):
            raise StateError(
                f"the vocabulary would change from {frozen} to {size} tokens, and with it the vectors of "
                f"output_mode={self.output_mode!r}, which other layers may be made for.",
                fix="make another layer, or one with max_tokens= and pad_to_max_tokens=True.",
            )

    def _take_idf_weights(self, weights: np.ndarray, num_tokens: int, front: int) -> None:
        if weights.ndim != 1 or len(weights) != num_tokens:
            raise ArgumentError(
                f"`idf_weights` has the shape {weights.shape}, and the vocabulary {num_tokens} tokens.",
                fix="pass one weight for each token.",
            )
        self._keep_idf_weights(weights, front)

    def _keep_idf_weights(self, weights: np.ndarray, front: int) -> None:
        """Keep weights; unknown tokens get the mean of all."""
        padded = np.concatenate([np.full(front, weights.mean() if len(weights) else 0.0), weights])
        if self.pad_to_max_tokens and self.max_tokens is not None:
            padded = np.concatenate([padded, np.zeros(self.max_tokens - len(padded))])
        self._set_untracked(idf_weights=padded.astype(settings.floatx()))

    def _special_tokens(self) -> list[Any]:
        return [self.mask_token] * self._oov_start_index() + [self.oov_token] * self.num_oov_indices

    def _without_special(self, tokens: list[Any]) -> list[Any]:
        """Tokens without the special ones, if they begin with exactly these."""
        first, start = self._oov_start_index(), self._token_start_index()
        begins = len(tokens) >= start and all(token == self.mask_token for token in tokens[:first])
        if begins and all(token == self.oov_token for token in tokens[first:start]):
            return tokens[start:]
        return tokens

    def _oov_start_index(self) -> int:
        return 1 if self.mask_token is not None and self.output_mode == "int" else 0

    def _token_start_index(self) -> int:
        return self._oov_start_index() + self.num_oov_indices

    # ---- adapting ---------------------------------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find the vocabulary of data: its tokens from the commonest on, the greater ones first among equals.

        Args:
            data: an array, list or tensor of tokens, or an iterable of batches of them (a Dataset, a generator).
            steps: how many batches to take of an iterable; None for all.
        """
        self.reset_state()
        stream = is_stream(data)
        for batch in batches_of(data, steps):
            tokens = self._tokens(batch)
            column = not stream and not composite.is_composite(tokens) and tokens.ndim == 1
            self.update_state(ops.expand_dims(tokens, -1) if column else tokens)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch; each row is a document.

        Raises: StateError if the vocabulary was given.
        """
        if self._has_input_vocabulary:
            raise VocabularyGivenError(
                f"Layer {self.name!r} was given its vocabulary; it can't adapt to data.",
                fix="leave out `vocabulary`, or do not call adapt.",
            )
        if isinstance(data, composite.Rows):
            self._counts.update(*data)
            return
        tokens = self._tokens(data)
        if composite.is_composite(tokens):
            values, rows, count = composite.values_and_rows(tokens)
            self._counts.update(np.asarray(values), np.bincount(rows, minlength=count))
            return
        values = np.asarray(tokens)
        rows = values.shape[0] if values.ndim > 1 else 1
        self._counts.update(values.ravel(), [values.size // rows] * rows if rows else [])

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted, and forget the counts."""
        if self._has_input_vocabulary or not self._counts.tokens:
            self._require_size(self.vocabulary_size())
            self._set_untracked(_frozen_vocab_size=self.vocabulary_size())
            return
        special = [self._stored(token) for token in (self.mask_token, self.oov_token) if token is not None]
        limit = self.max_tokens - self._token_start_index() if self.max_tokens else None
        tokens = self._counts.most_common(special, limit)
        self._take_tokens(tokens)
        if self.output_mode == "tf_idf":
            weights = self._counts.inverse_document_frequencies(tokens)
            self._keep_idf_weights(weights, self._token_start_index())
        self.reset_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        if self._counts is not None:
            self._counts.clear()

    # ---- looking up -------------------------------------------------------------------------------------------------

    def _prepared(self, inputs: Any) -> Any:
        self.require_size()
        return _whole_numbers(inputs) if self.invert else self._tokens(inputs)

    def require_size(self) -> None:
        """Raise StateError if the size of its vectors is not known yet."""
        if self.output_mode != "int" and not self.pad_to_max_tokens and self._frozen_vocab_size is None:
            raise StateError(
                f"output_mode={self.output_mode!r} gives vectors of the size of the vocabulary, and there is none yet.",
                fix="pass `vocabulary`, or call adapt, or pass max_tokens= and pad_to_max_tokens=True.",
            )

    def _computed_on_host(self, inputs: Any) -> Any:
        if self.invert:
            return composite.map_values(self._tokens_at, inputs)
        return self._in_mode(
            composite.map_values(lambda tokens: ops.convert_to_tensor(self.indices_of(np.asarray(tokens))), inputs)
        )

    def _in_mode(self, indices: Any) -> Any:
        """Indices, or the vectors that are made of them."""
        if self.output_mode == "int":
            return indices
        if self.output_mode == "tf_idf":
            counts = categorical_encoding.encode(indices, "count", self._depth(), settings.floatx(), self.sparse)
            return self._weighted(counts)
        return categorical_encoding.encode(indices, self.output_mode, self._depth(), "int64", self.sparse)

    def _depth(self) -> int | None:
        return self.max_tokens if self.pad_to_max_tokens else self._frozen_vocab_size

    def indices_of(self, tokens: Any) -> np.ndarray:
        """The indices of tokens on the host: arrays of `bytes` objects, or of int64; or Spans, where one index is for
        all that are unknown."""
        start = self._oov_start_index()
        if self.num_oov_indices == 1:
            return self._vocabulary.indices(tokens, start)
        indices = self._vocabulary.indices(tokens, -1)
        unknown = indices == -1
        if unknown.any():
            indices[unknown] = self._indices_of_unknown(tokens[unknown])
        return indices

    def _indices_of_unknown(self, tokens: np.ndarray) -> np.ndarray:
        count = self.num_oov_indices
        if count == 0:
            raise ArgumentError(
                f"{len(tokens)} tokens are not in the vocabulary, such as {self._shown(tokens[0])!r}, and "
                "num_oov_indices=0 leaves no index for them.",
                fix="set num_oov_indices=1, or clean the data.",
            )
        if self._holds_numbers and self.oov_method == "floormod":
            return tokens % count + self._oov_start_index()
        return hash_buckets(tokens, count, self.salt) + self._oov_start_index()

    def _tokens_at(self, indices: Any) -> Any:
        values = np.asarray(indices)
        found = self._vocabulary.tokens_at(values, self._stored(self.oov_token))
        if self.mask_token is not None:
            found[values == 0] = self._stored(self.mask_token)
        return ops.convert_to_tensor(found)

    def _weighted(self, counts: Any) -> Any:
        if self.idf_weights is None:
            raise StateError(
                'output_mode="tf_idf" needs inverse document frequencies, and there are none yet.',
                fix="pass `idf_weights`, or call adapt.",
            )
        if not composite.is_composite(counts):
            return ops.multiply(ops.cast(counts, self.idf_weights.dtype), self.idf_weights)
        weights = self.idf_weights[np.asarray(counts.indices)[:, -1]]
        return composite.map_values(lambda values: ops.multiply(ops.cast(values, weights.dtype), weights), counts)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of this shape."""
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        return categorical_encoding.output_shape(input_shape, mode, self._depth())

    def compute_output_spec(self, inputs: Any) -> Any:
        """Shape and dtype of the output. (Keras says float32 where it returns int64.)"""
        dtype = self.vocabulary_dtype if self.invert else "int64"
        if self.output_mode == "tf_idf":
            dtype = settings.floatx()
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype, sparse=self.sparse)

    # ---- dtypes -----------------------------------------------------------------------------------------------------

    @property
    def _holds_numbers(self) -> bool:
        return self.vocabulary_dtype != "string"

    @property
    def compute_dtype(self) -> str:
        """The dtype of the vocabulary."""
        return self.vocabulary_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the vocabulary."""
        return self.vocabulary_dtype

    def _tokens(self, values: Any) -> Any:
        """Tokens as a tensor of the dtype of the vocabulary."""
        if self._holds_numbers:
            return _whole_numbers(values)
        tensor = _as_tensor(values)
        if tensor.dtype != "string":
            raise DTypeError(
                f"{type(self).__name__} looks up strings and is given {tensor.dtype.name} values.",
                fix="use IntegerLookup for whole numbers, or tf.strings.as_string.",
            )
        return tensor

    def _plain_tokens(self, tokens: Any) -> list[Any]:
        """Tokens that a user gave, as a list of str or int."""
        values = np.asarray(tokens)
        if values.ndim != 1:
            raise ArgumentError(
                f"a vocabulary has one axis, not the shape {values.shape}.", fix="pass a list of tokens."
            )
        if self._holds_numbers:
            return [int(value) for value in values.tolist()]
        return [self._text(value) for value in (tokens if isinstance(tokens, (list, tuple)) else values.tolist())]

    def _stored(self, token: Any) -> Any:
        """A token as the table has it: bytes or int."""
        return token if self._holds_numbers or isinstance(token, bytes) else self._bytes(str(token))

    def _shown(self, token: Any) -> Any:
        """A token as users see it: str or int."""
        return int(token) if self._holds_numbers else self._text(token)

    encoding = "utf-8"

    def _text(self, token: Any) -> str:
        return token.decode(self.encoding, "surrogateescape") if isinstance(token, bytes) else str(token)

    def _bytes(self, text: str) -> bytes:
        return text.encode(self.encoding, "surrogateescape")


class VocabularyGivenError(StateError, ValueError):
    """A layer whose vocabulary was given was to find one itself; a ValueError, as in Keras."""


def _as_tensor(values: Any) -> Any:
    return values if composite.is_composite(values) or ops.is_tensor(values) else ops.convert_to_tensor(values)


def _whole_numbers(values: Any) -> Any:
    tensor = _as_tensor(values)
    if tensor.dtype == "string":
        raise DTypeError("whole numbers are looked up, and strings are given.", fix="use StringLookup for strings.")
    if tensor.dtype == "int64":
        return tensor
    return composite.map_values(lambda values: ops.cast(values, "int64"), tensor)
