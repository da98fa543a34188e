"""TextVectorization: texts to the indices of their tokens, or to vectors of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import headwater as tf
from headwater import ops
from headwater.errors import ArgumentError, DTypeError, ShapeError
from headwater.keras import settings
from headwater.keras.keras_tensor import KerasTensor
from headwater.keras.layers.preprocessing import composite, lookup_arguments, text_steps
from headwater.keras.layers.preprocessing.adapting import batches_of, is_stream
from headwater.keras.layers.preprocessing.host_layer import HostLayer
from headwater.keras.layers.preprocessing.string_lookup import StringLookup
from headwater.keras.layers.preprocessing.token_table import Spans

_FEW = 32  # texts that are split one by one in less time than together


class TextVectorization(HostLayer):
    """Texts to the indices of their tokens in a vocabulary, or to vectors of them.

    A text is standardized, split into tokens, and these, or the n-grams of them, are looked up. Index 0 is padding, 1
    stands for unknown tokens.

    Args:
        max_tokens: size that the vocabulary may have; None for any.
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation", a function of a string tensor, or
            None. (A function that NumPy's string functions are used in, as Keras has it on JAX, gets an array of str.)
        split: "whitespace", "character", a function from a string tensor to a RaggedTensor or tensor, or None.
        ngrams: join neighbouring tokens: a number for n-grams up to it, a tuple for those of these lengths.
        output_mode: "int" for the indices of the tokens, in order; "multi_hot", "count", "tf_idf" for a vector for each
            text; "one_hot" for a vector for each token, where nothing is split.
        output_sequence_length: for "int": length that the rows are cut or padded to; that of the longest by default.
        pad_to_max_tokens: whether vectors have `max_tokens` entries, however small the vocabulary is.
        vocabulary: the tokens (array, list or tensor), or the path of a text file with a token a line; `adapt` finds
            them otherwise.
        idf_weights: inverse document frequencies of the tokens, for "tf_idf".
        sparse: whether vectors are returned as SparseTensors.
        ragged: for "int": whether rows are returned unpadded (but cut), as a RaggedTensor.
        encoding: how bytes are read where tokens are shown.
    Example:
        >>> layer = TextVectorization(output_sequence_length=3)
        >>> layer.adapt(["the cat", "the dog"])
        >>> layer.get_vocabulary()
        ['', '[UNK]', 'the', 'dog', 'cat']
        >>> layer(["The dog!", "a cat"]).numpy().tolist()
        [[2, 3, 0], [1, 4, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        is_given = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        size = kwargs.pop("vocabulary_size", None)
        super().__init__(name=name, **kwargs)
        output_mode = lookup_arguments.output_mode(output_mode)
        self._set_untracked(
            _standardize=standardize, _split=split, _ngrams_arg=ngrams, _output_mode=output_mode, _ragged=bool(ragged),
            _output_sequence_length=output_sequence_length, _encoding=encoding, _has_input_vocabulary=is_given,
            _ngrams=tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams, built=True,
        )  # fmt: skip
        self._check_arguments()
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens, vocabulary=vocabulary, idf_weights=idf_weights, pad_to_max_tokens=pad_to_max_tokens,
            mask_token="", output_mode=output_mode, sparse=sparse, encoding=encoding, has_input_vocabulary=is_given,
            vocabulary_size=size,
        )  # fmt: skip

    def _check_arguments(self) -> None:
        if self._standardize is not None and not callable(self._standardize):
            allowed = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
            lookup_arguments.one_of(self._standardize, allowed, "standardize", "TextVectorization")
        if self._split is not None and not callable(self._split):
            lookup_arguments.one_of(self._split, ("whitespace", "character"), "split", "TextVectorization")
        lookup_arguments.one_of(self._output_mode, lookup_arguments.OUTPUT_MODES, "output_mode", "TextVectorization")
        widths, length = self._ngrams, self._output_sequence_length
        if not (widths is None or (isinstance(widths, tuple) and all(isinstance(width, int) for width in widths))):
            raise ArgumentError(
                f"`ngrams` must be None, an integer, or a tuple of integers, not {self._ngrams_arg!r}.",
                fix="pass e.g. 2 for single tokens and pairs, or (2,) for pairs alone.",
            )
        if length is not None and (self._output_mode != "int" or not isinstance(length, int)):
            raise ArgumentError(
                f"`output_sequence_length` is {length!r}, and output_mode is {self._output_mode!r}.",
                fix='pass a whole number, and output_mode="int"; vectors have the size of the vocabulary.',
            )
        if self._ragged and self._output_mode != "int":
            raise ArgumentError(
                f"`ragged` is for rows of indices, not for output_mode={self._output_mode!r}.", fix="leave out ragged."
            )

    # ---- the vocabulary ---------------------------------------------------------------------------------------------

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Find the vocabulary of texts: its tokens from the commonest on, the greater ones first among equals.

        Args:
            data: an array, list or tensor of texts, or an iterable of batches of them (a Dataset, a generator).
            batch_size: accepted; not needed.
            steps: how many batches to take of an iterable; None for all.
        """
        self.reset_state()
        stream = is_stream(data)
        for batch in batches_of(data, steps):
            texts = self._prepared(batch)
            column = not stream and not composite.is_composite(texts) and texts.ndim == 1
            self.update_state(ops.expand_dims(texts, -1) if column else texts)
        self.finalize_state()

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch of texts."""
        texts = self._prepared(data)
        in_line = self._splits_words and self._ngrams is None and self._output_mode != "tf_idf"
        if in_line and not composite.is_composite(texts):  # where a text ends does not matter
            self._shape_of(texts)
            words = text_steps.all_words(np.asarray(texts).ravel(), self._standardize)
            self._lookup_layer.update_state(composite.Rows(words, ()))
            return
        tokens, _ = self._tokenized(texts)
        if not isinstance(tokens, composite.Rows) and not composite.is_composite(tokens) and tokens.ndim > 1:
            tokens = ops.reshape(tokens, (-1, tokens.shape[-1]))
        if isinstance(tokens, composite.Rows) and isinstance(tokens.values, Spans):
            tokens = composite.Rows(tokens.values.to_list(), tokens.lengths)
        self._lookup_layer.update_state(tokens)

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Forget what was counted."""
        self._lookup_layer.reset_state()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens, each at its index.

        Args:
            include_special_tokens: whether to begin with those for padding and for unknown tokens.
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of tokens, special ones included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Give it another vocabulary; arguments and errors are those of StringLookup.set_vocabulary."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights=idf_weights)

    # ---- texts to tokens --------------------------------------------------------------------------------------------

    def _prepared(self, inputs: Any) -> Any:
        known = composite.is_composite(inputs) or ops.is_tensor(inputs)
        texts = inputs if known else ops.convert_to_tensor(inputs)
        if texts.dtype != "string":
            raise DTypeError(
                f"TextVectorization takes texts and is given {texts.dtype.name} values.", fix="pass strings."
            )
        return texts

    def _tokenized(self, texts: Any) -> tuple[Any, tuple[int, ...]]:
        """The tokens of texts, as Rows, a RaggedTensor or a tensor; and the shape of the texts, of which Rows have one
        for each."""
        if self._split is None:
            texts = self._standardized(texts)
            return self._joined(texts), tuple(texts.shape)
        shape = self._shape_of(texts)
        return self._joined(self._rows_of(texts, shape)), shape

    def _shape_of(self, texts: Any) -> tuple[int, ...]:
        """The shape of texts that are to be split, without a last axis of one entry."""
        shape = tuple(texts.shape)
        if composite.is_composite(texts) or len(shape) < 2:
            return shape
        if shape[-1] != 1:
            raise ShapeError(
                f"texts of shape {shape} are to be split, and their last axis has more than one entry.",
                fix="pass texts of shape (batch,) or (batch, 1), or split=None for tokens.",
            )
        return shape[:-1]

    def _rows_of(self, texts: Any, shape: tuple[int, ...]) -> Any:
        """The tokens of texts, split."""
        if callable(self._split) or composite.is_composite(texts):
            texts = self._standardized(texts)
            if composite.is_composite(texts):
                return texts.with_flat_values(self._ragged_rows_of(texts.flat_values))
            return self._split(ops.reshape(texts, shape))
        if callable(self._standardize):
            return composite.Rows(*text_steps.split(np.asarray(self._standardized(texts)).ravel(), self._split))
        values = np.asarray(texts).ravel()
        if self._splits_words and len(values) > _FEW:
            return composite.Rows(*text_steps.words_of(values, self._standardize))
        values = values if self._standardize is None else text_steps.standardized(values, self._standardize)
        return composite.Rows(*text_steps.split(values, self._split))

    @property
    def _splits_words(self) -> bool:
        """Whether texts are split into words, by no function of the user's."""
        return self._split == "whitespace" and not callable(self._standardize)

    def _ragged_rows_of(self, texts: Any) -> Any:
        if callable(self._split):
            return self._split(texts)
        return composite.ragged_rows(*text_steps.split(np.asarray(texts), self._split))

    def _standardized(self, texts: Any) -> Any:
        how = self._standardize
        if how is None:
            return texts
        if not callable(how):
            return composite.map_values(
                lambda values: ops.convert_to_tensor(text_steps.standardized(np.asarray(values), how)), texts
            )
        try:
            result = how(texts)
        except TypeError:  # of NumPy's string functions, which take no array of bytes objects
            if composite.is_composite(texts):
                raise
            result = how(np.vectorize(lambda text: text.decode(self._encoding), otypes=[str])(np.asarray(texts)))
        return self._prepared(result)

    def _joined(self, tokens: Any) -> Any:
        if self._ngrams is None:
            return tokens
        if isinstance(tokens, composite.Rows):
            join = text_steps.joined_words if isinstance(tokens.values, Spans) else text_steps.ngrams
            return composite.Rows(*join(*tokens, self._ngrams))
        if composite.is_composite(tokens):
            return composite.map_rows(lambda *rows: text_steps.ngrams(*rows, self._ngrams), tokens)
        shape = tuple(tokens.shape)
        lengths = np.full(math.prod(shape[:-1]), shape[-1])
        joined, lengths = text_steps.ngrams(np.asarray(tokens).ravel(), lengths, self._ngrams)
        return ops.convert_to_tensor(joined.reshape(*shape[:-1], lengths[0] if len(lengths) else 0))

    # ---- tokens to numbers ------------------------------------------------------------------------------------------

    def _computed_on_host(self, texts: Any) -> Any:
        tokens, shape = self._tokenized(texts)
        if isinstance(tokens, composite.Rows):
            return self._of_rows(tokens, shape)
        found = self._lookup_layer(tokens)
        if self._output_mode != "int":
            return found
        if not composite.is_composite(found):
            return self._resized(found)
        if self._ragged:
            return composite.map_rows(lambda *rows: text_steps.cut(*rows, self._output_sequence_length), found)
        size = [None] * found.ragged_rank + [self._output_sequence_length]
        return found.to_tensor(default_value=0, shape=size)

    def _of_rows(self, tokens: composite.Rows, shape: tuple[int, ...]) -> Any:
        """Indices or vectors of the tokens of texts, in the shape of the texts."""
        lookup = self._lookup_layer
        lookup.require_size()
        indices = lookup.indices_of(tokens.values)
        if self._output_mode != "int":
            found = lookup._in_mode(composite.Rows(indices, tokens.lengths))
            return found if len(shape) == 1 else ops.reshape(found, (*shape, found.shape[-1]))
        if not self._ragged:
            rows = text_steps.padded(indices, tokens.lengths, self._output_sequence_length)
            return ops.convert_to_tensor(rows.reshape(*shape, rows.shape[-1]))
        if not shape:
            return ops.convert_to_tensor(indices[: self._output_sequence_length])
        found = composite.ragged_rows(*text_steps.cut(indices, tokens.lengths, self._output_sequence_length))
        for size in reversed(shape[1:]):
            found = tf.RaggedTensor.from_uniform_row_length(found, size)
        return found

    def _resized(self, indices: Any) -> Any:
        """Dense rows, cut or padded to the length that was asked for."""
        size = self._output_sequence_length
        if size is None:
            return indices
        indices = indices[..., :size]
        missing = size - indices.shape[-1]
        if self._ragged or not missing:
            return indices
        return ops.pad(indices, [(0, 0)] * (indices.ndim - 1) + [(0, missing)])

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the output for inputs of this shape. (Where vectors are made of texts of shape (batch, 1), Keras
        says (batch, 1, size) and returns (batch, size), which this says, too.)"""
        shape = tuple(input_shape)
        if self._split is None:
            if self._output_mode == "int":
                size = self._output_sequence_length
                return shape if size is None else (*shape[:-1], size)
            return self._lookup_layer.compute_output_shape(shape if len(shape) > 1 else (*shape, 1))
        leading = shape[:-1] if len(shape) > 1 else shape
        if self._output_mode == "int":
            return (*leading, self._output_sequence_length)
        return (*leading, self._lookup_layer._depth())

    def compute_output_spec(self, inputs: Any) -> Any:
        """Shape and dtype of the output."""
        dtype = settings.floatx() if self._output_mode == "tf_idf" else "int64"
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype, sparse=self._lookup_layer.sparse)

    @property
    def compute_dtype(self) -> str:
        """The dtype of what it takes."""
        return "string"

    @property
    def variable_dtype(self) -> str:
        """The dtype of what it keeps."""
        return "string"

    # ---- files ------------------------------------------------------------------------------------------------------

    def build(self, input_shape: Any = None) -> None:
        """Nothing: it needs no building."""

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor; see IndexLookup about the vocabulary."""
        lookup = self._lookup_layer
        return {
            **super().get_config(),
            "max_tokens": lookup.max_tokens,
            "standardize": self._standardize,
            "split": self._split,
            "ngrams": self._ngrams_arg,
            "output_mode": self._output_mode,
            "output_sequence_length": self._output_sequence_length,
            "pad_to_max_tokens": lookup.pad_to_max_tokens,
            "sparse": lookup.sparse,
            "ragged": self._ragged,
            "vocabulary": lookup._configured_vocabulary(),
            "idf_weights": lookup._configured_idf_weights(),
            "encoding": self._encoding,
            "vocabulary_size": self.vocabulary_size(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that `get_config` described.

        Raises: ArgumentError if it names a vocabulary file.
        """
        from headwater.keras.saving import deserialize_keras_object

        lookup_arguments.refuse_path(config)
        config = dict(config)
        for name in ("standardize", "split"):
            if not isinstance(config.get(name), (str, type(None))) and not callable(config[name]):
                config[name] = deserialize_keras_object(config[name])
        if isinstance(config.get("ngrams"), list):
            config["ngrams"] = tuple(config["ngrams"])
        return super().from_config(config)

    def save_own_variables(self, store: Any) -> None:
        """Put the inverse document frequencies into `store`, if it has any."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Take them from `store`."""
        self._lookup_layer.load_own_variables(store)

    def _assets(self) -> dict[str, bytes]:
        return self._lookup_layer._assets()

    def _take_assets(self, files: dict[str, bytes]) -> None:
        self._lookup_layer._take_assets(files)

    def save_assets(self, dir_path: Any) -> None:
        """Write the vocabulary into a folder."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: Any) -> None:
        """Read the vocabulary from a folder."""
        self._lookup_layer.load_assets(dir_path)
