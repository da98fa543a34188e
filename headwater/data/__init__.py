"""TensorFlow's `tf.data`: pipelines that read, change, shuffle and batch what a model is trained on."""

from __future__ import annotations

from headwater.data.dataset import Dataset
from headwater.data.iterator import Iterator, NumpyIterator
from headwater.data.options import Options, ThreadingOptions
from headwater.data.specs import DatasetSpec

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2

__all__ = [
    "AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "DatasetSpec", "Iterator", "NumpyIterator",
    "Options", "ThreadingOptions",
]  # fmt: skip
