"""TensorFlow's `tf.data.experimental`: transformations for `Dataset.apply`, most of which are methods today."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater.data.calls import enable_debug_mode
from headwater.data.constructors import whole
from headwater.data.csv_files import make_csv_dataset
from headwater.data.dataset import Dataset
from headwater.data.feature_files import make_batched_features_dataset, parse_example_dataset
from headwater.data.file_datasets import CsvDataset
from headwater.data.grouping import AssertCardinality, GroupByReducer, PadToCardinality, Reducer
from headwater.data.iterator import Optional
from headwater.data.options import (
    AutoShardPolicy,
    AutotuneAlgorithm,
    AutotuneOptions,
    DistributeOptions,
    ExternalStatePolicy,
    OptimizationOptions,
    ServiceOptions,
    ThreadingOptions,
)
from headwater.data.prefetching import AUTOTUNE
from headwater.data.sql import SqlDataset
from headwater.data.stage import INFINITE as INFINITE_CARDINALITY
from headwater.data.stage import UNKNOWN as UNKNOWN_CARDINALITY
from headwater.data.structure import as_array
from headwater.errors import IndexRangeError, NotServedError

__all__ = [
    "AUTOTUNE", "INFINITE_CARDINALITY", "SHARD_HINT", "UNKNOWN_CARDINALITY", "AutoShardPolicy", "AutotuneAlgorithm",
    "AutotuneOptions", "Counter", "CsvDataset", "DistributeOptions", "ExternalStatePolicy", "OptimizationOptions",
    "Optional", "RandomDataset", "Reducer", "ServiceOptions", "SqlDataset", "TFRecordWriter", "ThreadingOptions",
    "assert_cardinality", "at", "bucket_by_sequence_length", "cardinality", "choose_from_datasets", "copy_to_device",
    "dense_to_ragged_batch", "dense_to_sparse_batch", "enable_debug_mode", "enumerate_dataset", "from_list",
    "get_next_as_optional", "get_single_element", "get_structure", "group_by_reducer", "group_by_window",
    "ignore_errors", "index_table_from_dataset", "load", "make_batched_features_dataset", "make_csv_dataset",
    "make_saveable_from_iterator", "map_and_batch",
    "pad_to_cardinality", "parallel_interleave", "parse_example_dataset", "prefetch_to_device", "rejection_resample",
    "sample_from_datasets", "save", "scan", "shuffle_and_repeat", "snapshot", "table_from_dataset", "take_while",
    "unbatch", "unique",
]  # fmt: skip

Transformation = Callable[[Any], Any]
SHARD_HINT = -1
_UNSERVED = {
    "DatasetInitializer": "use tf.data.experimental.table_from_dataset",
    "distributed_save": "use dataset.save",
    "from_variant": "pass the data set itself",
    "get_model_proto": "use dataset.explain()",
    "service": "pipelines run in the process that uses them",
    "to_variant": "pass the data set itself",
}


def __getattr__(name: str) -> Any:
    if name in _UNSERVED:
        raise NotServedError(f"tf.data.experimental.{name} is not served.", fix=f"{_UNSERVED[name]}.", where="")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def Counter(start: Any = 0, step: Any = 1, dtype: Any = "int64") -> Dataset:  # noqa: N802 - TensorFlow's name
    """A data set of start, start + step, ..., without end."""
    return Dataset.counter(start, step, dtype)


class RandomDataset(Dataset):
    """A data set of random whole numbers, without end: `Dataset.random`."""

    def __init__(
        self, seed: int | None = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
    ) -> None:
        super().__init__(Dataset.random(seed, rerandomize_each_iteration, name)._stage)


class TFRecordWriter:
    """Writes a data set of strings as a TFRecord file.

    Args:
        filename: path of the file.
        compression_type: "GZIP", "ZLIB", or None.
    """

    def __init__(self, filename: Any, compression_type: Any = None) -> None:
        self._filename, self._compression = filename, compression_type

    def write(self, dataset: Dataset) -> None:
        """Write the elements of a data set."""
        from headwater.data.transformations import text_of
        from headwater.io.records import RecordWriter

        with RecordWriter(text_of(self._filename), self._compression) as writer:
            for element in dataset.as_numpy_iterator():
                writer.write(element)


def cardinality(dataset: Dataset) -> Any:
    """How many elements a data set has: `Dataset.cardinality`."""
    return dataset.cardinality()


def assert_cardinality(expected_cardinality: Any) -> Transformation:
    """Say how many elements there are. A pass that gives more or fewer raises."""
    return lambda dataset: dataset._then(AssertCardinality(dataset._stage, whole(expected_cardinality)))


def at(dataset: Dataset, index: Any) -> Any:
    """The element of a data set with a number.

    Raises: IndexRangeError if there is none.
    """
    place = whole(index)
    for element in dataset.skip(place).take(1) if place >= 0 else ():
        return element
    raise IndexRangeError(f"there is no element {place}.", fix="use a number below the cardinality.", where="")


def bucket_by_sequence_length(*args: Any, **kwargs: Any) -> Transformation:
    """`Dataset.bucket_by_sequence_length`."""
    return lambda dataset: dataset.bucket_by_sequence_length(*args, **kwargs)


def choose_from_datasets(datasets: Any, choice_dataset: Any, stop_on_empty_dataset: bool = False) -> Dataset:
    """`Dataset.choose_from_datasets`; by default a choice of one that has ended gives nothing."""
    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)


def sample_from_datasets(
    datasets: Any, weights: Any = None, seed: int | None = None, stop_on_empty_dataset: bool = False
) -> Dataset:
    """`Dataset.sample_from_datasets`."""
    return Dataset.sample_from_datasets(datasets, weights, seed, stop_on_empty_dataset)


def copy_to_device(target_device: str, source_device: str = "/cpu:0") -> Transformation:
    """The data set as it is: its elements are where they are used."""
    return lambda dataset: dataset


def prefetch_to_device(device: str, buffer_size: Any = None) -> Transformation:
    """`Dataset.prefetch`."""
    return lambda dataset: dataset.prefetch(AUTOTUNE if buffer_size is None else buffer_size)


def dense_to_ragged_batch(
    batch_size: Any, drop_remainder: bool = False, row_splits_dtype: Any = "int64"
) -> Transformation:
    """`Dataset.ragged_batch`."""
    return lambda dataset: dataset.ragged_batch(batch_size, drop_remainder, row_splits_dtype)


def dense_to_sparse_batch(batch_size: Any, row_shape: Any) -> Transformation:
    """`Dataset.sparse_batch`."""
    return lambda dataset: dataset.sparse_batch(batch_size, row_shape)


def enumerate_dataset(start: Any = 0) -> Transformation:
    """`Dataset.enumerate`."""
    return lambda dataset: dataset.enumerate(start)


def from_list(elements: list[Any], name: str | None = None) -> Dataset:
    """A data set of the elements of a list."""
    return Dataset.from_list(elements, name)


def get_next_as_optional(iterator: Any) -> Optional:
    """`Iterator.get_next_as_optional`."""
    return iterator.get_next_as_optional()


def get_single_element(dataset: Dataset) -> Any:
    """`Dataset.get_single_element`."""
    return dataset.get_single_element()


def get_structure(dataset_or_iterator: Any) -> Any:
    """The `element_spec` of a data set or an iterator."""
    return dataset_or_iterator.element_spec


def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Transformation:
    """For each key, what a reducer makes of the elements that have it, in the order of the keys' first elements."""
    return lambda dataset: dataset._then(GroupByReducer(dataset._stage, key_func, reducer))


