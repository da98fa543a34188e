"""TensorFlow's `tf.data`: pipelines that read, change, shuffle and batch what a model is trained on."""

from __future__ import annotations

from headwater.data import experimental
from headwater.data.dataset import Dataset
from headwater.data.file_datasets import FixedLengthRecordDataset, TextLineDataset, TFRecordDataset
from headwater.data.iterator import Iterator, NumpyIterator
from headwater.data.options import Options, ThreadingOptions
from headwater.data.prefetching import AUTOTUNE
from headwater.data.specs import DatasetSpec, IteratorSpec, NoneTensorSpec
from headwater.data.stage import INFINITE as INFINITE_CARDINALITY
from headwater.data.stage import UNKNOWN as UNKNOWN_CARDINALITY

__all__ = [
    "AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "DatasetSpec", "FixedLengthRecordDataset",
    "Iterator", "IteratorSpec", "NoneTensorSpec", "NumpyIterator", "Options", "TFRecordDataset",
    "TextLineDataset", "ThreadingOptions", "experimental",
]  # fmt: skip
