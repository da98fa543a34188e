"""TensorFlow's `tf.lookup`: tables from keys to values, on the host."""

from headwater.lookup import experimental
from headwater.lookup.initializers import KeyValueTensorInitializer, TextFileIndex, TextFileInitializer
from headwater.lookup.static import StaticHashTable, StaticVocabularyTable

__all__ = [
    "KeyValueTensorInitializer", "StaticHashTable", "StaticVocabularyTable", "TextFileIndex", "TextFileInitializer",
    "experimental",
]  # fmt: skip
