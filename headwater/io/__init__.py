"""TensorFlow's `tf.io`: files, and the formats of what is in them."""

from __future__ import annotations

import importlib
from typing import Any

# The names, by the module that has them, which is loaded on first use.
_NAMES = {
    "headwater.image": (
        "decode_and_crop_jpeg", "decode_bmp", "decode_gif", "decode_image", "decode_jpeg", "decode_jxl", "decode_png",
        "decode_webp", "encode_jpeg", "encode_png", "extract_jpeg_shape", "is_jpeg",
    ),
    "headwater.io.features": (
        "FixedLenFeature", "FixedLenSequenceFeature", "RaggedFeature", "SparseFeature", "VarLenFeature",
    ),
    "headwater.io.files": ("match_filenames_once", "matching_files", "read_file", "write_file"),
    "headwater.io.parsing": ("parse_example", "parse_single_example"),
    "headwater.io.raw": (
        "decode_base64", "decode_compressed", "decode_csv", "decode_json_example", "decode_raw", "encode_base64",
    ),
    "headwater.io.record_writer": ("TFRecordOptions", "TFRecordWriter"),
    "headwater.io.sequences": ("parse_sequence_example", "parse_single_sequence_example"),
    "headwater.io.tensor_proto": (
        "deserialize_many_sparse", "parse_tensor", "serialize_many_sparse", "serialize_sparse", "serialize_tensor",
    ),
}  # fmt: skip
_TABLE = {name: module for module, names in _NAMES.items() for name in names}
_NOT_SERVED = {
    "decode_proto": "read messages with the protobuf package, or tf.io.parse_example",
    "encode_proto": "write messages with the protobuf package, or tf.train.Example",
    "write_graph": "save the model: model.save('model.keras')",
}

__all__ = ["gfile", *_TABLE]


def __getattr__(name: str) -> Any:
    if name == "gfile":
        return importlib.import_module("headwater.io.gfile")
    if name in _TABLE:
        value = getattr(importlib.import_module(_TABLE[name]), name)
        globals()[name] = value
        return value
    if name in _NOT_SERVED:
        from headwater.errors import NotServedError

        raise NotServedError(f"tf.io.{name} is not served.", fix=f"{_NOT_SERVED[name]}.", where="")
    raise AttributeError(f"module 'headwater.io' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted((*globals(), *__all__))
