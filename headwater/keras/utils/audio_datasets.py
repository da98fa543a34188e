"""audio_dataset_from_directory: a folder of recordings as a data set."""

from __future__ import annotations

from typing import Any

from headwater import audio
from headwater.data import Dataset
from headwater.errors import ArgumentError
from headwater.frontend.ragged_tensor import RaggedTensor, RaggedTensorSpec
from headwater.frontend.tensor_spec import TensorSpec
from headwater.keras.utils.directories import FolderOptions, folder_datasets

FORMATS = (".wav",)


def audio_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Any = None,
    batch_size: int | None = 32,
    sampling_rate: int | None = None,
    output_sequence_length: int | None = None,
    ragged: bool = False,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    verbose: bool = True,
) -> Any:
    """The `.wav` files of a folder, whose subfolders are the classes, as a `tf.data.Dataset`.

    Args:
        directory: the folder.
        sampling_rate: samples in a second that all recordings are brought to, by the package soxr; as they are by
            default.
        output_sequence_length: samples of each recording: longer ones are cut, shorter ones filled with zeros. By
            default those of a batch are filled up to its longest.
        ragged: give batches of recordings of different lengths instead.
        labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links, verbose: as
            for `image_dataset_from_directory`.
    Returns: a data set of float32 (batch, samples, channels) from -1 to 1, alone or with labels; two of them in a tuple
        for subset="both". It has `class_names` and `file_paths`.
    Raises: ArgumentError for arguments that do not fit; NotFoundError if there is no file. A file that can't be read is
        an error that names it, when it is reached.
    """
    if ragged and output_sequence_length is not None:
        raise ArgumentError("ragged batches of one length.", fix="pass ragged or output_sequence_length, not both.")
    if sampling_rate is not None and (not isinstance(sampling_rate, int) or sampling_rate <= 0):
        raise ArgumentError(f"sampling_rate={sampling_rate!r}.", fix="pass a positive whole number.")

    def load(path: str) -> Any:
        with open(path, "rb") as file:
            contents = file.read()
        wanted = -1 if output_sequence_length is None else output_sequence_length
        samples, rate = audio.decode_wav(contents, desired_samples=wanted)
        if sampling_rate is not None:
            samples = audio.resample(samples, rate, sampling_rate)
        return RaggedTensor.from_tensor(samples) if ragged else samples

    fills = output_sequence_length is None and not ragged
    options = FolderOptions(
        directory, labels, label_mode, class_names, batch_size, shuffle, seed, validation_split, subset, follow_links,
        verbose,
    )  # fmt: skip
    spec = TensorSpec((output_sequence_length, None), "float32")
    if ragged:
        spec = RaggedTensorSpec((None, None), "float32")
    found = folder_datasets(options, FORMATS, "audio", load, spec, Dataset.padded_batch if fills else Dataset.batch)
    return tuple(found) if isinstance(found, list) else found
