"""VocabularyFiles: how lookup layers keep their vocabularies, in configs and in the files of a model's archive."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.errors import ArgumentError
from headwater.keras import settings
from headwater.keras.layers.preprocessing import assets, lookup_arguments
from headwater.keras.layers.preprocessing import vocabulary as vocabularies
from headwater.keras.layers.preprocessing.host_layer import HostLayer

ASSET = "vocabulary.txt"


class VocabularyFiles(HostLayer):
    """The part of a lookup layer that describes it and keeps its vocabulary."""

    def get_config(self) -> dict[str, Any]:
        """The arguments of its constructor. The vocabulary is among them only if it was given in an array or list, or
        if a text file, which keeps it otherwise, can't hold it."""
        return {
            **super().get_config(),
            "invert": self.invert,
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "oov_token": self.oov_token,
            "mask_token": self.mask_token,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "vocabulary_dtype": self.vocabulary_dtype,
            "idf_weights": self._configured_idf_weights(),
            "vocabulary": self._configured_vocabulary(),
            "vocabulary_size": self._frozen_vocab_size,
            "oov_method": self.oov_method,
            "salt": self.salt,
        }

    def _configured_vocabulary(self) -> list[Any] | None:
        if self.input_vocabulary is not None:
            return self._plain_tokens(self.input_vocabulary)
        tokens = self.get_vocabulary()
        fits = vocabularies.fits_lines(tokens) if assets.have_a_place() else len(self._vocabulary) == 0
        return None if fits else tokens

    def _configured_idf_weights(self) -> list[float] | None:
        given = self.input_idf_weights
        if given is None and self.input_vocabulary is None and self._configured_vocabulary() is not None:
            given = None if self.idf_weights is None else self.idf_weights[: self.vocabulary_size()]
        return None if given is None else np.asarray(given).tolist()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer that `get_config` described.

        Raises: ArgumentError if it names a vocabulary file: a model's file is no reason to open another.
        """
        lookup_arguments.refuse_path(config)
        return super().from_config(config)

    def get_build_config(self) -> dict[str, Any]:
        """Nothing: it needs no building."""
        return {}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Nothing."""

    def save_own_variables(self, store: Any) -> None:
        """Put the inverse document frequencies into `store`, if it has any."""
        if self.output_mode == "tf_idf" and self.idf_weights is not None:
            store["idf_weights"] = self.idf_weights

    def load_own_variables(self, store: Any) -> None:
        """Take them from `store`."""
        if self.output_mode == "tf_idf":
            self._set_untracked(idf_weights=np.asarray(store["idf_weights"], settings.floatx()))

    def _assets(self) -> dict[str, bytes]:
        """Files for the archive of a model, by name."""
        if self._configured_vocabulary() is not None:
            return {}
        return {ASSET: vocabularies.to_lines(self.get_vocabulary())}

    def _take_assets(self, files: dict[str, bytes]) -> None:
        """Take the vocabulary from the file that `_assets` gave."""
        if self.input_vocabulary is not None:
            return
        if ASSET not in files:
            if (self._frozen_vocab_size or 0) <= self._token_start_index():
                return  # it has not seen data
            raise ArgumentError(
                f"the file lacks {ASSET} of layer {self.name!r}, which has {self._frozen_vocab_size} tokens.",
                fix="check that the file is complete.",
                where="",
            )
        tokens = vocabularies.from_lines(files[ASSET], self._holds_numbers, f"{ASSET} of layer {self.name!r}")
        if len(tokens) + 1 == self._frozen_vocab_size and not self._holds_numbers:
            tokens.append("")  # which Keras writes, and does not read
        tokens = self._without_special(tokens)
        lookup_arguments.check_vocabulary(self, tokens, tokens, may_be_empty=True)
        self._take_tokens(tokens)

    def save_assets(self, dir_path: Any) -> None:
        """Write the vocabulary into a folder."""
        assets.write(self._assets(), dir_path)

    def load_assets(self, dir_path: Any) -> None:
        """Read the vocabulary from a folder."""
        self._take_assets(assets.read(dir_path, (ASSET,)))
