"""The embeddings of a model, in the files that TensorBoard's projector reads."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from headwater import ops
from headwater.errors import ArgumentError
from headwater.keras.layers.core.embedding import Embedding


class EmbeddingFiles:
    """Tables of the rows of embeddings, and the file that names them to the projector.

    Args:
        model: the model.
        folder: where the files go.
        metadata: file with a name for each row, for all or by layer.
    Raises: ArgumentError if `metadata` names a layer that is no embedding of the model.
    """

    def __init__(self, model: Any, folder: str, metadata: Any) -> None:
        self._layers = [layer for layer in model.layers if isinstance(layer, Embedding)]
        names = {layer.name for layer in self._layers}
        self._metadata = dict(metadata) if isinstance(metadata, dict) else dict.fromkeys(names, metadata)
        unknown = set(self._metadata) - names
        if unknown:
            raise ArgumentError(
                f"embeddings_metadata names {sorted(unknown)}, which are no embeddings of the model.",
                fix=f"its embeddings are {sorted(names)}.",
                where="",
            )
        self._folder = folder

    def save(self, epoch: int) -> None:
        """Write the rows as they are now; files of epochs before stay."""
        os.makedirs(self._folder, exist_ok=True)
        lines = []
        for layer in self._layers:
            file = f"{layer.name}-{epoch}.tsv"
            rows = ops.convert_to_numpy(layer.embeddings)
            np.savetxt(os.path.join(self._folder, file), rows, fmt="%.6g", delimiter="\t")
            lines += ["embeddings {", f'  tensor_name: "{layer.name}"', f'  tensor_path: "{file}"']
            if self._metadata.get(layer.name):
                lines.append(f'  metadata_path: "{self._metadata[layer.name]}"')
            lines.append("}")
        with open(os.path.join(self._folder, "projector_config.pbtxt"), "w", encoding="utf-8") as config:
            config.write("\n".join(lines) + "\n")