def group_by_window(
    key_func: Callable[..., Any], reduce_func: Any, window_size: Any = None, window_size_func: Any = None
) -> Transformation:
    """`Dataset.group_by_window`."""
    return lambda dataset: dataset.group_by_window(key_func, reduce_func, window_size, window_size_func)


def ignore_errors(log_warning: bool = False) -> Transformation:
    """`Dataset.ignore_errors`."""
    return lambda dataset: dataset.ignore_errors(log_warning)


def load(path: Any, element_spec: Any = None, compression: Any = None, reader_func: Any = None) -> Dataset:
    """`Dataset.load`."""
    return Dataset.load(path, element_spec, compression, reader_func)


def save(
    dataset: Dataset, path: Any, compression: Any = None, shard_func: Any = None, checkpoint_args: Any = None
) -> None:
    """`Dataset.save`."""
    dataset.save(path, compression, shard_func, checkpoint_args)


def make_saveable_from_iterator(iterator: Any, external_state_policy: Any = None) -> Any:
    """The iterator itself, which a `tf.train.Checkpoint` saves."""
    return iterator


def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: bool = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """`Dataset.map`, then `Dataset.batch`."""
    calls = AUTOTUNE if num_parallel_batches is not None and num_parallel_calls is None else num_parallel_calls
    return lambda dataset: dataset.map(map_func, calls).batch(batch_size, drop_remainder)


