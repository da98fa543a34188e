"""Data sets of `tf.train.Example`s: parsed in batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headwater.data.dataset import Dataset
from headwater.data.file_datasets import TFRecordDataset
from headwater.data.prefetching import AUTOTUNE


def parse_example_dataset(
    features: dict[str, Any], num_parallel_calls: Any = 1, deterministic: bool | None = None
) -> Callable[[Any], Any]:
    """For `Dataset.apply`: batches of serialized Examples, as dicts of what `tf.io.parse_example` finds in them."""
    from headwater import io

    return lambda dataset: dataset.map(
        lambda serialized: io.parse_example(serialized, features), num_parallel_calls, deterministic
    )


def make_batched_features_dataset(
    file_pattern: Any,
    batch_size: int,
    features: dict[str, Any],
    reader: Any = None,
    label_key: str | None = None,
    reader_args: Any = None,
    num_epochs: int | None = None,
    shuffle: bool = True,
    shuffle_buffer_size: int = 10000,
    shuffle_seed: int | None = None,
    prefetch_buffer_size: Any = None,
    reader_num_threads: int | None = None,
    parser_num_threads: int | None = None,
    sloppy_ordering: bool = False,
    drop_final_batch: bool = False,
) -> Any:
    """A data set of batches of the Examples in files, as dicts from the names of features, and the label beside them.

    Args:
        file_pattern: paths, or patterns.
        batch_size: Examples in a batch.
        features: what `tf.io.parse_example` takes.
        reader: a class of data set that gives serialized Examples; TFRecordDataset by default.
        label_key: the feature that is given as the label.
        reader_args: for `reader`.
        num_epochs: passes over the files; without end for None, and then all batches are full.
        shuffle, shuffle_buffer_size, shuffle_seed: as in `Dataset.shuffle`.
        prefetch_buffer_size: batches that are made ready ahead.
        reader_num_threads: files that are read at once.
        parser_num_threads: batches that are parsed at once.
        sloppy_ordering: whether Examples may come in the order in which they are ready.
        drop_final_batch: leave out a last batch that is smaller.
    Returns: a Dataset.
    """
    make = reader or TFRecordDataset
    paths = Dataset.list_files(file_pattern, shuffle, shuffle_seed)
    threads = reader_num_threads or 1
    dataset: Any = paths.interleave(
        lambda path: make(path, *(reader_args or ())), cycle_length=threads,
        num_parallel_calls=threads if threads > 1 else None, deterministic=not sloppy_ordering,
    )  # fmt: skip
    if shuffle:
        dataset = dataset.shuffle(shuffle_buffer_size, shuffle_seed)
    if num_epochs != 1:
        dataset = dataset.repeat(num_epochs)
    dataset = dataset.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    dataset = dataset.apply(parse_example_dataset(features, parser_num_threads or 2))
    if label_key is not None:
        dataset = dataset.map(lambda parsed: (parsed, parsed.pop(label_key)))
    return dataset.prefetch(AUTOTUNE if prefetch_buffer_size is None else prefetch_buffer_size)
