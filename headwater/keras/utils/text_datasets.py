"""text_dataset_from_directory: a folder of texts as a data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.frontend.tensor import Tensor
from headwater.frontend.tensor_spec import TensorSpec
from headwater.keras.utils.directories import FolderOptions, folder_datasets
from headwater.keras.utils.image_datasets import require_tf
from headwater.ops import convert_to_tensor


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """The `.txt` files of a folder, whose subfolders are the classes, as a `tf.data.Dataset`.

    Args:
        directory: the folder.
        max_length: bytes of each text that are kept; all by default.
        labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links, format,
            verbose: as for `image_dataset_from_directory`.
    Returns: a data set of string tensors (batch,), alone or with labels. It has `class_names` and `file_paths`.
    Raises: ArgumentError for arguments that do not fit; NotFoundError if there is no file.
    """
    require_tf(format)

    def load(path: str) -> Tensor:
        with open(path, "rb") as file:
            return convert_to_tensor(np.array(file.read(-1 if max_length is None else max_length), object))

    options = FolderOptions(
        directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links,
        verbose,
    )  # fmt: skip
    return folder_datasets(options, (".txt",), "text", load, TensorSpec((), "string"))
