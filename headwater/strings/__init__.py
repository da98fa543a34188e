"""TensorFlow's `tf.strings`, on the host."""

from headwater.strings.characters import as_string, length, lower, strip, substr, to_number, upper
from headwater.strings.hashing import to_hash_bucket, to_hash_bucket_fast, to_hash_bucket_strong
from headwater.strings.joining import format, join, reduce_join, unsorted_segment_join
from headwater.strings.regex import regex_full_match, regex_replace
from headwater.strings.splitting import bytes_split, ngrams, split
from headwater.strings.unicode import (
    unicode_decode,
    unicode_decode_with_offsets,
    unicode_encode,
    unicode_script,
    unicode_split,
    unicode_split_with_offsets,
    unicode_transcode,
)

__all__ = [
    "as_string", "bytes_split", "format", "join", "length", "lower", "ngrams", "reduce_join", "regex_full_match",
    "regex_replace", "split", "strip", "substr", "to_hash_bucket", "to_hash_bucket_fast", "to_hash_bucket_strong",
    "to_number", "unicode_decode", "unicode_decode_with_offsets", "unicode_encode", "unicode_script", "unicode_split",
    "unicode_split_with_offsets", "unicode_transcode", "unsorted_segment_join", "upper",
]  # fmt: skip