def pad_to_cardinality(cardinality: Any, mask_key: str = "valid") -> Transformation:
    """Dicts with one more entry, which is true; and so many more elements of zeros, where it is false, that there are
    `cardinality`."""
    return lambda dataset: dataset._then(PadToCardinality(dataset._stage, whole(cardinality), mask_key))


def parallel_interleave(
    map_func: Callable[..., Any],
    cycle_length: Any,
    block_length: Any = 1,
    sloppy: bool = False,
    buffer_output_elements: Any = None,
    prefetch_input_elements: Any = None,
) -> Transformation:
    """`Dataset.interleave`, read ahead in threads."""
    return lambda dataset: dataset.interleave(map_func, cycle_length, block_length, cycle_length, not sloppy)


def rejection_resample(class_func: Any, target_dist: Any, initial_dist: Any = None, seed: Any = None) -> Transformation:
    """`Dataset.rejection_resample`."""
    return lambda dataset: dataset.rejection_resample(class_func, target_dist, initial_dist, seed)


def scan(initial_state: Any, scan_func: Callable[[Any, Any], Any]) -> Transformation:
    """`Dataset.scan`."""
    return lambda dataset: dataset.scan(initial_state, scan_func)


def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Transformation:
    """`Dataset.shuffle`, then `Dataset.repeat`."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def snapshot(path: Any, compression: Any = "AUTO", reader_func: Any = None, shard_func: Any = None) -> Transformation:
    """`Dataset.snapshot`."""
    return lambda dataset: dataset.snapshot(path, compression, reader_func, shard_func)


def take_while(predicate: Callable[..., Any]) -> Transformation:
    """`Dataset.take_while`."""
    return lambda dataset: dataset.take_while(predicate)


def unbatch() -> Transformation:
    """`Dataset.unbatch`."""
    return lambda dataset: dataset.unbatch()


def unique() -> Transformation:
    """`Dataset.unique`."""
    return lambda dataset: dataset.unique()


def table_from_dataset(
    dataset: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: Any = None,
    default_value: Any = None,
    hasher_spec: Any = None,
    key_dtype: Any = "string",
    name: str | None = None,
) -> Any:
    """A `tf.lookup` table of the pairs of key and value that a data set gives."""
    pairs = list(dataset.as_numpy_iterator())
    return _table([key for key, _ in pairs], np.array([value for _, value in pairs]), num_oov_buckets, default_value)


def index_table_from_dataset(
    dataset: Any = None,
    num_oov_buckets: int = 0,
    vocab_size: Any = None,
    default_value: Any = -1,
    hasher_spec: Any = None,
    key_dtype: Any = "string",
    name: str | None = None,
) -> Any:
    """A `tf.lookup` table from the elements of a data set to their numbers."""
    keys = list(dataset.as_numpy_iterator())
    return _table(keys, np.arange(len(keys), dtype=np.int64), num_oov_buckets, default_value)


def _table(keys: list[Any], values: np.ndarray, num_oov_buckets: int, default_value: Any) -> Any:
    from headwater import lookup

    texts = bool(keys) and isinstance(keys[0], bytes)
    array = np.array(keys, dtype=object) if texts else np.asarray(keys)
    initializer = lookup.KeyValueTensorInitializer(as_array(array), values)
    if num_oov_buckets:
        return lookup.StaticVocabularyTable(initializer, num_oov_buckets)
    return lookup.StaticHashTable(initializer, -1 if default_value is None else default_value)
